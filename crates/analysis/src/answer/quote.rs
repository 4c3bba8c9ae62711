//! Whether a quote stands in the pull request's own words.

use crate::fence::{self, Section};

/// Shorter quotes prove nothing: they stand in every text.
pub(crate) const MINIMUM_QUOTE_CHARS: usize = 3;

/// Looks for a quote in the words of a context that are the pull request's own.
///
/// White space counts as one blank, case counts, and a quote must not begin or end within a word.
/// Quotation marks around it and a label of ours before it (`author: ada`) are taken off first.
pub(super) fn stands_in(quote: &str, context_text: &str) -> bool {
    let Some(sections) = fence::parse(context_text) else {
        return false;
    };
    let quote = unwrapped(&blanks_joined(quote)).to_owned();
    if quote.chars().filter(|one| !one.is_whitespace()).count() < MINIMUM_QUOTE_CHARS {
        return false;
    }
    let without_label = label_removed(&quote);
    own_words(&sections).iter().any(|words| {
        let words = blanks_joined(words);
        contains_whole(&words, &quote)
            || without_label.is_some_and(|rest| contains_whole(&words, rest))
    })
}

/// The pull request's own words in a context, apart from our labels, one entry per piece.
fn own_words(sections: &[(Section, String)]) -> Vec<String> {
    let mut pieces = Vec::new();
    for (section, text) in sections {
        match section {
            Section::Title | Section::Body => {
                pieces.extend(text.split(crate::text::CUT_OPENING).map(str::to_owned));
            }
            Section::Files | Section::Events => pieces.extend(text.lines().map(str::to_owned)),
            Section::Facts => pieces.extend(text.lines().filter_map(fact_value)),
            Section::Evidence => {
                pieces.extend(
                    text.lines()
                        .filter_map(|line| Some(line.split_once(": ")?.1.to_owned())),
                );
            }
            Section::Commits => pieces.extend(commit_words(text)),
            Section::Discussion => {
                for line in text.lines().filter_map(|line| line.strip_prefix("- ")) {
                    pieces.extend(line.split_once(" (").map(|(login, _)| login.to_owned()));
                    pieces.extend(line.split_once("): ").map(|(_, said)| said.to_owned()));
                }
            }
        }
    }
    pieces
}

/// The value of a fact that somebody chose freely.
fn fact_value(line: &str) -> Option<String> {
    let (key, value) = line.split_once(": ")?;
    match key {
        "author" => Some(
            value
                .trim_end_matches(" (bot)")
                .trim_end_matches(" (person)")
                .to_owned(),
        ),
        "repo" | "head" | "base" | "labels" | "repository language" => Some(value.to_owned()),
        _ => None,
    }
}

/// Each trailer, each identity, and each message as a whole.
fn commit_words(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("  ") {
            if let Some(message) = pieces.last_mut() {
                message.push('\n');
                message.push_str(rest);
            }
        } else if let Some(subject) = line.strip_prefix("- ") {
            pieces.push(subject.to_owned());
        } else if let Some((label, value)) = line.split_once(": ")
            && label != "note"
        {
            pieces.push(value.to_owned());
        }
    }
    pieces
}

fn blanks_joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes one pair of quotation marks off.
fn unwrapped(quote: &str) -> &str {
    for (open, close) in [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”')] {
        if let Some(inner) = quote
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
        {
            return inner.trim();
        }
    }
    quote
}

/// The quote without a label of ours at its start; `None` if it has none.
fn label_removed(quote: &str) -> Option<&str> {
    let (label, rest) = quote.split_once(": ")?;
    let is_trailer_label = label
        .strip_prefix("trailer ")
        .is_some_and(|count| count.ends_with('x'));
    let known = is_trailer_label
        || [
            "author", "head", "base", "labels", "repo", "by", "title", "body",
        ]
        .contains(&label);
    let rest = rest
        .trim_end_matches(" (bot)")
        .trim_end_matches(" (person)")
        .trim();
    (known && rest.chars().count() >= MINIMUM_QUOTE_CHARS).then_some(rest)
}

/// Whether a text holds a quote that neither begins nor ends inside a word.
fn contains_whole(text: &str, quote: &str) -> bool {
    let inside_word = |outer: Option<char>, inner: Option<char>| {
        outer.is_some_and(char::is_alphanumeric) && inner.is_some_and(char::is_alphanumeric)
    };
    text.match_indices(quote).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + quote.len()..].chars().next();
        !inside_word(before, quote.chars().next()) && !inside_word(after, quote.chars().next_back())
    })
}
