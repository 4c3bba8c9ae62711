//! Locks between processes: files beside the database, held by the kernel.
//!
//! A lock dies with its process, however that ends. The file stays behind and means nothing by
//! itself; what it says is only used to name the holder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::error::{Holder, StoreError};

/// A lock that is held as long as this value lives.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct Lock {
    _file: File,
}

/// How a lock file is read at most: a holder is some 100 bytes.
const HOLDER_BYTES_MAX: u64 = 4096;
/// The longest pause between two looks at a lock that is taken.
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// Where the lock files of a database are and what is written into them.
#[derive(Debug, Clone)]
pub(crate) struct Locks {
    database: PathBuf,
    verb: String,
}

impl Locks {
    pub(crate) fn new(database: &Path, verb: &str) -> Self {
        Self {
            database: database.to_owned(),
            verb: verb.to_owned(),
        }
    }

    /// Takes the lock, or says who has it.
    pub(crate) fn try_take(&self, name: &str) -> Result<Lock, StoreError> {
        self.take_within(name, Duration::ZERO)
    }

    /// Takes the lock, waiting for it up to `patience`.
    pub(crate) fn take_within(&self, name: &str, patience: Duration) -> Result<Lock, StoreError> {
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
        };
        if name.is_empty() || !name.bytes().all(allowed) {
            return Err(StoreError::Invalid {
                what: format!("{name:?} cannot be the name of a lock"),
            });
        }
        let mut file = self.open(name)?;
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(200);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(StoreError::Locked {
                        path: self.database.clone(),
                        what: name.to_owned(),
                        by: read_holder(&mut file),
                    });
                }
                Err(TryLockError::WouldBlock) => {
                    thread::sleep(pause);
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                Err(TryLockError::Error(source)) => {
                    return Err(StoreError::Other {
                        path: self.database.clone(),
                        doing: "take a lock",
                        source: source.into(),
                    });
                }
            }
        }
        let holder = Holder {
            pid: std::process::id(),
            verb: self.verb.clone(),
            since: Timestamp::now(),
        };
        // The note is a courtesy to others: on a full disk the lock holds without it.
        let _ = write_holder(&mut file, &holder);
        Ok(Lock { _file: file })
    }

    fn open(&self, name: &str) -> Result<File, StoreError> {
        let path = self.path(name);
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| StoreError::UnwritableFolder {
                path: folder_of(&self.database).to_owned(),
                source,
            })
    }

    /// `tandem.db` -> `tandem.db.NAME.lock`.
    fn path(&self, name: &str) -> PathBuf {
        let mut path = self.database.clone().into_os_string();
        path.push(format!(".{name}.lock"));
        PathBuf::from(path)
    }
}

/// The folder a file is in; the working folder for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(HOLDER_BYTES_MAX).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn write_holder(file: &mut File, holder: &Holder) -> std::io::Result<()> {
    let line = serde_json::to_vec(holder)?;
    file.rewind()?;
    file.write_all(&line)?;
    file.set_len(line.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locks(folder: &Path, verb: &str) -> Locks {
        Locks::new(&folder.join("tandem.db"), verb)
    }

    #[test]
    fn the_second_is_told_who_holds_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = locks(folder.path(), "analyze").try_take("analyze");
        let error = locks(folder.path(), "analyze --stale")
            .try_take("analyze")
            .expect_err("held");
        let StoreError::Locked {
            by: Some(by), what, ..
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!((by.pid, by.verb.as_str()), (std::process::id(), "analyze"));
        assert_eq!(what, "analyze");
        assert!(error.to_string().contains("`tandem analyze` (process "));
        drop(held);
        assert!(locks(folder.path(), "x").try_take("analyze").is_ok());
    }

    #[test]
    fn a_patient_one_gets_it_when_it_is_free() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = locks(folder.path(), "import").try_take("writer");
        let waiting = locks(folder.path(), "detect");
        let thread = thread::spawn(move || {
            waiting
                .take_within("writer", Duration::from_mins(1))
                .is_ok()
        });
        drop(held);
        assert!(thread.join().expect("no panic"));
    }

    #[test]
    fn names_cannot_leave_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["", "../x", "a/b", "A", "a b", "a\0"] {
            assert!(
                matches!(
                    locks(folder.path(), "x").try_take(name),
                    Err(StoreError::Invalid { .. })
                ),
                "{name:?}"
            );
        }
    }
}
