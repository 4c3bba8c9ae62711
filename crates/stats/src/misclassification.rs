//! What an effect would be if the detection of its cause were perfect.

use crate::error::StatsError;
use crate::proportion::Interval;

/// Returns the range of an effect over assumed sensitivities and specificities of detection.
///
/// A cause that is misclassified independently of the outcome dilutes a difference by about
/// `sensitivity + specificity - 1`; the range divides by that at the corners of what is assumed. Source:
/// I. Bross, "Misclassification in 2 x 2 tables", Biometrics 10 (1954) 478-486. Refused when the
/// assumptions allow a detection that is no better than chance.
pub fn misclassification_range(
    effect: f64,
    sensitivity: Interval,
    specificity: Interval,
) -> Result<Interval, StatsError> {
    if !effect.is_finite() {
        return Err(StatsError::OutOfRange {
            what: "effect",
            value: effect,
        });
    }
    for (what, assumed) in [("sensitivity", sensitivity), ("specificity", specificity)] {
        for value in [assumed.low, assumed.high] {
            if !(0.0..=1.0).contains(&value) {
                return Err(StatsError::OutOfRange { what, value });
            }
        }
    }
    let worst = sensitivity.low + specificity.low - 1.0;
    let best = sensitivity.high + specificity.high - 1.0;
    if worst <= 0.0 || best < worst {
        return Err(StatsError::OutOfRange {
            what: "sensitivity + specificity - 1",
            value: worst,
        });
    }
    let (one, other) = (effect / worst, effect / best);
    Ok(Interval {
        low: one.min(other),
        high: one.max(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effect_grows_with_misclassification() {
        let between = |low, high| Interval { low, high };
        let range = misclassification_range(-0.3, between(0.7, 1.0), between(0.9, 1.0));
        let range = range.expect("valid");
        assert!((range.low + 0.5).abs() < 1e-12);
        assert!((range.high + 0.3).abs() < 1e-12);
        assert!(misclassification_range(0.3, between(0.4, 0.5), between(0.5, 0.6)).is_err());
        assert!(misclassification_range(0.3, between(0.9, 1.1), between(0.9, 1.0)).is_err());
        assert!(misclassification_range(f64::NAN, between(0.9, 1.0), between(0.9, 1.0)).is_err());
    }
}
