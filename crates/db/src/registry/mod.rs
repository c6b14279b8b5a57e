//! Records of the registry room.
