//! Use-cases of the serving room.
