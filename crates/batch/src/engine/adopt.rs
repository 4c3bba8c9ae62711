//! Finds the batch of a shard whose create was never answered, so that nothing is paid for twice.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::SignedDuration;

use crate::engine::Engine;
use crate::engine::plan::named;
use crate::engine::session::Halt;
use crate::ledger::{Shard, ShardFilter};
use crate::provider::{Provider, ProviderErrorKind, Recognition, RemoteBatch};

/// Clocks of host and client may differ this much where batches are told apart by their time.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);
/// Members read at a time.
const MEMBER_PAGE: usize = 2_000;

/// What looking for a batch came to.
#[derive(Debug)]
pub(super) enum Found {
    /// There is none.
    Nothing,
    /// The shard's batch.
    Batch(Box<RemoteBatch>),
    /// A batch that may be the shard's, by its id; it shows when that one ends.
    Perhaps(String),
}

impl Engine {
    /// Looks for a shard's batch among those at the host. Of several the oldest is taken and the others
    /// are cancelled.
    pub(super) async fn find_batch(
        &self,
        provider: &dyn Provider,
        shard: &Shard,
    ) -> Result<Found, Halt> {
        let Some(started) = shard.create_started_at else {
            return Ok(Found::Nothing);
        };
        // A create without reply may still be on its way through the host.
        let grace = self.parts.settings.retry.adoption_grace;
        let passed = self.now().duration_since(started);
        let left = SignedDuration::try_from(grace).unwrap_or_default() - passed;
        if let Ok(left) = Duration::try_from(left) {
            self.sleep(left.min(grace)).await?;
        }
        let mut batches = self
            .or_interrupt(provider.list_batches(shard.planned_at))
            .await?
            .map_err(Halt::of)?;
        batches.sort_by_key(|batch| batch.created_at);
        let ours = match provider.recognition() {
            Recognition::Token => {
                batches.retain(|batch| {
                    let has_token = batch.token.as_ref() == Some(&shard.token);
                    let has_file = shard.file_id.is_some() && batch.input_file_id == shard.file_id;
                    has_token || has_file
                });
                batches
            }
            Recognition::CustomIds => match self.by_custom_ids(provider, shard, batches).await? {
                Ok(ours) => ours,
                Err(batch_id) => return Ok(Found::Perhaps(batch_id)),
            },
        };
        let mut ours = ours.into_iter();
        let Some(oldest) = ours.next() else {
            return Ok(Found::Nothing);
        };
        self.warn(&format!(
            "{}: took up batch {}, which the host had created already",
            named(shard.id),
            oldest.id
        ));
        for other in ours.filter(|other| other.id != oldest.id && !other.status.is_terminal()) {
            self.warn(&format!(
                "{}: cancelling batch {}, a second one for the same file",
                named(shard.id),
                other.id
            ));
            if let Err(error) = provider.cancel(&other.id).await {
                self.warn(&error.to_string());
            }
        }
        Ok(Found::Batch(Box::new(oldest)))
    }

    /// The batches whose results are for requests of the shard. `Err` with the id of one that may be
    /// and has not ended yet, where none is known to be.
    ///
    /// A candidate has as many requests as the shard, was created no earlier than it was asked for, and
    /// is no other shard's of the run. Two batches with the same requests cannot be told apart: should
    /// the host have made two of one shard, the older is taken.
    async fn by_custom_ids(
        &self,
        provider: &dyn Provider,
        shard: &Shard,
        batches: Vec<RemoteBatch>,
    ) -> Result<Result<Vec<RemoteBatch>, String>, Halt> {
        let known: HashSet<String> = self
            .ledger()
            .shards(shard.run, ShardFilter::All)?
            .into_iter()
            .filter_map(|shard| shard.batch_id)
            .collect();
        let earliest = shard
            .create_started_at
            .and_then(|started| started.checked_sub(CLOCK_SKEW).ok());
        let mut members: Option<HashSet<String>> = None;
        let mut ours = Vec::new();
        let mut perhaps = None;
        for batch in batches {
            let is_candidate = batch.counts.total == shard.requests
                && !known.contains(&batch.id)
                && batch.created_at >= earliest;
            if !is_candidate {
                continue;
            }
            if !batch.status.is_terminal() {
                if !self.has_run_out(&batch) {
                    perhaps = Some(batch.id);
                }
                continue;
            }
            let members = match &mut members {
                Some(members) => members,
                none => none.insert(self.member_ids(shard)?),
            };
            if self.is_of(provider, &batch, members).await? {
                ours.push(batch);
            }
        }
        Ok(match perhaps {
            Some(batch_id) if ours.is_empty() => Err(batch_id),
            _ => Ok(ours),
        })
    }

    /// Whether a batch should have ended so long ago that it never will.
    fn has_run_out(&self, batch: &RemoteBatch) -> bool {
        let margin = self.parts.settings.stall.window_margin;
        batch
            .expires_at
            .and_then(|expires| expires.checked_add(margin).ok())
            .is_some_and(|last| self.now() > last)
    }

    fn member_ids(&self, shard: &Shard) -> Result<HashSet<String>, Halt> {
        let mut ids = HashSet::with_capacity(usize::try_from(shard.requests).unwrap_or(0));
        let mut after = None;
        loop {
            let members = self.ledger().members(shard.id, after, MEMBER_PAGE)?;
            let Some(last) = members.last() else {
                return Ok(ids);
            };
            after = Some(last.seq);
            ids.extend(members.into_iter().map(|member| member.custom_id));
        }
    }

    /// Whether the first result that names a request names one of these.
    async fn is_of(
        &self,
        provider: &dyn Provider,
        batch: &RemoteBatch,
        members: &HashSet<String>,
    ) -> Result<bool, Halt> {
        let Some(file_id) = &batch.output_file_id else {
            return Ok(false);
        };
        let mut lines = match self.or_interrupt(provider.results(file_id)).await? {
            Ok(lines) => lines,
            Err(error) if error.kind == ProviderErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(Halt::of(error)),
        };
        while let Some(page) = self.or_interrupt(lines.next()).await? {
            let mut lines = page.map_err(Halt::of)?.into_iter();
            if let Some(custom_id) = lines.find_map(|line| line.custom_id) {
                return Ok(members.contains(&custom_id));
            }
        }
        Ok(false)
    }
}
