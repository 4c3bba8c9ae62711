#![doc = include_str!("../README.md")]

pub mod adoption;
pub mod advice;
pub mod answers;
pub mod digest;
pub mod effects;
mod gates;
pub mod months;
pub mod narrative;
pub mod questions;
mod report;
pub mod wording;

pub use report::{Report, ReportOptions, Scope, by_month_range, report};
