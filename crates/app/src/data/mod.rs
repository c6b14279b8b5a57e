//! Use-cases of the data room.
