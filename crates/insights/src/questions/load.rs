//! Question 6: are reviewers drowning?
//!
//! A review is counted once for each person and pull request on which that person submitted one, in the
//! month of the first look at it by another person. People are counted, never named; what fewer than five
//! people did is not shown.

use std::collections::{BTreeMap, HashMap};

use measures::{Arm, Clock, Metric, Observation, Observations};
use serde::Serialize;
use stats::{Interval, gini, median, share_of_top, within_spearman_clustered};

use super::panel::Panel;
use crate::effects::{Gated, Reading};
use crate::months::{first_second_of, month_index, month_name};
use crate::wording::{FEWEST_SHOWN, too_few_team_months};

/// Fewest reviewers for the share of the busiest tenth.
const FEWEST_FOR_TENTH: usize = 10;
/// Fewest reviews of an arm for that share.
const FEWEST_REVIEWS: f64 = 20.0;
/// Fewest teams and months for the lagged correlation.
const FEWEST_TEAMS: usize = 6;
const FEWEST_MONTHS: usize = 6;

/// The load in a complete month.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct LoadMonth {
    /// The month, `2026-05`.
    pub month: String,
    /// Reviews: pairs of a person and a pull request.
    pub reviews: u64,
    /// People who reviewed; `None` below five.
    pub reviewers: Option<usize>,
    /// Reviews for each of them; `None` below five.
    pub per_reviewer: Option<f64>,
    /// How unevenly they are spread: 0 all the same, near 1 all on one; `None` below five.
    pub gini: Option<f64>,
    /// Pull requests that at the month's end were ready, not yet looked at by another person, and not over.
    pub waiting: u64,
    /// Those of them in which AI wrote or helped.
    pub waiting_with_ai: u64,
    /// The median time for which they had been ready, in seconds; `None` where none waits.
    pub median_age_seconds: Option<f64>,
}

/// The share of reviews that the busiest tenth of reviewers does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct BusiestTenth {
    /// People who reviewed anything, the tenth of whom is taken.
    pub reviewers: usize,
    /// Of the reviews of pull requests with AI: the share done by the tenth that does most of them; `None`
    /// below 20 reviews.
    pub of_ai: Option<f64>,
    /// The same of those without AI detected.
    pub of_others: Option<f64>,
}

/// The load of a team, or of all together.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Load {
    /// The team; `None` for all together.
    pub team: Option<String>,
    /// The complete months, oldest first.
    pub months: Vec<LoadMonth>,
    /// Over all months.
    pub busiest_tenth: Gated<BusiestTenth>,
}

/// Whether pickup is slower in the month after one with more AI, within teams.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct LaggedCorrelation {
    /// Spearman's correlation of AI's share in a month with the median pickup of the next, the teams' means
    /// taken off. An association, not a cause.
    pub rho: f64,
    /// Its 95 % interval, leaving out one team at a time.
    pub interval: Interval,
    /// Two-sided p-value.
    pub p: f64,
    /// Teams.
    pub teams: usize,
    /// Months.
    pub months: usize,
    /// Pairs of months.
    pub n: usize,
}

/// The load on reviewers.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ReviewerLoad {
    /// All together, then the teams where there are several.
    pub groups: Vec<Load>,
    /// AI's share against next month's pickup.
    pub share_to_next_pickup: Gated<LaggedCorrelation>,
    /// Reviewed pull requests whose reviewers are not stored: `tandem detect` reads them.
    pub without_reviewers: u64,
}

pub(super) fn reviewer_load(
    observations: &Observations,
    teams: &Panel,
    reading: &Reading,
) -> ReviewerLoad {
    let gathered = Gathered::new(observations, reading);
    let team_count = observations.teams.names().len();
    let mut groups = vec![gathered.load(None, None)];
    if team_count > 1 {
        let names = observations.teams.names().iter().zip(0..);
        groups.extend(
            names
                .map(|(name, team)| gathered.load(Some(name.to_string()), Some(team)))
                .filter(|load| !load.months.is_empty()),
        );
    }
    ReviewerLoad {
        groups,
        share_to_next_pickup: lagged(teams),
        without_reviewers: gathered.without_reviewers,
    }
}

/// How many of each arm, without AI and with.
type ByArm = [u32; 2];

/// Pull requests waiting at the end of a month.
#[derive(Default)]
struct Queue {
    ages: Vec<f64>,
    with_ai: u64,
}

#[derive(Default)]
struct Gathered {
    /// Reviews by team, month and person.
    reviews: BTreeMap<(u32, u32), HashMap<u32, ByArm>>,
    /// By team and month.
    queues: BTreeMap<(u32, u32), Queue>,
    without_reviewers: u64,
}

impl Gathered {
    fn new(observations: &Observations, reading: &Reading) -> Gathered {
        let sets = reviewer_sets(observations);
        let current = month_index(reading.now);
        let mut gathered = Gathered::default();
        let rows = observations.rows.iter();
        for row in rows.filter(|row| row.measured && !row.plain_bot) {
            let Some(team) = row.team.index() else {
                continue;
            };
            let team = team as u32;
            gathered.add_waiting(row, team, current, reading);
            if row.human_reviews().unwrap_or(0) == 0 {
                continue;
            }
            let Some(people) = row.reviewers.index().and_then(|set| sets.get(set)) else {
                gathered.without_reviewers += 1;
                continue;
            };
            let first_look =
                (row.human_review.seconds()).or_else(|| row.human_review_from_open.seconds());
            let Some(month) = first_look.map(month_index).filter(|month| *month < current) else {
                continue;
            };
            let of_month = gathered.reviews.entry((team, month)).or_default();
            let arm = usize::from(row.arm() == Some(Arm::Ai));
            for person in people {
                of_month.entry(*person).or_default()[arm] += 1;
            }
        }
        gathered
    }

    /// Counts a pull request at the end of each complete month in which it waited.
    fn add_waiting(&mut self, row: &Observation, team: u32, current: u32, reading: &Reading) {
        // Without known reviews nobody knows whether one came.
        let (Some(ready), Some(_)) = (row.ready.seconds(), row.human_reviews()) else {
            return;
        };
        let picked_up = row
            .clock(Clock::Pickup, &measures::Calendar::Always)
            .map(|seconds| ready + seconds);
        let until = match (picked_up, row.ended()) {
            (Some(at), _) | (None, Some(at)) => at,
            (None, None) => reading.now,
        };
        let last = month_index(until).min(current);
        for month in month_index(ready)..last {
            let Some(end) = first_second_of(month + 1) else {
                return;
            };
            let Some(age) = reading.calendar.seconds_between(ready, end) else {
                continue;
            };
            let queue = self.queues.entry((team, month)).or_default();
            queue.ages.push(age as f64);
            queue.with_ai += u64::from(row.arm() == Some(Arm::Ai));
        }
    }

    fn load(&self, name: Option<String>, team: Option<u32>) -> Load {
        let is_wanted = |one: u32| team.is_none_or(|team| team == one);
        let mut months: BTreeMap<u32, (HashMap<u32, u32>, Queue)> = BTreeMap::new();
        let mut people: HashMap<u32, ByArm> = HashMap::new();
        for ((_, month), reviews) in self.reviews.iter().filter(|it| is_wanted(it.0.0)) {
            let (of_month, _) = months.entry(*month).or_default();
            for (person, by_arm) in reviews {
                *of_month.entry(*person).or_default() += by_arm[0] + by_arm[1];
                let sums = people.entry(*person).or_default();
                sums[0] += by_arm[0];
                sums[1] += by_arm[1];
            }
        }
        for ((_, month), queue) in self.queues.iter().filter(|it| is_wanted(it.0.0)) {
            let (_, sum) = months.entry(*month).or_default();
            sum.ages.extend(&queue.ages);
            sum.with_ai += queue.with_ai;
        }
        Load {
            team: name,
            months: months
                .into_iter()
                .map(|(month, (reviews, queue))| load_month(month, &reviews, &queue))
                .collect(),
            busiest_tenth: busiest_tenth(&people),
        }
    }
}

/// The people of each set of reviewers, each person a number.
fn reviewer_sets(observations: &Observations) -> Vec<Vec<u32>> {
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let sets = observations.reviewer_sets.names();
    sets.iter()
        .map(|set| {
            set.split(',')
                .map(|person| {
                    let next = numbers.len() as u32;
                    *numbers.entry(person).or_insert(next)
                })
                .collect()
        })
        .collect()
}

fn load_month(month: u32, reviews: &HashMap<u32, u32>, queue: &Queue) -> LoadMonth {
    let total: u64 = reviews.values().map(|count| u64::from(*count)).sum();
    let is_shown = reviews.len() >= FEWEST_SHOWN;
    // In order of size, so that rounding does not depend on the order of people.
    let mut amounts: Vec<f64> = reviews.values().copied().map(f64::from).collect();
    amounts.sort_unstable_by(f64::total_cmp);
    LoadMonth {
        month: month_name(month),
        reviews: total,
        reviewers: is_shown.then_some(reviews.len()),
        per_reviewer: is_shown.then(|| total as f64 / reviews.len() as f64),
        gini: if is_shown { gini(&amounts).ok() } else { None },
        waiting: queue.ages.len() as u64,
        waiting_with_ai: queue.with_ai,
        median_age_seconds: median(&queue.ages).ok(),
    }
}

fn busiest_tenth(people: &HashMap<u32, ByArm>) -> Gated<BusiestTenth> {
    if people.len() < FEWEST_FOR_TENTH {
        let few = if people.len() < FEWEST_SHOWN {
            "fewer than five".to_owned()
        } else {
            people.len().to_string()
        };
        return Gated::refused(format!(
            "{few} people reviewed, {FEWEST_FOR_TENTH} are needed for a tenth of them"
        ));
    }
    let share = |arm: usize| {
        let mut amounts: Vec<f64> = people.values().map(|it| f64::from(it[arm])).collect();
        amounts.sort_unstable_by(f64::total_cmp);
        if amounts.iter().sum::<f64>() < FEWEST_REVIEWS {
            return None;
        }
        share_of_top(&amounts, 0.1).ok()
    };
    Gated::Shown(BusiestTenth {
        reviewers: people.len(),
        of_ai: share(1),
        of_others: share(0),
    })
}

/// Correlates the share of AI in a month with the pickup of the next.
fn lagged(teams: &Panel) -> Gated<LaggedCorrelation> {
    let (mut share, mut pickup, mut team, mut month) = (vec![], vec![], vec![], vec![]);
    for pair in teams.cells.windows(2) {
        let [(unit, at, cell), (next_unit, next_at, next)] = pair else {
            continue;
        };
        if unit != next_unit || *next_at != at + 1 {
            continue;
        }
        // Both ends of a pair need months that tell.
        let (Some(_), Some(level)) = (cell.median(Metric::Pickup), next.median(Metric::Pickup))
        else {
            continue;
        };
        share.push(f64::from(cell.with_ai) / f64::from(cell.all.max(1)));
        pickup.push(level);
        team.push(*unit);
        month.push(*at);
    }
    let distinct = |codes: &[u32]| {
        let mut codes = codes.to_vec();
        codes.sort_unstable();
        codes.dedup();
        codes.len()
    };
    let (teams, months) = (distinct(&team), distinct(&month));
    if teams < FEWEST_TEAMS || months < FEWEST_MONTHS {
        return Gated::refused(too_few_team_months(
            [teams, months],
            [FEWEST_TEAMS, FEWEST_MONTHS],
        ));
    }
    within_spearman_clustered(&share, &pickup, &team).map_or_else(
        |error| Gated::refused(error.to_string()),
        |found| {
            Gated::Shown(LaggedCorrelation {
                rho: found.rho,
                interval: found.interval,
                p: found.p,
                teams,
                months,
                n: found.n,
            })
        },
    )
}
