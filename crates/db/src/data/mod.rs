//! Records of the data room.
