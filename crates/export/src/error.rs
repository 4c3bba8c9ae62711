//! What can go wrong with an export.

use std::io;
use std::path::PathBuf;

use store::StoreError;

/// Why there is no export. What was at the target is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database could not be read.
    #[error("cannot read the database")]
    Store(#[from] StoreError),
    /// A file or folder could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is something at the target, and it is not to be replaced.
    #[error("{} is there already", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// There is something at the target that no export has written.
    #[error("{} is not an export of tandem, and is not replaced", path.display())]
    NotAnExport {
        /// Where.
        path: PathBuf,
    },
    /// The target has no name of its own, such as `..`.
    #[error("'{}' is no name for an export", path.display())]
    NoName {
        /// What was given.
        path: PathBuf,
    },
    /// Another process writes to the same target.
    #[error("another export to {} is under way", path.display())]
    InUse {
        /// Where.
        path: PathBuf,
    },
    /// Several tables, or Parquet, cannot go into one stream.
    #[error("{what} cannot go into one file")]
    NotOneFile {
        /// What.
        what: &'static str,
    },
    /// The Parquet library refused what it was given.
    #[error("cannot make a Parquet file")]
    Parquet(#[source] parquet::errors::ParquetError),
}

impl ExportError {
    /// What an error while writing a file at `path` is.
    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> ExportError {
        let path = path.into();
        |source| ExportError::Write { path, source }
    }

    /// What an error of the Parquet library while writing a file at `path` is.
    pub(crate) fn parquet(
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(parquet::errors::ParquetError) -> ExportError {
        let path = path.into();
        |error| match error {
            parquet::errors::ParquetError::External(error) => match error.downcast::<io::Error>() {
                Ok(source) => ExportError::Write {
                    path,
                    source: *source,
                },
                Err(other) => ExportError::Parquet(parquet::errors::ParquetError::External(other)),
            },
            other => ExportError::Parquet(other),
        }
    }

    /// Whether there is no room left for what was to be written.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, ExportError::Write { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge))
    }
}
