//! The one-pass engine: one automaton over one literal per pattern, then the patterns themselves.
//!
//! Every pattern must guarantee a literal of three bytes or more in each of its matches. One scan
//! of a text finds all literals of all patterns at once; only patterns whose literal is there, with
//! the boundary the pattern asks for beside it, are then run, one by one. The result is the same
//! as running each pattern on each text; a property test holds the two together.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::Hir;

use crate::catalogue::CatalogueError;
use crate::text::literals::{Edge, anchored_literals, required_literals};

/// A pattern as a catalogue gives it.
pub(crate) struct PatternSpec<'a> {
    pub(crate) file: &'a str,
    pub(crate) id: &'a str,
    pub(crate) pattern: &'a str,
    pub(crate) anchor: Option<&'a str>,
    pub(crate) ignore_case: IgnoreCase,
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
    automaton: AhoCorasick,
    /// For each literal, the patterns that wait for it.
    waiting: Vec<Vec<Waiting>>,
    patterns: Vec<Regex>,
}

/// A pattern that a literal makes a candidate.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    pattern: usize,
    left: Edge,
    right: Edge,
}

/// A set of pattern numbers, reused from text to text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Candidates {
    words: Vec<u64>,
}

impl Engine {
    /// Compiles patterns; an error names the row that cannot be compiled or prefiltered.
    pub(crate) fn compile(specs: &[PatternSpec<'_>]) -> Result<Self, CatalogueError> {
        let mut patterns = Vec::with_capacity(specs.len());
        let mut literals: Vec<String> = Vec::new();
        let mut waiting: Vec<Vec<Waiting>> = Vec::new();
        for (number, spec) in specs.iter().enumerate() {
            patterns.push(compile_pattern(spec)?);
            for literal in prefilter(spec)? {
                let text = literal.text.to_ascii_lowercase();
                let position = literals.iter().position(|known| *known == text);
                let index = position.unwrap_or_else(|| {
                    literals.push(text);
                    waiting.push(Vec::new());
                    literals.len() - 1
                });
                if let Some(list) = waiting.get_mut(index) {
                    list.push(Waiting {
                        pattern: number,
                        left: literal.left,
                        right: literal.right,
                    });
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&literals)
            .map_err(|source| CatalogueError::Automaton {
                source: Box::new(source),
            })?;
        Ok(Engine {
            automaton,
            waiting,
            patterns,
        })
    }

    /// Finds the patterns that may match `text`, in one pass.
    pub(crate) fn scan(&self, text: &str, candidates: &mut Candidates) {
        candidates.clear(self.patterns.len());
        let bytes = text.as_bytes();
        for found in self.automaton.find_overlapping_iter(bytes) {
            let Some(list) = self.waiting.get(found.pattern().as_usize()) else {
                continue;
            };
            for waiting in list {
                let before = found.start().checked_sub(1).and_then(|at| bytes.get(at));
                if edge_allows(waiting.left, before)
                    && edge_allows(waiting.right, bytes.get(found.end()))
                {
                    candidates.insert(waiting.pattern);
                }
            }
        }
    }

    /// The compiled pattern of a number.
    pub(crate) fn pattern(&self, number: usize) -> Option<&Regex> {
        self.patterns.get(number)
    }

    /// How many patterns there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.patterns.len()
    }
}

impl Candidates {
    /// The numbers in the set, rising.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                Some(index * 64 + bit)
            })
        })
    }

    /// Every number below `count`: what the naive way would try.
    #[cfg(test)]
    pub(crate) fn all(count: usize) -> Self {
        let mut candidates = Candidates::default();
        candidates.clear(count);
        for number in 0..count {
            candidates.insert(number);
        }
        candidates
    }

    fn clear(&mut self, count: usize) {
        self.words.clear();
        self.words.resize(count.div_ceil(64), 0);
    }

    fn insert(&mut self, number: usize) {
        if let Some(word) = self.words.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
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

fn prefilter(
    spec: &PatternSpec<'_>,
) -> Result<Vec<crate::text::literals::Literal>, CatalogueError> {
    let no_literal = || CatalogueError::NoLiteral {
        file: spec.file.to_owned(),
        id: spec.id.to_owned(),
    };
    let hir: Hir = regex_syntax::ParserBuilder::new()
        .case_insensitive(spec.ignore_case == IgnoreCase::Yes)
        .multi_line(true)
        .crlf(true)
        .build()
        .parse(spec.pattern)
        .map_err(|_| no_literal())?;
    match spec.anchor {
        Some(anchor) => anchored_literals(&hir, anchor).ok_or_else(|| CatalogueError::BadAnchor {
            file: spec.file.to_owned(),
            id: spec.id.to_owned(),
            anchor: anchor.to_owned(),
        }),
        None => required_literals(&hir).ok_or_else(no_literal),
    }
}
