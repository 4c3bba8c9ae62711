//! A host, as data.

use http::{HeaderName, HeaderValue};
use serde::Deserialize;

use super::ProviderLimits;
use super::windows::Windows;
use crate::tier::{Billing, ResponseMode};

/// The ending of the name of a host that is asked by plain calls instead of batches.
pub const SYNC_SUFFIX: &str = "-sync";

/// What differs between hosts, those of one dialect and those of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name in `provider:model`.
    pub name: String,
    /// The wire format.
    pub dialect: Dialect,
    /// The address up to the version, without a slash at the end; empty where every customer has an
    /// address of their own and none is given yet.
    pub base_url: String,
    /// How the key is presented.
    pub auth: AuthScheme,
    /// Whether there must be a key.
    pub key: KeyUse,
    /// Further headers of every call.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The address of chat completions as lines and batches name it.
    pub endpoint: String,
    /// How lists are paged.
    pub listing: Listing,
    /// Most batches one call can ask after; 1 where each needs its own.
    pub poll_ids: usize,
    /// The completion windows the host offers.
    pub windows: Windows,
    /// What the host takes.
    pub limits: ProviderLimits,
    /// Whether all lines of a file must name one model. Shards always do; other programs that read the
    /// profile need to know.
    pub one_model_per_file: bool,
    /// What the host's list of models says of models that are not on it.
    pub model_list: ModelList,
    /// How JSON is asked for where the table of models says nothing about a model.
    pub response: ResponseMode,
    /// The name of the cap on completion tokens in a request.
    pub token_cap: TokenCap,
    /// Most calls in flight at once, where each request is a call of its own.
    pub concurrency: usize,
    /// Where prices come from.
    pub price: PriceSource,
}

/// A wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// Files and batches of the OpenAI shape.
    OpenAi,
    /// Anthropic's Message Batches.
    Anthropic,
    /// Mistral's batch jobs.
    Mistral,
    /// Plain chat completions of the OpenAI shape, one call for each request.
    Chat,
}

/// How the key is presented.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum AuthScheme {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// The key alone in a header of this name.
    Header(HeaderName),
}

impl TryFrom<String> for AuthScheme {
    type Error = String;

    fn try_from(text: String) -> Result<AuthScheme, String> {
        if text.eq_ignore_ascii_case("bearer") {
            return Ok(AuthScheme::Bearer);
        }
        HeaderName::from_bytes(text.as_bytes())
            .map(AuthScheme::Header)
            .map_err(|_| format!("{text:?} is neither \"bearer\" nor the name of a header"))
    }
}

/// Whether there must be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyUse {
    /// No call without one.
    Required,
    /// Sent where there is one.
    Optional,
}

/// How lists are paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listing {
    /// `?cursor=` with `paging.next_cursor` in the reply.
    Cursor,
    /// `?after=` with `has_more` and `last_id` in the reply.
    After,
    /// `?after_id=` with `has_more` and `last_id` in the reply.
    AfterId,
    /// `?page=` from 0 with `total` in the reply.
    Page,
}

/// What a host's list of models says of models that are not on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelList {
    /// They are not served.
    Complete,
    /// Nothing.
    Partial,
}

/// The name of the cap on completion tokens in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenCap {
    /// `max_completion_tokens`.
    MaxCompletionTokens,
    /// `max_tokens`, which older servers know alone and some hosts insist on.
    MaxTokens,
}

impl TokenCap {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            TokenCap::MaxCompletionTokens => "max_completion_tokens",
            TokenCap::MaxTokens => "max_tokens",
        }
    }
}

/// Where prices come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PriceSource {
    /// The table of models.
    Listed,
    /// The table of models where it has a price, or else nothing is charged.
    Free,
}

/// Changes to a profile; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProfileChanges {
    /// The wire format.
    pub dialect: Option<Dialect>,
    /// The address up to the version.
    pub base_url: Option<String>,
    /// How the key is presented.
    pub auth: Option<AuthScheme>,
    /// Whether there must be a key.
    pub key: Option<KeyUse>,
    /// Headers to be sent beside those there are.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The address of chat completions as lines and batches name it.
    pub endpoint: Option<String>,
    /// How lists are paged.
    pub listing: Option<Listing>,
    /// Most batches one call can ask after.
    pub poll_ids: Option<usize>,
    /// The completion windows the host offers.
    pub windows: Option<Windows>,
    /// Most requests in a file.
    pub max_requests_per_file: Option<u64>,
    /// Most bytes in a file.
    pub max_file_bytes: Option<u64>,
    /// Most prompt tokens waiting at once.
    pub max_enqueued_tokens: Option<u64>,
    /// Whether all lines of a file must name one model.
    pub one_model_per_file: Option<bool>,
    /// What the list of models says of others.
    pub model_list: Option<ModelList>,
    /// How JSON is asked for by default.
    pub response: Option<ResponseMode>,
    /// The name of the cap on completion tokens.
    pub token_cap: Option<TokenCap>,
    /// Most calls in flight at once.
    pub concurrency: Option<usize>,
    /// Where prices come from.
    pub price: Option<PriceSource>,
}

impl Profile {
    /// A host of a dialect of which nothing more is known.
    pub fn of(name: &str, dialect: Dialect) -> Profile {
        let (auth, listing, token_cap) = match dialect {
            Dialect::Anthropic => (
                AuthScheme::Header(HeaderName::from_static("x-api-key")),
                Listing::AfterId,
                TokenCap::MaxTokens,
            ),
            Dialect::Mistral => (AuthScheme::Bearer, Listing::Page, TokenCap::MaxTokens),
            Dialect::OpenAi | Dialect::Chat => (
                AuthScheme::Bearer,
                Listing::After,
                TokenCap::MaxCompletionTokens,
            ),
        };
        Profile {
            name: name.to_owned(),
            dialect,
            base_url: String::new(),
            auth,
            key: KeyUse::Required,
            headers: Vec::new(),
            endpoint: "/v1/chat/completions".to_owned(),
            listing,
            poll_ids: 1,
            windows: Windows::default(),
            limits: limits_of(dialect),
            one_model_per_file: true,
            model_list: ModelList::Complete,
            response: ResponseMode::JsonObject,
            token_cap,
            concurrency: 8,
            price: PriceSource::Listed,
        }
    }

    /// The profile with changes.
    pub fn with(self, changes: ProfileChanges) -> Profile {
        let mut profile = match changes.dialect {
            Some(dialect) => self.speaking(dialect),
            None => self,
        };
        if let Some(base_url) = &changes.base_url {
            profile = profile.at(base_url);
        }
        for (name, value) in changes.headers {
            profile.headers.retain(|(known, _)| *known != name);
            profile.headers.push((name, value));
        }
        let limits = ProviderLimits {
            max_open_batches: profile.limits.max_open_batches,
            max_lines: changes
                .max_requests_per_file
                .unwrap_or(profile.limits.max_lines),
            max_bytes: changes.max_file_bytes.unwrap_or(profile.limits.max_bytes),
            max_enqueued_tokens: changes
                .max_enqueued_tokens
                .or(profile.limits.max_enqueued_tokens),
        };
        Profile {
            auth: changes.auth.unwrap_or(profile.auth),
            key: changes.key.unwrap_or(profile.key),
            endpoint: changes.endpoint.unwrap_or(profile.endpoint),
            listing: changes.listing.unwrap_or(profile.listing),
            poll_ids: changes.poll_ids.unwrap_or(profile.poll_ids).max(1),
            windows: changes.windows.unwrap_or(profile.windows),
            limits,
            one_model_per_file: changes
                .one_model_per_file
                .unwrap_or(profile.one_model_per_file),
            model_list: changes.model_list.unwrap_or(profile.model_list),
            response: changes.response.unwrap_or(profile.response),
            token_cap: changes.token_cap.unwrap_or(profile.token_cap),
            concurrency: changes.concurrency.unwrap_or(profile.concurrency).max(1),
            price: changes.price.unwrap_or(profile.price),
            ..profile
        }
    }

    /// The same host shape at another address, for instance a server on this machine.
    pub fn at(self, base_url: &str) -> Profile {
        Profile {
            base_url: base_url.trim_end_matches('/').to_owned(),
            ..self
        }
    }

    /// The same host in another dialect; between batches of the OpenAI shape, Mistral's jobs and plain
    /// calls, address and key stay the same.
    pub fn speaking(self, dialect: Dialect) -> Profile {
        if dialect == self.dialect {
            return self;
        }
        let fresh = Profile::of(&self.name, dialect);
        let auth = if dialect == Dialect::Anthropic || self.dialect == Dialect::Anthropic {
            fresh.auth
        } else {
            self.auth
        };
        Profile {
            dialect,
            auth,
            listing: fresh.listing,
            limits: match dialect {
                Dialect::Chat => fresh.limits,
                _ => self.limits,
            },
            // Plain calls end when they are answered.
            windows: match dialect {
                Dialect::Chat => Windows::default(),
                _ => self.windows,
            },
            ..self
        }
    }

    /// The same host by plain, synchronous calls, under its name with the ending of such.
    pub fn by_plain_calls(self) -> Profile {
        let name = format!("{}{SYNC_SUFFIX}", self.name);
        Profile {
            name,
            ..self.speaking(Dialect::Chat)
        }
    }

    /// Whose price list counts.
    pub fn billing(&self) -> Billing {
        match (self.dialect, self.price) {
            (_, PriceSource::Free) => Billing::Free,
            (Dialect::Chat, PriceSource::Listed) => Billing::Synchronous,
            (_, PriceSource::Listed) => Billing::Batch,
        }
    }
}

/// Limits where nothing is known of a host's own. Answers by plain calls are stored when their shard
/// ends, so shards are small there, and few are open, since they share one line to the host.
fn limits_of(dialect: Dialect) -> ProviderLimits {
    match dialect {
        Dialect::Chat => ProviderLimits {
            max_lines: 200,
            max_bytes: 95_000_000,
            max_enqueued_tokens: None,
            max_open_batches: Some(2),
        },
        Dialect::OpenAi | Dialect::Anthropic | Dialect::Mistral => ProviderLimits {
            max_lines: 50_000,
            max_bytes: 95_000_000,
            max_enqueued_tokens: None,
            max_open_batches: None,
        },
    }
}
