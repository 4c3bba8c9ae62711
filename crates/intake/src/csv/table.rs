//! Rows become pull requests.

use std::io::{BufRead, Result};

use model::PullRequest;

use super::fields::Field;
use super::mapping::CsvMapping;
use super::rows::{CsvRows, RawRow};
use crate::error::{FileError, LineErrorKind};
use crate::parse::{Complaint, check_key, utf8};
use crate::reader::excerpt;

/// How many columns of a file are named in a message.
const COLUMNS_NAMED: usize = 12;

/// A table with its mapping.
pub(crate) struct Table<R> {
    rows: CsvRows<R>,
    mapping: CsvMapping,
    /// Where each mapped column stands, with its name.
    columns: Vec<(usize, String, Field)>,
    width: usize,
}

/// What became of a row.
pub(crate) struct Row {
    pub(crate) line: u64,
    pub(crate) record: std::result::Result<PullRequest, Complaint>,
    /// The beginning of the row, where it is bad.
    pub(crate) excerpt: String,
}

/// Why a table cannot be read at all.
pub(crate) enum NoTable {
    Read(std::io::Error),
    MissingColumn { column: String, there_are: String },
    NoHeader,
}

impl NoTable {
    /// The same of a file.
    pub(crate) fn of(self, file: &str) -> FileError {
        let file = file.to_owned();
        match self {
            NoTable::Read(source) => FileError::Read {
                file,
                lines: 0,
                source,
            },
            NoTable::MissingColumn { column, there_are } => FileError::MissingColumn {
                file,
                column,
                there_are,
            },
            NoTable::NoHeader => FileError::NoHeader { file },
        }
    }
}

impl<R: BufRead> Table<R> {
    /// Reads the header, and finds the columns of the mapping in it.
    pub(crate) fn open(
        mut rows: CsvRows<R>,
        mapping: CsvMapping,
    ) -> std::result::Result<Self, NoTable> {
        let header = rows.next_row().map_err(NoTable::Read)?;
        let header = header.ok_or(NoTable::NoHeader)?;
        let names: Vec<String> = header
            .cells
            .iter()
            .map(|cell| String::from_utf8_lossy(cell.trim_ascii()).into_owned())
            .collect();
        let mut columns = Vec::with_capacity(mapping.columns.len());
        for (column, field) in &mapping.columns {
            let Some(index) = names.iter().position(|name| name == column.trim()) else {
                return Err(NoTable::MissingColumn {
                    column: column.clone(),
                    there_are: in_words(&names),
                });
            };
            columns.push((index, column.clone(), *field));
        }
        Ok(Self {
            rows,
            mapping,
            columns,
            width: names.len(),
        })
    }

    /// Lines read to their end so far.
    pub(crate) fn lines(&self) -> u64 {
        self.rows.lines()
    }

    /// The next row.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row>> {
        let Some(raw) = self.rows.next_row()? else {
            return Ok(None);
        };
        let record = self.read(&raw);
        let excerpt = match &record {
            Ok(_) => String::new(),
            Err(_) => excerpt(&raw.cells.join(&self.mapping.delimiter())),
        };
        Ok(Some(Row {
            line: raw.line,
            record,
            excerpt,
        }))
    }

    fn read(&self, raw: &RawRow) -> std::result::Result<PullRequest, Complaint> {
        if raw.is_too_long {
            return Err(whole(LineErrorKind::LineTooLong, "the row is too long"));
        }
        if raw.is_cut_off {
            return Err(whole(
                LineErrorKind::BadRow,
                "the file ends within quotation marks that begin in this row",
            ));
        }
        if raw.cells.len() != self.width {
            let words = format!(
                "it has {} cells, the header has {}",
                raw.cells.len(),
                self.width
            );
            return Err(whole(LineErrorKind::BadRow, &words));
        }
        let mut record = PullRequest::default();
        for (field, text) in &self.mapping.constants {
            field
                .set(&mut record, text, &self.mapping.reading)
                .map_err(|words| whole(LineErrorKind::BadField, &words))?;
        }
        for (index, column, field) in &self.columns {
            let cell = raw.cells.get(*index).map(Vec::as_slice).unwrap_or_default();
            let text = utf8(cell).map_err(|complaint| complaint.within(column))?;
            let text = text.trim();
            // An empty cell says nothing.
            if text.is_empty() {
                continue;
            }
            field
                .set(&mut record, text, &self.mapping.reading)
                .map_err(|words| Complaint::new(LineErrorKind::BadField, Some(column), words))?;
        }
        if record.repo.is_empty() || record.number == 0 {
            let field = if record.repo.is_empty() {
                "repo"
            } else {
                "number"
            };
            return Err(Complaint::new(
                LineErrorKind::MissingKey,
                Some(field),
                "empty",
            ));
        }
        check_key(&record)?;
        Ok(record)
    }
}

fn whole(kind: LineErrorKind, words: &str) -> Complaint {
    Complaint::new(kind, None, words)
}

fn in_words(columns: &[String]) -> String {
    let mut shown: Vec<&str> = columns
        .iter()
        .take(COLUMNS_NAMED)
        .map(String::as_str)
        .collect();
    if columns.len() > COLUMNS_NAMED {
        shown.push("...");
    }
    shown.join(", ")
}
