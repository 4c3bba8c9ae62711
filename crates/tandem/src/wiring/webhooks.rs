//! The receiver of webhooks, set up from the configuration and the environment.

use std::sync::Arc;

use github::webhook::Receiver;
use github::{Event, Observer};
use model::PullRequest;
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use store::Store;

use crate::config::{Config, KeySource};
use crate::error::CliError;
use crate::output::Output;

/// The environment variable with secrets, separated by commas.
const SECRET_VARIABLE: &str = "TANDEM_GITHUB_WEBHOOK_SECRET";
/// Secrets shorter than this can be guessed.
const SECRET_BYTES_MIN: usize = 16;

/// The secrets by which webhooks are signed; none where none is configured.
///
/// # Errors
/// Exit code 3 for a file that cannot be used, and for a secret that is too short.
pub(crate) fn secrets(config: &Config) -> Result<Vec<SecretString>, CliError> {
    let mut secrets = Vec::new();
    let listed = SecretString::from(std::env::var(SECRET_VARIABLE).unwrap_or_default());
    for part in listed.expose_secret().split(',').map(str::trim) {
        if !part.is_empty() {
            secrets.push(long_enough(SECRET_VARIABLE, SecretString::from(part))?);
        }
    }
    for path in &config.github.webhook_secret_file {
        let path = config.resolve(path);
        let place = path.display().to_string();
        let source = KeySource {
            // The environment has been asked already.
            variable: String::new(),
            file: Some(path),
        };
        if let Some(secret) = source.key()? {
            secrets.push(long_enough(&place, secret)?);
        }
    }
    Ok(secrets)
}

fn long_enough(place: &str, secret: SecretString) -> Result<SecretString, CliError> {
    if secret.expose_secret().len() < SECRET_BYTES_MIN {
        return Err(CliError::configuration(format!(
            "the webhook secret of {place} is shorter than {SECRET_BYTES_MIN} characters"
        ))
        .hint("openssl rand -hex 32 makes one; it has to be changed at GitHub as well"));
    }
    Ok(secret)
}

/// A receiver that stores what is signed with one of `secrets`; `None` without any.
///
/// # Errors
/// Exit code 1 when the system gives no thread.
pub(crate) fn receiver(
    secrets: Vec<SecretString>,
    store: Arc<dyn Store>,
    output: Output,
) -> Result<Option<Arc<Receiver>>, CliError> {
    if secrets.is_empty() {
        return Ok(None);
    }
    let receiver = Receiver::new(secrets, read, store.inbox(), Arc::new(Warnings(output)))?;
    Ok(Some(Arc::new(receiver)))
}

fn read(object: &RawValue) -> Option<PullRequest> {
    intake::rest_pull_request(object.get()).ok()
}

/// Says on stderr what could not be stored.
struct Warnings(Output);

impl Observer for Warnings {
    fn event(&self, event: &Event<'_>) {
        if let Event::Warning(words) = event {
            self.0.warning(words);
        }
    }
}
