//! What those who watch a sync are told.

use jiff::Timestamp;

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The repositories to look at are known.
    Repositories {
        /// How many there are.
        total: usize,
        /// How many of them have something new.
        changed: usize,
    },
    /// A repository is begun.
    RepositoryStarted {
        /// `owner/name`.
        name: &'a str,
        /// Pull requests it has, as the host says.
        expected: u64,
    },
    /// Pull requests of a repository were stored.
    Stored {
        /// `owner/name`.
        name: &'a str,
        /// How many were read in this sync.
        read: u64,
    },
    /// A repository is done.
    RepositoryFinished {
        /// `owner/name`.
        name: &'a str,
        /// How many pull requests were read.
        read: u64,
    },
    /// The sync waits.
    Waiting(Pause),
    /// Something is not as it should be, but the sync goes on.
    Warning(&'a str),
}

/// Why and until when a sync waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// The reason, for instance `the hourly limit of the token is used up`.
    pub reason: String,
    /// When it goes on.
    pub until: Timestamp,
}

/// Who is told.
pub trait Observer: Send + Sync {
    /// Takes note of an event. Must not block.
    fn event(&self, event: &Event<'_>);
}

/// Nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _event: &Event<'_>) {}
}
