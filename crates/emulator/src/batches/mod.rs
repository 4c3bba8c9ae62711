//! Batches: what they are, how their files are read, how they live and end.

mod job;
mod lines;
mod object;
mod run;
mod scan;

pub(crate) use object::{Appearance, Batch, Counts, Status, parse_window};
pub(crate) use run::run;
pub(crate) use scan::{ENDPOINT, ModelLoad, Scan};
