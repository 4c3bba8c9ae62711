//! Locks between processes: files beside the database, held by the kernel.
//!
//! A lock dies with its process, however that ends. The file stays behind and means nothing by
//! itself; what it says is only used to name the holder. Locks of runs (`run-N`) take their file with
//! them when they are given back, since there will be ever more of them.

use std::fs::{self, File, OpenOptions, TryLockError};
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
    /// The file that is removed with the lock.
    passing: Option<PathBuf>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is still held: whoever gets it afterwards looks whether it is still there.
        if let Some(path) = &self.passing {
            let _ = fs::remove_file(path);
        }
    }
}

/// How the names of locks begin whose files go with them.
const PASSING: &str = "run-";

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
                Ok(()) if is_at(&file, &self.path(name)) => break,
                // Who held it took the file away in the meantime: this one locks nothing.
                Ok(()) => file = self.open(name)?,
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
        Ok(Lock {
            _file: file,
            passing: (name.starts_with(PASSING) && cfg!(unix)).then(|| self.path(name)),
        })
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

/// Whether an open file is the one that stands at a path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let open = file.metadata().map(identity);
    let standing = fs::metadata(path).map(identity);
    matches!((open, standing), (Ok(open), Ok(standing)) if open == standing)
}

/// Elsewhere lock files are never removed.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
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
    fn the_lock_of_a_run_takes_its_file_along() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tandem.db.run-7.lock");
        let first = locks(folder.path(), "analyze");
        let held = first.try_take("run-7").expect("is free");
        assert!(path.exists());
        let waits = locks(folder.path(), "runs");
        assert!(waits.try_take("run-7").is_err());
        // One that has the old file open already must not believe that it holds the lock.
        let waiting = std::thread::spawn(move || {
            let held = waits.take_within("run-7", Duration::from_mins(1));
            (held.expect("becomes free"), waits)
        });
        drop(held);
        let (held, _) = waiting.join().expect("ends");
        assert!(path.exists());
        assert!(first.try_take("run-7").is_err());
        drop(held);
        assert_eq!(path.exists(), !cfg!(unix));
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
