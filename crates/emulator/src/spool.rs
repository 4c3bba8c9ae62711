//! The directory that holds uploaded and result files.

use std::io;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::config::StartError;

/// The spool directory; a temporary one goes with it.
#[derive(Debug)]
pub(crate) struct Spool {
    directory: PathBuf,
    _temporary: Option<TempDir>,
}

impl Spool {
    /// Opens the named directory, making it where needed, or a temporary one.
    pub(crate) fn open(directory: Option<PathBuf>) -> Result<Self, StartError> {
        let Some(directory) = directory else {
            let temporary = TempDir::with_prefix("tandem-emulator-")
                .map_err(|source| StartError::Spool { path: None, source })?;
            return Ok(Self {
                directory: temporary.path().to_owned(),
                _temporary: Some(temporary),
            });
        };
        match std::fs::create_dir_all(&directory) {
            Ok(()) => Ok(Self {
                directory,
                _temporary: None,
            }),
            Err(source) => Err(StartError::Spool {
                path: Some(directory),
                source,
            }),
        }
    }

    /// Path of a file by its id. Ids are made by us, so they are plain names.
    pub(crate) fn path(&self, id: &str) -> PathBuf {
        self.directory.join(format!("{id}.jsonl"))
    }

    /// Removes a file. One that is gone already is no error.
    pub(crate) fn remove(&self, id: &str) -> io::Result<()> {
        match std::fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
