//! Comma-separated values by RFC 4180.

use std::path::PathBuf;

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::{RowWriter, Sink};
use crate::cell::csv_text;
use crate::column::ColumnInfo;
use crate::error::ExportError;
use crate::manifest::WrittenFile;
use crate::value::Value;

/// A table as CSV, its first line the names of the columns.
pub(super) struct Csv<'w> {
    writer: csv::Writer<Sink<'w>>,
    path: PathBuf,
    rows: u64,
}

impl<'w> Csv<'w> {
    pub(super) fn new(columns: &[ColumnInfo], sink: Sink<'w>) -> Result<Self, ExportError> {
        let path = sink.path.clone();
        let writer = WriterBuilder::new()
            .quote_style(QuoteStyle::Necessary)
            .terminator(Terminator::CRLF)
            .from_writer(sink);
        let mut csv = Csv {
            writer,
            path,
            rows: 0,
        };
        csv.write(columns.iter().map(|column| column.name.to_owned()))?;
        Ok(csv)
    }

    fn write(&mut self, cells: impl Iterator<Item = String>) -> Result<(), ExportError> {
        self.writer
            .write_record(cells)
            .map_err(|error| ExportError::write(&self.path)(cause(error)))
    }
}

/// What the sink said.
fn cause(error: csv::Error) -> std::io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    }
}

impl RowWriter for Csv<'_> {
    fn row(&mut self, values: Vec<Value>) -> Result<(), ExportError> {
        self.write(values.into_iter().map(cell))?;
        self.rows += 1;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<WrittenFile>, ExportError> {
        let sink = self
            .writer
            .into_inner()
            .map_err(|error| ExportError::write(&self.path)(error.into_error()))?;
        sink.finish(self.rows)
    }
}

/// The cell of a value, before quoting: null is empty, and nothing else is.
fn cell(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => csv_text(&text),
        Value::Integer(number) => number.to_string(),
        // As JSON has it.
        Value::Number(number) => serde_json::Value::from(number).to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Moment(moment) => moment.to_string(),
        Value::Texts(texts) => csv_text(&serde_json::Value::from(texts).to_string()),
    }
}
