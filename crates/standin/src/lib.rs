#![doc = include_str!("../README.md")]

mod app;
mod cost;
mod execute;
mod faults;
mod post;
mod serve;
mod service;
mod tree;
mod truth;
mod world;

pub use app::AppKey;
pub use faults::{Fault, FaultRule, Script};
pub use post::{Post, Told};
pub use serve::serve;
pub use service::{Counts, Reply, StandIn, TOKEN};
pub use truth::Sizes;
pub use world::{Happening, RepositorySpec, World};

/// The schema that queries are validated against.
pub const SCHEMA: &str = include_str!("schema.graphql");
