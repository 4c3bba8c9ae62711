//! Who a pull request counts for: the `[[teams]]` blocks.

use std::path::{Path, PathBuf};

use ::teams::{By, TeamMapping, TeamRule};
use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use crate::error::CliError;

/// One `[[teams]]` block: a team, what it has, and when. A team may have several.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamBlock {
    name: Spanned<String>,
    #[serde(default)]
    authors: Vec<Spanned<String>>,
    #[serde(default)]
    paths: Vec<Spanned<String>>,
    #[serde(default)]
    repositories: Vec<Spanned<String>>,
    from: Option<Day>,
    to: Option<Day>,
}

/// The team rules of a configuration file, checked, with their places.
#[derive(Debug, Clone)]
pub(crate) struct TeamRules {
    /// The rules.
    pub(crate) mapping: TeamMapping,
    /// The file.
    pub(crate) file: PathBuf,
    /// The line of each rule, in the order of the mapping.
    pub(crate) lines: Vec<usize>,
}

impl TeamRules {
    /// Checks the blocks of a file.
    ///
    /// # Errors
    /// Exit code 3, with file, line and team, for a rule that cannot be one.
    pub(super) fn new(blocks: &[TeamBlock], file: &Path, text: &str) -> Result<Self, CliError> {
        let line_of = |place: std::ops::Range<usize>| {
            let before = text.get(..place.start).unwrap_or_default();
            before.matches('\n').count() + 1
        };
        let wrong = |line: usize, team: &str, reason: &str| {
            CliError::configuration(format!(
                "the configuration {} is wrong at line {line}, team '{team}': {reason}",
                file.display()
            ))
            .hint("docs/teams.md has the rules; tandem doctor --print-config has an example")
        };
        let mut rules = Vec::new();
        let mut lines = Vec::new();
        for block in blocks {
            let name = block.name.get_ref();
            let before = rules.len();
            for (by, key, patterns) in [
                (By::Author, "authors", &block.authors),
                (By::Path, "paths", &block.paths),
                (By::Repository, "repositories", &block.repositories),
            ] {
                for pattern in patterns {
                    let line = line_of(pattern.span());
                    let rule = TeamRule {
                        team: name.clone(),
                        by,
                        pattern: pattern.get_ref().clone(),
                        from: block.from.map(|day| day.0),
                        to: block.to.map(|day| day.0),
                    };
                    // One by one, so that the fault is told with the key it stands under.
                    if let Err(bad) = TeamMapping::new(vec![rule.clone()]) {
                        return Err(wrong(line, name, &format!("{key}: {}", bad.reason)));
                    }
                    rules.push(rule);
                    lines.push(line);
                }
            }
            if rules.len() == before {
                let line = line_of(block.name.span());
                let reason = "it has no authors, no paths and no repositories";
                return Err(wrong(line, name, reason));
            }
        }
        let mapping = TeamMapping::new(rules).map_err(|bad| {
            let line = lines.get(bad.index).copied().unwrap_or_default();
            wrong(line, "", &bad.reason)
        })?;
        Ok(Self {
            mapping,
            file: file.to_owned(),
            lines,
        })
    }
}

/// A day, as TOML writes it (`2025-07-01`) or in quotes.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "toml::Value")]
struct Day(Date);

impl TryFrom<toml::Value> for Day {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let text = match &value {
            toml::Value::String(text) => text.trim().to_owned(),
            toml::Value::Datetime(moment) if moment.time.is_none() => moment.to_string(),
            _ => return Err("expected a day, such as 2025-07-01".to_owned()),
        };
        text.parse()
            .map(Day)
            .map_err(|_| format!("'{text}' is not a day, such as 2025-07-01"))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Explicit};

    fn load(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tandem.toml");
        std::fs::write(&path, text).expect("written");
        Config::load(&path, Explicit::Yes).map_err(|error| error.text())
    }

    #[test]
    fn blocks_become_rules_with_their_lines() {
        let config = load(
            "version = 1\n\n[[teams]]\nname = \"pay\"\nauthors = [\n  \"ada\",\n  \"bob\",\n]\n\
             repositories = [\"acme/pay-*\"]\nfrom = 2025-07-01\nto = \"2025-12-31\"\n",
        )
        .expect("loads");
        let teams = config.team_rules.expect("teams");
        let rules: Vec<String> = (teams.mapping.rules().iter())
            .map(|rule| format!("{} {} {:?}", rule.by.name(), rule.pattern, rule.from))
            .collect();
        assert_eq!(
            rules,
            [
                "author ada Some(2025-07-01)",
                "author bob Some(2025-07-01)",
                "repository acme/pay-* Some(2025-07-01)"
            ]
        );
        assert_eq!(teams.lines, [6, 7, 9]);
    }

    #[test]
    fn no_teams_is_not_the_same_as_none() {
        assert!(load("version = 1\n").expect("loads").team_rules.is_none());
        let none = load("teams = []\n").expect("loads").team_rules;
        assert!(none.is_some_and(|teams| teams.mapping.is_empty()));
    }

    #[test]
    fn mistakes_are_told_with_file_line_and_key() {
        for (text, line, words) in [
            ("[[teams]]\nname = \"a\"\n", 2, "no authors"),
            ("[[teams]]\nauthors = [\"ada\"]\n", 1, "name"),
            ("[[teams]]\nname = \"a\"\nlogins = [\"x\"]\n", 3, "logins"),
            (
                "[[teams]]\nname = \"a\"\nauthors = \"ada\"\n",
                3,
                "sequence",
            ),
            (
                "[[teams]]\nname = \"a\"\nauthors = [\"ada\"]\nfrom = \"July\"\n",
                4,
                "'July' is not a day",
            ),
            (
                "[[teams]]\nname = \"a\"\nauthors = [\"ada\"]\nfrom = 2025-07-01T10:00:00Z\n",
                4,
                "expected a day",
            ),
            (
                "[[teams]]\nname = \"a\"\nauthors = [\n\"ada\",\n\"Ada Lovelace\"]\n",
                5,
                "authors: 'Ada Lovelace' is not a login",
            ),
            (
                "[[teams]]\nname = \"a\"\nrepositories = [\"acme\"]\n",
                3,
                "repositories: 'acme' is not a repository",
            ),
            (
                "[[teams]]\nname = \"a\"\npaths = [\"../x\"]\n",
                3,
                "paths: '../x'",
            ),
            (
                "[[teams]]\nname = \"a\"\nauthors = [\"x\"]\nfrom = 2025-02-01\nto = 2025-01-01\n",
                3,
                "before it begins",
            ),
        ] {
            let error = load(text)
                .err()
                .unwrap_or_else(|| panic!("refused: {text}"));
            assert!(error.contains(&format!("line {line}")), "{text}: {error}");
            assert!(error.contains(words), "{text}: {error}");
            assert!(error.contains("tandem.toml"), "{error}");
        }
    }
}
