//! Where the weekly digest is sent.

use std::path::PathBuf;

use serde::Deserialize;

/// `[digest]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DigestConfig {
    /// The mail server: `smtps://HOST[:PORT]` (TLS from the start) or `smtp://HOST[:PORT]` (STARTTLS; plain to
    /// this machine only).
    pub(crate) smtp: Option<String>,
    /// Who sends.
    pub(crate) from: Option<String>,
    /// Who gets it.
    pub(crate) to: Vec<String>,
    /// The account at the mail server.
    pub(crate) user: Option<String>,
    /// The environment variable with its password.
    pub(crate) password_env: Option<String>,
    /// A file with its password, mode 600.
    pub(crate) password_file: Option<PathBuf>,
    /// The environment variable with the webhook's address, which is a secret.
    pub(crate) webhook_url_env: Option<String>,
    /// A file with the webhook's address, mode 600.
    pub(crate) webhook_url_file: Option<PathBuf>,
}
