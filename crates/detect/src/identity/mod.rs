//! Who someone is: accounts by number and login, signatures by address and name.

mod accounts;
mod signers;

pub(crate) use accounts::{AccountClaim, AccountIndex, AccountMatch};
pub(crate) use signers::{SignerIndex, SignerMatch};

/// A login without its decoration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NormalLogin<'t> {
    /// Lower-case, without `@`, `app/` and `[bot]`.
    pub(crate) name: &'t str,
    /// Whether it was written as an app's: `x[bot]` or `app/x`.
    pub(crate) marked_bot: bool,
}

/// Strips what the REST API, GraphQL and search queries put around a login, and hands the rest to
/// `use_login`; `None` when nothing is left.
pub(crate) fn with_normal_login<R>(
    raw: &str,
    use_login: impl FnOnce(NormalLogin<'_>) -> R,
) -> Option<R> {
    with_lowercase(raw.trim_ascii(), |lower| {
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
        let name = name.trim_ascii();
        (!name.is_empty()).then(|| use_login(NormalLogin { name, marked_bot }))
    })
}

/// Lowers ASCII letters without allocating for texts as short as identities are: every commit of
/// every pull request asks several times.
pub(crate) fn with_lowercase<R>(text: &str, use_text: impl FnOnce(&str) -> R) -> R {
    let mut buffer = [0_u8; 96];
    if let Some(short) = buffer.get_mut(..text.len()) {
        short.copy_from_slice(text.as_bytes());
        short.make_ascii_lowercase();
        // Lowering ASCII letters keeps UTF-8 valid; the fallback below is never needed for it.
        if let Ok(lower) = std::str::from_utf8(short) {
            return use_text(lower);
        }
    }
    use_text(&text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Option<(String, bool)> {
        with_normal_login(raw, |login| (login.name.to_owned(), login.marked_bot))
    }

    #[test]
    fn every_form_of_a_login_falls_together() {
        for raw in [
            "Tool-X[bot]",
            "tool-x[BOT]",
            "app/tool-x",
            " apps/Tool-X ",
            "@tool-x[bot]",
        ] {
            assert_eq!(read(raw), Some(("tool-x".to_owned(), true)), "{raw}");
        }
        for human in ["abbott", "robothon", "talbot-dev", "tool-x"] {
            assert_eq!(read(human), Some((human.to_owned(), false)));
        }
        assert_eq!(read("[bot]"), None);
        assert_eq!(read(""), None);
        let long = "X".repeat(500);
        assert_eq!(read(&long), Some(("x".repeat(500), false)));
    }
}
