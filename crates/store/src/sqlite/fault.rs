//! From errors of SQLite to errors of the store.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::StoreError;
use crate::locks::folder_of;

/// What goes wrong inside a read or a write: SQLite's error, which still lacks the path and what was
/// being done, or a finished error.
#[derive(Debug)]
pub(crate) enum Fault {
    Sqlite(rusqlite::Error),
    Damaged(String),
    Store(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Fault::Sqlite(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Fault::Store(error)
    }
}

impl Fault {
    /// Adds the place and what was being done.
    pub(crate) fn into_error(self, path: &Path, doing: &'static str) -> StoreError {
        match self {
            Fault::Sqlite(error) => from_sqlite(error, path, doing),
            Fault::Damaged(what) => StoreError::Corrupt {
                path: path.to_owned(),
                source: what.into(),
            },
            Fault::Store(error) => error,
        }
    }
}

/// Sorts an error of SQLite by its code.
pub(crate) fn from_sqlite(error: rusqlite::Error, path: &Path, doing: &'static str) -> StoreError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::DiskFull { path },
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path },
        Some(ErrorCode::NotADatabase) => StoreError::NotADatabase { path },
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Corrupt {
            path,
            source: error.into(),
        },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked {
            path,
            what: "writer".to_owned(),
            by: None,
        },
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => StoreError::UnwritableFolder {
            path: folder_of(&path).to_owned(),
            source: std::io::Error::other(error),
        },
        _ => StoreError::Other {
            path,
            doing,
            source: error.into(),
        },
    }
}
