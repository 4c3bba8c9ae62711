//! The kind of a change, from what its authors called it.

use measures::change_type_of_title;
use model::{ChangeType, TechCategory};

use crate::facts::Facts;

/// What the first word of a title in plain words says.
const VERBS: [(&str, ChangeType); 46] = [
    ("add", ChangeType::Feature),
    ("adds", ChangeType::Feature),
    ("allow", ChangeType::Feature),
    ("create", ChangeType::Feature),
    ("enable", ChangeType::Feature),
    ("expose", ChangeType::Feature),
    ("implement", ChangeType::Feature),
    ("implements", ChangeType::Feature),
    ("introduce", ChangeType::Feature),
    ("new", ChangeType::Feature),
    ("support", ChangeType::Feature),
    ("avoid", ChangeType::Bugfix),
    ("correct", ChangeType::Bugfix),
    ("fix", ChangeType::Bugfix),
    ("fixed", ChangeType::Bugfix),
    ("fixes", ChangeType::Bugfix),
    ("fixing", ChangeType::Bugfix),
    ("handle", ChangeType::Bugfix),
    ("hotfix", ChangeType::Bugfix),
    ("prevent", ChangeType::Bugfix),
    ("resolve", ChangeType::Bugfix),
    ("restore", ChangeType::Bugfix),
    ("document", ChangeType::Docs),
    ("bump", ChangeType::Chore),
    ("bumps", ChangeType::Chore),
    ("pin", ChangeType::Chore),
    ("release", ChangeType::Chore),
    ("upgrade", ChangeType::Chore),
    ("cache", ChangeType::Performance),
    ("optimise", ChangeType::Performance),
    ("optimize", ChangeType::Performance),
    ("speed", ChangeType::Performance),
    ("clean", ChangeType::Refactor),
    ("cleanup", ChangeType::Refactor),
    ("consolidate", ChangeType::Refactor),
    ("deprecate", ChangeType::Refactor),
    ("drop", ChangeType::Refactor),
    ("extract", ChangeType::Refactor),
    ("migrate", ChangeType::Refactor),
    ("move", ChangeType::Refactor),
    ("refactor", ChangeType::Refactor),
    ("remove", ChangeType::Refactor),
    ("rename", ChangeType::Refactor),
    ("simplify", ChangeType::Refactor),
    ("split", ChangeType::Refactor),
    ("revert", ChangeType::Revert),
];

/// Words of labels, whole.
const LABEL_WORDS: [(&str, ChangeType); 14] = [
    ("bug", ChangeType::Bugfix),
    ("bugfix", ChangeType::Bugfix),
    ("fix", ChangeType::Bugfix),
    ("regression", ChangeType::Bugfix),
    ("documentation", ChangeType::Docs),
    ("docs", ChangeType::Docs),
    ("enhancement", ChangeType::Feature),
    ("feature", ChangeType::Feature),
    ("refactoring", ChangeType::Refactor),
    ("performance", ChangeType::Performance),
    ("tests", ChangeType::Test),
    ("testing", ChangeType::Test),
    ("dependencies", ChangeType::Chore),
    ("ci", ChangeType::Ci),
];

/// The kind of a change: by the title's prefix, its object, its verb, labels, branch, commits, files.
pub(super) fn change_type(facts: &Facts) -> ChangeType {
    change_type_of_title(&facts.title)
        .or_else(|| by_words(&facts.title))
        .or_else(|| by_labels(&facts.labels))
        .or_else(|| by_branch(facts.head.as_deref()?))
        .or_else(|| by_commits(facts))
        .or_else(|| by_files(facts))
        .unwrap_or_else(|| by_growth(facts))
}

/// The subject without the prefix that named its type.
pub(super) fn without_prefix(title: &str) -> &str {
    if change_type_of_title(title).is_none() || title.starts_with("Revert \"") {
        return title;
    }
    let rest = match title.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').map(|(_, rest)| rest),
        None => title.split_once(':').map(|(_, rest)| rest),
    };
    match rest.map(str::trim) {
        Some(rest) if !rest.is_empty() => rest,
        _ => title,
    }
}

/// The area that a title names, where no file is known.
pub(super) fn area_of_title(facts: &Facts) -> Option<TechCategory> {
    match change_type_of_title(&facts.title)? {
        ChangeType::Docs => Some(TechCategory::Documentation),
        ChangeType::Test => Some(TechCategory::Tests),
        ChangeType::Ci => Some(TechCategory::Infrastructure),
        _ => None,
    }
}

fn by_words(title: &str) -> Option<ChangeType> {
    let words: Vec<String> = title
        .split(|one: char| !one.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    // What is added or fixed outweighs the verb: "Add tests", "Update the README".
    let verb = words.first()?;
    let is_general_verb = [
        "add", "adds", "update", "updates", "improve", "fix", "extend", "more",
    ]
    .contains(&verb.as_str());
    if is_general_verb
        && has(&[
            "readme",
            "docs",
            "documentation",
            "changelog",
            "typo",
            "typos",
        ])
    {
        return Some(ChangeType::Docs);
    }
    if is_general_verb && has(&["test", "tests"]) && verb != "fix" {
        return Some(ChangeType::Test);
    }
    if is_general_verb && has(&["dependency", "dependencies", "deps", "lockfile"]) {
        return Some(ChangeType::Chore);
    }
    lookup(&VERBS, verb)
}

fn by_labels(labels: &[String]) -> Option<ChangeType> {
    labels.iter().find_map(|label| {
        label
            .to_lowercase()
            .split(|one: char| !one.is_alphanumeric())
            .find_map(|word| lookup(&LABEL_WORDS, word))
    })
}

/// The type before the first slash of a branch, past the tool's or user's own folder.
fn by_branch(head: &str) -> Option<ChangeType> {
    let mut folders: Vec<&str> = head.split('/').collect();
    let last = folders.pop()?;
    folders
        .into_iter()
        .chain(last.split(['-', '_']).take(1))
        .find_map(measures::change_type_of_word)
}

fn by_commits(facts: &Facts) -> Option<ChangeType> {
    let (kind, count) = facts.commit_types.iter().max_by_key(|(_, count)| *count)?;
    (count * 2 >= facts.commits?).then_some(*kind)
}

fn by_files(facts: &Facts) -> Option<ChangeType> {
    let [(only, _)] = facts.areas.as_slice() else {
        return None;
    };
    match only {
        TechCategory::Documentation => Some(ChangeType::Docs),
        TechCategory::Tests => Some(ChangeType::Test),
        TechCategory::Infrastructure => Some(ChangeType::Ci),
        TechCategory::Configuration => Some(ChangeType::Chore),
        _ => None,
    }
}

/// New code is mostly added, reworked code mostly replaced.
fn by_growth(facts: &Facts) -> ChangeType {
    match (facts.additions, facts.deletions) {
        (Some(added), Some(deleted)) if deleted.saturating_mul(3) > added => ChangeType::Refactor,
        _ => ChangeType::Feature,
    }
}

fn lookup(table: &[(&str, ChangeType)], word: &str) -> Option<ChangeType> {
    table
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titled(title: &str) -> ChangeType {
        change_type(&Facts {
            title: title.to_owned(),
            ..Facts::default()
        })
    }

    #[test]
    fn titles_name_their_kind() {
        for (title, expected) in [
            (
                "fix(cache): forget entries after an hour",
                ChangeType::Bugfix,
            ),
            ("feat!: new wire format", ChangeType::Feature),
            ("refactor(core)!: split the poller", ChangeType::Refactor),
            ("perf: read shards in parallel", ChangeType::Performance),
            ("ci: pin actions", ChangeType::Ci),
            ("[docs] say how to start", ChangeType::Docs),
            ("Revert \"feat: new wire format\"", ChangeType::Revert),
            ("Make deletion irreversible", ChangeType::Feature),
            ("Add tests for the poller", ChangeType::Test),
            ("Update README", ChangeType::Docs),
            ("Fix typo in guide", ChangeType::Docs),
            ("Fix flaky test", ChangeType::Bugfix),
            ("Bump serde from 1.0.1 to 1.0.2", ChangeType::Chore),
            ("Update dependencies", ChangeType::Chore),
            ("Rename Cache to Store", ChangeType::Refactor),
            ("Speed up start", ChangeType::Performance),
            ("http: support trailers", ChangeType::Feature),
        ] {
            assert_eq!(titled(title), expected, "{title}");
        }
    }

    #[test]
    fn without_words_the_rest_decides() {
        let base = Facts {
            title: "Some words".to_owned(),
            ..Facts::default()
        };
        let labelled = Facts {
            labels: vec!["kind: Bug".to_owned()],
            ..base.clone()
        };
        assert_eq!(change_type(&labelled), ChangeType::Bugfix);
        let branch = Facts {
            head: Some("ada/fix/cache".to_owned()),
            ..base.clone()
        };
        assert_eq!(change_type(&branch), ChangeType::Bugfix);
        let prefixed = Facts {
            head: Some("docs-start".to_owned()),
            ..base.clone()
        };
        assert_eq!(change_type(&prefixed), ChangeType::Docs);
        let files = Facts {
            areas: vec![(TechCategory::Tests, 3)],
            ..base.clone()
        };
        assert_eq!(change_type(&files), ChangeType::Test);
        let shrinking = Facts {
            additions: Some(10),
            deletions: Some(90),
            ..base.clone()
        };
        assert_eq!(change_type(&shrinking), ChangeType::Refactor);
        let commits = Facts {
            commits: Some(3),
            commit_types: vec![(ChangeType::Bugfix, 2), (ChangeType::Docs, 1)],
            ..base
        };
        assert_eq!(change_type(&commits), ChangeType::Bugfix);
    }

    #[test]
    fn the_prefix_goes_from_the_title() {
        assert_eq!(without_prefix("fix(cache): forget"), "forget");
        assert_eq!(without_prefix("[docs] say"), "say");
        assert_eq!(without_prefix("http: support"), "http: support");
        assert_eq!(without_prefix("fix:"), "fix:");
    }
}
