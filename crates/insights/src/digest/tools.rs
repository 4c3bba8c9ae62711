//! Tools that came and went.

use std::collections::BTreeMap;

use measures::{Code, Observations};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Week, rows, tool_names};

/// A tool counts as new in a team that had none of it for so many weeks.
const NEW_AFTER_WEEKS: i64 = 26;

/// A tool counts as no longer used once so many weeks passed without it; it is told in that week.
const STOPPED_AFTER_WEEKS: i64 = 4;

/// It was in use if it was in so many pull requests of the eight weeks before.
const IN_USE: u64 = 5;

const WEEKS_OF_USE: i64 = 8;

/// Whether a tool came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolNewsKind {
    /// First seen in the week, after half a year without.
    New,
    /// Not seen for four weeks, after use.
    NotSeenForFourWeeks,
}

/// A tool that came to a team, or that it seems to have given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ToolNews {
    /// The team.
    pub team: String,
    /// The tool's slug.
    pub tool: String,
    /// Whether it reviewed; otherwise it wrote or helped to.
    pub reviewed: bool,
    /// Whether it came or went.
    pub kind: ToolNewsKind,
    /// Pull requests with it: of the week where it came, of the eight weeks of use where it went.
    pub pull_requests: u64,
}

/// Pull requests with a tool by how many weeks ago they were opened; 0 is the week itself.
type Weeks = BTreeMap<i64, u64>;

/// What came and went in a week, by team and tool.
pub(super) fn news(observations: &Observations, week: &Week) -> Vec<ToolNews> {
    let length = week.end - week.start;
    let mut uses: BTreeMap<(&str, &str, bool), Weeks> = BTreeMap::new();
    let mut has_history = false;
    for row in rows(observations) {
        let Some(opened) = row.opened.seconds().filter(|at| *at < week.end) else {
            continue;
        };
        let ago = (week.end - 1 - opened) / length;
        has_history |= ago > 0;
        if ago > NEW_AFTER_WEEKS {
            continue;
        }
        let team = observations.teams.name(row.team).unwrap_or_default();
        for (code, reviewed) in [(row.author_tools, false), (row.review_tools, true)] {
            if code == Code::NONE {
                continue;
            }
            for tool in tool_names(observations, code) {
                let weeks = uses.entry((team, tool, reviewed)).or_default();
                *weeks.entry(ago).or_default() += 1;
            }
        }
    }
    // In the first week of a record everything would be new.
    if !has_history {
        return Vec::new();
    }
    uses.into_iter()
        .filter_map(|((team, tool, reviewed), weeks)| {
            let (kind, pull_requests) = change(&weeks)?;
            Some(ToolNews {
                team: team.to_owned(),
                tool: tool.to_owned(),
                reviewed,
                kind,
                pull_requests,
            })
        })
        .collect()
}

fn change(weeks: &Weeks) -> Option<(ToolNewsKind, u64)> {
    let last = *weeks.keys().next()?;
    if last == 0 && weeks.len() == 1 {
        return Some((ToolNewsKind::New, weeks.get(&0).copied()?));
    }
    let used: u64 = weeks
        .range(STOPPED_AFTER_WEEKS..STOPPED_AFTER_WEEKS + WEEKS_OF_USE)
        .map(|(_, count)| count)
        .sum();
    (last == STOPPED_AFTER_WEEKS && used >= IN_USE)
        .then_some((ToolNewsKind::NotSeenForFourWeeks, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weeks(pairs: &[(i64, u64)]) -> Weeks {
        pairs.iter().copied().collect()
    }

    #[test]
    fn a_tool_is_news_when_it_comes_and_once_when_it_is_gone() {
        for (pairs, expected) in [
            (&[(0, 3)][..], Some((ToolNewsKind::New, 3))),
            (&[(0, 3), (20, 1)], None),
            (
                &[(4, 3), (5, 4)],
                Some((ToolNewsKind::NotSeenForFourWeeks, 7)),
            ),
            (&[(4, 1), (13, 9)], None),
            (&[(5, 30)], None),
            (&[(1, 30)], None),
            (&[], None),
        ] {
            assert_eq!(change(&weeks(pairs)), expected, "{pairs:?}");
        }
    }
}
