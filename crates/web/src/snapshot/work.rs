//! The background thread: works out what is wanted, looks whether the data changed, ends when nobody holds
//! the keeper any more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Instant;

use super::Shared;
use super::desk::{Asked, LOOK_EVERY, READY_TEAMS};
use crate::source::{Period, Source, SourceError, Wanted};

pub(super) fn keep(shared: &Weak<Shared>, source: &dyn Source) {
    // Before the first report, which may take a while: lists are asked for meanwhile.
    if let Ok(version) = source.data_version() {
        source.keep_up(version);
    }
    loop {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let asked = {
            let desk = shared.desk();
            let (mut desk, _) = shared
                .work
                .wait_timeout_while(desk, LOOK_EVERY, |desk| desk.next().is_none())
                .unwrap_or_else(PoisonError::into_inner);
            desk.take()
        };
        match asked {
            Some(asked) => work_out(&shared, source, &asked),
            // A database that cannot be read for a moment is looked at again later; pages go on showing
            // what was worked out before.
            None => {
                if let Ok(version) = source.data_version() {
                    source.keep_up(version);
                    shared.desk().renew(version);
                }
            }
        }
    }
}

fn work_out(shared: &Arc<Shared>, source: &dyn Source, asked: &Asked) {
    let begin = Instant::now();
    let mut given: Vec<String> = Vec::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| give(shared, source, asked, &mut given)))
        .unwrap_or_else(|_| {
            let words = "the numbers could not be worked out; this is a fault of Tandem's";
            Err(SourceError::Other(words.to_owned()))
        })
        .map_err(|error| error.to_string());
    shared.desk().done(asked, outcome, &given, begin.elapsed());
    shared.progress.notify_waiters();
}

/// Works out what was asked for and gives it to the desk; returns as of which data.
fn give(
    shared: &Arc<Shared>,
    source: &dyn Source,
    asked: &Asked,
    given: &mut Vec<String>,
) -> Result<u64, SourceError> {
    // Taken before the data is read: what changes meanwhile makes the report stale, not wrong.
    let version = source.data_version()?;
    let wanted = match &asked.team {
        Some(team) => Wanted::Team(team),
        None if asked.period == Period::default() => {
            let basis = source.basis()?;
            shared.desk().put_basis(basis);
            Wanted::Everything { teams: READY_TEAMS }
        }
        None => Wanted::Everything { teams: 0 },
    };
    let still_held = Arc::downgrade(shared);
    source.reports(&asked.period, wanted, &mut |report| {
        given.extend(report.scope.team.clone());
        shared.desk().put(&asked.period, report, version);
        shared.progress.notify_waiters();
        // Only this thread holds it: the site is gone.
        still_held.strong_count() > 1
    })?;
    Ok(version)
}
