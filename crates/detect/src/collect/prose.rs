//! Texts: patterns, and the trailers that name who helped.

use model::{PullRequest, Role, Signal};

use super::hits::{Claimed, Spot};
use super::{AuthorKind, Collector, Search, Text};
use crate::catalogue::rows::{CoAuthorMeaning, CreditRow, Part, Place};
use crate::catalogue::{Position, ToolNames};
use crate::detector::{TextRule, kind_of, reads_products};
use crate::identity::SignerMatch;
use crate::text::engine::Candidate;
use crate::text::quoted;
use crate::text::regions::{Found, Markup, Regions};
use crate::text::trailers::{agent_and_model, signed, values_of};

/// Matches of one pattern tried in one text. More than this in the wrong part of a text (code,
/// quotations) is an attempt to keep the engine busy.
const MAX_MATCHES_TRIED: usize = 256;

impl Collector<'_, '_> {
    /// Reads one text. `base` is the byte offset of the text in its field, `field` the field's name.
    pub(super) fn read_text(
        &mut self,
        pull_request: &PullRequest,
        text: Text<'_>,
        base: usize,
        field: impl Fn() -> String,
    ) {
        let detector = self.detector;
        let mut candidates = std::mem::take(&mut self.candidates);
        match self.search {
            Search::Prefiltered => {
                let kind = kind_of(text.place);
                detector.engine.scan(text.text, kind, &mut candidates);
            }
            #[cfg(test)]
            Search::OneByOne => candidates = detector.engine.all(text.text),
        }
        let mut regions = None;
        for (number, ranges) in candidates.by_pattern() {
            if let Some(rule) = detector.texts.get(number) {
                let is_silenced =
                    self.author == AuthorKind::PlainBot && rule.role != Role::Reviewed;
                if !is_silenced && rule.applies_to_repo(&pull_request.repo) {
                    self.try_pattern(ranges, rule, text, base, &mut regions, &field);
                }
            } else if let Some(credit) = detector.credits.get(number - detector.texts.len())
                && matches!(text.place, Place::Body | Place::Commit)
                && self.author != AuthorKind::PlainBot
            {
                self.read_credits(ranges, credit, text, base, &mut regions, &field);
            }
        }
        self.candidates = candidates;
    }

    fn try_pattern(
        &mut self,
        ranges: &[Candidate],
        rule: &TextRule,
        text: Text<'_>,
        base: usize,
        regions: &mut Option<Regions>,
        field: &impl Fn() -> String,
    ) {
        let also_subject = text.place == Place::Commit && rule.looks_at(Place::Subject);
        if !rule.looks_at(text.place) && !also_subject {
            return;
        }
        let claimed = Claimed {
            rule: &rule.id,
            tool: &rule.tool,
            role: rule.role,
            signal: signal_of(text.place),
            confidence: rule.confidence,
            dates: rule.dates.as_ref(),
            time: text.time,
        };
        if self.hits.has_at_best(&claimed) {
            return;
        }
        let subject_end = subject_end(text);
        let engine = &self.detector.engine;
        for found in engine.matches(ranges, text.text).take(MAX_MATCHES_TRIED) {
            let place = if found.start < subject_end {
                Place::Subject
            } else {
                text.place
            };
            if !rule.looks_at(place) {
                continue;
            }
            match part_at(text, regions, first_word(text.text, found.start)) {
                Found::Part(part) if rule.counts_in(part) => {}
                Found::Part(_) | Found::Void => continue,
            }
            self.hits
                .add(claimed, || spot(text.text, found, base, field));
            return;
        }
    }

    /// Reads every line of one credit trailer.
    fn read_credits(
        &mut self,
        ranges: &[Candidate],
        credit: &CreditRow,
        text: Text<'_>,
        base: usize,
        regions: &mut Option<Regions>,
        field: &impl Fn() -> String,
    ) {
        let subject_end = subject_end(text);
        for range in ranges {
            let part = text.text.get(range.start..range.end).unwrap_or_default();
            for (line, value) in values_of(part, &credit.key) {
                let line = line.start + range.start..line.end + range.start;
                let start = first_word(text.text, line.start);
                if line.start < subject_end
                    || part_at(text, regions, start) != Found::Part(Part::Prose)
                {
                    continue;
                }
                let here = || spot(text.text, line.clone(), base, field);
                self.read_credit(credit, value, text, here);
            }
        }
    }

    fn read_credit(
        &mut self,
        credit: &CreditRow,
        value: &str,
        text: Text<'_>,
        here: impl Fn() -> Spot,
    ) {
        let detector = self.detector;
        let signal = if credit.key.eq_ignore_ascii_case("Co-authored-by") {
            Signal::CoAuthor
        } else {
            Signal::Trailer
        };
        let found = (detector.signer_index).find(signed(value), &detector.account_index);
        let (rule, confidence) = match found {
            Some(SignerMatch::Account(number)) => {
                self.credit_account(number, signal, text, here);
                return;
            }
            Some(SignerMatch::Address(number, confidence)) => {
                (detector.addresses.get(number), Some(confidence))
            }
            Some(SignerMatch::Name(number)) => (detector.names.get(number), None),
            None => {
                if reads_products(credit)
                    && let Some(tool) = product_named(&detector.tool_names, credit, value)
                {
                    let claimed = Claimed {
                        rule: &credit.id,
                        tool,
                        role: Role::Assisted,
                        signal,
                        confidence: credit.confidence,
                        dates: None,
                        time: text.time,
                    };
                    self.hits.add(claimed, here);
                }
                return;
            }
        };
        if let Some(rule) = rule {
            let claimed = Claimed {
                rule: &rule.id,
                tool: &rule.tool,
                role: Role::Assisted,
                signal,
                confidence: confidence.unwrap_or(rule.confidence),
                dates: rule.dates.as_ref(),
                time: text.time,
            };
            self.hits.add(claimed, here);
        }
    }

    /// An account as co-author: help with the change, and for a suggestion also a review.
    fn credit_account(
        &mut self,
        number: usize,
        signal: Signal,
        text: Text<'_>,
        here: impl Fn() -> Spot,
    ) {
        let detector = self.detector;
        let Some(rule) = detector.accounts.get(number) else {
            return;
        };
        let claimed = |tool, role, confidence| Claimed {
            rule: &rule.id,
            tool,
            role,
            signal,
            confidence,
            dates: rule.dates.as_ref(),
            time: text.time,
        };
        if let Some((tool, _)) = &rule.commit {
            let claimed = claimed(tool.as_str(), Role::Assisted, rule.confidence);
            self.hits.add(claimed, &here);
        }
        if rule.co_author_is == CoAuthorMeaning::Suggestion
            && let Some(tool) = &rule.review_tool
        {
            let claimed = claimed(tool.as_str(), Role::Reviewed, rule.confidence);
            self.hits.add(claimed, here);
        }
    }
}

/// The tool that a value names as `AGENT:MODEL` or as a product; given names need a model.
fn product_named<'a>(names: &'a ToolNames, credit: &'a CreditRow, value: &str) -> Option<&'a str> {
    let is_given_name =
        |name: &str| (credit.given_names.iter()).any(|given| given.eq_ignore_ascii_case(name));
    if let Some((agent, model)) = agent_and_model(value) {
        let names_model = is_model(credit, model);
        let tool = names.resolve(agent, Position::Author);
        return match tool {
            Some(tool) if names_model || !is_given_name(agent) => Some(tool),
            _ if names_model => Some(&credit.unnamed_tool),
            _ => None,
        };
    }
    let name = value
        .split(['<', '(', '[', ','])
        .next()
        .unwrap_or_default()
        .trim();
    if is_given_name(name) {
        return None;
    }
    (names.resolve(name, Position::Author))
        .or_else(|| is_model(credit, name).then_some(credit.unnamed_tool.as_str()))
}

/// Whether a word begins as a model's name does and goes on with a version: `gpt-5`, `claude-opus`.
fn is_model(credit: &CreditRow, word: &str) -> bool {
    let lower = word.to_lowercase();
    credit.models.iter().any(|family| {
        lower
            .strip_prefix(family.as_str())
            .is_some_and(|rest| rest.starts_with('-') && rest.len() > 1)
    })
}

fn signal_of(place: Place) -> Signal {
    match place {
        Place::Branch => Signal::Branch,
        Place::Title => Signal::Title,
        Place::Body => Signal::Body,
        Place::Label => Signal::Label,
        Place::Commit | Place::Subject => Signal::Trailer,
        Place::Comment => Signal::CommentText,
        Place::Event => Signal::Event,
    }
}

/// The end of a commit message's subject line; 0 in other places.
fn subject_end(text: Text<'_>) -> usize {
    if text.place != Place::Commit {
        return 0;
    }
    let message = text.text;
    let blank = message.len() - message.trim_start().len();
    let subject = message.get(blank..).unwrap_or_default();
    blank + subject.find(['\n', '\r']).unwrap_or(subject.len())
}

/// The first character of a match that is not white space.
fn first_word(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    start + (rest.len() - rest.trim_start().len())
}

fn part_at(text: Text<'_>, regions: &mut Option<Regions>, position: usize) -> Found {
    match text.markup {
        None => Found::Part(Part::Prose),
        Some(markup) => regions_of(text.text, markup, regions).at(position),
    }
}

fn regions_of<'r>(text: &str, markup: Markup, regions: &'r mut Option<Regions>) -> &'r Regions {
    regions.get_or_insert_with(|| Regions::new(text, markup))
}

fn spot(
    text: &str,
    range: std::ops::Range<usize>,
    base: usize,
    field: &impl Fn() -> String,
) -> Spot {
    let (quote, offset) = quoted(text, range);
    Spot {
        field: field(),
        quote,
        offset_bytes: offset + base as u64,
    }
}
