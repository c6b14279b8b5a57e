//! Use-cases of the monitoring room.
