//! Mentions: prose that names a tool. No evidence.

use model::PullRequest;
use serde::{Deserialize, Serialize};

use crate::catalogue::rows::Part;
use crate::catalogue::{Catalogue, CatalogueError};
use crate::identity::{AccountClaim, AccountIndex};
use crate::text::engine::{Candidates, Engine, IgnoreCase, PatternSpec, TextKind};
use crate::text::quoted;
use crate::text::regions::{Found, Markup, Regions};

/// Matches of one pattern tried in one text.
const MAX_MATCHES_TRIED: usize = 64;

/// A place where prose names a tool, or AI in general.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// The slug of the tool; `None` for AI in general.
    pub tool: Option<String>,
    /// The place, for instance `body`.
    pub field: String,
    /// The words, as they stand in the field, at most 200 characters.
    pub quote: String,
    /// Byte offset of the words in the field.
    pub offset_bytes: u64,
    /// The id of the catalogue's row.
    pub rule: String,
}

/// The mention rows, compiled.
#[derive(Debug)]
pub(crate) struct Mentions {
    engine: Engine,
    rules: Vec<(String, Option<String>)>,
}

impl Mentions {
    pub(crate) fn compile(catalogue: &Catalogue) -> Result<Self, CatalogueError> {
        let specs: Vec<PatternSpec<'_>> = (catalogue.mentions.iter())
            .map(|sourced| PatternSpec {
                file: &sourced.file,
                id: &sourced.row.id,
                pattern: &sourced.row.pattern,
                anchor: sourced.row.anchor.as_deref(),
                ignore_case: IgnoreCase::Yes,
                reads: vec![TextKind::Prose],
            })
            .collect();
        Ok(Mentions {
            engine: Engine::compile(&specs)?,
            rules: (catalogue.mentions.iter())
                .map(|sourced| (sourced.row.id.clone(), sourced.row.tool.clone()))
                .collect(),
        })
    }

    /// Mentions in title, body, commit messages, and what people (not tools) commented.
    pub(crate) fn of(&self, pull_request: &PullRequest, accounts: &AccountIndex) -> Vec<Mention> {
        let mut found = Vec::new();
        self.read(&pull_request.title, Markup::Plain, &mut found, || {
            "title".to_owned()
        });
        if let Some(body) = &pull_request.body {
            self.read(body, Markup::Markdown, &mut found, || "body".to_owned());
        }
        for (index, commit) in pull_request.commits.iter().flatten().enumerate() {
            let field = || format!("commits[{index}].message");
            self.read(&commit.message, Markup::Plain, &mut found, field);
        }
        for (index, comment) in pull_request.comments.iter().flatten().enumerate() {
            let claim = AccountClaim {
                id: comment.author_id,
                login: comment.author.as_deref(),
                is_bot: comment.is_bot,
            };
            if comment.is_bot == Some(true) || accounts.find(claim).is_some() {
                continue;
            }
            let field = || format!("comments[{index}].body");
            self.read(&comment.body, Markup::Markdown, &mut found, field);
        }
        found
    }

    fn read(
        &self,
        text: &str,
        markup: Markup,
        found: &mut Vec<Mention>,
        field: impl Fn() -> String,
    ) {
        let mut candidates = Candidates::default();
        self.engine.scan(text, TextKind::Prose, &mut candidates);
        let mut regions = None;
        for (number, ranges) in candidates.by_pattern() {
            let Some((rule, tool)) = self.rules.get(number) else {
                continue;
            };
            if found.iter().any(|mention| mention.rule == *rule) {
                continue;
            }
            let in_prose = |start: usize, regions: &mut Option<Regions>| {
                let regions = regions.get_or_insert_with(|| Regions::new(text, markup));
                regions.at(start) == Found::Part(Part::Prose)
            };
            let hit = (self.engine.matches(ranges, text).take(MAX_MATCHES_TRIED))
                .find(|hit| in_prose(hit.start, &mut regions));
            if let Some(hit) = hit {
                let (quote, offset_bytes) = quoted(text, hit);
                found.push(Mention {
                    tool: tool.clone(),
                    field: field(),
                    quote,
                    offset_bytes,
                    rule: rule.clone(),
                });
            }
        }
    }
}
