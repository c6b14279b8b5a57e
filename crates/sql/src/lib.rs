//! SQL over tables: the one home of the query engine.
