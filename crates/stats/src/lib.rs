#![doc = include_str!("../README.md")]
#![expect(
    clippy::float_cmp,
    reason = "observations are tied when they are equal, and weights are zero or not"
)]

mod clustered_ranks;
mod clustered_sample;
mod codes;
mod covariance;
mod distribution;
mod equivalence;
mod error;
mod fixed_effects;
mod hodges_lehmann;
mod least_squares;
mod mann_whitney;
mod multiplicity;
mod paired;
mod power;
mod proportion;
mod quantile;
mod ranks;
mod regression;
mod several_groups;
mod wild_bootstrap;

pub use clustered_ranks::{
    Clustered, ClusteredMannWhitney, hodges_lehmann_clustered, mann_whitney_clustered,
};
pub use clustered_sample::{ClusteredSample, QuantileEstimate, Resampling};
pub use covariance::{EffectsCounted, StandardErrors};
pub use equivalence::{Equivalence, equivalence_of_ratio, two_one_sided_tests};
pub use error::StatsError;
pub use fixed_effects::FixedEffects;
pub use hodges_lehmann::{Shift, hodges_lehmann, hodges_lehmann_ratio};
pub use mann_whitney::{Magnitude, MannWhitney, cliffs_delta, mann_whitney};
pub use multiplicity::{benjamini_hochberg, bonferroni};
pub use paired::{SignedRank, sign_test, wilcoxon_signed_rank};
pub use power::{minimum_detectable_ratio, minimum_detectable_ratio_of, observations_needed};
pub use proportion::{Interval, Proportion, wilson};
pub use quantile::{Description, describe, median, quantile};
pub use regression::{Coefficient, LinearFit, Regression};
pub use several_groups::{ChiSquare, chi_square_of_table, kruskal_wallis};
pub use wild_bootstrap::{WildBootstrap, WildWeights, wild_cluster_bootstrap};
