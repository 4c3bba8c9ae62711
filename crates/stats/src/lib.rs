#![doc = include_str!("../README.md")]
#![expect(
    clippy::float_cmp,
    reason = "observations are tied when they are equal, and weights are zero or not"
)]

mod agreement;
mod bundles;
mod calibration;
mod change_points;
mod cluster_jackknife;
mod clustered_incidence;
mod clustered_ranks;
mod clustered_sample;
mod clustered_shares;
mod codes;
mod concentration;
mod concordance;
mod correlation;
mod covariance;
mod cox;
mod cox_residuals;
mod cox_rows;
mod cox_two_groups;
mod cumulative_incidence;
mod differences;
mod distribution;
mod equivalence;
mod error;
mod event_spread;
mod event_study;
mod fixed_effects;
mod hodges_lehmann;
mod inversions;
mod kaplan_meier;
mod least_squares;
mod level_steps;
mod log_rank;
mod mann_whitney;
mod mantel_haenszel;
mod misclassification;
mod multiplicity;
mod paired;
mod power;
mod proportion;
mod quantile;
mod ranks;
mod regression;
mod several_groups;
mod stratified_ranks;
mod thin_curve;
mod trend;
mod wild_bootstrap;
mod within_correlation;

pub use agreement::{Kappa, cohens_kappa, mcnemar_exact, pairs_needed};
pub use calibration::{
    Calibration, CalibrationResult, CalibrationStep, CalibrationTarget, Label, ScoreCount,
    calibrate,
};
pub use change_points::{Segment, Segmentation, change_points_of_counts, change_points_of_shares};
pub use cluster_jackknife::cluster_jackknife;
pub use clustered_incidence::incidence_clustered;
pub use clustered_ranks::{
    Clustered, ClusteredMannWhitney, compare_clustered, hodges_lehmann_clustered,
    mann_whitney_clustered,
};
pub use clustered_sample::{ClusteredSample, QuantileEstimate, Resampling};
pub use clustered_shares::{ShareDifference, compare_shares_clustered};
pub use concentration::{gini, share_of_top};
pub use concordance::concordance;
pub use correlation::{Kendall, Spearman, kendall, spearman};
pub use covariance::{EffectsCounted, StandardErrors};
pub use cox::{CoxData, CoxFit, HazardCoefficient, cox};
pub use cumulative_incidence::{CumulativeIncidence, Ending};
pub use equivalence::{Equivalence, equivalence_of_ratio, two_one_sided_tests};
pub use error::StatsError;
pub use event_study::{EventPoint, EventStudy, EventStudyData, EventWindow, event_study};
pub use fixed_effects::FixedEffects;
pub use hodges_lehmann::{Shift, hodges_lehmann, hodges_lehmann_ratio};
pub use kaplan_meier::{CurvePoint, KaplanMeier, SurvivalQuantile};
pub use log_rank::{log_rank, log_rank_and_cox, log_rank_clustered, log_rank_of_regressors};
pub use mann_whitney::{Magnitude, MannWhitney, cliffs_delta, mann_whitney};
pub use mantel_haenszel::{
    ClusteredMantelHaenszel, MantelHaenszel, TwoByTwo, mantel_haenszel, mantel_haenszel_clustered,
};
pub use misclassification::misclassification_range;
pub use multiplicity::{benjamini_hochberg, bonferroni};
pub use paired::{SignedRank, sign_test, wilcoxon_signed_rank};
pub use power::{
    minimum_detectable_difference_of, minimum_detectable_of_interval, minimum_detectable_ratio,
    minimum_detectable_ratio_of, observations_needed,
};
pub use proportion::{Interval, Proportion, wilson};
pub use quantile::{Description, describe, median, quantile};
pub use regression::{Coefficient, LinearFit, Regression};
pub use several_groups::{ChiSquare, chi_square_of_table, kruskal_wallis};
pub use stratified_ranks::{Stratified, StratifiedComparison, van_elteren, van_elteren_clustered};
pub use thin_curve::thin_curve;
pub use trend::{ShareTrend, Trend, cochran_armitage, mann_kendall};
pub use wild_bootstrap::{WildBootstrap, WildWeights, wild_cluster_bootstrap};
pub use within_correlation::{
    ClusteredSpearman, moving_block_spearman, within_spearman, within_spearman_clustered,
};
