//! Model runtimes: load a model version, predict.
