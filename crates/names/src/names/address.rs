//! Addresses of mail in texts.

use std::ops::Range;

/// The address around an `@` of a text, if it is one.
pub(super) fn address_around(text: &str, at: usize) -> Option<Range<usize>> {
    let (before, after) = (text.get(..at)?, text.get(at + 1..)?);
    let is_local = |letter: char| letter.is_alphanumeric() || "._%+-[]".contains(letter);
    let start = at - tail(before, is_local);
    let domain_bytes = head(after, |letter| {
        letter.is_ascii_alphanumeric() || ".-".contains(letter)
    });
    let domain = after.get(..domain_bytes)?.trim_end_matches('.');
    (start < at && domain.contains('.')).then(|| start..at + 1 + domain.len())
}

/// The login that a host gave an address for, `1234+login@users.noreply.github.com`; `None` of any other.
pub(super) fn login_at_host(address: &str) -> Option<&str> {
    let (local, domain) = address.split_once('@')?;
    let is_given = domain.to_lowercase().starts_with("users.noreply.");
    is_given.then(|| local.split_once('+').map_or(local, |(_, login)| login))
}

/// Addresses that are nobody's: of programs.
pub(super) fn is_of_no_person(address: &str) -> bool {
    ["noreply@", "no-reply@", "bot@"]
        .iter()
        .any(|one| address.starts_with(one))
        || address.contains("[bot]")
        || address.ends_with("-bot@users.noreply.github.com")
}

/// Bytes at the end of a text whose letters are all of a kind.
fn tail(text: &str, is_kind: impl Fn(char) -> bool) -> usize {
    text.chars()
        .rev()
        .take_while(|one| is_kind(*one))
        .map(char::len_utf8)
        .sum()
}

/// Bytes at the beginning of a text whose letters are all of a kind.
pub(super) fn head(text: &str, is_kind: impl Fn(char) -> bool) -> usize {
    text.chars()
        .take_while(|one| is_kind(*one))
        .map(char::len_utf8)
        .sum()
}

/// Where the name begins that stands before `<address`, on the same line, after a trailer's key.
pub(super) fn name_before(text: &str, address: usize) -> Option<usize> {
    let before = text.get(..address)?.strip_suffix('<')?;
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let name = before.get(line..)?;
    let key = name.find(": ").map_or(0, |at| at + 2);
    let start = line + key;
    (!before.get(start..)?.trim().is_empty()).then_some(start)
}
