//! Parquet: a folder for each month, `month=2026-05/part-0.parquet`.
//!
//! Rows come month after month, so one file is open at a time. Its columns gather in memory until a row group
//! is full; rows of a month that has come before would begin a second file of the same name, and are refused.

mod buffer;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::RowWriter;
use crate::column::ColumnInfo;
use crate::error::ExportError;
use crate::manifest::WrittenFile;
use crate::tables::PARTITION;
use crate::value::Value;
use buffer::Buffer;

/// Rows of a row group.
const GROUP_ROWS: usize = 50_000;
/// Bytes of values that a row group gathers, about: before encoding and compression.
const GROUP_BYTES: usize = 16 << 20;
/// Level of zstd: larger ones save little and cost much.
const LEVEL: i32 = 3;

/// What stands for a month that is not known. Readers of Hive's partitions take it for null.
const NO_MONTH: &str = "__HIVE_DEFAULT_PARTITION__";

/// A table, apart by month.
pub(super) struct Partitions {
    /// Without the month, which is told by the folder.
    columns: Vec<ColumnInfo>,
    schema: TypePtr,
    properties: WriterPropertiesPtr,
    /// Where the folders of months are.
    folder: PathBuf,
    /// How that is called within the export.
    name: &'static str,
    open: Option<Part>,
    written: Vec<WrittenFile>,
}

/// The file of a month.
struct Part {
    month: Option<String>,
    path: PathBuf,
    name: String,
    writer: SerializedFileWriter<File>,
    buffers: Vec<Buffer>,
    buffered_rows: usize,
    buffered_bytes: usize,
    rows: u64,
}

impl Partitions {
    pub(super) fn new(
        columns: Vec<ColumnInfo>,
        folder: &Path,
        name: &'static str,
    ) -> Result<Self, ExportError> {
        let folder = folder.join(name);
        fs::create_dir(&folder).map_err(ExportError::write(&folder))?;
        let columns: Vec<ColumnInfo> = columns
            .into_iter()
            .filter(|column| column.name != PARTITION)
            .collect();
        let fields = columns
            .iter()
            .map(buffer::field)
            .collect::<Result<Vec<TypePtr>, ParquetError>>()
            .map_err(ExportError::Parquet)?;
        let schema = Type::group_type_builder("schema")
            .with_fields(fields)
            .build()
            .map_err(ExportError::Parquet)?;
        let level = ZstdLevel::try_new(LEVEL).map_err(ExportError::Parquet)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_created_by(format!("tandem {}", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Partitions {
            columns,
            schema: Arc::new(schema),
            properties: Arc::new(properties),
            folder,
            name,
            open: None,
            written: Vec::new(),
        })
    }

    /// The file of this month, which is begun where it is not the open one.
    fn part(&mut self, month: Option<String>) -> Result<&mut Part, ExportError> {
        if self.open.as_ref().is_some_and(|part| part.month != month) {
            self.close()?;
        }
        if self.open.is_none() {
            self.open = Some(self.begin(month)?);
        }
        self.open.as_mut().ok_or_else(|| {
            ExportError::Parquet(ParquetError::General("no file is open".to_owned()))
        })
    }

    fn begin(&self, month: Option<String>) -> Result<Part, ExportError> {
        let partition = format!("{PARTITION}={}", month.as_deref().unwrap_or(NO_MONTH));
        let folder = self.folder.join(&partition);
        fs::create_dir(&folder).map_err(ExportError::write(&folder))?;
        let path = folder.join("part-0.parquet");
        let file = File::create_new(&path).map_err(ExportError::write(&path))?;
        let writer =
            SerializedFileWriter::new(file, Arc::clone(&self.schema), Arc::clone(&self.properties))
                .map_err(ExportError::parquet(&path))?;
        Ok(Part {
            month,
            path,
            name: format!("{}/{partition}/part-0.parquet", self.name),
            writer,
            buffers: self.columns.iter().map(Buffer::of).collect(),
            buffered_rows: 0,
            buffered_bytes: 0,
            rows: 0,
        })
    }

    fn close(&mut self) -> Result<(), ExportError> {
        if let Some(part) = self.open.take() {
            self.written.push(part.close()?);
        }
        Ok(())
    }
}

impl RowWriter for Partitions {
    fn row(&mut self, values: Vec<Value>) -> Result<(), ExportError> {
        let mut values = values.into_iter();
        let month = match values.next() {
            Some(Value::Text(month)) => Some(month),
            _ => None,
        };
        self.part(month)?.add(values)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<WrittenFile>, ExportError> {
        if self.open.is_none() && self.written.is_empty() {
            // A file without rows tells readers the columns.
            self.part(None)?;
        }
        self.close()?;
        Ok(self.written)
    }
}

impl Part {
    fn add(&mut self, values: impl Iterator<Item = Value>) -> Result<(), ExportError> {
        for (buffer, value) in self.buffers.iter_mut().zip(values) {
            self.buffered_bytes += buffer.push(value).map_err(ExportError::Parquet)?;
        }
        self.buffered_rows += 1;
        self.rows += 1;
        if self.buffered_rows >= GROUP_ROWS || self.buffered_bytes >= GROUP_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes the row group that has gathered.
    fn flush(&mut self) -> Result<(), ExportError> {
        if self.buffered_rows == 0 {
            return Ok(());
        }
        (self.buffered_rows, self.buffered_bytes) = (0, 0);
        let buffers = &mut self.buffers;
        let mut group = self
            .writer
            .next_row_group()
            .map_err(ExportError::parquet(&self.path))?;
        let mut write = || -> Result<(), ParquetError> {
            let mut buffers = buffers.iter_mut();
            while let Some(mut column) = group.next_column()? {
                if let Some(buffer) = buffers.next() {
                    buffer.write_into(&mut column)?;
                }
                column.close()?;
            }
            Ok(())
        };
        write().map_err(ExportError::parquet(&self.path))?;
        group.close().map_err(ExportError::parquet(&self.path))?;
        Ok(())
    }

    fn close(mut self) -> Result<WrittenFile, ExportError> {
        self.flush()?;
        self.writer
            .finish()
            .map_err(ExportError::parquet(&self.path))?;
        let file = self.writer.inner();
        file.sync_all().map_err(ExportError::write(&self.path))?;
        Ok(WrittenFile {
            path: self.name,
            month: self.month,
            rows: self.rows,
            size_bytes: self.writer.bytes_written() as u64,
        })
    }
}
