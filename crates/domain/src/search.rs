//! The search language: the MLflow filter grammar, parsed once here.
