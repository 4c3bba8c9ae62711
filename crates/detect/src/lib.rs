#![doc = include_str!("../README.md")]

mod catalogue;
mod collect;
mod dates;
mod detector;
pub mod evaluation;
mod examples;
mod identity;
mod join;
mod mentions;
mod text;
mod verdict;

#[cfg(test)]
mod engine_tests;

pub use catalogue::{Catalogue, CatalogueError, Position, Tool, ToolKind};
pub use detector::Detector;
pub use examples::ExampleFailure;
pub use join::{Disagreement, MIN_CLAIM_CONFIDENCE, QuoteSupport, disagreement, join};
pub use mentions::Mention;
