//! The kind of a change, as its title names it.

use model::ChangeType;

/// Types of conventional commits and their kin.
const PREFIXES: [(&str, ChangeType); 34] = [
    ("feat", ChangeType::Feature),
    ("feature", ChangeType::Feature),
    ("add", ChangeType::Feature),
    ("fix", ChangeType::Bugfix),
    ("bugfix", ChangeType::Bugfix),
    ("bug", ChangeType::Bugfix),
    ("hotfix", ChangeType::Bugfix),
    ("security", ChangeType::Bugfix),
    ("docs", ChangeType::Docs),
    ("doc", ChangeType::Docs),
    ("test", ChangeType::Test),
    ("tests", ChangeType::Test),
    ("qa", ChangeType::Test),
    ("chore", ChangeType::Chore),
    ("build", ChangeType::Chore),
    ("deps", ChangeType::Chore),
    ("release", ChangeType::Chore),
    ("bump", ChangeType::Chore),
    ("i18n", ChangeType::Chore),
    ("ci", ChangeType::Ci),
    ("actions", ChangeType::Ci),
    ("workflow", ChangeType::Ci),
    ("perf", ChangeType::Performance),
    ("performance", ChangeType::Performance),
    ("refactor", ChangeType::Refactor),
    ("refac", ChangeType::Refactor),
    ("style", ChangeType::Refactor),
    ("cleanup", ChangeType::Refactor),
    ("clean", ChangeType::Refactor),
    ("lint", ChangeType::Refactor),
    ("types", ChangeType::Refactor),
    ("rename", ChangeType::Refactor),
    ("revert", ChangeType::Revert),
    ("rollback", ChangeType::Revert),
];

/// The type that a title names itself: `fix(cache): ...`, `[docs] ...`, `Revert "..."`.
pub fn change_type_of_title(title: &str) -> Option<ChangeType> {
    let title = title.trim();
    if title.starts_with("Revert \"") {
        return Some(ChangeType::Revert);
    }
    let prefix = if let Some(bracketed) = title.strip_prefix('[') {
        bracketed.split_once(']')?.0
    } else {
        let (prefix, _) = title.split_once(':')?;
        let (kind, scope) = prefix.split_once('(').unwrap_or((prefix, ")"));
        if !scope.trim_end_matches('!').ends_with(')') {
            return None;
        }
        kind
    };
    change_type_of_word(prefix.trim().trim_end_matches('!'))
}

/// The type for which a word stands: `fix`, `feature`, `deps`.
pub fn change_type_of_word(word: &str) -> Option<ChangeType> {
    let word = word.to_ascii_lowercase();
    PREFIXES
        .iter()
        .find(|(one, _)| *one == word)
        .map(|(_, kind)| *kind)
}

/// The word for a kind of change in tables; `other` where a title names none.
pub fn change_type_word(kind: Option<ChangeType>) -> &'static str {
    match kind {
        Some(ChangeType::Feature) => "feature",
        Some(ChangeType::Bugfix) => "bugfix",
        Some(ChangeType::Refactor) => "refactor",
        Some(ChangeType::Docs) => "docs",
        Some(ChangeType::Test) => "test",
        Some(ChangeType::Chore) => "chore",
        Some(ChangeType::Ci) => "ci",
        Some(ChangeType::Performance) => "performance",
        Some(ChangeType::Revert) => "revert",
        None => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_names_its_type_or_none() {
        let cases = [
            ("feat(cart)!: add vouchers", Some(ChangeType::Feature)),
            ("[docs] say more", Some(ChangeType::Docs)),
            ("Revert \"feat: x\"", Some(ChangeType::Revert)),
            ("FIX: y", Some(ChangeType::Bugfix)),
            ("Note: nothing", None),
            ("make it faster", None),
            ("fix (not a scope: x", None),
        ];
        for (title, expected) in cases {
            assert_eq!(change_type_of_title(title), expected, "{title}");
        }
    }
}
