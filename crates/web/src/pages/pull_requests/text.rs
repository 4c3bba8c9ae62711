//! Texts of other people on a page: cut, with evidence marked, people hidden, and nothing that could
//! change how the rest of the page reads.

use std::ops::Range;

use maud::{Markup, html};
use model::visible;
use names::Names;

pub(super) use crate::words::short_line as line;

/// How much is shown around a mark that lies beyond the beginning, in bytes to each side.
const AROUND: usize = 240;

/// Marks that are shown in one text.
const MOST_MARKS: usize = 40;

/// A place in a text that is evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// Bytes of the text.
    pub(super) range: Range<usize>,
    /// What it is evidence of.
    pub(super) title: String,
}

impl Mark {
    /// The mark of a quote in a text: at its offset, or where it stands first, if it does.
    pub(super) fn find(text: &str, quote: &str, offset_bytes: u64, title: String) -> Option<Mark> {
        if quote.is_empty() {
            return None;
        }
        let offset = usize::try_from(offset_bytes).unwrap_or(usize::MAX);
        let stands = |start: usize| {
            start
                .checked_add(quote.len())
                .and_then(|end| text.get(start..end))
                == Some(quote)
        };
        let start = if stands(offset) {
            offset
        } else {
            text.find(quote)?
        };
        Some(Mark {
            range: start..start + quote.len(),
            title,
        })
    }
}

/// A line in which people are hidden.
pub(super) fn hidden_line(text: &str, most: usize, names: &Names) -> String {
    // Hidden first, in a piece that is surely long enough: a name must not be cut in half.
    let end = boundary(text, most.saturating_mul(8));
    let piece = text.get(..end).unwrap_or_default();
    let mut plain = names.without_people(piece);
    if end < text.len() {
        plain.push('…');
    }
    line(&plain, most)
}

/// A text as a block: its beginning, at most `most` bytes, and what is marked beyond.
pub(super) fn block(text: &str, most: usize, marks: &[Mark], names: &Names) -> Markup {
    let windows = windows(text, most, marks);
    let shown: usize = windows.iter().map(Range::len).sum();
    html! {
        div.quoted dir="auto" {
            @for (index, window) in windows.iter().enumerate() {
                @if index > 0 { span.gap { " […] " } }
                (piece(text, window.clone(), marks, names))
            }
        }
        @if shown < text.len() { p.note { "Shortened: " (size(text.len())) " in all; the host has the whole text." } }
    }
}

/// Bytes as people read them.
fn size(bytes: usize) -> String {
    match bytes {
        ..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// The nearest place at or before `at` where a letter begins; after white space, if there is some near,
/// so that no word or address is cut in half.
fn boundary(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    let letter = text.floor_char_boundary(at);
    let near = text.floor_char_boundary(letter.saturating_sub(200));
    let piece = text.get(near..letter).unwrap_or_default();
    piece
        .rfind(char::is_whitespace)
        .map_or(letter, |space| near + space)
}

/// What of a text is shown, in order and apart.
fn windows(text: &str, most: usize, marks: &[Mark]) -> Vec<Range<usize>> {
    // Less of the beginning where what matters lies beyond it.
    let lies_beyond = marks.iter().any(|mark| mark.range.end > most);
    let beginning = if lies_beyond { most / 4 } else { most };
    let mut windows = Vec::new();
    windows.push(0..boundary(text, beginning));
    let mut beyond: Vec<Range<usize>> = marks
        .iter()
        .take(MOST_MARKS)
        .map(|mark| {
            let start = boundary(text, mark.range.start.saturating_sub(AROUND));
            start..boundary(text, mark.range.end + AROUND).max(mark.range.end)
        })
        .collect();
    beyond.sort_by_key(|window| window.start);
    for window in beyond {
        match windows.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => windows.push(window),
        }
    }
    windows
}

/// One window of a text with its marks.
fn piece(text: &str, window: Range<usize>, marks: &[Mark], names: &Names) -> Markup {
    let inside = text.get(window.clone()).unwrap_or_default();
    let hidden = names.hidden(inside);
    let marks: Vec<(Range<usize>, &str)> = marks
        .iter()
        .filter(|mark| mark.range.start >= window.start && mark.range.end <= window.end)
        .map(|mark| {
            (
                mark.range.start - window.start..mark.range.end - window.start,
                mark.title.as_str(),
            )
        })
        .collect();
    let mut cuts: Vec<usize> = vec![0, inside.len()];
    cuts.extend(marks.iter().flat_map(|(range, _)| [range.start, range.end]));
    cuts.extend(
        hidden
            .iter()
            .flat_map(|(range, _)| [range.start, range.end]),
    );
    cuts.sort_unstable();
    cuts.dedup();
    html! {
        @for pair in cuts.windows(2) {
            @let (start, end) = (pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0));
            @let shown = shown(inside, start, end, &hidden);
            @if let Some((_, title)) = marks.iter().find(|(range, _)| range.start <= start && end <= range.end) {
                mark title=(title) { (shown) }
            } @else { (shown) }
        }
    }
}

/// What is shown of a piece between two cuts: its text, or at the beginning of what is hidden the words
/// that stand for it.
fn shown(text: &str, start: usize, end: usize, hidden: &[(Range<usize>, String)]) -> String {
    match hidden
        .iter()
        .find(|(range, _)| range.start <= start && end <= range.end)
    {
        Some((range, label)) if range.start == start => label.clone(),
        Some(_) => String::new(),
        None => visible(text.get(start..end).unwrap_or_default()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(text: &str, quote: &str) -> Mark {
        Mark::find(text, quote, 0, "why".to_owned()).expect("it stands there")
    }

    #[test]
    fn a_quote_is_marked_where_it_stands() {
        let text = "one two one";
        let marks = [Mark::find(text, "one", 8, "second".to_owned()).expect("found")];
        let html = block(text, 100, &marks, &Names::default()).into_string();
        assert!(
            html.contains("one two <mark title=\"second\">one</mark>"),
            "{html}"
        );
        assert_eq!(Mark::find(text, "three", 0, String::new()), None);
        assert_eq!(Mark::find("é", "x", 1, String::new()), None);
    }

    #[test]
    fn a_long_text_is_cut_but_shows_what_is_marked() {
        let text = format!(
            "{} needle here {}",
            "word ".repeat(10_000),
            "tail ".repeat(200_000)
        );
        let html = block(&text, 1_000, &[mark(&text, "needle")], &Names::default()).into_string();
        assert!(html.len() < 4_000, "{} bytes", html.len());
        assert!(html.contains("<mark title=\"why\">needle</mark>"), "{html}");
        assert!(
            html.contains("[…]") && html.contains("1.1 MB in all"),
            "{html}"
        );
    }

    #[test]
    fn hostile_text_stays_text() {
        let text = "<script>alert(1)</script>\u{1b}[31m \u{202e}evil\" onload=\"x";
        let html = block(text, 1_000, &[mark(text, "<script>")], &Names::default()).into_string();
        assert!(!html.contains("<script>"), "{html}");
        assert!(
            !html.contains('\u{1b}') && !html.contains('\u{202e}'),
            "{html}"
        );
    }

    #[test]
    fn cuts_never_fall_inside_a_letter() {
        for text in [
            "é".repeat(3_000),
            "日本語 ".repeat(2_000),
            "x".repeat(9_999),
        ] {
            for most in 990..1_010 {
                let _ = block(&text, most, &[], &Names::default()).into_string();
            }
        }
    }
}
