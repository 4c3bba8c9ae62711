//! The formats: rows in, files out.

mod csv;
mod jsonl;
mod parquet;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::column::ColumnInfo;
use crate::error::ExportError;
use crate::manifest::WrittenFile;
use crate::tables::Table;
use crate::value::Value;

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Comma-separated values, for spreadsheets.
    Csv,
    /// A JSON object a line.
    Jsonl,
    /// Parquet, apart by month.
    Parquet,
}

impl Format {
    /// Its name, which is also what files end in.
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
            Format::Parquet => "parquet",
        }
    }
}

/// Bytes that a file gathers before it writes them.
const BUFFER_BYTES: usize = 1 << 16;

/// Takes the rows of a table, month after month.
pub(crate) trait RowWriter {
    /// Writes a row; the values are those of the columns, in their order.
    fn row(&mut self, values: Vec<Value>) -> Result<(), ExportError>;

    /// Ends, and says what was written: paths within the export.
    fn finish(self: Box<Self>) -> Result<Vec<WrittenFile>, ExportError>;
}

/// The writer of a table into a folder.
pub(crate) fn into_folder(
    format: Format,
    table: Table,
    folder: &Path,
) -> Result<Box<dyn RowWriter>, ExportError> {
    let columns = table.columns();
    match format {
        Format::Parquet => Ok(Box::new(parquet::Partitions::new(
            columns,
            folder,
            table.name(),
        )?)),
        Format::Csv | Format::Jsonl => {
            let name = format!("{}.{}", table.name(), format.name());
            into_file(format, columns, &folder.join(&name), name)
        }
    }
}

/// The writer of a table into one file, which is called `name` where it is told of.
pub(crate) fn into_file(
    format: Format,
    columns: Vec<ColumnInfo>,
    path: &Path,
    name: String,
) -> Result<Box<dyn RowWriter>, ExportError> {
    let file = File::create_new(path).map_err(ExportError::write(path))?;
    let sink = Sink::new(Output::File(file), path.to_owned(), name);
    into_sink(format, columns, sink)
}

/// The writer of a table into a stream.
pub(crate) fn into_stream<'w>(
    format: Format,
    columns: Vec<ColumnInfo>,
    stream: &'w mut dyn Write,
) -> Result<Box<dyn RowWriter + 'w>, ExportError> {
    let sink = Sink::new(
        Output::Stream(stream),
        PathBuf::from("stdout"),
        "-".to_owned(),
    );
    into_sink(format, columns, sink)
}

fn into_sink<'w>(
    format: Format,
    columns: Vec<ColumnInfo>,
    sink: Sink<'w>,
) -> Result<Box<dyn RowWriter + 'w>, ExportError> {
    match format {
        Format::Csv => Ok(Box::new(csv::Csv::new(&columns, sink)?)),
        Format::Jsonl => Ok(Box::new(jsonl::Jsonl::new(&columns, sink))),
        Format::Parquet => Err(ExportError::NotOneFile {
            what: "Parquet, which is apart by month,",
        }),
    }
}

/// Where the bytes of one file go, counted.
pub(crate) struct Sink<'w> {
    output: BufWriter<Output<'w>>,
    path: PathBuf,
    name: String,
    bytes: u64,
}

enum Output<'w> {
    File(File),
    Stream(&'w mut dyn Write),
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Output::File(file) => file.write(bytes),
            Output::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Output::File(file) => file.flush(),
            Output::Stream(stream) => stream.flush(),
        }
    }
}

impl<'w> Sink<'w> {
    fn new(output: Output<'w>, path: PathBuf, name: String) -> Self {
        Sink {
            output: BufWriter::with_capacity(BUFFER_BYTES, output),
            path,
            name,
            bytes: 0,
        }
    }

    fn line(&mut self, line: &str) -> Result<(), ExportError> {
        let written = self
            .write_all(line.as_bytes())
            .and_then(|()| self.write_all(b"\n"));
        written.map_err(|error| self.failed(error))
    }

    /// What an error of writing is.
    fn failed(&self, error: std::io::Error) -> ExportError {
        ExportError::write(&self.path)(error)
    }

    /// Everything is on the disk, or with the reader, when it returns.
    fn finish(mut self, rows: u64) -> Result<Vec<WrittenFile>, ExportError> {
        self.output.flush().map_err(|error| self.failed(error))?;
        if let Output::File(file) = self.output.get_ref() {
            file.sync_all().map_err(|error| self.failed(error))?;
        }
        Ok(vec![WrittenFile {
            path: self.name,
            month: None,
            rows,
            size_bytes: self.bytes,
        }])
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests;
