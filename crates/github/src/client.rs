//! One query after the other: limits kept, failures told apart, tokens renewed.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use rand::RngExt;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::address::Address;
use crate::auth::{AppCredentials, Credentials, InstallationToken, TokenKeeper, app_request};
use crate::budget::{Budget, HourlyLimit};
use crate::error::GithubError;
use crate::observer::{Event, Observer, Pause};
use crate::queries::Query;
use crate::reading::{Reading, Trouble, read};
use crate::transport::{Request, Transport};
use crate::wire::RateLimit;

/// Clocks that differ by less are not why a request of an app was refused.
const CLOCKS_DIFFER: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);

/// How a client goes about its work.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Requests at once at most.
    pub concurrency: usize,
    /// Points of the hour that are left to others who use the token.
    pub floor_points: u64,
    /// How often a failing request is tried.
    pub max_tries: u32,
    /// The first pause before another try; it doubles with each.
    pub retry_base: Duration,
    /// The longest pause before another try.
    pub retry_max: Duration,
    /// How long a response may take.
    pub timeout: Duration,
    /// The longest wait for a limit; `None` waits as long as it takes.
    pub max_wait: Option<Duration>,
}

impl Default for ClientSettings {
    fn default() -> ClientSettings {
        ClientSettings {
            concurrency: 4,
            floor_points: 200,
            max_tries: 6,
            retry_base: Duration::from_secs(1),
            retry_max: Duration::from_mins(1),
            timeout: Duration::from_secs(40),
            max_wait: None,
        }
    }
}

/// A GitHub, and the right to ask it.
pub struct Client {
    address: Address,
    transport: Arc<dyn Transport>,
    observer: Arc<dyn Observer>,
    settings: ClientSettings,
    tokens: TokenKeeper,
    /// Whose installation of an app is looked up where its id is not known.
    owner: Option<String>,
    budget: Budget,
    clock: std::sync::Mutex<Option<(Timestamp, Instant)>>,
}

/// What a query came to, when it did not fail for good.
#[derive(Debug)]
pub(crate) enum Reply<T> {
    /// Data, and errors that concern parts of it.
    Data(T, Vec<crate::reading::PartError>),
    /// Too much at once for the host: the same with less may succeed.
    TooHeavy(String),
}

impl Client {
    /// A client. `owner` names the account whose installation of an app is used.
    pub fn new(
        address: Address,
        credentials: Credentials,
        owner: Option<String>,
        transport: Arc<dyn Transport>,
        observer: Arc<dyn Observer>,
        settings: ClientSettings,
    ) -> Client {
        Client {
            address,
            transport,
            observer,
            tokens: TokenKeeper::new(credentials),
            owner,
            budget: Budget::new(settings.floor_points, settings.concurrency),
            settings,
            clock: std::sync::Mutex::new(None),
        }
    }

    /// Calls and points used so far.
    pub fn used(&self) -> (u64, u64) {
        self.budget.used()
    }

    pub(crate) fn concurrency(&self) -> usize {
        self.settings.concurrency.max(1)
    }

    pub(crate) fn tell(&self, event: &Event<'_>) {
        self.observer.event(event);
    }

    /// Asks until there is an answer, waiting as long as limits want it. Where the host finds the query
    /// too heavy, it is for the caller to ask for less.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        what: &str,
        query: &Query,
        variables: Value,
    ) -> Result<Reply<T>, GithubError> {
        let mut failed_tries = 0;
        let mut renewed = false;
        loop {
            let (reading, _) = self.once(what, query, variables.clone()).await?;
            match reading {
                Reading::Data { data, errors } => {
                    return Ok(Reply::Data(decode(what, data)?, errors));
                }
                Reading::Trouble(Trouble::Hourly { resets_in }) => {
                    let resets_in = resets_in.unwrap_or(Duration::from_mins(1));
                    self.budget.note_used_up(resets_in);
                }
                Reading::Trouble(Trouble::Secondary { retry_after }) => {
                    self.budget.note_secondary(retry_after);
                }
                Reading::Trouble(Trouble::TooHeavy(words)) => return Ok(Reply::TooHeavy(words)),
                Reading::Trouble(Trouble::Unauthorised { refused, message }) => {
                    // The token of an installation may have ended early; a new one is worth one try.
                    if renewed || !self.tokens.forget(&refused).await {
                        return Err(GithubError::BadCredentials { message });
                    }
                    renewed = true;
                }
                Reading::Trouble(Trouble::Away(message)) => {
                    failed_tries += 1;
                    if failed_tries >= self.settings.max_tries {
                        return Err(GithubError::Unavailable { message });
                    }
                    self.pause(failed_tries).await;
                }
                Reading::Trouble(other) => return Err(other.into_error(what)),
            }
        }
    }

    /// Asks for something small: also what the host finds too heavy is tried again.
    pub(crate) async fn ask_small<T: DeserializeOwned>(
        &self,
        what: &str,
        query: &Query,
        variables: Value,
    ) -> Result<(T, Vec<crate::reading::PartError>), GithubError> {
        let mut failed_tries = 0;
        loop {
            match self.ask(what, query, variables.clone()).await? {
                Reply::Data(data, errors) => return Ok((data, errors)),
                Reply::TooHeavy(message) => {
                    failed_tries += 1;
                    if failed_tries >= self.settings.max_tries {
                        return Err(GithubError::Unavailable { message });
                    }
                    self.pause(failed_tries).await;
                }
            }
        }
    }

    /// Waits before another try: exponential, with jitter.
    pub(crate) async fn pause(&self, failed_tries: u32) {
        let doublings = failed_tries.saturating_sub(1).min(16);
        let pause = self
            .settings
            .retry_base
            .saturating_mul(1 << doublings)
            .min(self.settings.retry_max);
        tokio::time::sleep(pause.mul_f64(rand::rng().random_range(0.5..1.0))).await;
    }

    /// One request and what it came to, when limits allow.
    pub(crate) async fn once(
        &self,
        what: &str,
        query: &Query,
        variables: Value,
    ) -> Result<(Reading, HeaderMap), GithubError> {
        self.wait_for_limits().await?;
        let token = self
            .tokens
            .token(|app| self.installation_token(app))
            .await?;
        let body =
            json!({"query": query.text, "operationName": query.name, "variables": variables});
        let request = Request {
            method: Method::POST,
            url: self.address.graphql().to_owned(),
            headers: headers(&token)?,
            body: body.to_string().into(),
            timeout: self.settings.timeout,
        };
        let permit = self.budget.permit().await;
        let sent = self.transport.send(request).await;
        drop(permit);
        let response = match sent {
            Ok(response) => response,
            Err(error) if error.timed_out => {
                return Ok((
                    Reading::Trouble(Trouble::TooHeavy(error.message)),
                    HeaderMap::new(),
                ));
            }
            Err(error) => {
                return Ok((
                    Reading::Trouble(Trouble::Away(error.message)),
                    HeaderMap::new(),
                ));
            }
        };
        let host_now = self.note_time(&response.headers);
        let reading = read(what, &response, &token, host_now);
        if let Reading::Data { data, .. } = &reading {
            let limit = data
                .get("rateLimit")
                .and_then(|limit| serde_json::from_value::<RateLimit>(limit.clone()).ok());
            let hourly = limit.as_ref().map(|limit| HourlyLimit {
                limit: limit.limit,
                remaining: limit.remaining,
                resets_in: Duration::try_from(limit.reset_at.duration_since(host_now))
                    .unwrap_or(Duration::ZERO),
            });
            self.budget.note(limit.map(|limit| limit.cost), hourly);
        }
        Ok((reading, response.headers))
    }

    async fn wait_for_limits(&self) -> Result<(), GithubError> {
        let mut told = None;
        while let Some((wait, reason)) = self.budget.wait() {
            let until = Timestamp::now()
                .checked_add(jiff::SignedDuration::try_from(wait).unwrap_or_default())
                .unwrap_or(Timestamp::MAX);
            if self.settings.max_wait.is_some_and(|longest| wait > longest) {
                return Err(GithubError::Limited { until });
            }
            if told != Some(reason) {
                told = Some(reason);
                self.tell(&Event::Waiting(Pause {
                    reason: reason.words().to_owned(),
                    until,
                }));
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// The host's present, as far as its last response tells.
    pub(crate) fn host_now(&self) -> Timestamp {
        self.note_time(&HeaderMap::new())
    }

    /// Whose right is used.
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.tokens.credentials
    }

    /// Notes the host's time, so that clocks may differ; returns it.
    pub(crate) fn note_time(&self, headers: &HeaderMap) -> Timestamp {
        let told = headers
            .get(DATE)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| jiff::fmt::rfc2822::parse(text).ok())
            .map(|date| date.timestamp());
        let mut clock = self
            .clock
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(told) = told {
            *clock = Some((told, Instant::now()));
        }
        match *clock {
            Some((told, seen)) => told
                .checked_add(jiff::SignedDuration::try_from(seen.elapsed()).unwrap_or_default())
                .unwrap_or(told),
            None => Timestamp::now(),
        }
    }

    /// Asks for a token of an app's installation.
    async fn installation_token(
        &self,
        app: AppCredentials,
    ) -> Result<(InstallationToken, Timestamp), GithubError> {
        let id = if let Some(id) = app.installation_id {
            id
        } else {
            let found = self.installation_at_owner(&app).await?;
            let id = found.get("id").and_then(Value::as_u64);
            id.ok_or_else(|| GithubError::Malformed {
                what: "the installation of the GitHub App".to_owned(),
                message: "it has no id".to_owned(),
            })?
        };
        let what = format!("a token of installation {id} of the GitHub App");
        let path = format!("/app/installations/{id}/access_tokens");
        let (document, host_now) = self.rest(&app, &what, Method::POST, &path).await?;
        Ok((decode(&what, document)?, host_now))
    }

    /// The installation of an app at the owner, as the host describes it.
    pub(crate) async fn installation_at_owner(
        &self,
        app: &AppCredentials,
    ) -> Result<Value, GithubError> {
        let owner = self.owner.as_deref().ok_or_else(|| GithubError::NotFound {
            what: "installation of the GitHub App without an id or an owner".to_owned(),
        })?;
        let what = format!("installation of the GitHub App at {owner}");
        let mut last = None;
        for kind in ["orgs", "users"] {
            let path = format!("/{kind}/{owner}/installation");
            match self.rest(app, &what, Method::GET, &path).await {
                Ok((document, _)) => return Ok(document),
                Err(error @ GithubError::NotFound { .. }) => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or(GithubError::NotFound { what }))
    }

    /// A REST call of the app itself, tried again while the host is away.
    pub(crate) async fn rest(
        &self,
        app: &AppCredentials,
        what: &str,
        method: Method,
        path: &str,
    ) -> Result<(Value, Timestamp), GithubError> {
        let mut failed_tries = 0;
        let mut clock_was_set = false;
        loop {
            let believed_now = self.host_now();
            let token = app_request(app, believed_now)?;
            let request = Request {
                method: method.clone(),
                url: format!("{}{path}", self.address.rest()),
                headers: headers(&token)?,
                body: bytes::Bytes::new(),
                timeout: self.settings.timeout,
            };
            let message = match self.transport.send(request).await {
                Ok(response) => {
                    let host_now = self.note_time(&response.headers);
                    let document: Value =
                        serde_json::from_slice(&response.body).unwrap_or(Value::Null);
                    let message = document["message"].as_str().unwrap_or_default().to_owned();
                    match response.status {
                        status if status.is_success() => return Ok((document, host_now)),
                        StatusCode::UNAUTHORIZED => {
                            // A request is valid for minutes: our clock may be the one that is wrong.
                            let differ = host_now.duration_since(believed_now).abs();
                            if clock_was_set || differ < CLOCKS_DIFFER {
                                return Err(GithubError::BadCredentials { message });
                            }
                            clock_was_set = true;
                            continue;
                        }
                        StatusCode::NOT_FOUND => {
                            return Err(GithubError::NotFound {
                                what: what.to_owned(),
                            });
                        }
                        status if status.is_client_error() && status.as_u16() != 429 => {
                            return Err(GithubError::Forbidden {
                                what: what.to_owned(),
                                message,
                            });
                        }
                        status => format!("{status} {message}"),
                    }
                }
                Err(error) => error.message,
            };
            failed_tries += 1;
            if failed_tries >= self.settings.max_tries {
                return Err(GithubError::Unavailable { message });
            }
            self.pause(failed_tries).await;
        }
    }
}

fn headers(token: &SecretString) -> Result<HeaderMap, GithubError> {
    let mut headers = HeaderMap::new();
    let mut bearer =
        HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).map_err(|_| {
            GithubError::BadCredentials {
                message: "it holds characters that no token has".to_owned(),
            }
        })?;
    bearer.set_sensitive(true);
    headers.insert(AUTHORIZATION, bearer);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/vnd.github+json"),
    );
    headers.insert(
        "x-github-api-version",
        HeaderValue::from_static("2022-11-28"),
    );
    Ok(headers)
}

pub(crate) fn decode<T: DeserializeOwned>(what: &str, data: Value) -> Result<T, GithubError> {
    serde_json::from_value(data).map_err(|error| GithubError::Malformed {
        what: what.to_owned(),
        message: error.to_string(),
    })
}
