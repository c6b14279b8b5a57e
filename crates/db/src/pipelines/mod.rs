//! Records of the pipelines room.
