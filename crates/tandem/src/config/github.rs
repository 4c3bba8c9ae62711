//! Where GitHub is, and with which right it is asked.

use std::path::PathBuf;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

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
    /// Files with the secrets by which webhooks are signed, mode 600; one, or a list while one is
    /// replaced by another.
    #[serde(deserialize_with = "one_or_more")]
    pub(crate) webhook_secret_file: Vec<PathBuf>,
}

/// A path, or a list of paths.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    struct Paths;

    impl<'de> Visitor<'de> for Paths {
        type Value = Vec<PathBuf>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("a path, or a list of paths")
        }

        fn visit_str<E>(self, path: &str) -> Result<Vec<PathBuf>, E> {
            Ok(vec![PathBuf::from(path)])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<PathBuf>, A::Error> {
            let mut paths = Vec::new();
            while let Some(path) = list.next_element::<PathBuf>()? {
                paths.push(path);
            }
            Ok(paths)
        }
    }

    deserializer.deserialize_any(Paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_webhooks_are_one_or_more() {
        let paths = |text: &str| -> Result<Vec<PathBuf>, String> {
            toml::from_str::<GithubConfig>(text)
                .map(|config| config.webhook_secret_file)
                .map_err(|error| error.to_string())
        };
        assert_eq!(paths(""), Ok(Vec::new()));
        let one = paths("webhook_secret_file = \"a\"").expect("parses");
        assert_eq!(one, [PathBuf::from("a")]);
        let two = paths("webhook_secret_file = [\"a\", \"b\"]").expect("parses");
        assert_eq!(two.len(), 2);
        let error = paths("webhook_secret_file = 7").expect_err("refused");
        assert!(error.contains("a path, or a list of paths"), "{error}");
    }
}
