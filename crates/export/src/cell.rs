//! Texts of other people in files: nothing in them can act as a formula, drive a terminal or break a line.
//!
//! Both changes can be undone, and `docs/export.md` says how; tests undo them.

use std::borrow::Cow;

use model::escaped_json;

/// Whether a character can change how what stands around it is shown: control characters, line and paragraph
/// separators, and marks that turn the direction of writing around.
fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same JSON without unsafe characters.
pub(crate) fn json_without_unsafe(json: &str) -> Cow<'_, str> {
    escaped_json(json, is_unsafe)
}

/// A text as a cell of CSV, before quoting.
///
/// 1. Unsafe characters, line breaks among them, become `\u001b`; so that this can be undone, a backslash
///    before a `u` becomes `\u005c`.
/// 2. At the beginning, and after each semicolon, where a program that takes semicolons for separators sees a
///    new cell, an apostrophe is put before what a spreadsheet would take for a formula (`=`, `+`, `-`, `@`,
///    also in full width, also after white space) and before an apostrophe.
/// 3. The empty text becomes a lone apostrophe: an empty cell is null.
///
/// Source: OWASP, "CSV injection".
pub(crate) fn csv_text(text: &str) -> String {
    let mut cell = String::with_capacity(text.len() + 2);
    if text.is_empty() {
        cell.push('\'');
    }
    let mut is_beginning = true;
    for (at, letter) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        if is_beginning && would_act(rest) {
            cell.push('\'');
        }
        is_beginning = letter == ';';
        if is_unsafe(letter) {
            push_escape(&mut cell, letter);
        } else if letter == '\\' && rest.starts_with("\\u") {
            cell.push_str("\\u005c");
        } else {
            cell.push(letter);
        }
    }
    cell
}

/// Whether a spreadsheet could take a cell that begins so for a formula, or a reader for one that was made
/// harmless.
fn would_act(text: &str) -> bool {
    if text.starts_with('\'') {
        return true;
    }
    let first = text.chars().find(|letter| !is_passed_over(*letter));
    first.is_some_and(|letter| {
        matches!(
            letter,
            '=' | '+'
                | '-'
                | '@'
                | '|'
                | '%'
                | '＝'
                | '＋'
                | '－'
                | '＠'
                | '−'
                | '﹢'
                | '﹣'
                | '﹦'
                | '﹫'
        )
    })
}

/// What a program may strip before it looks at the first character.
fn is_passed_over(letter: char) -> bool {
    letter.is_whitespace()
        || is_unsafe(letter)
        || matches!(
            letter,
            '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{00ad}' | '"'
        )
}

/// Unsafe characters all lie within the first 65,536 code points.
fn push_escape(text: &mut String, letter: char) {
    text.push_str(&format!("\\u{:04x}", u32::from(letter)));
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Undoes [`csv_text`], as `docs/export.md` tells readers to.
    pub(crate) fn original(cell: &str) -> String {
        let mut text = String::new();
        let mut is_beginning = true;
        let mut letters = cell.char_indices();
        while let Some((at, letter)) = letters.next() {
            if is_beginning && letter == '\'' {
                is_beginning = false;
                continue;
            }
            is_beginning = letter == ';';
            let code = cell
                .get(at..at + 6)
                .and_then(|escape| escape.strip_prefix("\\u"))
                .and_then(|hex| u32::from_str_radix(hex, 16).ok())
                .and_then(char::from_u32);
            if let Some(code) = code {
                text.push(code);
                letters.nth(4);
            } else {
                text.push(letter);
            }
        }
        text
    }

    #[test]
    fn formulas_do_not_act() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =1", "'  =1"),
            ("\t=1", "'\\u0009=1"),
            ("\r\n=1", "'\\u000d\\u000a=1"),
            ("\u{feff}=1", "'\u{feff}=1"),
            ("＝1", "'＝1"),
            ("＠x", "'＠x"),
            ("\"=1", "'\"=1"),
            ("'quoted'", "''quoted'"),
            ("a; =cmd|' /C calc'!A0", "a;' =cmd|' /C calc'!A0"),
            ("", "'"),
            ("plain - text = fine", "plain - text = fine"),
            ("fix: a; b", "fix: a; b"),
            ("\u{1b}[31mred", "\\u001b[31mred"),
            ("C:\\users", "C:\\u005cusers"),
            ("C:\\temp", "C:\\temp"),
            ("\u{202e}gpj", "\\u202egpj"),
            ("two\nlines", "two\\u000alines"),
        ] {
            assert_eq!(csv_text(text), cell, "{text:?}");
            assert_eq!(original(cell), text, "{cell:?}");
        }
    }

    #[test]
    fn json_says_the_same_without_unsafe_characters() {
        let text = "\u{7f}\u{9b}31m\u{202e}\u{2028}ü\u{1b}";
        let json = serde_json::to_string(text).expect("JSON");
        let safe = json_without_unsafe(&json);
        assert!(!safe.chars().any(is_unsafe), "{safe}");
        assert_eq!(
            serde_json::from_str::<String>(&safe).ok().as_deref(),
            Some(text)
        );
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "(\\PC|[=+@';\\\\u\t\r\n\u{1b}\u{0}0-9a-f \"-]){0,40}") {
            let cell = csv_text(&text);
            prop_assert_eq!(original(&cell), text.as_str());
            prop_assert!(!cell.chars().any(is_unsafe));
            prop_assert!(!cell.is_empty());
            for part in cell.split(';') {
                let first = part.trim_start_matches(is_passed_over).chars().next();
                let acts = first.is_some_and(|letter| "=+-@＝＋－＠".contains(letter));
                prop_assert!(!acts, "{:?}", cell);
            }
        }
    }
}
