//! The prediction surface: Open Inference Protocol and /invocations.
