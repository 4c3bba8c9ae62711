//! Hosts of language models, set up from the built-in profiles, the configuration and the environment.

use std::path::PathBuf;
use std::sync::Arc;

use batch::provider::{ConnectError, Connection, Dialect, Profile, Provider, SYNC_SUFFIX, connect};
use batch::transport::HttpTransport;
use batch::{Providers, Settings, SystemClock, TierSpec};
use secrecy::SecretString;

use crate::app::App;
use crate::config::{Config, base_url_variable};
use crate::error::{CliError, ErrorKind};

/// The profile of a provider with everything that configuration and environment say of it.
///
/// # Errors
/// Exit code 3 for a provider that is not known, and for a host that has no plain calls.
pub(crate) fn profile(config: &Config, name: &str) -> Result<Profile, CliError> {
    if let Some(profile) = host_profile(config, name)? {
        return Ok(profile);
    }
    let Some(host) = name.strip_suffix(SYNC_SUFFIX) else {
        return Err(unknown(name));
    };
    let Some(host_profile) = host_profile(config, host)? else {
        return Err(unknown(name));
    };
    if host_profile.dialect == Dialect::Anthropic {
        return Err(CliError::configuration(format!(
            "{host} has no plain calls that Tandem speaks; only batches"
        ))
        .hint(format!("name the model as {host}:MODEL")));
    }
    let profile = host_profile.by_plain_calls();
    let profile = match config.providers.get(name) {
        Some(own) => profile.with(own.changes(name)?),
        None => profile,
    };
    Ok(with_environment(profile))
}

/// The profile of a host that is built in or configured under exactly this name.
fn host_profile(config: &Config, name: &str) -> Result<Option<Profile>, CliError> {
    let built_in = Profile::built_in()
        .into_iter()
        .find(|profile| profile.name == name);
    let own = config.providers.get(name);
    let is_own = own.is_some_and(|own| own.base_url.is_some() || own.dialect.is_some())
        || (!name.ends_with(SYNC_SUFFIX) && Config::base_url_of_environment(name).is_some());
    let profile = match (built_in, is_own) {
        (Some(profile), _) => profile,
        (None, true) => {
            let dialect = own.and_then(|own| own.dialect);
            Profile::of(name, dialect.unwrap_or(Dialect::OpenAi))
        }
        (None, false) => return Ok(None),
    };
    let profile = match own {
        Some(own) => profile.with(own.changes(name)?),
        None => profile,
    };
    Ok(Some(with_environment(profile)))
}

fn with_environment(profile: Profile) -> Profile {
    match Config::base_url_of_environment(&profile.name) {
        Some(address) => profile.at(&address),
        None => profile,
    }
}

/// The names that need no configuration, in the order of the built-in table.
pub(crate) fn known_names() -> Vec<String> {
    Profile::built_in()
        .into_iter()
        .map(|profile| profile.name)
        .collect()
}

fn unknown(name: &str) -> CliError {
    CliError::configuration(format!("the provider '{name}' is not known"))
        .hint(format!(
            "known: {}; NAME{SYNC_SUFFIX} asks the same host by plain calls",
            known_names().join(", ")
        ))
        .hint(format!(
            "for another host set providers.{name}.base_url, and providers.{name}.dialect where it is not of the OpenAI shape"
        ))
}

/// The folder in which a provider by plain calls keeps its shards: beside the database they belong to.
pub(crate) fn spool(app: &App, name: &str) -> Result<PathBuf, CliError> {
    let database = app.database_path()?;
    let mut file_name = database.file_name().unwrap_or_default().to_owned();
    file_name.push("-spool");
    Ok(database.with_file_name(file_name).join(name))
}

/// Sets up every provider that the tiers name.
///
/// # Errors
/// Exit code 3 for a provider that is not known, or without a key.
pub(crate) fn providers(
    app: &App,
    config: &Config,
    tiers: &[TierSpec],
    settings: &Settings,
) -> Result<Providers, CliError> {
    let mut providers = Providers::new();
    for tier in tiers {
        let name = tier.reference.provider.as_str();
        if providers.contains_key(name) {
            continue;
        }
        let key = config.key_source(name).key()?;
        let provider = connected(config, name, key, settings, spool(app, name)?)?;
        providers.insert(name.to_owned(), provider);
    }
    Ok(providers)
}

/// Sets up one provider.
///
/// # Errors
/// Exit code 3 for a provider that is not known, or without a key or address it needs.
pub(crate) fn connected(
    config: &Config,
    name: &str,
    key: Option<SecretString>,
    settings: &Settings,
    spool: PathBuf,
) -> Result<Arc<dyn Provider>, CliError> {
    let profile = profile(config, name)?;
    if !profile.base_url.is_empty() {
        check_address(name, &profile.base_url, key.is_some())?;
    }
    let transport =
        HttpTransport::new().map_err(|error| CliError::new(ErrorKind::Internal, error))?;
    let connection = Connection {
        key,
        transport: Arc::new(transport),
        retry: settings.retry.clone(),
        spool,
        clock: Arc::new(SystemClock),
    };
    connect(profile, connection).map_err(|error| match error {
        ConnectError::NoAddress { .. } => {
            CliError::new(ErrorKind::Configuration, error).hint(format!(
                "set providers.{name}.base_url or {}",
                base_url_variable(name)
            ))
        }
        ConnectError::NoKey { .. } => no_key(config, name),
    })
}

fn no_key(config: &Config, name: &str) -> CliError {
    let variable = config.key_source(name).variable;
    CliError::configuration(format!(
        "no key for {name}: {variable} is not set and no key_file is configured"
    ))
    .hint(format!("export {variable}=..."))
    .hint("tandem analyze --provider rules needs no key and no model; tandem demo shows the whole job")
}

/// A base address must be one; a key goes unencrypted to this machine only.
fn check_address(name: &str, address: &str, has_key: bool) -> Result<(), CliError> {
    let is_http = address.starts_with("http://");
    if !is_http && !address.starts_with("https://") {
        return Err(CliError::configuration(format!(
            "the base address of {name} is not an http(s) address: '{address}'"
        ))
        .hint(format!(
            "set providers.{name}.base_url or {} to an address such as https://host/v1",
            base_url_variable(name)
        )));
    }
    if is_http && has_key && !is_local(address) {
        return Err(CliError::configuration(format!(
            "the base address of {name} would send the key unencrypted: '{address}'"
        ))
        .hint("use https://, or a server on this machine"));
    }
    Ok(())
}

/// Whether an address names this machine.
pub(crate) fn is_local(address: &str) -> bool {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    if host.contains('@') {
        return false;
    }
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use batch::Billing;

    #[test]
    fn keys_go_unencrypted_to_this_machine_only() {
        for local in [
            "http://127.0.0.1:8790/openai/v1",
            "http://localhost/v1",
            "http://[::1]:80/v1",
        ] {
            assert!(check_address("groq", local, true).is_ok(), "{local}");
        }
        for wrong in [
            "http://example.org/v1",
            "http://127.0.0.1.example.org/v1",
            "http://127.0.0.1@example.org/v1",
            "ftp://localhost/v1",
            "example.org",
        ] {
            assert!(check_address("groq", wrong, true).is_err(), "{wrong}");
        }
        assert!(check_address("groq", "https://example.org/v1", true).is_ok());
        // A server in this building that takes no key may speak plain http.
        assert!(check_address("vllm", "http://gpu-box:8000/v1", false).is_ok());
    }

    fn config(text: &str) -> Config {
        toml::from_str(text).expect("parses")
    }

    #[test]
    fn profiles_come_from_the_table_the_file_and_the_name() {
        let config = config(
            r#"
            [providers.groq]
            max_requests_per_file = 10_000
            [providers.groq-sync]
            concurrency = 3
            [providers.azure]
            base_url = "https://ours.openai.azure.com/openai/v1/"
            endpoint = "/chat/completions"
            [providers.ours]
            base_url = "http://gpu-box:8000/v1"
            dialect = "chat"
            key = "optional"
            price = "free"
            [providers.theirs]
            base_url = "https://batch.example/v1"
            auth = "X-Key"
            windows = ["48h"]
            listing = "cursor"
            max_enqueued_tokens = 2_000_000
            "#,
        );
        let profile = |name: &str| super::profile(&config, name).expect("known");
        assert_eq!(profile("groq").limits.max_lines, 10_000);
        let sync = profile("groq-sync");
        assert_eq!((sync.dialect, sync.concurrency), (Dialect::Chat, 3));
        assert_eq!(sync.billing(), Billing::Synchronous);
        assert_eq!(sync.base_url, profile("groq").base_url);
        let azure = profile("azure");
        assert_eq!(azure.base_url, "https://ours.openai.azure.com/openai/v1");
        assert_eq!(azure.endpoint, "/chat/completions");
        assert_eq!(profile("ours").billing(), Billing::Free);
        let theirs = profile("theirs");
        assert_eq!(theirs.dialect, Dialect::OpenAi);
        assert_eq!(theirs.windows.to_string(), "48h");
        assert_eq!(theirs.limits.max_enqueued_tokens, Some(2_000_000));
        assert_eq!(profile("theirs-sync").dialect, Dialect::Chat);
    }

    #[test]
    fn what_is_not_known_is_said_with_what_is() {
        let error = profile(&Config::default(), "nobody").expect_err("refused");
        assert!(error.text().contains("'nobody' is not known"));
        let error = profile(&Config::default(), "anthropic-sync").expect_err("refused");
        assert!(error.text().contains("only batches"), "{}", error.text());
    }
}
