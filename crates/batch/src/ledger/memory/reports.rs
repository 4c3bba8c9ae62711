//! What the ledger tells of a run and of all runs.

use std::collections::BTreeMap;

use super::state::{Standing, State, is_out};
use crate::ledger::LedgerError;
use crate::ledger::records::{
    AttemptLine, FailedRequest, RequestCursor, RunId, ShardId, TierLine, Verdict, WaitingRequest,
};
use crate::money::Money;
use crate::observer::Totals;
use crate::outcome::{FailureKind, Usage};

impl State {
    pub(super) fn totals(&self, run: RunId) -> Result<Totals, LedgerError> {
        let mut totals = self.run(run)?.totals;
        totals.reserved = self
            .shards
            .values()
            .filter(|data| data.shard.run == run && is_out(data.shard.state))
            .map(|data| data.shard.reserved)
            .sum();
        Ok(totals)
    }

    pub(super) fn attempt_lines(&self, run: RunId) -> Result<Vec<AttemptLine>, LedgerError> {
        type Key = (ShardId, Option<FailureKind>, bool);
        let mut lines: BTreeMap<Key, AttemptLine> = BTreeMap::new();
        for request in &self.run(run)?.requests {
            for attempt in &request.attempts {
                let Some(outcome) = &attempt.outcome else {
                    continue;
                };
                let kind = outcome.verdict.failure().map(|failure| failure.kind);
                let repaired = u64::from(outcome.verdict.repair().is_some());
                let second_opinion = attempt.second_opinion;
                let line = lines
                    .entry((attempt.shard, kind, second_opinion))
                    .or_insert_with(|| AttemptLine {
                        shard: attempt.shard,
                        kind,
                        second_opinion,
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

    pub(super) fn tier_lines(&self, run: RunId) -> Result<Vec<TierLine>, LedgerError> {
        let mut answered: BTreeMap<u32, u64> = BTreeMap::new();
        let mut doubted: BTreeMap<(u32, String), (u64, u64)> = BTreeMap::new();
        let mut failed: BTreeMap<(u32, FailureKind), u64> = BTreeMap::new();
        let mut open: BTreeMap<u32, u64> = BTreeMap::new();
        for request in &self.run(run)?.requests {
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
                    Verdict::Doubted { doubt, .. } => {
                        let counts = doubted.entry((tier, doubt.reason.clone())).or_default();
                        if request.standing_tier == Some(tier) {
                            counts.0 += 1;
                        } else {
                            counts.1 += 1;
                        }
                    }
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
        for ((tier, reason), (standing, replaced)) in doubted {
            lines.push(TierLine::Doubted {
                tier,
                reason,
                standing,
                replaced,
            });
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

    pub(super) fn failures(
        &self,
        run: RunId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<FailedRequest>, LedgerError> {
        let mut page = Vec::new();
        for (request, seq) in self.run(run)?.requests.iter().zip(1_u64..) {
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
                quarantined: request.standing.is_kept_back(),
            });
        }
        Ok(page)
    }

    pub(super) fn waiting(
        &self,
        task: &str,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Vec<WaitingRequest> {
        let open = self
            .requests_of(task, after)
            .filter(|(_, _, request)| request.is_open());
        open.take(limit)
            .map(|(cursor, _, request)| WaitingRequest {
                cursor,
                subject: request.subject.clone(),
                group: request.group.clone(),
                in_flight: request.standing == Standing::InShard,
                has_answer: request.standing_tier.is_some(),
            })
            .collect()
    }
}
