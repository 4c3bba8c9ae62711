//! What rules look at, computed once for all of them.

use std::ops::Range;

use measures::{Metric, Observation, Observations};

use super::rules::{Rule, Trigger};
use crate::adoption::Adoption;
use crate::effects::{
    Comparison, Exposure, Family, Groups, Packed, Prepared, Question, Reading, Sensitivity,
};
use crate::months::month_index;

/// Observations with the comparisons and the adoption that rules ask for, all as they stood at
/// `reading.now`.
pub(super) struct Context<'a> {
    pub(super) observations: &'a Observations,
    pub(super) reading: Reading,
    pub(super) adoption: Adoption,
    prepared: &'a Prepared<'a>,
    comparisons: &'a [Vec<Comparison>],
}

impl<'a> Context<'a> {
    /// Takes the comparisons of [`families_of`] the rules, and the adoption of the months before `now`, the
    /// first second of a month.
    pub(super) fn new(
        prepared: &'a Prepared<'a>,
        adoption: Adoption,
        comparisons: &'a [Vec<Comparison>],
        now: i64,
    ) -> Self {
        Context {
            observations: prepared.table.observations,
            reading: Reading {
                now,
                ..prepared.reading.clone()
            },
            adoption,
            comparisons,
            prepared,
        }
    }

    /// The pull requests of a team that were opened in the last full months, or in those before
    /// them: `back` is how many stretches to go back. Each as it was then known.
    pub(super) fn rows_of(
        &self,
        team: usize,
        months: u32,
        back: u32,
    ) -> impl Iterator<Item = Observation> {
        let current = month_index(self.reading.now);
        let until = current.saturating_sub(months * back);
        let from = current.saturating_sub(months * (back + 1));
        self.as_known(team, from.max(1)..until, |_| true)
    }

    /// All pull requests of a team in the arm with AI, each as it was then known.
    pub(super) fn with_ai(
        &self,
        team: usize,
        exposure: Exposure,
    ) -> impl Iterator<Item = Observation> {
        let until = month_index(self.reading.now);
        self.as_known(team, 1..until, move |row| {
            row.flags.arm(exposure) == Some(true)
        })
    }

    /// Those that were not opened by plain automation, in a range of months.
    fn as_known(
        &self,
        team: usize,
        months: Range<u32>,
        is_wanted: impl Fn(&Packed) -> bool,
    ) -> impl Iterator<Item = Observation> {
        let rows = self.prepared.table.by_team().of(team).iter();
        let wanted = rows.filter(move |row| {
            let packed = self.prepared.table.row(**row);
            months.contains(&u32::from(packed.month))
                && !packed.flags.is_plain_bot()
                && is_wanted(packed)
        });
        wanted.filter_map(|row| {
            let row = self.observations.rows.get(*row as usize)?;
            row.as_of(self.reading.now)
        })
    }

    /// The comparison of a team.
    pub(super) fn comparison(
        &self,
        team: usize,
        exposure: Exposure,
        metric: Metric,
    ) -> Option<&Comparison> {
        let name = self.observations.teams.names().get(team)?;
        self.comparisons.iter().flatten().find(|one| {
            one.exposure == exposure
                && one.metric == metric
                && one.team.as_deref() == Some(name.as_ref())
        })
    }

    /// The team's name.
    pub(super) fn team_name(&self, team: usize) -> &str {
        self.observations
            .teams
            .names()
            .get(team)
            .map_or("", AsRef::as_ref)
    }
}

/// The families of comparisons of teams that rules ask for at a moment: one for each exposure.
pub(super) fn families_of(rules: &[Rule], now: i64) -> Vec<Family> {
    let wanted = wanted(rules);
    let family = |exposure| {
        let asked = wanted.iter().filter(|it| it.0 == exposure);
        Family {
            question: Question {
                exposure,
                metrics: asked.map(|it| it.1).collect(),
                groups: Groups::TogetherAndTeams,
                sensitivity: Sensitivity::Skip,
            },
            as_of: Some(now),
        }
    };
    [Exposure::AiAuthored, Exposure::AiReviewed]
        .map(family)
        .into()
}

/// The comparisons that rules ask for, each once.
fn wanted(rules: &[Rule]) -> Vec<(Exposure, Metric)> {
    let mut wanted = Vec::new();
    for rule in rules {
        let asked = match &rule.when {
            Trigger::Finding {
                exposure, metric, ..
            }
            | Trigger::RatioAbove {
                exposure, metric, ..
            }
            | Trigger::Unconfirmed { exposure, metric }
            | Trigger::Simpson { exposure, metric } => (*exposure, *metric),
            Trigger::BotFirstWithoutEffect { .. } => (Exposure::AiReviewed, Metric::Pickup),
            _ => continue,
        };
        if !wanted.contains(&asked) {
            wanted.push(asked);
        }
    }
    wanted
}
