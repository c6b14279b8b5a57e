//! The MLflow-compatible surface: wire types, routes, error codes; nothing else.
