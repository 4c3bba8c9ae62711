//! Files of every format that is read, found by looking.

use std::io::{BufRead, Cursor, Read};

use model::PullRequest;

use crate::csv::{CsvMapping, CsvRows, Row, Table};
use crate::error::{FileError, IntakeError, LineError, LineErrorKind};
use crate::format::{self, Format, Found, LOOKED_AT_BYTES, Layout};
use crate::gharchive::{self, Sighting};
use crate::lines::{Line, Lines};
use crate::parse::{Complaint, check_key, parse, utf8};
use crate::reader::{BYTE_ORDER_MARK, Options, excerpt, explain};
use crate::source::{self, Packing, Progress, Source, Stream};
use crate::values::{Value, Values};

/// How to read a file of any format.
#[derive(Debug, Clone, Default)]
pub struct FileOptions {
    /// Bounds.
    pub options: Options,
    /// The format; `None` finds it by looking.
    pub format: Option<Format>,
    /// The mapping of a table's columns.
    pub mapping: Option<CsvMapping>,
}

/// What stood somewhere in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The line on which it begins, from 1.
    pub line_number: u64,
    /// What it is.
    pub content: Content,
}

/// What a file can hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A pull request, as far as the file knows it.
    PullRequest(Box<PullRequest>),
    /// That a pull request exists.
    Sighting(Sighting),
    /// Something sound that is no pull request: an issue, an event of another kind.
    Other,
}

/// Reads one source of any format, with memory for one record.
///
/// As an iterator it gives an item or an error for each record. After [`IntakeError::Line`] it goes on;
/// after [`IntakeError::File`] it has ended.
pub struct FileReader {
    file: String,
    packing: Packing,
    progress: Progress,
    format: Format,
    cutter: Cutter,
    is_ended: bool,
}

type Input = Box<dyn BufRead + Send>;

/// Cuts records out of a file.
enum Cutter {
    Lines { lines: Lines<Input>, line: u64 },
    Values(Values<Input>),
    Table(Box<Table<Input>>),
}

impl FileReader {
    /// Opens a file or standard input, and looks at its beginning.
    pub fn open(source: &Source, options: &FileOptions) -> Result<Self, FileError> {
        Self::new(source.name(), source::open(source)?, options)
    }

    /// Reads from anything; `name` is for messages.
    pub fn from_read(
        name: &str,
        input: Box<dyn Read + Send>,
        options: &FileOptions,
    ) -> Result<Self, FileError> {
        Self::new(name.to_owned(), source::unpack(name, input, None)?, options)
    }

    fn new(file: String, stream: Stream, options: &FileOptions) -> Result<Self, FileError> {
        let Stream {
            input,
            packing,
            progress,
        } = stream;
        let (head, input) = peek(input);
        let wanted = options
            .format
            .or(options.mapping.as_ref().map(|_| Format::Csv));
        let Found { format, layout } = format::look(&head, wanted);
        let most = options.options.line_bytes_max;
        let cutter = match (format, layout) {
            (Format::Csv, _) => {
                let Some(mapping) = options.mapping.clone() else {
                    return Err(FileError::NoMapping { file });
                };
                let rows = CsvRows::new(input, mapping.delimiter(), most);
                let table = Table::open(rows, mapping).map_err(|error| error.of(&file))?;
                Cutter::Table(Box::new(table))
            }
            (_, Layout::Lines) => Cutter::Lines {
                lines: Lines::new(input, most),
                line: 0,
            },
            (_, Layout::Values(arrays)) => Cutter::Values(Values::new(input, arrays, most)),
        };
        Ok(Self {
            file,
            packing,
            progress,
            format,
            cutter,
            is_ended: false,
        })
    }

    /// The format in which the file is read.
    pub fn format(&self) -> Format {
        self.format
    }

    /// How far the reader is; keep it to draw a progress bar.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// The name of the source in messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    fn next_item(&mut self) -> Result<Option<Item>, IntakeError> {
        let format = self.format;
        let failed = |lines, source| explain(&self.file, self.packing, lines, source);
        let (line_number, result, shown) = match &mut self.cutter {
            Cutter::Lines { lines, line } => loop {
                let next = lines
                    .next_line()
                    .map_err(|source| IntakeError::File(failed(*line, source)))?;
                let Some(next) = next else { return Ok(None) };
                *line += 1;
                match next {
                    Line::TooLong { head, length_bytes } => {
                        break (*line, Err(too_long(length_bytes)), excerpt(head));
                    }
                    Line::Whole(bytes) => {
                        if bytes.trim_ascii().is_empty() {
                            continue;
                        }
                        let read = read(format, bytes);
                        let shown = read.as_ref().err().map(|_| excerpt(bytes));
                        break (*line, read, shown.unwrap_or_default());
                    }
                }
            },
            Cutter::Values(values) => {
                let lines = values.lines();
                let next = values
                    .next_value()
                    .map_err(|source| IntakeError::File(failed(lines, source)))?;
                match next {
                    None => return Ok(None),
                    Some(Value::TooLong {
                        line,
                        head,
                        length_bytes,
                    }) => (line, Err(too_long(length_bytes)), excerpt(head)),
                    Some(Value::Whole { line, bytes }) => {
                        let read = read(format, bytes);
                        let shown = read.as_ref().err().map(|_| excerpt(bytes));
                        (line, read, shown.unwrap_or_default())
                    }
                }
            }
            Cutter::Table(table) => {
                let lines = table.lines();
                let next = table
                    .next_row()
                    .map_err(|source| IntakeError::File(failed(lines, source)))?;
                let Some(Row {
                    line,
                    record,
                    excerpt,
                }) = next
                else {
                    return Ok(None);
                };
                let read = record.map(|record| Content::PullRequest(Box::new(record)));
                (line, read, excerpt)
            }
        };
        match result {
            Ok(content) => Ok(Some(Item {
                line_number,
                content,
            })),
            Err(complaint) => Err(LineError {
                file: self.file.clone(),
                line: line_number,
                field: complaint.field,
                kind: complaint.kind,
                reason: complaint.reason,
                excerpt: shown,
            }
            .into()),
        }
    }
}

impl Iterator for FileReader {
    type Item = Result<Item, IntakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_ended {
            return None;
        }
        let next = self.next_item().transpose();
        self.is_ended = matches!(next, None | Some(Err(IntakeError::File(_))));
        next
    }
}

/// Reads one record.
fn read(format: Format, bytes: &[u8]) -> Result<Content, Complaint> {
    let whole = |record| Content::PullRequest(Box::new(record));
    match format {
        Format::Github => {
            let text = utf8(bytes)?;
            if !text.trim_start().starts_with(['{', '[']) {
                return Err(not_an_object());
            }
            Ok(crate::github::read(text)?.map_or(Content::Other, whole))
        }
        Format::Gharchive => {
            let text = utf8(bytes)?;
            if !text.trim_start().starts_with('{') {
                return Err(not_an_object());
            }
            Ok(gharchive::read(text)?.map_or(Content::Other, Content::Sighting))
        }
        Format::Tandem | Format::Csv => parse(bytes, check_key).map(whole),
    }
}

fn not_an_object() -> Complaint {
    Complaint::new(LineErrorKind::BadJson, None, "not a JSON object")
}

fn too_long(length_bytes: u64) -> Complaint {
    Complaint::new(
        LineErrorKind::LineTooLong,
        None,
        format!("the record is {length_bytes} bytes long"),
    )
}

/// Reads the beginning of a file, and puts it back without a byte order mark. A failure is met again when
/// reading comes to it.
fn peek(mut input: Input) -> (Vec<u8>, Input) {
    let mut head = Vec::new();
    let outcome = Read::by_ref(&mut input)
        .take(LOOKED_AT_BYTES as u64)
        .read_to_end(&mut head);
    if head.starts_with(BYTE_ORDER_MARK) {
        head.drain(..BYTE_ORDER_MARK.len());
    }
    let again = Cursor::new(head.clone());
    match outcome {
        Ok(_) => (head, Box::new(again.chain(input))),
        Err(error) => (head, Box::new(again.chain(Failing(Some(error))))),
    }
}

/// Fails once, as reading did before.
struct Failing(Option<std::io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.fill_buf().map(<[u8]>::len)
    }
}

impl BufRead for Failing {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        match self.0.take() {
            Some(error) => Err(error),
            None => Ok(&[]),
        }
    }

    fn consume(&mut self, _: usize) {}
}
