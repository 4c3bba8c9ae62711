//! Sessions, kept in memory: they end with the process, and cost a log-in then.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Role, Visitor};

/// The cookie that carries a session.
pub(crate) const SESSION_COOKIE: &str = "tandem_session";

/// A session that is not used so long ends.
const IDLE: Duration = Duration::from_hours(12);

/// Sessions at a time; the one used longest ago makes room.
const MOST: usize = 10_000;

struct Session {
    name: String,
    role: Role,
    used_at: Instant,
}

/// All sessions.
pub(crate) struct Sessions {
    /// By the hash of the cookie: what leaks from here lets nobody in.
    by_hash: Mutex<HashMap<blake3::Hash, Session>>,
    secret: [u8; 32],
}

/// 32 random bytes as text.
pub(crate) fn random_text() -> String {
    blake3::Hash::from_bytes(random_bytes())
        .to_hex()
        .to_string()
}

fn random_bytes() -> [u8; 32] {
    // The system's own source, which does not run dry; `rand` panics where there is none, at start.
    rand::random()
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    // `blake3::Hash` compares in constant time.
    blake3::hash(one.as_bytes()) == blake3::hash(other.as_bytes())
}

impl Sessions {
    pub(crate) fn new() -> Self {
        Sessions {
            by_hash: Mutex::default(),
            secret: random_bytes(),
        }
    }

    // Entries are whole whenever the lock is free: going on after a panic elsewhere is sound.
    fn all(&self) -> MutexGuard<'_, HashMap<blake3::Hash, Session>> {
        self.by_hash.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a session and returns the value of its cookie.
    pub(crate) fn open(&self, name: &str, role: Role) -> String {
        let value = random_text();
        self.remember(&value, name, role);
        value
    }

    /// Remembers that whoever knows a value is let in.
    pub(crate) fn remember(&self, value: &str, name: &str, role: Role) {
        let mut all = self.all();
        all.retain(|_, session| session.used_at.elapsed() < IDLE);
        while all.len() >= MOST {
            let oldest = all
                .iter()
                .min_by_key(|(_, session)| session.used_at)
                .map(|(hash, _)| *hash);
            match oldest {
                Some(hash) => all.remove(&hash),
                None => break,
            };
        }
        all.insert(
            blake3::hash(value.as_bytes()),
            Session {
                name: name.to_owned(),
                role,
                used_at: Instant::now(),
            },
        );
    }

    /// Ends a session.
    pub(crate) fn close(&self, value: &str) {
        self.all().remove(&blake3::hash(value.as_bytes()));
    }

    /// Whose session it is.
    pub(crate) fn visitor(&self, value: &str) -> Option<Visitor> {
        let mut all = self.all();
        let hash = blake3::hash(value.as_bytes());
        let session = all.get_mut(&hash)?;
        if session.used_at.elapsed() >= IDLE {
            all.remove(&hash);
            return None;
        }
        session.used_at = Instant::now();
        Some(Visitor {
            name: session.name.clone(),
            role: session.role,
            csrf: self.proof_of(value),
            has_session: true,
        })
    }

    /// The proof that a form comes from a page of ours, for a session or a name.
    pub(crate) fn proof_of(&self, subject: &str) -> String {
        blake3::keyed_hash(&self.secret, subject.as_bytes())
            .to_hex()
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lets_in_until_it_is_closed() {
        let sessions = Sessions::new();
        let value = sessions.open("ann", Role::Viewer);
        let visitor = sessions.visitor(&value).expect("let in");
        assert_eq!((visitor.name.as_str(), visitor.role), ("ann", Role::Viewer));
        assert!(sessions.visitor("guess").is_none());
        sessions.close(&value);
        assert!(sessions.visitor(&value).is_none());
    }

    #[test]
    fn every_session_has_a_proof_of_its_own() {
        let sessions = Sessions::new();
        let one = sessions.open("ann", Role::Admin);
        let other = sessions.open("ann", Role::Admin);
        let proof = |value: &str| sessions.visitor(value).expect("let in").csrf;
        assert_ne!(proof(&one), proof(&other));
        assert!(is_same(&proof(&one), &proof(&one)));
        assert!(!is_same(&proof(&one), &proof(&other)));
    }
}
