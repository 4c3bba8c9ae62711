//! All rules together, and which of them decides.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::paths::PathPatterns;
use crate::rule::{BadRule, By, TeamRule, matches, plain_login, split_path};

/// The version of the JSON form.
const VERSION: u32 = 1;

/// What is known of a pull request when its team is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// `owner/name`.
    pub repo: &'a str,
    /// The login that opened it.
    pub author: Option<&'a str>,
    /// The login to whom it belongs, where that was found out: who asked an agent for it.
    pub person: Option<&'a str>,
    /// When it was opened.
    pub opened: Option<Timestamp>,
}

/// The rules in their order, ready to be held against pull requests. The default has none.
#[derive(Debug, Clone, Default)]
pub struct TeamMapping {
    rules: Vec<TeamRule>,
    authors: Names,
    repositories: Names,
    paths: Option<PathPatterns>,
}

/// A kept mapping that this version cannot read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableMapping {
    /// Not the JSON of a mapping.
    #[error("not a team mapping")]
    Json(#[source] serde_json::Error),
    /// Written by another version.
    #[error("the team mapping has version {found}; {VERSION} is known")]
    Version {
        /// Its version.
        found: u32,
    },
    /// A rule cannot be one.
    #[error("rule {} of the team mapping", .0.index + 1)]
    Rule(#[source] BadRule),
}

#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    version: u32,
    rules: std::borrow::Cow<'a, [TeamRule]>,
}

impl TeamMapping {
    /// Takes rules in their order.
    ///
    /// # Errors
    /// The first rule that cannot be one.
    pub fn new(rules: Vec<TeamRule>) -> Result<Self, BadRule> {
        let mut mapping = TeamMapping::default();
        let mut paths = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            if let Some(reason) = rule.complaint() {
                return Err(BadRule { index, reason });
            }
            match rule.by {
                By::Author => mapping.authors.add(plain_login(&rule.pattern), index),
                By::Repository => mapping
                    .repositories
                    .add(rule.pattern.to_ascii_lowercase(), index),
                By::Path => paths.push((index, rule.pattern.as_str())),
            }
        }
        if !paths.is_empty() {
            let compiled =
                PathPatterns::new(&paths).map_err(|(index, reason)| BadRule { index, reason })?;
            mapping.paths = Some(compiled);
        }
        mapping.rules = rules;
        Ok(mapping)
    }

    /// The rules in their order.
    pub fn rules(&self) -> &[TeamRule] {
        &self.rules
    }

    /// The rule of this place.
    pub fn rule(&self, index: usize) -> Option<&TeamRule> {
        self.rules.get(index)
    }

    /// Whether there is no rule, so that every pull request is its owner's.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether some rule looks at authors.
    pub fn has_authors(&self) -> bool {
        !self.authors.is_empty()
    }

    /// Whether some rule looks at changed files, so that [`Self::decide`] may want them.
    pub fn has_paths(&self) -> bool {
        self.paths.is_some()
    }

    /// Decides: gives the place of the rule that counts; `None` leaves it to the repository's owner.
    ///
    /// `files` gives the paths of the changed files, and is only asked when no author's rule decides
    /// and some rule looks at paths.
    ///
    /// # Errors
    /// Those of `files`.
    pub fn decide<E>(
        &self,
        subject: &Subject<'_>,
        files: impl FnOnce() -> Result<Vec<String>, E>,
    ) -> Result<Option<usize>, E> {
        if let Some(rule) = self.by_author(subject) {
            return Ok(Some(rule));
        }
        if self.has_paths()
            && let Some(rule) = self.by_files(subject, &files()?)
        {
            return Ok(Some(rule));
        }
        Ok(self.by_repository(subject))
    }

    /// The rule for the person, or else for the account that opened it.
    pub fn by_author(&self, subject: &Subject<'_>) -> Option<usize> {
        if self.authors.is_empty() {
            return None;
        }
        let of = |login: Option<&str>| {
            let login = plain_login(login?);
            self.first(self.authors.matching(&login), subject.opened)
        };
        of(subject.person).or_else(|| of(subject.author))
    }

    /// The rule for the changed files: of the team with most of them.
    pub fn by_files(&self, subject: &Subject<'_>, files: &[String]) -> Option<usize> {
        let paths = self.paths.as_ref()?;
        // By team: how many files, and the first of its rules that had one.
        let mut teams: HashMap<&str, (usize, usize)> = HashMap::new();
        for file in files {
            let matching = paths
                .matching(file)
                .filter(|rule| self.is_for_repository(*rule, subject.repo))
                .map(|rule| (rule, Precision::Pattern));
            let Some(rule) = self.first(matching, subject.opened) else {
                continue;
            };
            let Some(team) = self.rules.get(rule).map(|rule| rule.team.as_str()) else {
                continue;
            };
            let (count, first) = teams.entry(team).or_insert((0, rule));
            *count += 1;
            *first = rule.min(*first);
        }
        teams
            .into_values()
            .max_by_key(|(count, first)| (*count, Reverse(*first)))
            .map(|(_, first)| first)
    }

    /// The rule for the repository.
    pub fn by_repository(&self, subject: &Subject<'_>) -> Option<usize> {
        if self.repositories.is_empty() {
            return None;
        }
        let repo = subject.repo.to_ascii_lowercase();
        self.first(self.repositories.matching(&repo), subject.opened)
    }

    /// The team to which a repository itself belongs: by the rules that have no end. `None` leaves
    /// it to its owner.
    pub fn team_of_repository(&self, repo: &str) -> Option<&str> {
        let repo = repo.to_ascii_lowercase();
        let open = self
            .repositories
            .matching(&repo)
            .filter(|(index, _)| self.rules.get(*index).is_some_and(|rule| rule.to.is_none()));
        let index = self.best(open)?;
        self.rules.get(index).map(|rule| rule.team.as_str())
    }

    /// The mapping as JSON, by which it is kept and known to be the same.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Kept {
            version: VERSION,
            rules: self.rules.as_slice().into(),
        })
    }

    /// Reads what [`Self::to_json`] writes.
    pub fn from_json(text: &str) -> Result<Self, UnreadableMapping> {
        let kept: Kept<'_> = serde_json::from_str(text).map_err(UnreadableMapping::Json)?;
        if kept.version != VERSION {
            return Err(UnreadableMapping::Version {
                found: kept.version,
            });
        }
        TeamMapping::new(kept.rules.into_owned()).map_err(UnreadableMapping::Rule)
    }

    fn is_for_repository(&self, rule: usize, repo: &str) -> bool {
        let Some(rule) = self.rules.get(rule) else {
            return false;
        };
        split_path(&rule.pattern).0.is_none_or(|pattern| {
            matches(&pattern.to_ascii_lowercase(), &repo.to_ascii_lowercase())
        })
    }

    /// Of rules that match, the one that counts on a day.
    fn first(
        &self,
        matching: impl Iterator<Item = (usize, Precision)>,
        opened: Option<Timestamp>,
    ) -> Option<usize> {
        self.best(matching.filter(|(index, _)| {
            self.rules
                .get(*index)
                .is_some_and(|rule| rule.holds_at(opened))
        }))
    }

    /// The one that began last; then a name before a pattern; then the one that stands first.
    fn best(&self, rules: impl Iterator<Item = (usize, Precision)>) -> Option<usize> {
        let from =
            |index: usize| -> Option<Date> { self.rules.get(index).and_then(|rule| rule.from) };
        rules
            .max_by_key(|(index, precision)| (from(*index), *precision, Reverse(*index)))
            .map(|(index, _)| index)
    }
}

/// Whether a rule names what it means or only describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    Pattern,
    Name,
}

/// Names and patterns in lower case, with the places of their rules.
#[derive(Debug, Clone, Default)]
struct Names {
    exact: HashMap<String, Vec<usize>>,
    patterns: Vec<(String, usize)>,
}

impl Names {
    fn add(&mut self, name: String, rule: usize) {
        if name.contains('*') {
            self.patterns.push((name, rule));
        } else {
            self.exact.entry(name).or_default().push(rule);
        }
    }

    fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.patterns.is_empty()
    }

    fn matching<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (usize, Precision)> + 'a {
        let exact = self.exact.get(name).into_iter().flatten();
        let patterns = self
            .patterns
            .iter()
            .filter(move |(pattern, _)| matches(pattern, name));
        exact
            .map(|rule| (*rule, Precision::Name))
            .chain(patterns.map(|(_, rule)| (*rule, Precision::Pattern)))
    }
}
