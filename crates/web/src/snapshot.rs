//! Reports that are kept, worked out in the background, and renewed when the data changed.
//!
//! A request never waits for statistics longer than [`PATIENCE`]: it is shown what there is, with its
//! age, or that it is being worked out.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use insights::Report;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::source::{Basis, Period, Source};

/// How long a request waits for a report that is being worked out.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// How often the data is asked whether it changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Periods that are kept beside each other; those asked for longest ago are forgotten.
const MOST_PERIODS: usize = 6;

/// A period that nobody has asked for so long is not renewed, but forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(15);

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
    /// The report of everything is there, and there is no such team.
    NoSuchTeam,
    /// It could not be worked out; the words say why.
    Failed(String),
}

#[derive(Default)]
struct Slot {
    overall: Option<(Arc<Report>, Timestamp, u64)>,
    by_team: HashMap<String, (Arc<Report>, Timestamp, u64)>,
    teams: Arc<[String]>,
    data_version: Option<u64>,
    is_complete: bool,
    failure: Option<String>,
    asked_at: Option<Instant>,
    is_wanted: bool,
    took: Duration,
    ended_at: Option<Instant>,
}

#[derive(Default)]
struct Desk {
    slots: HashMap<Period, Slot>,
    basis: Option<Arc<Basis>>,
    serial: u64,
}

struct Shared {
    desk: Mutex<Desk>,
    work: Condvar,
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
        let mut desk = Desk::default();
        desk.slots.entry(Period::default()).or_default().is_wanted = true;
        let shared = Arc::new(Shared {
            desk: Mutex::new(desk),
            work: Condvar::new(),
            progress: Notify::new(),
        });
        let weak = Arc::downgrade(&shared);
        std::thread::spawn(move || keep(&weak, source.as_ref()));
        Keeper { shared }
    }

    /// The report of a team, or of everything, over a period.
    pub(crate) async fn report(&self, period: &Period, team: Option<&str>) -> Found {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            // Registered before looking, so that progress in between is not missed.
            let progress = self.shared.progress.notified();
            match self.look(period, team) {
                Found::Working => {}
                found => return found,
            }
            if tokio::time::timeout_at(deadline, progress).await.is_err() {
                return self.look(period, team);
            }
        }
    }

    fn look(&self, period: &Period, team: Option<&str>) -> Found {
        let mut desk = self.shared.desk();
        if !desk.slots.contains_key(period) {
            forget_oldest(&mut desk);
        }
        let is_everything = *period == Period::default();
        let basis = desk.basis.clone();
        let slot = desk.slots.entry(period.clone()).or_default();
        slot.asked_at = Some(Instant::now());
        let is_new = slot.data_version.is_none() && !slot.is_wanted;
        if is_new && !is_everything {
            slot.is_wanted = true;
            self.shared.work.notify_all();
        }
        let found = match team {
            None => slot.overall.as_ref(),
            Some(team) => slot.by_team.get(team),
        };
        if let Some((report, made_at, serial)) = found {
            return Found::Ready(Kept {
                report: Arc::clone(report),
                made_at: *made_at,
                serial: *serial,
                teams: Arc::clone(&slot.teams),
                basis,
            });
        }
        if let Some(failure) = &slot.failure {
            return Found::Failed(failure.clone());
        }
        if slot.is_complete {
            return Found::NoSuchTeam;
        }
        Found::Working
    }
}

/// Makes room for one more period.
fn forget_oldest(desk: &mut Desk) {
    while desk.slots.len() >= MOST_PERIODS {
        let oldest = desk
            .slots
            .iter()
            .filter(|(period, _)| **period != Period::default())
            .min_by_key(|(_, slot)| slot.asked_at)
            .map(|(period, _)| period.clone());
        match oldest {
            Some(period) => desk.slots.remove(&period),
            None => return,
        };
    }
}

/// The background thread: works out what is wanted, looks whether the data changed, ends when nobody
/// holds the keeper any more.
fn keep(shared: &Weak<Shared>, source: &dyn Source) {
    // Before the first report, which may take a while: lists are asked for meanwhile.
    if let Ok(version) = source.data_version() {
        source.keep_up(version);
    }
    loop {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let wanted = {
            let desk = shared.desk();
            let (mut desk, _) = shared
                .work
                .wait_timeout_while(desk, LOOK_EVERY, |desk| {
                    !desk.slots.values().any(|slot| slot.is_wanted)
                })
                .unwrap_or_else(PoisonError::into_inner);
            let wanted = desk
                .slots
                .iter()
                .find(|(_, slot)| slot.is_wanted)
                .map(|(period, _)| period.clone());
            if let Some(slot) = wanted.as_ref().and_then(|one| desk.slots.get_mut(one)) {
                slot.is_wanted = false;
            }
            wanted
        };
        match wanted {
            Some(period) => work_out(&shared, source, &period),
            None => look_for_changes(&shared, source),
        }
    }
}

fn work_out(shared: &Arc<Shared>, source: &dyn Source, period: &Period) {
    let begin = Instant::now();
    // Taken before the data is read: what changes meanwhile makes the report stale, not wrong.
    let version = source.data_version();
    let mut seen: Vec<String> = Vec::new();
    let outcome = version.and_then(|version| {
        if *period == Period::default() {
            let basis = source.basis()?;
            shared.desk().basis = Some(Arc::new(basis));
        }
        let still_held = Arc::downgrade(shared);
        source.reports(period, &mut |report| {
            let mut desk = shared.desk();
            desk.serial += 1;
            let serial = desk.serial;
            let Some(slot) = desk.slots.get_mut(period) else {
                return false;
            };
            let team = report.scope.team.clone();
            let entry = (Arc::new(report), Timestamp::now(), serial);
            match team {
                None => {
                    slot.teams = entry
                        .0
                        .adoption_by_created
                        .by_team
                        .iter()
                        .map(|team| team.name.clone())
                        .collect();
                    slot.overall = Some(entry);
                }
                Some(team) => {
                    seen.push(team.clone());
                    slot.by_team.insert(team, entry);
                }
            }
            drop(desk);
            shared.progress.notify_waiters();
            // Only this thread holds it: the site is gone.
            still_held.strong_count() > 1
        })?;
        Ok(version)
    });
    let mut desk = shared.desk();
    if let Some(slot) = desk.slots.get_mut(period) {
        slot.took = begin.elapsed();
        slot.ended_at = Some(Instant::now());
        match outcome {
            Ok(version) => {
                slot.by_team.retain(|team, _| seen.contains(team));
                slot.data_version = Some(version);
                slot.is_complete = true;
                slot.failure = None;
            }
            Err(error) => {
                // No version of any data: it is tried again at the next look.
                slot.data_version = Some(u64::MAX);
                slot.failure = Some(error.to_string());
            }
        }
    }
    drop(desk);
    shared.progress.notify_waiters();
}

/// Wants anew what is out of date, and forgets what nobody asks for.
fn look_for_changes(shared: &Shared, source: &dyn Source) {
    // A database that cannot be read for a moment is looked at again later; pages go on showing what
    // was worked out before.
    let Ok(version) = source.data_version() else {
        return;
    };
    source.keep_up(version);
    let mut desk = shared.desk();
    desk.slots.retain(|period, slot| {
        *period == Period::default()
            || slot.is_wanted
            || slot
                .asked_at
                .is_some_and(|at| at.elapsed() < FORGOTTEN_AFTER)
    });
    for slot in desk.slots.values_mut() {
        // While data streams in, at most half the time is spent on reports.
        let is_rested = slot
            .ended_at
            .is_none_or(|ended| ended.elapsed() >= slot.took.max(LOOK_EVERY));
        if slot.data_version != Some(version) && is_rested {
            slot.is_wanted = true;
        }
    }
}
