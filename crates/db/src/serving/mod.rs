//! Records of the serving room.
