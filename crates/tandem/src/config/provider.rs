//! `[providers.NAME]`: one host of language models.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use batch::ResponseMode;
use batch::provider::{
    AuthScheme, Dialect, KeyUse, Listing, ModelList, PriceSource, ProfileChanges, SYNC_SUFFIX,
    TokenCap, Windows,
};
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::Config;
use crate::error::CliError;

/// One provider. What is not given is as the built-in profile of that name has it, or as its dialect
/// usually has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ProviderConfig {
    /// Wire format.
    pub(crate) dialect: Option<Dialect>,
    /// Base address.
    pub(crate) base_url: Option<String>,
    /// `bearer`, or the name of the header that takes the key alone.
    pub(crate) auth: Option<AuthScheme>,
    /// Whether there must be a key.
    pub(crate) key: Option<KeyUse>,
    /// Name of the environment variable with the key.
    pub(crate) key_env: Option<String>,
    /// File with the key, readable by its owner only.
    pub(crate) key_file: Option<PathBuf>,
    /// Further headers.
    pub(crate) headers: BTreeMap<String, String>,
    /// Chat completions as batches name them.
    pub(crate) endpoint: Option<String>,
    /// How lists are paged.
    pub(crate) listing: Option<Listing>,
    /// Completion windows on offer.
    pub(crate) windows: Option<Windows>,
    /// Most requests in a file.
    pub(crate) max_requests_per_file: Option<u64>,
    /// Most bytes in a file.
    pub(crate) max_file_bytes: Option<u64>,
    /// Most prompt tokens waiting at once.
    pub(crate) max_enqueued_tokens: Option<u64>,
    /// Most calls in flight at once, by plain calls.
    pub(crate) concurrency: Option<usize>,
    /// What the list of models says of others.
    pub(crate) model_list: Option<ModelList>,
    /// How JSON is asked for where the table of models does not say.
    pub(crate) response: Option<ResponseMode>,
    /// Name of the cap on completion tokens.
    pub(crate) token_cap: Option<TokenCap>,
    /// Where prices come from.
    pub(crate) price: Option<PriceSource>,
}

impl ProviderConfig {
    /// The same as changes to a profile.
    ///
    /// # Errors
    /// Exit code 3 for a header that cannot be sent; its value is not shown.
    pub(crate) fn changes(&self, name: &str) -> Result<ProfileChanges, CliError> {
        let mut headers = Vec::with_capacity(self.headers.len());
        for (header, value) in &self.headers {
            let wrong = || {
                CliError::configuration(format!(
                    "providers.{name}.headers: '{header}' is not a header that can be sent"
                ))
                .hint("names are letters, digits and dashes; values are plain text on one line")
            };
            let header_name: HeaderName = header.parse().map_err(|_| wrong())?;
            let mut header_value: HeaderValue = value.parse().map_err(|_| wrong())?;
            header_value.set_sensitive(true);
            headers.push((header_name, header_value));
        }
        Ok(ProfileChanges {
            dialect: self.dialect,
            base_url: self.base_url.clone(),
            auth: self.auth.clone(),
            key: self.key,
            headers,
            endpoint: self.endpoint.clone(),
            listing: self.listing,
            poll_ids: None,
            windows: self.windows.clone(),
            max_requests_per_file: self.max_requests_per_file,
            max_file_bytes: self.max_file_bytes,
            max_enqueued_tokens: self.max_enqueued_tokens,
            one_model_per_file: None,
            model_list: self.model_list,
            response: self.response,
            token_cap: self.token_cap,
            concurrency: self.concurrency,
            price: self.price,
        })
    }
}

impl Config {
    /// Where a provider's key is. A host by plain calls, `NAME-sync`, has the key of `NAME` unless it is
    /// given one of its own.
    pub(crate) fn key_source(&self, name: &str) -> KeySource {
        let host = name.strip_suffix(SYNC_SUFFIX).unwrap_or(name);
        let own = self.providers.get(name);
        let hosts = self.providers.get(host);
        let first = |get: fn(&ProviderConfig) -> Option<String>| {
            own.and_then(get).or_else(|| hosts.and_then(get))
        };
        let own_file = own.and_then(|config| config.key_file.as_ref());
        let file = own_file.or_else(|| hosts.and_then(|config| config.key_file.as_ref()));
        KeySource {
            variable: first(|config| config.key_env.clone())
                .unwrap_or_else(|| format!("{}_API_KEY", variable_stem(host))),
            file: file.map(|path| self.resolve(path)),
        }
    }

    /// The base address that the environment gives a provider, over the file's.
    pub(crate) fn base_url_of_environment(name: &str) -> Option<String> {
        std::env::var(base_url_variable(name))
            .ok()
            .filter(|value| !value.trim().is_empty())
    }
}

/// The variable with a provider's base address, for instance `TANDEM_GROQ_BASE_URL`.
pub(crate) fn base_url_variable(name: &str) -> String {
    format!("TANDEM_{}_BASE_URL", variable_stem(name))
}

fn variable_stem(name: &str) -> String {
    name.to_uppercase().replace(['-', '.'], "_")
}

/// Where a provider's key is.
#[derive(Debug, Clone)]
pub(crate) struct KeySource {
    /// Name of the environment variable with the key.
    pub(crate) variable: String,
    /// File with the key.
    pub(crate) file: Option<PathBuf>,
}

impl KeySource {
    /// Finds the key: the environment first, then the file. `None` when there is neither.
    ///
    /// # Errors
    /// Exit code 3 when the key file cannot be read or others may read it.
    pub(crate) fn key(&self) -> Result<Option<SecretString>, CliError> {
        if let Ok(value) = std::env::var(&self.variable) {
            let key = value.trim();
            if !key.is_empty() {
                return Ok(Some(SecretString::from(key.to_owned())));
            }
        }
        let Some(path) = &self.file else {
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
    fn a_host_by_plain_calls_has_the_hosts_key() {
        let config: Config = toml::from_str(
            "[providers.groq]\nkey_env = \"OURS\"\n[providers.other-sync]\nkey_env = \"OWN\"",
        )
        .expect("parses");
        let variable = |name: &str| config.key_source(name).variable;
        assert_eq!(variable("groq-sync"), "OURS");
        assert_eq!(variable("other-sync"), "OWN");
        assert_eq!(variable("other"), "OTHER_API_KEY");
        assert_eq!(variable("my-host-sync"), "MY_HOST_API_KEY");
        assert_eq!(base_url_variable("my-host"), "TANDEM_MY_HOST_BASE_URL");
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_refused_without_its_value() {
        let config: ProviderConfig =
            toml::from_str("headers = { \"x-team\" = \"a\\nsecret\" }").expect("parses");
        let error = config.changes("mine").expect_err("refused").text();
        assert!(
            error.contains("providers.mine.headers") && error.contains("x-team"),
            "{error}"
        );
        assert!(!error.contains("secret"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        std::fs::write(&path, " k-1 \n").expect("written");
        let settings = KeySource {
            variable: "TANDEM_TEST_NO_SUCH_VARIABLE".to_owned(),
            file: Some(path.clone()),
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
