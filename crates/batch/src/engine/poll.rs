//! Asks after all batches together, and gives up those that do not move.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;

use crate::engine::Engine;
use crate::engine::plan::named;
use crate::engine::session::{Halt, Session};
use crate::ledger::{BatchError, Shard, ShardState, ShardStep};
use crate::observer::{Moment, Step};
use crate::provider::{PollReply, Progress, Provider, RemoteBatch, RemoteCounts};

/// What this process has seen of a batch.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    counts: RemoteCounts,
    status_text: String,
    changed: Instant,
    gone_since: Option<Instant>,
    cancelled_at: Option<Instant>,
}

/// Whether anything moved since the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    Yes,
    No,
}

impl Engine {
    /// Asks after the created shards; those that have ended move on.
    pub(super) async fn poll(
        &self,
        session: &mut Session,
        shards: &[Shard],
    ) -> Result<Moved, Halt> {
        let mut by_provider: BTreeMap<&str, Vec<&Shard>> = BTreeMap::new();
        for shard in shards {
            if shard.state == ShardState::Created {
                by_provider
                    .entry(&shard.model.provider)
                    .or_default()
                    .push(shard);
            }
        }
        let mut moved = Moved::No;
        for (name, shards) in by_provider {
            let provider = Arc::clone(self.provider(name)?);
            let ids: Vec<String> = shards
                .iter()
                .filter_map(|shard| shard.batch_id.clone())
                .collect();
            let replies = self
                .or_interrupt(provider.poll(&ids))
                .await?
                .map_err(Halt::of)?;
            session.outage_since = None;
            let by_id: BTreeMap<String, PollReply> = replies
                .into_iter()
                .map(|polled| (polled.batch_id, polled.reply))
                .collect();
            for shard in shards {
                let reply = shard.batch_id.as_ref().and_then(|id| by_id.get(id));
                let ended = match reply {
                    Some(PollReply::Batch(batch)) => {
                        self.look_at(session, &*provider, shard, batch, &mut moved)
                            .await?
                    }
                    Some(PollReply::Gone(words)) => self.gone(session, shard, words),
                    None => None,
                };
                if let Some(step) = ended {
                    self.step(Moment::Before, Step::CommitEnd, Some(shard.id));
                    self.ledger().advance_shard(shard.id, &step)?;
                    self.step(Moment::After, Step::CommitEnd, Some(shard.id));
                    session.watches.remove(&shard.id);
                    moved = Moved::Yes;
                }
            }
        }
        Ok(moved)
    }

    async fn look_at(
        &self,
        session: &mut Session,
        provider: &dyn Provider,
        shard: &Shard,
        batch: &RemoteBatch,
        moved: &mut Moved,
    ) -> Result<Option<ShardStep>, Halt> {
        let now = Instant::now();
        let window_closed = self.window_closed(session, shard, batch);
        let is_cancelling = session.is_cancelling();
        let watch = session.watches.entry(shard.id).or_insert_with(|| Watch {
            counts: batch.counts,
            status_text: String::new(),
            changed: now,
            gone_since: None,
            cancelled_at: None,
        });
        watch.gone_since = None;
        if watch.counts != batch.counts || watch.status_text != batch.status_text {
            watch.counts = batch.counts;
            watch.status_text.clone_from(&batch.status_text);
            watch.changed = now;
            *moved = Moved::Yes;
            let done = batch.counts.completed + batch.counts.failed;
            self.tell_shard(shard, &batch.status_text, done);
        }
        if batch.status.is_terminal() {
            return Ok(Some(ended(&batch.status_text, batch, self.now())));
        }
        let stall = &self.parts.settings.stall;
        match watch.cancelled_at {
            Some(cancelled_at) if now.duration_since(cancelled_at) >= stall.cancel_wait => {
                self.warn(&format!(
                    "{}: batch {} does not end; what it has so far is read",
                    named(shard.id),
                    batch.id
                ));
                Ok(Some(ended(STALLED, batch, self.now())))
            }
            Some(_) => Ok(None),
            None => {
                let no_change = now.duration_since(watch.changed);
                let has_stalled =
                    provider.progress() == Progress::Counted && no_change >= stall.after;
                if is_cancelling || has_stalled || window_closed {
                    watch.cancelled_at = Some(now);
                    if !is_cancelling {
                        self.warn(&format!(
                            "{}: batch {} does not move; cancelling it",
                            named(shard.id),
                            batch.id
                        ));
                    }
                    if let Err(error) = provider.cancel(&batch.id).await {
                        // The wait for its end goes on all the same, and ends.
                        self.warn(&error.to_string());
                    }
                    *moved = Moved::Yes;
                }
                Ok(None)
            }
        }
    }

    /// Whether the window of a batch closed so long ago that the host has forgotten it.
    fn window_closed(&self, session: &Session, shard: &Shard, batch: &RemoteBatch) -> bool {
        let margin = self.parts.settings.stall.window_margin;
        let hours = session
            .spec
            .tiers
            .get((shard.variant.tier as usize).wrapping_sub(1))
            .map_or(168, |tier| tier.completion_window.hours());
        let closes = batch.expires_at.or_else(|| {
            shard
                .created_at?
                .checked_add(jiff::SignedDuration::from_hours(i64::from(hours)))
                .ok()
        });
        closes
            .and_then(|closes| closes.checked_add(margin).ok())
            .is_some_and(|last| self.now() > last)
    }

    /// A batch the host does not know is believed gone after a grace time: right after a create some
    /// hosts do not know their own batch yet.
    fn gone(&self, session: &mut Session, shard: &Shard, words: &str) -> Option<ShardStep> {
        let now = Instant::now();
        let watch = session.watches.entry(shard.id).or_insert_with(|| Watch {
            counts: RemoteCounts::default(),
            status_text: String::new(),
            changed: now,
            gone_since: None,
            cancelled_at: None,
        });
        let since = *watch.gone_since.get_or_insert(now);
        if now.duration_since(since) < self.parts.settings.stall.gone_grace {
            return None;
        }
        self.warn(&format!(
            "{}: the host no longer knows its batch ({words})",
            named(shard.id)
        ));
        Some(ShardStep::Ended {
            status: GONE.to_owned(),
            output_file_id: None,
            error_file_id: None,
            errors: vec![BatchError {
                code: None,
                message: Some(words.to_owned()),
                line: None,
            }],
            at: self.now(),
        })
    }
}

/// The status given to batches that the host no longer knows.
pub(super) const GONE: &str = "gone";
/// The status given to batches that did not move and could not be cancelled.
pub(super) const STALLED: &str = "stalled";

fn ended(status: &str, batch: &RemoteBatch, at: jiff::Timestamp) -> ShardStep {
    ShardStep::Ended {
        status: status.to_lowercase(),
        output_file_id: batch.output_file_id.clone(),
        error_file_id: batch.error_file_id.clone(),
        errors: batch.errors.clone(),
        at,
    }
}
