//! Use-cases of the registry room.
