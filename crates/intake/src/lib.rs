#![doc = include_str!("../README.md")]

mod accounts;
mod csv;
mod error;
mod files;
mod format;
mod gharchive;
mod github;
mod lines;
mod parse;
mod reader;
mod rejects;
mod rest;
mod rest_items;
mod source;
mod timeline;
mod values;

pub use csv::{BadMapping, CsvMapping};
pub use error::{FileError, IntakeError, LineError, LineErrorKind};
pub use files::{Content, FileOptions, FileReader, Item};
pub use format::Format;
pub use gharchive::Sighting;
pub use reader::{JsonLine, JsonLines, Options, Reader, Record};
pub use rejects::RejectsWriter;
pub use rest::rest_pull_request;
pub use source::{Progress, Source};
