//! What the ledger holds, and how its parts find each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::ledger::LedgerError;
use crate::ledger::records::{
    NewShard, OutcomeRecord, RequestCursor, RulingLine, Run, RunId, Shard, ShardId, ShardState,
    ShardTally, StoredRequest, Variant, Verdict,
};
use crate::observer::Totals;
use crate::outcome::{Failure, FailureKind};
use crate::task::{NewRequest, Payload, RunSpec};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) runs: BTreeMap<RunId, RunData>,
    pub(super) shards: BTreeMap<ShardId, ShardData>,
    /// Open requests by task and subject.
    pub(super) claims: HashMap<(String, String), RunId>,
    /// All requests by task and subject, oldest first.
    pub(super) by_subject: HashMap<(String, String), Vec<RequestCursor>>,
    pub(super) last_shard: i64,
    /// Decisions about quarantined requests with their task, oldest first.
    pub(super) rulings: Vec<(String, RulingLine)>,
}

#[derive(Debug)]
pub(super) struct RunData {
    pub(super) run: Run,
    pub(super) lease: Option<(String, Timestamp)>,
    pub(super) requests: Vec<RequestData>,
    pub(super) by_custom_id: HashMap<String, u64>,
    pub(super) ready: BTreeMap<Variant, BTreeSet<Place>>,
    pub(super) totals: Totals,
}

/// Where a request waits in its group: those with a doubted answer come after those with none.
pub(super) type Place = (Option<u32>, u64);

#[derive(Debug)]
pub(super) struct RequestData {
    pub(super) custom_id: String,
    pub(super) subject: String,
    pub(super) group: String,
    pub(super) content_hash: String,
    pub(super) payload: Payload,
    pub(super) prompt_tokens: u32,
    pub(super) prior_attempts: u32,
    pub(super) tier_attempts: u32,
    pub(super) variant: Variant,
    pub(super) standing: Standing,
    pub(super) attempts: Vec<AttemptData>,
    pub(super) ended: Option<Failure>,
    /// The tier whose doubted answer is the request's answer.
    pub(super) standing_tier: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Ready,
    InShard,
    Answered,
    Failed,
    Quarantined,
    /// Failed, and freed from quarantine: its attempts no longer count.
    Released,
    /// Given up by a user: its content is never asked again.
    Dropped,
}

impl Standing {
    /// Whether the content is not asked again by itself.
    pub(super) fn is_kept_back(self) -> bool {
        matches!(self, Standing::Quarantined | Standing::Dropped)
    }
}

#[derive(Debug)]
pub(super) struct AttemptData {
    pub(super) shard: ShardId,
    pub(super) tier: u32,
    pub(super) tier_attempts: u32,
    /// Whether the request had a doubted answer already.
    pub(super) second_opinion: bool,
    pub(super) outcome: Option<OutcomeRecord>,
    pub(super) recorded_at: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct ShardData {
    pub(super) shard: Shard,
    pub(super) members: Vec<u64>,
}

impl RequestData {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.standing, Standing::Ready | Standing::InShard)
    }

    pub(super) fn place(&self, seq: u64) -> Place {
        (self.standing_tier, seq)
    }

    /// Whether its answer was recorded after a moment.
    pub(super) fn is_answered_after(&self, moment: Timestamp) -> bool {
        self.standing == Standing::Answered
            && self
                .attempts
                .last()
                .and_then(|attempt| attempt.recorded_at)
                .is_some_and(|at| at > moment)
    }

    pub(super) fn counted_attempts(&self) -> u32 {
        let counted = self
            .attempts
            .iter()
            .filter_map(|attempt| attempt.outcome.as_ref())
            .filter(|outcome| {
                !matches!(&outcome.verdict, Verdict::Failed(failure) if failure.kind == FailureKind::Config)
            });
        u32::try_from(counted.count()).unwrap_or(u32::MAX)
    }
}

impl State {
    pub(super) fn run(&self, run: RunId) -> Result<&RunData, LedgerError> {
        self.runs.get(&run).ok_or(LedgerError::NoSuchRun(run))
    }

    pub(super) fn run_mut(&mut self, run: RunId) -> Result<&mut RunData, LedgerError> {
        self.runs.get_mut(&run).ok_or(LedgerError::NoSuchRun(run))
    }

    pub(super) fn shard(&self, shard: ShardId) -> Result<&ShardData, LedgerError> {
        self.shards
            .get(&shard)
            .ok_or(LedgerError::NoSuchShard(shard))
    }

    pub(super) fn shard_mut(&mut self, shard: ShardId) -> Result<&mut ShardData, LedgerError> {
        self.shards
            .get_mut(&shard)
            .ok_or(LedgerError::NoSuchShard(shard))
    }

    /// Requests of the same content, asked with the same versions.
    pub(super) fn earlier<'a>(
        &'a self,
        spec: &'a RunSpec,
        request: &'a NewRequest,
    ) -> impl Iterator<Item = (&'a RunData, &'a RequestData)> {
        self.of_content(spec, request).filter(|(run, _)| {
            let (asked, task) = (&run.run.spec.task, &spec.task);
            asked.prompt_version == task.prompt_version
                && asked.schema_version == task.schema_version
        })
    }

    /// Requests of the same content, asked with whatever versions.
    pub(super) fn of_content<'a>(
        &'a self,
        spec: &'a RunSpec,
        request: &'a NewRequest,
    ) -> impl Iterator<Item = (&'a RunData, &'a RequestData)> {
        let key = (spec.task.name.clone(), request.subject.clone());
        self.by_subject
            .get(&key)
            .into_iter()
            .flatten()
            .filter_map(|cursor| {
                let run = self.runs.get(&cursor.run)?;
                Some((run, run.request(cursor.seq)?))
            })
            .filter(|(_, earlier)| earlier.content_hash == request.content_hash)
    }
}

impl RunData {
    pub(super) fn request(&self, seq: u64) -> Option<&RequestData> {
        self.requests
            .get(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    pub(super) fn request_mut(&mut self, seq: u64) -> Option<&mut RequestData> {
        self.requests
            .get_mut(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    pub(super) fn stored(&self, seq: u64) -> Option<StoredRequest> {
        let request = self.request(seq)?;
        Some(StoredRequest {
            seq,
            custom_id: request.custom_id.clone(),
            subject: request.subject.clone(),
            group: request.group.clone(),
            content_hash: request.content_hash.clone(),
            payload: request.payload.clone(),
            prompt_tokens: request.prompt_tokens,
        })
    }
}

pub(super) fn conflict<T>(reason: impl Into<String>) -> Result<T, LedgerError> {
    Err(LedgerError::Conflict(reason.into()))
}

impl State {
    pub(super) fn requests_of<'a>(
        &'a self,
        task: &'a str,
        after: Option<RequestCursor>,
    ) -> impl Iterator<Item = (RequestCursor, &'a RunData, &'a RequestData)> {
        self.runs
            .values()
            .filter(move |run| run.run.spec.task.name == task)
            .flat_map(|run| {
                run.requests.iter().zip(1_u64..).map(move |(request, seq)| {
                    let cursor = RequestCursor {
                        run: run.run.id,
                        seq,
                    };
                    (cursor, run, request)
                })
            })
            .filter(move |(cursor, _, _)| after.is_none_or(|after| *cursor > after))
    }
}

pub(super) fn is_out(state: ShardState) -> bool {
    !matches!(state, ShardState::Collected | ShardState::Abandoned)
}

pub(super) fn counts_against(verdict: &Verdict) -> bool {
    !matches!(verdict, Verdict::Failed(failure) if failure.kind == FailureKind::Config)
}

pub(super) fn later(members: &[u64], after: Option<u64>) -> &[u64] {
    let start = after.map_or(0, |after| members.partition_point(|seq| *seq <= after));
    members.get(start..).unwrap_or_default()
}

pub(super) fn planned_shard(id: ShardId, new: &NewShard, requests: u64) -> Shard {
    Shard {
        id,
        run: new.run,
        variant: new.variant,
        model: new.model.clone(),
        token: new.token.clone(),
        state: ShardState::Planned,
        requests,
        input_bytes: new.input_bytes,
        prompt_tokens: new.prompt_tokens,
        reserved: new.reserved,
        price: new.price,
        sync_price: new.sync_price,
        file_id: None,
        input_hash: None,
        batch_id: None,
        remote_status: None,
        output_file_id: None,
        error_file_id: None,
        batch_errors: Vec::new(),
        note: None,
        planned_at: new.at,
        create_started_at: None,
        created_at: None,
        ended_at: None,
        closed_at: None,
        files_deleted: false,
        tally: ShardTally::default(),
    }
}
