//! The sync against the stand-in, faults included.

mod app;
mod common;
mod completeness;
mod faults;
mod limits;
mod marks;
mod property;
mod refusals;
mod schema;
