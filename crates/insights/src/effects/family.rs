//! Families of comparisons: every metric, for all together and for each team.

use std::borrow::Cow;

use measures::Metric;
use rayon::iter::{IntoParallelRefMutIterator, ParallelBridge, ParallelIterator};

use super::compare::{judge, one};
use super::ordered::{ByTeam, Entry, ordered};
use super::outcome::Outcome;
use super::prepared::{Past, Prepared};
use super::sample::{Cut, Sample};
use super::survival::Waits;
use super::{
    Comparison, EffectUnit, Gated, Groups, Question, Sensitivity, over_time, sensitivity,
    stratified,
};

/// A family of comparisons that is asked for: one over which q-values are computed.
pub(crate) struct Family {
    pub(crate) question: Question,
    /// As things stood at this moment: each team for its headline only, not like with like and not followed
    /// over time. `None` for today.
    pub(crate) as_of: Option<i64>,
}

/// Where a comparison belongs: the places of its family and of its metric in it, and the team.
type Place = (usize, usize, Option<usize>);

/// A comparison that is to be made.
#[derive(Clone, Copy)]
struct Wanted<'f> {
    place: Place,
    family: &'f Family,
}

impl Wanted<'_> {
    fn team(self) -> Option<usize> {
        self.place.2
    }
}

/// Makes families of comparisons side by side, metric by metric.
///
/// The rows by one metric are large: no more than two metrics are held at a time, the comparisons of each
/// being shared out over all processors.
pub(crate) fn families(prepared: &Prepared<'_>, families: &[Family]) -> Vec<Vec<Comparison>> {
    let mut metrics: Vec<Metric> = families
        .iter()
        .flat_map(|family| family.question.metrics.clone())
        .collect();
    // Those that take longest go first.
    metrics.sort_by_key(|metric| (Outcome::of(*metric).unit() == EffectUnit::Points, *metric));
    metrics.dedup();
    let lane = |first: usize| -> Vec<(Place, Comparison)> {
        let metrics = metrics.iter().skip(first).step_by(2);
        let made = metrics.map(|metric| of_metric(prepared, families, *metric));
        made.flatten().collect()
    };
    let (mut made, mut others) = rayon::join(|| lane(0), || lane(1));
    made.append(&mut others);
    made.sort_unstable_by_key(|it| it.0);
    let mut judged: Vec<Vec<Comparison>> = families.iter().map(|_| Vec::new()).collect();
    for ((place, _, _), comparison) in made {
        judged[place].push(comparison);
    }
    for family in &mut judged {
        judge(family);
    }
    judged
}

/// Makes all comparisons in a metric, for all families.
fn of_metric(
    prepared: &Prepared<'_>,
    families: &[Family],
    metric: Metric,
) -> Vec<(Place, Comparison)> {
    let (table, reading) = (&prepared.table, &prepared.reading);
    let outcome = Outcome::of(metric);
    let teams = table.by_team().groups();
    let wanted = wanted(families, metric, teams);
    let (together, of_teams): (Vec<_>, Vec<_>) =
        wanted.into_iter().partition(|it| it.team().is_none());
    let values = outcome.values(table.observations, reading);
    let all = ordered(table, outcome, &values);
    let make_together = |wanted: Wanted<'_>| {
        let cut = Cut::whole(wanted.family.question.exposure, metric);
        (
            wanted.place,
            make_together(prepared, &all, wanted.family, cut),
        )
    };
    let mut made: Vec<(Place, Comparison)> = together
        .into_iter()
        .par_bridge()
        .map(make_together)
        .collect();
    let by_team = ByTeam::new(&all, teams);
    drop(all);
    let mut moments: Vec<i64> = of_teams.iter().filter_map(|it| it.family.as_of).collect();
    moments.sort_unstable();
    moments.dedup();
    let past = moments
        .iter()
        .map(|now| Past::new(prepared, outcome, &values, *now));
    let past: Vec<Past> = past.collect();
    drop(values);
    let make_team = |wanted: Wanted<'_>| {
        let team = wanted.team()?;
        let cut = Cut::whole(wanted.family.question.exposure, metric);
        let entries = match wanted.family.as_of {
            None => Cow::Borrowed(by_team.of(team)),
            Some(now) => {
                let past = past.iter().find(|past| past.now == now)?;
                Cow::Owned(past.of(by_team.of(team)))
            }
        };
        let sample = Sample::new(table, &entries, cut);
        let mut comparison = one(&sample, cut, Some(team));
        if wanted.family.as_of.is_none() {
            comparison.stratified = stratified::stratified(&sample);
        }
        Some((wanted.place, comparison))
    };
    let of_teams = of_teams.into_iter().par_bridge();
    made.extend(of_teams.filter_map(make_team).collect::<Vec<_>>());
    drop((by_team, past));
    follow(prepared, families, metric, &mut made);
    made
}

/// The comparisons of all families in a metric.
fn wanted(families: &[Family], metric: Metric, teams: usize) -> Vec<Wanted<'_>> {
    let mut wanted = Vec::new();
    for (index, family) in families.iter().enumerate() {
        let metrics = family.question.metrics.iter().enumerate();
        for (place, _) in metrics.filter(|it| *it.1 == metric) {
            if family.as_of.is_none() {
                wanted.push(Wanted {
                    place: (index, place, None),
                    family,
                });
            }
            let are_compared = match family.question.groups {
                Groups::TogetherAndTeams => family.as_of.is_some() || teams > 1,
                Groups::Together => false,
            };
            let teams = if are_compared { teams } else { 0 };
            wanted.extend((0..teams).map(|team| Wanted {
                place: (index, place, Some(team)),
                family,
            }));
        }
    }
    wanted
}

/// Compares all teams together: the one comparison that is also followed over time.
fn make_together(
    prepared: &Prepared<'_>,
    entries: &[Entry],
    family: &Family,
    cut: Cut,
) -> Comparison {
    let sample = Sample::new(&prepared.table, entries, cut);
    let mut comparison = one(&sample, cut, None);
    comparison.stratified = stratified::stratified(&sample);
    drop(sample);
    if comparison.unit == EffectUnit::Ratio {
        comparison.over_time = over_time::over_time(prepared, entries, cut.exposure, cut.outcome);
    }
    if family.question.sensitivity == Sensitivity::Together {
        comparison.sensitivity = sensitivity::variants(prepared, entries, cut);
        let headline = comparison.headline.as_ref();
        let missed = headline
            .and_then(|headline| sensitivity::if_detection_misses(headline, comparison.unit));
        comparison.sensitivity.extend(missed);
    }
    comparison
}

/// Follows the pull requests of today's comparisons from ready on, where the metric is one to be waited for.
fn follow(
    prepared: &Prepared<'_>,
    families: &[Family],
    metric: Metric,
    made: &mut [(Place, Comparison)],
) {
    let is_of_today = |place: &Place| families.get(place.0).is_some_and(|it| it.as_of.is_none());
    let mut today: Vec<&mut (Place, Comparison)> =
        made.iter_mut().filter(|it| is_of_today(&it.0)).collect();
    if today.is_empty() {
        return;
    }
    let Some(waits) = Waits::new(&prepared.table, metric, &prepared.reading) else {
        for (_, comparison) in today {
            comparison.survival = Gated::refused("for cycle and pickup only");
        }
        return;
    };
    today.sort_by_key(|it| it.0.2.is_some());
    let teams_from = today.partition_point(|it| it.0.2.is_none());
    let (together, of_teams) = today.split_at_mut(teams_from);
    together.par_iter_mut().for_each(|(_, comparison)| {
        comparison.survival = waits.of_all(comparison.exposure);
    });
    if of_teams.is_empty() {
        return;
    }
    let by_team = waits.by_team(prepared.table.by_team().groups());
    of_teams.par_iter_mut().for_each(|(place, comparison)| {
        if let Some(team) = place.2 {
            comparison.survival = by_team.of_team(comparison.exposure, team);
        }
    });
}
