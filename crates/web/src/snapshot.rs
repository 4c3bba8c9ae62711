//! Reports that are kept, worked out in the background, and renewed when the data changed.
//!
//! A request never waits for statistics longer than [`PATIENCE`]: it is shown what there is, with its
//! age, or that it is being worked out. What is kept is bounded: the report of everything, those of the
//! largest teams beside it, and a few others that somebody asked for.

mod desk;
#[cfg(test)]
mod tests;
mod work;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use insights::Report;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::source::{Basis, Period, Source};
use desk::{Asked, Desk};

/// How long a request waits for a report that is being worked out: a page comes within 300 ms, whatever it
/// has to say.
const PATIENCE: Duration = Duration::from_millis(100);

/// A report with what is to be said about its age.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// The report.
    pub(crate) report: Arc<Report>,
    /// When it was worked out.
    pub(crate) made_at: Timestamp,
    /// A number of its own among all reports of this process: what is made of it may be kept under it.
    pub(crate) serial: u64,
    /// All teams, in order of name.
    pub(crate) teams: Arc<[String]>,
    /// What everything rests on, whatever the scope; `None` while it is worked out.
    pub(crate) basis: Option<Arc<Basis>>,
}

/// What there is of a report.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    /// It is there.
    Ready(Kept),
    /// It is being worked out.
    Working,
    /// There is no such team, or it has no pull request in the period.
    NoSuchTeam,
    /// It could not be worked out; the words say why.
    Failed(String),
}

/// What requests and the thread that works share.
#[derive(Default)]
struct Shared {
    desk: Mutex<Desk>,
    /// Something is wanted.
    work: Condvar,
    /// Something was worked out.
    progress: Notify,
}

impl Shared {
    // A thread that panicked leaves whole reports behind, never half of one: going on is sound.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the reports of a source. The thread that works them out ends with the last clone.
#[derive(Clone)]
pub(crate) struct Keeper {
    shared: Arc<Shared>,
}

impl Keeper {
    /// Starts to work out the report of everything.
    pub(crate) fn start(source: Arc<dyn Source>) -> Self {
        let shared = Arc::new(Shared::default());
        let weak = Arc::downgrade(&shared);
        std::thread::spawn(move || work::keep(&weak, source.as_ref()));
        Keeper { shared }
    }

    /// The report of a team, or of everything, over a period.
    pub(crate) async fn report(&self, period: &Period, team: Option<&str>) -> Found {
        let asked = Asked {
            period: period.clone(),
            team: team.map(ToOwned::to_owned),
        };
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            // Registered before looking, so that progress in between is not missed.
            let progress = self.shared.progress.notified();
            match self.look(&asked) {
                Found::Working => {}
                found => return found,
            }
            if tokio::time::timeout_at(deadline, progress).await.is_err() {
                return self.look(&asked);
            }
        }
    }

    fn look(&self, asked: &Asked) -> Found {
        let mut desk = self.shared.desk();
        let found = desk.look(asked);
        if desk.next().is_some() {
            self.shared.work.notify_all();
        }
        found
    }
}
