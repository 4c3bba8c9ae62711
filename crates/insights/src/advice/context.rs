//! What rules look at, computed once for all of them.

use measures::{Metric, Observation, Observations};

use super::rules::{Rule, Trigger};
use crate::adoption::{Adoption, AdoptionClock, adoption_of};
use crate::effects::{Comparison, Exposure, Groups, Question, Reading, Sensitivity, compare};
use crate::months::{first_second_of, month_index};

/// Observations up to a moment, with the comparisons and the adoption that rules ask for.
pub(super) struct Context<'a> {
    pub(super) observations: &'a Observations,
    pub(super) reading: &'a Reading,
    pub(super) adoption: Adoption,
    by_team: Vec<Vec<u32>>,
    comparisons: Vec<Comparison>,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        observations: &'a Observations,
        rules: &[Rule],
        reading: &'a Reading,
    ) -> Self {
        let mut by_team = vec![Vec::new(); observations.teams.names().len()];
        for (index, row) in observations.rows.iter().enumerate() {
            if let Some(rows) = row.team.index().and_then(|team| by_team.get_mut(team)) {
                rows.push(index as u32);
            }
        }
        let wanted = wanted(rules);
        let mut comparisons = Vec::new();
        for exposure in [Exposure::AiAuthored, Exposure::AiReviewed] {
            let metrics: Vec<Metric> = wanted
                .iter()
                .filter(|(one, _)| *one == exposure)
                .map(|(_, metric)| *metric)
                .collect();
            comparisons.extend(compare(
                observations,
                &Question {
                    exposure,
                    metrics,
                    groups: Groups::TeamHeadlines,
                    sensitivity: Sensitivity::Skip,
                },
                reading,
            ));
        }
        Context {
            observations,
            reading,
            adoption: adoption_of(observations, AdoptionClock::Created, None),
            by_team,
            comparisons,
        }
    }

    /// The pull requests of a team that were opened in the last full months, or in those before
    /// them: `back` is how many stretches to go back.
    pub(super) fn rows_of(
        &self,
        team: usize,
        months: u32,
        back: u32,
    ) -> impl Iterator<Item = &Observation> {
        let current = month_index(self.reading.now);
        let until = first_second_of(current.saturating_sub(months * back)).unwrap_or(0);
        let from = first_second_of(current.saturating_sub(months * (back + 1))).unwrap_or(0);
        self.by_team
            .get(team)
            .into_iter()
            .flatten()
            .filter_map(|row| self.observations.rows.get(*row as usize))
            .filter(move |row| {
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
