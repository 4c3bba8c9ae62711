//! Comparisons as tables, and explained.

use insights::effects::{ArmDescription, Comparison, EffectUnit, Finding};
use insights::wording::{effect_text, interval_text, value_text};
use measures::Metric;

use super::sheet::Sheet;
use crate::output::count;

/// A table for each metric: all together, then the teams.
pub(super) fn add(sheet: &mut Sheet, heading: &str, comparisons: &[Comparison]) {
    let mut metrics: Vec<Metric> = comparisons.iter().map(|one| one.metric).collect();
    metrics.dedup();
    for metric in metrics {
        let definition = metric.definition();
        sheet.heading(format!("{heading}: {}", definition.title));
        let of_metric = || comparisons.iter().filter(|one| one.metric == metric);
        let rows: Vec<Vec<String>> = of_metric().map(row).collect();
        sheet.table(
            &[
                "Team",
                ">With AI",
                ">n",
                ">None detected",
                ">n",
                ">As they are",
                ">Adjusted",
                ">95 % interval",
                ">q",
                "Finding",
            ],
            rows,
        );
        for comparison in of_metric().filter(|one| one.team.is_none()) {
            sheet.line(comparison.sentence.clone());
        }
        for comparison in of_metric() {
            add_warning(sheet, comparison);
            for variant in &comparison.sensitivity {
                let text = match (variant.value, variant.interval) {
                    (Some(value), Some(interval)) => format!(
                        "{} ({})",
                        effect_text(comparison.unit, value),
                        interval_text(comparison.unit, interval)
                    ),
                    _ => "not enough".to_owned(),
                };
                sheet.remark(format!(
                    "{}: {text}, n {}",
                    variant.what,
                    count(variant.n as u64)
                ));
            }
        }
    }
}

fn add_warning(sheet: &mut Sheet, comparison: &Comparison) {
    let Some(simpson) = comparison.simpson else {
        return;
    };
    sheet.line(format!(
        "! {}: pooled {} and within author and repository {} point in opposite directions (Simpson's paradox{}): \
         where AI is used differs from where it is not; the adjusted figure is the fair one.",
        comparison.team.as_deref().unwrap_or("all"),
        effect_text(comparison.unit, simpson.pooled),
        effect_text(comparison.unit, simpson.within),
        if simpson.both_certain {
            ""
        } else {
            ", not certain"
        },
    ));
}

fn row(comparison: &Comparison) -> Vec<String> {
    let arm = |arm: Option<&ArmDescription>| match arm {
        None => ["-".to_owned(), "<5".to_owned()],
        Some(arm) => {
            let value = arm
                .median
                .map(|median| median.estimate)
                .or_else(|| arm.share.and_then(|share| share.share));
            [
                value.map_or_else(
                    || "-".to_owned(),
                    |value| value_text(comparison.metric, value),
                ),
                format!(
                    "{}{}",
                    count(arm.n as u64),
                    if arm.insufficient { "?" } else { "" }
                ),
            ]
        }
    };
    let [with_value, with_n] = arm(comparison.with_ai.as_ref());
    let [without_value, without_n] = arm(comparison.without_ai.as_ref());
    let unadjusted = comparison.unadjusted.shown();
    let adjusted = comparison.adjusted.shown();
    let interval = comparison
        .headline
        .and_then(|headline| headline.interval)
        .map_or_else(
            || "-".to_owned(),
            |interval| interval_text(comparison.unit, interval),
        );
    vec![
        comparison.team.clone().unwrap_or_else(|| "all".to_owned()),
        with_value,
        with_n,
        without_value,
        without_n,
        unadjusted.map_or_else(
            || "-".to_owned(),
            |shown| effect_text(comparison.unit, shown.value),
        ),
        adjusted.map_or_else(
            || "-".to_owned(),
            |shown| effect_text(comparison.unit, shown.value),
        ),
        interval,
        comparison
            .q
            .map_or_else(|| "-".to_owned(), |q| format!("{q:.3}")),
        finding_word(comparison).to_owned(),
    ]
}

/// The finding in a word or two.
pub(super) fn finding_word(comparison: &Comparison) -> &'static str {
    match comparison.finding {
        Finding::Higher => insights::wording::direction(comparison.metric, true),
        Finding::Lower => insights::wording::direction(comparison.metric, false),
        Finding::NoMeaningfulChange => "no difference",
        Finding::NotEnoughData => "not enough data",
    }
}

/// What a metric is, and how each comparison came about.
pub(super) fn explain(sheet: &mut Sheet, metric: Metric, comparisons: &[Comparison]) {
    let definition = metric.definition();
    sheet.heading(format!("{} ({metric})", definition.title));
    sheet.line(definition.words);
    let facts = [
        ("from", definition.start),
        ("to", definition.end),
        ("left out", definition.exclusions),
        ("source", definition.source),
    ];
    for (what, words) in facts {
        if !words.is_empty() {
            sheet.line(format!("{what}: {words}"));
        }
    }
    sheet.line(
        "method: described (medians, intervals resampled by author) -> as they are (Hodges-Lehmann ratio of \
         logarithms, clustered Mann-Whitney; shares: difference) -> adjusted (least squares on logarithms \
         within author and repository, with size, files, draft, type, weekday and month; errors clustered by \
         author, wild bootstrap below 40 authors) -> q-values (Benjamini-Hochberg over the page). Findings \
         need q <= 0.10 and an interval that excludes no difference; \"no difference\" needs the interval \
         within 10 %.",
    );
    for comparison in comparisons.iter().filter(|one| one.metric == metric) {
        let name = comparison.team.as_deref().unwrap_or("all");
        sheet.heading(format!("{name}: {}", comparison.exposure.as_str()));
        let steps: Vec<Vec<String>> = comparison
            .steps
            .iter()
            .map(|step| vec![step.what.clone(), count(step.n)])
            .collect();
        sheet.table(&["Step", ">n"], steps);
        add_estimates(sheet, comparison);
        sheet.line(comparison.sentence.clone());
        add_warning(sheet, comparison);
    }
}

fn add_estimates(sheet: &mut Sheet, comparison: &Comparison) {
    let unit = comparison.unit;
    match (
        comparison.unadjusted.shown(),
        comparison.unadjusted.reason(),
    ) {
        (Some(shown), _) => sheet.line(format!(
            "as they are: {} ({}), p {:.3}; {}",
            effect_text(unit, shown.value),
            interval_text(unit, shown.interval),
            shown.p,
            shown.method
        )),
        (None, reason) => sheet.line(format!("as they are: {}", reason.unwrap_or("-"))),
    }
    match (comparison.adjusted.shown(), comparison.adjusted.reason()) {
        (Some(shown), _) => {
            let detectable = shown
                .detectable
                .map_or_else(String::new, |detectable| match unit {
                    EffectUnit::Ratio => format!(", detectable {}", effect_text(unit, detectable)),
                    EffectUnit::Points => format!(", detectable {:.1} points", detectable * 100.0),
                });
            sheet.line(format!(
                "adjusted: {} ({}), p {:.3}; n {}, {} authors, {} of them and {} repositories switch, within R2 {:.3}{detectable}; {}",
                effect_text(unit, shown.value),
                interval_text(unit, shown.interval),
                shown.p,
                count(shown.n as u64),
                shown.authors,
                shown.switching_authors,
                shown.switching_repos,
                shown.within_r_squared,
                shown.method
            ));
        }
        (None, reason) => sheet.line(format!("adjusted: {}", reason.unwrap_or("-"))),
    }
}

/// The same for AI review, where there is something to say.
pub(super) fn explain_review(sheet: &mut Sheet, metric: Metric, comparisons: &[Comparison]) {
    if comparisons.iter().any(|one| one.metric == metric) {
        explain(sheet, metric, comparisons);
    }
}
