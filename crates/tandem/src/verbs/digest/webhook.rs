//! A digest to a webhook that takes `{"text": ...}`, as Slack, Mattermost and others do.

use std::time::Duration;

use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use web::Letter;

use super::send::{PATIENCE, PAUSES, is_this_machine};
use crate::config::{Config, KeySource};
use crate::error::{CliError, ErrorKind};

/// The longest pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A post that is ready to go. The address is a secret: who knows it can post.
pub(super) struct Post {
    address: SecretString,
    host: String,
    body: String,
}

/// What is posted.
pub(super) fn body(letter: &Letter) -> String {
    // An address in a name must not be fetched by the chat to show what is there.
    json!({"text": letter.chat(), "unfurl_links": false, "unfurl_media": false}).to_string()
}

fn failed(message: String) -> CliError {
    CliError::new(ErrorKind::Internal, anyhow::Error::msg(message))
}

impl Post {
    /// The post that the configuration asks for; `None` where it has no webhook.
    pub(super) fn new(config: &Config, letter: &Letter) -> Result<Option<Self>, CliError> {
        let digest = &config.digest;
        let source = KeySource {
            variable: digest
                .webhook_url_env
                .clone()
                .unwrap_or_else(|| "TANDEM_DIGEST_WEBHOOK_URL".to_owned()),
            file: digest
                .webhook_url_file
                .as_ref()
                .map(|path| config.resolve(path)),
        };
        let Some(address) = source.key()? else {
            return Ok(None);
        };
        // What is wrong with it is told without a part of it.
        let url = Url::parse(address.expose_secret()).map_err(|error| {
            CliError::configuration(format!("the webhook's address cannot be read: {error}"))
        })?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&host));
        if !is_safe {
            return Err(CliError::configuration(
                "the webhook's address does not begin with https://: who listens on the way could post, too",
            ));
        }
        Ok(Some(Post {
            address,
            host,
            body: body(letter),
        }))
    }

    /// Where it goes, in words: not the address, which is a secret.
    pub(super) fn place(&self) -> String {
        format!("a webhook at {}", self.host)
    }

    /// Posts it. Tries again where the server cannot be reached, asks for patience or fails.
    pub(super) fn send(&self) -> Result<(), CliError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(self.post())
    }

    async fn post(&self) -> Result<(), CliError> {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("tandem/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| failed(error.without_url().to_string()))?;
        let mut pauses = PAUSES.iter().copied();
        loop {
            let sent = client
                .post(self.address.expose_secret())
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(self.body.clone())
                .send()
                .await;
            let (why, wanted_pause) = match sent {
                Ok(response) if response.status().is_success() => return Ok(()),
                Ok(response) => {
                    let status = response.status();
                    let why = format!("the webhook at {} answered {status}", self.host);
                    let may_retry =
                        status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
                    if !may_retry {
                        return Err(failed(why));
                    }
                    let seconds = response
                        .headers()
                        .get(http::header::RETRY_AFTER)
                        .and_then(|value| value.to_str().ok()?.parse().ok());
                    (why, seconds.map(Duration::from_secs))
                }
                Err(error) => {
                    // After a time-out it may have arrived: twice is worse than told.
                    let may_retry = error.is_connect();
                    let error = anyhow::Error::new(error.without_url());
                    let why = format!("the webhook at {} cannot be reached: {error:#}", self.host);
                    if !may_retry {
                        return Err(failed(why));
                    }
                    (why, None)
                }
            };
            let Some(pause) = pauses.next() else {
                return Err(failed(why));
            };
            tokio::time::sleep(wanted_pause.unwrap_or(pause).min(LONGEST_PAUSE)).await;
        }
    }
}
