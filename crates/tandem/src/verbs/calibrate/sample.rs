//! Draws the pull requests to be labelled: a uniform sample of tier 1's answers that are not doubted
//! anyway, the same each time, so that labels are paid for once.

use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use batch::ModelRef;
use detect::{Detector, disagreement};
use model::{ClaimedRole, PrKey};
use stats::ScoreCount;
use store::{AnalysisOrigin, AnalysisRecord, Selection, Store, StoredPullRequest};

use crate::error::CliError;
use crate::wiring::doubt::{DoubtRules, score};
use crate::wiring::question::current_versions;

/// Analyses read at a time.
const PAGE: usize = 500;
/// Drawn for each label wanted: some turn out stale or doubted anyway.
const DRAWN_PER_LABEL: usize = 4;

/// A sampled answer of tier 1.
pub(super) struct Sampled {
    pub(super) stored: StoredPullRequest,
    /// How sure it was.
    pub(super) score: f64,
    /// Whether it says that AI wrote the change or helped.
    pub(super) is_assisted: bool,
}

/// The sample and what it was drawn from.
pub(super) struct Sample {
    /// Current answers of tier 1.
    pub(super) answers: u64,
    /// Their scores, without those whose quote is doubted anyway.
    pub(super) population: Vec<ScoreCount>,
    /// In the order of the draw.
    pub(super) sampled: Vec<Sampled>,
    /// The share of answers that are doubted for another reason than their confidence.
    pub(super) doubted_otherwise: f64,
}

/// Draws up to `wanted` answers of `cheap`. Memory holds some multiple of `wanted`, not all answers.
pub(super) fn draw(
    store: &Arc<dyn Store>,
    detector: &Detector,
    selection: &Selection,
    cheap: &ModelRef,
    rules: &DoubtRules,
    wanted: usize,
) -> Result<Sample, CliError> {
    let versions = current_versions();
    let capacity = wanted.saturating_mul(DRAWN_PER_LABEL).saturating_add(100);
    let mut drawn: BinaryHeap<([u8; 32], PrKey)> = BinaryHeap::with_capacity(capacity + 1);
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    let (mut answers, mut doubted_quotes) = (0_u64, 0_u64);
    let mut after: Option<PrKey> = None;
    loop {
        let page = store.analyses(selection, after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        for record in page {
            let is_of_tier_1 = record.origin == AnalysisOrigin::Model
                && record.tier == 1
                && record.provider == cheap.provider
                && record.model == cheap.model
                && record.prompt_version == versions.prompt
                && record.schema_version == versions.schema;
            if !is_of_tier_1 {
                continue;
            }
            answers += 1;
            if rules.quote && !quote_supported(&record) {
                doubted_quotes += 1;
                continue;
            }
            *counts.entry(thousandths(&record)).or_default() += 1;
            drawn.push((place(&record), record.key));
            if drawn.len() > capacity {
                drawn.pop();
            }
        }
    }
    let (mut looked_at, mut contradictions) = (0_u64, 0_u64);
    let mut sampled = Vec::with_capacity(wanted);
    for (_, key) in drawn.into_sorted_vec() {
        if sampled.len() == wanted {
            break;
        }
        let (Some(stored), Some(record)) = (store.pull_request(&key)?, store.analysis(&key)?)
        else {
            continue;
        };
        if stored.content_hash != record.content_hash {
            continue;
        }
        looked_at += 1;
        let verdict = detector.verdict(&stored.pull_request);
        if rules.evidence && disagreement(&verdict, &record.answer.ai).is_some() {
            contradictions += 1;
            continue;
        }
        sampled.push(Sampled {
            stored,
            score: score(record.answer.ai.confidence),
            is_assisted: record.answer.ai.is_assisted,
        });
    }
    let share = |part: u64, whole: u64| {
        if whole == 0 {
            0.0
        } else {
            part as f64 / whole as f64
        }
    };
    let by_quote = share(doubted_quotes, answers);
    let by_evidence = share(contradictions, looked_at);
    Ok(Sample {
        answers,
        population: counts
            .into_iter()
            .map(|(thousandths, answers)| ScoreCount {
                score: thousandths as f64 / 1_000.0,
                answers,
            })
            .collect(),
        sampled,
        doubted_otherwise: by_quote + (1.0 - by_quote) * by_evidence,
    })
}

/// The place of an answer in the draw: a hash, so that the sample is uniform, does not depend on the order
/// of the database, and a larger one contains a smaller one.
fn place(record: &AnalysisRecord) -> [u8; 32] {
    let text = format!("calibration\n{}\n{}", record.key, record.content_hash);
    *blake3::hash(text.as_bytes()).as_bytes()
}

fn thousandths(record: &AnalysisRecord) -> i64 {
    (record.answer.ai.confidence * 1_000.0).round() as i64
}

/// As `CheckedAnalysis::quote_supported`, from what is stored.
fn quote_supported(record: &AnalysisRecord) -> bool {
    record
        .quote_supported
        .unwrap_or(record.answer.ai.role == ClaimedRole::None)
}
