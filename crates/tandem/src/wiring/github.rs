//! GitHub, set up from the configuration and the environment.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use github::auth::{AppCredentials, Credentials};
use github::transport::HttpTransport;
use github::{Address, Client, ClientSettings, GithubError, Observer};
use secrecy::{ExposeSecret, SecretString};

use crate::config::{Config, KeySource};
use crate::error::{CliError, ErrorKind};

/// The environment variable with the address.
const BASE_URL_VARIABLE: &str = "TANDEM_GITHUB_BASE_URL";
/// The environment variables with a token, after the configured one.
const TOKEN_VARIABLES: [&str; 2] = ["GITHUB_TOKEN", "GH_TOKEN"];

/// Sets a client up. `owner` is whose installation of an app is used where its id is not known.
///
/// # Errors
/// Exit code 3 for an address that is none, and without a token.
pub(crate) fn client(
    config: &Config,
    owner: Option<String>,
    max_wait: Option<Duration>,
    observer: Arc<dyn Observer>,
) -> Result<Client, CliError> {
    let settings = ClientSettings {
        max_wait,
        ..ClientSettings::default()
    };
    let Some(right) = right(config)? else {
        return Err(no_token());
    };
    client_with(config, right.credentials, owner, settings, observer)
}

/// As [`client`], with the right and the settings at hand.
pub(crate) fn client_with(
    config: &Config,
    credentials: Credentials,
    owner: Option<String>,
    settings: ClientSettings,
    observer: Arc<dyn Observer>,
) -> Result<Client, CliError> {
    let address = address(config)?;
    let mut settings = settings;
    if let Some(concurrency) = config.github.concurrency {
        settings.concurrency = concurrency.clamp(1, 50);
    }
    if let Some(floor) = config.github.floor_points {
        settings.floor_points = floor;
    }
    let transport =
        HttpTransport::new().map_err(|error| CliError::new(ErrorKind::Internal, error))?;
    Ok(Client::new(
        address,
        credentials,
        owner,
        Arc::new(transport),
        observer,
        settings,
    ))
}

/// The configured GitHub.
pub(crate) fn address(config: &Config) -> Result<Address, CliError> {
    let from_environment = std::env::var(BASE_URL_VARIABLE)
        .ok()
        .filter(|value| !value.trim().is_empty());
    match from_environment.or_else(|| config.github.base_url.clone()) {
        Some(base) => {
            Address::at(&base).map_err(|error| CliError::new(ErrorKind::Configuration, error))
        }
        None => Ok(Address::public()),
    }
}

/// With which right GitHub is asked, and where it comes from.
pub(crate) struct Right {
    pub(crate) credentials: Credentials,
    /// `the environment (GITHUB_TOKEN)` for instance.
    pub(crate) source: String,
}

/// The app, or the token: from the environment, a file, or the `gh` program, in this order. `None` where
/// there is none.
///
/// # Errors
/// Exit code 3 for a file that cannot be used.
pub(crate) fn right(config: &Config) -> Result<Option<Right>, CliError> {
    let settings = &config.github;
    if let Some(app_id) = &settings.app_id {
        let source = KeySource {
            variable: "TANDEM_GITHUB_APP_KEY".to_owned(),
            file: settings
                .app_key_file
                .as_ref()
                .map(|path| config.resolve(path)),
        };
        let Some(private_key) = source.key()? else {
            return Err(CliError::configuration(format!(
                "the GitHub App {app_id} has no private key"
            ))
            .hint("set github.app_key_file to the PEM file, mode 600"));
        };
        return Ok(Some(Right {
            credentials: Credentials::App(AppCredentials {
                app_id: app_id.clone(),
                private_key,
                installation_id: settings.installation_id,
            }),
            source: format!("the GitHub App {app_id}"),
        }));
    }
    let token = |token, source: String| {
        Ok(Some(Right {
            credentials: Credentials::Token(token),
            source,
        }))
    };
    let named = settings.token_env.as_deref();
    for variable in named.into_iter().chain(TOKEN_VARIABLES) {
        let source = KeySource {
            variable: variable.to_owned(),
            file: None,
        };
        if let Some(found) = source.key()? {
            return token(found, format!("the environment ({variable})"));
        }
    }
    if let Some(path) = &settings.token_file {
        let path = config.resolve(path);
        let source = format!("the file {}", path.display());
        let file = KeySource {
            variable: TOKEN_VARIABLES[0].to_owned(),
            file: Some(path),
        };
        if let Some(found) = file.key()? {
            return token(found, source);
        }
    }
    match token_of_gh(config)? {
        Some(found) => token(found, "gh auth token".to_owned()),
        None => Ok(None),
    }
}

fn no_token() -> CliError {
    CliError::configuration(
        "no token for GitHub: GITHUB_TOKEN is not set, no github.token_file is configured, and gh has none",
    )
    .hint("export GITHUB_TOKEN=..., or gh auth login")
    .hint("a fine-grained token with read access to metadata, pull requests, contents and issues is enough")
}

/// What `gh auth token` says, where the program is there and logged in.
fn token_of_gh(config: &Config) -> Result<Option<SecretString>, CliError> {
    let address = address(config)?;
    let host: Option<String> = address
        .rest()
        .parse::<http::Uri>()
        .ok()
        .and_then(|uri| uri.host().map(str::to_owned))
        .filter(|host| host != "api.github.com");
    let mut command = Command::new("gh");
    command.args(["auth", "token"]);
    if let Some(host) = &host {
        command.args(["--hostname", host]);
    }
    let Ok(said) = command.stdin(std::process::Stdio::null()).output() else {
        return Ok(None);
    };
    let token = SecretString::from(String::from_utf8_lossy(&said.stdout).trim().to_owned());
    Ok((said.status.success() && !token.expose_secret().is_empty()).then_some(token))
}

impl From<GithubError> for CliError {
    fn from(error: GithubError) -> Self {
        let (kind, hint) = kind_and_hint(&error);
        let error = CliError::new(kind, error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Who has to act, and how.
pub(crate) fn kind_and_hint(error: &GithubError) -> (ErrorKind, Option<String>) {
    match error {
            GithubError::BadCredentials { .. } => (
                ErrorKind::Configuration,
                Some("make a new token and export GITHUB_TOKEN; what was stored stays".to_owned()),
            ),
            GithubError::MissingScope { .. } => (
                ErrorKind::Configuration,
                Some(
                    "give the token the scope named above (repo for private repositories of a classic token)"
                        .to_owned(),
                ),
            ),
            GithubError::Forbidden { .. } => (
                ErrorKind::Configuration,
                Some(
                    "the token needs read access to metadata, pull requests, contents and issues of it"
                        .to_owned(),
                ),
            ),
            GithubError::SingleSignOn { block, .. } => (
                ErrorKind::Configuration,
                Some(match &block.url {
                    Some(url) => format!("authorise the token here: {url}"),
                    None => "authorise the token for single sign-on in its settings at GitHub".to_owned(),
                }),
            ),
            GithubError::NotFound { .. } => (
                ErrorKind::Input,
                Some("check the name; a token sees private repositories only where it was given them".to_owned()),
            ),
            GithubError::Unavailable { .. } | GithubError::Limited { .. } => (
                ErrorKind::Internal,
                Some("run the same command again later: it goes on where it stopped".to_owned()),
            ),
            GithubError::AppKey { .. } => (
                ErrorKind::Configuration,
                Some("github.app_key_file must be the PEM file that GitHub gave for the app".to_owned()),
            ),
            GithubError::Refused { .. }
            | GithubError::Malformed { .. }
            | GithubError::Shelf(_)
            | GithubError::Interrupted => (ErrorKind::Internal, None),
        }
}
