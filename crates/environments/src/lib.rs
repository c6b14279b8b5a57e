//! Python environments by lock.
