//! The tracking room.
