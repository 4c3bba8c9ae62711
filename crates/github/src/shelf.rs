//! Where a sync keeps what it read, and how far it came.

use std::error::Error;

use jiff::Timestamp;
use model::PullRequest;

/// The host's id of a repository, which survives renames and transfers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryId(pub String);

/// A repository as the sync knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryState {
    /// The host's id.
    pub id: RepositoryId,
    /// The host's other id, a number, which webhooks and REST tell too; `None` before it was told.
    pub database_id: Option<u64>,
    /// `owner/name`, as it is now.
    pub name: String,
    /// Whether it is archived.
    pub archived: bool,
    /// Whether it is a fork.
    pub fork: bool,
    /// Whether it is private.
    pub private: bool,
    /// How many pull requests the host says it has.
    pub expected: u64,
    /// When one of them was changed last.
    pub last_change: Option<Timestamp>,
    /// Why it cannot be read any more, where that is so.
    pub trouble: Option<String>,
    /// How far the sync came.
    pub progress: RepositoryProgress,
    /// How much of it is marked to be read again, whatever the watermark says.
    pub marks: u64,
}

/// What is to be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Marked {
    /// The repository: what is newest in it, and whether it holds what the host has.
    Repository,
    /// The pull request of this number.
    PullRequest(u64),
}

/// A mark, as it was when it was looked at. One that is set again meanwhile is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// What is to be read again.
    pub what: Marked,
    /// Which setting of it this is; later ones are larger.
    pub sequence: u64,
}

/// How far the sync of a repository came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepositoryProgress {
    /// Everything that changed up to here is stored. `None` before the first walk ended.
    pub watermark: Option<Timestamp>,
    /// The oldest change that was asked for; `None` when all history was.
    pub since: Option<Timestamp>,
    /// A walk that did not end.
    pub walk: Option<Walk>,
    /// When a sync last found everything stored.
    pub finished_at: Option<Timestamp>,
}

/// A walk over the pull requests of a repository, the last changed first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// The change at which it began: the next watermark.
    pub newest: Timestamp,
    /// Where the next page begins.
    pub cursor: String,
}

/// A pull request as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// The record.
    pub record: PullRequest,
    /// What could not be had of it, in words; `None` when it is complete.
    pub gap: Option<String>,
}

/// What is stored together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Pull requests as they were read.
    pub whole: Vec<Whole>,
    /// Ids and reasons of those that could not be read, by number.
    pub unreadable: Vec<(u64, String)>,
    /// Numbers of those that are no longer there.
    pub gone: Vec<u64>,
    /// Numbers of those that are to be read again by the next sync, because the host could not give
    /// all of them this time.
    pub again: Vec<u64>,
}

/// Where a sync keeps what it read. Every method is durable when it returns.
pub trait Shelf: Send + Sync {
    /// Every repository that was ever synced.
    fn repositories(&self) -> Result<Vec<RepositoryState>, ShelfError>;

    /// Keeps a repository. One that is known by its id under another name was renamed or transferred:
    /// its pull requests go with it.
    fn put_repository(&self, repository: &RepositoryState) -> Result<(), ShelfError>;

    /// Keeps how far a repository came.
    fn put_progress(
        &self,
        repository: &RepositoryId,
        progress: &RepositoryProgress,
    ) -> Result<(), ShelfError>;

    /// Keeps what was read of a repository; how many records were new or changed.
    fn put_page(&self, repository: &RepositoryId, page: &Page) -> Result<u64, ShelfError>;

    /// The numbers of pull requests of a repository that are stored, or known to be unreadable, and
    /// not gone; ascending.
    fn numbers(
        &self,
        repository: &RepositoryId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, ShelfError>;

    /// What of a repository is to be read again, in order.
    fn marks(&self, repository: &RepositoryId) -> Result<Vec<Mark>, ShelfError>;

    /// Takes marks away that were heeded. One that was set again since stays.
    fn clear_marks(&self, repository: &RepositoryId, marks: &[Mark]) -> Result<(), ShelfError>;
}

/// An error of the storage beneath.
pub type ShelfError = SharedError;

/// An error that can be kept and shown more than once.
#[derive(Debug, Clone)]
pub struct SharedError(std::sync::Arc<dyn Error + Send + Sync>);

impl SharedError {
    /// Wraps an error.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> SharedError {
        SharedError(std::sync::Arc::from(error.into()))
    }
}

impl std::fmt::Display for SharedError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Error for SharedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl PartialEq for SharedError {
    fn eq(&self, other: &SharedError) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for SharedError {}
