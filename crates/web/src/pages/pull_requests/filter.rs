//! What the list of pull requests is asked for, as it stands in the address.

use std::ops::RangeInclusive;

use measures::SizeBucket;
use model::{Origin, Signal};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as NoWord, StrDeserializer};
use store::{
    Direction, Outcome, PullRequestQuery, SearchCursor, Sort, SortBy, TimeSpan, ToolPlace,
};

use super::text::line;
use crate::error::PageError;
use crate::view;

/// The filters of the list. Empty values count as absent: forms send them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Filter {
    pub(super) team: Option<String>,
    pub(super) repo: Option<String>,
    pub(super) author: Option<String>,
    pub(super) opened: Option<String>,
    pub(super) merged: Option<String>,
    pub(super) origin: Option<String>,
    pub(super) reviewed: Option<String>,
    pub(super) tool: Option<String>,
    pub(super) place: Option<String>,
    pub(super) size: Option<String>,
    pub(super) outcome: Option<String>,
    pub(super) evidence: Option<String>,
    pub(super) text: Option<String>,
    pub(super) unreviewed: Option<String>,
    pub(super) corrected: Option<String>,
    pub(super) bots: Option<String>,
    pub(super) confidence: Option<String>,
    pub(super) sort: Option<String>,
    pub(super) order: Option<String>,
    pub(super) after: Option<String>,
    /// Where the pages before began, so that there is a way back.
    pub(super) trail: Option<String>,
}

/// Pages that the way back reaches.
const TRAIL: usize = 25;

/// The words for orders, and what they go by.
pub(super) const SORTS: [(&str, SortBy, &str); 5] = [
    ("opened", SortBy::Opened, "Opened"),
    ("merged", SortBy::Merged, "Merged"),
    ("size", SortBy::Size, "Size"),
    ("cycle", SortBy::Cycle, "Cycle time"),
    ("pickup", SortBy::Pickup, "Pickup time"),
];

/// The words for how sure a verdict is, in hundredths, as the page of detection counts them.
pub(super) const CONFIDENCES: [(&str, RangeInclusive<u8>, &str); 3] = [
    ("hard", 95..=100, "hard: 0.95 and more"),
    ("firm", 80..=94, "firm: 0.80 to 0.95"),
    ("soft", 0..=79, "soft: below 0.80"),
];

pub(super) const SIZES: [SizeBucket; 6] = [
    SizeBucket::Xs,
    SizeBucket::S,
    SizeBucket::M,
    SizeBucket::L,
    SizeBucket::Xl,
    SizeBucket::Xxl,
];

/// What a value says, where it says something.
pub(super) fn given(value: Option<&String>) -> Option<&str> {
    value
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
}

fn refuse(what: &str, value: &str) -> PageError {
    PageError::BadRequest(format!("'{}' is not {what}.", line(value, 60)))
}

/// The value of an enumeration by its word in JSON.
fn word<T: for<'de> Deserialize<'de>>(
    value: Option<&String>,
    what: &str,
) -> Result<Option<T>, PageError> {
    given(value)
        .map(|text| {
            let words: StrDeserializer<'_, NoWord> = text.into_deserializer();
            T::deserialize(words).map_err(|_| refuse(what, text))
        })
        .transpose()
}

fn yes(value: Option<&String>, what: &str) -> Result<Option<bool>, PageError> {
    match given(value) {
        None => Ok(None),
        Some("yes") => Ok(Some(true)),
        Some("no") => Ok(Some(false)),
        Some(other) => Err(refuse(what, other)),
    }
}

fn month(value: Option<&String>) -> Result<TimeSpan, PageError> {
    match given(value) {
        None => Ok(TimeSpan::default()),
        Some(text) => {
            TimeSpan::month(text).ok_or_else(|| refuse("a month; write it as 2026-05", text))
        }
    }
}

impl Filter {
    /// The same in the store's words. Who opened it is asked only where names may be shown.
    pub(super) fn query(&self, people: bool) -> Result<PullRequestQuery, PageError> {
        let text = |value: &Option<String>| given(value.as_ref()).map(ToOwned::to_owned);
        let origins = match given(self.origin.as_ref()) {
            Some("ai") => vec![Origin::Agent, Origin::Assisted],
            _ => word(self.origin.as_ref(), "an origin")?
                .into_iter()
                .collect(),
        };
        let tool_place = match given(self.place.as_ref()) {
            None => None,
            Some("author") => Some(ToolPlace::Author),
            Some("review") => Some(ToolPlace::Review),
            Some(other) => return Err(refuse("a place of a tool: author or review", other)),
        };
        let sizes = word::<SizeBucket>(
            self.size.as_ref().map(|size| size.to_lowercase()).as_ref(),
            "a size: xs to xxl",
        )?;
        if given(self.author.as_ref()).is_some() && !people {
            return Err(PageError::Forbidden(
                "Names of people are not shown here, and nobody is searched for by name."
                    .to_owned(),
            ));
        }
        Ok(PullRequestQuery {
            team: text(&self.team),
            repo: text(&self.repo),
            author: text(&self.author),
            opened: month(self.opened.as_ref())?,
            merged: month(self.merged.as_ref())?,
            origins,
            ai_reviewed: yes(self.reviewed.as_ref(), "yes or no")?,
            plain_bot: yes(self.bots.as_ref(), "yes or no")?,
            tool: text(&self.tool),
            tool_place,
            sizes: sizes.into_iter().collect(),
            outcomes: word::<Outcome>(self.outcome.as_ref(), "an outcome")?
                .into_iter()
                .collect(),
            signal: word::<Signal>(self.evidence.as_ref(), "a kind of evidence")?,
            title: text(&self.text),
            merged_without_human_review: yes(self.unreviewed.as_ref(), "yes or no")?,
            corrected: yes(self.corrected.as_ref(), "yes or no")?,
            confidence_percent: self.confidence_percent()?,
            sort: self.sorting()?,
        })
    }

    fn confidence_percent(&self) -> Result<Option<RangeInclusive<u8>>, PageError> {
        match given(self.confidence.as_ref()) {
            None => Ok(None),
            Some(text) => CONFIDENCES
                .iter()
                .find(|(word, _, _)| *word == text)
                .map(|(_, percent, _)| Some(percent.clone()))
                .ok_or_else(|| refuse("a confidence: hard, firm or soft", text)),
        }
    }

    fn sorting(&self) -> Result<Sort, PageError> {
        let by = match given(self.sort.as_ref()) {
            None => SortBy::default(),
            Some(text) => SORTS
                .iter()
                .find(|(word, _, _)| *word == text)
                .map(|(_, by, _)| *by)
                .ok_or_else(|| refuse("an order", text))?,
        };
        let direction = match given(self.order.as_ref()) {
            None | Some("down") => Direction::Descending,
            Some("up") => Direction::Ascending,
            Some(other) => return Err(refuse("an order: up or down", other)),
        };
        Ok(Sort { by, direction })
    }

    /// Where the page begins.
    pub(super) fn cursor(&self) -> Result<Option<SearchCursor>, PageError> {
        given(self.after.as_ref())
            .map(|text| {
                text.parse()
                    .map_err(|_| refuse("a place in this list", text))
            })
            .transpose()
    }

    /// What stands in an address for these filters, the place in the list left out.
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("text", &self.text),
            ("team", &self.team),
            ("repo", &self.repo),
            ("author", &self.author),
            ("opened", &self.opened),
            ("merged", &self.merged),
            ("origin", &self.origin),
            ("reviewed", &self.reviewed),
            ("tool", &self.tool),
            ("place", &self.place),
            ("size", &self.size),
            ("outcome", &self.outcome),
            ("evidence", &self.evidence),
            ("unreviewed", &self.unreviewed),
            ("corrected", &self.corrected),
            ("bots", &self.bots),
            ("confidence", &self.confidence),
            ("sort", &self.sort),
            ("order", &self.order),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, given(value.as_ref())?)))
            .collect()
    }

    fn address(pairs: &[(&str, &str)]) -> String {
        if pairs.is_empty() {
            return "/pull-requests".to_owned();
        }
        format!("/pull-requests?{}", view::query(pairs))
    }

    /// The address of the first page.
    pub(super) fn first(&self) -> String {
        Self::address(&self.pairs())
    }

    /// The address of the page after this one, which begins at `next`.
    pub(super) fn next(&self, next: &str) -> String {
        let here = given(self.after.as_ref()).unwrap_or("0");
        let mut steps: Vec<&str> = self.steps();
        steps.push(here);
        let kept = steps.len().saturating_sub(TRAIL);
        let trail = steps.get(kept..).unwrap_or_default().join(".");
        let mut pairs = self.pairs();
        pairs.push(("after", next));
        pairs.push(("trail", &trail));
        Self::address(&pairs)
    }

    /// The address of the page before this one, where the way back is known.
    pub(super) fn previous(&self) -> Option<String> {
        let mut steps = self.steps();
        let before = steps.pop()?;
        let trail = steps.join(".");
        let mut pairs = self.pairs();
        if before != "0" {
            pairs.push(("after", before));
            if !trail.is_empty() {
                pairs.push(("trail", &trail));
            }
        }
        Some(Self::address(&pairs))
    }

    fn steps(&self) -> Vec<&str> {
        let trail = given(self.trail.as_ref()).unwrap_or_default();
        let is_step =
            |step: &&str| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_alphanumeric());
        trail.split('.').filter(is_step).collect()
    }

    /// The address of the same list in another order, the other way round where it has that order.
    pub(super) fn sorted(&self, word: &'static str) -> String {
        let now = given(self.sort.as_ref()).unwrap_or("opened");
        let is_up = given(self.order.as_ref()) == Some("up");
        let order = if now == word && !is_up { "up" } else { "down" };
        let mut pairs: Vec<(&str, &str)> = self.pairs();
        pairs.retain(|(name, _)| !matches!(*name, "sort" | "order"));
        pairs.push(("sort", word));
        pairs.push(("order", order));
        Self::address(&pairs)
    }

    /// How many filters are set, the order left out.
    pub(super) fn set(&self) -> usize {
        let pairs = self.pairs();
        pairs
            .iter()
            .filter(|(name, _)| !matches!(*name, "sort" | "order"))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(pairs: &[(&str, &str)]) -> Filter {
        let object: serde_json::Map<String, serde_json::Value> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        serde_json::from_value(object.into()).expect("a filter")
    }

    #[test]
    fn words_become_a_query() {
        let query = filter(&[
            ("team", "a"),
            ("opened", "2026-05"),
            ("origin", "ai"),
            ("size", "XL"),
            ("outcome", "merged"),
            ("evidence", "co_author"),
            ("unreviewed", "yes"),
            ("confidence", "firm"),
            ("sort", "cycle"),
            ("order", "up"),
            ("tool", ""),
        ])
        .query(false)
        .expect("sound");
        assert_eq!(query.team.as_deref(), Some("a"));
        assert_eq!(query.origins, [Origin::Agent, Origin::Assisted]);
        assert_eq!(query.sizes, [SizeBucket::Xl]);
        assert_eq!(query.outcomes, [Outcome::Merged]);
        assert_eq!(query.signal, Some(Signal::CoAuthor));
        assert_eq!(query.merged_without_human_review, Some(true));
        assert_eq!(query.confidence_percent, Some(80..=94));
        assert_eq!(
            query.sort,
            Sort {
                by: SortBy::Cycle,
                direction: Direction::Ascending
            }
        );
        assert_eq!(query.tool, None);
        assert_eq!(
            Filter::default().query(false).expect("sound"),
            PullRequestQuery::default()
        );
    }

    #[test]
    fn words_that_are_none_are_refused() {
        for (name, value) in [
            ("opened", "may"),
            ("merged", "2026-13"),
            ("origin", "human"),
            ("size", "huge"),
            ("outcome", "won"),
            ("evidence", "vibes"),
            ("sort", "luck"),
            ("order", "sideways"),
            ("place", "roof"),
            ("bots", "maybe"),
            ("confidence", "0.9"),
        ] {
            assert!(
                filter(&[(name, value)]).query(true).is_err(),
                "{name}={value}"
            );
        }
        assert!(filter(&[("author", "ann")]).query(false).is_err());
        assert!(filter(&[("author", "ann")]).query(true).is_ok());
        assert!(filter(&[("after", "x y")]).cursor().is_err());
    }

    #[test]
    fn there_is_a_way_back() {
        let first = filter(&[("team", "a b")]);
        assert_eq!(first.previous(), None);
        assert_eq!(
            first.next("c1"),
            "/pull-requests?team=a%20b&after=c1&trail=0"
        );
        let second = filter(&[("team", "a b"), ("after", "c1"), ("trail", "0")]);
        assert_eq!(
            second.previous().as_deref(),
            Some("/pull-requests?team=a%20b")
        );
        assert_eq!(
            second.next("c2"),
            "/pull-requests?team=a%20b&after=c2&trail=0.c1"
        );
        let third = filter(&[("team", "a b"), ("after", "c2"), ("trail", "0.c1")]);
        assert_eq!(
            third.previous().as_deref(),
            Some("/pull-requests?team=a%20b&after=c1&trail=0")
        );
        let far = filter(&[("after", "c"), ("trail", &vec!["x"; 100].join("."))]);
        assert!(far.next("d").len() < 200, "{}", far.next("d"));
    }

    #[test]
    fn an_order_that_is_chosen_again_turns_around() {
        assert_eq!(
            Filter::default().sorted("opened"),
            "/pull-requests?sort=opened&order=up"
        );
        assert_eq!(
            Filter::default().sorted("size"),
            "/pull-requests?sort=size&order=down"
        );
        let up = filter(&[("sort", "opened"), ("order", "up")]);
        assert_eq!(up.sorted("opened"), "/pull-requests?sort=opened&order=down");
    }
}
