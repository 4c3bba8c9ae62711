//! How findings are said: in one place, so that every surface says them the same way.
//!
//! Direction words follow from the sign of the estimate, never from a writer. "Associated with",
//! never "caused". Percent (of a duration) and percentage points (of a share) are told apart.

use measures::{Metric, Unit};
use stats::Interval;

use crate::effects::{Comparison, EffectUnit, Exposure, Finding, Headline};

/// Below this many pull requests in an arm nothing about it is shown: people could be recognised.
pub const FEWEST_SHOWN: usize = 5;

/// Below this many an arm is marked as insufficient, and has no interval and no test.
pub const FEWEST_SUFFICIENT: usize = 20;

/// A change within this margin has no practical meaning.
pub const MARGIN: f64 = 0.10;

/// The share of false findings tolerated among those that are called findings.
pub const Q_LIMIT: f64 = 0.10;

/// Decimal places beyond which nobody reads a q-value.
const MOST_Q_PLACES: usize = 6;

/// Why advice and comparisons can differ about the same figure.
pub const ADVICE_LOOKS_AT: &str = "Advice looks at complete months. Comparisons also count what came since, so that \
     a finding can stand in one and just miss in the other.";

/// A q-value in at least so many decimal places: as many as it takes to show on which side of [`Q_LIMIT`] it is.
/// "q 0.10, 0.10 is allowed" of what is refused would be no reason.
pub fn q_text(q: f64, fewest_places: usize) -> String {
    let text = |places: usize| format!("{q:.places$}");
    (fewest_places..MOST_Q_PLACES)
        .map(text)
        .find(|text| {
            text.parse()
                .is_ok_and(|shown: f64| (shown <= Q_LIMIT) == (q <= Q_LIMIT))
        })
        .unwrap_or_else(|| text(MOST_Q_PLACES))
}

/// The word for a change of a metric, by its sign.
pub fn direction(metric: Metric, is_higher: bool) -> &'static str {
    let (higher, lower) = match metric.definition().unit {
        Unit::Seconds => ("longer", "shorter"),
        Unit::Lines => ("larger", "smaller"),
        Unit::Count => ("more", "fewer"),
        Unit::Share => ("more often", "less often"),
    };
    if is_higher { higher } else { lower }
}

/// The finding in a word or two.
pub fn finding_words(comparison: &Comparison) -> &'static str {
    match comparison.finding {
        Finding::Higher => direction(comparison.metric, true),
        Finding::Lower => direction(comparison.metric, false),
        Finding::NoMeaningfulChange => "no difference",
        Finding::NotEnoughData if comparison.is_unconfirmed() => "not held (q)",
        Finding::NotEnoughData => "not enough data",
    }
}

/// A share as it stands after "a higher" or "a lower".
fn share_noun(metric: Metric) -> &'static str {
    match metric {
        Metric::Unreviewed => "share merged without a human review",
        Metric::Adoption => "share made with AI",
        Metric::AiReviewed => "share reviewed by AI",
        other => other.definition().title,
    }
}

/// A whole number with separators of thousands: `60,545`.
pub fn count_text(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 team`, `2 teams`.
pub(crate) fn many(n: usize, one: &str) -> String {
    let ending = if n == 1 { "" } else { "s" };
    format!("{n} {one}{ending}")
}

/// Why what is followed over the months of teams cannot be told from so few of them.
pub(crate) fn too_few_team_months(found: [usize; 2], needed: [usize; 2]) -> String {
    let [teams, months] = found;
    format!(
        "{} over {}, {} and {} are needed",
        many(teams, "team"),
        many(months, "month"),
        needed[0],
        needed[1]
    )
}

/// A ratio as `x0.72`.
pub fn ratio_text(ratio: f64) -> String {
    if ratio.is_finite() {
        format!("x{ratio:.2}")
    } else {
        "x?".to_owned()
    }
}

/// A ratio as a change in percent, without sign: 0.72 is `28 %`.
pub fn percent_text(ratio: f64) -> String {
    format!("{:.0} %", (ratio - 1.0).abs() * 100.0)
}

/// A difference of shares in percentage points, with sign.
pub fn points_text(points: f64) -> String {
    format!("{:+.1} points", points * 100.0)
}

/// An effect with its unit.
pub fn effect_text(unit: EffectUnit, value: f64) -> String {
    match unit {
        EffectUnit::Ratio => ratio_text(value),
        EffectUnit::Points => points_text(value),
    }
}

/// The ends of an interval with their unit.
pub fn interval_text(unit: EffectUnit, interval: Interval) -> String {
    match unit {
        EffectUnit::Ratio => format!("{:.2} to {:.2}", interval.low, interval.high),
        EffectUnit::Points => format!(
            "{:+.1} to {:+.1}",
            interval.low * 100.0,
            interval.high * 100.0
        ),
    }
}

/// A duration as people say it.
pub fn duration_text(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{seconds:.0} s")
    } else if seconds < 90.0 * 60.0 {
        format!("{:.0} min", seconds / 60.0)
    } else if seconds < 48.0 * 3600.0 {
        format!("{:.1} h", seconds / 3600.0)
    } else {
        format!("{:.1} d", seconds / 86_400.0)
    }
}

/// A value of a metric as people say it.
pub fn value_text(metric: Metric, value: f64) -> String {
    match metric.definition().unit {
        Unit::Seconds => duration_text(value),
        Unit::Lines => format!("{value:.0}"),
        Unit::Count => format!("{value:.1}"),
        Unit::Share => format!("{:.1} %", value * 100.0),
    }
}

/// Who is compared.
fn subject(exposure: Exposure) -> &'static str {
    match exposure {
        Exposure::AiAuthored => "AI-authored pull requests",
        Exposure::AiReviewed => "pull requests reviewed by AI",
    }
}

/// The finding in a sentence, with its interval and what it rests on. `q` is the share of false findings
/// among those as clear, where it is known.
pub fn sentence(
    exposure: Exposure,
    metric: Metric,
    unit: EffectUnit,
    finding: Finding,
    headline: Option<&Headline>,
    q: Option<f64>,
) -> String {
    let title = metric.definition().title;
    let Some(headline) = headline else {
        return format!("{title}: not enough data to compare");
    };
    let effect = effect_text(unit, headline.value);
    let interval = headline.interval.map_or_else(String::new, |interval| {
        format!(", 95 % interval {}", interval_text(unit, interval))
    });
    let basis = headline.basis.words();
    match finding {
        Finding::Higher | Finding::Lower => {
            let change = match unit {
                EffectUnit::Ratio => {
                    let word = direction(metric, finding == Finding::Higher);
                    format!("{} {word} {title}", percent_text(headline.value))
                }
                EffectUnit::Points => {
                    let side = if finding == Finding::Higher {
                        "higher"
                    } else {
                        "lower"
                    };
                    format!("a {side} {}", share_noun(metric))
                }
            };
            let not_cause = match headline.basis {
                Basis::Adjusted => "",
                Basis::Unadjusted => "; cannot separate AI from who uses it",
            };
            format!(
                "{} are associated with {change} ({effect}{interval}; {basis}{not_cause})",
                subject(exposure)
            )
        }
        Finding::NoMeaningfulChange => format!(
            "no meaningful difference in {title} ({effect}{interval}, within 10 %; {basis})"
        ),
        Finding::NotEnoughData
            if headline.excludes_none(unit) && q.is_some_and(|q| q > Q_LIMIT) =>
        {
            let q = q.map_or_else(String::new, |q| {
                format!(" (q {}, {Q_LIMIT:.2} is allowed)", q_text(q, 2))
            });
            format!(
                "{title}: the interval excludes no difference, but the correction for the number of \
                 comparisons on this page does not hold it{q} ({effect}{interval}; {basis})"
            )
        }
        Finding::NotEnoughData => {
            let detectable =
                headline
                    .detectable
                    .map_or_else(String::new, |detectable| match unit {
                        EffectUnit::Ratio => format!(
                            "; a difference of {} or {} would have shown",
                            ratio_text(detectable),
                            ratio_text(1.0 / detectable)
                        ),
                        EffectUnit::Points => format!(
                            "; a difference of {:.1} points would have shown",
                            detectable * 100.0
                        ),
                    });
            format!("{title}: not enough data to say ({effect}{interval}; {basis}{detectable})")
        }
    }
}

use crate::effects::Basis;

impl Basis {
    /// What the estimate is adjusted for, in words.
    pub fn words(self) -> &'static str {
        match self {
            Basis::Adjusted => {
                "within author and repository, adjusted for size, type, draft, weekday and month"
            }
            Basis::Unadjusted => "unadjusted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headline(value: f64, low: f64, high: f64) -> Headline {
        Headline {
            basis: Basis::Adjusted,
            value,
            interval: Some(Interval { low, high }),
            p: Some(0.01),
            detectable: Some(1.3),
        }
    }

    #[test]
    fn direction_follows_the_sign() {
        assert_eq!(direction(Metric::Cycle, false), "shorter");
        assert_eq!(direction(Metric::Size, true), "larger");
        assert_eq!(direction(Metric::Unreviewed, true), "more often");
    }

    #[test]
    fn sentences_associate_and_never_claim_a_cause() {
        let say = |finding, headline: Option<&Headline>| {
            sentence(
                Exposure::AiAuthored,
                Metric::Cycle,
                EffectUnit::Ratio,
                finding,
                headline,
                None,
            )
        };
        let lower = say(Finding::Lower, Some(&headline(0.72, 0.6, 0.86)));
        assert_eq!(
            lower,
            "AI-authored pull requests are associated with 28 % shorter cycle time (x0.72, 95 % \
             interval 0.60 to 0.86; within author and repository, adjusted for size, type, draft, \
             weekday and month)"
        );
        let unsure = say(Finding::NotEnoughData, Some(&headline(0.9, 0.6, 1.3)));
        assert!(unsure.contains("not enough data"), "{unsure}");
        assert!(
            unsure.contains("x1.30 or x0.77 would have shown"),
            "{unsure}"
        );
        assert!(say(Finding::NotEnoughData, None).contains("not enough data"));
    }

    #[test]
    fn shares_are_higher_or_lower_and_the_correction_is_named() {
        let points = |metric, finding, value: f64, q| {
            let headline = headline(value, value - 0.01, value + 0.01);
            let unit = EffectUnit::Points;
            sentence(
                Exposure::AiAuthored,
                metric,
                unit,
                finding,
                Some(&headline),
                q,
            )
        };
        let merged = points(Metric::MergedShare, Finding::Higher, 0.04, Some(0.01));
        assert!(
            merged.starts_with(
                "AI-authored pull requests are associated with a higher merged share (+4.0"
            ),
            "{merged}"
        );
        let unseen = points(Metric::Unreviewed, Finding::Lower, -0.04, Some(0.01));
        assert!(
            unseen.contains("a lower share merged without a human review"),
            "{unseen}"
        );
        let not_held = points(Metric::Reverted, Finding::NotEnoughData, 0.04, Some(0.23));
        assert!(
            not_held.contains("does not hold it (q 0.23") && !not_held.contains("not enough data"),
            "{not_held}"
        );
    }

    #[test]
    fn a_q_value_shows_on_which_side_of_the_limit_it_is() {
        for (q, places, expected) in [
            (0.231, 2, "0.23"),
            (0.103, 2, "0.103"),
            (0.1004, 3, "0.1004"),
            (0.0999, 3, "0.100"),
            (0.1, 2, "0.10"),
            (0.000_04, 3, "0.000"),
            (0.100_000_04, 3, "0.100000"),
        ] {
            assert_eq!(q_text(q, places), expected, "{q}");
        }
    }

    #[test]
    fn counts_have_separators() {
        assert_eq!(count_text(0), "0");
        assert_eq!(count_text(999), "999");
        assert_eq!(count_text(1_000), "1,000");
        assert_eq!(count_text(12_345_678), "12,345,678");
    }

    #[test]
    fn percent_and_points_are_told_apart() {
        assert_eq!(percent_text(1.4), "40 %");
        assert_eq!(points_text(-0.031), "-3.1 points");
        assert_eq!(duration_text(59.0), "59 s");
        assert_eq!(duration_text(5_400.0), "1.5 h");
    }
}
