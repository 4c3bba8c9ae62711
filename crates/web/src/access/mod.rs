//! Who may see and do what.
//!
//! On this machine's own addresses nobody logs in; the name by which the server was asked is checked, so
//! that a page of another site cannot reach it by a name of its own. On any other address there is a
//! log-in by token, or a proxy in front that says who asks. Whatever changes something needs the role
//! admin, and proof that it comes from a page of ours.

mod login;
mod logins;
mod sessions;
mod tokens;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::api::Problem;
use crate::layout;
use crate::site::Site;
use crate::view::escape;
use logins::Logins;
use sessions::{SESSION_COOKIE, Sessions};

pub(crate) use login::routes;
pub(crate) use sessions::random_text;
pub use tokens::{NewToken, TokenError, new_token};

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Also start and end runs, correct verdicts, and see the log of changes.
    Admin,
}

impl Role {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Admin => "admin",
        }
    }
}

/// A token that lets somebody in, by its hash.
#[derive(Debug, Clone)]
pub struct TokenHash {
    /// Whose it is.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// Argon2id, as a PHC string.
    pub hash: String,
}

/// A proxy in front that has checked who asks.
#[derive(Debug, Clone)]
pub struct TrustedProxy {
    /// The addresses from which it is believed.
    pub addresses: Vec<IpAddr>,
    /// The header in which it names the user, in lower case.
    pub user_header: String,
    /// Users with the role admin; all others are viewers.
    pub admins: Vec<String>,
}

/// What whoever reaches a server on this machine's own addresses is called.
pub(crate) const THIS_MACHINE: &str = "this machine";

/// How visitors are told apart.
#[derive(Debug, Clone)]
pub enum Access {
    /// This machine only: whoever can reach it may do everything.
    ThisMachine,
    /// By tokens, by a proxy, or both.
    LogIn {
        /// Hashes of tokens.
        tokens: Vec<TokenHash>,
        /// The proxy.
        proxy: Option<TrustedProxy>,
        /// Whether cookies are sent over TLS only: the public address begins with `https`.
        is_https: bool,
        /// Names by which the server may be asked, beside its address; empty for any.
        hosts: Vec<String>,
    },
}

/// Somebody who was let in.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// Who.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: Role,
    /// Proof for forms that they come from a page of ours.
    pub(crate) csrf: String,
    /// Whether they can log out.
    pub(crate) has_session: bool,
}

/// What is remembered about visitors.
pub(crate) struct Guard {
    pub(crate) access: Access,
    pub(crate) sessions: Sessions,
    pub(crate) logins: Logins,
}

impl Guard {
    pub(crate) fn new(access: Access) -> Self {
        Guard {
            access,
            sessions: Sessions::new(),
            logins: Logins::new(),
        }
    }

    /// Who asks, if they are let in.
    async fn visitor(self: &Arc<Self>, peer: IpAddr, headers: &HeaderMap) -> Option<Visitor> {
        let Access::LogIn { tokens, proxy, .. } = &self.access else {
            return Some(Visitor {
                name: THIS_MACHINE.to_owned(),
                role: Role::Admin,
                csrf: self.sessions.proof_of(THIS_MACHINE),
                has_session: false,
            });
        };
        if let Some(visitor) = proxy
            .as_ref()
            .and_then(|proxy| self.by_proxy(proxy, peer, headers))
        {
            return Some(visitor);
        }
        if let Some(token) = bearer(headers) {
            return tokens::verify(self, tokens.clone(), token.to_owned(), peer)
                .await
                .ok()
                .map(|found| Visitor {
                    csrf: self.sessions.proof_of(&found.name),
                    name: found.name,
                    role: found.role,
                    has_session: false,
                });
        }
        self.sessions.visitor(cookie(headers, SESSION_COOKIE)?)
    }

    fn by_proxy(&self, proxy: &TrustedProxy, peer: IpAddr, headers: &HeaderMap) -> Option<Visitor> {
        if !proxy.addresses.contains(&peer) {
            return None;
        }
        let user = headers.get(&proxy.user_header)?.to_str().ok()?.trim();
        if user.is_empty() {
            return None;
        }
        let is_admin = proxy.admins.iter().any(|admin| admin == user);
        Some(Visitor {
            name: user.to_owned(),
            role: if is_admin { Role::Admin } else { Role::Viewer },
            csrf: self.sessions.proof_of(user),
            has_session: false,
        })
    }

    /// Whether the server may be asked by the name in the request.
    fn knows_host(&self, headers: &HeaderMap) -> bool {
        let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
            return false;
        };
        let name = host_name(host);
        match &self.access {
            Access::ThisMachine => {
                name.eq_ignore_ascii_case("localhost")
                    || name
                        .trim_start_matches('[')
                        .trim_end_matches(']')
                        .parse::<IpAddr>()
                        .is_ok_and(|address| address.is_loopback())
            }
            Access::LogIn { hosts, .. } => {
                hosts.is_empty() || hosts.iter().any(|one| one.eq_ignore_ascii_case(name))
            }
        }
    }
}

/// The name of a `Host` header without its port.
fn host_name(host: &str) -> &str {
    match host.rfind(']') {
        Some(end) => host.get(..=end).unwrap_or(host),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
        .map(str::trim)
}

/// The value of a cookie.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(one, _)| *one == name)
        .map(|(_, value)| value)
}

/// Whether the browser says that the request comes from another site.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    match (
        headers.get(ORIGIN).and_then(|one| one.to_str().ok()),
        headers.get(HOST),
    ) {
        (Some(origin), Some(host)) => {
            let host = host.to_str().unwrap_or_default();
            origin.split_once("://").map(|(_, name)| name) != Some(host)
        }
        _ => false,
    }
}

/// The address of who is connected; tests without a connection count as this machine.
fn peer_of(request: &Request) -> IpAddr {
    request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::from([127, 0, 0, 1]), |ConnectInfo(address)| {
            address.ip()
        })
}

/// A refusal in the form of what was asked for: a page, or a document of the API.
fn refuse(path: &str, status: StatusCode, title: &str, words: &str) -> Response {
    if path.starts_with("/api/") {
        return Problem::new(status, words).into_response();
    }
    (status, layout::plain(title, words)).into_response()
}

/// Lets visitors in, or sends them to the log-in.
pub(crate) async fn guard(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if !site.guard.knows_host(request.headers()) {
        return refuse(
            &path,
            StatusCode::MISDIRECTED_REQUEST,
            "Unknown name",
            "This server does not answer to the name by which it was asked. Ask it by localhost, or list the \
             name in serve.hosts of tandem.toml.",
        );
    }
    if path.starts_with("/assets/") || path == "/healthz" {
        return next.run(request).await;
    }
    let changes = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if changes && is_foreign(request.headers()) {
        return refuse(
            &path,
            StatusCode::FORBIDDEN,
            "Refused",
            "The request comes from another site.",
        );
    }
    if path == "/login" {
        return next.run(request).await;
    }
    let visitor = site
        .guard
        .visitor(peer_of(&request), request.headers())
        .await;
    match visitor {
        Some(visitor) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        None if path.starts_with("/api/") => {
            Problem::new(StatusCode::UNAUTHORIZED, "not logged in")
                .hint("send Authorization: Bearer TOKEN")
                .into_response()
        }
        None if changes => (
            StatusCode::UNAUTHORIZED,
            layout::plain("Not logged in", "Log in first; nothing was changed."),
        )
            .into_response(),
        None => {
            let address = request
                .uri()
                .path_and_query()
                .map_or("/", |one| one.as_str());
            Redirect::to(&format!("/login?to={}", escape(address))).into_response()
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        parts
            .extensions
            .get::<Visitor>()
            .cloned()
            .ok_or(StatusCode::UNAUTHORIZED)
    }
}

impl Visitor {
    /// Whether the visitor may change something, and a form of ours asks for it.
    ///
    /// # Errors
    /// The response that refuses it.
    pub(crate) fn may_change(&self, csrf: &str) -> Result<(), Box<Response>> {
        if self.role < Role::Admin {
            return Err(Box::new(
                (
                    StatusCode::FORBIDDEN,
                    layout::plain("Refused", "This needs the role admin; you are a viewer."),
                )
                    .into_response(),
            ));
        }
        if !sessions::is_same(csrf, &self.csrf) {
            return Err(Box::new(
                (
                    StatusCode::FORBIDDEN,
                    layout::plain(
                        "Refused",
                        "The form is out of date. Load the page again, then send it once more.",
                    ),
                )
                    .into_response(),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    value.parse().expect("a value"),
                )
            })
            .collect()
    }

    #[test]
    fn this_machine_answers_to_its_own_names_only() {
        let guard = Guard::new(Access::ThisMachine);
        for (host, known) in [
            ("localhost:8787", true),
            ("LOCALHOST", true),
            ("127.0.0.1:8787", true),
            ("127.3.2.1", true),
            ("[::1]:8787", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example:8787", false),
            ("10.0.0.1:8787", false),
            ("", false),
        ] {
            assert_eq!(
                guard.knows_host(&headers(&[("host", host)])),
                known,
                "{host}"
            );
        }
        assert!(!guard.knows_host(&HeaderMap::new()));
    }

    #[test]
    fn requests_of_other_sites_are_told() {
        for (pairs, foreign) in [
            (vec![("sec-fetch-site", "same-origin")], false),
            (vec![("sec-fetch-site", "none")], false),
            (vec![("sec-fetch-site", "cross-site")], true),
            (vec![("sec-fetch-site", "same-site")], true),
            (
                vec![("origin", "http://localhost:1"), ("host", "localhost:1")],
                false,
            ),
            (
                vec![("origin", "http://evil.example"), ("host", "localhost:1")],
                true,
            ),
            (vec![("origin", "null"), ("host", "localhost:1")], true),
            (vec![("host", "localhost:1")], false),
        ] {
            assert_eq!(is_foreign(&headers(&pairs)), foreign, "{pairs:?}");
        }
    }

    #[test]
    fn cookies_are_found_by_name() {
        let headers = headers(&[("cookie", "a=1; tandem_session=xyz; b=2")]);
        assert_eq!(cookie(&headers, SESSION_COOKIE), Some("xyz"));
        assert_eq!(cookie(&headers, "c"), None);
    }
}
