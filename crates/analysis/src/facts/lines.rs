//! Facts as lines, and back.

use std::fmt::Write as _;

use model::{Confidence, Role};

use super::{AREA_WORDS, Facts, Mark, ReviewCounts, Standing, TYPE_WORDS, value_of, word_of};
use crate::fence::{self, Section};

const STANDING_WORDS: [(Standing, &str); 4] = [
    (Standing::Open, "open"),
    (Standing::Draft, "draft"),
    (Standing::Merged, "merged"),
    (Standing::Closed, "closed without merge"),
];

const ROLE_WORDS: [(Role, &str); 3] = [
    (Role::Authored, "authored"),
    (Role::Assisted, "assisted"),
    (Role::Reviewed, "reviewed"),
];

/// Of a mark, not of the claim: a strong mark is one that people hardly ever write by hand.
const STRENGTH_WORDS: [(Confidence, &str); 3] = [
    (Confidence::Low, "weak"),
    (Confidence::Medium, "fair"),
    (Confidence::High, "strong"),
];

impl Facts {
    /// The `facts` section: one line per known fact.
    pub(crate) fn fact_lines(&self) -> String {
        let mut out = Lines::default();
        out.put("repo", &self.repo);
        out.put("number", &self.number.to_string());
        if let Some(author) = &self.author {
            let kind = match self.author_is_bot {
                Some(true) => " (bot)",
                Some(false) => " (person)",
                None => "",
            };
            out.put("author", &format!("{author}{kind}"));
        }
        out.put("state", word_of(&STANDING_WORDS, &self.standing));
        out.put_known("opened", self.opened.as_deref());
        out.put_known("ended", self.ended.as_deref());
        out.put_tenths(
            "hours to first review by a person",
            self.first_review_tenths,
        );
        out.put_tenths("hours open", self.open_tenths);
        out.put_number("lines added", self.additions);
        out.put_number("lines deleted", self.deletions);
        out.put_number("files", self.changed_files);
        out.put_known("head", self.head.as_deref());
        out.put_known("base", self.base.as_deref());
        if !self.labels.is_empty() {
            out.put("labels", &self.labels.join("; "));
        }
        out.put_known("repository language", self.repository_language.as_deref());
        out.put_counts(
            "languages",
            self.languages
                .iter()
                .map(|(name, count)| (name.as_str(), *count)),
        );
        out.put_counts(
            "areas",
            self.areas
                .iter()
                .map(|(area, count)| (word_of(&AREA_WORDS, area), *count)),
        );
        out.put_counts(
            "frameworks",
            self.frameworks
                .iter()
                .map(|(name, count)| (name.as_str(), *count)),
        );
        out.put_number("commits", self.commits);
        out.put_counts(
            "commit types",
            self.commit_types
                .iter()
                .map(|(kind, count)| (word_of(&TYPE_WORDS, kind), *count)),
        );
        if let Some(reviews) = self.reviews {
            out.put(
                "reviews",
                &format!(
                    "{} approved, {} changes requested, {} commented, {} by bots",
                    reviews.approved, reviews.changes_requested, reviews.commented, reviews.by_bots
                ),
            );
        }
        if let Some((people, bots)) = self.remarks {
            out.put(
                "remarks",
                &format!("{people} by other people, {bots} by bots"),
            );
        }
        out.0
    }

    /// The `evidence` section: what each mark means when it is real, where it stands, its words.
    pub(crate) fn evidence_lines(&self) -> String {
        let mut out = String::new();
        for mark in &self.evidence {
            if !out.is_empty() {
                out.push('\n');
            }
            let _ = write!(
                out,
                "- {} {} {}, {}: {}",
                mark.tool,
                word_of(&ROLE_WORDS, &mark.role),
                word_of(&STRENGTH_WORDS, &mark.confidence),
                mark.field,
                mark.quote
            );
        }
        out
    }

    /// Reads facts back from a context; `None` when the text is no context of ours.
    pub(crate) fn from_context(context_text: &str) -> Option<Facts> {
        let sections = fence::parse(context_text)?;
        let mut facts = Facts {
            title: fence::text_of(&sections, Section::Title).to_owned(),
            body: fence::text_of(&sections, Section::Body).to_owned(),
            evidence: fence::text_of(&sections, Section::Evidence)
                .lines()
                .filter_map(mark_from_line)
                .collect(),
            ..Facts::default()
        };
        for line in fence::text_of(&sections, Section::Facts).lines() {
            let (key, value) = line.split_once(": ")?;
            facts.set(key, value)?;
        }
        Some(facts)
    }

    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        let text = || Some(value.to_owned());
        match key {
            "repo" => value.clone_into(&mut self.repo),
            "number" => self.number = value.parse().ok()?,
            "author" => self.set_author(value),
            "state" => self.standing = value_of(&STANDING_WORDS, value)?,
            "opened" => self.opened = text(),
            "ended" => self.ended = text(),
            "hours to first review by a person" => self.first_review_tenths = tenths(value),
            "hours open" => self.open_tenths = tenths(value),
            "lines added" => self.additions = value.parse().ok(),
            "lines deleted" => self.deletions = value.parse().ok(),
            "files" => self.changed_files = value.parse().ok(),
            "head" => self.head = text(),
            "base" => self.base = text(),
            "labels" => self.labels = value.split("; ").map(str::to_owned).collect(),
            "repository language" => self.repository_language = text(),
            "languages" => self.languages = counts(value, |word| Some(word.to_owned())),
            "areas" => self.areas = counts(value, |word| value_of(&AREA_WORDS, word)),
            "frameworks" => self.frameworks = counts(value, |word| Some(word.to_owned())),
            "commits" => self.commits = value.parse().ok(),
            "commit types" => self.commit_types = counts(value, |word| value_of(&TYPE_WORDS, word)),
            "reviews" => self.reviews = review_counts(value),
            "remarks" => self.remarks = remarks(value),
            // A line of a later version: what this one needs does not hang on it.
            _ => {}
        }
        Some(())
    }

    fn set_author(&mut self, value: &str) {
        let (login, is_bot) = match (
            value.strip_suffix(" (bot)"),
            value.strip_suffix(" (person)"),
        ) {
            (Some(login), _) => (login, Some(true)),
            (_, Some(login)) => (login, Some(false)),
            _ => (value, None),
        };
        self.author = Some(login.to_owned());
        self.author_is_bot = is_bot;
    }
}

/// Lines of the facts section.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, key: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        let _ = write!(self.0, "{key}: {value}");
    }

    fn put_known(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn put_number(&mut self, key: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.put(key, &value.to_string());
        }
    }

    fn put_tenths(&mut self, key: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.put(key, &format!("{}.{}", value / 10, value % 10));
        }
    }

    fn put_counts<'a>(&mut self, key: &str, counts: impl Iterator<Item = (&'a str, u64)>) {
        let text: Vec<String> = counts
            .map(|(word, count)| format!("{word} {count}"))
            .collect();
        if !text.is_empty() {
            self.put(key, &text.join(", "));
        }
    }
}

fn mark_from_line(line: &str) -> Option<Mark> {
    let (meaning, rest) = line.strip_prefix("- ")?.split_once(", ")?;
    let (field, quote) = rest.split_once(": ")?;
    let mut words = meaning.split(' ');
    Some(Mark {
        tool: words.next()?.to_owned(),
        role: value_of(&ROLE_WORDS, words.next()?)?,
        confidence: value_of(&STRENGTH_WORDS, words.next()?)?,
        field: field.to_owned(),
        quote: quote.to_owned(),
    })
}

fn tenths(value: &str) -> Option<u64> {
    let (whole, tenth) = value.split_once('.')?;
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(10)?
        .checked_add(tenth.parse().ok()?)
}

fn counts<T>(value: &str, read: impl Fn(&str) -> Option<T>) -> Vec<(T, u64)> {
    value
        .split(", ")
        .filter_map(|entry| {
            let (word, count) = entry.rsplit_once(' ')?;
            Some((read(word)?, count.parse().ok()?))
        })
        .collect()
}

fn review_counts(value: &str) -> Option<ReviewCounts> {
    let mut numbers = value
        .split(", ")
        .filter_map(|entry| entry.split(' ').next()?.parse().ok());
    Some(ReviewCounts {
        approved: numbers.next()?,
        changes_requested: numbers.next()?,
        commented: numbers.next()?,
        by_bots: numbers.next()?,
    })
}

fn remarks(value: &str) -> Option<(u64, u64)> {
    let (people, bots) = value.split_once(" by other people, ")?;
    Some((
        people.parse().ok()?,
        bots.strip_suffix(" by bots")?.parse().ok()?,
    ))
}
