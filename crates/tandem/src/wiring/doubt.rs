//! When an answer about a pull request is doubted: the rules, and the threshold that was learned.

use analysis::CheckedAnalysis;
use batch::{Doubt, DoubtSpec, TierSpec};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stats::{Calibration, CalibrationResult};
use store::Store;

use crate::config::DoubtConfig;
use crate::error::{CliError, ErrorKind};
use crate::output::Output;
use crate::wiring::question::current_versions;

/// The name under which the store keeps the last calibration.
const CALIBRATION: &str = "calibration";

/// Which answers are doubted. Kept with a run, so that a resumed one doubts as it began.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct DoubtRules {
    /// Answers that say a confidence in this band.
    pub(crate) confidence: Option<Band>,
    /// Claims of AI whose quote is missing or not in the input.
    pub(crate) quote: bool,
    /// Claims that contradict what the signatures say.
    pub(crate) evidence: bool,
}

/// Confidences from `from` up to, and without, `to`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Band {
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl DoubtRules {
    /// Why an answer is doubted; `None` when it is not. What costs nothing is looked at first:
    /// `contradicts_evidence` is asked only when nothing else raises a doubt.
    pub(crate) fn doubt(
        &self,
        answer: &CheckedAnalysis,
        contradicts_evidence: impl FnOnce() -> bool,
    ) -> Option<Doubt> {
        let score = score(answer.analysis.ai.confidence);
        let reason = if self.quote && !answer.quote_supported {
            "quote"
        } else if self.confidence.is_some_and(|band| band.holds(score)) {
            "confidence"
        } else if self.evidence && contradicts_evidence() {
            "evidence"
        } else {
            return None;
        };
        Some(Doubt {
            reason: reason.to_owned(),
            score,
        })
    }
}

impl Band {
    fn holds(self, score: f64) -> bool {
        (self.from..self.to).contains(&score)
    }
}

/// A confidence as it is compared: to three decimals, so that thresholds are the values models give.
pub(crate) fn score(confidence: f64) -> f64 {
    (confidence * 1_000.0).round() / 1_000.0
}

/// A calibration as it is kept, with everything it depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredCalibration {
    /// The version of this document; 1.
    pub(crate) version: u32,
    /// When it was made.
    pub(crate) calibrated_at: Timestamp,
    /// Whose answers are kept or not, `provider:model`.
    pub(crate) cheap: String,
    /// Who was taken to be right.
    pub(crate) oracle: String,
    /// The prompt's version.
    pub(crate) prompt_version: String,
    /// The schema's version.
    pub(crate) schema_version: String,
    /// Answers of the cheap tier there were.
    pub(crate) answers: u64,
    /// Whether answers with an unsupported quote were left out, being doubted anyway.
    pub(crate) without_unsupported_quotes: bool,
    /// Whether answers that contradict the evidence were left out, being doubted anyway.
    pub(crate) without_contradictions: bool,
    /// The share of answers that are doubted for those reasons, as far as they were looked at.
    pub(crate) doubted_otherwise: f64,
    /// Labels that were asked for and not given: the oracle did not answer.
    pub(crate) unlabelled: u64,
    /// What was learned.
    pub(crate) calibration: Calibration,
}

impl StoredCalibration {
    /// Reads the last calibration.
    pub(crate) fn load(store: &dyn Store) -> Result<Option<Self>, CliError> {
        let Some(text) = store.meta(CALIBRATION)? else {
            return Ok(None);
        };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            CliError::new(ErrorKind::Internal, error)
                .context("the stored calibration cannot be read")
                .hint("tandem calibrate makes a new one")
        })
    }

    /// Keeps it as the last one.
    pub(crate) fn save(&self, store: &dyn Store) -> Result<(), CliError> {
        Ok(store.set_meta(CALIBRATION, &serde_json::to_string(self)?)?)
    }

    /// The share of all answers that would be escalated.
    pub(crate) fn escalated_share(&self) -> f64 {
        let by_threshold = match self.calibration.result {
            CalibrationResult::Threshold {
                escalated_share, ..
            } => escalated_share,
            CalibrationResult::OutOfReach | CalibrationResult::TooFewLabels { .. } => 1.0,
        };
        self.doubted_otherwise + (1.0 - self.doubted_otherwise) * by_threshold
    }

    /// Why it does not fit these tiers and rules; `None` when it does.
    pub(crate) fn staleness(&self, tiers: &[TierSpec], config: &DoubtConfig) -> Option<String> {
        let versions = current_versions();
        let name = |tier: Option<&TierSpec>| {
            tier.map_or_else(String::new, |tier| tier.reference.to_string())
        };
        let (cheap, strong) = (name(tiers.first()), name(tiers.get(1)));
        let changes = [
            ("tier 1 is", &cheap, &self.cheap),
            ("tier 2 is", &strong, &self.oracle),
            ("the prompt is", &versions.prompt, &self.prompt_version),
            ("the schema is", &versions.schema, &self.schema_version),
        ];
        for (what, now, then) in changes {
            if now != then {
                return Some(format!("{what} {now}, it was {then}"));
            }
        }
        // A rule that is switched off lets answers through that the threshold was not learned on.
        let quote_off = self.without_unsupported_quotes && !config.quote();
        let evidence_off = self.without_contradictions && !config.evidence();
        if quote_off || evidence_off {
            return Some("a rule of doubt that held then is switched off".to_owned());
        }
        None
    }
}

/// The doubts of a run: by configuration, with the learned threshold where there is one that fits.
pub(crate) fn spec(
    output: &Output,
    store: &dyn Store,
    tiers: &[TierSpec],
    config: &DoubtConfig,
) -> Result<DoubtSpec, CliError> {
    let mut rules = config.rules()?;
    let mut expected_share = config.expected_share();
    if rules.confidence.is_some() && config.calibrated() {
        match StoredCalibration::load(store)? {
            None => output.note(&format!(
                "confidences are doubted by configuration ({}); tandem calibrate learns from which confidence tier 1 can be trusted",
                band_text(rules.confidence)
            )),
            Some(stored) => match (stored.staleness(tiers, config), stored.calibration.result) {
                (Some(why), _) => output.warning(&format!(
                    "the calibration of {} is stale ({why}); confidences are doubted by configuration ({}). tandem calibrate makes a new one",
                    stored.calibrated_at.strftime("%Y-%m-%d"),
                    band_text(rules.confidence)
                )),
                (None, CalibrationResult::Threshold { threshold, .. }) => {
                    rules.confidence = Some(Band {
                        from: 0.0,
                        to: threshold,
                    });
                    expected_share = stored.escalated_share();
                    output.note(&format!(
                        "confidences below {threshold} are doubted, as calibrated on {} with {} labels",
                        stored.calibrated_at.strftime("%Y-%m-%d"),
                        stored.calibration.labels
                    ));
                }
                (None, _) => output.warning(&format!(
                    "the last calibration found no confidence from which tier 1 can be trusted; confidences are doubted by configuration ({})",
                    band_text(rules.confidence)
                )),
            },
        }
    }
    Ok(DoubtSpec {
        expected_share,
        rules: serde_json::to_value(rules)?,
    })
}

fn band_text(band: Option<Band>) -> String {
    band.map_or_else(String::new, |band| {
        format!("from {} up to {}", band.from, band.to)
    })
}

/// The rules that a run was planned with.
pub(crate) fn rules_of(spec: Option<&DoubtSpec>) -> Result<Option<DoubtRules>, CliError> {
    spec.map(|doubt| serde_json::from_value(doubt.rules.clone()))
        .transpose()
        .map_err(|error| {
            CliError::new(ErrorKind::Internal, error)
                .context("the run's rules of doubt cannot be read")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: DoubtRules = DoubtRules {
        confidence: Some(Band { from: 0.3, to: 0.7 }),
        quote: true,
        evidence: true,
    };

    fn answer(confidence: f64, quote_supported: bool) -> CheckedAnalysis {
        let pull_request: model::PullRequest = serde_json::from_value(serde_json::json!({
            "repo": "a/b", "number": 1, "title": "fix: order"
        }))
        .expect("a pull request");
        let mut analysis = analysis::rules::analyse(&pull_request, &[]);
        analysis.ai.confidence = confidence;
        CheckedAnalysis {
            analysis,
            quote_supported,
        }
    }

    fn reason(rules: DoubtRules, answer: &CheckedAnalysis, contradicts: bool) -> Option<String> {
        rules
            .doubt(answer, || contradicts)
            .map(|doubt| doubt.reason)
    }

    #[test]
    fn each_rule_raises_its_doubt() {
        let check = |confidence, supported, contradicts, expect: Option<&str>| {
            let answer = answer(confidence, supported);
            assert_eq!(reason(ALL, &answer, contradicts).as_deref(), expect);
        };
        check(0.9, true, false, None);
        check(0.9, false, true, Some("quote"));
        check(0.3, true, true, Some("confidence"));
        check(0.699, true, false, Some("confidence"));
        // The band ends before its end, and begins with its beginning.
        check(0.7, true, false, None);
        check(0.699_9, true, false, None);
        check(0.29, true, false, None);
        check(0.9, true, true, Some("evidence"));
    }

    #[test]
    fn each_rule_can_be_switched_off() {
        let off = DoubtRules {
            confidence: None,
            quote: false,
            evidence: false,
        };
        assert_eq!(reason(off, &answer(0.5, false), true), None);
        let doubt = ALL.doubt(&answer(0.5, true), || panic!("not asked"));
        assert!((doubt.expect("a doubt").score - 0.5).abs() < 1e-9);
    }
}
