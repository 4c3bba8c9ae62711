//! Masks secrets and personal addresses before a text leaves the machine.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// How many passages were masked, by kind: `github_token`, `email`, ...
pub type MaskCounts = BTreeMap<String, u64>;

/// Tokens that are recognised by their own form. Boundaries are ASCII so that the regex keeps to
/// its fast engine on every text.
const TOKEN_FORMS: [(&str, &str); 16] = [
    (
        "github_token",
        r"(?-u:\b)(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,})",
    ),
    (
        "aws_key",
        r"(?-u:\b)(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?-u:\b)",
    ),
    ("slack_token", r"(?-u:\b)xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    (
        "slack_webhook",
        r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_+-]{20,}",
    ),
    (
        "google_key",
        r"(?-u:\b)(?:AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{20,40}|ya29\.[A-Za-z0-9_-]{20,})",
    ),
    ("anthropic_key", r"(?-u:\b)sk-ant-[A-Za-z0-9_-]{20,}"),
    ("openai_key", r"(?-u:\b)sk-[A-Za-z0-9_-]{20,}"),
    ("groq_key", r"(?-u:\b)gsk_[A-Za-z0-9]{20,}"),
    (
        "stripe_key",
        r"(?-u:\b)[prs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    ),
    ("npm_token", r"(?-u:\b)npm_[A-Za-z0-9]{36}"),
    ("pypi_token", r"(?-u:\b)pypi-[A-Za-z0-9_-]{50,}"),
    (
        "gitlab_token",
        r"(?-u:\b)gl(?:pat|ptt|dt|rt)-[A-Za-z0-9_-]{20,}",
    ),
    ("huggingface_token", r"(?-u:\b)hf_[A-Za-z0-9]{30,}"),
    (
        "sendgrid_key",
        r"(?-u:\b)SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,}",
    ),
    (
        "jwt",
        r"(?-u:\b)eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}",
    ),
    (
        "url_credentials",
        r#"(?-u:\b)[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@"'<>]{1,100}:[^\s/@"'<>]{1,200}@"#,
    ),
];

/// `key = value` where the key's name says secret; the value is judged by its disorder.
const ASSIGNMENT: &str = r#"(?i)((?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key|secret[_-]?key|private[_-]?key|credential)(?:_[A-Za-z0-9]{1,20})?["'`]?[ \t]*(?::=|=>|[:=])[ \t]*["'`]?)([^\s"'`,;<>(){}\[\]]{8,})"#;

/// `Authorization: Bearer value`.
const AUTHORIZATION: &str = r"(?i)((?-u:\b)(?:bearer|basic)[ \t]+)([A-Za-z0-9._~+/=-]{16,})";

const EMAIL: &str = r"[A-Za-z0-9._%+-]{1,64}(?:\[bot\])?@[A-Za-z][A-Za-z0-9.-]{0,}\.[A-Za-z]{2,24}";

struct Patterns {
    tokens: Regex,
    assignment: Regex,
    authorization: Regex,
    email: Regex,
}

/// Built once. The patterns are constants that the tests compile, so `None` does not happen; if it
/// did, texts would be withheld whole rather than sent unmasked.
static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    let forms: Vec<String> = TOKEN_FORMS
        .iter()
        .map(|(kind, form)| format!("(?P<{kind}>{form})"))
        .collect();
    Some(Patterns {
        tokens: Regex::new(&forms.join("|")).ok()?,
        assignment: Regex::new(ASSIGNMENT).ok()?,
        authorization: Regex::new(AUTHORIZATION).ok()?,
        email: Regex::new(EMAIL).ok()?,
    })
});

/// Masks secrets and personal addresses in the texts of one pull request and counts them.
///
/// Secrets become `[masked:kind]`. Of e-mail addresses, those of people become `[masked:email]`
/// (their names stay); addresses that identify tools are evidence and stay: `noreply` and `[bot]`
/// forms, local parts that say bot or agent, and every address in a quote of the evidence.
#[derive(Debug, Clone, Default)]
pub struct Masker {
    kept_addresses: Vec<String>,
    counts: MaskCounts,
}

impl Masker {
    /// A masker that keeps the addresses standing in these quotes.
    pub fn keeping_addresses_in<'a>(quotes: impl IntoIterator<Item = &'a str>) -> Masker {
        let mut kept_addresses = Vec::new();
        if let Some(patterns) = PATTERNS.as_ref() {
            for quote in quotes {
                for address in patterns.email.find_iter(quote) {
                    kept_addresses.push(address.as_str().to_ascii_lowercase());
                }
            }
        }
        Masker {
            kept_addresses,
            counts: MaskCounts::new(),
        }
    }

    /// What was masked so far, by kind.
    pub fn counts(&self) -> &MaskCounts {
        &self.counts
    }

    /// Masks a text. Linear in its length.
    pub fn mask(&mut self, text: &str) -> String {
        let Some(patterns) = PATTERNS.as_ref() else {
            self.count("withheld");
            return "[masked:withheld]".to_owned();
        };
        let text = self.mask_private_keys(text);
        let text = replace(&patterns.tokens, text, |found| {
            let kind = TOKEN_FORMS
                .iter()
                .map(|(kind, _)| *kind)
                .find(|kind| found.name(kind).is_some())?;
            let words = found.get(0)?.as_str();
            let masked = match kind {
                // A class name such as `sk-loading-indicator` is no key.
                "openai_key" if !(has_digit(words) && has_upper(words)) => return None,
                "url_credentials" => {
                    let scheme_end = words.find("://")? + 3;
                    format!("{}[masked:{kind}]@", &words[..scheme_end])
                }
                _ => format!("[masked:{kind}]"),
            };
            self.count(kind);
            Some(masked)
        });
        let text = self.mask_value(&patterns.assignment, text, "assignment");
        let text = self.mask_value(&patterns.authorization, text, "authorization");
        if !text.contains('@') {
            return text.into_owned();
        }
        let text = replace(&patterns.email, text, |found| {
            let address = found.get(0)?.as_str();
            if self.keeps(address) {
                return None;
            }
            self.count("email");
            Some("[masked:email]".to_owned())
        });
        text.into_owned()
    }

    fn count(&mut self, kind: &str) {
        *self.counts.entry(kind.to_owned()).or_default() += 1;
    }

    /// Masks the second group of a pattern where it looks random.
    fn mask_value<'a>(&mut self, pattern: &Regex, text: Cow<'a, str>, kind: &str) -> Cow<'a, str> {
        replace(pattern, text, |found| {
            let value = found.get(2)?.as_str();
            if !looks_random(value) {
                return None;
            }
            self.count(kind);
            Some(format!("{}[masked:{kind}]", found.get(1)?.as_str()))
        })
    }

    /// Masks blocks of private keys, closed or cut off.
    fn mask_private_keys<'a>(&mut self, text: &'a str) -> Cow<'a, str> {
        const BEGIN: &str = "-----BEGIN ";
        if !text.contains(BEGIN) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(BEGIN) {
            let (before, block) = rest.split_at(start);
            out.push_str(before);
            let end = private_key_end(block);
            if end > 0 {
                out.push_str("[masked:private_key]");
                self.count("private_key");
                rest = &block[end..];
            } else {
                out.push_str(BEGIN);
                rest = &block[BEGIN.len()..];
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    }

    /// Whether an address belongs to a tool rather than a person.
    pub(crate) fn keeps(&self, address: &str) -> bool {
        let address = address.to_ascii_lowercase();
        let Some((local, domain)) = address.split_once('@') else {
            return false;
        };
        let automatic = domain.ends_with("noreply.github.com")
            || local.contains("[bot]")
            || local
                .split(['-', '_', '.', '+'])
                .any(|word| matches!(word, "bot" | "noreply" | "agent" | "git"))
            || local.contains("no-reply");
        // Scopes of package names (`web@example.internal.js`) cannot be told from addresses and
        // are masked with them.
        automatic || self.kept_addresses.contains(&address)
    }
}

/// Replaces matches for which the closure gives a text; allocates only if one does.
fn replace<'a>(
    pattern: &Regex,
    text: Cow<'a, str>,
    mut replacement: impl FnMut(&Captures<'_>) -> Option<String>,
) -> Cow<'a, str> {
    let mut out = String::new();
    let mut copied = 0;
    for found in pattern.captures_iter(&text) {
        let Some(range) = found.get(0).map(|whole| whole.range()) else {
            continue;
        };
        if let Some(new) = replacement(&found) {
            out.push_str(&text[copied..range.start]);
            out.push_str(&new);
            copied = range.end;
        }
    }
    if copied == 0 {
        return text;
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// Where a private key that begins at the start of this text ends; 0 if none begins here.
fn private_key_end(block: &str) -> usize {
    let Some(header_end) = block
        .get(11..)
        .and_then(|rest| rest.find("-----"))
        .map(|at| at + 16)
    else {
        return 0;
    };
    let header = &block[..header_end];
    if header.len() > 80 || !header.contains("PRIVATE KEY") {
        return 0;
    }
    let content = &block[header_end..];
    if let Some(end_line) = content.find("-----END ")
        && let Some(close) = content[end_line + 9..].find("-----")
        && close < 80
    {
        return header_end + end_line + 9 + close + 5;
    }
    // Cut off or never closed: everything that can be key material goes.
    let material = content
        .find(|one: char| !(one.is_ascii_alphanumeric() || "+/=\\ \r\n\t:,-".contains(one)))
        .unwrap_or(content.len());
    if content[..material].trim().len() >= 20 {
        header_end + material
    } else {
        0
    }
}

/// Whether a value has the disorder of a secret rather than of a word, a path or an expression.
fn looks_random(value: &str) -> bool {
    let is_reference = ["env.", "${", "$(", "{{", "secrets.", "://", "masked:"]
        .iter()
        .any(|mark| value.contains(mark));
    if is_reference || !has_digit(value) || !value.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return false;
    }
    entropy_bits(value) >= if value.len() < 16 { 2.5 } else { 3.0 }
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

fn has_upper(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Shannon entropy of a text's bytes, in bits per byte.
fn entropy_bits(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let length = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests;
