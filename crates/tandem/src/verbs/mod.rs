//! One file per verb.

pub(crate) mod adoption;
pub(crate) mod analyze;
pub(crate) mod batch;
pub(crate) mod calibrate;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod correct;
pub(crate) mod costs;
pub(crate) mod coverage;
pub(crate) mod demo;
pub(crate) mod detect;
pub(crate) mod digest;
pub(crate) mod doctor;
pub(crate) mod emulate;
pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod insights;
pub(crate) mod quarantine;
pub(crate) mod report;
pub(crate) mod runs;
pub(crate) mod serve;
pub(crate) mod sync;
pub(crate) mod teams;
pub(crate) mod verdicts;
