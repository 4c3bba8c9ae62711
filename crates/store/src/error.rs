//! What can go wrong, in kinds that a command line can turn into hints and exit codes.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An error of another library, kept as the source.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no database at this place, and it was opened for reading.
    #[error("no database at {}", path.display())]
    NotFound {
        /// The place looked at.
        path: PathBuf,
    },
    /// The file is there, but it is not a database of Tandem.
    #[error("{} is not a Tandem database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The database was written by a newer version of Tandem.
    #[error(
        "{} has schema version {found}, and this version of tandem knows only up to {supported}",
        path.display()
    )]
    NewerVersion {
        /// The database.
        path: PathBuf,
        /// The version of its schema.
        found: u32,
        /// The newest version known here.
        supported: u32,
    },
    /// The database is of an older version and cannot be brought up to date, since it is read-only.
    #[error(
        "{} has schema version {found}, needs version {supported}, and cannot be written to",
        path.display()
    )]
    OlderVersion {
        /// The database.
        path: PathBuf,
        /// The version of its schema.
        found: u32,
        /// The version needed.
        supported: u32,
    },
    /// A write was asked of a database opened for reading, or on a read-only file.
    #[error("{} is read-only", path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// The folder cannot be made, or no file can be made in it.
    #[error("cannot write in the folder {}", path.display())]
    UnwritableFolder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The disk, or the quota, is full. What was committed before is safe.
    #[error("no space left for {}", path.display())]
    DiskFull {
        /// The database.
        path: PathBuf,
    },
    /// Somebody else holds the lock.
    #[error("the {what} lock of {} is held by {}", path.display(), Holder::describe(by.as_ref()))]
    Locked {
        /// The database.
        path: PathBuf,
        /// The lock: `writer`, `analyze` or another name.
        what: String,
        /// Who holds it, where the holder said so.
        by: Option<Holder>,
    },
    /// The database, or a document in it, is damaged.
    #[error("{} is damaged", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What was found.
        #[source]
        source: BoxError,
    },
    /// The address names an engine that this version does not have.
    #[error("databases at {scheme}:// are not supported by this version")]
    UnsupportedUrl {
        /// The part before `://`.
        scheme: String,
    },
    /// The caller gave something that cannot be stored.
    #[error("{what}")]
    Invalid {
        /// What is wrong, naming the record.
        what: String,
    },
    /// Anything else.
    #[error("failed to {doing} in {}", path.display())]
    Other {
        /// The database.
        path: PathBuf,
        /// What was being done, as a verb phrase.
        doing: &'static str,
        /// What the engine or the system said.
        #[source]
        source: BoxError,
    },
}

/// Who holds a lock, as the holder wrote it into the lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process id.
    pub pid: u32,
    /// The verb it runs, for instance `import`.
    pub verb: String,
    /// When it took the lock.
    pub since: Timestamp,
}

impl Holder {
    /// Words for an error message.
    fn describe(holder: Option<&Holder>) -> String {
        holder.map_or_else(|| "another process".to_owned(), Holder::to_string)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since.round(jiff::Unit::Second).unwrap_or(self.since);
        write!(
            formatter,
            "`tandem {}` (process {}, since {since})",
            self.verb, self.pid
        )
    }
}
