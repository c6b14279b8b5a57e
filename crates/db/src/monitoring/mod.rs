//! Records of the monitoring room.
