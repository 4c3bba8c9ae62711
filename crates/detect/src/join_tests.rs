//! The table of joining, row by row.
