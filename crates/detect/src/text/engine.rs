//! The one-pass engine: one search for one literal per pattern, then the patterns themselves.
//!
//! Every pattern must guarantee a literal of three bytes or more in each of its matches. One pass
//! over a text finds all literals of all patterns at once. Where one stands with the boundary that
//! its pattern asks for beside it, the pattern is run on that line alone; patterns that can match a
//! line break, on the whole text. The result is the same as running each pattern on each text; a
//! property test holds the two together.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::catalogue::CatalogueError;
use crate::text::literals::{Edge, Literal, anchored_literals, required_literals};
use crate::text::matcher::Matcher;

/// A pattern as a catalogue gives it.
pub(crate) struct PatternSpec<'a> {
    pub(crate) file: &'a str,
    pub(crate) id: &'a str,
    pub(crate) pattern: &'a str,
    pub(crate) anchor: Option<&'a str>,
    pub(crate) ignore_case: IgnoreCase,
    pub(crate) reads: Vec<TextKind>,
}

/// What a text is like. Names are searched apart, since what marks a branch is common in prose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextKind {
    /// A short name: a branch, a title, a label, an event.
    Name,
    /// Long text: a description, a message, a comment.
    Prose,
}

/// Whether letter case is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IgnoreCase {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// Compiled patterns, numbered in the order given.
#[derive(Debug)]
pub(crate) struct Engine {
    names: LiteralSearch,
    prose: LiteralSearch,
    patterns: Vec<Pattern>,
}

/// The search for the literals of the patterns that read one kind of text.
#[derive(Debug)]
struct LiteralSearch {
    matcher: Matcher,
    /// For each literal, the patterns that wait for it.
    waiting: Vec<Vec<Waiting>>,
}

#[derive(Debug)]
struct Pattern {
    regex: Regex,
    reach: Reach,
}

/// How far a match can stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It has no line break in it.
    OneLine,
    /// It may have.
    AnyLines,
}

/// A pattern that a literal makes a candidate.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    pattern: usize,
    left: Edge,
    right: Edge,
}

/// Where in a text which patterns may match; reused from text to text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Candidates {
    found: Vec<Candidate>,
    /// For each pattern, the end of the last range that was added for it.
    covered_until: Vec<usize>,
}

/// A part of the text in which a pattern may match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) pattern: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Engine {
    /// Compiles patterns; an error names the row that cannot be compiled or prefiltered.
    pub(crate) fn compile(specs: &[PatternSpec<'_>]) -> Result<Self, CatalogueError> {
        let mut patterns = Vec::with_capacity(specs.len());
        let mut prefilters = Vec::with_capacity(specs.len());
        for spec in specs {
            let regex = compile_pattern(spec)?;
            let hir = parse_pattern(spec)?;
            patterns.push(Pattern {
                regex,
                reach: reach_of(&hir),
            });
            prefilters.push(prefilter(spec, &hir)?);
        }
        let search_of = |kind: TextKind| {
            let numbered = specs.iter().zip(&prefilters).enumerate();
            LiteralSearch::new(
                numbered
                    .filter(|(_, (spec, _))| spec.reads.contains(&kind))
                    .map(|(number, (_, literals))| (number, literals.as_slice())),
            )
        };
        Ok(Engine {
            names: search_of(TextKind::Name),
            prose: search_of(TextKind::Prose),
            patterns,
        })
    }

    /// Finds where patterns may match `text`, in one pass.
    pub(crate) fn scan(&self, text: &str, kind: TextKind, candidates: &mut Candidates) {
        let search = match kind {
            TextKind::Name => &self.names,
            TextKind::Prose => &self.prose,
        };
        candidates.clear(self.patterns.len());
        let bytes = text.as_bytes();
        let mut line = 0..0;
        search.matcher.find_all(bytes, |found| {
            for waiting in search.waiting.get(found.literal).into_iter().flatten() {
                let before = found.start.checked_sub(1).and_then(|at| bytes.get(at));
                if !edge_allows(waiting.left, before)
                    || !edge_allows(waiting.right, bytes.get(found.end))
                    || candidates.covers(waiting.pattern, found.start)
                {
                    continue;
                }
                let reach = self
                    .patterns
                    .get(waiting.pattern)
                    .map(|pattern| pattern.reach);
                if reach == Some(Reach::OneLine) {
                    if !line.contains(&found.start) {
                        line = line_around(bytes, found.start);
                    }
                    candidates.add(waiting.pattern, line.clone());
                } else {
                    candidates.add(waiting.pattern, 0..bytes.len());
                }
            }
        });
        // Stable: the ranges of one pattern stay in reading order.
        candidates.found.sort_by_key(|candidate| candidate.pattern);
    }

    /// The matches of one pattern in the candidate ranges of a text, in reading order.
    pub(crate) fn matches<'e>(
        &'e self,
        ranges: &'e [Candidate],
        text: &'e str,
    ) -> impl Iterator<Item = Range<usize>> + 'e {
        ranges.iter().flat_map(move |candidate| {
            let regex = self
                .patterns
                .get(candidate.pattern)
                .map(|pattern| &pattern.regex);
            let part = text.get(candidate.start..candidate.end).unwrap_or_default();
            let found = regex
                .into_iter()
                .flat_map(move |regex| regex.find_iter(part));
            found.map(|found| found.start() + candidate.start..found.end() + candidate.start)
        })
    }

    /// Every pattern on the whole text: what the plain way tries.
    #[cfg(test)]
    pub(crate) fn all(&self, text: &str) -> Candidates {
        let mut candidates = Candidates::default();
        candidates.clear(self.patterns.len());
        for pattern in 0..self.patterns.len() {
            candidates.add(pattern, 0..text.len());
        }
        candidates
    }
}

impl LiteralSearch {
    fn new<'l>(prefilters: impl Iterator<Item = (usize, &'l [Literal])>) -> Self {
        let mut texts: Vec<String> = Vec::new();
        let mut waiting: Vec<Vec<Waiting>> = Vec::new();
        for (pattern, literals) in prefilters {
            for literal in literals {
                let text = literal.text.to_ascii_lowercase();
                let position = texts.iter().position(|known| *known == text);
                let index = position.unwrap_or_else(|| {
                    texts.push(text);
                    waiting.push(Vec::new());
                    texts.len() - 1
                });
                if let Some(list) = waiting.get_mut(index) {
                    list.push(Waiting {
                        pattern,
                        left: literal.left,
                        right: literal.right,
                    });
                }
            }
        }
        LiteralSearch {
            matcher: Matcher::new(&texts),
            waiting,
        }
    }
}

impl Candidates {
    /// The ranges of each pattern, patterns rising, ranges in reading order.
    pub(crate) fn by_pattern(&self) -> impl Iterator<Item = (usize, &[Candidate])> {
        self.found
            .chunk_by(|one, next| one.pattern == next.pattern)
            .filter_map(|ranges| ranges.first().map(|first| (first.pattern, ranges)))
    }

    fn clear(&mut self, patterns: usize) {
        self.found.clear();
        self.covered_until.clear();
        self.covered_until.resize(patterns, 0);
    }

    fn covers(&self, pattern: usize, position: usize) -> bool {
        self.covered_until
            .get(pattern)
            .is_some_and(|&end| position < end)
    }

    fn add(&mut self, pattern: usize, range: Range<usize>) {
        if let Some(end) = self.covered_until.get_mut(pattern) {
            *end = range.end;
        }
        self.found.push(Candidate {
            pattern,
            start: range.start,
            end: range.end,
        });
    }
}

/// The line at a position, without its break.
fn line_around(bytes: &[u8], position: usize) -> Range<usize> {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let before = bytes.get(..position).unwrap_or_default();
    let after = bytes.get(position..).unwrap_or_default();
    let start = before.iter().rposition(is_break).map_or(0, |at| at + 1);
    let end = after
        .iter()
        .position(is_break)
        .map_or(bytes.len(), |at| position + at);
    start..end
}

/// Whether a match of the pattern can hold a line break.
fn reach_of(hir: &Hir) -> Reach {
    let crosses = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.iter().any(|byte| matches!(byte, b'\n' | b'\r')),
        HirKind::Class(Class::Unicode(class)) => class.iter().any(|range| {
            ['\n', '\r']
                .iter()
                .any(|line_break| (range.start()..=range.end()).contains(line_break))
        }),
        HirKind::Class(Class::Bytes(_)) => true,
        HirKind::Repetition(repetition) => reach_of(&repetition.sub) == Reach::AnyLines,
        HirKind::Capture(capture) => reach_of(&capture.sub) == Reach::AnyLines,
        HirKind::Concat(children) | HirKind::Alternation(children) => children
            .iter()
            .any(|child| reach_of(child) == Reach::AnyLines),
    };
    // `\A` and `\z` mean the text, not the line.
    let looks = hir.properties().look_set();
    if crosses || looks.contains(Look::Start) || looks.contains(Look::End) {
        Reach::AnyLines
    } else {
        Reach::OneLine
    }
}

fn edge_allows(edge: Edge, neighbour: Option<&u8>) -> bool {
    match (edge, neighbour) {
        (Edge::Open, _) | (_, None) => true,
        (Edge::Word, Some(byte)) => !byte.is_ascii_alphanumeric() && *byte != b'_',
        (Edge::Line, Some(byte)) => matches!(byte, b'\n' | b'\r'),
    }
}

fn compile_pattern(spec: &PatternSpec<'_>) -> Result<Regex, CatalogueError> {
    RegexBuilder::new(spec.pattern)
        .case_insensitive(spec.ignore_case == IgnoreCase::Yes)
        .multi_line(true)
        .crlf(true)
        .build()
        .map_err(|source| CatalogueError::BadPattern {
            file: spec.file.to_owned(),
            id: spec.id.to_owned(),
            source: Box::new(source),
        })
}

fn parse_pattern(spec: &PatternSpec<'_>) -> Result<Hir, CatalogueError> {
    let parsed = regex_syntax::ParserBuilder::new()
        .case_insensitive(spec.ignore_case == IgnoreCase::Yes)
        .multi_line(true)
        .crlf(true)
        .build()
        .parse(spec.pattern);
    parsed.map_err(|error| CatalogueError::BadPattern {
        file: spec.file.to_owned(),
        id: spec.id.to_owned(),
        source: Box::new(regex::Error::Syntax(error.to_string())),
    })
}

fn prefilter(spec: &PatternSpec<'_>, hir: &Hir) -> Result<Vec<Literal>, CatalogueError> {
    let file = spec.file.to_owned();
    let id = spec.id.to_owned();
    match spec.anchor {
        Some(anchor) => anchored_literals(hir, anchor).ok_or_else(|| CatalogueError::BadAnchor {
            file,
            id,
            anchor: anchor.to_owned(),
        }),
        None => required_literals(hir).ok_or(CatalogueError::NoLiteral { file, id }),
    }
}
