//! Advice: rules as data, each with its numbers, the pull requests, one next step, and what would
//! change our mind.
//!
//! All rules see only what had happened when the last full month ended, so that the same month gives
//! the same advice however often and on whatever day it is asked for. What was advised a month before
//! is worked out anew in the same way and followed up.

mod behind;
mod context;
mod rules;
mod triggers;

use std::collections::BTreeMap;

use measures::Observations;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use serde::Serialize;

use crate::adoption::{AdoptionClock, Counts};
use crate::effects::{Comparison, Family, Prepared, Reading, families};
use crate::months::{first_second_of, month_index, month_name};
use behind::Behind;
use context::{Context, families_of};
pub use rules::{Rule, RulesError, builtin_rules, parse_rules};
pub use triggers::Number;
use triggers::Seen;

/// The most advice that a team gets at a time.
pub const MOST_FOR_A_TEAM: usize = 5;

/// The advice of all teams.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct AdviceReport {
    /// The last full month: nothing later is looked at.
    pub month: String,
    /// By team, in order of name; teams without any are left out.
    pub teams: Vec<TeamAdvice>,
}

/// The advice of a team.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TeamAdvice {
    /// The team.
    pub team: String,
    /// The weightiest first, at most five.
    pub advice: Vec<Advice>,
    /// What became of the advice of the month before.
    pub follow_up: Vec<FollowUp>,
}

/// A piece of advice.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Advice {
    /// The same for the same rule and team in every run.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// What it is about.
    pub title: String,
    /// The finding in a sentence, with its uncertainty.
    pub statement: String,
    /// The numbers behind it.
    pub numbers: Vec<Number>,
    /// The pull requests behind it.
    pub pull_requests: Evidence,
    /// One thing to do.
    pub next_step: String,
    /// What would show that it is wrong or done.
    pub would_change_our_mind: String,
    /// Whether it was given the month before already.
    pub given_before: bool,
    /// By which it is ranked.
    pub weight: f64,
}

/// The pull requests behind a piece of advice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Evidence {
    /// How many there are.
    pub total: u64,
    /// The newest of them, as `owner/name#12`.
    pub newest: Vec<String>,
}

/// What became of advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FollowUpOutcome {
    /// It would be given again.
    StillHolds,
    /// It would not.
    NoLongerHolds,
    /// There is too little to say.
    CannotTell,
}

/// Advice of the month before, looked at again.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct FollowUp {
    /// The advice's id.
    pub id: String,
    /// What it was about.
    pub title: String,
    /// What was said then.
    pub then: String,
    /// The numbers of then.
    pub numbers_then: Vec<Number>,
    /// What is said now; `None` where there is too little to say.
    pub now: Option<String>,
    /// The same numbers now; empty where there is too little to say.
    pub numbers_now: Vec<Number>,
    /// What became of it.
    pub outcome: FollowUpOutcome,
}

/// Works out the advice of the last full month before `reading.now`.
pub fn advise(observations: &Observations, rules: &[Rule], reading: &Reading) -> AdviceReport {
    let prepared = Prepared::new(observations, reading);
    let comparisons = families(&prepared, &families_asked(rules, reading));
    advise_prepared(&prepared, rules, &comparisons)
}

/// The comparisons that [`advise_prepared`] takes: as of the end of the last full month, and of the one
/// before it.
pub(crate) fn families_asked(rules: &[Rule], reading: &Reading) -> Vec<Family> {
    let moments = moments_of(reading).into_iter();
    moments
        .flat_map(|now| families_of(rules, now.unwrap_or(0)))
        .collect()
}

/// When the last full month ended, and when the one before it.
fn moments_of(reading: &Reading) -> [Option<i64>; 2] {
    let current = month_index(reading.now);
    [current, current.saturating_sub(1)].map(first_second_of)
}

/// As [`advise`], from the comparisons of [`families_asked`].
pub(crate) fn advise_prepared(
    prepared: &Prepared<'_>,
    rules: &[Rule],
    comparisons: &[Vec<Comparison>],
) -> AdviceReport {
    let observations = prepared.table.observations;
    let current = month_index(prepared.reading.now);
    let counts = Counts::of(observations, AdoptionClock::Created);
    let (of_now, of_before) = comparisons.split_at(comparisons.len() / 2);
    let seen_when = |now: Option<i64>, comparisons: &[Vec<Comparison>]| {
        let Some(now) = now else {
            return Vec::new();
        };
        let adoption = counts.adoption(observations, month_index(now), None);
        seen_in(&Context::new(prepared, adoption, comparisons, now), rules)
    };
    let [now, before] = moments_of(&prepared.reading);
    let (now, before) = rayon::join(|| seen_when(now, of_now), || seen_when(before, of_before));
    let mut teams: BTreeMap<&str, TeamAdvice> = BTreeMap::new();
    let fired_before = |id: &str| before.iter().any(|seen| seen.id == id && seen.fires());
    for seen in now.iter().filter(|seen| seen.fires()) {
        let Some(measured) = &seen.measured else {
            continue;
        };
        let of_team = teams.entry(&seen.team).or_insert_with(|| empty(&seen.team));
        of_team.advice.push(Advice {
            id: seen.id.clone(),
            rule: seen.rule.id.clone(),
            title: seen.rule.title.clone(),
            statement: measured.statement.clone(),
            numbers: measured.numbers.clone(),
            pull_requests: evidence(observations, &measured.rows),
            next_step: seen.rule.next_step.clone(),
            would_change_our_mind: seen.rule.would_change_our_mind.clone(),
            given_before: fired_before(&seen.id),
            weight: seen.rule.weight,
        });
    }
    for of_team in teams.values_mut() {
        of_team.advice.sort_by(|one, other| {
            other
                .weight
                .total_cmp(&one.weight)
                .then(one.id.cmp(&other.id))
        });
        of_team.advice.truncate(MOST_FOR_A_TEAM);
    }
    for seen in given(&before) {
        let Some(then) = &seen.measured else {
            continue;
        };
        let again = now.iter().find(|again| again.id == seen.id);
        let measured = again.and_then(|again| again.measured.as_ref());
        let of_team = teams.entry(&seen.team).or_insert_with(|| empty(&seen.team));
        of_team.follow_up.push(FollowUp {
            id: seen.id.clone(),
            title: seen.rule.title.clone(),
            then: then.statement.clone(),
            numbers_then: then.numbers.clone(),
            numbers_now: measured.map_or_else(Vec::new, |measured| measured.numbers.clone()),
            now: measured.map(|measured| measured.statement.clone()),
            outcome: match measured {
                None => FollowUpOutcome::CannotTell,
                Some(measured) if measured.fires => FollowUpOutcome::StillHolds,
                Some(_) => FollowUpOutcome::NoLongerHolds,
            },
        });
    }
    AdviceReport {
        month: month_name(current.saturating_sub(1)),
        teams: teams.into_values().collect(),
    }
}

fn empty(team: &str) -> TeamAdvice {
    TeamAdvice {
        team: team.to_owned(),
        advice: Vec::new(),
        follow_up: Vec::new(),
    }
}

/// A rule held against a team.
struct SeenRule<'r> {
    id: String,
    team: String,
    rule: &'r Rule,
    measured: Option<Seen>,
}

impl SeenRule<'_> {
    fn fires(&self) -> bool {
        self.measured.as_ref().is_some_and(|seen| seen.fires)
    }
}

/// Holds every rule against every team.
fn seen_in<'r>(context: &Context<'_>, rules: &'r [Rule]) -> Vec<SeenRule<'r>> {
    let teams = context.observations.teams.names().par_iter().enumerate();
    let seen: Vec<Vec<SeenRule<'r>>> = teams
        .map(|(team, name)| {
            let mut of_team: Vec<SeenRule<'r>> = rules
                .iter()
                .map(|rule| SeenRule {
                    id: format!("{}/{name}", rule.id),
                    team: name.to_string(),
                    rule,
                    measured: triggers::look(&rule.when, context, team),
                })
                .collect();
            if of_team
                .iter()
                .any(|one| one.fires() && !one.rule.only_alone)
            {
                of_team.retain(|one| !one.rule.only_alone);
            }
            of_team
        })
        .collect();
    seen.into_iter().flatten().collect()
}

/// What was given out of what fired: the weightiest five of each team.
fn given<'a, 'r>(seen: &'a [SeenRule<'r>]) -> Vec<&'a SeenRule<'r>> {
    let mut fired: Vec<&SeenRule<'r>> = seen.iter().filter(|seen| seen.fires()).collect();
    fired.sort_by(|one, other| {
        one.team
            .cmp(&other.team)
            .then(other.rule.weight.total_cmp(&one.rule.weight))
            .then(one.id.cmp(&other.id))
    });
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    fired.retain(|seen| {
        let count = counts.entry(&seen.team).or_default();
        *count += 1;
        *count <= MOST_FOR_A_TEAM
    });
    fired
}

fn evidence(observations: &Observations, behind: &Behind) -> Evidence {
    let newest = behind.newest().map(|(repo, number)| {
        format!(
            "{}#{number}",
            observations.repos.name(repo).unwrap_or_default()
        )
    });
    Evidence {
        total: behind.total(),
        newest: newest.collect(),
    }
}
