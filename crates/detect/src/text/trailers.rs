//! Values of trailers that name who helped.

/// A signature: a name, an address, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signed<'t> {
    pub(crate) name: &'t str,
    pub(crate) address: &'t str,
}

/// Reads `Name <address>`; either part may be missing.
pub(crate) fn signed(value: &str) -> Signed<'_> {
    let value = value.trim_ascii();
    if let Some((name, rest)) = value.split_once('<') {
        let address = rest.split('>').next().unwrap_or_default();
        return Signed {
            name: unquoted(name),
            address: address.trim_ascii(),
        };
    }
    let is_address = value.contains('@') && !value.contains(char::is_whitespace);
    if is_address {
        Signed {
            name: "",
            address: value,
        }
    } else {
        Signed {
            name: unquoted(value),
            address: "",
        }
    }
}

/// An account as a private address of the host spells it: `<id>+<login>@users.noreply.github.com`,
/// or without the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoreplyAccount<'t> {
    pub(crate) id: Option<u64>,
    pub(crate) login: &'t str,
}

/// Reads such an address; `None` for any other.
pub(crate) fn noreply_account(address: &str) -> Option<NoreplyAccount<'_>> {
    const DOMAIN: &str = "@users.noreply.github.com";
    let split = address.len().checked_sub(DOMAIN.len())?;
    let (local, domain) = address.split_at_checked(split)?;
    if !domain.eq_ignore_ascii_case(DOMAIN) || local.is_empty() {
        return None;
    }
    Some(match local.split_once('+') {
        Some((number, login)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            NoreplyAccount {
                id: number.parse().ok(),
                login,
            }
        }
        _ => NoreplyAccount {
            id: None,
            login: local,
        },
    })
}

/// The parts of `AGENT:MODEL [tools]`; `None` when there is no colon between two words.
pub(crate) fn agent_and_model(value: &str) -> Option<(&str, &str)> {
    let (agent, rest) = value.split_once(':')?;
    let model = rest.split_whitespace().next()?;
    // A space after the colon is prose ("thanks: all"), not the kernel's form.
    let is_joined = rest.starts_with(model) && !agent.trim().is_empty();
    is_joined.then_some((agent.trim(), model))
}

fn unquoted(name: &str) -> &str {
    let name = name.trim_ascii();
    let inner = name
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.map_or(name, str::trim_ascii)
}

/// The values of all lines `key: value` in a text, each with the byte range of its line.
pub(crate) fn values_of<'t>(
    text: &'t str,
    key: &'t str,
) -> impl Iterator<Item = (std::ops::Range<usize>, &'t str)> {
    let mut start = 0;
    text.split(['\n', '\r']).filter_map(move |line| {
        let line_start = start;
        start += line.len() + 1;
        let written = line.trim_start_matches([' ', '\t']);
        let (found, rest) = written.split_at_checked(key.len())?;
        if !found.eq_ignore_ascii_case(key) {
            return None;
        }
        let value = rest.trim_start_matches([' ', '\t']).strip_prefix(':')?;
        Some((line_start..line_start + line.len(), value.trim_ascii()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_read() {
        let cases = [
            ("Ada L <ada@example.org>", "Ada L", "ada@example.org"),
            ("\"Ada L\" <ada@example.org>\r", "Ada L", "ada@example.org"),
            ("<ada@example.org>", "", "ada@example.org"),
            ("ada@example.org", "", "ada@example.org"),
            ("Ada L", "Ada L", ""),
            ("Ada <ada@example.org", "Ada", "ada@example.org"),
            ("", "", ""),
        ];
        for (value, name, address) in cases {
            assert_eq!(signed(value), Signed { name, address }, "{value:?}");
        }
    }

    #[test]
    fn private_addresses_name_accounts() {
        let account = |id, login| Some(NoreplyAccount { id, login });
        assert_eq!(
            noreply_account("7+x[bot]@users.noreply.github.com"),
            account(Some(7), "x[bot]")
        );
        assert_eq!(
            noreply_account("x@Users.NoReply.GitHub.com"),
            account(None, "x")
        );
        assert_eq!(
            noreply_account("a+b@users.noreply.github.com"),
            account(None, "a+b")
        );
        assert_eq!(noreply_account("x@example.org"), None);
        assert_eq!(noreply_account("@users.noreply.github.com"), None);
        assert_eq!(noreply_account("é"), None);
    }

    #[test]
    fn values_are_read_line_by_line() {
        let text = "subject\r\n  Key: a\nkey :b\n\nkeys: c\nthe key: d\nKEY:";
        let values: Vec<&str> = values_of(text, "Key").map(|(_, value)| value).collect();
        assert_eq!(values, ["a", "b", ""]);
        for (range, _) in values_of(text, "Key") {
            assert!(text[range].to_lowercase().contains("key"));
        }
    }

    #[test]
    fn agents_and_models_are_read() {
        assert_eq!(
            agent_and_model("Claude:claude-3-opus sparse"),
            Some(("Claude", "claude-3-opus"))
        );
        assert_eq!(agent_and_model("thanks: all"), None);
        assert_eq!(agent_and_model("Ada L"), None);
    }
}
