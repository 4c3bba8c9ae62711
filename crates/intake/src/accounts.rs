//! Accounts as GitHub's REST API writes them, in the form in which its GraphQL API does.

use model::Actor;
use serde::Deserialize;

/// Who GitHub says it was where an account was deleted.
const GHOST: &str = "ghost";

#[derive(Debug, Deserialize)]
pub(crate) struct User {
    pub(crate) login: Option<String>,
    pub(crate) id: Option<u64>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}

/// The account; none where it was deleted. Apps lose the `[bot]` that only REST writes, so that what
/// both say of one account can be matched.
pub(crate) fn actor(user: User) -> Option<Actor> {
    let login = user.login?;
    if login == GHOST {
        return None;
    }
    let plain = login.strip_suffix("[bot]");
    let is_bot = match user.kind.as_deref() {
        Some(kind) => Some(kind == "Bot"),
        None => plain.map(|_| true),
    };
    Some(Actor {
        is_bot,
        id: user.id,
        login: Some(plain.unwrap_or(&login).to_owned()),
    })
}

/// The login of an account.
pub(crate) fn login(user: Option<User>) -> Option<String> {
    actor(user?)?.login
}
