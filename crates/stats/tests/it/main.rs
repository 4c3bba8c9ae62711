//! Published numbers, reproduced to the digits they were printed with.

#![expect(clippy::float_cmp, reason = "counts of pairs are exact")]

mod aidev;
mod close_to;
mod cursor_panel;
mod event_study;
mod metr;
mod properties;
mod shared_data;
mod textbook_ranks;
mod textbook_regression;
mod textbook_strata;
mod textbook_survival;
