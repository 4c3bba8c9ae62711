//! What is kept, what is wanted, and what comes next. Nothing here takes time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use insights::Report;
use jiff::Timestamp;

use super::{Found, Kept};
use crate::source::{Basis, Period};

/// Teams whose reports are worked out before anybody asks, those with the most pull requests first. The
/// others are worked out when their page is opened.
pub(super) const READY_TEAMS: usize = 64;

/// Reports that are kept beside those; the one asked for longest ago makes room.
pub(super) const MOST_OTHERS: usize = 24;

/// A report that nobody has asked for so long is not renewed, but forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(15);

/// How often the data is asked whether it changed.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What a report is about. The default is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    /// The months.
    pub(super) period: Period,
    /// The team, or all.
    pub(super) team: Option<String>,
}

impl Asked {
    fn is_everything(&self) -> bool {
        *self == Asked::default()
    }
}

/// A report, when it was made, and its number.
struct Dated {
    report: Arc<Report>,
    made_at: Timestamp,
    serial: u64,
    /// The teams in it, in order of name.
    teams: Arc<[String]>,
}

#[derive(Default)]
struct Slot {
    dated: Option<Dated>,
    /// As of which data it was worked out last, whether or not there was something to report.
    data_version: Option<u64>,
    failure: Option<String>,
    asked_at: Option<Instant>,
    is_wanted: bool,
    /// Whether it comes with the report of everything.
    is_ready_made: bool,
}

/// Everything that is kept.
pub(super) struct Desk {
    slots: HashMap<Asked, Slot>,
    basis: Option<Arc<Basis>>,
    serial: u64,
    /// Until then, what is only out of date has to wait.
    rests_until: Option<Instant>,
}

impl Default for Desk {
    fn default() -> Self {
        let everything = Slot {
            is_wanted: true,
            is_ready_made: true,
            ..Slot::default()
        };
        Desk {
            slots: HashMap::from([(Asked::default(), everything)]),
            basis: None,
            serial: 0,
            rests_until: None,
        }
    }
}

impl Desk {
    /// What there is; wants it where there is nothing.
    pub(super) fn look(&mut self, asked: &Asked) -> Found {
        let everything = self.slots.get(&Asked::default());
        let is_complete = everything.is_some_and(|slot| slot.data_version.is_some());
        let all_teams = everything
            .and_then(|slot| slot.dated.as_ref())
            .map(|dated| Arc::clone(&dated.teams));
        if let Some(team) = &asked.team {
            if let Some(failure) = everything.and_then(|slot| slot.failure.as_ref()) {
                return Found::Failed(failure.clone());
            }
            // Nobody makes us work by asking for names that there are not.
            let is_known = all_teams
                .as_ref()
                .is_some_and(|teams| teams.binary_search(team).is_ok());
            if is_complete && !is_known {
                return Found::NoSuchTeam;
            }
        }
        if !is_complete && !asked.is_everything() && !self.slots.contains_key(asked) {
            // It comes with everything, or is looked for after that.
            return Found::Working;
        }
        self.make_room(asked);
        let slot = self.slots.entry(asked.clone()).or_default();
        slot.asked_at = Some(Instant::now());
        if let Some(dated) = &slot.dated {
            let teams = match asked.team {
                Some(_) => all_teams.unwrap_or_else(|| Arc::clone(&dated.teams)),
                None => Arc::clone(&dated.teams),
            };
            return Found::Ready(Kept {
                report: Arc::clone(&dated.report),
                made_at: dated.made_at,
                serial: dated.serial,
                teams,
                basis: self.basis.clone(),
            });
        }
        if let Some(failure) = &slot.failure {
            return Found::Failed(failure.clone());
        }
        if slot.data_version.is_some() {
            return Found::NoSuchTeam;
        }
        slot.is_wanted = true;
        Found::Working
    }

    /// How many reports there are.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.slots
            .values()
            .filter(|slot| slot.dated.is_some())
            .count()
    }

    fn make_room(&mut self, asked: &Asked) {
        if self.slots.contains_key(asked) {
            return;
        }
        let others = |(_, slot): &(&Asked, &Slot)| !slot.is_ready_made;
        while self.slots.iter().filter(others).count() >= MOST_OTHERS {
            let oldest = self
                .slots
                .iter()
                .filter(others)
                .min_by_key(|(_, slot)| slot.asked_at)
                .map(|(asked, _)| asked.clone());
            match oldest {
                Some(oldest) => self.slots.remove(&oldest),
                None => return,
            };
        }
    }

    /// What is to be worked out next: what is not there before what is only out of date, what somebody
    /// asked for last before the rest.
    pub(super) fn next(&self) -> Option<Asked> {
        let is_rested = self.rests_until.is_none_or(|until| Instant::now() >= until);
        self.slots
            .iter()
            .filter(|(_, slot)| slot.is_wanted && (slot.data_version.is_none() || is_rested))
            .max_by_key(|(asked, slot)| {
                let is_missing = slot.data_version.is_none();
                (is_missing, asked.is_everything(), slot.asked_at)
            })
            .map(|(asked, _)| asked.clone())
    }

    /// Takes the next piece of work.
    pub(super) fn take(&mut self) -> Option<Asked> {
        let asked = self.next()?;
        if let Some(slot) = self.slots.get_mut(&asked) {
            slot.is_wanted = false;
        }
        Some(asked)
    }

    /// Keeps what everything rests on.
    pub(super) fn put_basis(&mut self, basis: Basis) {
        self.basis = Some(Arc::new(basis));
    }

    /// Keeps a report. The teams that come with everything are there before anybody asks.
    pub(super) fn put(&mut self, period: &Period, report: Report, data_version: u64) {
        let asked = Asked {
            period: period.clone(),
            team: report.scope.team.clone(),
        };
        self.serial += 1;
        let mut teams: Vec<String> = report
            .adoption_by_created
            .by_team
            .iter()
            .map(|team| team.name.clone())
            .collect();
        teams.sort_unstable();
        let dated = Dated {
            report: Arc::new(report),
            made_at: Timestamp::now(),
            serial: self.serial,
            teams: teams.into(),
        };
        let is_of_team = asked.team.is_some();
        let slot = self.slots.entry(asked).or_default();
        slot.dated = Some(dated);
        slot.failure = None;
        if is_of_team {
            slot.data_version = Some(data_version);
        }
    }

    /// Notes that a piece of work ended. Teams in `ready_made` came with it.
    pub(super) fn done(
        &mut self,
        asked: &Asked,
        outcome: Result<u64, String>,
        ready_made: &[String],
        took: Duration,
    ) {
        let is_good = outcome.is_ok();
        if let Some(slot) = self.slots.get_mut(asked) {
            let was_there = slot.data_version.is_some();
            match outcome {
                Ok(version) => {
                    if slot.data_version != Some(version) && asked.team.is_some() {
                        // It was not given anew: there is nothing to report any more.
                        slot.dated = None;
                    }
                    slot.data_version = Some(version);
                    slot.failure = None;
                }
                Err(failure) => {
                    // No version of any data: it is tried again at the next look.
                    slot.data_version = Some(u64::MAX);
                    slot.failure = Some(failure);
                }
            }
            if was_there {
                // While data streams in, at most half the time is spent on what is out of date.
                self.rests_until = Some(Instant::now() + took.max(LOOK_EVERY));
            }
        }
        if asked.is_everything() && is_good {
            for (asked, slot) in &mut self.slots {
                if let Some(team) = asked
                    .team
                    .as_ref()
                    .filter(|_| asked.period == Period::default())
                {
                    slot.is_ready_made = ready_made.contains(team);
                }
            }
        }
    }

    /// Wants anew what is out of date, and forgets what nobody asks for.
    pub(super) fn renew(&mut self, data_version: u64) {
        self.slots.retain(|_, slot| {
            slot.is_ready_made
                || slot.is_wanted
                || slot
                    .asked_at
                    .is_some_and(|at| at.elapsed() < FORGOTTEN_AFTER)
        });
        for (asked, slot) in &mut self.slots {
            let comes_by_itself = slot.is_ready_made && !asked.is_everything();
            if slot.data_version != Some(data_version) && !comes_by_itself {
                slot.is_wanted = true;
            }
        }
    }
}
