//! Pages that move: a fragment of a page is made anew about once a second while somebody watches it,
//! once for all who do, and sent to them as server-sent events when it changed.
//!
//! What is shown comes from the ledger, which every process that works on a run writes; so runs of
//! other processes move as well.

mod plans;

use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use batch::RunId;
use futures_util::stream;
use http::StatusCode;
use http::header::RETRY_AFTER;
use model::visible;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use crate::error::PageError;
use crate::source::Source;
pub(crate) use plans::{Plan, Plans};

/// Connections that may watch at a time.
const MOST_WATCHERS: usize = 64;

/// How often what is watched is looked at.
const PAUSE: Duration = Duration::from_secs(1);

/// A connection ends after this time; the browser comes again and is let in anew.
const LIFETIME: Duration = Duration::from_mins(10);

/// What can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Watched {
    /// The list of runs.
    List,
    /// A run.
    Run(RunId),
}

/// A fragment as it was made last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// Its markup.
    pub(crate) html: Arc<str>,
    /// Whether it will not change any more.
    pub(crate) is_final: bool,
}

/// How a fragment is made; `None` when what it shows is not there any more.
pub(crate) type Make = fn(&dyn Source, Watched) -> Option<Fragment>;

/// Everything that is watched.
pub(crate) struct Live {
    /// Estimates that wait for a word.
    pub(crate) plans: Plans,
    room: Arc<Semaphore>,
    senders: Mutex<HashMap<Watched, watch::Sender<Fragment>>>,
    closing: watch::Sender<bool>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Live {
            plans: Plans::default(),
            room: Arc::new(Semaphore::new(MOST_WATCHERS)),
            senders: Mutex::default(),
            closing: watch::Sender::new(false),
        }
    }

    /// Ends all connections that watch, so that the server can stop.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    // The map is whole whenever the lock is free: going on after a panic elsewhere is sound.
    fn senders(&self) -> MutexGuard<'_, HashMap<Watched, watch::Sender<Fragment>>> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A receiver of a fragment; the first for it starts to look.
    fn subscribe(
        self: &Arc<Self>,
        source: &Arc<dyn Source>,
        what: Watched,
        make: Make,
    ) -> watch::Receiver<Fragment> {
        let mut senders = self.senders();
        if let Some(sender) = senders.get(&what) {
            let mut receiver = sender.subscribe();
            if !sender.borrow().html.is_empty() {
                // Who comes later is shown what is there, before it changes again.
                receiver.mark_changed();
            }
            return receiver;
        }
        let (sender, receiver) = watch::channel(Fragment::default());
        senders.insert(what, sender);
        drop(senders);
        tokio::spawn(look(Arc::clone(self), Arc::clone(source), what, make));
        receiver
    }

    /// Whether somebody still watches; forgets what nobody does.
    fn is_watched(&self, what: Watched) -> bool {
        let mut senders = self.senders();
        let has_watchers = senders
            .get(&what)
            .is_some_and(|sender| sender.receiver_count() > 0);
        if !has_watchers {
            senders.remove(&what);
        }
        has_watchers
    }

    fn publish(&self, what: Watched, mut fragment: Fragment) {
        // As on a page; and an event cannot hold the end of a line as some write it.
        if let Cow::Owned(shown) = visible(&fragment.html) {
            fragment.html = shown.into();
        }
        if let Some(sender) = self.senders().get(&what) {
            sender.send_if_modified(|last| {
                let has_changed = *last != fragment;
                *last = fragment;
                has_changed
            });
        }
    }

    /// Answers with the events of a fragment.
    pub(crate) fn events(
        self: &Arc<Self>,
        source: &Arc<dyn Source>,
        what: Watched,
        make: Make,
    ) -> Response {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else {
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                [(RETRY_AFTER, "30")],
                "too many watch already",
            )
                .into_response();
        };
        let watcher = Watcher {
            fragments: self.subscribe(source, what, make),
            closing: self.closing.subscribe(),
            until: Instant::now() + LIFETIME,
            stage: Stage::Following,
            _place: place,
        };
        Sse::new(stream::unfold(watcher, Watcher::next))
            .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
            .into_response()
    }
}

/// Makes a fragment again and again until nobody watches, or it is final.
async fn look(live: Arc<Live>, source: Arc<dyn Source>, what: Watched, make: Make) {
    let mut ticks = tokio::time::interval(PAUSE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if !live.is_watched(what) {
            return;
        }
        let source = Arc::clone(&source);
        let answer = tokio::task::spawn_blocking(move || make(source.as_ref(), what)).await;
        // What could not be made this time is made next time; what is gone is final.
        let fragment = match answer {
            Ok(Some(fragment)) => fragment,
            Ok(None) => continue,
            Err(_) => return drop(live.senders().remove(&what)),
        };
        let is_final = fragment.is_final;
        live.publish(what, fragment);
        if is_final {
            live.senders().remove(&what);
            return;
        }
    }
}

/// One connection.
struct Watcher {
    fragments: watch::Receiver<Fragment>,
    closing: watch::Receiver<bool>,
    until: Instant,
    stage: Stage,
    _place: OwnedSemaphorePermit,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Following,
    Ending,
    Ended,
}

impl Watcher {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        match self.stage {
            Stage::Ended => return None,
            Stage::Ending => {
                self.stage = Stage::Ended;
                return Some((Ok(Event::default().event("end").data("end")), self));
            }
            Stage::Following => {}
        }
        if *self.closing.borrow() {
            return None;
        }
        let fragment = tokio::select! {
            changed = self.fragments.changed() => {
                // An error comes only after what was sent last has been seen.
                if changed.is_err() { return None; }
                self.fragments.borrow_and_update().clone()
            }
            _ = self.closing.changed() => return None,
            () = tokio::time::sleep_until(self.until) => return None,
        };
        if fragment.is_final {
            self.stage = Stage::Ending;
        }
        let event = Event::default().event("fragment").data(&*fragment.html);
        Some((Ok(event), self))
    }
}

impl From<crate::runs::RunsError> for PageError {
    fn from(error: crate::runs::RunsError) -> Self {
        PageError::BadRequest(error.words)
    }
}
