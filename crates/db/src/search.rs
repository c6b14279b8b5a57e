//! Compiles a parsed search into SQL, every value bound.
