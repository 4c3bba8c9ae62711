//! `[analyze.doubt]`: which answers are asked of the next tier although they are sound.

use detect::MIN_CLAIM_CONFIDENCE;
use serde::Deserialize;

use crate::error::CliError;
use crate::wiring::doubt::{Band, DoubtRules};

/// The share of answers that is expected to be doubted when nothing was measured.
const EXPECTED_SHARE: f64 = 0.1;

/// Doubt.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DoubtConfig {
    /// Whether answers are doubted without `--escalate-doubt`.
    pub(crate) enabled: Option<bool>,
    /// Whether answers of little confidence are doubted.
    pub(crate) confidence: Option<bool>,
    /// Where the band of doubted confidences begins.
    pub(crate) confidence_from: Option<f64>,
    /// Where it ends.
    pub(crate) confidence_to: Option<f64>,
    /// Whether the threshold that was learned takes the place of the band.
    pub(crate) calibrated: Option<bool>,
    /// Whether claims of AI with a quote that is not in the input are doubted.
    pub(crate) quote: Option<bool>,
    /// Whether claims that contradict the signatures are doubted.
    pub(crate) evidence: Option<bool>,
    /// The share of answers expected to be doubted, for the estimate.
    pub(crate) expected_share: Option<f64>,
}

impl DoubtConfig {
    /// Whether answers are doubted without being told so on the command line.
    pub(crate) fn enabled(&self) -> bool {
        self.enabled.unwrap_or(false)
    }

    /// Whether a learned threshold takes the place of the band.
    pub(crate) fn calibrated(&self) -> bool {
        self.calibrated.unwrap_or(true)
    }

    /// Whether unsupported quotes are doubted.
    pub(crate) fn quote(&self) -> bool {
        self.quote.unwrap_or(true)
    }

    /// Whether contradictions to the evidence are doubted.
    pub(crate) fn evidence(&self) -> bool {
        self.evidence.unwrap_or(true)
    }

    /// The share of answers expected to be doubted.
    pub(crate) fn expected_share(&self) -> f64 {
        self.expected_share.unwrap_or(EXPECTED_SHARE)
    }

    /// The rules as configured.
    ///
    /// # Errors
    /// Exit code 3 for a share or a band that is none.
    pub(crate) fn rules(&self) -> Result<DoubtRules, CliError> {
        let band = Band {
            from: self.confidence_from.unwrap_or(0.0),
            to: self.confidence_to.unwrap_or(MIN_CLAIM_CONFIDENCE),
        };
        let shares = [
            ("confidence_from", band.from),
            ("confidence_to", band.to),
            ("expected_share", self.expected_share()),
        ];
        for (key, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                return Err(CliError::configuration(format!(
                    "analyze.doubt.{key} is {value}, not between 0 and 1"
                )));
            }
        }
        if band.from >= band.to {
            return Err(CliError::configuration(format!(
                "analyze.doubt: confidence_from {} is not below confidence_to {}",
                band.from, band.to
            )));
        }
        Ok(DoubtRules {
            confidence: self.confidence.unwrap_or(true).then_some(band),
            quote: self.quote(),
            evidence: self.evidence(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_must_be_one() {
        let check = |from, to, ok: bool| {
            let config = DoubtConfig {
                confidence_from: from,
                confidence_to: to,
                ..DoubtConfig::default()
            };
            assert_eq!(config.rules().is_ok(), ok, "{from:?} {to:?}");
        };
        check(None, None, true);
        check(Some(0.2), Some(0.9), true);
        check(Some(0.9), Some(0.2), false);
        check(Some(-0.1), None, false);
        check(None, Some(1.1), false);
        check(None, Some(f64::NAN), false);
    }
}
