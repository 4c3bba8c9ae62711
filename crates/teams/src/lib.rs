#![doc = include_str!("../README.md")]

mod mapping;
mod paths;
mod rule;

pub use mapping::{Subject, TeamMapping, UnreadableMapping};
pub use rule::{BadRule, By, TeamRule};
