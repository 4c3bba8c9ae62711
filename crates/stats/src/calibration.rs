//! Where to trust a cheap judge: a threshold on its own confidence, learned from labels of a dear one.

use serde::{Deserialize, Serialize};

use crate::error::StatsError;

/// Most thresholds that are tested.
const MAX_CANDIDATES: usize = 20;

/// The first threshold keeps enough labels that so many wrong ones among them would still pass: with
/// fewer, one unlucky label would end the search before it began.
const WRONG_AT_THE_START: u64 = 2;

/// The share of delta that the first threshold gets; the others share the rest evenly.
const WEIGHT_OF_THE_FIRST: f64 = 0.5;

/// What the answers kept have to reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CalibrationTarget {
    /// The least share of kept answers that agree with the oracle, between 0 and 1.
    pub accuracy: f64,
    /// The most probability with which the learned threshold may miss it, between 0 and 1.
    pub delta: f64,
}

/// An answer of which the oracle's opinion is known. All labelled answers are drawn uniformly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Label {
    /// How sure the cheap judge was.
    pub score: f64,
    /// Whether the oracle agrees.
    pub agrees: bool,
}

/// How many answers of the population have a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreCount {
    /// The score.
    pub score: f64,
    /// The answers.
    pub answers: u64,
}

/// A learned threshold, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Calibration {
    /// What was asked for.
    pub target: CalibrationTarget,
    /// Labels used.
    pub labels: u64,
    /// Those with which the oracle agrees.
    pub agreeing: u64,
    /// The lower bound of the accuracy of all answers, at confidence `1 - delta`, were none escalated.
    pub lower_bound_of_all: f64,
    /// What came of it.
    pub result: CalibrationResult,
    /// The thresholds in the order in which they were tested, from high to low.
    pub steps: Vec<CalibrationStep>,
}

/// What came of a calibration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CalibrationResult {
    /// Answers with at least this score may be kept.
    Threshold {
        /// The lowest score that is kept.
        threshold: f64,
        /// The share of the population that is kept.
        kept_share: f64,
        /// The share that is escalated.
        escalated_share: f64,
        /// The lower bound of the accuracy of the kept answers, at confidence `1 - delta` for this
        /// threshold by itself (Clopper and Pearson, one-sided). May lie above the target.
        lower_bound: f64,
    },
    /// No threshold was shown to reach the target with these labels.
    OutOfReach,
    /// Not even labels that all agree would suffice.
    TooFewLabels {
        /// So many are needed at least.
        needed: u64,
    },
}

/// The test of one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CalibrationStep {
    /// Answers with at least this score are kept.
    pub threshold: f64,
    /// The share of the population that is kept.
    pub kept_share: f64,
    /// Labels among the kept.
    pub labels: u64,
    /// Those with which the oracle agrees.
    pub agreeing: u64,
    /// The probability of so few wrong labels, were the accuracy just below the target.
    pub p_value: f64,
    /// The level the test was held at.
    pub level: f64,
    /// Whether the threshold passed.
    pub passes: bool,
}

/// Learns the lowest threshold on the score for which the answers at or above it are shown to agree with
/// the oracle at least to the share `target.accuracy`, except with probability `target.delta`.
///
/// The task is that of BARGAIN (*Cut Costs, Not Accuracy: LLM-Powered Data Processing with Guarantees*,
/// SIGMOD 2026): a threshold from a limited number of oracle labels with a guarantee that holds at any
/// sample size. The labels are one uniform sample, asked in one batch, so the tests are these:
///
/// - **Candidates** `t_1 > t_2 > ... > t_K` are scores of the population, chosen without a look at the
///   labels: `t_1` is the highest at which two wrong labels would still pass, then about every twentieth
///   of the answers, down to the lowest score.
/// - **One test.** Of the labels with a score of at least `t`, `n` in number, `w` are wrong. Given the
///   scores they are a uniform sample of the kept answers. The hypothesis "the accuracy is below `A`" is
///   rejected when `P(Bin(n, 1 - A) <= w) <= alpha`: the exact binomial test, which belongs to the bound
///   of Clopper and Pearson (1934) and is the most powerful one at a fixed `n`. Drawing without
///   replacement only makes it stricter.
/// - **All tests together.** `t_1` has the weight 1/2, the others share 1/2 evenly. The level of `t_k` is
///   `delta` times the weights of `t_k` and of all thresholds just before it that passed without a gap
///   (the fallback procedure of Wiens and Dmitrienko, 2005: fixed-sequence testing that survives a failed
///   step). The lowest threshold that passes is returned.
///
/// *Why it holds.* Let `t_k` be the first threshold to pass whose accuracy is below the target. All that
/// passed just before it are sound, so its level is at most `delta` times `W_k`, its weight and those of
/// the sound thresholds directly before it. The blocks `W_k` of different unsound thresholds do not
/// overlap, hence the probability that any unsound threshold passes is at most
/// `delta * (W_1 + W_2 + ...) <= delta`. Accuracy need not grow with the score; where it does not, the
/// threshold is merely higher than it could be.
///
/// The guarantee is about the population the labels were drawn from, and others like it.
///
/// # Errors
/// [`StatsError`] for an accuracy or a delta that is not between 0 and 1, or a score that is no number.
pub fn calibrate(
    population: &[ScoreCount],
    labels: &[Label],
    target: CalibrationTarget,
) -> Result<Calibration, StatsError> {
    check(population, labels, target)?;
    let mut population = population.to_vec();
    population.sort_by(|left, right| right.score.total_cmp(&left.score));
    let mut labels = labels.to_vec();
    labels.sort_by(|left, right| right.score.total_cmp(&left.score));

    let wrong_share = 1.0 - target.accuracy;
    let all = Kept::at(f64::NEG_INFINITY, &labels);
    let mut calibration = Calibration {
        target,
        labels: all.labels,
        agreeing: all.agreeing,
        lower_bound_of_all: all.lower_bound(target.delta),
        result: CalibrationResult::OutOfReach,
        steps: Vec::new(),
    };
    let needed = labels_needed(0, wrong_share, target.delta);
    if all.labels < needed {
        calibration.result = CalibrationResult::TooFewLabels { needed };
        return Ok(calibration);
    }
    let level_of_first = target.delta * WEIGHT_OF_THE_FIRST;
    let start = labels_needed(WRONG_AT_THE_START, wrong_share, level_of_first).min(all.labels);
    let candidates = candidates(&population, &labels, start);
    let others = candidates.len().saturating_sub(1).max(1) as f64;
    let mut carried = 0.0;
    for (place, (threshold, kept_share)) in candidates.iter().copied().enumerate() {
        let weight = match (place, candidates.len()) {
            (0, 1) => 1.0,
            (0, _) => WEIGHT_OF_THE_FIRST,
            _ => (1.0 - WEIGHT_OF_THE_FIRST) / others,
        };
        let kept = Kept::at(threshold, &labels);
        let level = target.delta * (carried + weight);
        let p_value = at_most(kept.labels - kept.agreeing, kept.labels, wrong_share);
        let passes = p_value <= level;
        carried = if passes { carried + weight } else { 0.0 };
        calibration.steps.push(CalibrationStep {
            threshold,
            kept_share,
            labels: kept.labels,
            agreeing: kept.agreeing,
            p_value,
            level,
            passes,
        });
        if passes {
            calibration.result = CalibrationResult::Threshold {
                threshold,
                kept_share,
                escalated_share: 1.0 - kept_share,
                lower_bound: kept.lower_bound(target.delta),
            };
        }
    }
    Ok(calibration)
}

fn check(
    population: &[ScoreCount],
    labels: &[Label],
    target: CalibrationTarget,
) -> Result<(), StatsError> {
    for share in [target.accuracy, target.delta] {
        if !(share > 0.0 && share < 1.0) {
            return Err(StatsError::OutOfRange {
                what: "target",
                value: share,
            });
        }
    }
    let scores = population.iter().map(|count| count.score);
    for score in scores.chain(labels.iter().map(|label| label.score)) {
        if !score.is_finite() {
            return Err(StatsError::OutOfRange {
                what: "score",
                value: score,
            });
        }
    }
    Ok(())
}

/// Labels at or above a threshold.
#[derive(Debug, Clone, Copy)]
struct Kept {
    labels: u64,
    agreeing: u64,
}

impl Kept {
    fn at(threshold: f64, labels: &[Label]) -> Kept {
        let mut kept = Kept {
            labels: 0,
            agreeing: 0,
        };
        for label in labels.iter().filter(|label| label.score >= threshold) {
            kept.labels += 1;
            kept.agreeing += u64::from(label.agrees);
        }
        kept
    }

    /// The one-sided lower bound of Clopper and Pearson for the share that agrees.
    fn lower_bound(self, delta: f64) -> f64 {
        let wrong = self.labels - self.agreeing;
        let (mut low, mut high) = (0.0, 1.0);
        if self.agreeing == 0 {
            return 0.0;
        }
        // The largest share of wrong answers that so few wrong labels do not contradict.
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if at_most(wrong, self.labels, middle) > delta {
                low = middle;
            } else {
                high = middle;
            }
        }
        1.0 - high
    }
}

/// The thresholds to test, from high to low, with the share of the population each keeps. `population` and
/// `labels` are ordered from high to low; the labels' answers are not looked at.
fn candidates(population: &[ScoreCount], labels: &[Label], start: u64) -> Vec<(f64, f64)> {
    let total: u64 = population.iter().map(|count| count.answers).sum();
    let mut levels: Vec<(f64, f64)> = Vec::new();
    let mut kept: u64 = 0;
    for count in population.iter().filter(|count| count.answers > 0) {
        kept += count.answers;
        let share = kept as f64 / total as f64;
        match levels.last_mut() {
            Some((score, last)) if *score <= count.score => *last = share,
            _ => levels.push((count.score, share)),
        }
    }
    levels.retain(|(threshold, _)| {
        let with_labels = labels.partition_point(|label| label.score >= *threshold);
        with_labels as u64 >= start
    });
    let Some((first, last)) = levels.first().copied().zip(levels.last().copied()) else {
        return Vec::new();
    };
    let step = (last.1 - first.1) / (MAX_CANDIDATES - 1) as f64;
    let mut chosen = vec![first];
    let mut next = first.1 + step;
    for level in levels.into_iter().skip(1) {
        if level.1 + 1e-12 >= next || level == last {
            chosen.push(level);
            next = level.1 + step;
        }
    }
    chosen
}

/// The least number of labels at which so many wrong ones still pass a level.
fn labels_needed(wrong: u64, wrong_share: f64, level: f64) -> u64 {
    let passes = |labels: u64| at_most(wrong, labels, wrong_share) <= level;
    let mut high = wrong + 1;
    while !passes(high) {
        high = high.saturating_mul(2);
    }
    let mut low = high / 2;
    while low + 1 < high {
        let middle = u64::midpoint(low, high);
        if passes(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// `P(Bin(trials, share) <= successes)`, summed in logarithms so that many trials do not underflow.
fn at_most(successes: u64, trials: u64, share: f64) -> f64 {
    if successes >= trials || share <= 0.0 {
        return 1.0;
    }
    if share >= 1.0 {
        return 0.0;
    }
    let odds = share.ln() - (-share).ln_1p();
    let mut log_term = trials as f64 * (-share).ln_1p();
    let mut log_terms = vec![log_term];
    for count in 0..successes {
        log_term += ((trials - count) as f64).ln() - ((count + 1) as f64).ln() + odds;
        log_terms.push(log_term);
    }
    let largest = log_terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = log_terms.iter().map(|term| (term - largest).exp()).sum();
    (largest + sum.ln()).exp().min(1.0)
}

#[cfg(test)]
#[path = "calibration_tests.rs"]
mod tests;
