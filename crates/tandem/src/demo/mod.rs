//! The demo: the whole job on a made-up organisation with known truth.

pub(crate) mod comparison;
pub(crate) mod doubtful;
pub(crate) mod effects;
pub(crate) mod emulated_narrative;
pub(crate) mod organisation;
