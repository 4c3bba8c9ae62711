//! Batches: what they are, how their files are read, how they live and end.

mod documents;
mod form;
mod job;
mod lines;
mod message_lines;
mod object;
mod run;
mod scan;
mod splitter;
mod validation;

pub(crate) use form::{ENDPOINT, Form};
pub(crate) use job::count_file;
pub(crate) use object::{Appearance, Batch, Counts, Status, parse_window};
pub(crate) use run::run;
pub(crate) use scan::{ModelLoad, Scan};
pub(crate) use splitter::Splitter;
