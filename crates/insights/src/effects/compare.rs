//! One family of comparisons: every metric, for all together and for each team.

use measures::{Metric, Observation, Observations};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use stats::{Equivalence, benjamini_hochberg, equivalence_of_ratio};

use super::outcome::{Outcome, Reading};
use super::sample::{Cut, Sample};
use super::{
    Basis, Comparison, EffectUnit, Exposure, Finding, Gated, Groups, Headline, Question,
    Sensitivity, Simpson, adjusted, described, over_time, sensitivity, stratified, survival,
    unadjusted,
};
use crate::wording::{self, MARGIN, Q_LIMIT};

/// Below this ratio (or above its inverse) a difference is large enough to be called opposite.
const SIMPSON_RATIO: f64 = 1.05;

pub(crate) fn family(
    observations: &Observations,
    question: &Question,
    reading: &Reading,
) -> Vec<Comparison> {
    let by_team = rows_by_team(observations);
    let teams = match question.groups {
        Groups::TogetherAndTeams if by_team.len() > 1 => by_team.len(),
        Groups::Together | Groups::TogetherAndTeams => 0,
    };
    let mut wanted: Vec<(Metric, Option<usize>)> = Vec::new();
    for metric in &question.metrics {
        wanted.push((*metric, None));
        wanted.extend((0..teams).map(|team| (*metric, Some(team))));
    }
    let mut comparisons: Vec<Comparison> = wanted
        .par_iter()
        .map(|(metric, team)| {
            let cut = Cut {
                exposure: question.exposure,
                outcome: Outcome::of(*metric),
                reading,
                keep: |_, _| true,
            };
            match team {
                None => together(observations, cut, question.sensitivity),
                Some(team) => {
                    let rows = || rows_of_team(observations, &by_team, *team);
                    let name = observations.teams.names().get(*team);
                    let name = name.map(ToString::to_string);
                    let mut comparison = whole(Sample::take(rows(), cut), cut, name);
                    comparison.survival =
                        survival::survival(rows(), question.exposure, *metric, reading);
                    comparison
                }
            }
        })
        .collect();
    judge(&mut comparisons);
    comparisons
}

/// Compares all teams together: the one comparison that is also followed over time.
fn together(observations: &Observations, cut: Cut<'_>, sensitivity: Sensitivity) -> Comparison {
    let rows = || observations.rows.iter();
    let (exposure, metric) = (cut.exposure, cut.outcome.metric);
    let mut comparison = whole(Sample::take(rows(), cut), cut, None);
    comparison.survival = survival::survival(rows(), exposure, metric, cut.reading);
    if comparison.unit == EffectUnit::Ratio {
        comparison.over_time =
            over_time::over_time(observations, exposure, cut.outcome, cut.reading);
    }
    if sensitivity == Sensitivity::Together {
        comparison.sensitivity = sensitivity::variants(rows, cut);
        let headline = comparison.headline.as_ref();
        let missed = headline
            .and_then(|headline| sensitivity::if_detection_misses(headline, comparison.unit));
        comparison.sensitivity.extend(missed);
    }
    comparison
}

/// Compares each team, as things stood at `reading.now`, for its headline only: not like with like, and not
/// followed over time. One family for each exposure.
pub(crate) fn team_headlines(
    observations: &Observations,
    by_team: &[Vec<u32>],
    wanted: &[(Exposure, Metric)],
    reading: &Reading,
) -> Vec<Comparison> {
    let teams = 0..by_team.len();
    let each = |team: usize| {
        wanted
            .iter()
            .map(move |(exposure, metric)| (team, *exposure, *metric))
    };
    let each: Vec<(usize, Exposure, Metric)> = teams.flat_map(each).collect();
    let mut comparisons: Vec<Comparison> = each
        .par_iter()
        .map(|(team, exposure, metric)| {
            let cut = Cut {
                exposure: *exposure,
                outcome: Outcome::of(*metric),
                reading,
                keep: |_, _| true,
            };
            let rows = rows_of_team(observations, by_team, *team);
            let past = rows.filter_map(|row| row.as_of(reading.now));
            let name = observations.teams.names().get(*team);
            one(&Sample::take(past, cut), cut, name.map(ToString::to_string))
        })
        .collect();
    comparisons.sort_by_key(|comparison| comparison.exposure == Exposure::AiReviewed);
    let of_authorship = |one: &Comparison| one.exposure == Exposure::AiAuthored;
    let authorship = comparisons.partition_point(of_authorship);
    let (authorship, review) = comparisons.split_at_mut(authorship);
    judge(authorship);
    judge(review);
    comparisons
}

/// The rows of each team, by its code.
pub(crate) fn rows_by_team(observations: &Observations) -> Vec<Vec<u32>> {
    let mut by_team = vec![Vec::new(); observations.teams.names().len()];
    for (index, row) in observations.rows.iter().enumerate() {
        if let Some(rows) = row.team.index().and_then(|team| by_team.get_mut(team)) {
            rows.push(index as u32);
        }
    }
    by_team
}

/// The rows of a team, in their order.
pub(crate) fn rows_of_team<'o>(
    observations: &'o Observations,
    by_team: &'o [Vec<u32>],
    team: usize,
) -> impl Iterator<Item = &'o Observation> {
    let rows = by_team.get(team).map_or(&[][..], Vec::as_slice);
    rows.iter()
        .filter_map(|row| observations.rows.get(*row as usize))
}

/// As [`one`], and like with like.
fn whole(sample: Sample, cut: Cut<'_>, team: Option<String>) -> Comparison {
    let mut comparison = one(&sample, cut, team);
    comparison.stratified = stratified::stratified(&sample);
    comparison
}

/// Describes the arms and compares them, as they are and within author and repository.
fn one(sample: &Sample, cut: Cut<'_>, team: Option<String>) -> Comparison {
    let unadjusted = unadjusted::unadjusted(sample);
    let adjusted = adjusted::adjusted(sample);
    let headline = match (adjusted.shown(), unadjusted.shown()) {
        (Some(adjusted), _) => Some(Headline {
            basis: Basis::Adjusted,
            value: adjusted.value,
            interval: Some(adjusted.interval),
            p: Some(adjusted.p),
            detectable: adjusted.detectable,
        }),
        (None, Some(unadjusted)) => Some(Headline {
            basis: Basis::Unadjusted,
            value: unadjusted.value,
            interval: Some(unadjusted.interval),
            p: Some(unadjusted.p),
            detectable: unadjusted.detectable,
        }),
        (None, None) => None,
    };
    let simpson = match (unadjusted.shown(), adjusted.shown()) {
        (Some(pooled), Some(within)) => simpson(
            sample.unit,
            (pooled.value, pooled.interval),
            (within.value, within.interval),
        ),
        _ => None,
    };
    Comparison {
        exposure: cut.exposure,
        metric: sample.metric,
        team,
        unit: sample.unit,
        with_ai: described::describe(sample, true),
        without_ai: described::describe(sample, false),
        stratified: Gated::refused("not asked for"),
        survival: Gated::refused("not followed"),
        over_time: Gated::refused("for all together, and for durations and sizes only"),
        steps: sample.steps.clone(),
        unadjusted,
        adjusted,
        sensitivity: Vec::new(),
        simpson,
        headline,
        q: None,
        finding: Finding::NotEnoughData,
        sentence: String::new(),
    }
}

fn simpson(
    unit: EffectUnit,
    pooled: (f64, stats::Interval),
    within: (f64, stats::Interval),
) -> Option<Simpson> {
    let none = unit.none();
    let is_far = |value: f64| match unit {
        EffectUnit::Ratio => value.ln().abs() > SIMPSON_RATIO.ln(),
        EffectUnit::Points => value.abs() > SIMPSON_RATIO - 1.0,
    };
    let opposite = (pooled.0 > none) != (within.0 > none);
    let excludes = |interval: stats::Interval| interval.low > none || interval.high < none;
    (opposite && is_far(pooled.0) && is_far(within.0)).then(|| Simpson {
        pooled: pooled.0,
        within: within.0,
        both_certain: excludes(pooled.1) && excludes(within.1),
    })
}

/// Computes q-values over the family and says what each comparison finds.
///
/// What has too few pull requests to be a finding is not in the family: it is tested for nothing. Leaving it
/// out by its size alone keeps the procedure valid (R. Bourgon, R. Gentleman and W. Huber, "Independent
/// filtering increases detection power", PNAS 107 (2010) 9546-9551).
fn judge(comparisons: &mut [Comparison]) {
    let with_p: Vec<(usize, f64)> = comparisons
        .iter()
        .enumerate()
        .filter(|(_, comparison)| comparison.is_enough())
        .filter_map(|(index, comparison)| {
            let p = comparison.headline?.p?;
            p.is_finite().then_some((index, p))
        })
        .collect();
    let p_values: Vec<f64> = with_p.iter().map(|(_, p)| *p).collect();
    if let Ok(q_values) = benjamini_hochberg(&p_values) {
        for ((index, _), q) in with_p.iter().zip(q_values) {
            if let Some(comparison) = comparisons.get_mut(*index) {
                comparison.q = Some(q);
            }
        }
    }
    for comparison in comparisons {
        comparison.finding = finding(comparison);
        comparison.sentence = wording::sentence(
            comparison.exposure,
            comparison.metric,
            comparison.unit,
            comparison.finding,
            comparison.headline.as_ref(),
            comparison.q,
        );
    }
}

impl Comparison {
    /// Whether both arms have enough pull requests for a finding of any kind.
    fn is_enough(&self) -> bool {
        [&self.with_ai, &self.without_ai]
            .iter()
            .all(|arm| arm.as_ref().is_some_and(|arm| !arm.insufficient))
    }
}

fn finding(comparison: &Comparison) -> Finding {
    let Some(Headline {
        value,
        interval: Some(interval),
        ..
    }) = comparison.headline
    else {
        return Finding::NotEnoughData;
    };
    let none = comparison.unit.none();
    let as_ratio = |value: f64| match comparison.unit {
        EffectUnit::Ratio => value,
        // Ten points of a share are the margin there.
        EffectUnit::Points => 1.0 + value,
    };
    let ratios = stats::Interval {
        low: as_ratio(interval.low),
        high: as_ratio(interval.high),
    };
    let is_equivalent = matches!(
        equivalence_of_ratio(ratios, MARGIN),
        Ok(Equivalence::Equivalent)
    );
    let excludes = interval.low > none || interval.high < none;
    let is_enough = comparison.is_enough();
    let is_clear = excludes && is_enough && comparison.q.is_some_and(|q| q <= Q_LIMIT);
    match (is_clear, is_equivalent) {
        // A small difference can be certain; of a share it may still matter, of a duration it does
        // not.
        (true, true) if comparison.unit == EffectUnit::Ratio => Finding::NoMeaningfulChange,
        (true, _) if value > none => Finding::Higher,
        (true, _) => Finding::Lower,
        (false, true) if is_enough => Finding::NoMeaningfulChange,
        (false, _) => Finding::NotEnoughData,
    }
}
