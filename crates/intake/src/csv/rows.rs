//! Rows of a table: cells between delimiters, in quotation marks where they need them.

use std::io::{BufRead, ErrorKind, Result};

/// How much of a row that is too long is kept.
const HEAD_BYTES: usize = 1024;

/// Cuts a stream into rows without holding more than one of the longest length allowed.
///
/// As in RFC 4180: a cell in quotation marks may hold delimiters, line ends, and quotation marks written
/// twice. A quotation mark within a bare cell is an ordinary character.
pub(crate) struct CsvRows<R> {
    input: R,
    delimiter: u8,
    row_bytes_max: usize,
    line: u64,
}

/// A row, and the line on which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawRow {
    pub(crate) line: u64,
    pub(crate) cells: Vec<Vec<u8>>,
    /// Set where it is longer than allowed; only its beginning is kept.
    pub(crate) is_too_long: bool,
    /// Set where the file ends within quotation marks.
    pub(crate) is_cut_off: bool,
}

/// Where in a cell the cutter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Bare,
    Quoted,
    /// After a quotation mark within quotation marks: the end, or the first of two.
    Quote,
}

impl<R: BufRead> CsvRows<R> {
    pub(crate) fn new(input: R, delimiter: u8, row_bytes_max: usize) -> Self {
        Self {
            input,
            delimiter,
            row_bytes_max,
            line: 1,
        }
    }

    /// Lines read to their end so far.
    pub(crate) fn lines(&self) -> u64 {
        self.line - 1
    }

    /// The next row that is not blank; `None` at the end.
    pub(crate) fn next_row(&mut self) -> Result<Option<RawRow>> {
        loop {
            match self.any_row()? {
                Some(row) if row.cells.len() == 1 && row.cells.iter().all(Vec::is_empty) => {}
                other => return Ok(other),
            }
        }
    }

    fn any_row(&mut self) -> Result<Option<RawRow>> {
        let mut row = RawRow {
            line: self.line,
            cells: Vec::new(),
            is_too_long: false,
            is_cut_off: false,
        };
        let mut cell = Vec::new();
        let mut state = State::Start;
        let mut kept_bytes = 0_usize;
        let mut is_empty = true;
        loop {
            let Some(byte) = self.next_byte()? else {
                if is_empty {
                    return Ok(None);
                }
                row.is_cut_off = state == State::Quoted;
                break;
            };
            is_empty = false;
            if byte == b'\n' {
                self.line += 1;
            }
            match (state, byte) {
                (State::Quoted, b'"') => {
                    state = State::Quote;
                    continue;
                }
                (State::Quoted, _) => {}
                (State::Start, b'"') => {
                    state = State::Quoted;
                    continue;
                }
                (State::Quote, b'"') => state = State::Quoted,
                (_, b'\n') => break,
                (_, byte) if byte == self.delimiter => {
                    row.cells.push(std::mem::take(&mut cell));
                    state = State::Start;
                    continue;
                }
                _ => state = State::Bare,
            }
            kept_bytes += 1;
            if kept_bytes <= self.row_bytes_max {
                cell.push(byte);
            } else {
                row.is_too_long = true;
            }
        }
        // A line may end with a carriage return, which is not of the last cell.
        if state == State::Bare && cell.last() == Some(&b'\r') {
            cell.pop();
        }
        row.cells.push(cell);
        if row.is_too_long {
            for cell in &mut row.cells {
                cell.truncate(HEAD_BYTES);
            }
        }
        Ok(Some(row))
    }

    fn next_byte(&mut self) -> Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok(chunk) => {
                    let byte = chunk.first().copied();
                    if byte.is_some() {
                        self.input.consume(1);
                    }
                    return Ok(byte);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn cut(text: &str, most: usize) -> Vec<RawRow> {
        let mut rows = CsvRows::new(Cursor::new(text.as_bytes()), b',', most);
        let mut found = Vec::new();
        while let Some(row) = rows.next_row().expect("reads") {
            found.push(row);
        }
        found
    }

    fn check(text: &str, expect: &[(u64, &[&str])]) {
        let found: Vec<(u64, Vec<String>)> = cut(text, 99)
            .into_iter()
            .map(|row| {
                let cells = row.cells.iter();
                let cells = cells.map(|cell| String::from_utf8_lossy(cell).into_owned());
                (row.line, cells.collect())
            })
            .collect();
        let found: Vec<(u64, Vec<&str>)> = found
            .iter()
            .map(|(line, cells)| (*line, cells.iter().map(String::as_str).collect()))
            .collect();
        let expect: Vec<(u64, Vec<&str>)> = expect
            .iter()
            .map(|(line, cells)| (*line, cells.to_vec()))
            .collect();
        assert_eq!(found, expect, "{text:?}");
    }

    #[test]
    fn rows_are_cut_as_spreadsheets_write_them() {
        check("", &[]);
        check("a,b\n", &[(1, &["a", "b"])]);
        check("a,b\r\n1,2", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("a,,\n\n,b", &[(1, &["a", "", ""]), (3, &["", "b"])]);
        check("\"a,\nb\",c\nd", &[(1, &["a,\nb", "c"]), (3, &["d"])]);
        check(
            "\"say \"\"no\"\"\"\r\nx",
            &[(1, &["say \"no\""]), (2, &["x"])],
        );
        check("5\" pipe,x", &[(1, &["5\" pipe", "x"])]);
        check("\"\",\"\"", &[(1, &["", ""])]);
    }

    #[test]
    fn a_row_without_end_takes_no_memory_and_is_told() {
        let rows = cut(&format!("\"{}", "x".repeat(5_000)), 50);
        assert!(rows[0].is_too_long && rows[0].is_cut_off);
        assert_eq!(rows[0].cells, [vec![b'x'; 50]]);
        let rows = cut("\"open", 50);
        assert!(rows[0].is_cut_off && !rows[0].is_too_long);
    }
}
