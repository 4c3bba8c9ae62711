//! Text that others wrote, as it may be shown.
//!
//! Titles, logins, names of teams and a model's answers come from anybody. Whoever shows them, on a
//! terminal, a page or in a letter, shows what [`visible`] leaves of them. What a medium reads as its own
//! marks (`<` in HTML, `|` in Markdown, `=` in a spreadsheet) is escaped by whoever writes for it.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// What stands for characters that are not shown.
const INSTEAD: char = '\u{fffd}';

/// Characters without a width of their own that may follow each other: enough for every script and for
/// emoji, too few to cover the lines above.
const MOST_MARKS: usize = 8;

/// Whether a character acts on a terminal or on the text around it, or hides, rather than being seen: control
/// characters, overrides of the direction of writing, and what is invisible. Line ends and tabs do not.
pub fn acts(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        // Embeddings, overrides and isolates of direction turn the rest of a line round. Spaces and joiners
        // of no width, fillers, old format characters, and tags that spell hidden words cannot be seen.
        '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{200b}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{180e}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{e0000}'..='\u{e007f}' => true,
        other => other.is_control(),
    }
}

/// A text as it may be shown: runs of characters that act become one `�`, of marks that pile up on a
/// letter the first eight are kept, and every line end is `\n`.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    if text.as_bytes().iter().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut marks = 0;
    let mut has_instead = false;
    let mut rest = text;
    while !rest.is_empty() {
        // Most of a page is plain: taken over in whole runs.
        let plain = rest
            .as_bytes()
            .iter()
            .take_while(|byte| is_plain(byte))
            .count();
        if plain > 0 {
            let (run, after) = rest.split_at(plain);
            shown.push_str(run);
            rest = after;
            has_instead = false;
            marks = 0;
        }
        let mut characters = rest.chars();
        let Some(character) = characters.next() else {
            break;
        };
        rest = characters.as_str();
        if character == '\r' && rest.starts_with('\n') {
            continue;
        }
        if acts(character) {
            if !has_instead {
                shown.push(INSTEAD);
            }
            has_instead = true;
            continue;
        }
        has_instead = false;
        marks = if character.width() == Some(0) {
            marks + 1
        } else {
            0
        };
        if marks <= MOST_MARKS {
            let is_line_end = matches!(character, '\u{2028}' | '\u{2029}');
            shown.push(if is_line_end { '\n' } else { character });
        }
    }
    Cow::Owned(shown)
}

/// The same in one line: every white space is a space.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    let has_other_space = |character: char| character != ' ' && character.is_whitespace();
    let shown = visible(text);
    if shown.contains(has_other_space) {
        Cow::Owned(shown.replace(has_other_space, " "))
    } else {
        shown
    }
}

/// The same JSON with the characters that `escapes` names written as `\u202e`.
///
/// They are characters that JSON has in strings only, so this changes how they are written, not what they are.
pub fn escaped_json(json: &str, escapes: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !json.contains(&escapes) {
        return Cow::Borrowed(json);
    }
    let mut written = String::with_capacity(json.len() + json.len() / 16);
    let mut units = [0; 2];
    for character in json.chars() {
        if escapes(character) {
            for unit in character.encode_utf16(&mut units) {
                written.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            written.push(character);
        }
    }
    Cow::Owned(written)
}

/// Whether nothing of a text can be seen.
pub fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|character| character.is_whitespace() || character.width() == Some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_not_shown() {
        for (text, expected) in [
            ("plain\ttext\nand more", "plain\ttext\nand more"),
            ("a\u{1b}[31mb", "a\u{fffd}[31mb"),
            ("a\u{1b}]0;title\u{7}b", "a\u{fffd}]0;title\u{fffd}b"),
            ("a\u{9b}31mb\u{7f}", "a\u{fffd}31mb\u{fffd}"),
            ("a\0\0\0b", "a\u{fffd}b"),
            ("one\r\ntwo\rthree", "one\ntwo\u{fffd}three"),
            ("safe\u{202e}gpj.exe\u{2069}", "safe\u{fffd}gpj.exe\u{fffd}"),
            ("a\u{200b}b\u{feff}", "a\u{fffd}b\u{fffd}"),
            ("hi\u{e0068}\u{e0069}", "hi\u{fffd}"),
            ("a\u{2028}b", "a\nb"),
        ] {
            assert_eq!(visible(text), expected, "{text:?}");
        }
    }

    #[test]
    fn writing_of_every_kind_stays_as_it_is() {
        for text in [
            "שלום עולם",
            "نص عربي\u{200f}",
            "می\u{200c}خواهم",
            "👩\u{200d}👩\u{200d}👧\u{200d}👦 ❤\u{fe0f}",
            "e\u{301} ก็",
            "日本語",
        ] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn marks_do_not_pile_up() {
        let flood = format!("a{}b{}c", "\u{301}".repeat(5_000), "\u{200d}".repeat(5_000));
        let shown = visible(&flood);
        assert_eq!(shown.chars().count(), 3 + 2 * MOST_MARKS);
        assert!(shown.starts_with("a\u{301}") && shown.ends_with('c'));
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(
            visible_line("a\r\nb\tc\u{2029}d\u{85}e"),
            "a b c d\u{fffd}e"
        );
        assert!(matches!(visible_line("as it is"), Cow::Borrowed(_)));
    }

    #[test]
    fn escaped_json_says_the_same() {
        let text = "\u{7f}\u{9b}31m\u{202e}ü\u{1b}\u{e0068}";
        let json = serde_json::to_string(text).expect("JSON");
        let escaped = escaped_json(&json, acts);
        assert!(!escaped.contains(acts), "{escaped}");
        let said: String = serde_json::from_str(&escaped).expect("JSON");
        assert_eq!(said, text);
        assert!(matches!(escaped_json("{}", acts), Cow::Borrowed(_)));
    }

    #[test]
    fn nothing_to_see_is_blank() {
        for (text, blank) in [
            ("", true),
            (" \n", true),
            ("\u{200d}\u{200f}", true),
            ("a", false),
            ("\u{3000}.", false),
        ] {
            assert_eq!(is_blank(text), blank, "{text:?}");
        }
    }
}
