//! Use-cases of the pipelines room.
