//! Who may look at the pages, and from where.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use crate::error::CliError;

/// `[serve]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServeConfig {
    /// Where to listen.
    pub(crate) listen: Option<SocketAddr>,
    /// The address under which visitors reach the pages, when a proxy stands in front.
    pub(crate) public_url: Option<String>,
    /// Names by which the server may be asked.
    pub(crate) hosts: Vec<String>,
    /// Tokens that let in, by their hashes.
    pub(crate) tokens: Vec<TokenConfig>,
    /// Addresses of proxies that are believed when they say who asks.
    pub(crate) proxies: Vec<IpAddr>,
    /// The header in which they say it.
    pub(crate) user_header: Option<String>,
    /// Users with the role admin.
    pub(crate) admins: Vec<String>,
}

/// `[[serve.tokens]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenConfig {
    /// Whose it is.
    pub(crate) name: String,
    /// What it allows.
    pub(crate) role: web::Role,
    /// Argon2id, as `tandem serve --make-token` prints it.
    pub(crate) hash: String,
}

impl ServeConfig {
    /// How visitors are told apart on this address.
    ///
    /// # Errors
    /// Exit code 3 for an address that others can reach without any way to tell visitors apart, and
    /// for a hash that is none.
    pub(crate) fn access(&self, address: SocketAddr) -> Result<web::Access, CliError> {
        let has_log_in = !self.tokens.is_empty() || !self.proxies.is_empty();
        if !has_log_in && address.ip().is_loopback() {
            return Ok(web::Access::ThisMachine);
        }
        if !has_log_in {
            return Err(CliError::configuration(format!(
                "{address} can be reached by others, and nobody would have to log in"
            ))
            .hint("tandem serve --make-token viewer makes a token; its hash goes into tandem.toml as [[serve.tokens]]")
            .hint("or serve this machine only: --listen 127.0.0.1:8787"));
        }
        let tokens = self
            .tokens
            .iter()
            .map(|token| {
                web::TokenHash::new(&token.name, token.role, &token.hash).map_err(|error| {
                    CliError::configuration(format!(
                        "the hash of the token '{}' in serve.tokens is wrong: {error}",
                        token.name
                    ))
                    .hint("tandem serve --make-token viewer prints a token and its hash")
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let is_https = (self.public_url.as_deref()).is_some_and(|url| url.starts_with("https://"));
        let mut hosts = self.hosts.clone();
        if let Some(host) = self.public_url.as_deref().and_then(host_of) {
            hosts.push(host.to_owned());
        }
        if !hosts.is_empty() && address.ip().is_loopback() {
            hosts.extend(["localhost".to_owned(), address.ip().to_string()]);
        }
        let proxy = (!self.proxies.is_empty()).then(|| web::TrustedProxy {
            addresses: self.proxies.clone(),
            user_header: self
                .user_header
                .as_deref()
                .unwrap_or("x-forwarded-user")
                .to_ascii_lowercase(),
            admins: self.admins.clone(),
        });
        Ok(web::Access::LogIn {
            tokens,
            proxy,
            is_https,
            hosts,
        })
    }
}

/// The name of the host in an address.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let name = authority
        .rsplit_once(':')
        .map_or(authority, |(name, _)| name);
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn with_token() -> ServeConfig {
        let token = web::new_token().expect("made");
        ServeConfig {
            tokens: vec![TokenConfig {
                name: "wall".to_owned(),
                role: web::Role::Viewer,
                hash: token.hash,
            }],
            public_url: Some("https://tandem.example:8443/x".to_owned()),
            ..ServeConfig::default()
        }
    }

    #[test]
    fn this_machine_needs_no_log_in_and_others_do() {
        let open = ServeConfig::default();
        for loopback in ["127.0.0.1:1", "[::1]:1", "127.9.9.9:1"] {
            let access = open.access(address(loopback)).expect("allowed");
            assert!(matches!(access, web::Access::ThisMachine), "{loopback}");
        }
        for other in ["0.0.0.0:1", "10.0.0.1:1", "[::]:1"] {
            let error = open.access(address(other)).expect_err("refused").text();
            assert!(error.contains("log in"), "{error}");
        }
    }

    #[test]
    fn a_token_opens_other_addresses_under_the_public_name() {
        let access = with_token().access(address("0.0.0.0:1")).expect("allowed");
        let web::Access::LogIn {
            tokens,
            is_https,
            hosts,
            ..
        } = access
        else {
            panic!("no log-in");
        };
        assert_eq!(tokens.len(), 1);
        assert!(is_https);
        assert_eq!(hosts, ["tandem.example"]);
    }

    #[test]
    fn a_token_itself_is_not_taken_for_its_hash() {
        let mut config = with_token();
        config.tokens[0].hash = "tandem_secret".to_owned();
        let error = config.access(address("127.0.0.1:1")).expect_err("refused");
        assert!(error.text().contains("'wall'"), "{}", error.text());
        assert!(!error.text().contains("tandem_secret"), "{}", error.text());
    }
}
