//! Tabular data: read, write, profiles, contracts, drift and performance statistics.
