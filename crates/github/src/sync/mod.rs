//! The sync: which repositories, what changed in them, and nothing lost on the way.

mod marks;
mod presence;
mod repositories;
mod walk;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::error::GithubError;
use crate::fetch::Pace;
use crate::observer::Event;
use crate::shelf::{RepositoryId, RepositoryState, Shelf};

/// What is synced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All repositories of an organisation or a user.
    Owner(String),
    /// Repositories by `owner/name`, as they are or were called.
    Repositories(Vec<String>),
}

/// What a sync takes and leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncSettings {
    /// Only what changed at or after this.
    pub since: Option<Timestamp>,
    /// Whether archived repositories of an owner are left out.
    pub skip_archived: bool,
    /// Whether forks of an owner are taken too.
    pub include_forks: bool,
}

/// Brings what GitHub has to a shelf.
pub struct Synchroniser {
    client: Arc<Client>,
    shelf: Arc<dyn Shelf>,
    settings: SyncSettings,
    interrupt: CancellationToken,
    pace: Pace,
    read: AtomicU64,
    stored: AtomicU64,
}

/// What a sync came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Repositories looked at.
    pub repositories: usize,
    /// Those with something new.
    pub changed_repositories: usize,
    /// Pull requests read.
    pub read: u64,
    /// Those that were new or changed.
    pub stored: u64,
    /// Calls.
    pub calls: u64,
    /// Points that the calls cost.
    pub points: u64,
    /// Repositories that could not be read, and why. What was stored of them stays.
    pub problems: Vec<(String, GithubError)>,
}

impl Synchroniser {
    /// A sync of what `client` may see into `shelf`. It stops at the next safe point when `interrupt`
    /// is cancelled, and goes on there the next time.
    pub fn new(
        client: Arc<Client>,
        shelf: Arc<dyn Shelf>,
        settings: SyncSettings,
        interrupt: CancellationToken,
    ) -> Synchroniser {
        Synchroniser {
            client,
            shelf,
            settings,
            interrupt,
            pace: Pace::new(),
            read: AtomicU64::new(0),
            stored: AtomicU64::new(0),
        }
    }

    /// Finds the repositories, and reads what changed in each.
    ///
    /// # Errors
    /// When the token fails, the host stays away, or the shelf fails. What was stored stays, and the
    /// next sync goes on there. What concerns one repository alone is in the report instead.
    pub async fn run(&self, scope: &Scope) -> Result<SyncReport, GithubError> {
        let mut report = SyncReport::default();
        let found = self.repositories(scope, &mut report.problems).await;
        let repositories = match found {
            Ok(repositories) => repositories,
            Err(error) => return Err(error),
        };
        let changed: Vec<RepositoryState> = repositories
            .iter()
            .filter(|repository| self.has_news(repository))
            .cloned()
            .collect();
        report.repositories = repositories.len();
        report.changed_repositories = changed.len();
        self.client.tell(&Event::Repositories {
            total: repositories.len(),
            changed: changed.len(),
        });
        let mut walks = stream::iter(changed)
            .map(|repository| async move {
                let name = repository.name.clone();
                (name, self.repository(repository).await)
            })
            .buffer_unordered(self.client.concurrency());
        let mut fatal = None;
        while let Some((name, walked)) = walks.next().await {
            match walked {
                Ok(()) => {}
                Err(error) if error.is_about_one_thing() => {
                    report.problems.push((name, error));
                }
                Err(error) => {
                    fatal = Some(error);
                    break;
                }
            }
        }
        drop(walks);
        report.problems.sort_by(|a, b| a.0.cmp(&b.0));
        report.read = self.read.load(Ordering::Relaxed);
        report.stored = self.stored.load(Ordering::Relaxed);
        (report.calls, report.points) = self.client.used();
        match fatal {
            Some(error) => Err(error),
            None => Ok(report),
        }
    }

    fn has_news(&self, repository: &RepositoryState) -> bool {
        repository.trouble.is_none() && (repository.marks > 0 || self.has_unread(repository))
    }

    /// Whether something changed since the watermark, or is still to be read for the first time.
    fn has_unread(&self, repository: &RepositoryState) -> bool {
        let progress = &repository.progress;
        let reaches_back = match (progress.since, self.settings.since) {
            (None, _) => true,
            (Some(stored), Some(wanted)) => stored <= wanted,
            (Some(_), None) => false,
        };
        let Some(watermark) = progress.watermark.filter(|_| reaches_back) else {
            return repository.expected > 0 || progress.finished_at.is_none();
        };
        progress.walk.is_some() || repository.last_change.is_some_and(|last| last > watermark)
    }

    fn check_interrupt(&self) -> Result<(), GithubError> {
        if self.interrupt.is_cancelled() {
            return Err(GithubError::Interrupted);
        }
        Ok(())
    }

    /// Waits for something, unless the user interrupts.
    async fn or_interrupt<T>(
        &self,
        doing: impl Future<Output = Result<T, GithubError>>,
    ) -> Result<T, GithubError> {
        tokio::select! {
            biased;
            () = self.interrupt.cancelled() => Err(GithubError::Interrupted),
            done = doing => done,
        }
    }

    fn put_progress(
        &self,
        id: &RepositoryId,
        progress: &crate::shelf::RepositoryProgress,
    ) -> Result<(), GithubError> {
        self.shelf
            .put_progress(id, progress)
            .map_err(GithubError::Shelf)
    }
}
