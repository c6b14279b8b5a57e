//! Use-cases of the tracking room.
