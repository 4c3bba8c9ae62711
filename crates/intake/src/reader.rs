//! Records, one after the other.

use std::io::Read;

use model::PullRequest;
use serde::de::DeserializeOwned;

use crate::error::{FileError, IntakeError, LineError, LineErrorKind};
use crate::lines::{Line, Lines};
use crate::parse::{Complaint, check_key, parse};
use crate::source::{self, Packing, Progress, Source, Stream};

/// How much of a bad line is shown.
const EXCERPT_CHARACTERS: usize = 200;
/// What some programs write before UTF-8.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The longest line that is read, in bytes; a longer one is skipped and reported.
    pub line_bytes_max: usize,
}

impl Default for Options {
    /// Lines of up to 64 MiB.
    fn default() -> Self {
        Self {
            line_bytes_max: 64 << 20,
        }
    }
}

/// A pull request and where it stood.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The line, from 1; blank lines count.
    pub line_number: u64,
    /// The pull request.
    pub pull_request: PullRequest,
}

/// Reads pull requests from one source, line by line, with memory for one line.
///
/// As an iterator it gives a record or an error for each line that is not blank. After
/// [`IntakeError::Line`] it goes on; after [`IntakeError::File`] it has ended.
pub struct Reader {
    lines: JsonLines<PullRequest>,
}

impl Reader {
    /// Opens a file or standard input.
    pub fn open(source: &Source, options: Options) -> Result<Self, FileError> {
        Ok(Self::new(JsonLines::open(source, options)?))
    }

    /// Reads from anything; `name` is for messages.
    pub fn from_read(
        name: &str,
        input: Box<dyn Read + Send>,
        options: Options,
    ) -> Result<Self, FileError> {
        let stream = source::unpack(name, input, None)?;
        Ok(Self::new(JsonLines::new(name.to_owned(), stream, options)))
    }

    fn new(lines: JsonLines<PullRequest>) -> Self {
        Self {
            lines: lines.checked_by(check_key),
        }
    }

    /// How far the reader is; keep it to draw a progress bar.
    pub fn progress(&self) -> Progress {
        self.lines.progress.clone()
    }

    /// The name of the source in messages.
    pub fn file(&self) -> &str {
        &self.lines.file
    }
}

impl Iterator for Reader {
    type Item = Result<Record, IntakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.next()?;
        Some(line.map(|line| Record {
            line_number: line.line_number,
            pull_request: line.value,
        }))
    }
}

/// A value and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonLine<T> {
    /// The line, from 1; blank lines count.
    pub line_number: u64,
    /// The value.
    pub value: T,
}

/// Reads values of any kind from one source, as [`Reader`] reads pull requests.
pub struct JsonLines<T> {
    file: String,
    packing: Packing,
    progress: Progress,
    lines: Lines<Box<dyn std::io::BufRead + Send>>,
    line_number: u64,
    is_ended: bool,
    check: fn(&T) -> Result<(), Complaint>,
}

impl<T: DeserializeOwned> JsonLines<T> {
    /// Opens a file or standard input.
    pub fn open(source: &Source, options: Options) -> Result<Self, FileError> {
        Ok(Self::new(source.name(), source::open(source)?, options))
    }

    fn new(file: String, stream: Stream, options: Options) -> Self {
        Self {
            file,
            packing: stream.packing,
            progress: stream.progress,
            lines: Lines::new(stream.input, options.line_bytes_max),
            line_number: 0,
            is_ended: false,
            check: |_| Ok(()),
        }
    }

    fn checked_by(self, check: fn(&T) -> Result<(), Complaint>) -> Self {
        Self { check, ..self }
    }

    fn next_line(&mut self) -> Result<Option<JsonLine<T>>, IntakeError> {
        loop {
            let line = match self.lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(None),
                Err(source) => {
                    return Err(explain(&self.file, self.packing, self.line_number, source).into());
                }
            };
            self.line_number += 1;
            let (line, result) = match line {
                Line::TooLong { head, length_bytes } => {
                    let reason = format!("the line is {length_bytes} bytes long");
                    let complaint = Complaint {
                        field: None,
                        kind: LineErrorKind::LineTooLong,
                        reason,
                    };
                    (head, Err(complaint))
                }
                Line::Whole(line) => {
                    let line = match line.strip_prefix(BYTE_ORDER_MARK) {
                        Some(rest) if self.line_number == 1 => rest,
                        _ => line,
                    };
                    if line.trim_ascii().is_empty() {
                        continue;
                    }
                    (line, parse(line, self.check))
                }
            };
            return match result {
                Ok(value) => Ok(Some(JsonLine {
                    line_number: self.line_number,
                    value,
                })),
                Err(complaint) => Err(LineError {
                    file: self.file.clone(),
                    line: self.line_number,
                    field: complaint.field,
                    kind: complaint.kind,
                    reason: complaint.reason,
                    excerpt: excerpt(line),
                }
                .into()),
            };
        }
    }
}

impl<T: DeserializeOwned> Iterator for JsonLines<T> {
    type Item = Result<JsonLine<T>, IntakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_ended {
            return None;
        }
        let next = self.next_line().transpose();
        self.is_ended = matches!(next, None | Some(Err(IntakeError::File(_))));
        next
    }
}

/// What a failed read means.
pub(crate) fn explain(
    file: &str,
    packing: Packing,
    lines: u64,
    source: std::io::Error,
) -> FileError {
    use std::io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    let file = file.to_owned();
    let format = packing.name();
    match (packing, source.kind()) {
        (Packing::Plain, _) => FileError::Read {
            file,
            lines,
            source,
        },
        (_, UnexpectedEof) => FileError::Truncated {
            file,
            format,
            lines,
        },
        // A decompressor has no error number of the system.
        (_, InvalidData | InvalidInput | Other) if source.raw_os_error().is_none() => {
            FileError::Damaged {
                file,
                format,
                lines,
                source,
            }
        }
        _ => FileError::Read {
            file,
            lines,
            source,
        },
    }
}

/// The beginning of a line, as text.
pub(crate) fn excerpt(line: &[u8]) -> String {
    // A character has at most four bytes.
    let head = &line[..line.len().min(EXCERPT_CHARACTERS * 4)];
    String::from_utf8_lossy(head)
        .chars()
        .take(EXCERPT_CHARACTERS)
        .collect()
}
