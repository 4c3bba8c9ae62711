//! The context: what a model is told of one pull request, within a budget of tokens.

mod commits;
mod discussion;
mod events;
mod files;

use std::collections::BTreeMap;

use model::{Evidence, PullRequest};
use serde::Serialize;

use crate::facts::{Facts, Scrubber, gather};
use crate::fence::{self, FRAME_TOKENS, Section};
use crate::secrets::{MaskCounts, Masker};
use crate::text::{self, LEAD_WINDOW_BYTES};
use crate::tokens;

/// Tokens that each part of a context may take.
///
/// Facts, evidence, the title and the trailers of commits are short and never cut; everything else
/// keeps to its limit. The description takes what the others leave, up to its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextBudget {
    /// The whole context.
    pub total_tokens: u64,
    /// The description, when the total leaves room.
    pub body_tokens: u64,
    /// Subjects and messages of commits, trailers apart.
    pub commit_tokens: u64,
    /// Files or groups of files.
    pub file_tokens: u64,
    /// Reviews and comments.
    pub discussion_tokens: u64,
    /// Timeline events.
    pub event_tokens: u64,
}

impl Default for ContextBudget {
    /// 1,600 tokens in all: with the system prompt a request stays within 2,560.
    fn default() -> Self {
        ContextBudget {
            total_tokens: 1_600,
            body_tokens: 900,
            commit_tokens: 300,
            file_tokens: 180,
            discussion_tokens: 240,
            event_tokens: 50,
        }
    }
}

impl ContextBudget {
    /// Half of every limit: for another attempt after "input too long".
    pub fn halved(&self) -> ContextBudget {
        ContextBudget {
            total_tokens: self.total_tokens / 2,
            body_tokens: self.body_tokens / 2,
            commit_tokens: self.commit_tokens / 2,
            file_tokens: self.file_tokens / 2,
            discussion_tokens: self.discussion_tokens / 2,
            event_tokens: self.event_tokens / 2,
        }
    }
}

/// What a model is told of one pull request: the user message of its request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Context {
    /// The message.
    pub text: String,
    /// Tokens by section, frame apart. Sections without content are absent.
    pub section_tokens: BTreeMap<Section, u64>,
    /// Tokens of the message, counted over the whole.
    pub total_tokens: u64,
    /// What was shortened, in the order of the sections.
    pub cuts: Vec<Cut>,
    /// What was masked, by kind.
    pub masked: MaskCounts,
}

/// One thing that did not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Where.
    pub section: Section,
    /// What was cut: `characters`, `subjects`, `message characters`, `paths`, `remarks`, ...
    pub what: &'static str,
    /// How many of them.
    pub count: u64,
}

/// Builds the context of a pull request.
///
/// Fields that are not known are left out. A pull request without a description is described by
/// what else there is. Secrets and personal addresses are masked before anything is cut, so that
/// no half of one survives. The same input always gives the same text. Time is linear in the size
/// of the record.
pub fn build_context(
    pull_request: &PullRequest,
    evidence: &[Evidence],
    budget: &ContextBudget,
) -> Context {
    let quotes = evidence.iter().map(|hit| hit.quote.as_str());
    let mut builder = Builder {
        scrubber: Scrubber {
            masker: Masker::keeping_addresses_in(quotes),
        },
        cuts: Vec::new(),
        parts: Vec::new(),
        used_tokens: FRAME_TOKENS,
    };
    let facts = Facts::gather(pull_request, evidence, &mut builder.scrubber);
    builder.put(Section::Facts, facts.fact_lines());
    builder.put(Section::Evidence, facts.evidence_lines());
    builder.put(Section::Title, facts.title.clone());
    let commits = commits::lines(pull_request, budget.commit_tokens, &mut builder);
    builder.put(Section::Commits, commits);
    let files = files::lines(pull_request, budget.file_tokens, &mut builder);
    builder.put(Section::Files, files);
    let known_bots = gather::bots_by_evidence(evidence);
    let discussion = discussion::lines(
        pull_request,
        &known_bots,
        budget.discussion_tokens,
        &mut builder,
    );
    builder.put(Section::Discussion, discussion);
    let events = events::lines(pull_request, budget.event_tokens, &mut builder);
    builder.put(Section::Events, events);
    let left = budget.total_tokens.saturating_sub(builder.used_tokens);
    let body = text::shorten_middle(&facts.body, left.min(budget.body_tokens), LEAD_WINDOW_BYTES);
    builder.cut(Section::Body, "characters", body.cut_chars);
    builder.put(Section::Body, body.text);
    builder.finish()
}

/// A context in the making.
struct Builder {
    scrubber: Scrubber,
    cuts: Vec<Cut>,
    parts: Vec<(Section, String, u64)>,
    used_tokens: u64,
}

impl Builder {
    fn put(&mut self, section: Section, text: String) {
        if text.is_empty() {
            return;
        }
        let tokens = tokens::count(&text);
        self.used_tokens += tokens;
        self.parts.push((section, text, tokens));
    }

    fn cut(&mut self, section: Section, what: &'static str, count: u64) {
        if count > 0 {
            self.cuts.push(Cut {
                section,
                what,
                count,
            });
        }
    }

    fn finish(mut self) -> Context {
        self.parts.sort_by_key(|(section, _, _)| *section);
        self.cuts.sort_by_key(|cut| cut.section);
        let section_tokens: BTreeMap<Section, u64> = self
            .parts
            .iter()
            .map(|(section, _, tokens)| (*section, *tokens))
            .collect();
        let sections: Vec<(Section, String)> = self
            .parts
            .into_iter()
            .map(|(section, text, _)| (section, text))
            .collect();
        let text = fence::render(&sections);
        Context {
            total_tokens: section_tokens.values().sum::<u64>()
                + fence::frame_tokens(&text, &sections),
            text,
            section_tokens,
            cuts: self.cuts,
            masked: self.scrubber.masker.counts().clone(),
        }
    }
}

/// Lines of a section that keep to a budget.
struct Budgeted {
    lines: Vec<String>,
    left_tokens: u64,
}

impl Budgeted {
    fn new(limit_tokens: u64) -> Budgeted {
        Budgeted {
            lines: Vec::new(),
            left_tokens: limit_tokens,
        }
    }

    /// Adds a line if it fits; says whether it did.
    fn add(&mut self, line: String) -> bool {
        // The line break counts too.
        let cost = tokens::count(&line) + 1;
        if cost > self.left_tokens {
            return false;
        }
        self.left_tokens -= cost;
        self.lines.push(line);
        true
    }

    /// Adds a line whatever it costs.
    fn add_always(&mut self, line: String) {
        let cost = tokens::count(&line) + 1;
        self.left_tokens = self.left_tokens.saturating_sub(cost);
        self.lines.push(line);
    }

    fn join(self) -> String {
        self.lines.join("\n")
    }
}
