//! Why a rule decides no pull request, as far as that can be told.

use ::teams::{By, TeamMapping, TeamRule};
use store::Store;

use super::{Rule, Unmatched};
use crate::error::CliError;

/// How many names are read at once. A page of logins costs a walk over everything.
const NAMES_PER_PAGE: usize = 50_000;
/// Names that differ in no more letters may have been meant.
const LETTERS_APART: usize = 2;

/// Adds the hints.
pub(super) fn explain(
    store: &dyn Store,
    mapping: &TeamMapping,
    unmatched: Vec<(&TeamRule, Rule)>,
) -> Result<Vec<Unmatched>, CliError> {
    let wants = |by: By| unmatched.iter().any(|(rule, _)| rule.by == by);
    let mut seen: Vec<Seen> = unmatched.iter().map(|_| Seen::default()).collect();
    if wants(By::Author) {
        look(&unmatched, &mut seen, By::Author, |after| {
            store.logins(after, NAMES_PER_PAGE)
        })?;
    }
    if wants(By::Repository) {
        look(&unmatched, &mut seen, By::Repository, |after| {
            store.repository_names(after, NAMES_PER_PAGE)
        })?;
    }
    Ok(unmatched
        .into_iter()
        .zip(seen)
        .map(|((rule, shown), seen)| Unmatched {
            team: rule.team.clone(),
            hint: hint(rule, &seen, mapping),
            rule: shown,
        })
        .collect())
}

/// What was seen of the names that a rule could mean.
#[derive(Debug, Default)]
struct Seen {
    is_known: bool,
    /// The most similar one, and how many letters apart.
    similar: Option<(usize, String)>,
}

fn look(
    unmatched: &[(&TeamRule, Rule)],
    seen: &mut [Seen],
    by: By,
    mut names: impl FnMut(Option<&str>) -> Result<Vec<String>, store::StoreError>,
) -> Result<(), CliError> {
    let mut after: Option<String> = None;
    loop {
        let page = names(after.as_deref())?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        for name in &page {
            for ((rule, _), seen) in unmatched.iter().zip(seen.iter_mut()) {
                if rule.by != by || seen.is_known {
                    continue;
                }
                if rule.names(name) {
                    seen.is_known = true;
                } else if let Some(apart) = letters_apart(&rule.pattern, name)
                    && seen.similar.as_ref().is_none_or(|(best, _)| apart < *best)
                {
                    seen.similar = Some((apart, name.clone()));
                }
            }
        }
        after = Some(last.clone());
    }
}

fn hint(rule: &TeamRule, seen: &Seen, mapping: &TeamMapping) -> String {
    let is_dated = rule.from.is_some() || rule.to.is_some();
    let within = if is_dated { " within its dates" } else { "" };
    let outside = if is_dated {
        ", or were opened outside its dates"
    } else {
        ""
    };
    match (rule.by, seen.is_known) {
        (By::Author, true) => {
            format!("other rules decide the pull requests of this login{outside}")
        }
        (By::Repository, true) => format!(
            "other rules decide the pull requests of such repositories{outside}, or there are none yet"
        ),
        (By::Path, _) => {
            let authors = if mapping.has_authors() {
                ", or rules of authors decide first"
            } else {
                ""
            };
            format!(
                "no stored pull request changes such files most{within}{authors}; those whose files are not known cannot match"
            )
        }
        (By::Author, false) => with_similar("no stored pull request is by this login", seen),
        (By::Repository, false) => with_similar("no such repository is stored", seen),
    }
}

fn with_similar(words: &str, seen: &Seen) -> String {
    match &seen.similar {
        Some((_, similar)) => format!(
            "{words}; did you mean {}?",
            crate::output::printable(similar)
        ),
        None => words.to_owned(),
    }
}

/// How many letters two names differ in, case aside, where that is few.
fn letters_apart(pattern: &str, name: &str) -> Option<usize> {
    if pattern.contains('*') || pattern.len().abs_diff(name.len()) > LETTERS_APART {
        return None;
    }
    let one: Vec<char> = pattern.to_lowercase().chars().collect();
    let other: Vec<char> = name.to_lowercase().chars().collect();
    // Short names differ in few letters from everything.
    let most = LETTERS_APART.min(one.len() / 3);
    Some(distance(&one, &other)).filter(|apart| *apart <= most)
}

/// The fewest letters to insert, drop or replace.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.iter().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (column, counterpart) in other.iter().enumerate() {
            let above = row.get(column + 1).copied().unwrap_or(usize::MAX - 1);
            let replaced = diagonal + usize::from(letter != counterpart);
            let best = replaced.min(above + 1).min(left + 1);
            diagonal = above;
            if let Some(cell) = row.get_mut(column) {
                *cell = left;
            }
            left = best;
        }
        if let Some(cell) = row.last_mut() {
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_apart_are_counted() {
        let apart = |one: &str, other: &str| {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            distance(&letters(one), &letters(other))
        };
        assert_eq!(apart("", ""), 0);
        assert_eq!(apart("abc", ""), 3);
        assert_eq!(apart("", "abc"), 3);
        assert_eq!(apart("kitten", "sitting"), 3);
        assert_eq!(apart("grace", "garce"), 2);
        assert_eq!(apart("ada", "ada"), 0);
    }

    #[test]
    fn short_names_are_not_similar_to_everything() {
        assert_eq!(letters_apart("Gracee", "grace"), Some(1));
        assert_eq!(letters_apart("acme/weeb", "acme/wbe"), Some(2));
        assert_eq!(letters_apart("ab", "cd"), None);
        assert_eq!(letters_apart("acme-*", "acme-x"), None);
    }
}
