//! Question 7: what is merged without a person having looked.

use measures::{Arm, Observation, Observations};
use serde::Serialize;
use stats::Proportion;

use crate::months::{month_index, month_name};
use crate::wording::FEWEST_SHOWN;

/// Above this many lines a change that nobody looked at is listed.
const LARGE_LINES: u32 = 100;
/// How many of them are listed, the newest first; all are counted.
const LISTED: usize = 50;

/// Merged without a review or comment by another person, out of those merged whose reviews are known.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct UnseenShare {
    /// The team; `None` for all together.
    pub team: Option<String>,
    /// Of those in which AI wrote or helped; `None` below five.
    pub with_ai: Option<Proportion>,
    /// Of those without AI detected; `None` below five.
    pub without_ai: Option<Proportion>,
}

/// A large change that was merged unseen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct UnseenPullRequest {
    /// `owner/name#12`.
    pub pull_request: String,
    /// The team.
    pub team: String,
    /// Lines, without generated files.
    pub lines: u32,
    /// The month of its merge.
    pub merged_month: String,
    /// Whether AI wrote or helped.
    pub with_ai: bool,
    /// The tools that did, by slug.
    pub tools: Vec<String>,
}

/// What is merged unseen.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Unseen {
    /// All together, then the teams where there are several.
    pub shares: Vec<UnseenShare>,
    /// Above how many lines changes are listed.
    pub large_lines: u32,
    /// How many there are, with AI and without.
    pub large_total: u64,
    /// The newest of them, at most 50.
    pub large: Vec<UnseenPullRequest>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    unseen: u64,
    merged: u64,
}

impl Counts {
    fn shown(self) -> Option<Proportion> {
        (self.merged >= FEWEST_SHOWN as u64).then(|| Proportion::new(self.unseen, self.merged))
    }
}

pub(super) fn unseen(observations: &Observations) -> Unseen {
    let teams = observations.teams.names().len();
    let mut all = [Counts::default(); 2];
    let mut by_team = vec![[Counts::default(); 2]; teams];
    let mut large: Vec<&Observation> = Vec::new();
    for row in &observations.rows {
        let (Some(arm), Some(is_unseen)) = (row.arm(), row.merged_without_human_review()) else {
            continue;
        };
        let place = usize::from(arm != Arm::Ai);
        let of_team = row.team.index().and_then(|team| by_team.get_mut(team));
        for counts in std::iter::once(&mut all).chain(of_team) {
            counts[place].merged += 1;
            counts[place].unseen += u64::from(is_unseen);
        }
        if is_unseen && row.size_lines().is_some_and(|lines| lines > LARGE_LINES) {
            large.push(row);
        }
    }
    let share = |team: Option<String>, [with_ai, without_ai]: [Counts; 2]| UnseenShare {
        team,
        with_ai: with_ai.shown(),
        without_ai: without_ai.shown(),
    };
    let mut shares = vec![share(None, all)];
    if teams > 1 {
        let names = observations.teams.names().iter();
        shares.extend(
            (names.zip(by_team))
                .filter(|(_, arms)| arms.iter().any(|counts| counts.merged > 0))
                .map(|(name, arms)| share(Some(name.to_string()), arms)),
        );
    }
    let large_total = large.len() as u64;
    large.sort_by_key(|row| std::cmp::Reverse((row.merged, row.repo, row.number)));
    Unseen {
        shares,
        large_lines: LARGE_LINES,
        large_total,
        large: large
            .into_iter()
            .take(LISTED)
            .map(|row| listed(observations, row))
            .collect(),
    }
}

fn listed(observations: &Observations, row: &Observation) -> UnseenPullRequest {
    let tools = observations
        .tools
        .name(row.author_tools)
        .unwrap_or_default();
    UnseenPullRequest {
        pull_request: format!(
            "{}#{}",
            observations.repos.name(row.repo).unwrap_or_default(),
            row.number
        ),
        team: observations
            .teams
            .name(row.team)
            .unwrap_or_default()
            .to_owned(),
        lines: row.size_lines().unwrap_or(0),
        merged_month: row
            .merged
            .seconds()
            .map(|merged| month_name(month_index(merged)))
            .unwrap_or_default(),
        with_ai: row.arm() == Some(Arm::Ai),
        tools: tools
            .split(',')
            .filter(|tool| !tool.is_empty())
            .map(str::to_owned)
            .collect(),
    }
}
