//! Numbers that say where they come from.
//!
//! Every number of a report stands on a page as `<data>` with its exact value and its place in the
//! document that the command line prints, `insights#/adoption_by_created/overall/agent`. A test collects
//! them all and holds them against that document, so that a page cannot say another number.

use std::fmt::Display;

use insights::effects::EffectUnit;
use insights::wording::{duration_text, effect_text, q_text};
use maud::{Markup, html};
use stats::{Interval, Proportion};

use crate::words::{self, sentence_case, typeset};

/// What stands where there is no number.
const NONE: &str = "–";

/// A place in a document of the command line: its name, `#`, and a JSON pointer.
#[derive(Debug, Clone)]
pub(crate) struct At(String);

impl At {
    /// A field of the report, which `tandem insights --json` prints.
    pub(crate) fn report(field: &str) -> Self {
        At(format!("insights#/{field}"))
    }

    /// The document of `tandem coverage --json`.
    pub(crate) fn coverage(field: &str) -> Self {
        At(format!("coverage#/{field}"))
    }

    /// A field of the document of `tandem evaluate --corrections --json`.
    pub(crate) fn evaluation(field: &str) -> Self {
        At(format!("evaluation#/{field}"))
    }

    /// A comparison in the document of `tandem effects --sensitivity --json` for one metric.
    pub(crate) fn effects(metric: impl Display, index: usize) -> Self {
        At(format!("effects-{metric}#/comparisons/{index}"))
    }

    /// A step further: a field, or the place in a list.
    pub(crate) fn to(&self, step: impl Display) -> At {
        At(format!("{}/{step}", self.0))
    }

    fn value(&self, value: impl Display, unit: &'static str, text: impl AsRef<str>) -> Markup {
        html! { data value=(value) data-at=(self.0) data-unit=(unit) { (text.as_ref()) } }
    }

    /// A count.
    pub(crate) fn count(&self, count: impl TryInto<u64>) -> Markup {
        let count = count.try_into().unwrap_or(u64::MAX);
        self.value(count, "count", words::count(count))
    }

    /// A count that is not told where it is too small.
    pub(crate) fn some_count(&self, count: Option<usize>) -> Markup {
        count.map_or_else(|| html! { "< 5" }, |count| self.count(count))
    }

    /// A share as `12.3 %`.
    pub(crate) fn share(&self, share: Option<f64>) -> Markup {
        self.optional(share, "percent", |share| words::percent(Some(share)))
    }

    /// A proportion with its interval: `12.3 % (10.1–14.8)`.
    pub(crate) fn proportion(&self, proportion: Option<Proportion>) -> Markup {
        let Some(proportion) = proportion else {
            return html! { (NONE) };
        };
        let end = |at: At, end: f64| at.value(end, "percent", format!("{:.1}", end * 100.0));
        html! {
            (self.to("share").share(proportion.share))
            @if let Some(interval) = proportion.interval {
                " (" (end(self.to("interval/low"), interval.low)) "–" (end(self.to("interval/high"), interval.high)) ")"
            }
        }
    }

    /// An end of the interval of a rate, of which the document keeps the intervals beside the rates.
    pub(crate) fn end(&self, rate: &str, side: &str, end: f64) -> Markup {
        let at = self.to("intervals").to(rate).to(side);
        at.value(end, "percent", format!("{:.1}", end * 100.0))
    }

    /// A ratio or a difference in points.
    pub(crate) fn effect(&self, unit: EffectUnit, value: Option<f64>) -> Markup {
        self.optional(value, unit_name(unit), |value| {
            typeset(&effect_text(unit, value))
        })
    }

    /// The ends of an interval of such.
    pub(crate) fn interval(&self, unit: EffectUnit, interval: Option<Interval>) -> Markup {
        let Some(interval) = interval else {
            return html! { (NONE) };
        };
        let end = |step: &str, end: f64| {
            let text = match unit {
                EffectUnit::Ratio => format!("{end:.2}"),
                EffectUnit::Points => format!("{:+.1}", end * 100.0),
            };
            self.to(step).value(end, unit_name(unit), text)
        };
        html! { (end("low", interval.low)) " to " (end("high", interval.high)) }
    }

    /// A duration.
    pub(crate) fn seconds(&self, seconds: Option<f64>) -> Markup {
        self.optional(seconds, "seconds", duration_text)
    }

    /// A number with some places.
    pub(crate) fn decimal(&self, value: Option<f64>, places: usize) -> Markup {
        self.optional(value, "decimal", |value| format!("{value:.places$}"))
    }

    /// A q-value.
    pub(crate) fn q(&self, q: Option<f64>) -> Markup {
        self.optional(q, "decimal", |q| q_text(q, 3))
    }

    /// Words of the report.
    pub(crate) fn words(&self, text: &str) -> Markup {
        html! { span data-at=(self.0) data-unit="words" { (typeset(text)) } }
    }

    /// Words of the report as a sentence of its own.
    pub(crate) fn sentence(&self, text: &str) -> Markup {
        html! { span data-at=(self.0) data-unit="words" { (sentence_case(text)) } }
    }

    fn optional(
        &self,
        value: Option<f64>,
        unit: &'static str,
        say: impl Fn(f64) -> String,
    ) -> Markup {
        let Some(value) = value else {
            return html! { (NONE) };
        };
        self.value(value, unit, say(value))
    }
}

fn unit_name(unit: EffectUnit) -> &'static str {
    match unit {
        EffectUnit::Ratio => "ratio",
        EffectUnit::Points => "points",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_their_value_and_place() {
        let at = At::report("adoption_by_created").to("by_month").to(3);
        assert_eq!(
            at.to("agent").count(1_234_u64).into_string(),
            "<data value=\"1234\" data-at=\"insights#/adoption_by_created/by_month/3/agent\" data-unit=\"count\">1,234</data>"
        );
        let none = at.to("of_all").share(None).into_string();
        assert_eq!(none, "–");
        let ratio = at.effect(EffectUnit::Ratio, Some(0.72)).into_string();
        assert!(ratio.ends_with(">×0.72</data>"), "{ratio}");
    }

    #[test]
    fn an_interval_has_both_its_ends() {
        let text = At::report("x")
            .proportion(Some(Proportion::new(1, 4)))
            .into_string();
        for place in ["x/share\"", "x/interval/low\"", "x/interval/high\""] {
            assert!(text.contains(place), "{text}");
        }
    }
}
