#![doc = include_str!("../README.md")]

mod access;
mod api;
mod assets;
mod charts;
pub mod documents;
mod error;
mod file;
mod headers;
mod layout;
mod letter;
mod live;
mod pages;
mod rendered;
mod runs;
mod searches;
mod settings;
mod shown;
mod site;
mod snapshot;
mod source;
mod view;
mod webhooks;
mod words;

pub use access::{Access, NewToken, Role, TokenError, TokenHash, TrustedProxy, new_token};
pub use error::ServeError;
pub use file::{Charts, FileReport, report_file, scope_words};
pub use letter::{Letter, LetterSection};
pub use runs::{
    EstimatePart, EstimateRange, RunEstimate, RunRequest, Runs, RunsError, Work, WorkKind,
};
pub use settings::Settings;
pub use site::Site;
pub use source::{Basis, Labels, NamedTool, Period, Source, SourceError, Wanted};
pub use webhooks::webhooks;
