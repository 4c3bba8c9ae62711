//! The configuration file, `tandem.toml`.

mod clocks;
mod digest;
mod github;
mod privacy;
mod provider;
mod serve;
mod teams;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub(crate) use clocks::ClocksConfig;
pub(crate) use digest::DigestConfig;
pub(crate) use github::GithubConfig;
pub(crate) use privacy::PrivacyConfig;
pub(crate) use provider::{KeySource, ProviderConfig, base_url_variable};
pub(crate) use teams::TeamRules;

use crate::error::CliError;

mod doubt;

pub(crate) use doubt::DoubtConfig;
pub(crate) use serve::ServeConfig;

/// The default configuration with every key commented at its default.
pub(crate) const DEFAULT_TEXT: &str = include_str!("../tandem.default.toml");

/// What can be configured. Unknown keys are refused with their place.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The version of this format; 1.
    pub(crate) version: Option<u32>,
    /// Signature detection.
    pub(crate) detect: DetectConfig,
    /// The cascade.
    pub(crate) analyze: AnalyzeConfig,
    /// How clocks are read.
    pub(crate) clocks: ClocksConfig,
    /// Providers by name.
    pub(crate) providers: BTreeMap<String, ProviderConfig>,
    /// Where pull requests are synced from.
    pub(crate) github: GithubConfig,
    /// What may be shown of people.
    pub(crate) privacy: PrivacyConfig,
    /// Who may look at the pages, and from where.
    pub(crate) serve: ServeConfig,
    /// Who a pull request counts for; `None` says nothing about it.
    teams: Option<Vec<teams::TeamBlock>>,
    /// What `teams` says, checked.
    #[serde(skip)]
    pub(crate) team_rules: Option<TeamRules>,
    /// Where the weekly digest goes.
    pub(crate) digest: DigestConfig,
    /// A table of models and prices that overrides the built-in one, in the same shape.
    pub(crate) models_file: Option<PathBuf>,
    /// The folder that relative paths in this file start from.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
}

/// Signature detection.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DetectConfig {
    /// TOML files with signatures of your own.
    pub(crate) signatures: Vec<PathBuf>,
}

/// The cascade.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AnalyzeConfig {
    /// The tiers, cheapest first.
    pub(crate) tiers: Option<Vec<String>>,
    /// Completion window.
    pub(crate) window: Option<String>,
    /// Budget per run, US dollars.
    pub(crate) budget_usd: Option<f64>,
    /// Requests per shard at most.
    pub(crate) requests_per_shard: Option<usize>,
    /// Seconds between two looks at the batches, at least.
    pub(crate) poll_interval_seconds: Option<f64>,
    /// Which answers are asked of the next tier although they are sound.
    pub(crate) doubt: DoubtConfig,
}

impl Config {
    /// Reads the file; a missing default file is the default configuration.
    ///
    /// # Errors
    /// Exit code 3, with file, line and key, when the file cannot be read or understood.
    pub(crate) fn load(path: &Path, explicit: Explicit) -> Result<Self, CliError> {
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound && explicit == Explicit::No =>
            {
                return Ok(Config {
                    folder,
                    ..Config::default()
                });
            }
            Err(error) => {
                return Err(CliError::configuration(format!(
                    "cannot read the configuration {}: {error}",
                    path.display()
                ))
                .hint("tandem doctor --print-config prints one to start from"));
            }
        };
        let mut config: Config = toml::from_str(&text).map_err(|error| {
            CliError::configuration(format!(
                "the configuration {} is wrong: {}",
                path.display(),
                error.to_string().trim_end()
            ))
            .hint("tandem doctor --print-config prints every key with its default")
        })?;
        if let Some(version) = config.version.filter(|version| *version != 1) {
            return Err(CliError::configuration(format!(
                "the configuration {} has version {version}; this Tandem knows version 1",
                path.display()
            )));
        }
        if let Some(blocks) = &config.teams {
            config.team_rules = Some(TeamRules::new(blocks, path, &text)?);
        }
        config.folder = folder;
        Ok(config)
    }

    /// A path of this file, made absolute from the file's folder.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// Whether the user named the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Explicit {
    /// Named with `--config`: it must exist.
    Yes,
    /// The default place: it may be missing.
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_default_is_valid_and_every_commented_key_is_known() {
        toml::from_str::<Config>(DEFAULT_TEXT).expect("the default parses");
        let uncommented: String = DEFAULT_TEXT
            .lines()
            .map(|line| {
                line.strip_prefix("# ")
                    .filter(|rest| is_setting(rest))
                    .unwrap_or(line)
            })
            .fold(String::new(), |text, line| text + line + "\n");
        let config = toml::from_str::<Config>(&uncommented).expect("every key is known");
        assert!(config.analyze.tiers.is_some() && config.providers.contains_key("groq"));
    }

    fn is_setting(line: &str) -> bool {
        line.starts_with('[')
            || line.split_once(" = ").is_some_and(|(key, _)| {
                key.chars()
                    .all(|character| character.is_ascii_lowercase() || character == '_')
            })
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tandem.toml");
        std::fs::write(&path, "[analyze]\nbuget_usd = 5.0\n").expect("written");
        let error = Config::load(&path, Explicit::No)
            .expect_err("refused")
            .text();
        assert!(error.contains("tandem.toml"), "{error}");
        assert!(
            error.contains("line 2") && error.contains("buget_usd"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_file_matters_only_when_it_was_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tandem.toml");
        assert!(Config::load(&path, Explicit::No).is_ok());
        assert!(Config::load(&path, Explicit::Yes).is_err());
    }
}
