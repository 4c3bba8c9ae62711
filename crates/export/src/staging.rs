//! A place beside the target, where an export grows until it is whole.
//!
//! For the target `NAME` that is the folder `.NAME.tandem-export`, which holds
//! - `lock`, locked by the process that writes, so that a second one sees it, and that the next one sees that
//!   a process that was killed does so no more,
//! - `new`, what is being written,
//! - `old`, for the moment between two renames, what was at the target.
//!
//! Whoever begins next to write to the same target puts `old` back where the target is missing, and removes
//! the rest. A file takes the place of another in one step; a folder, which no system replaces in one, in
//! two: between them there is no target, and `old` has it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::ExportError;
use crate::manifest::Manifest;

/// What is at the target when it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A file.
    File,
    /// A folder with a manifest.
    Folder,
}

/// Whether something may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// What is there stays, and there is an error.
    No,
    /// A file, or the folder of an earlier export, is replaced when the new one is whole.
    Yes,
}

/// An export on its way. Dropped without [`Staging::commit`], it leaves nothing.
#[derive(Debug)]
pub(crate) struct Staging {
    target: PathBuf,
    shape: Shape,
    folder: PathBuf,
    /// Held until the folder is gone.
    _lock: File,
}

/// How often a folder is made again that another process has just removed.
const ATTEMPTS: usize = 8;

impl Staging {
    /// Begins to write to a target.
    pub(crate) fn begin(
        target: &Path,
        shape: Shape,
        overwrite: Overwrite,
    ) -> Result<Self, ExportError> {
        let name = target.file_name().ok_or_else(|| ExportError::NoName {
            path: target.to_owned(),
        })?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(".tandem-export");
        let folder = target.with_file_name(hidden);
        let lock = lock(&folder, target)?;
        let staging = Staging {
            target: target.to_owned(),
            shape,
            folder,
            _lock: lock,
        };
        staging
            .tidy()
            .map_err(ExportError::write(&staging.folder))?;
        staging.look_at_target(overwrite)?;
        if shape == Shape::Folder {
            let new = staging.new_path();
            fs::create_dir(&new).map_err(ExportError::write(new))?;
        }
        Ok(staging)
    }

    /// Where to write: a folder that is there, or a file that is not.
    pub(crate) fn new_path(&self) -> PathBuf {
        self.folder.join("new")
    }

    fn old_path(&self) -> PathBuf {
        self.folder.join("old")
    }

    /// Puts what was written in its place.
    pub(crate) fn commit(self) -> Result<(), ExportError> {
        let (new, old) = (self.new_path(), self.old_path());
        let is_folder_there = self.shape == Shape::Folder && self.target.exists();
        let put = || -> io::Result<()> {
            if is_folder_there {
                fs::rename(&self.target, &old)?;
            }
            let renamed = fs::rename(&new, &self.target);
            if renamed.is_err() && is_folder_there {
                fs::rename(&old, &self.target)?;
            }
            renamed
        };
        put().map_err(ExportError::write(&self.target))
    }

    /// Removes what an interrupted export left, and puts back what it had taken away.
    fn tidy(&self) -> io::Result<()> {
        let (new, old) = (self.new_path(), self.old_path());
        if old.exists() && !self.target.exists() {
            fs::rename(&old, &self.target)?;
        }
        for left in [new, old] {
            if left.is_dir() {
                fs::remove_dir_all(&left)?;
            } else if left.exists() {
                fs::remove_file(&left)?;
            }
        }
        Ok(())
    }

    fn look_at_target(&self, overwrite: Overwrite) -> Result<(), ExportError> {
        let path = self.target.clone();
        // A link that leads nowhere is something, too.
        let Ok(there) = fs::symlink_metadata(&path) else {
            return Ok(());
        };
        let is_empty =
            there.is_dir() && fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none());
        match self.shape {
            Shape::Folder if is_empty => Ok(()),
            _ if overwrite == Overwrite::No => Err(ExportError::Exists { path }),
            Shape::Folder if there.is_dir() && Manifest::is_in(&path) => Ok(()),
            Shape::File if there.is_file() => Ok(()),
            _ => Err(ExportError::NotAnExport { path }),
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed now is by the next export to this target.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Makes the folder and takes its lock.
fn lock(folder: &Path, target: &Path) -> Result<File, ExportError> {
    for _ in 0..ATTEMPTS {
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                // What the user named is what they know.
                return Err(ExportError::write(target)(error));
            }
            _ => {}
        }
        let path = folder.join("lock");
        let file = match File::create(&path) {
            Ok(file) => file,
            // Another process ended and removed its folder meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(ExportError::write(target)(error)),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ExportError::InUse {
                    path: target.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(ExportError::write(path)(error)),
        }
        if is_same(&file, &path) {
            return Ok(file);
        }
    }
    Err(ExportError::InUse {
        path: target.to_owned(),
    })
}

/// Whether the file that is locked is the one that others find.
#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(locked), Ok(found)) => id(locked) == id(found),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same(_file: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{FILE, KIND};

    fn write_export(folder: &Path, word: &str) {
        fs::write(folder.join("table.csv"), word).expect("written");
        let manifest = serde_json::json!({"kind": KIND, "version": 1}).to_string();
        fs::write(folder.join(FILE), manifest).expect("written");
    }

    fn export(target: &Path, word: &str, overwrite: Overwrite) -> Result<(), ExportError> {
        let staging = Staging::begin(target, Shape::Folder, overwrite)?;
        write_export(&staging.new_path(), word);
        staging.commit()
    }

    fn word(target: &Path) -> String {
        fs::read_to_string(target.join("table.csv")).expect("read")
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("listed")
            .map(|entry| entry.expect("an entry").file_name().display().to_string())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_is_there_as_a_whole_or_as_it_was() {
        let parent = tempfile::tempdir().expect("a folder");
        let target = parent.path().join("out");
        export(&target, "one", Overwrite::No).expect("written");
        assert_eq!(
            (word(&target), names(parent.path())),
            ("one".into(), vec!["out".to_owned()])
        );

        let error = export(&target, "two", Overwrite::No).expect_err("refused");
        assert!(matches!(error, ExportError::Exists { .. }), "{error}");
        export(&target, "two", Overwrite::Yes).expect("replaced");
        assert_eq!(
            (word(&target), names(parent.path())),
            ("two".into(), vec!["out".to_owned()])
        );

        let given_up = Staging::begin(&target, Shape::Folder, Overwrite::Yes).expect("begins");
        write_export(&given_up.new_path(), "three");
        drop(given_up);
        assert_eq!(
            (word(&target), names(parent.path())),
            ("two".into(), vec!["out".to_owned()])
        );
    }

    #[test]
    fn what_a_killed_export_left_is_removed_and_what_it_took_away_put_back() {
        let parent = tempfile::tempdir().expect("a folder");
        let target = parent.path().join("out");
        let left = parent.path().join(".out.tandem-export");
        // Killed while writing.
        fs::create_dir_all(left.join("new/pull_requests")).expect("made");
        fs::write(left.join("lock"), "").expect("written");
        export(&target, "one", Overwrite::No).expect("written");
        assert_eq!(names(parent.path()), ["out"]);
        // Killed between the two renames.
        fs::create_dir_all(left.join("new")).expect("made");
        fs::rename(&target, left.join("old")).expect("moved");
        let error = export(&target, "two", Overwrite::No).expect_err("the old one is back");
        assert!(matches!(error, ExportError::Exists { .. }), "{error}");
        assert_eq!(
            (word(&target), names(parent.path())),
            ("one".into(), vec!["out".to_owned()])
        );
        // Killed after both.
        fs::create_dir_all(left.join("old")).expect("made");
        export(&target, "three", Overwrite::Yes).expect("replaced");
        assert_eq!(
            (word(&target), names(parent.path())),
            ("three".into(), vec!["out".to_owned()])
        );
    }

    #[test]
    fn two_at_once_do_not_mix() {
        let parent = tempfile::tempdir().expect("a folder");
        let target = parent.path().join("out");
        let first = Staging::begin(&target, Shape::Folder, Overwrite::No).expect("begins");
        let error = export(&target, "two", Overwrite::No).expect_err("refused");
        assert!(matches!(error, ExportError::InUse { .. }), "{error}");
        write_export(&first.new_path(), "one");
        first.commit().expect("written");
        assert_eq!(word(&target), "one");
    }

    #[test]
    fn what_is_no_export_is_never_replaced() {
        let parent = tempfile::tempdir().expect("a folder");
        let home = parent.path().join("home");
        fs::create_dir(&home).expect("made");
        export(&home, "one", Overwrite::No).expect("an empty folder is as good as none");
        fs::remove_file(home.join(FILE)).expect("removed");
        let refused = |target: &Path, shape: Shape| {
            let error = Staging::begin(target, shape, Overwrite::Yes).expect_err("refused");
            assert!(matches!(error, ExportError::NotAnExport { .. }), "{error}");
        };
        refused(&home, Shape::Folder);
        refused(&home, Shape::File);
        refused(&home.join("table.csv"), Shape::Folder);
        assert_eq!(word(&home), "one");
        assert_eq!(names(parent.path()), ["home"]);
        let error = Staging::begin(Path::new(".."), Shape::Folder, Overwrite::Yes);
        assert!(
            matches!(error, Err(ExportError::NoName { .. })),
            "{error:?}"
        );
        let missing = parent.path().join("missing/out");
        let error = Staging::begin(&missing, Shape::Folder, Overwrite::No).expect_err("refused");
        assert!(error.to_string().contains("missing/out"), "{error}");
    }

    #[test]
    fn a_file_takes_the_place_of_another() {
        let parent = tempfile::tempdir().expect("a folder");
        let target = parent.path().join("pulls.csv");
        for (word, overwrite) in [("one", Overwrite::No), ("two", Overwrite::Yes)] {
            let staging = Staging::begin(&target, Shape::File, overwrite).expect("begins");
            fs::write(staging.new_path(), word).expect("written");
            staging.commit().expect("put in place");
            assert_eq!(fs::read_to_string(&target).expect("read"), word);
            assert_eq!(names(parent.path()), ["pulls.csv"]);
        }
    }
}
