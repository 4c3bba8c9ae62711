//! What may be shown of people.

use serde::Deserialize;

/// `[privacy]`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PrivacyConfig {
    /// Whether names of people are shown on pages and in exports.
    pub(crate) people: bool,
}
