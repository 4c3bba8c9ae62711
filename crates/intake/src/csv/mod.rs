//! Tables: rows cut out of a stream, and what their columns mean.

mod fields;
mod mapping;
mod rows;
mod table;

pub use mapping::{BadMapping, CsvMapping};
pub(crate) use rows::CsvRows;
pub(crate) use table::{Row, Table};
