//! What people and programs see: stdout is data, stderr is everything else.

use std::borrow::Cow;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets};
pub(crate) use insights::wording::count_text as count;
use model::{acts, escaped_json, visible, visible_line};
use serde::Serialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::error::CliError;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const HEADING: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The widest that a cell of a table may be, in columns of the terminal: whoever names a team must not
/// push the other columns away. `--json` has the whole text.
const CELL_COLUMNS: usize = 160;

/// How to say things.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// Whether stdout is JSON.
    pub(crate) json: bool,
    /// Whether notes on stderr are held back (warnings and errors are not).
    pub(crate) quiet: bool,
    /// Whether progress bars may be drawn.
    pub(crate) progress: bool,
}

#[expect(
    clippy::unused_self,
    reason = "what is said goes through the one who knows how, whether or not it matters today"
)]
impl Output {
    /// Writes one pretty-printed JSON document on stdout.
    pub(crate) fn document(&self, value: &impl Serialize) -> Result<(), CliError> {
        write_out(&json_document(value)?)
    }

    /// Writes a value as a line of JSON on stdout.
    pub(crate) fn json_line(&self, value: &impl Serialize) -> Result<(), CliError> {
        write_out(&json_line(value)?)
    }

    /// Writes a line of data on stdout, made safe for a terminal; `\n` stays.
    pub(crate) fn line(&self, text: &str) -> Result<(), CliError> {
        self.painted(&visible(text))
    }

    /// Writes a line with colours of ours on stdout. What is in it of others was made [`printable`] before.
    pub(crate) fn painted(&self, text: &str) -> Result<(), CliError> {
        writeln!(anstream::stdout().lock(), "{text}")?;
        Ok(())
    }

    /// Writes a heading on stdout, after an empty line.
    pub(crate) fn heading(&self, text: &str) -> Result<(), CliError> {
        self.painted(&format!("\n{HEADING}{}{HEADING:#}", printable(text)))
    }

    /// Writes a remark of lesser weight on stdout.
    pub(crate) fn remark(&self, text: &str) -> Result<(), CliError> {
        self.painted(&format!("{DIM}{}{DIM:#}", visible(text)))
    }

    /// Writes a table on stdout. Columns named with a leading `>` are right-aligned.
    pub(crate) fn table(&self, columns: &[&str], rows: &[Vec<String>]) -> Result<(), CliError> {
        for line in table(columns, rows).lines() {
            self.line(&format!("  {}", line.trim_end()))?;
        }
        Ok(())
    }

    /// Writes a table on stderr, as [`Output::note`] does.
    pub(crate) fn note_table(&self, columns: &[&str], rows: &[Vec<String>]) {
        for line in table(columns, rows).lines() {
            self.note(&format!("  {}", line.trim_end()));
        }
    }

    /// Says what is being done, on stderr.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{}", hung(text));
        }
    }

    /// Warns on stderr.
    pub(crate) fn warning(&self, text: &str) {
        let _ = writeln!(
            anstream::stderr(),
            "{WARNING}warning:{WARNING:#} {}",
            hung(text)
        );
    }

    /// Reports an error on stderr.
    pub(crate) fn error(&self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{ERROR}error:{ERROR:#} {}", hung(text));
    }

    /// Says what to do next, on stderr.
    pub(crate) fn hint(&self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{HINT}hint:{HINT:#} {}", hung(text));
    }
}

fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(columns.iter().map(|name| name.trim_start_matches('>')));
    for row in rows {
        table.add_row(row.iter().map(|cell| shortened(cell, CELL_COLUMNS)));
    }
    for (column, name) in table.column_iter_mut().zip(columns) {
        column.set_padding((0, 2));
        if name.starts_with('>') {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// Makes outside text safe for a terminal, and one line of it.
///
/// Titles, logins and model answers are hostile input here as everywhere.
pub(crate) fn printable(text: &str) -> String {
    visible_line(text).into_owned()
}

/// The same, at most so many columns wide; the end is told by `…`.
pub(crate) fn shortened(text: &str, columns: usize) -> String {
    let shown = visible_line(text);
    if shown.width() <= columns {
        return shown.into_owned();
    }
    let mut short = String::new();
    let mut taken = 1;
    for character in shown.chars() {
        taken += character.width().unwrap_or(0);
        if taken > columns {
            break;
        }
        short.push(character);
    }
    short.push('…');
    short
}

/// The columns that a text takes on a terminal.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// Text for stderr: its further lines are set in, so that no name with a line end in it can pass for a
/// message of ours.
fn hung(text: &str) -> String {
    visible(text).replace('\n', "\n  ")
}

/// A value as pretty-printed JSON, with a line end.
pub(crate) fn json_document(value: &impl Serialize) -> Result<String, CliError> {
    let mut text = safe_json(&serde_json::to_string_pretty(value)?).into_owned();
    text.push('\n');
    Ok(text)
}

/// A value as one line of JSON, with a line end.
pub(crate) fn json_line(value: &impl Serialize) -> Result<String, CliError> {
    let mut text = safe_json(&serde_json::to_string(value)?).into_owned();
    text.push('\n');
    Ok(text)
}

/// The same JSON, in which nothing acts on a terminal.
pub(crate) fn safe_json(json: &str) -> Cow<'_, str> {
    escaped_json(json, acts)
}

fn write_out(text: &str) -> Result<(), CliError> {
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// Writes a share as a percentage with one decimal, or a dash when there is none.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// Writes dollars with two decimals, or four below ten cents.
pub(crate) fn dollars(usd: f64) -> String {
    if usd.abs() < 0.1 {
        format!("${usd:.4}")
    } else {
        format!("${usd:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(percent(Some(53_876.0 / 60_545.0)), "89.0 %");
        assert_eq!(percent(None), "-");
        assert_eq!(dollars(0.2655), "$0.27");
        assert_eq!(dollars(0.0435), "$0.0435");
    }

    #[test]
    fn hostile_text_cannot_drive_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[31mb\u{202e}c\r\nd"),
            "a\u{fffd}[31mb\u{fffd}c d"
        );
        assert_eq!(hung("no\nhint: rm -rf /"), "no\n  hint: rm -rf /");
    }

    #[test]
    fn a_long_cell_leaves_room_for_the_others() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abcde…");
        assert_eq!(shortened("日本語日本語", 6), "日本…");
        let text = table(&["Team", ">n"], &[vec!["x".repeat(1_000_000), "3".into()]]);
        assert!(text.lines().all(|line| columns(line) < 180), "{text}");
    }

    #[test]
    fn json_says_the_same_without_what_acts() {
        let value = "a\u{202e}\u{9b}\u{7f}\u{e0041}é\n\u{1b}";
        let line = json_line(&value).expect("written");
        assert_eq!(
            line,
            "\"a\\u202e\\u009b\\u007f\\udb40\\udc41é\\n\\u001b\"\n"
        );
        let back: String = serde_json::from_str(&line).expect("read");
        assert_eq!(back, value);
    }
}
