//! A title and a description made of facts.

use std::fmt::Write as _;

use model::{ChangeType, Summary};

use super::kind;
use crate::facts::{AREA_WORDS, Facts, Standing, word_of};
use crate::text::{at_most_chars, lead_sentence};

const TITLE_CHARS: usize = 100;
const DESCRIPTION_CHARS: usize = 500;

/// Says what the change does, as far as its own words and numbers say it.
pub(super) fn summary(facts: &Facts, change_type: ChangeType) -> Summary {
    Summary {
        title: title(facts),
        description: description(facts),
        change_type,
    }
}

fn title(facts: &Facts) -> String {
    let words = kind::without_prefix(&facts.title);
    if words.is_empty() {
        let fallback = if facts.repo.is_empty() {
            format!("Pull request {}", facts.number)
        } else {
            format!("Pull request {} of {}", facts.number, facts.repo)
        };
        return at_most_chars(&fallback, TITLE_CHARS).into_owned();
    }
    at_most_chars(&capitalised(words), TITLE_CHARS).into_owned()
}

fn description(facts: &Facts) -> String {
    let mut out = String::new();
    if let Some(lead) = lead_sentence(&facts.body) {
        out.push_str(&lead);
        if !lead.ends_with(['.', '!', '?', '…', '。']) {
            out.push('.');
        }
        out.push(' ');
    }
    out.push_str(match facts.standing {
        Standing::Open => "Open",
        Standing::Draft => "Draft",
        Standing::Merged => "Merged",
        Standing::Closed => "Closed without merge",
    });
    if let (Standing::Merged | Standing::Closed, Some(tenths)) = (facts.standing, facts.open_tenths)
    {
        let _ = write!(out, " after {}", duration(tenths));
    }
    if let (Some(added), Some(deleted)) = (facts.additions, facts.deletions) {
        let _ = write!(out, ", {added} lines added and {deleted} deleted");
    }
    if let Some(files) = facts.changed_files {
        let noun = if files == 1 { "file" } else { "files" };
        let _ = write!(out, " in {files} {noun}");
    }
    if let Some((area, _)) = facts.areas.first() {
        let _ = write!(out, ", mostly {}", word_of(&AREA_WORDS, area));
    }
    out.push('.');
    at_most_chars(&out, DESCRIPTION_CHARS).into_owned()
}

/// Tenths of hours in words: `40 minutes`, `5.2 hours`, `3.5 days`.
pub(super) fn duration(tenths: u64) -> String {
    if tenths < 10 {
        format!("{} minutes", tenths * 6)
    } else if tenths < 720 {
        format!("{}.{} hours", tenths / 10, tenths % 10)
    } else {
        let tenths_of_days = tenths / 24;
        format!("{}.{} days", tenths_of_days / 10, tenths_of_days % 10)
    }
}

fn capitalised(words: &str) -> String {
    let mut characters = words.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
