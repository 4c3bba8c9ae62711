//! Comparisons as tables, and explained.

use insights::effects::{ArmDescription, Comparison, EffectUnit, Exposure, StratifiedUnit};
use insights::wording::{
    duration_text, effect_text, finding_words, interval_text, q_text, value_text,
};
use measures::Metric;

use super::sheet::Sheet;
use crate::output::{count, percent};

/// A table for each metric: all together, then the teams.
pub(super) fn add(
    sheet: &mut Sheet,
    heading: &str,
    comparisons: &[Comparison],
    scope_team: Option<&str>,
) {
    let mut metrics: Vec<Metric> = comparisons.iter().map(|one| one.metric).collect();
    metrics.dedup();
    for metric in metrics {
        let definition = metric.definition();
        sheet.heading(format!("{heading}: {}", definition.title));
        let of_metric = || comparisons.iter().filter(|one| one.metric == metric);
        let rows: Vec<Vec<String>> = of_metric().map(|one| row(one, scope_team)).collect();
        sheet.table(
            &[
                "Team",
                ">With AI",
                ">n",
                without_name(comparisons),
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
                    (None, Some(interval)) => interval_text(comparison.unit, interval),
                    _ => "not enough".to_owned(),
                };
                let n = if variant.n > 0 {
                    format!(", n {}", count(variant.n as u64))
                } else {
                    String::new()
                };
                sheet.remark(format!("{}: {text}{n}", variant.what));
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

/// The name of the arm without AI.
fn without_name(comparisons: &[Comparison]) -> &'static str {
    match comparisons.first().map(|one| one.exposure) {
        Some(Exposure::AiReviewed) => ">Not reviewed",
        _ => ">None detected",
    }
}

/// The team; for all together the team that was selected, if one was.
fn name_of<'c>(comparison: &'c Comparison, scope_team: Option<&'c str>) -> &'c str {
    comparison.team.as_deref().or(scope_team).unwrap_or("all")
}

/// A p-value as people write it.
fn p_text(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}

fn row(comparison: &Comparison, scope_team: Option<&str>) -> Vec<String> {
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
        name_of(comparison, scope_team).to_owned(),
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
            .map_or_else(|| "-".to_owned(), |q| q_text(q, 3)),
        finding_words(comparison).to_owned(),
    ]
}

/// What a metric is, and how each comparison came about.
pub(super) fn explain(
    sheet: &mut Sheet,
    metric: Metric,
    comparisons: &[Comparison],
    scope_team: Option<&str>,
) {
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
        "method: described (medians, intervals clustered by author) -> as they are (Hodges-Lehmann ratio of \
         logarithms, clustered Mann-Whitney; shares: difference, clustered by author) -> adjusted (least squares on logarithms \
         within author and repository, with size, files, draft, type, weekday and month; errors clustered by \
         author, wild bootstrap below 40 authors) -> q-values (Benjamini-Hochberg over the page, arms of at least 20). Findings \
         need q <= 0.10 and an interval that excludes no difference; \"no difference\" needs the interval \
         within 10 %.",
    );
    for comparison in comparisons.iter().filter(|one| one.metric == metric) {
        let name = name_of(comparison, scope_team);
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
            "as they are: {} ({}), p {}; {}",
            effect_text(unit, shown.value),
            interval_text(unit, shown.interval),
            p_text(shown.p),
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
                "adjusted: {} ({}), p {}; n {}, {} authors, {} of them and {} repositories switch, within R2 {:.3}{detectable}; {}",
                effect_text(unit, shown.value),
                interval_text(unit, shown.interval),
                p_text(shown.p),
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
    add_further(sheet, comparison);
}

/// Like with like, survival, over time.
fn add_further(sheet: &mut Sheet, comparison: &Comparison) {
    let range = |interval: stats::Interval| format!("{:.2} to {:.2}", interval.low, interval.high);
    match (comparison.stratified.shown(), comparison.stratified.reason()) {
        (Some(shown), _) => sheet.line(format!(
            "like with like (repository, size, type): {} x{:.2} ({}), p {}; {} of those with AI have a counterpart{}",
            match shown.unit {
                StratifiedUnit::Ratio => "ratio",
                StratifiedUnit::OddsRatio => "odds",
            },
            shown.value,
            range(shown.interval),
            p_text(shown.p),
            percent(Some(shown.overlap)),
            shown
                .pooled
                .map_or_else(String::new, |pooled| format!("; pooled x{pooled:.2}")),
        )),
        (None, reason) => sheet.line(format!("like with like: {}", reason.unwrap_or("-"))),
    }
    match (comparison.survival.shown(), comparison.survival.reason()) {
        (Some(shown), _) => {
            for (name, arm) in [
                ("with AI", &shown.with_ai),
                ("none detected", &shown.without_ai),
            ] {
                let median = arm
                    .median
                    .estimate
                    .map_or_else(|| "not reached".to_owned(), duration_text);
                sheet.line(format!(
                    "open ones censored, {name}: n {}, median {median}, within a day {}, within seven days {}",
                    count(arm.n as u64),
                    percent(Some(arm.within_a_day.share)),
                    percent(Some(arm.within_seven_days.share)),
                ));
            }
            let hazard = match (shown.hazard_ratio.shown(), shown.hazard_ratio.reason()) {
                (Some(ratio), _) => format!("x{:.2} ({})", ratio.value, range(ratio.interval)),
                (None, reason) => reason.unwrap_or("-").to_owned(),
            };
            sheet.line(format!(
                "event: {}; log-rank within repositories p {}; hazard ratio {hazard}",
                shown.event,
                shown.log_rank_p.map_or_else(|| "-".to_owned(), p_text),
            ));
        }
        (None, reason) => sheet.line(format!("open ones censored: {}", reason.unwrap_or("-"))),
    }
    match (comparison.over_time.shown(), comparison.over_time.reason()) {
        (Some(shown), _) => sheet.line(format!(
            "over time: x{:.2} ({}) for ten points more AI in a month, within team and month; rank correlation \
             within teams {:.2} ({}); {} teams, {} months",
            shown.ratio_for_ten_points,
            range(shown.interval),
            shown.within_rho,
            range(shown.rho_interval),
            shown.teams,
            shown.months,
        )),
        (None, reason) => sheet.line(format!("over time: {}", reason.unwrap_or("-"))),
    }
}

/// The same for AI review, where there is something to say.
pub(super) fn explain_review(
    sheet: &mut Sheet,
    metric: Metric,
    comparisons: &[Comparison],
    scope_team: Option<&str>,
) {
    if comparisons.iter().any(|one| one.metric == metric) {
        explain(sheet, metric, comparisons, scope_team);
    }
}
