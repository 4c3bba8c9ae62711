//! The shelf of the store under a real sync against the GitHub stand-in: names that change hands,
//! webhooks, older databases, and many pull requests.

mod common;
mod names;
mod older;
mod scale;
mod webhooks;
