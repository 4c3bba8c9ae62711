//! Who someone is: accounts by number and login, signatures by address and name.

mod accounts;
mod signers;

pub(crate) use accounts::{AccountClaim, AccountIndex, AccountMatch};
pub(crate) use signers::{SignerIndex, SignerMatch};

/// A login without its decoration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NormalLogin {
    /// Lower-case, without `@`, `app/` and `[bot]`.
    pub(crate) name: String,
    /// Whether it was written as an app's: `x[bot]` or `app/x`.
    pub(crate) marked_bot: bool,
}

/// Strips what the REST API, GraphQL and search queries put around a login.
pub(crate) fn normal_login(raw: &str) -> Option<NormalLogin> {
    let lower = raw.trim().to_ascii_lowercase();
    let mut name = lower.trim_start_matches('@');
    let mut marked_bot = false;
    for prefix in ["app/", "apps/"] {
        if let Some(rest) = name.strip_prefix(prefix) {
            name = rest;
            marked_bot = true;
        }
    }
    if let Some(rest) = name.strip_suffix("[bot]") {
        name = rest;
        marked_bot = true;
    }
    let name = name.trim();
    (!name.is_empty()).then(|| NormalLogin {
        name: name.to_owned(),
        marked_bot,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_login_falls_together() {
        for raw in [
            "Tool-X[bot]",
            "tool-x[BOT]",
            "app/tool-x",
            " apps/Tool-X ",
            "@tool-x[bot]",
        ] {
            let login = normal_login(raw).expect("not empty");
            assert_eq!(
                (login.name.as_str(), login.marked_bot),
                ("tool-x", true),
                "{raw}"
            );
        }
        let bare = normal_login("tool-x").expect("not empty");
        assert!(!bare.marked_bot);
        for human in ["abbott", "robothon", "talbot-dev"] {
            let login = normal_login(human).expect("not empty");
            assert_eq!((login.name.as_str(), login.marked_bot), (human, false));
        }
        assert_eq!(normal_login("[bot]"), None);
        assert_eq!(normal_login(""), None);
    }
}
