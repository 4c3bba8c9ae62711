//! Calibration by simulation: 95 % intervals should cover in 93-97 % of samples, tests at 5 % should
//! reject 4-6 % of true hypotheses, at the sizes that the gates allow.
//!
//! Not run by default: `cargo test -p stats --test calibration -- --ignored --nocapture`. Each test prints
//! its figures and fails outside of the band that the README states for the method.

#![expect(clippy::float_cmp, reason = "the odds are set to 1, not computed")]

mod chance;
mod events;
mod medians;
mod odds;
mod panels;
mod power;
mod rank_tests;
mod regression;
mod several_effects;
mod shares;
mod small_teams;
mod strata;
mod survival;
mod tally;
mod trends;
