//! Tokens: made here, kept as argon2id hashes, verified slowly once and quickly afterwards.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use super::sessions::random_text;
use super::{Guard, Role, TokenHash};

/// A token that was just made. It is shown once; only the hash is kept.
#[derive(Debug)]
pub struct NewToken {
    /// What the visitor gives.
    pub token: String,
    /// What the configuration keeps.
    pub hash: String,
}

/// A token could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Hashing failed.
    #[error("the token could not be hashed: {0}")]
    Hash(String),
    /// The text in the configuration is not a hash.
    #[error("not an argon2 hash: {0}")]
    NotAHash(String),
}

/// Makes a token.
///
/// # Errors
/// When it cannot be hashed.
pub fn new_token() -> Result<NewToken, TokenError> {
    let token = format!("tandem_{}", random_text());
    let hash = Argon2::default()
        .hash_password(token.as_bytes())
        .map_err(|error| TokenError::Hash(error.to_string()))?
        .to_string();
    Ok(NewToken { token, hash })
}

impl TokenHash {
    /// Takes a hash out of the configuration.
    ///
    /// # Errors
    /// When it is not one.
    pub fn new(name: &str, role: Role, hash: &str) -> Result<Self, TokenError> {
        PasswordHash::new(hash).map_err(|error| TokenError::NotAHash(error.to_string()))?;
        Ok(TokenHash {
            name: name.to_owned(),
            role,
            hash: hash.to_owned(),
        })
    }

    fn matches(&self, token: &str) -> bool {
        PasswordHash::new(&self.hash).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(token.as_bytes(), &hash)
                .is_ok()
        })
    }
}

/// Why a token does not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is none of ours.
    Wrong,
    /// Too many failures: seconds to wait.
    Wait(u64),
}

/// Whose token it is. All hashes are tried, so that the time taken does not tell which one fits.
pub(crate) async fn verify(
    guard: &Arc<Guard>,
    tokens: Vec<TokenHash>,
    token: String,
    peer: IpAddr,
) -> Result<TokenHash, Refused> {
    if let Some(known) = guard.sessions.visitor(&format!("bearer {token}")) {
        return Ok(TokenHash {
            name: known.name,
            role: known.role,
            hash: String::new(),
        });
    }
    if let Some(wait) = guard.logins.wait(peer, Instant::now()) {
        return Err(Refused::Wait(wait.as_secs() + 1));
    }
    let given = token.clone();
    // Argon2 takes tens of milliseconds and 19 MiB: not on a thread that serves others.
    let found = tokio::task::spawn_blocking(move || {
        tokens
            .into_iter()
            .filter(|one| one.matches(&given))
            .max_by_key(|one| one.role)
    })
    .await
    .ok()
    .flatten();
    let Some(found) = found else {
        guard.logins.failed(peer, Instant::now());
        return Err(Refused::Wrong);
    };
    guard
        .sessions
        .remember(&format!("bearer {token}"), &found.name, found.role);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_its_hash_and_no_other() {
        let one = new_token().expect("made");
        let other = new_token().expect("made");
        let hash = TokenHash::new("ann", Role::Viewer, &one.hash).expect("a hash");
        assert!(hash.matches(&one.token));
        assert!(!hash.matches(&other.token));
        assert!(!one.hash.contains(&one.token));
        assert!(one.hash.starts_with("$argon2id$"));
    }

    #[test]
    fn what_is_not_a_hash_is_refused() {
        assert!(TokenHash::new("ann", Role::Admin, "secret").is_err());
    }
}
