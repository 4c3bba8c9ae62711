//! What the right that is used may do, for those who set a sync up.

use std::collections::BTreeMap;

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::auth::Credentials;
use crate::client::{Client, decode};
use crate::error::GithubError;
use crate::queries;
use crate::reading::Reading;
use crate::wire::{OwnerData, ViewerData};

/// What a token may do, as far as the host tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The account, where the token is a person's.
    pub login: Option<String>,
    /// The scopes of a classic token; `None` for others, which have none.
    pub scopes: Option<Vec<String>>,
    /// The points of the hour; `None` for servers without limits.
    pub points: Option<Points>,
    /// By how much the host's clock is ahead of this machine's; to a second or two.
    pub clock_ahead: SignedDuration,
    /// The version of an enterprise server.
    pub enterprise_version: Option<String>,
    /// When the token ends, where the host tells.
    pub expires_at: Option<String>,
}

/// The points of the hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Points {
    /// How many there are.
    pub limit: u64,
    /// How many are left.
    pub remaining: u64,
    /// When they are all there again, by this machine's clock.
    pub resets_at: Timestamp,
}

/// An app's installation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Installation {
    /// The host's id.
    pub id: u64,
    /// Where it is installed.
    #[serde(default)]
    pub account: Option<Account>,
    /// What it may do: `read` or `write` by the name of the permission.
    #[serde(default)]
    pub permissions: BTreeMap<String, String>,
    /// `all` repositories, or `selected` ones.
    #[serde(default)]
    pub repository_selection: Option<String>,
    /// Since when it is suspended.
    #[serde(default)]
    pub suspended_at: Option<Timestamp>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// Its login.
    pub login: String,
}

/// What the token was refused of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedPart {
    /// The field, `files` for instance.
    pub field: String,
    /// The host's words.
    pub message: String,
}

impl Client {
    /// Asks whose token this is and what it may do.
    ///
    /// # Errors
    /// When the host does not take it or cannot be reached.
    pub async fn access(&self) -> Result<Access, GithubError> {
        let what = "the account of the token";
        let (reading, headers) = self.once(what, &queries::viewer(), json!({})).await?;
        let here = Timestamp::now();
        let clock_ahead = self.note_time(&headers).duration_since(here);
        let data: ViewerData = match reading {
            Reading::Data { data, .. } => decode(what, data)?,
            Reading::Trouble(trouble) => return Err(trouble.into_error(what)),
        };
        let points = data.rate_limit.filter(|limit| limit.limit > 0);
        Ok(Access {
            login: data.viewer.map(|viewer| viewer.login),
            scopes: text(&headers, "x-oauth-scopes").map(|text| {
                text.split(',')
                    .map(|scope| scope.trim().to_owned())
                    .filter(|scope| !scope.is_empty())
                    .collect()
            }),
            points: points.map(|limit| Points {
                limit: limit.limit,
                remaining: limit.remaining,
                resets_at: limit
                    .reset_at
                    .checked_sub(clock_ahead)
                    .unwrap_or(limit.reset_at),
            }),
            clock_ahead,
            enterprise_version: text(&headers, "x-github-enterprise-version"),
            expires_at: text(&headers, "github-authentication-token-expiration"),
        })
    }

    /// How many repositories of an owner the token sees.
    ///
    /// # Errors
    /// When there is none, when single sign-on or a missing scope is in the way, or as
    /// [`Client::access`].
    pub async fn look_at_owner(&self, owner: &str) -> Result<u64, GithubError> {
        let what = format!("organisation {owner}");
        let variables = json!({"login": owner, "after": null});
        let data: OwnerData = self
            .look(&what, &queries::repositories(), variables)
            .await?
            .0;
        let owner = data
            .repository_owner
            .ok_or(GithubError::NotFound { what })?;
        Ok(owner.repositories.total_count)
    }

    /// What the token may not read of the newest pull request of a repository.
    ///
    /// # Errors
    /// As [`Client::look_at_owner`].
    pub async fn look_at_repository(&self, name: &str) -> Result<Vec<RefusedPart>, GithubError> {
        let what = format!("repository {name}");
        let (owner, short) = name
            .split_once('/')
            .ok_or_else(|| GithubError::NotFound { what: what.clone() })?;
        let variables = json!({"owner": owner, "name": short});
        let (data, errors): (Value, _) = self.look(&what, &queries::probe(), variables).await?;
        if data.get("repository").is_none_or(Value::is_null) {
            return Err(GithubError::NotFound { what });
        }
        let mut refused: Vec<RefusedPart> = errors
            .into_iter()
            .map(|error| RefusedPart {
                field: error.field().unwrap_or("pullRequests").to_owned(),
                message: error.message,
            })
            .collect();
        refused.dedup_by(|a, b| a.field == b.field);
        Ok(refused)
    }

    /// The installation of the app whose right is used; `None` where it is no app's.
    ///
    /// # Errors
    /// When the key or the app is not accepted, or when the app is not installed there.
    pub async fn installation(&self) -> Result<Option<Installation>, GithubError> {
        let Credentials::App(app) = self.credentials() else {
            return Ok(None);
        };
        let what = "the installation of the GitHub App";
        let document = match app.installation_id {
            Some(id) => {
                let path = format!("/app/installations/{id}");
                let what = format!("installation {id} of the GitHub App");
                self.rest(app, &what, http::Method::GET, &path).await?.0
            }
            None => self.installation_at_owner(app).await?,
        };
        decode(what, document).map(Some)
    }

    /// Asks once: whoever sets something up wants to know at once what is in the way.
    async fn look<T: serde::de::DeserializeOwned>(
        &self,
        what: &str,
        query: &queries::Query,
        variables: Value,
    ) -> Result<(T, Vec<crate::reading::PartError>), GithubError> {
        match self.once(what, query, variables).await?.0 {
            Reading::Data { data, errors } => Ok((decode(what, data)?, errors)),
            Reading::Trouble(trouble) => Err(trouble.into_error(what)),
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.trim().to_owned())
}
