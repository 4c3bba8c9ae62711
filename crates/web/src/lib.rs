#![doc = include_str!("../README.md")]

mod access;
mod assets;
mod charts;
mod error;
mod headers;
mod layout;
mod live;
mod pages;
mod rendered;
mod runs;
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
pub use runs::{
    EstimatePart, EstimateRange, RunEstimate, RunRequest, Runs, RunsError, Work, WorkKind,
};
pub use settings::Settings;
pub use site::Site;
pub use source::{Basis, Period, Source, SourceError};
pub use webhooks::webhooks;
