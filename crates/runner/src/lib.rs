//! Background work: job loop, step executors, triggers, reconcilers.
