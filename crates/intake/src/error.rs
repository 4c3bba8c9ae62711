//! What can be wrong with one line, and what with a whole file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why the next record could not be had.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// One line is bad; the reader goes on with the next.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The file cannot be read further; the reader has ended. What came before it is sound.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A line that is not a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct LineError {
    /// The file as it was named; `stdin` for standard input.
    pub file: String,
    /// The line, from 1; blank lines count.
    pub line: u64,
    /// The path of the field, for instance `commits[2].message`; `None` when the whole line is
    /// meant.
    pub field: Option<String>,
    /// What kind of wrong.
    pub kind: LineErrorKind,
    /// What is wrong, in words.
    pub reason: String,
    /// The beginning of the line, at most 200 characters.
    pub excerpt: String,
}

impl fmt::Display for LineError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: ", self.file, self.line)?;
        if let Some(field) = &self.field {
            write!(formatter, "{field}: ")?;
        }
        write!(formatter, "{}", self.reason)
    }
}

/// The kinds of bad lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineErrorKind {
    /// Not a JSON object.
    BadJson,
    /// A field has a value that it cannot have.
    BadField,
    /// `repo` or `number` is absent or null.
    MissingKey,
    /// The line is longer than allowed; it was skipped without being kept in memory.
    LineTooLong,
    /// The line is not UTF-8.
    InvalidUtf8,
    /// A row of a table has not the cells that it should have.
    BadRow,
}

/// Why a file cannot be read, or not further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file cannot be opened.
    #[error("cannot open {file}")]
    Open {
        /// The file as it was named.
        file: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The compressed file ends in the middle.
    #[error("{file} is cut off: the {format} data ends after line {lines} without its end mark")]
    Truncated {
        /// The file as it was named.
        file: String,
        /// `gzip` or `zstd`.
        format: &'static str,
        /// The complete lines before the cut.
        lines: u64,
    },
    /// The compressed data is damaged.
    #[error("{file} is damaged: the {format} data after line {lines} cannot be unpacked")]
    Damaged {
        /// The file as it was named.
        file: String,
        /// `gzip` or `zstd`.
        format: &'static str,
        /// The complete lines before the damage.
        lines: u64,
        /// What the decompressor said.
        #[source]
        source: std::io::Error,
    },
    /// The file is of a kind that cannot be read.
    #[error("{file} looks like {looks_like}; JSON and CSV, plain or with gzip or zstd, are read")]
    UnknownFormat {
        /// The file as it was named.
        file: String,
        /// What it looks like.
        looks_like: &'static str,
    },
    /// The file is a table, and nothing says what its columns mean.
    #[error("{file} looks like a table, and no mapping says what its columns mean")]
    NoMapping {
        /// The file as it was named.
        file: String,
    },
    /// The file is a table without a single line.
    #[error("{file} has no header")]
    NoHeader {
        /// The file as it was named.
        file: String,
    },
    /// A column of the mapping is not in the table.
    #[error("{file} has no column '{column}'; its columns are {there_are}")]
    MissingColumn {
        /// The file as it was named.
        file: String,
        /// The column as the mapping names it.
        column: String,
        /// The columns that there are, the first of them.
        there_are: String,
    },
    /// Reading failed.
    #[error("failed to read {file} after line {lines}")]
    Read {
        /// The file as it was named.
        file: String,
        /// The complete lines before.
        lines: u64,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The rejects file cannot be written.
    #[error("failed to write rejected lines to {file}")]
    Rejects {
        /// The rejects file.
        file: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}
