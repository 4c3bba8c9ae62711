//! Path patterns, all of them held against a file at once.

use regex::{RegexSet, RegexSetBuilder};

use crate::rule::split_path;

/// How large the compiled patterns may become, in bytes.
const COMPILED_BYTES_MAX: usize = 64 << 20;

/// The patterns of a mapping, each with the place of its rule.
#[derive(Debug, Clone)]
pub(crate) struct PathPatterns {
    set: RegexSet,
    rules: Vec<usize>,
}

impl PathPatterns {
    /// Compiles patterns given with the places of their rules. Where they cannot be compiled together
    /// the place is the first one's.
    pub(crate) fn new(patterns: &[(usize, &str)]) -> Result<Self, (usize, String)> {
        let first = patterns.first().map_or(0, |(rule, _)| *rule);
        let set = RegexSetBuilder::new(patterns.iter().map(|(_, pattern)| {
            let (_, path) = split_path(pattern);
            expression(path)
        }))
        .dot_matches_new_line(true)
        .size_limit(COMPILED_BYTES_MAX)
        .build()
        .map_err(|error| {
            (
                first,
                format!("the path patterns cannot be compiled: {error}"),
            )
        })?;
        Ok(Self {
            set,
            rules: patterns.iter().map(|(rule, _)| *rule).collect(),
        })
    }

    /// The places of the rules whose pattern matches a file, ascending.
    pub(crate) fn matching<'a>(&'a self, file: &str) -> impl Iterator<Item = usize> + use<'a> {
        self.set
            .matches(file)
            .into_iter()
            .filter_map(|index| self.rules.get(index).copied())
    }
}

/// The regular expression of a pattern in the manner of `.gitignore`.
fn expression(pattern: &str) -> String {
    let is_folder = pattern.ends_with('/');
    let inner = pattern.trim_matches('/');
    let is_anchored = pattern.starts_with('/') || inner.contains('/');
    let mut expression = String::from(if is_anchored { "^" } else { "^(?:.*/)?" });
    let mut parts = inner.split('/').peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        if part == "**" {
            expression.push_str(if is_last { ".*" } else { "(?:.*/)?" });
            continue;
        }
        for one in part.chars() {
            match one {
                '*' => expression.push_str("[^/]*"),
                '?' => expression.push_str("[^/]"),
                other => expression.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
            }
        }
        if !is_last {
            expression.push('/');
        }
    }
    expression.push_str(if is_folder { "/.*$" } else { "(?:/.*)?$" });
    expression
}
