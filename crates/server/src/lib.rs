//! One process: configuration, middleware, router, embedded page, shutdown.
