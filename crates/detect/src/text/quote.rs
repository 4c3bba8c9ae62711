//! Quotes: short pieces of a field, as they stand there.

/// The most characters of a quote.
const MAX_QUOTE_CHARS: usize = 200;

/// The text of `span` in `text`, cut to 200 characters at a character boundary, and its offset.
///
/// Line ends at the edges are left out, so that a quote of one line is one line.
pub(crate) fn quoted(text: &str, span: std::ops::Range<usize>) -> (String, u64) {
    let piece = text.get(span.clone()).unwrap_or_default();
    let trimmed_start = piece.trim_start();
    let offset = span.start + (piece.len() - trimmed_start.len());
    let trimmed = trimmed_start.trim_end();
    let quote = match trimmed.char_indices().nth(MAX_QUOTE_CHARS) {
        Some((end, _)) => trimmed.get(..end).unwrap_or(trimmed),
        None => trimmed,
    };
    (quote.to_owned(), offset as u64)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn quotes_are_cut_at_characters_and_keep_their_place() {
        let text = format!("ab\n  {}", "é".repeat(300));
        let (quote, offset) = quoted(&text, 2..text.len());
        assert_eq!(quote.chars().count(), 200);
        assert_eq!(offset, 5);
        let start = usize::try_from(offset).expect("small");
        assert!(text[start..].starts_with(&quote));
    }

    #[test]
    fn short_quotes_stay_whole() {
        assert_eq!(quoted("x hello y", 2..7), ("hello".to_owned(), 2));
        assert_eq!(quoted("", 0..0), (String::new(), 0));
    }
}
