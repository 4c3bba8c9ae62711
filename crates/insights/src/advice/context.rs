//! What rules look at, computed once for all of them.

use measures::{Metric, Observation, Observations};

use super::rules::{Rule, Trigger};
use crate::adoption::Adoption;
use crate::effects::{Comparison, Exposure, Reading, rows_of_team, team_headlines};
use crate::months::{first_second_of, month_index};

/// Observations with the comparisons and the adoption that rules ask for, all as they stood at
/// `reading.now`.
pub(super) struct Context<'a> {
    pub(super) observations: &'a Observations,
    pub(super) reading: &'a Reading,
    pub(super) adoption: Adoption,
    by_team: &'a [Vec<u32>],
    comparisons: Vec<Comparison>,
}

impl<'a> Context<'a> {
    /// Compares what `rules` ask for. `adoption` is that of the months before `reading.now`.
    pub(super) fn new(
        observations: &'a Observations,
        by_team: &'a [Vec<u32>],
        adoption: Adoption,
        rules: &[Rule],
        reading: &'a Reading,
    ) -> Self {
        Context {
            observations,
            reading,
            adoption,
            by_team,
            comparisons: team_headlines(observations, by_team, &wanted(rules), reading),
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
        let rows = self.as_they_are(team, months, back);
        rows.filter_map(|row| row.as_of(self.reading.now))
    }

    /// All pull requests of a team in the arm with AI, each as it was then known.
    pub(super) fn with_ai(
        &self,
        team: usize,
        exposure: Exposure,
    ) -> impl Iterator<Item = Observation> {
        let rows = self.as_they_are(team, u32::MAX / 4, 0);
        rows.filter(move |row| exposure.arm(row) == Some(true))
            .filter_map(|row| row.as_of(self.reading.now))
    }

    fn as_they_are(
        &self,
        team: usize,
        months: u32,
        back: u32,
    ) -> impl Iterator<Item = &Observation> {
        let current = month_index(self.reading.now);
        let until = first_second_of(current.saturating_sub(months * back)).unwrap_or(0);
        let from = first_second_of(current.saturating_sub(months * (back + 1))).unwrap_or(0);
        rows_of_team(self.observations, self.by_team, team).filter(move |row| {
            !row.plain_bot
                && (row.opened.seconds()).is_some_and(|opened| (from..until).contains(&opened))
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
        self.comparisons.iter().find(|one| {
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
