//! One rule, and whether it can be one.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The longest team name, in characters.
const NAME_CHARACTERS_MAX: usize = 100;

/// A rule: whose, or which, pull requests go to a team, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamRule {
    /// The team.
    pub team: String,
    /// What the pattern is held against.
    pub by: By,
    /// A login, `owner/name`, or a path, each with `*` allowed.
    pub pattern: String,
    /// The first day on which it holds; `None` since ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last day on which it holds; `None` until today and beyond.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Whose pull request it is.
    Author,
    /// Which files it changes.
    Path,
    /// Where it was opened.
    Repository,
}

impl By {
    /// The word for messages.
    pub fn name(self) -> &'static str {
        match self {
            By::Author => "author",
            By::Path => "path",
            By::Repository => "repository",
        }
    }
}

/// A rule that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BadRule {
    /// Which rule of the list, from 0.
    pub index: usize,
    /// What is wrong with it, in words.
    pub reason: String,
}

impl TeamRule {
    /// Whether it holds for what was opened at this time.
    pub fn holds_at(&self, opened: Option<Timestamp>) -> bool {
        if self.from.is_none() && self.to.is_none() {
            return true;
        }
        let Some(opened) = opened else { return false };
        let day = TimeZone::UTC.to_datetime(opened).date();
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Whether it names this login or repository; always false for paths.
    pub fn names(&self, name: &str) -> bool {
        match self.by {
            By::Author => matches(&plain_login(&self.pattern), &plain_login(name)),
            By::Repository => matches(
                &self.pattern.to_ascii_lowercase(),
                &name.to_ascii_lowercase(),
            ),
            By::Path => false,
        }
    }

    /// What is wrong with it, in words.
    pub(crate) fn complaint(&self) -> Option<String> {
        let name = self.team.trim();
        if name.is_empty() || name != self.team {
            return Some("a team wants a name without spaces around it".to_owned());
        }
        if name.chars().count() > NAME_CHARACTERS_MAX || name.chars().any(char::is_control) {
            return Some(format!(
                "the name of a team has at most {NAME_CHARACTERS_MAX} characters, on one line"
            ));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && to < from
        {
            return Some(format!("it ends on {to}, before it begins on {from}"));
        }
        match self.by {
            By::Author => author_complaint(&self.pattern),
            By::Repository => repository_complaint(&self.pattern),
            By::Path => {
                let (repository, path) = split_path(&self.pattern);
                repository
                    .and_then(repository_complaint)
                    .or_else(|| path_complaint(path))
            }
        }
    }
}

/// Splits `owner/name:path`; without a repository the path holds in all.
pub(crate) fn split_path(pattern: &str) -> (Option<&str>, &str) {
    match pattern.split_once(':') {
        Some((repository, path)) if repository.matches('/').count() == 1 => {
            (Some(repository), path)
        }
        _ => (None, pattern),
    }
}

/// A login as it is compared: GitHub's API writes one account as `x`, `x[bot]` or `app/x`.
pub(crate) fn plain_login(login: &str) -> String {
    let login = login.trim().to_ascii_lowercase();
    let login = login.strip_prefix('@').unwrap_or(&login);
    let login = login
        .strip_prefix("app/")
        .or_else(|| login.strip_prefix("apps/"))
        .unwrap_or(login);
    login.strip_suffix("[bot]").unwrap_or(login).to_owned()
}

fn author_complaint(pattern: &str) -> Option<String> {
    let login = plain_login(pattern);
    let is_login = !login.is_empty()
        && login
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '*' | '.'));
    (!is_login).then(|| format!("'{pattern}' is not a login: give the account, not name or e-mail"))
}

fn repository_complaint(pattern: &str) -> Option<String> {
    let is_name = |part: &str| {
        !part.is_empty()
            && !part
                .chars()
                .any(|one| one.is_whitespace() || one.is_control())
    };
    let is_repository = pattern
        .split_once('/')
        .is_some_and(|(owner, name)| is_name(owner) && is_name(name) && !name.contains('/'));
    (!is_repository).then(|| {
        format!("'{pattern}' is not a repository: write OWNER/NAME, or OWNER/* for all of an owner")
    })
}

fn path_complaint(path: &str) -> Option<String> {
    let inner = path.trim_matches('/');
    let why = if inner.is_empty() {
        "it names no path"
    } else if path.contains('\\') || path.chars().any(char::is_control) {
        "paths are written with /"
    } else if inner.split('/').any(|part| part == "." || part == "..") {
        "paths start at the root of the repository"
    } else if inner
        .split('/')
        .any(|part| part.contains("**") && part != "**")
    {
        "** stands for whole folders: a/**/b"
    } else {
        return None;
    };
    Some(format!("'{path}' is not a path pattern: {why}"))
}

/// Whether a name matches a pattern in which `*` stands for any characters but `/`.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut in_name) = (0, 0);
    // Where to go on when the last star takes one more character.
    let mut star: Option<(usize, usize)> = None;
    while in_name < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, in_name));
                at += 1;
            }
            Some(one) if *one == name[in_name] => {
                at += 1;
                in_name += 1;
            }
            _ => match star {
                Some((star_at, taken)) if name[taken] != b'/' => {
                    star = Some((star_at, taken + 1));
                    at = star_at + 1;
                    in_name = taken + 1;
                }
                _ => return false,
            },
        }
    }
    pattern[at..].iter().all(|one| *one == b'*')
}
