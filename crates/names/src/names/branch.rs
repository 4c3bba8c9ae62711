//! Names of branches, which often begin with the name of whoever made them.

use super::{Names, SHORTEST};

/// What stands where something was left out.
const LEFT_OUT: &str = "…";

/// First parts of branches that name no person: kinds of work, places in the life of software, and tools.
const NO_PERSONS: [&str; 75] = [
    "aider",
    "amp",
    "auto",
    "backport",
    "bug",
    "bugfix",
    "bugs",
    "build",
    "chore",
    "ci",
    "claude",
    "cleanup",
    "codegen",
    "codex",
    "conductor",
    "copilot",
    "cosine",
    "cursor",
    "dependabot",
    "deps",
    "dev",
    "develop",
    "devin",
    "doc",
    "docs",
    "droid",
    "enhancement",
    "experiment",
    "factory",
    "feat",
    "feature",
    "features",
    "fix",
    "fixes",
    "fixup",
    "gemini",
    "goose",
    "hotfix",
    "hotfixes",
    "improvement",
    "infra",
    "issue",
    "issues",
    "jules",
    "junie",
    "kiro",
    "lovable",
    "main",
    "maint",
    "master",
    "merge",
    "openhands",
    "perf",
    "pr",
    "ref",
    "refactor",
    "refactoring",
    "release",
    "releases",
    "renovate",
    "replit",
    "revert",
    "roo",
    "snyk",
    "spike",
    "stable",
    "staging",
    "style",
    "sweep",
    "task",
    "test",
    "tests",
    "update",
    "windsurf",
    "wip",
];

impl Names {
    /// The name of a branch without what may name a person: a first part that is no known kind of work
    /// or tool, the account of a fork, and whatever is part of the name of somebody in the record.
    pub fn branch(&self, name: &str) -> String {
        if self.are_shown {
            return name.to_owned();
        }
        let (is_of_fork, rest) = match name.split_once(':') {
            Some((_, rest)) => (true, rest),
            None => (false, name),
        };
        let mut shown = String::with_capacity(name.len());
        if is_of_fork {
            shown.push_str(LEFT_OUT);
            shown.push(':');
        }
        let (first, rest) = match rest.split_once('/') {
            Some((first, rest)) => (Some(first), rest),
            None => (None, rest),
        };
        if let Some(first) = first {
            let word = first.to_lowercase();
            if NO_PERSONS.contains(&word.as_str()) {
                shown.push_str(first);
            } else {
                shown.push_str(LEFT_OUT);
            }
            shown.push('/');
        }
        shown.push_str(&self.without_parts_of_names(without_owner_of_patch(rest)));
        shown
    }

    /// Leaves out words that are a login, or a part of a login or of a name.
    fn without_parts_of_names(&self, text: &str) -> String {
        let mut plain = text.to_owned();
        for (login, _) in &self.logins {
            plain = without(&plain, login);
        }
        let mut pieces: Vec<String> = Vec::new();
        for (name, _) in self.logins.iter().chain(&self.words) {
            let name = name.split('@').next().unwrap_or_default();
            let parts = name.split(|letter: char| !letter.is_alphanumeric());
            pieces.extend(parts.map(ToOwned::to_owned));
            pieces.push(name.chars().filter(|one| one.is_alphanumeric()).collect());
        }
        pieces.retain(|piece| {
            piece.chars().count() >= SHORTEST && piece.chars().any(char::is_alphabetic)
        });
        for piece in &pieces {
            plain = without(&plain, piece);
        }
        plain
    }
}

/// What a host calls a change made on its pages, `somebody-patch-1`, without the somebody.
fn without_owner_of_patch(name: &str) -> &str {
    let Some((_, number)) = name.rsplit_once("-patch-") else {
        return name;
    };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return name;
    }
    name.rfind("patch-")
        .and_then(|at| name.get(at..))
        .unwrap_or(name)
}

/// A text without a word, wherever that stands between other signs than letters and digits.
fn without(text: &str, word: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut plain = String::with_capacity(text.len());
    let mut at = 0;
    for (start, _) in lower.match_indices(word) {
        let end = start + word.len();
        let before = (lower.get(..start)).and_then(|text| text.chars().next_back());
        let after = (lower.get(end..)).and_then(|text| text.chars().next());
        let is_apart = ![before, after]
            .into_iter()
            .flatten()
            .any(char::is_alphanumeric);
        if is_apart && start >= at {
            plain.push_str(text.get(at..start).unwrap_or_default());
            plain.push_str(LEFT_OUT);
            at = end;
        }
    }
    plain.push_str(text.get(at..).unwrap_or_default());
    plain
}

#[cfg(test)]
mod tests {
    use model::PullRequest;

    use super::*;

    fn names(are_shown: bool) -> Names {
        let record: PullRequest = serde_json::from_str(
            r#"{"repo":"a/b","number":1,"author":{"login":"Ann-Lee"},
                "commits":[{"message":"m","author_login":"jd","author_name":"Jo Doe","author_email":"jodoe@corp.example"}]}"#,
        )
        .expect("a record");
        Names::of(&record, &measures::is_marked_bot, are_shown)
    }

    #[test]
    fn branches_name_nobody() {
        for (branch, expected) in [
            ("main", "main"),
            ("feature/orders-42", "feature/orders-42"),
            ("copilot/fix-1", "copilot/fix-1"),
            ("Fix/queue", "Fix/queue"),
            ("stranger/fix", "…/fix"),
            ("ann-lee/fix", "…/fix"),
            ("fix/Ann-Lee-queue", "fix/…-queue"),
            ("annlee_queue", "…_queue"),
            ("fix/doe.queue", "fix/….queue"),
            ("fix/jodoe", "fix/…"),
            ("fix/jd-queue", "fix/…-queue"),
            ("planned-annex", "planned-annex"),
            ("stranger:fix/queue", "…:fix/queue"),
            ("stranger-patch-7", "patch-7"),
            ("fix/dispatch-patch-x", "fix/dispatch-patch-x"),
            ("été/ä", "…/ä"),
        ] {
            assert_eq!(names(false).branch(branch), expected, "{branch}");
        }
        assert_eq!(names(true).branch("ann-lee/fix"), "ann-lee/fix");
    }
}
