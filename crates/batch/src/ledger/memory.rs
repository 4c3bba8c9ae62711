//! A ledger in memory: for library users who need no resume, and for property tests.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::records::{
    Admission, AttemptLine, FailedRequest, Lease, Member, NewShard, Next, OutcomeRecord,
    QuarantinedRequest, ReadyGroup, ReadyRequest, RequestCursor, Run, RunId, RunState, Shard,
    ShardFilter, ShardId, ShardState, ShardStep, ShardTally, StoredRequest, Takeover, TierLine,
    Variant, Verdict, WaitingRequest,
};
use super::summary::RunLine;
use super::{Ledger, LedgerError};
use crate::money::Money;
use crate::observer::Totals;
use crate::outcome::{Failure, FailureKind, Usage};
use crate::task::{NewRequest, Payload, RunSpec};

/// A ledger that lives as long as the process. Its rules are those of the durable ledgers.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    runs: BTreeMap<RunId, RunData>,
    shards: BTreeMap<ShardId, ShardData>,
    /// Open requests by task and subject.
    claims: HashMap<(String, String), RunId>,
    /// All requests by task and subject, oldest first.
    by_subject: HashMap<(String, String), Vec<RequestCursor>>,
    last_shard: i64,
}

#[derive(Debug)]
struct RunData {
    run: Run,
    lease: Option<(String, Timestamp)>,
    requests: Vec<RequestData>,
    by_custom_id: HashMap<String, u64>,
    ready: BTreeMap<Variant, BTreeSet<u64>>,
    totals: Totals,
}

#[derive(Debug)]
struct RequestData {
    custom_id: String,
    subject: String,
    group: String,
    content_hash: String,
    payload: Payload,
    prompt_tokens: u32,
    prior_attempts: u32,
    tier_attempts: u32,
    variant: Variant,
    standing: Standing,
    attempts: Vec<AttemptData>,
    ended: Option<Failure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Ready,
    InShard,
    Answered,
    Failed,
    Quarantined,
    /// Failed, and freed from quarantine: its attempts no longer count.
    Released,
}

#[derive(Debug)]
struct AttemptData {
    shard: ShardId,
    tier: u32,
    tier_attempts: u32,
    outcome: Option<OutcomeRecord>,
}

#[derive(Debug)]
struct ShardData {
    shard: Shard,
    members: Vec<u64>,
}

impl RequestData {
    fn is_open(&self) -> bool {
        matches!(self.standing, Standing::Ready | Standing::InShard)
    }

    fn counted_attempts(&self) -> u32 {
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

impl MemoryLedger {
    /// An empty ledger.
    pub fn new() -> MemoryLedger {
        MemoryLedger::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn run(&self, run: RunId) -> Result<&RunData, LedgerError> {
        self.runs.get(&run).ok_or(LedgerError::NoSuchRun(run))
    }

    fn run_mut(&mut self, run: RunId) -> Result<&mut RunData, LedgerError> {
        self.runs.get_mut(&run).ok_or(LedgerError::NoSuchRun(run))
    }

    fn shard(&self, shard: ShardId) -> Result<&ShardData, LedgerError> {
        self.shards
            .get(&shard)
            .ok_or(LedgerError::NoSuchShard(shard))
    }

    fn shard_mut(&mut self, shard: ShardId) -> Result<&mut ShardData, LedgerError> {
        self.shards
            .get_mut(&shard)
            .ok_or(LedgerError::NoSuchShard(shard))
    }

    /// Requests of the same content, asked with the same versions.
    fn earlier<'a>(
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
            .filter(|(run, earlier)| {
                let (asked, task) = (&run.run.spec.task, &spec.task);
                asked.prompt_version == task.prompt_version
                    && asked.schema_version == task.schema_version
                    && earlier.content_hash == request.content_hash
            })
    }
}

impl RunData {
    fn request(&self, seq: u64) -> Option<&RequestData> {
        self.requests
            .get(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    fn request_mut(&mut self, seq: u64) -> Option<&mut RequestData> {
        self.requests
            .get_mut(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    fn stored(&self, seq: u64) -> Option<StoredRequest> {
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

fn conflict<T>(reason: impl Into<String>) -> Result<T, LedgerError> {
    Err(LedgerError::Conflict(reason.into()))
}

impl Ledger for MemoryLedger {
    fn create_run(&self, spec: &RunSpec, at: Timestamp) -> Result<RunId, LedgerError> {
        let mut state = self.lock();
        let last = state.runs.keys().next_back().map_or(0, |run| run.0);
        let id = RunId(last + 1);
        state.runs.insert(
            id,
            RunData {
                run: Run {
                    id,
                    spec: spec.clone(),
                    state: RunState::Stopped,
                    note: None,
                    started_at: at,
                    ended_at: None,
                },
                lease: None,
                requests: Vec::new(),
                by_custom_id: HashMap::new(),
                ready: BTreeMap::new(),
                totals: Totals::default(),
            },
        );
        Ok(id)
    }

    fn run(&self, run: RunId) -> Result<Run, LedgerError> {
        Ok(self.lock().run(run)?.run.clone())
    }

    fn runs(&self) -> Result<Vec<RunLine>, LedgerError> {
        let state = self.lock();
        let lines = state.runs.values().rev().map(|data| RunLine {
            id: data.run.id,
            state: data.run.state,
            started_at: data.run.started_at,
            requests: data.totals.requests,
            answered: data.totals.answered,
            failed: data.totals.failed,
            cost_usd: data.totals.cost,
        });
        Ok(lines.collect())
    }

    fn set_run_state(
        &self,
        run: RunId,
        new_state: RunState,
        note: Option<&str>,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        let mut state = self.lock();
        let data = state.run_mut(run)?;
        data.run.state = new_state;
        data.run.note = note.map(str::to_owned);
        data.run.ended_at =
            matches!(new_state, RunState::Finished | RunState::Cancelled).then_some(at);
        Ok(())
    }

    fn set_run_spec(&self, run: RunId, spec: &RunSpec) -> Result<(), LedgerError> {
        self.lock().run_mut(run)?.run.spec = spec.clone();
        Ok(())
    }

    fn lease_run(&self, run: RunId, lease: &Lease) -> Result<(), LedgerError> {
        let mut state = self.lock();
        let data = state.run_mut(run)?;
        if let Some((owner, until)) = &data.lease
            && *owner != lease.owner
            && *until > lease.now
            && lease.takeover == Takeover::WhenIdle
        {
            return Err(LedgerError::Busy { run, until: *until });
        }
        data.lease = Some((lease.owner.clone(), lease.until));
        Ok(())
    }

    fn release_run(&self, run: RunId, owner: &str) -> Result<(), LedgerError> {
        let mut state = self.lock();
        let data = state.run_mut(run)?;
        if data
            .lease
            .as_ref()
            .is_some_and(|(holder, _)| holder == owner)
        {
            data.lease = None;
        }
        Ok(())
    }

    fn discard_run(&self, run: RunId) -> Result<(), LedgerError> {
        let mut state = self.lock();
        state.run(run)?;
        if state.shards.values().any(|data| data.shard.run == run) {
            return conflict(format!("run {run} has shards already"));
        }
        state.runs.remove(&run);
        state.claims.retain(|_, holder| *holder != run);
        state.by_subject.retain(|_, places| {
            places.retain(|place| place.run != run);
            !places.is_empty()
        });
        Ok(())
    }

    fn add_requests(
        &self,
        run: RunId,
        variant: Variant,
        requests: &[NewRequest],
    ) -> Result<Vec<Admission>, LedgerError> {
        let mut state = self.lock();
        let spec = state.run(run)?.run.spec.clone();
        let mut admissions = Vec::with_capacity(requests.len());
        for request in requests {
            let claim = (spec.task.name.clone(), request.subject.clone());
            let admission = if state
                .run(run)?
                .by_custom_id
                .contains_key(&request.custom_id)
            {
                Admission::RepeatedId
            } else if let Some(holder) = state.claims.get(&claim) {
                Admission::Held(*holder)
            } else if let Some((earlier, _)) = state
                .earlier(&spec, request)
                .find(|(_, data)| data.standing == Standing::Quarantined)
            {
                Admission::Quarantined(earlier.run.id)
            } else {
                let prior_attempts = state
                    .earlier(&spec, request)
                    .filter(|(_, data)| data.standing == Standing::Failed)
                    .map(|(_, data)| data.counted_attempts())
                    .fold(0, u32::saturating_add);
                let seq = state.run(run)?.requests.len() as u64 + 1;
                let place = RequestCursor { run, seq };
                state
                    .by_subject
                    .entry(claim.clone())
                    .or_default()
                    .push(place);
                state.claims.insert(claim, run);
                let data = state.run_mut(run)?;
                data.requests.push(RequestData {
                    custom_id: request.custom_id.clone(),
                    subject: request.subject.clone(),
                    group: request.group.clone(),
                    content_hash: request.content_hash.clone(),
                    payload: request.payload.clone(),
                    prompt_tokens: request.prompt_tokens,
                    prior_attempts,
                    tier_attempts: 0,
                    variant,
                    standing: Standing::Ready,
                    attempts: Vec::new(),
                    ended: None,
                });
                data.by_custom_id.insert(request.custom_id.clone(), seq);
                data.ready.entry(variant).or_default().insert(seq);
                data.totals.requests += 1;
                data.totals.waiting += 1;
                Admission::Claimed
            };
            admissions.push(admission);
        }
        Ok(admissions)
    }

    fn end_ready_requests(
        &self,
        run: RunId,
        failure: &Failure,
        _at: Timestamp,
    ) -> Result<u64, LedgerError> {
        let mut state = self.lock();
        let data = state.run_mut(run)?;
        let task = data.run.spec.task.name.clone();
        let mut subjects = Vec::new();
        for request in &mut data.requests {
            if request.standing == Standing::Ready {
                request.standing = Standing::Failed;
                request.ended = Some(failure.clone());
                subjects.push(request.subject.clone());
            }
        }
        data.ready.clear();
        let ended = subjects.len() as u64;
        data.totals.waiting -= ended;
        data.totals.failed += ended;
        for subject in subjects {
            state.claims.remove(&(task.clone(), subject));
        }
        Ok(ended)
    }

    fn totals(&self, run: RunId) -> Result<Totals, LedgerError> {
        let state = self.lock();
        let mut totals = state.run(run)?.totals;
        totals.reserved = state
            .shards
            .values()
            .filter(|data| data.shard.run == run && is_out(data.shard.state))
            .map(|data| data.shard.reserved)
            .sum();
        Ok(totals)
    }

    fn ready_groups(&self, run: RunId) -> Result<Vec<ReadyGroup>, LedgerError> {
        let state = self.lock();
        let groups = state.run(run)?.ready.iter();
        Ok(groups
            .filter(|(_, seqs)| !seqs.is_empty())
            .map(|(variant, seqs)| ReadyGroup {
                variant: *variant,
                requests: seqs.len() as u64,
            })
            .collect())
    }

    fn ready(
        &self,
        run: RunId,
        variant: Variant,
        limit: usize,
    ) -> Result<Vec<ReadyRequest>, LedgerError> {
        let state = self.lock();
        let data = state.run(run)?;
        let Some(seqs) = data.ready.get(&variant) else {
            return Ok(Vec::new());
        };
        let mut page = Vec::new();
        for seq in seqs.iter().take(limit) {
            if let Some(request) = data.request(*seq) {
                page.push(ReadyRequest {
                    seq: *seq,
                    custom_id_bytes: request.custom_id.len() as u64,
                    payload_bytes: request.payload.as_json().len() as u64,
                    prompt_tokens: request.prompt_tokens,
                });
            }
        }
        Ok(page)
    }

    fn create_shard(&self, new: &NewShard, members: &[u64]) -> Result<ShardId, LedgerError> {
        let mut state = self.lock();
        let id = ShardId(state.last_shard + 1);
        let data = state.run_mut(new.run)?;
        for seq in members {
            if !data
                .ready
                .get(&new.variant)
                .is_some_and(|seqs| seqs.contains(seq))
            {
                return conflict(format!("request {seq} does not wait with these settings"));
            }
        }
        if members.iter().collect::<BTreeSet<_>>().len() != members.len() || members.is_empty() {
            return conflict("a shard needs one or more different requests");
        }
        for seq in members {
            if let Some(ready) = data.ready.get_mut(&new.variant) {
                ready.remove(seq);
            }
            if let Some(request) = data.request_mut(*seq) {
                request.standing = Standing::InShard;
                let tier_attempts = request.tier_attempts;
                request.attempts.push(AttemptData {
                    shard: id,
                    tier: new.variant.tier,
                    tier_attempts,
                    outcome: None,
                });
            }
        }
        data.totals.waiting -= members.len() as u64;
        data.totals.in_flight += members.len() as u64;
        let mut members = members.to_vec();
        members.sort_unstable();
        state.last_shard = id.0;
        state.shards.insert(
            id,
            ShardData {
                shard: planned_shard(id, new, members.len() as u64),
                members,
            },
        );
        Ok(id)
    }

    fn shard(&self, shard: ShardId) -> Result<Shard, LedgerError> {
        Ok(self.lock().shard(shard)?.shard.clone())
    }

    fn shards(&self, run: RunId, filter: ShardFilter) -> Result<Vec<Shard>, LedgerError> {
        let state = self.lock();
        state.run(run)?;
        let shards = state
            .shards
            .values()
            .map(|data| &data.shard)
            .filter(|shard| shard.run == run)
            .filter(|shard| match filter {
                ShardFilter::All => true,
                ShardFilter::Unfinished => is_out(shard.state) || !shard.files_deleted,
            });
        Ok(shards.cloned().collect())
    }

    fn advance_shard(&self, shard: ShardId, step: &ShardStep) -> Result<(), LedgerError> {
        let mut state = self.lock();
        let shard = &mut state.shard_mut(shard)?.shard;
        shard
            .apply(step)
            .map_err(|state| LedgerError::Conflict(format!("shard {} is {state}", shard.id)))
    }

    fn members(
        &self,
        shard: ShardId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Member>, LedgerError> {
        let state = self.lock();
        let data = state.shard(shard)?;
        let run = state.run(data.shard.run)?;
        let mut page = Vec::new();
        for seq in later(&data.members, after).iter().take(limit) {
            let Some(request) = run.request(*seq) else {
                continue;
            };
            let place = request
                .attempts
                .iter()
                .position(|attempt| attempt.shard == shard);
            let Some((index, attempt)) =
                place.and_then(|index| Some((index, request.attempts.get(index)?)))
            else {
                continue;
            };
            page.push(Member {
                seq: *seq,
                custom_id: request.custom_id.clone(),
                attempt: u32::try_from(index + 1).unwrap_or(u32::MAX),
                tier_attempts: attempt.tier_attempts,
                prior_attempts: request.prior_attempts,
                prompt_tokens: request.prompt_tokens,
                recorded: attempt
                    .outcome
                    .as_ref()
                    .map(|outcome| outcome.usage.unwrap_or_default()),
            });
        }
        Ok(page)
    }

    fn shard_requests(
        &self,
        shard: ShardId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StoredRequest>, LedgerError> {
        let state = self.lock();
        let data = state.shard(shard)?;
        let run = state.run(data.shard.run)?;
        let page = later(&data.members, after)
            .iter()
            .take(limit)
            .filter_map(|seq| run.stored(*seq));
        Ok(page.collect())
    }

    fn stored(&self, run: RunId, seqs: &[u64]) -> Result<Vec<StoredRequest>, LedgerError> {
        let state = self.lock();
        let data = state.run(run)?;
        let open = seqs
            .iter()
            .filter(|seq| data.request(**seq).is_some_and(RequestData::is_open));
        Ok(open.filter_map(|seq| data.stored(*seq)).collect())
    }

    fn record(
        &self,
        shard: ShardId,
        outcomes: &[OutcomeRecord],
        _at: Timestamp,
    ) -> Result<(), LedgerError> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let run_id = state.shard(shard)?.shard.run;
        let run = state.run(run_id)?;
        let mut seen = BTreeSet::new();
        for outcome in outcomes {
            let open = run.request(outcome.seq).is_some_and(|request| {
                request
                    .attempts
                    .last()
                    .is_some_and(|attempt| attempt.shard == shard && attempt.outcome.is_none())
            });
            if !open || !seen.insert(outcome.seq) {
                return conflict(format!(
                    "request {} has no open place in shard {shard}",
                    outcome.seq
                ));
            }
        }
        let data = state.run_mut(run_id)?;
        let task = data.run.spec.task.name.clone();
        let mut released = Vec::new();
        for outcome in outcomes {
            data.totals.in_flight -= 1;
            data.totals.cost += outcome.cost;
            data.totals.possible_cost += outcome.possible_cost;
            let Some(request) = data.request_mut(outcome.seq) else {
                continue;
            };
            if let Some(attempt) = request.attempts.last_mut() {
                attempt.outcome = Some(outcome.clone());
            }
            let mut ready_again = None;
            match &outcome.next {
                Next::Done => request.standing = Standing::Answered,
                Next::Failed => request.standing = Standing::Failed,
                Next::Quarantined => request.standing = Standing::Quarantined,
                Next::Again { variant, shrunk } => {
                    request.standing = Standing::Ready;
                    if variant.tier != request.variant.tier {
                        request.tier_attempts = 0;
                    } else if counts_against(&outcome.verdict) {
                        request.tier_attempts += 1;
                    }
                    request.variant = *variant;
                    if let Some(shrunk) = shrunk {
                        request.payload = shrunk.payload.clone();
                        request.prompt_tokens = shrunk.prompt_tokens;
                    }
                    ready_again = Some(*variant);
                }
            }
            if let (Verdict::Failed(failure), false) = (&outcome.verdict, request.is_open()) {
                request.ended = Some(failure.clone());
            }
            let standing = request.standing;
            if !request.is_open() {
                released.push(request.subject.clone());
            }
            match standing {
                Standing::Answered => data.totals.answered += 1,
                Standing::Failed | Standing::Quarantined | Standing::Released => {
                    data.totals.failed += 1;
                }
                Standing::Ready | Standing::InShard => data.totals.waiting += 1,
            }
            if let Some(variant) = ready_again {
                data.ready.entry(variant).or_default().insert(outcome.seq);
            }
        }
        for subject in released {
            state.claims.remove(&(task.clone(), subject));
        }
        Ok(())
    }

    fn close_shard(
        &self,
        shard: ShardId,
        tally: &ShardTally,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        let mut state = self.lock();
        let data = state.shard(shard)?;
        if data.shard.state != ShardState::Ended {
            return conflict(format!("shard {shard} is {}", data.shard.state));
        }
        let run_id = data.shard.run;
        let run = state.run(run_id)?;
        let unrecorded = data.members.iter().filter(|seq| {
            run.request(**seq).is_some_and(|request| {
                request
                    .attempts
                    .iter()
                    .any(|attempt| attempt.shard == shard && attempt.outcome.is_none())
            })
        });
        if unrecorded.count() > 0 {
            return conflict(format!("shard {shard} has requests without outcome"));
        }
        state.run_mut(run_id)?.totals.cost += tally.extra_cost;
        let data = state.shard_mut(shard)?;
        data.shard.state = ShardState::Collected;
        data.shard.tally = tally.clone();
        data.shard.closed_at = Some(at);
        Ok(())
    }

    fn abandon_shard(&self, shard: ShardId, note: &str, at: Timestamp) -> Result<(), LedgerError> {
        let mut state = self.lock();
        let data = state.shard_mut(shard)?;
        if !is_out(data.shard.state) {
            return conflict(format!("shard {shard} is {}", data.shard.state));
        }
        data.shard.state = ShardState::Abandoned;
        data.shard.note = Some(note.to_owned());
        data.shard.closed_at = Some(at);
        let members = data.members.clone();
        let run_id = data.shard.run;
        let run = state.run_mut(run_id)?;
        for seq in members {
            let Some(request) = run.request_mut(seq) else {
                continue;
            };
            let open = request
                .attempts
                .last()
                .is_some_and(|attempt| attempt.shard == shard && attempt.outcome.is_none());
            if !open {
                continue;
            }
            request.attempts.pop();
            request.standing = Standing::Ready;
            let variant = request.variant;
            run.ready.entry(variant).or_default().insert(seq);
            run.totals.in_flight -= 1;
            run.totals.waiting += 1;
        }
        Ok(())
    }

    fn attempt_lines(&self, run: RunId) -> Result<Vec<AttemptLine>, LedgerError> {
        let state = self.lock();
        let mut lines: BTreeMap<(ShardId, Option<FailureKind>), AttemptLine> = BTreeMap::new();
        for request in &state.run(run)?.requests {
            for attempt in &request.attempts {
                let Some(outcome) = &attempt.outcome else {
                    continue;
                };
                let (kind, repaired) = match &outcome.verdict {
                    Verdict::Answered { repair } => (None, u64::from(repair.is_some())),
                    Verdict::Failed(failure) => (Some(failure.kind), 0),
                };
                let line = lines
                    .entry((attempt.shard, kind))
                    .or_insert_with(|| AttemptLine {
                        shard: attempt.shard,
                        kind,
                        attempts: 0,
                        repaired: 0,
                        usage: Usage::default(),
                        cost: Money::ZERO,
                        possible_cost: Money::ZERO,
                    });
                line.attempts += 1;
                line.repaired += repaired;
                line.usage = line.usage.plus(outcome.usage.unwrap_or_default());
                line.cost += outcome.cost;
                line.possible_cost += outcome.possible_cost;
            }
        }
        Ok(lines.into_values().collect())
    }

    fn tier_lines(&self, run: RunId) -> Result<Vec<TierLine>, LedgerError> {
        let state = self.lock();
        let mut answered: BTreeMap<u32, u64> = BTreeMap::new();
        let mut failed: BTreeMap<(u32, FailureKind), u64> = BTreeMap::new();
        let mut open: BTreeMap<u32, u64> = BTreeMap::new();
        for request in &state.run(run)?.requests {
            let mut last_by_tier: BTreeMap<u32, &Verdict> = BTreeMap::new();
            for attempt in &request.attempts {
                if let Some(outcome) = &attempt.outcome {
                    last_by_tier.insert(attempt.tier, &outcome.verdict);
                }
            }
            if request.is_open() {
                *open.entry(request.variant.tier).or_default() += 1;
                last_by_tier.remove(&request.variant.tier);
            } else if let Some(failure) = &request.ended
                && !last_by_tier.contains_key(&request.variant.tier)
            {
                // Ended while it waited for the tier.
                let key = (request.variant.tier, failure.kind);
                *failed.entry(key).or_default() += 1;
            }
            for (tier, verdict) in last_by_tier {
                match verdict {
                    Verdict::Answered { .. } => *answered.entry(tier).or_default() += 1,
                    Verdict::Failed(failure) => {
                        *failed.entry((tier, failure.kind)).or_default() += 1;
                    }
                }
            }
        }
        let mut lines = Vec::new();
        for (tier, requests) in answered {
            lines.push(TierLine::Answered { tier, requests });
        }
        for ((tier, kind), requests) in failed {
            lines.push(TierLine::Failed {
                tier,
                kind,
                requests,
            });
        }
        for (tier, requests) in open {
            lines.push(TierLine::Open { tier, requests });
        }
        Ok(lines)
    }

    fn failures(
        &self,
        run: RunId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<FailedRequest>, LedgerError> {
        let state = self.lock();
        let mut page = Vec::new();
        for (request, seq) in state.run(run)?.requests.iter().zip(1_u64..) {
            let (Some(failure), false) = (&request.ended, after.is_some_and(|after| seq <= after))
            else {
                continue;
            };
            if page.len() == limit {
                break;
            }
            page.push(FailedRequest {
                seq,
                custom_id: request.custom_id.clone(),
                subject: request.subject.clone(),
                group: request.group.clone(),
                tier: request.variant.tier,
                attempts: u32::try_from(request.attempts.len()).unwrap_or(u32::MAX),
                kind: failure.kind,
                detail: failure.detail.clone(),
                quarantined: request.standing == Standing::Quarantined,
            });
        }
        Ok(page)
    }

    fn quarantined(
        &self,
        task: &str,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Result<Vec<QuarantinedRequest>, LedgerError> {
        let state = self.lock();
        let mut page = Vec::new();
        for (cursor, run, request) in state.requests_of(task, after) {
            let (Standing::Quarantined, Some(failure)) = (request.standing, &request.ended) else {
                continue;
            };
            if page.len() == limit {
                break;
            }
            page.push(QuarantinedRequest {
                cursor,
                subject: request.subject.clone(),
                group: request.group.clone(),
                content_hash: request.content_hash.clone(),
                prompt_version: run.run.spec.task.prompt_version.clone(),
                schema_version: run.run.spec.task.schema_version.clone(),
                kind: failure.kind,
                detail: failure.detail.clone(),
            });
        }
        Ok(page)
    }

    fn release_quarantine(&self, task: &str, subject: &str) -> Result<u64, LedgerError> {
        let mut state = self.lock();
        let mut released = 0;
        for run in state.runs.values_mut() {
            if run.run.spec.task.name != task {
                continue;
            }
            for request in &mut run.requests {
                if request.subject == subject && request.standing == Standing::Quarantined {
                    request.standing = Standing::Released;
                    released += 1;
                }
            }
        }
        Ok(released)
    }

    fn waiting(
        &self,
        task: &str,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Result<Vec<WaitingRequest>, LedgerError> {
        let state = self.lock();
        let open = state
            .requests_of(task, after)
            .filter(|(_, _, request)| request.is_open());
        Ok(open
            .take(limit)
            .map(|(cursor, _, request)| WaitingRequest {
                cursor,
                subject: request.subject.clone(),
                group: request.group.clone(),
                in_flight: request.standing == Standing::InShard,
            })
            .collect())
    }
}

impl State {
    fn requests_of<'a>(
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

fn is_out(state: ShardState) -> bool {
    !matches!(state, ShardState::Collected | ShardState::Abandoned)
}

fn counts_against(verdict: &Verdict) -> bool {
    !matches!(verdict, Verdict::Failed(failure) if failure.kind == FailureKind::Config)
}

fn later(members: &[u64], after: Option<u64>) -> &[u64] {
    let start = after.map_or(0, |after| members.partition_point(|seq| *seq <= after));
    members.get(start..).unwrap_or_default()
}

fn planned_shard(id: ShardId, new: &NewShard, requests: u64) -> Shard {
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
