//! Question 9: reverts and repeated rounds, with odds within repository, size and type.

use std::collections::HashMap;

use measures::{Arm, Metric, Observation, Observations, SizeBucket};
use serde::Serialize;
use stats::{Interval, Proportion, mantel_haenszel_clustered};

use crate::effects::{Gated, Reading, value_of};
use crate::gates::{ArmSize, FEWEST_PEOPLE, too_rare};
use crate::wording::FEWEST_SHOWN;

/// Fewest pull requests in each arm for odds.
const FEWEST_IN_ARM: u64 = 30;

/// What is counted as a sign of quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QualitySign {
    /// Reverted within 30 days, of those merged at least 30 days ago.
    Reverted,
    /// More than one round of review, of those with a review by another person.
    SeveralRounds,
}

/// The odds with AI against those without, within repository, size bucket and type.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Odds {
    /// The Mantel-Haenszel odds ratio; above 1 it happens more often with AI.
    pub ratio: f64,
    /// Its 95 % interval, clustered by author.
    pub interval: Interval,
    /// Two-sided p-value.
    pub p: f64,
    /// Pull requests compared.
    pub n: usize,
}

/// A sign of quality, with AI and without.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Quality {
    /// What is counted.
    pub sign: QualitySign,
    /// The team; `None` for all together.
    pub team: Option<String>,
    /// The share with AI; `None` below five pull requests.
    pub with_ai: Option<Proportion>,
    /// The share without AI detected.
    pub without_ai: Option<Proportion>,
    /// Like with like; for all together and for teams.
    pub odds: Gated<Odds>,
}

#[derive(Default)]
struct Rows {
    ai: Vec<bool>,
    event: Vec<bool>,
    stratum: Vec<u32>,
    person: Vec<u32>,
}

/// Both signs, for all together and for each team where there are several.
pub(super) fn quality(observations: &Observations, reading: &Reading) -> Vec<Quality> {
    let teams = observations.teams.names().len();
    let mut found = Vec::new();
    for sign in [QualitySign::Reverted, QualitySign::SeveralRounds] {
        let mut all = Rows::default();
        let mut by_team: Vec<Rows> = (0..teams).map(|_| Rows::default()).collect();
        let mut strata: HashMap<(u32, u32, u32), u32> = HashMap::new();
        for row in observations.rows.iter().filter(|row| row.measured) {
            let (Some(arm), Some(event)) = (row.arm(), event_of(sign, row, reading)) else {
                continue;
            };
            let next = strata.len() as u32;
            let stratum = *strata.entry(stratum_of(row)).or_insert(next);
            let of_team = row.team.index().and_then(|team| by_team.get_mut(team));
            let repo = row.repo.index().unwrap_or(0) as u32;
            let person = row.person.index();
            for rows in std::iter::once(&mut all).chain(of_team) {
                rows.ai.push(arm == Arm::Ai);
                rows.event.push(event);
                rows.stratum.push(stratum);
                // Whose person is not known is a cluster with the repository.
                rows.person
                    .push(person.map_or(u32::MAX - repo, |person| person as u32));
            }
        }
        found.push(judge(sign, None, &all));
        if teams > 1 {
            let names = observations.teams.names().iter();
            found.extend(
                (names.zip(&by_team))
                    .filter(|(_, rows)| !rows.ai.is_empty())
                    .map(|(name, rows)| judge(sign, Some(name.to_string()), rows)),
            );
        }
    }
    found
}

fn event_of(sign: QualitySign, row: &Observation, reading: &Reading) -> Option<bool> {
    match sign {
        QualitySign::Reverted => value_of(Metric::Reverted, row, reading).map(|value| value == 1),
        QualitySign::SeveralRounds => {
            let rounds = row.review_rounds()?;
            (rounds > 0).then_some(rounds > 1)
        }
    }
}

fn stratum_of(row: &Observation) -> (u32, u32, u32) {
    let size = row
        .size_lines()
        .map_or(u32::MAX, |lines| SizeBucket::of(u64::from(lines)) as u32);
    let kind = row.change_type.map_or(u32::MAX, |kind| kind as u32);
    (row.repo.index().unwrap_or(0) as u32, size, kind)
}

fn judge(sign: QualitySign, team: Option<String>, rows: &Rows) -> Quality {
    let share = |with_ai: bool| {
        let of_arm = || (rows.ai.iter().zip(&rows.event)).filter(|(ai, _)| **ai == with_ai);
        let events = of_arm().filter(|(_, event)| **event).count();
        Proportion::new(events as u64, of_arm().count() as u64)
    };
    let (with_ai, without_ai) = (share(true), share(false));
    let shown = |share: Proportion| (share.n >= FEWEST_SHOWN as u64).then_some(share);
    let events = with_ai.successes + without_ai.successes;
    let fewest = with_ai.n.min(without_ai.n);
    let people = ArmSize::of(&rows.person).people;
    let odds = if fewest < FEWEST_IN_ARM {
        Gated::refused(format!(
            "{fewest} pull requests in one arm, {FEWEST_IN_ARM} are needed"
        ))
    } else if let Some(why) = too_rare(events as usize, rows.ai.len()) {
        Gated::refused(why)
    } else if people < FEWEST_PEOPLE {
        Gated::refused(format!("{people} authors, {FEWEST_PEOPLE} are needed"))
    } else {
        mantel_haenszel_clustered(&rows.ai, &rows.event, &rows.stratum, &rows.person).map_or_else(
            |error| Gated::refused(error.to_string()),
            |odds| {
                Gated::Shown(Odds {
                    ratio: odds.odds_ratio,
                    interval: odds.interval,
                    p: odds.p,
                    n: odds.n,
                })
            },
        )
    };
    Quality {
        sign,
        team,
        with_ai: shown(with_ai),
        without_ai: shown(without_ai),
        odds,
    }
}
