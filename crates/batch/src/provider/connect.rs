//! From a profile to a provider that speaks its dialect.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;

use super::profile::{Dialect, KeyUse, Profile};
use super::{Anthropic, Chat, ChatParts, Mistral, OpenAiShaped, Provider};
use crate::clock::Clock;
use crate::settings::RetrySettings;
use crate::transport::Transport;

/// What a provider needs beside its profile.
pub struct Connection {
    /// The caller's key; it goes with every call, whatever the tier.
    pub key: Option<SecretString>,
    /// How requests reach the host.
    pub transport: Arc<dyn Transport>,
    /// How failed calls are repeated.
    pub retry: RetrySettings,
    /// A folder for hosts that are asked by plain calls: their shards and answers are kept there until
    /// they are collected. Each provider needs one of its own.
    pub spool: PathBuf,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// A provider that cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Every customer of this host has an address of their own.
    #[error("the base address of {name} is not set: every customer has their own")]
    NoAddress {
        /// The provider's name.
        name: String,
    },
    /// The host takes no calls without a key.
    #[error("there is no key for {name}")]
    NoKey {
        /// The provider's name.
        name: String,
    },
}

/// Sets up the provider of a profile.
///
/// # Errors
/// Without an address or without a key, where the profile says that they are needed.
pub fn connect(
    profile: Profile,
    connection: Connection,
) -> Result<Arc<dyn Provider>, ConnectError> {
    if profile.base_url.is_empty() {
        return Err(ConnectError::NoAddress { name: profile.name });
    }
    if connection.key.is_none() && profile.key == KeyUse::Required {
        return Err(ConnectError::NoKey { name: profile.name });
    }
    let Connection {
        key,
        transport,
        retry,
        spool,
        clock,
    } = connection;
    Ok(match profile.dialect {
        Dialect::OpenAi => Arc::new(OpenAiShaped::new(profile, key, transport, retry)),
        Dialect::Mistral => Arc::new(Mistral::new(profile, key, transport, retry)),
        Dialect::Anthropic => Arc::new(Anthropic::new(profile, key, transport, retry)),
        Dialect::Chat => Arc::new(Chat::new(
            profile,
            ChatParts {
                key,
                transport,
                retry,
                spool,
                clock,
            },
        )),
    })
}
