//! Whose right is used: a token, or a GitHub App that asks for tokens of an hour.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::GithubError;

/// What the host is shown.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A personal token, classic or fine-grained, or one of `gh auth token`.
    Token(SecretString),
    /// A GitHub App.
    App(AppCredentials),
}

/// A GitHub App and where it is installed.
#[derive(Debug, Clone)]
pub struct AppCredentials {
    /// The app's id or client id.
    pub app_id: String,
    /// Its private key in PEM.
    pub private_key: SecretString,
    /// The installation's id; looked up by the owner's name where it is not known.
    pub installation_id: Option<u64>,
}

/// What kind of token it is, by how GitHub begins them (its documentation on token formats).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A personal token with scopes: `ghp_`, or 40 hexadecimal digits from before there were prefixes.
    Classic,
    /// A personal token with permissions for chosen repositories: `github_pat_`.
    FineGrained,
    /// The token of an OAuth app, which is what `gh` has: `gho_`. It has scopes, too.
    OAuth,
    /// A token by which an app acts for a person: `ghu_`.
    AppUser,
    /// The token of an app's installation, which is what a workflow has: `ghs_`. It ends within the hour.
    Installation,
    /// A token that only renews others: `ghr_`. It gives no access.
    Refresh,
    /// Of no known form.
    Unknown,
}

impl TokenKind {
    /// The kind of a token.
    pub fn of(token: &SecretString) -> TokenKind {
        let token = token.expose_secret();
        let prefixes = [
            ("ghp_", TokenKind::Classic),
            ("github_pat_", TokenKind::FineGrained),
            ("gho_", TokenKind::OAuth),
            ("ghu_", TokenKind::AppUser),
            ("ghs_", TokenKind::Installation),
            ("ghr_", TokenKind::Refresh),
        ];
        let by_prefix = prefixes
            .iter()
            .find(|(prefix, _)| token.starts_with(prefix));
        match by_prefix {
            Some((_, kind)) => *kind,
            None if token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                TokenKind::Classic
            }
            None => TokenKind::Unknown,
        }
    }

    /// The kind in words.
    pub fn words(self) -> &'static str {
        match self {
            TokenKind::Classic => "a classic personal token",
            TokenKind::FineGrained => "a fine-grained personal token",
            TokenKind::OAuth => "a token of an OAuth app, as gh has",
            TokenKind::AppUser => "a token of an app for a person",
            TokenKind::Installation => "a token of an app's installation",
            TokenKind::Refresh => "a refresh token",
            TokenKind::Unknown => "a token of a form that is not known here",
        }
    }
}

/// A token of an installation is renewed this long before it ends.
const RENEW_BEFORE: Duration = Duration::from_mins(5);
/// How long a request of the app itself is valid; GitHub allows ten minutes.
const APP_REQUEST_SECONDS: i64 = 9 * 60;
/// The request is dated back, since clocks differ.
const DATED_BACK_SECONDS: i64 = 60;

/// A token of an installation as the host sends it.
#[derive(Deserialize)]
pub(crate) struct InstallationToken {
    pub(crate) token: String,
    pub(crate) expires_at: jiff::Timestamp,
}

/// Keeps the token in use.
pub(crate) struct TokenKeeper {
    pub(crate) credentials: Credentials,
    cached: Mutex<Option<Cached>>,
}

struct Cached {
    token: SecretString,
    renew_at: Instant,
}

impl TokenKeeper {
    pub(crate) fn new(credentials: Credentials) -> TokenKeeper {
        TokenKeeper {
            credentials,
            cached: Mutex::new(None),
        }
    }

    /// The token to show now. `renew` asks the host for a new one; only one task asks at a time.
    pub(crate) async fn token<F>(
        &self,
        renew: impl FnOnce(AppCredentials) -> F,
    ) -> Result<SecretString, GithubError>
    where
        F: Future<Output = Result<(InstallationToken, jiff::Timestamp), GithubError>>,
    {
        let app = match &self.credentials {
            Credentials::Token(token) => return Ok(token.clone()),
            Credentials::App(app) => app,
        };
        let mut cached = self.cached.lock().await;
        if let Some(known) = cached
            .as_ref()
            .filter(|known| Instant::now() < known.renew_at)
        {
            return Ok(known.token.clone());
        }
        let (fresh, host_now) = renew(app.clone()).await?;
        let lifetime =
            Duration::try_from(fresh.expires_at.duration_since(host_now)).unwrap_or(Duration::ZERO);
        let token = SecretString::from(fresh.token);
        *cached = Some(Cached {
            token: token.clone(),
            renew_at: Instant::now() + lifetime.saturating_sub(RENEW_BEFORE),
        });
        Ok(token)
    }

    /// Forgets a token that the host no longer takes; `true` when another can be asked for.
    pub(crate) async fn forget(&self, refused: &SecretString) -> bool {
        if let Credentials::Token(_) = self.credentials {
            return false;
        }
        let mut cached = self.cached.lock().await;
        if cached
            .as_ref()
            .is_some_and(|known| known.token.expose_secret() == refused.expose_secret())
        {
            *cached = None;
        }
        true
    }
}

/// Signs what an app shows the host to ask for a token of an installation: a JSON Web Token with
/// RS256 (RFC 7519, RFC 7518 section 3.3).
pub(crate) fn app_request(
    app: &AppCredentials,
    now: jiff::Timestamp,
) -> Result<SecretString, GithubError> {
    let refused = |message: &str| GithubError::AppKey {
        message: message.to_owned(),
    };
    let key = PrivateKeyDer::from_pem_slice(app.private_key.expose_secret().as_bytes())
        .map_err(|_| refused("it is not a private key in PEM"))?;
    let pair = match &key {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        _ => return Err(refused("it is not an RSA key")),
    }
    .map_err(|error| {
        refused(&format!(
            "it is not an RSA key of 2048 bits or more ({error})"
        ))
    })?;
    let issued_at = now.as_second() - DATED_BACK_SECONDS;
    let header = json!({"alg": "RS256", "typ": "JWT"}).to_string();
    let claims = json!({
        "iat": issued_at,
        "exp": issued_at + APP_REQUEST_SECONDS,
        "iss": app.app_id,
    })
    .to_string();
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .map_err(|_| refused("it cannot sign"))?;
    Ok(SecretString::from(format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(signature)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_tell_their_kind_by_how_they_begin() {
        let kind = |text: &str| TokenKind::of(&SecretString::from(text.to_owned()));
        assert_eq!(kind("ghp_x"), TokenKind::Classic);
        assert_eq!(kind(&"0f".repeat(20)), TokenKind::Classic);
        assert_eq!(kind("github_pat_x"), TokenKind::FineGrained);
        assert_eq!(kind("gho_x"), TokenKind::OAuth);
        assert_eq!(kind("ghs_x"), TokenKind::Installation);
        assert_eq!(kind("ghr_x"), TokenKind::Refresh);
        assert_eq!(kind("hello"), TokenKind::Unknown);
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_being_shown() {
        let app = AppCredentials {
            app_id: "7".to_owned(),
            private_key: SecretString::from("-----BEGIN NONSENSE-----\nc2VjcmV0\n"),
            installation_id: None,
        };
        let error = app_request(&app, jiff::Timestamp::UNIX_EPOCH)
            .expect_err("refused")
            .to_string();
        assert!(
            error.contains("private key") && !error.contains("c2VjcmV0"),
            "{error}"
        );
    }
}
