//! Searching pull requests: what is asked, and what comes back.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use measures::SizeBucket;
use model::{Origin, PrKey, Signal};

use crate::adoption::ToolPlace;
use crate::facts::{Outcome, VerdictFact};

/// Which pull requests to find, and in which order. The default is all, latest opened first.
///
/// What is given must hold together; of a list, any one. A filter on something that is not known of a
/// pull request leaves that out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PullRequestQuery {
    /// Only this team's.
    pub team: Option<String>,
    /// Only this repository's (`owner/name`).
    pub repo: Option<String>,
    /// Only those opened by this login.
    pub author: Option<String>,
    /// When they were opened.
    pub opened: TimeSpan,
    /// When they were merged.
    pub merged: TimeSpan,
    /// What the verdict says; empty for anything, no verdict included.
    pub origins: Vec<Origin>,
    /// Whether an AI tool reviewed.
    pub ai_reviewed: Option<bool>,
    /// Whether plain automation opened it.
    pub plain_bot: Option<bool>,
    /// Only those in which this tool (its slug) took part.
    pub tool: Option<String>,
    /// Where the tool took part; `None` for anywhere.
    pub tool_place: Option<ToolPlace>,
    /// How large; empty for anything.
    pub sizes: Vec<SizeBucket>,
    /// What became of them; empty for anything.
    pub outcomes: Vec<Outcome>,
    /// Only those with evidence of this kind.
    pub signal: Option<Signal>,
    /// Words that the title has, each from its beginning, but a single letter or digit of ASCII as a whole; a
    /// text without any word finds nothing.
    pub title: Option<String>,
    /// Whether they were merged before any other person said a word.
    pub merged_without_human_review: Option<bool>,
    /// Whether a user corrected the verdict.
    pub corrected: Option<bool>,
    /// The confidence of the verdict, in hundredths.
    pub confidence_percent: Option<RangeInclusive<u8>>,
    /// The order.
    pub sort: Sort,
}

/// From one moment on and before another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TimeSpan {
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub before: Option<Timestamp>,
}

impl TimeSpan {
    /// A month in UTC by its name, `2026-05`; `None` for what names no month.
    pub fn month(name: &str) -> Option<Self> {
        let (year, month) = name.split_once('-')?;
        if year.len() != 4 || month.len() != 2 {
            return None;
        }
        let first = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
        let moment = |date: Date| TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
        Some(Self {
            from: moment(first),
            before: moment(first.checked_add(1.month()).ok()?),
        })
    }

    /// Whether it lets everything pass.
    pub fn is_unbounded(&self) -> bool {
        self.from.is_none() && self.before.is_none()
    }
}

/// An order. What it goes by may not be known: those come last, both ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Sort {
    /// What it goes by.
    pub by: SortBy,
    /// Which way.
    pub direction: Direction,
}

/// What pull requests can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SortBy {
    /// When they were opened.
    #[default]
    Opened,
    /// When they were merged.
    Merged,
    /// Lines, without generated files.
    Size,
    /// Ready to merged: `measures::Clock::Cycle`.
    Cycle,
    /// Ready to the first word of another person: `measures::Clock::Pickup`.
    Pickup,
}

/// A way to sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Latest, largest, longest first.
    #[default]
    Descending,
    /// Earliest, smallest, shortest first.
    Ascending,
}

/// A page of what was found.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPage {
    /// In the order asked for.
    pub rows: Vec<PullRequestRow>,
    /// Where to go on; `None` at the end.
    pub next: Option<SearchCursor>,
}

/// A pull request in a list. Times are kept to the second.
#[derive(Debug, Clone, PartialEq)]
pub struct PullRequestRow {
    /// Its key.
    pub key: PrKey,
    /// Its team.
    pub team: String,
    /// Its title, cut to 500 characters.
    pub title: String,
    /// Login of the author; `None` for deleted accounts.
    pub author: Option<String>,
    /// Open, closed or merged.
    pub outcome: Outcome,
    /// Whether it is a draft now.
    pub draft: Option<bool>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When it was merged.
    pub merged_at: Option<Timestamp>,
    /// When it was closed, merged or not.
    pub closed_at: Option<Timestamp>,
    /// Lines, without generated files; `None` where not known or not yet measured.
    pub size_lines: Option<u64>,
    /// Ready to merged.
    pub cycle_seconds: Option<u64>,
    /// Ready to the first word of another person.
    pub pickup_seconds: Option<u64>,
    /// Whether it was merged before any other person said a word; `None` where that is not known.
    pub merged_without_human_review: Option<bool>,
    /// Whether there is no description, or only white space.
    pub empty_body: bool,
    /// What detection said; `None` before.
    pub verdict: Option<VerdictFact>,
    /// Whether it is a user's correction.
    pub corrected: bool,
    /// Slugs of the tools behind the origin, sorted.
    pub author_tools: Vec<String>,
    /// Slugs of the tools that reviewed, sorted.
    pub review_tools: Vec<String>,
    /// Which kinds of evidence there are.
    pub signals: Vec<Signal>,
}

/// Where a page of a search ended. Its text form goes into addresses, and is of use only with the same
/// query on the same database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchCursor {
    /// The place of the last row in the order: its value, then its place among equal ones.
    pub(crate) place: u64,
    /// What the query was, so that a cursor of another one is refused.
    pub(crate) query: u32,
}

/// The form written here: `1`, then 8 bytes of place and 4 of the query in hex.
const CURSOR_VERSION: char = '1';
const CURSOR_DIGITS: usize = 24;

/// A text that is not a place in a search.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a place in a list of pull requests")]
pub struct NotACursor(pub String);

impl fmt::Display for SearchCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{CURSOR_VERSION}{:016x}{:08x}",
            self.place, self.query
        )
    }
}

impl FromStr for SearchCursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let read = || {
            let digits = text.strip_prefix(CURSOR_VERSION)?;
            let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            if digits.len() != CURSOR_DIGITS || !is_hex {
                return None;
            }
            let (place, query) = digits.split_at(16);
            Some(SearchCursor {
                place: u64::from_str_radix(place, 16).ok()?,
                query: u32::from_str_radix(query, 16).ok()?,
            })
        };
        // What came from an address is told back in short.
        read().ok_or_else(|| NotACursor(text.chars().take(40).collect()))
    }
}

impl PullRequestQuery {
    /// What tells this query from others, order included.
    pub(crate) fn fingerprint(&self) -> u32 {
        let hash = blake3::hash(format!("{self:?}").as_bytes());
        let mut first = [0; 4];
        first.copy_from_slice(&hash.as_bytes()[..4]);
        u32::from_le_bytes(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let december = TimeSpan::month("2025-12").expect("a month");
        assert_eq!(
            december.before.map(|at| at.to_string()).as_deref(),
            Some("2026-01-01T00:00:00Z")
        );
        assert_eq!(
            TimeSpan::month("2026-01").and_then(|span| span.from),
            december.before
        );
        for wrong in [
            "2026",
            "2026-13",
            "26-05",
            "2026-5",
            "2026-05-01",
            "x-y",
            "",
        ] {
            assert_eq!(TimeSpan::month(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        let cursor = SearchCursor {
            place: u64::MAX - 7,
            query: 12,
        };
        let text = cursor.to_string();
        assert_eq!(text.parse(), Ok(cursor));
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        for wrong in [
            "",
            "1",
            "2fffffffffffffff80000000c",
            "1+ffffffffffffff80000000c",
            &format!("{text}0"),
            &text[..20],
            "1ää",
        ] {
            assert!(wrong.parse::<SearchCursor>().is_err(), "{wrong}");
        }
    }
}
