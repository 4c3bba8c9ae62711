//! Where a GitHub is: github.com, or an enterprise server.

/// The addresses of one GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    base: String,
    graphql: String,
    rest: String,
}

/// An address that is none, or over which a token would travel unprotected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address:?} is not an address of a GitHub: {reason}")]
pub struct AddressError {
    address: String,
    reason: &'static str,
}

impl Address {
    /// github.com.
    pub fn public() -> Address {
        Address {
            base: "https://github.com".to_owned(),
            graphql: "https://api.github.com/graphql".to_owned(),
            rest: "https://api.github.com".to_owned(),
        }
    }

    /// The GitHub at a base address: the host of an enterprise server (`https://git.example.org`),
    /// its API (`.../api/v3`), github.com, or a server on this machine.
    ///
    /// # Errors
    /// When it is no http(s) address, or plain text to another machine.
    pub fn at(base: &str) -> Result<Address, AddressError> {
        let refused = |reason| AddressError {
            address: base.to_owned(),
            reason,
        };
        let base = base.trim().trim_end_matches('/');
        let uri: http::Uri = base.parse().map_err(|_| refused("it cannot be read"))?;
        let host = uri.host().ok_or_else(|| refused("it names no host"))?;
        if uri
            .authority()
            .is_some_and(|all| all.as_str().contains('@'))
        {
            return Err(refused("it carries a user name"));
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_this_machine(host) => {}
            Some("http") => return Err(refused("it would send the token unencrypted")),
            _ => return Err(refused("it begins with neither https:// nor http://")),
        }
        if matches!(host, "github.com" | "www.github.com" | "api.github.com") {
            return Ok(Address::public());
        }
        if let Some(subdomain) = host.strip_suffix(".ghe.com") {
            // GitHub Enterprise Cloud with data residency has the addresses of github.com's API.
            let subdomain = subdomain.strip_prefix("api.").unwrap_or(subdomain);
            return Ok(Address {
                base: format!("https://{subdomain}.ghe.com"),
                graphql: format!("https://api.{subdomain}.ghe.com/graphql"),
                rest: format!("https://api.{subdomain}.ghe.com"),
            });
        }
        let base = ["/api/v3", "/api/graphql", "/api"]
            .iter()
            .find_map(|tail| base.strip_suffix(tail))
            .unwrap_or(base);
        Ok(Address {
            base: base.to_owned(),
            graphql: format!("{base}/api/graphql"),
            rest: format!("{base}/api/v3"),
        })
    }

    /// The address as people write it.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The address of GraphQL queries.
    pub fn graphql(&self) -> &str {
        &self.graphql
    }

    /// The address that REST paths are appended to.
    pub fn rest(&self) -> &str {
        &self.rest
    }
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enterprise_server_is_known_by_its_host() {
        for base in [
            "https://git.example.org",
            "https://git.example.org/",
            "https://git.example.org/api/v3",
            "https://git.example.org/api/graphql",
        ] {
            let address = Address::at(base).expect("an address");
            assert_eq!(address.graphql(), "https://git.example.org/api/graphql");
            assert_eq!(address.rest(), "https://git.example.org/api/v3");
        }
        for base in ["https://acme.ghe.com", "https://api.acme.ghe.com/graphql"] {
            let address = Address::at(base).expect("an address");
            assert_eq!(address.base(), "https://acme.ghe.com");
            assert_eq!(address.graphql(), "https://api.acme.ghe.com/graphql");
        }
        for public in ["https://github.com", "https://api.github.com/graphql"] {
            assert_eq!(Address::at(public), Ok(Address::public()));
        }
    }

    #[test]
    fn a_token_never_travels_unprotected() {
        assert!(Address::at("http://127.0.0.1:9/").is_ok());
        assert!(Address::at("http://[::1]:9").is_ok());
        for refused in [
            "http://git.example.org",
            "http://127.0.0.1@git.example.org",
            "https://someone@git.example.org",
            "ftp://git.example.org",
            "git.example.org",
            "",
        ] {
            assert!(Address::at(refused).is_err(), "{refused}");
        }
    }
}
