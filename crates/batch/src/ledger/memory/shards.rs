//! Shards and the outcomes of their members.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::state::{
    AttemptData, ShardData, Standing, State, conflict, counts_against, is_out, later, planned_shard,
};
use crate::ledger::LedgerError;
use crate::ledger::records::{
    Member, NewShard, Next, OutcomeRecord, RunId, Shard, ShardFilter, ShardId, ShardState,
    ShardStep, ShardTally, StoredRequest,
};

impl State {
    pub(super) fn create_shard(
        &mut self,
        new: &NewShard,
        members: &[u64],
    ) -> Result<ShardId, LedgerError> {
        let id = ShardId(self.last_shard + 1);
        let data = self.run_mut(new.run)?;
        for seq in members {
            let waits = data.request(*seq).is_some_and(|request| {
                let group = data.ready.get(&new.variant);
                group.is_some_and(|places| places.contains(&request.place(*seq)))
            });
            if !waits {
                return conflict(format!("request {seq} does not wait with these settings"));
            }
        }
        if members.iter().collect::<BTreeSet<_>>().len() != members.len() || members.is_empty() {
            return conflict("a shard needs one or more different requests");
        }
        let mut without_answer = 0;
        for seq in members {
            let Some(request) = data.request_mut(*seq) else {
                continue;
            };
            request.standing = Standing::InShard;
            let place = request.place(*seq);
            let second_opinion = request.standing_tier.is_some();
            without_answer += u64::from(!second_opinion);
            let tier_attempts = request.tier_attempts;
            request.attempts.push(AttemptData {
                shard: id,
                tier: new.variant.tier,
                tier_attempts,
                second_opinion,
                outcome: None,
                recorded_at: None,
            });
            if let Some(ready) = data.ready.get_mut(&new.variant) {
                ready.remove(&place);
            }
        }
        data.totals.waiting -= without_answer;
        data.totals.in_flight += without_answer;
        let mut members = members.to_vec();
        members.sort_unstable();
        self.last_shard = id.0;
        self.shards.insert(
            id,
            ShardData {
                shard: planned_shard(id, new, members.len() as u64),
                members,
            },
        );
        Ok(id)
    }

    pub(super) fn shards(
        &self,
        run: RunId,
        filter: ShardFilter,
    ) -> Result<Vec<Shard>, LedgerError> {
        self.run(run)?;
        let shards = self
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

    pub(super) fn advance_shard(
        &mut self,
        shard: ShardId,
        step: &ShardStep,
    ) -> Result<(), LedgerError> {
        let shard = &mut self.shard_mut(shard)?.shard;
        shard
            .apply(step)
            .map_err(|state| LedgerError::Conflict(format!("shard {} is {state}", shard.id)))
    }

    pub(super) fn members(
        &self,
        shard: ShardId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Member>, LedgerError> {
        let data = self.shard(shard)?;
        let run = self.run(data.shard.run)?;
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

    pub(super) fn shard_requests(
        &self,
        shard: ShardId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StoredRequest>, LedgerError> {
        let data = self.shard(shard)?;
        let run = self.run(data.shard.run)?;
        let page = later(&data.members, after)
            .iter()
            .take(limit)
            .filter_map(|seq| run.stored(*seq));
        Ok(page.collect())
    }

    pub(super) fn record(
        &mut self,
        shard: ShardId,
        outcomes: &[OutcomeRecord],
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        let state = self;
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
            if !outcome.is_consistent(state.shard(shard)?.shard.variant.tier) {
                return conflict(format!(
                    "what comes next for request {} does not go with its outcome",
                    outcome.seq
                ));
            }
        }
        let data = state.run_mut(run_id)?;
        let task = data.run.spec.task.name.clone();
        let mut released = Vec::new();
        for outcome in outcomes {
            data.totals.cost += outcome.cost;
            data.totals.possible_cost += outcome.possible_cost;
            let Some(request) = data.request_mut(outcome.seq) else {
                continue;
            };
            let had_answer = request.standing_tier.is_some();
            if let Some(attempt) = request.attempts.last_mut() {
                attempt.outcome = Some(outcome.clone());
                attempt.recorded_at = Some(at);
            }
            let mut ready_again = None;
            match &outcome.next {
                Next::Done => {
                    request.standing = Standing::Answered;
                    request.standing_tier = None;
                }
                Next::Failed | Next::Quarantined if had_answer => {
                    request.standing = Standing::Answered;
                }
                Next::Failed => request.standing = Standing::Failed,
                Next::Quarantined => request.standing = Standing::Quarantined,
                Next::Again { variant, shrunk } => {
                    if outcome.verdict.doubt().is_some() {
                        request.standing_tier = Some(request.variant.tier);
                    }
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
            if matches!(
                request.standing,
                Standing::Failed | Standing::Quarantined | Standing::Released
            ) {
                request.ended = outcome.verdict.failure().cloned();
            }
            let standing = request.standing;
            if !request.is_open() {
                released.push(request.subject.clone());
            }
            let place = request.place(outcome.seq);
            let in_doubt = request.is_open() && request.standing_tier.is_some();
            let totals = &mut data.totals;
            if had_answer {
                totals.in_doubt -= 1;
            } else {
                totals.in_flight -= 1;
            }
            match standing {
                _ if in_doubt => {
                    totals.in_doubt += 1;
                    totals.answered += u64::from(!had_answer);
                }
                Standing::Answered => totals.answered += u64::from(!had_answer),
                Standing::Failed
                | Standing::Quarantined
                | Standing::Released
                | Standing::Dropped => {
                    totals.failed += 1;
                }
                Standing::Ready | Standing::InShard => totals.waiting += 1,
            }
            if let Some(variant) = ready_again {
                data.ready.entry(variant).or_default().insert(place);
            }
        }
        for subject in released {
            state.claims.remove(&(task.clone(), subject));
        }
        Ok(())
    }

    pub(super) fn close_shard(
        &mut self,
        shard: ShardId,
        tally: &ShardTally,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        let data = self.shard(shard)?;
        if data.shard.state != ShardState::Ended {
            return conflict(format!("shard {shard} is {}", data.shard.state));
        }
        let run_id = data.shard.run;
        let run = self.run(run_id)?;
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
        self.run_mut(run_id)?.totals.cost += tally.extra_cost;
        let data = self.shard_mut(shard)?;
        data.shard.state = ShardState::Collected;
        data.shard.tally = tally.clone();
        data.shard.closed_at = Some(at);
        Ok(())
    }

    pub(super) fn abandon_shard(
        &mut self,
        shard: ShardId,
        note: &str,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        let data = self.shard_mut(shard)?;
        if !is_out(data.shard.state) {
            return conflict(format!("shard {shard} is {}", data.shard.state));
        }
        data.shard.state = ShardState::Abandoned;
        data.shard.note = Some(note.to_owned());
        data.shard.closed_at = Some(at);
        let members = data.members.clone();
        let run_id = data.shard.run;
        let run = self.run_mut(run_id)?;
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
            let place = request.place(seq);
            let without_answer = u64::from(request.standing_tier.is_none());
            run.ready.entry(variant).or_default().insert(place);
            run.totals.in_flight -= without_answer;
            run.totals.waiting += without_answer;
        }
        Ok(())
    }
}
