//! Where GitHub is, and with which right it is asked.

use std::path::PathBuf;

use serde::Deserialize;

/// `[github]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GithubConfig {
    /// The host; github.com where it is not given.
    pub(crate) base_url: Option<String>,
    /// The environment variable with the token.
    pub(crate) token_env: Option<String>,
    /// A file with the token, mode 600.
    pub(crate) token_file: Option<PathBuf>,
    /// The id of a GitHub App, in place of a token.
    pub(crate) app_id: Option<String>,
    /// The app's private key in PEM, mode 600.
    pub(crate) app_key_file: Option<PathBuf>,
    /// The app's installation; looked up by the organisation where it is not given.
    pub(crate) installation_id: Option<u64>,
    /// Requests at once.
    pub(crate) concurrency: Option<usize>,
    /// Points of the hour that are left to others who use the token.
    pub(crate) floor_points: Option<u64>,
}
