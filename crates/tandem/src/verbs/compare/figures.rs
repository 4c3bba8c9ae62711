//! The figures of a comparison: records in, one value out for people and programs.

use std::collections::BTreeMap;

use batch::FailureKind;
use detect::evaluation::Tally;
use model::ClaimedRole;
use serde::Serialize;
use stats::{Kappa, Proportion};

use super::records::{Outcome, Record, is_of_host};

/// The roles in the order of the table of agreement.
const ROLES: [ClaimedRole; 4] = [
    ClaimedRole::Authored,
    ClaimedRole::Assisted,
    ClaimedRole::Reviewed,
    ClaimedRole::None,
];

/// What one model did with the sample.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ModelFigures {
    /// Provider and model.
    pub(super) model: String,
    /// What is to be known of the model, for instance that it is retired.
    pub(super) note: Option<String>,
    /// Dollars for a million tokens: prompt, completion.
    pub(super) price_per_million_usd: Option<[f64; 2]>,
    /// Valid answers of all requests that the model could answer.
    pub(super) success: Proportion,
    /// Failures of the model by kind.
    pub(super) failed: BTreeMap<FailureKind, u64>,
    /// Pull requests without an outcome: not asked, or failures of the host.
    pub(super) open: u64,
    /// The host's own time of the answers.
    pub(super) latency_ms: Option<Latency>,
    /// Mean tokens of requests whose tokens are known: prompt, completion.
    pub(super) tokens_per_request: Option<[f64; 2]>,
    /// Known cost of 1,000 requests.
    pub(super) cost_per_1000_usd: Option<f64>,
    /// What failures without usage may add to it.
    pub(super) possible_cost_per_1000_usd: Option<f64>,
    /// Answers that claim AI.
    pub(super) claims_ai: u64,
    /// Answers whose quote is not in the input.
    pub(super) unsupported: u64,
    /// The claims against the truth.
    pub(super) truth: Option<Tally>,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Latency {
    pub(super) n: u64,
    pub(super) mean: f64,
    pub(super) p50: f64,
    pub(super) p95: f64,
}

/// Two models on the same pull requests.
#[derive(Debug, Clone, Serialize)]
pub(super) struct PairFigures {
    pub(super) first: String,
    pub(super) second: String,
    /// Pull requests of which both have an outcome.
    pub(super) n: u64,
    pub(super) only_first_answered: u64,
    pub(super) only_second_answered: u64,
    pub(super) both_failed: u64,
    /// Exact test of McNemar.
    pub(super) p: f64,
    /// The same, corrected for the number of pairs (Bonferroni).
    pub(super) p_corrected: f64,
    /// Pull requests that would separate the two at the rates seen, with 80 % power; `None` where
    /// they do not differ.
    pub(super) needed: Option<u64>,
    /// Agreement of the answers on whether AI took part.
    pub(super) claim: Option<Kappa>,
    /// Agreement of the answers on its role.
    pub(super) role: Option<Kappa>,
}

/// The figures of a model. `truths` stand beside `records`, one for each pull request.
pub(super) fn of_model(
    model: String,
    note: Option<String>,
    price_per_million_usd: Option<[f64; 2]>,
    records: &[Option<Record>],
    truths: &[Option<bool>],
) -> ModelFigures {
    let mut failed: BTreeMap<FailureKind, u64> = BTreeMap::new();
    let (mut answered, mut open, mut claims_ai, mut unsupported) = (0, 0, 0, 0);
    let mut counts = [0_u64; 4];
    let (mut latencies, mut input, mut output) = (Vec::new(), Vec::new(), Vec::new());
    let (mut cost, mut possible) = (0_i64, 0_i64);
    for (record, truth) in records.iter().zip(truths) {
        let Some(record) = record else {
            open += 1;
            continue;
        };
        cost += record.cost_pico_usd;
        possible += record.possible_cost_pico_usd;
        if let Some(usage) = record.usage {
            input.push(usage.input_tokens as f64);
            output.push(usage.output_tokens as f64);
        }
        match &record.outcome {
            Outcome::Answered {
                is_assisted,
                quote_supported,
                ..
            } => {
                answered += 1;
                latencies.extend(record.latency_ms.map(|latency| latency as f64));
                claims_ai += u64::from(*is_assisted);
                unsupported += u64::from(!quote_supported);
                match (is_assisted, truth) {
                    (true, Some(true)) => counts[0] += 1,
                    (true, Some(false)) => counts[1] += 1,
                    (false, Some(true)) => counts[2] += 1,
                    (false, Some(false)) => counts[3] += 1,
                    (_, None) => {}
                }
            }
            Outcome::Failed { kind } if is_of_host(*kind) => open += 1,
            Outcome::Failed { kind } => *failed.entry(*kind).or_default() += 1,
        }
    }
    let asked = answered + failed.values().sum::<u64>();
    let per_1000 = |pico: i64| (asked > 0).then(|| pico as f64 / 1e12 / asked as f64 * 1000.0);
    let [tp, fp, missed, tn] = counts;
    ModelFigures {
        model,
        note,
        price_per_million_usd,
        success: Proportion::new(answered, asked),
        failed,
        open,
        latency_ms: latency(&latencies),
        tokens_per_request: mean(&input)
            .zip(mean(&output))
            .map(|(input, output)| [input, output]),
        cost_per_1000_usd: per_1000(cost),
        possible_cost_per_1000_usd: per_1000(possible),
        claims_ai,
        unsupported,
        truth: truths
            .iter()
            .any(Option::is_some)
            .then(|| Tally::new(tp, fp, missed, tn)),
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn latency(values: &[f64]) -> Option<Latency> {
    Some(Latency {
        n: values.len() as u64,
        mean: mean(values)?,
        p50: stats::quantile(values, 0.5).ok()?,
        p95: stats::quantile(values, 0.95).ok()?,
    })
}

/// Every pair of models, in their order.
pub(super) fn of_pairs(models: &[(String, Vec<Option<Record>>)]) -> Vec<PairFigures> {
    let mut pairs = Vec::new();
    for (place, (first, of_first)) in models.iter().enumerate() {
        for (second, of_second) in models.iter().skip(place + 1) {
            pairs.push(pair(first, of_first, second, of_second));
        }
    }
    let p_values: Vec<f64> = pairs.iter().map(|pair| pair.p).collect();
    if let Ok(corrected) = stats::bonferroni(&p_values) {
        for (pair, p) in pairs.iter_mut().zip(corrected) {
            pair.p_corrected = p;
        }
    }
    pairs
}

fn pair(
    first: &str,
    of_first: &[Option<Record>],
    second: &str,
    of_second: &[Option<Record>],
) -> PairFigures {
    let (mut n, mut only_first, mut only_second, mut both_failed) = (0, 0, 0, 0);
    let mut claims = [[0_u64; 2]; 2];
    let mut roles = [[0_u64; 4]; 4];
    let known = |record: &Option<Record>| match &record.as_ref()?.outcome {
        Outcome::Failed { kind } if is_of_host(*kind) => None,
        Outcome::Failed { .. } => Some(None),
        Outcome::Answered {
            is_assisted, role, ..
        } => Some(Some((
            usize::from(*is_assisted),
            ROLES.iter().position(|known| known == role).unwrap_or(3),
        ))),
    };
    for (one, other) in of_first.iter().zip(of_second) {
        let (Some(one), Some(other)) = (known(one), known(other)) else {
            continue;
        };
        n += 1;
        match (one, other) {
            (Some(_), None) => only_first += 1,
            (None, Some(_)) => only_second += 1,
            (None, None) => both_failed += 1,
            (Some((claim, role)), Some((other_claim, other_role))) => {
                claims[claim][other_claim] += 1;
                roles[role][other_role] += 1;
            }
        }
    }
    let p = stats::mcnemar_exact(only_first, only_second);
    let share = |count: u64| count as f64 / (n.max(1)) as f64;
    PairFigures {
        first: first.to_owned(),
        second: second.to_owned(),
        n,
        only_first_answered: only_first,
        only_second_answered: only_second,
        both_failed,
        p,
        p_corrected: p,
        needed: stats::pairs_needed(share(only_first), share(only_second)),
        claim: stats::cohens_kappa(&claims.each_ref().map(|row| &row[..])).ok(),
        role: stats::cohens_kappa(&roles.each_ref().map(|row| &row[..])).ok(),
    }
}
