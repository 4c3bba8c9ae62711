#![doc = include_str!("../README.md")]

mod cell;
mod column;
mod error;
mod format;
mod manifest;
mod run;
mod schema;
mod staging;
mod tables;
mod value;

pub use column::{ColumnInfo, Kind, People};
pub use error::ExportError;
pub use format::Format;
pub use manifest::{Filter, Manifest, TableWritten, WrittenFile};
pub use run::{Inputs, Monthly, Overwrite, Place, Plan, export};
pub use schema::columns_as_markdown;
pub use tables::{NoSuchTable, Table};
