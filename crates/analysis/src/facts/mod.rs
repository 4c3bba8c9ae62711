//! What a pull request's record says in numbers and short words.
//!
//! Facts are gathered once from the record, written as one line each, and can be read back from
//! those lines, so that the rules give the same answer from the record and from its context.

pub(crate) mod gather;
mod lines;

use model::{ChangeType, Confidence, Role, TechCategory};

use crate::secrets::Masker;

/// Most evidence that a context shows.
pub(crate) const MAX_EVIDENCE: usize = 8;

/// The facts of one pull request, masked and made fit to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) repo: String,
    pub(crate) number: u64,
    pub(crate) author: Option<String>,
    pub(crate) author_is_bot: Option<bool>,
    pub(crate) standing: Standing,
    /// Opened and ended, to the minute.
    pub(crate) opened: Option<String>,
    pub(crate) ended: Option<String>,
    /// Tenths of hours from the opening to the first review by a person who is not the author.
    pub(crate) first_review_tenths: Option<u64>,
    /// Tenths of hours from the opening to the merge, or to the close without one.
    pub(crate) open_tenths: Option<u64>,
    pub(crate) additions: Option<u64>,
    pub(crate) deletions: Option<u64>,
    pub(crate) changed_files: Option<u64>,
    pub(crate) head: Option<String>,
    pub(crate) base: Option<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) repository_language: Option<String>,
    /// Files by language, area and framework, most first.
    pub(crate) languages: Vec<(String, u64)>,
    pub(crate) areas: Vec<(TechCategory, u64)>,
    pub(crate) frameworks: Vec<(String, u64)>,
    pub(crate) commits: Option<u64>,
    /// Commits by the type that their subjects name.
    pub(crate) commit_types: Vec<(ChangeType, u64)>,
    pub(crate) reviews: Option<ReviewCounts>,
    /// Comments and review texts by people who are not the author, and by bots.
    pub(crate) remarks: Option<(u64, u64)>,
    pub(crate) evidence: Vec<Mark>,
    pub(crate) title: String,
    /// The description without long comments; in a context it may be cut after its first part.
    pub(crate) body: String,
}

/// Where a pull request stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    #[default]
    Open,
    Draft,
    Merged,
    Closed,
}

/// Reviews by people who are not the author, by what they said, and by bots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ReviewCounts {
    pub(crate) approved: u64,
    pub(crate) changes_requested: u64,
    pub(crate) commented: u64,
    pub(crate) by_bots: u64,
}

impl ReviewCounts {
    pub(crate) fn by_people(self) -> u64 {
        self.approved + self.changes_requested + self.commented
    }
}

/// One hit of a signature as the context shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) tool: String,
    pub(crate) role: Role,
    pub(crate) confidence: Confidence,
    pub(crate) field: String,
    pub(crate) quote: String,
}

/// Cleans, masks and defuses texts of one pull request, in this order.
pub(crate) struct Scrubber {
    pub(crate) masker: Masker,
}

impl Scrubber {
    /// A text of several lines.
    pub(crate) fn text(&mut self, text: &str) -> String {
        let clean = crate::text::clean(text);
        crate::fence::defuse(&self.masker.mask(&clean)).into_owned()
    }

    /// A text on one line, cut after so many characters.
    pub(crate) fn line(&mut self, text: &str, limit_chars: usize) -> String {
        let clean = crate::text::clean(text);
        let line = crate::text::one_line(&self.masker.mask(&clean));
        let line = crate::text::at_most_chars(&line, limit_chars);
        crate::fence::defuse(&line).into_owned()
    }

    /// As [`Scrubber::line`]; `None` where nothing is left.
    pub(crate) fn word(&mut self, text: Option<&str>, limit_chars: usize) -> Option<String> {
        let line = self.line(text?, limit_chars);
        (!line.is_empty()).then_some(line)
    }
}

/// The words for areas.
pub(crate) const AREA_WORDS: [(TechCategory, &str); 9] = [
    (TechCategory::Backend, "backend"),
    (TechCategory::Frontend, "frontend"),
    (TechCategory::Mobile, "mobile"),
    (TechCategory::Data, "data"),
    (TechCategory::Infrastructure, "infrastructure"),
    (TechCategory::Tests, "tests"),
    (TechCategory::Documentation, "documentation"),
    (TechCategory::Configuration, "configuration"),
    (TechCategory::Security, "security"),
];

/// The words for kinds of change.
pub(crate) const TYPE_WORDS: [(ChangeType, &str); 9] = [
    (ChangeType::Feature, "feature"),
    (ChangeType::Bugfix, "bugfix"),
    (ChangeType::Refactor, "refactor"),
    (ChangeType::Docs, "docs"),
    (ChangeType::Test, "test"),
    (ChangeType::Chore, "chore"),
    (ChangeType::Ci, "ci"),
    (ChangeType::Performance, "performance"),
    (ChangeType::Revert, "revert"),
];

/// The word of a value in a table of words.
pub(crate) fn word_of<T: PartialEq>(table: &[(T, &'static str)], value: &T) -> &'static str {
    table
        .iter()
        .find(|(one, _)| one == value)
        .map_or("", |(_, word)| word)
}

/// The value of a word in a table of words.
pub(crate) fn value_of<T: Copy>(table: &[(T, &'static str)], word: &str) -> Option<T> {
    table
        .iter()
        .find(|(_, one)| *one == word)
        .map(|(value, _)| *value)
}
