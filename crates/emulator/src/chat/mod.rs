//! One chat completion: what was asked, what is answered, what it counts.

mod answerer;
mod complete;
mod draft;
mod format;
mod generate;
mod messages;
mod mistral;
mod reply;
mod request;
mod shape;
mod strict;
mod tokens;

pub(crate) use complete::{Completer, Outcome, Place};
pub(crate) use messages::is_name;
pub(crate) use mistral::known_model as known_mistral_model;
pub(crate) use reply::Reply;
pub(crate) use strict::SchemaCache;
pub(crate) use tokens::{Counter, estimate as estimate_tokens};

pub use answerer::{Answered, Answerer, SchemaAnswerer};
pub use request::{ChatRequest, Effort, Message, ResponseFormat, Role};
