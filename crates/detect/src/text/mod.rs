//! Reading text: the one-pass pattern engine, the parts of a Markdown text, trailers and quotes.

pub(crate) mod engine;
mod literals;
mod matcher;
mod quote;
mod rarity;
pub(crate) mod regions;
pub(crate) mod trailers;

pub(crate) use quote::quoted;
