//! From an address to a store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::{SqliteStore, Store, StoreError};

/// What the database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading only: needs no lock, and a missing database is an error.
    Read,
    /// Reading and writing: a missing database is made.
    Write,
}

/// How to open a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOptions {
    /// What for.
    pub access: Access,
    /// The verb that opens it; others are told it while this process holds a lock.
    pub verb: String,
    /// How long a write waits for another writer before it gives up.
    pub patience: Duration,
}

impl OpenOptions {
    /// Opens for reading.
    pub fn read(verb: impl Into<String>) -> Self {
        Self::new(Access::Read, verb.into())
    }

    /// Opens for writing, with a patience of 30 s.
    pub fn write(verb: impl Into<String>) -> Self {
        Self::new(Access::Write, verb.into())
    }

    fn new(access: Access, verb: String) -> Self {
        Self {
            access,
            verb,
            patience: Duration::from_secs(30),
        }
    }
}

/// Opens the database at a path, or at a URL: `sqlite:PATH` is the same as `PATH`.
pub fn open(location: &str, options: &OpenOptions) -> Result<Arc<dyn Store>, StoreError> {
    if let Some(path) = location.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return Ok(Arc::new(SqliteStore::open(Path::new(path), options)?));
    }
    if let Some((scheme, _)) = location.split_once("://") {
        return Err(StoreError::UnsupportedUrl {
            scheme: scheme.to_owned(),
        });
    }
    Ok(Arc::new(SqliteStore::open(Path::new(location), options)?))
}
