//! A made-up organisation with known truth: six teams, eighteen months, some three thousand pull
//! requests.
//!
//! Nothing in it is real, and everything in it is known: who used which tool, what the tool left
//! behind, what AI does to the clocks in each team. So the demo can show, beside what Tandem
//! finds, what there was to find.
//!
//! The same seed and day give the same organisation.

mod bots;
mod calendar;
mod chance;
mod clocks;
mod conversation;
mod documents;
mod hand;
mod languages;
mod people;
mod plan;
mod repositories;
mod reverts;
mod signals;
mod summary;
mod teams;
mod texts;
mod tools;
mod traps;
mod truth;
mod vocabulary;
mod writer;

#[cfg(test)]
mod tests;

use jiff::civil::Date;
use model::PullRequest;

use calendar::{MONTHS, Month, midnight, months_until};
use chance::Chance;
pub(crate) use summary::PlantedSummary;
pub(crate) use teams::Team;
pub(crate) use truth::PlantedTruth;
use writer::{RepositoryState, Slot};

/// Streams below this number belong to teams and months, those above to pull requests.
const FIRST_RECORD_STREAM: u64 = 1 << 32;

/// The organisation.
#[derive(Debug, Clone)]
pub(crate) struct Organisation {
    seed: u64,
    today: Date,
    months: Vec<Month>,
    teams: Vec<Team>,
}

impl Organisation {
    /// Founds the organisation as it stands at the start of `today` (UTC).
    pub(crate) fn new(seed: u64, today: Date) -> Self {
        let teams = plan::TEAMS
            .iter()
            .enumerate()
            .map(|(index, plan)| Team::new(index, plan, &mut Chance::new(seed, index as u64)))
            .collect();
        Organisation {
            seed,
            today,
            months: months_until(today),
            teams,
        }
    }

    /// The six teams.
    pub(crate) fn teams(&self) -> &[Team] {
        &self.teams
    }

    /// All pull requests with their truth: by team, then by month and time of creation.
    ///
    /// No more than one team's month is held in memory.
    pub(crate) fn pull_requests(&self) -> impl Iterator<Item = (PullRequest, PlantedTruth)> + '_ {
        self.teams.iter().flat_map(move |team| {
            let mut states = vec![RepositoryState::default(); team.plan.repositories.len()];
            self.months
                .iter()
                .flat_map(move |month| self.team_month(team, month, &mut states))
        })
    }

    /// What is planted, counted in a pass of its own.
    pub(crate) fn summary(&self) -> PlantedSummary {
        let mut tally = summary::Tally::new(self.seed, self.today.to_string());
        for team in &self.teams {
            let mut states = vec![RepositoryState::default(); team.plan.repositories.len()];
            for month in &self.months {
                tally.open_cell(team, month.index, &month.label);
                for (record, truth) in self.team_month(team, month, &mut states) {
                    tally.count(&record, &truth);
                }
            }
        }
        tally.finish(&self.teams, &self.months)
    }

    /// The pull requests a team opens in a month, oldest first.
    fn team_month(
        &self,
        team: &Team,
        month: &Month,
        states: &mut [RepositoryState],
    ) -> Vec<(PullRequest, PlantedTruth)> {
        let cell = (team.index * MONTHS + month.index) as u64;
        let mut chance = Chance::new(self.seed, (1 << 16) + cell);
        let expected = team.plan.monthly * month.elapsed;
        let count = (expected + 0.12 * expected * chance.normal())
            .round()
            .max(0.0) as usize;
        let mut moments: Vec<i64> = (0..count)
            .map(|_| month.working_moment(&mut chance))
            .collect();
        moments.sort_unstable();
        let mut records = Vec::with_capacity(count);
        for (index, opened) in moments.into_iter().enumerate() {
            let stream = FIRST_RECORD_STREAM + (cell << 16) + index as u64;
            let slot = Slot {
                team,
                month,
                opened,
                until: midnight(self.today),
            };
            records.push(writer::write(
                &slot,
                states,
                &mut Chance::new(self.seed, stream),
            ));
        }
        records
    }
}
