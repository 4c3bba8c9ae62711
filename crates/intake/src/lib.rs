#![doc = include_str!("../README.md")]

mod error;
mod lines;
mod parse;
mod reader;
mod rejects;
mod rest;
mod source;

pub use error::{FileError, IntakeError, LineError, LineErrorKind};
pub use reader::{JsonLine, JsonLines, Options, Reader, Record};
pub use rejects::RejectsWriter;
pub use rest::rest_pull_request;
pub use source::{Progress, Source};
