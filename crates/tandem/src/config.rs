//! The configuration file, `tandem.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::error::CliError;

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
    /// Providers by name.
    pub(crate) providers: BTreeMap<String, ProviderConfig>,
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
}

/// One provider.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ProviderConfig {
    /// Base address.
    pub(crate) base_url: Option<String>,
    /// Name of the environment variable with the key.
    pub(crate) key_env: Option<String>,
    /// File with the key, readable by its owner only.
    pub(crate) key_file: Option<PathBuf>,
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
        config.folder = folder;
        Ok(config)
    }

    /// A path of this file, made absolute from the file's folder.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The settings of a provider, with the environment's base address over the file's.
    pub(crate) fn provider(&self, name: &str) -> ProviderSettings {
        let file = self.providers.get(name).cloned().unwrap_or_default();
        let upper = name.to_uppercase().replace('-', "_");
        let base_url_variable = format!("TANDEM_{upper}_BASE_URL");
        ProviderSettings {
            base_url: std::env::var(&base_url_variable)
                .ok()
                .filter(|value| !value.trim().is_empty())
                .or(file.base_url),
            key_env: file.key_env.unwrap_or_else(|| format!("{upper}_API_KEY")),
            key_file: file.key_file.map(|path| self.resolve(&path)),
        }
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

/// A provider's settings after the environment had its say.
#[derive(Debug, Clone)]
pub(crate) struct ProviderSettings {
    /// Base address, when it is not the provider's own.
    pub(crate) base_url: Option<String>,
    /// Name of the environment variable with the key.
    pub(crate) key_env: String,
    /// File with the key.
    pub(crate) key_file: Option<PathBuf>,
}

impl ProviderSettings {
    /// Finds the key: the environment first, then the file. `None` when there is neither.
    ///
    /// # Errors
    /// Exit code 3 when the key file cannot be read or others may read it.
    pub(crate) fn key(&self) -> Result<Option<SecretString>, CliError> {
        if let Ok(value) = std::env::var(&self.key_env) {
            let key = value.trim();
            if !key.is_empty() {
                return Ok(Some(SecretString::from(key.to_owned())));
            }
        }
        let Some(path) = &self.key_file else {
            return Ok(None);
        };
        refuse_open_permissions(path)?;
        let text = std::fs::read_to_string(path)
            .map(SecretString::from)
            .map_err(|error| {
                CliError::configuration(format!(
                    "cannot read the key file {}: {error}",
                    path.display()
                ))
            })?;
        let key = text.expose_secret().trim();
        if key.is_empty() {
            return Err(CliError::configuration(format!(
                "the key file {} is empty",
                path.display()
            )));
        }
        Ok(Some(SecretString::from(key.to_owned())))
    }
}

/// Refuses a key file that other users of the machine can read.
#[cfg(unix)]
fn refuse_open_permissions(path: &Path) -> Result<(), CliError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path).map_err(|error| {
        CliError::configuration(format!(
            "cannot read the key file {}: {error}",
            path.display()
        ))
    })?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(CliError::configuration(format!(
            "the key file {} can be read by other users",
            path.display()
        ))
        .hint(format!("chmod 600 {}", path.display())));
    }
    Ok(())
}

/// Other systems have no mode bits to check.
#[cfg(not(unix))]
fn refuse_open_permissions(_path: &Path) -> Result<(), CliError> {
    Ok(())
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

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        std::fs::write(&path, " k-1 \n").expect("written");
        let settings = ProviderSettings {
            base_url: None,
            key_env: "TANDEM_TEST_NO_SUCH_VARIABLE".to_owned(),
            key_file: Some(path.clone()),
        };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("set");
        assert!(
            settings
                .key()
                .expect_err("refused")
                .text()
                .contains("other users")
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
        let key = settings.key().expect("read").expect("there");
        assert_eq!(key.expose_secret(), "k-1");
    }
}
