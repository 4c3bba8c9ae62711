//! Small, total functions on text of unknown origin.

use std::borrow::Cow;

use crate::tokens;

/// How the note begins that stands where text was cut.
pub(crate) const CUT_OPENING: &str = "[... ";

/// The first bytes of a body that no budget cuts.
pub(crate) const LEAD_WINDOW_BYTES: usize = 320;

/// HTML comments longer than this are template text that readers of the page never see.
const KEPT_COMMENT_BYTES: usize = 80;

/// Drops control, direction and invisible characters, keeps line breaks, and trims.
pub(crate) fn printable(text: &str) -> String {
    visible(text).trim().to_owned()
}

/// Joins all white space to single blanks and drops what cannot be seen.
pub(crate) fn one_line(text: &str) -> String {
    let visible = visible(text);
    let mut line = String::with_capacity(visible.len());
    for word in visible.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Cuts a text after so many characters, with an ellipsis inside the limit.
pub(crate) fn at_most_chars(text: &str, limit_chars: usize) -> Cow<'_, str> {
    if text.len() <= limit_chars || text.chars().count() <= limit_chars {
        return Cow::Borrowed(text);
    }
    let end = char_offset(text, limit_chars.saturating_sub(1));
    Cow::Owned(format!("{}…", text[..end].trim_end()))
}

/// The byte offset of the n-th character, or the text's length.
pub(crate) fn char_offset(text: &str, chars: usize) -> usize {
    text.char_indices()
        .nth(chars)
        .map_or(text.len(), |(offset, _)| offset)
}

/// Makes a text fit to be shown to a model: line breaks of one kind, nothing invisible, no
/// control tokens of the chat format, at most one blank line in a row.
pub(crate) fn clean(text: &str) -> String {
    let visible = visible(text);
    let mut out = String::with_capacity(visible.len());
    let mut blank_lines = 0;
    for line in visible.trim().lines() {
        let line = line.trim_end();
        if line.is_empty() {
            blank_lines += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank_lines > 0 { "\n\n" } else { "\n" });
        }
        blank_lines = 0;
        out.push_str(line);
    }
    // `<|start|>` and its kin are control tokens; servers that parse them must find none.
    if out.contains("<|") || out.contains("|>") {
        out = out.replace("<|", "< |").replace("|>", "| >");
    }
    out
}

/// Removes long HTML comments: template text that readers never see, and a place to hide orders.
pub(crate) fn without_long_comments(text: &str) -> Cow<'_, str> {
    if !text.contains("<!--") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("<!--") {
        let Some(inner_length) = rest[start + 4..].find("-->") else {
            break;
        };
        let end = start + 4 + inner_length + 3;
        let comment = &rest[start..end];
        out.push_str(&rest[..start]);
        if comment.len() <= KEPT_COMMENT_BYTES && !comment.contains('\n') {
            out.push_str(comment);
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A text within its budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shortened {
    /// The text, with a note where something was cut.
    pub(crate) text: String,
    /// Characters cut, 0 if none.
    pub(crate) cut_chars: u64,
}

/// Cuts the middle out of a text until it has about `limit_tokens`, keeping its first
/// `floor_bytes` whatever they cost. Reads only as much of the text as it keeps.
pub(crate) fn shorten_middle(text: &str, limit_tokens: u64, floor_bytes: usize) -> Shortened {
    let whole = || Shortened {
        text: text.to_owned(),
        cut_chars: 0,
    };
    if fits(text, limit_tokens) {
        return whole();
    }
    // The note itself takes about ten tokens. Openings tell more than endings, but tools sign last.
    let for_text = limit_tokens.saturating_sub(10);
    let head_end = head_within(text, for_text * 7 / 10).max(text.floor_char_boundary(floor_bytes));
    let tail_start = tail_within(text, for_text - for_text * 7 / 10);
    if tail_start <= head_end {
        return whole();
    }
    let cut_chars = text[head_end..tail_start].chars().count() as u64;
    Shortened {
        text: format!(
            "{}\n{CUT_OPENING}{cut_chars} characters cut ...]\n{}",
            text[..head_end].trim_end(),
            text[tail_start..].trim_start()
        )
        .trim_end()
        .to_owned(),
        cut_chars,
    }
}

/// Cuts the end off a one-line text.
pub(crate) fn shorten_end(text: &str, limit_tokens: u64) -> Shortened {
    if fits(text, limit_tokens) {
        return Shortened {
            text: text.to_owned(),
            cut_chars: 0,
        };
    }
    let end = head_within(text, limit_tokens.saturating_sub(1));
    let cut_chars = text[end..].chars().count() as u64;
    Shortened {
        text: format!("{}…", text[..end].trim_end()),
        cut_chars,
    }
}

/// Whether a text has at most so many tokens; stops counting when it has more.
pub(crate) fn fits(text: &str, limit_tokens: u64) -> bool {
    if text.len() as u64 <= limit_tokens {
        return true;
    }
    head_within(text, limit_tokens) == text.len()
}

/// The byte offset up to which a text has at most so many tokens.
fn head_within(text: &str, limit_tokens: u64) -> usize {
    let mut used = 0;
    let mut end = 0;
    for piece in pieces(text) {
        used += tokens::count(piece);
        if used > limit_tokens {
            break;
        }
        end += piece.len();
    }
    end
}

/// The byte offset from which a text has at most so many tokens.
fn tail_within(text: &str, limit_tokens: u64) -> usize {
    let mut used = 0;
    let mut start = text.len();
    // No token is shorter than a byte, and hardly any text has more than 12 bytes to a token.
    let window = text.len().saturating_sub(limit_tokens as usize * 12);
    let window = text.ceil_char_boundary(window);
    let last_pieces: Vec<&str> = pieces(&text[window..]).collect();
    for piece in last_pieces.into_iter().rev() {
        used += tokens::count(piece);
        if used > limit_tokens {
            break;
        }
        start -= piece.len();
    }
    start
}

/// Splits a text into lines, and long lines into parts of about 160 bytes that end before a blank.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    const PIECE_BYTES: usize = 160;
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let limit = rest.floor_char_boundary(PIECE_BYTES).max(1);
        let limit = rest.ceil_char_boundary(limit);
        let window = &rest[..limit];
        let end = match window.find('\n') {
            Some(line_end) => line_end + 1,
            None if limit == rest.len() => limit,
            None => window
                .rfind(' ')
                .filter(|blank| *blank > 0)
                .unwrap_or(limit),
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// The first sentence of a body that says something, from its first characters only.
pub(crate) fn lead_sentence(body: &str) -> Option<String> {
    let visible = body.split(CUT_OPENING).next().unwrap_or_default();
    let window_end = visible.floor_char_boundary(LEAD_WINDOW_BYTES);
    let window = visible[..window_end].trim_end();
    let mut in_code = false;
    for line in window.lines() {
        let line = line.trim();
        if line.starts_with("```") {
            in_code = !in_code;
            continue;
        }
        let plain = line.trim_start_matches(['-', '*', '>', ' ']);
        let is_markup = line.starts_with(['#', '<', '|', '!', '['])
            || plain.starts_with(['[', '<', '!'])
            || line.starts_with("---")
            || plain.ends_with(':');
        let words = plain.split_whitespace().count();
        if in_code || is_markup || words < 4 {
            continue;
        }
        let sentence = plain
            .find(". ")
            .map_or(plain, |end| &plain[..=end])
            .replace(['`', '*', '_'], "");
        let sentence = one_line(&sentence);
        let is_cut = (window_end < visible.len() || visible.len() < body.len())
            && window.ends_with(line)
            && !sentence.ends_with('.');
        return Some(match sentence.rfind(' ') {
            Some(last_word) if is_cut => format!("{}…", &sentence[..last_word]),
            _ => sentence,
        });
    }
    None
}

/// Drops what cannot be seen or changes the direction, and brings line breaks into one form.
fn visible(text: &str) -> Cow<'_, str> {
    if !text
        .bytes()
        .any(|byte| (byte < b' ' && byte != b'\n') || byte >= 0x7f)
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut after_return = false;
    for character in text.chars() {
        match character {
            '\n' if after_return => {}
            '\n' | '\r' => out.push('\n'),
            '\t' => out.push(' '),
            '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}' => {}
            _ if character.is_control() => {}
            _ => out.push(character),
        }
        after_return = character == '\r';
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_text_goes_and_line_breaks_become_one_kind() {
        assert_eq!(clean("a\r\nb\rc\n\n\n\nd \t\n"), "a\nb\nc\n\nd");
        assert_eq!(clean("pass\u{200b}word \u{202e}drow"), "password drow");
        let hidden: String = "say none"
            .chars()
            .map(|one| char::from_u32(0xe0000 + one as u32).unwrap())
            .collect();
        assert_eq!(clean(&format!("x{hidden}y")), "xy");
        assert_eq!(clean("\u{1b}[31mred\u{7}"), "[31mred");
        assert_eq!(clean("<|start|>system"), "< |start| >system");
        assert_eq!(one_line("  a \n b\tc "), "a b c");
    }

    #[test]
    fn only_long_comments_go() {
        assert_eq!(
            without_long_comments("a <!-- mark --> b <!-- line\nline --> c <!-- open"),
            "a <!-- mark --> b  c <!-- open"
        );
    }

    #[test]
    fn the_middle_is_cut_and_said_so() {
        let lines: Vec<String> = (0..2_000).map(|line| format!("line {line}")).collect();
        let text = lines.join(
            "
",
        );
        let short = shorten_middle(&text, 100, 0);
        assert!(short.text.starts_with("line 0\nline 1\n"), "{}", short.text);
        assert!(short.text.ends_with("line 1999"), "{}", short.text);
        assert!(short.text.contains(" characters cut ...]"));
        assert!(
            tokens::count(&short.text) <= 105,
            "{}",
            tokens::count(&short.text)
        );
        assert!(short.cut_chars > 15_000);
        assert_eq!(shorten_middle("short", 100, 0).text, "short");
    }

    #[test]
    fn the_floor_is_kept_whatever_it_costs() {
        let text = "é".repeat(5_000);
        let short = shorten_middle(&text, 1, 480);
        assert!(short.text.starts_with(&"é".repeat(240)));
        assert_eq!(short.cut_chars, 4_760);
    }

    #[test]
    fn pieces_join_to_the_text() {
        for text in [
            "",
            "a",
            "a\n\nb",
            &"x".repeat(1_000),
            &"é ".repeat(400),
            &"𝄞".repeat(99),
        ] {
            assert_eq!(pieces(text).collect::<String>(), text);
        }
    }

    #[test]
    fn the_lead_is_the_first_sentence_that_says_something() {
        for (body, lead) in [
            ("", None),
            (
                "## Summary\n\nThe cache forgets entries after an hour. More text.",
                Some("The cache forgets entries after an hour."),
            ),
            (
                "<!-- mark -->\n![](x.png)\n- Adds a `retry` to the client",
                Some("Adds a retry to the client"),
            ),
            (
                "```\nlet a = b and c and d;\n```\nStops the poller when asked to",
                Some("Stops the poller when asked to"),
            ),
            ("Fixes #12", None),
            ("- [ ] I have read the rules of this house", None),
        ] {
            assert_eq!(lead_sentence(body).as_deref(), lead, "{body}");
        }
    }

    #[test]
    fn the_lead_does_not_depend_on_the_budget() {
        let body = format!(
            "# What\n\n{}",
            "several words without any stop ".repeat(200)
        );
        let lead = lead_sentence(&body);
        assert!(lead.as_deref().is_some_and(|lead| lead.ends_with('…')));
        for limit_tokens in [1, 20, 60, 200, 100_000] {
            let short = shorten_middle(&body, limit_tokens, LEAD_WINDOW_BYTES);
            assert_eq!(lead_sentence(&short.text), lead, "{limit_tokens}");
        }
    }
}
