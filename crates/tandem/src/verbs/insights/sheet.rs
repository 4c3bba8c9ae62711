//! A page of headings, lines and tables that prints for a terminal or as Markdown.

use std::fmt::Write as _;

use model::visible_line;

use crate::error::CliError;
use crate::output::Output;

/// A part of a page.
pub(crate) enum Part {
    /// The title of the page.
    Title(String),
    /// A heading.
    Heading(String),
    /// A line of text.
    Line(String),
    /// An item of a list.
    Item(String),
    /// A remark of lesser weight.
    Remark(String),
    /// A table; columns named with a leading `>` are right-aligned.
    Table {
        columns: Vec<String>,
        rows: Vec<Vec<String>>,
    },
}

/// A page.
#[derive(Default)]
pub(crate) struct Sheet {
    parts: Vec<Part>,
}

impl Sheet {
    pub(crate) fn title(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Title(text.into()));
    }

    pub(crate) fn heading(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Heading(text.into()));
    }

    pub(crate) fn line(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Line(text.into()));
    }

    pub(crate) fn item(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Item(text.into()));
    }

    pub(crate) fn remark(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Remark(text.into()));
    }

    pub(crate) fn table(&mut self, columns: &[&str], rows: Vec<Vec<String>>) {
        if rows.is_empty() {
            return;
        }
        self.parts.push(Part::Table {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows,
        });
    }

    /// Prints the page for a terminal.
    pub(crate) fn print(&self, output: &Output) -> Result<(), CliError> {
        for part in &self.parts {
            match part {
                Part::Title(text) | Part::Heading(text) => output.heading(text)?,
                Part::Line(text) => output.line(&format!("  {text}"))?,
                Part::Item(text) => output.line(&format!("  - {text}"))?,
                Part::Remark(text) => output.remark(&format!("  {text}"))?,
                Part::Table { columns, rows } => {
                    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
                    output.table(&columns, rows)?;
                }
            }
        }
        Ok(())
    }

    /// The page as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            // Writing to a string cannot fail.
            let _ = match part {
                Part::Title(title) => writeln!(text, "# {}\n", escaped_line(title)),
                Part::Heading(heading) => writeln!(text, "\n## {}\n", escaped_line(heading)),
                Part::Line(line) => writeln!(text, "{}\n", escaped_line(line)),
                Part::Item(line) => writeln!(text, "- {}\n", escaped_line(line)),
                Part::Remark(line) => writeln!(text, "*{}*\n", escaped(line)),
                Part::Table { columns, rows } => {
                    write_table(&mut text, columns, rows);
                    writeln!(text)
                }
            };
        }
        text.trim_start().to_owned()
    }
}

fn write_table(text: &mut String, columns: &[String], rows: &[Vec<String>]) {
    let names: Vec<String> = columns
        .iter()
        .map(|name| escaped(name.trim_start_matches('>')))
        .collect();
    let _ = writeln!(text, "| {} |", names.join(" | "));
    let rules: Vec<&str> = columns
        .iter()
        .map(|name| if name.starts_with('>') { "--:" } else { "---" })
        .collect();
    let _ = writeln!(text, "| {} |", rules.join(" | "));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
}

/// Keeps names of teams and the like from being read as marks, as links, or as calls to somebody.
///
/// Renderers make links of bare addresses too, and hosts of `@name`; there a backslash does not help, but a
/// joiner of no width does.
fn escaped(text: &str) -> String {
    let text = visible_line(text);
    let text = text.trim();
    let mut safe = String::with_capacity(text.len() + 8);
    for (at, character) in text.char_indices() {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at..).unwrap_or_default();
        let is_mark = match character {
            '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' | '~' | '&' | '$' | '{' | '}' => {
                true
            }
            '.' => before
                .get(before.len().saturating_sub(3)..)
                .is_some_and(|word| word.eq_ignore_ascii_case("www")),
            ':' => after.starts_with("://"),
            _ => false,
        };
        if is_mark {
            safe.push('\\');
        }
        safe.push(character);
        if character == '@' {
            safe.push('\u{200c}');
        }
    }
    safe
}

/// The same of a line of its own, which is no heading, list or rule either.
fn escaped_line(text: &str) -> String {
    let safe = escaped(text);
    let digits = safe.bytes().take_while(u8::is_ascii_digit).count();
    let (start, rest) = safe.split_at(digits);
    let is_mark = if digits > 0 {
        rest.starts_with(". ") || rest.starts_with(") ") || matches!(rest, "." | ")")
    } else {
        rest.starts_with(['#', '-', '+', '='])
    };
    if is_mark {
        format!("{start}\\{rest}")
    } else {
        safe
    }
}

/// Shares as a line of blocks, the highest being 100 %; a dot for no value.
pub(crate) fn sparkline(shares: &[Option<f64>]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    shares
        .iter()
        .map(|share| match share {
            Some(share) => {
                let step = (share.clamp(0.0, 1.0) * 7.0).round() as usize;
                BLOCKS.get(step).copied().unwrap_or('█')
            }
            None => '·',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_not_broken_by_names() {
        let mut sheet = Sheet::default();
        sheet.heading("Teams");
        sheet.table(&["Team", ">n"], vec![vec!["a|b_c".into(), "3".into()]]);
        assert_eq!(
            sheet.markdown(),
            "## Teams\n\n| Team | n |\n| --- | --: |\n| a\\|b\\_c | 3 |\n\n"
        );
    }

    #[test]
    fn what_markdown_would_read_is_text() {
        for (text, expected) in [
            (
                "**b** <b> `c` ~~d~~",
                "\\*\\*b\\*\\* \\<b\\> \\`c\\` \\~\\~d\\~\\~",
            ),
            ("![a](https://e.example/)", "!\\[a\\](https\\://e.example/)"),
            ("see www.e.example", "see www\\.e.example"),
            ("@org/all", "@\u{200c}org/all"),
            ("# no heading", "\\# no heading"),
            ("- no item", "\\- no item"),
            ("1. no item", "1\\. no item"),
            ("2) no item", "2\\) no item"),
            ("2.5 h, 1.2", "2.5 h, 1.2"),
            ("&lt; a-b = c #1", "\\&lt; a-b = c #1"),
            ("a\nb\u{1b}[m", "a b\u{fffd}\\[m"),
        ] {
            assert_eq!(escaped_line(text), expected, "{text}");
        }
    }

    #[test]
    fn a_sparkline_has_a_mark_for_each_value() {
        let line = sparkline(&[Some(0.0), None, Some(0.5), Some(1.0)]);
        assert_eq!(line, "▁·▅█");
    }
}
