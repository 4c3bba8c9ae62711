//! What people and programs see: stdout is data, stderr is everything else.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::error::CliError;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const HEADING: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

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
        let mut stdout = std::io::stdout().lock();
        serde_json::to_writer_pretty(&mut stdout, value)?;
        writeln!(stdout)?;
        Ok(())
    }

    /// Writes a line of data on stdout.
    pub(crate) fn line(&self, text: &str) -> Result<(), CliError> {
        writeln!(anstream::stdout().lock(), "{text}")?;
        Ok(())
    }

    /// Writes a heading on stdout, after an empty line.
    pub(crate) fn heading(&self, text: &str) -> Result<(), CliError> {
        self.line(&format!("\n{HEADING}{text}{HEADING:#}"))
    }

    /// Writes a remark of lesser weight on stdout.
    pub(crate) fn remark(&self, text: &str) -> Result<(), CliError> {
        self.line(&format!("{DIM}{text}{DIM:#}"))
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
            let _ = writeln!(anstream::stderr(), "{}", printable(text));
        }
    }

    /// Warns on stderr.
    pub(crate) fn warning(&self, text: &str) {
        let _ = writeln!(
            anstream::stderr(),
            "{WARNING}warning:{WARNING:#} {}",
            printable(text)
        );
    }

    /// Reports an error on stderr.
    pub(crate) fn error(&self, text: &str) {
        let _ = writeln!(
            anstream::stderr(),
            "{ERROR}error:{ERROR:#} {}",
            printable(text)
        );
    }

    /// Says what to do next, on stderr.
    pub(crate) fn hint(&self, text: &str) {
        let _ = writeln!(
            anstream::stderr(),
            "{HINT}hint:{HINT:#} {}",
            printable(text)
        );
    }
}

fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(columns.iter().map(|name| name.trim_start_matches('>')));
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)));
    }
    for (column, name) in table.column_iter_mut().zip(columns) {
        column.set_padding((0, 2));
        if name.starts_with('>') {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// Makes outside text safe for a terminal: control characters become visible, lines stay lines.
///
/// Titles, logins and model answers are hostile input here as everywhere.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' => '\n',
            '\t' => ' ',
            // Bidirectional overrides can make a line read as something else.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            control if control.is_control() => '\u{fffd}',
            other => other,
        })
        .collect()
}

/// Writes a number with thousands separators: `60,545`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(60_545), "60,545");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(percent(Some(53_876.0 / 60_545.0)), "89.0 %");
        assert_eq!(percent(None), "-");
        assert_eq!(dollars(0.2655), "$0.27");
        assert_eq!(dollars(0.0435), "$0.0435");
    }

    #[test]
    fn hostile_text_cannot_drive_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[31mb\u{202e}c\r"),
            "a\u{fffd}[31mb\u{fffd}c\u{fffd}"
        );
    }
}
