//! How the crates below are put together, for more than one verb.

pub(crate) mod answers;
pub(crate) mod candidates;
pub(crate) mod database;
pub(crate) mod detection;
pub(crate) mod doubt;
pub(crate) mod engine;
pub(crate) mod github;
pub(crate) mod hosts;
pub(crate) mod in_service;
pub(crate) mod interrupt;
pub(crate) mod observations;
pub(crate) mod observer;
pub(crate) mod oracle;
pub(crate) mod pages;
pub(crate) mod prompt_parts;
pub(crate) mod question;
pub(crate) mod runs;
pub(crate) mod teams;
pub(crate) mod upkeep;
pub(crate) mod webhooks;
