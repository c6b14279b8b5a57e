//! Records of the tracking room.
