#![doc = include_str!("../README.md")]

mod proportion;

pub use proportion::{Interval, Proportion, wilson};
