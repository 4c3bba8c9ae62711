//! What attempts cost.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::Offset;

use super::state::{AttemptData, State};
use crate::ledger::LedgerError;
use crate::ledger::records::{
    AttemptRecord, CostCell, CostFilter, OutcomeRecord, RequestCost, RunId, ShardId,
};
use crate::money::Money;
use crate::outcome::Usage;

type CellKey = (ShardId, Option<String>, String);

impl State {
    pub(super) fn attempts(
        &self,
        run: RunId,
        seqs: &[u64],
    ) -> Result<Vec<AttemptRecord>, LedgerError> {
        let data = self.run(run)?;
        let mut records = Vec::new();
        for seq in seqs {
            let Some(request) = data.request(*seq) else {
                continue;
            };
            for (attempt, number) in request.attempts.iter().zip(1_u32..) {
                let Some((outcome, recorded_at)) = recorded(attempt) else {
                    continue;
                };
                let failure = outcome.verdict.failure();
                records.push(AttemptRecord {
                    seq: *seq,
                    attempt: number,
                    tier: attempt.tier,
                    model: self.shard(attempt.shard)?.shard.model.clone(),
                    shard: attempt.shard,
                    kind: failure.map(|failure| failure.kind),
                    detail: failure.map(|failure| failure.detail.clone()),
                    doubt: outcome.verdict.doubt().map(|doubt| doubt.reason.clone()),
                    repair: outcome.verdict.repair().map(str::to_owned),
                    finish_reason: outcome.finish_reason.clone(),
                    usage: outcome.usage,
                    cost: outcome.cost,
                    possible_cost: outcome.possible_cost,
                    recorded_at,
                });
            }
        }
        Ok(records)
    }

    pub(super) fn cost_cells(
        &self,
        run: RunId,
        filter: &CostFilter,
    ) -> Result<Vec<CostCell>, LedgerError> {
        let mut cells: BTreeMap<CellKey, CostCell> = BTreeMap::new();
        for request in &self.run(run)?.requests {
            if filter
                .group
                .as_ref()
                .is_some_and(|group| *group != request.group)
            {
                continue;
            }
            for attempt in &request.attempts {
                let Some((outcome, at)) = recorded(attempt).filter(|(_, at)| filter.includes(*at))
                else {
                    continue;
                };
                let group = Some(request.group.clone());
                let cell = cell(&mut cells, attempt.shard, group, at);
                let usage = outcome.usage.unwrap_or_default();
                cell.usage = cell.usage.plus(usage);
                cell.cost += outcome.cost;
                cell.possible_cost += outcome.possible_cost;
                cell.attempts += 1;
                if outcome.verdict.failure().is_some() {
                    cell.failed += 1;
                } else if !attempt.second_opinion {
                    cell.answered += 1;
                    cell.answered_usage = cell.answered_usage.plus(usage);
                }
            }
        }
        for data in self.shards.values().filter(|data| data.shard.run == run) {
            let tally = &data.shard.tally;
            let Some(at) = data.shard.closed_at.filter(|at| filter.includes(*at)) else {
                continue;
            };
            if filter.group.is_some() || tally.is_without_extras() {
                continue;
            }
            let cell = cell(&mut cells, data.shard.id, None, at);
            cell.usage = tally.extra_usage;
            cell.cost = tally.extra_cost;
        }
        Ok(cells.into_values().collect())
    }

    pub(super) fn request_costs(
        &self,
        run: RunId,
        filter: &CostFilter,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RequestCost>, LedgerError> {
        let mut page = Vec::new();
        for (request, seq) in self.run(run)?.requests.iter().zip(1_u64..) {
            let is_other = filter
                .group
                .as_ref()
                .is_some_and(|group| *group != request.group);
            if is_other || after.is_some_and(|after| seq <= after) {
                continue;
            }
            if page.len() == limit {
                break;
            }
            let mut line = RequestCost {
                seq,
                custom_id: request.custom_id.clone(),
                subject: request.subject.clone(),
                group: request.group.clone(),
                answered_by: None,
                attempts: 0,
                answered: 0,
                failed: 0,
                answered_usage: Usage::default(),
                usage: Usage::default(),
                cost: Money::ZERO,
                possible_cost: Money::ZERO,
                sync_cost: Money::ZERO,
            };
            for attempt in &request.attempts {
                let Some((outcome, _)) = recorded(attempt).filter(|(_, at)| filter.includes(*at))
                else {
                    continue;
                };
                let usage = outcome.usage.unwrap_or_default();
                let sync_price = self.shard(attempt.shard)?.shard.sync_price;
                line.attempts += 1;
                line.usage = line.usage.plus(usage);
                line.cost += outcome.cost;
                line.possible_cost += outcome.possible_cost;
                line.sync_cost += sync_price.cost(usage.input_tokens, usage.output_tokens);
                if outcome.verdict.failure().is_some() {
                    line.failed += 1;
                    continue;
                }
                line.answered_by = Some(attempt.tier);
                if !attempt.second_opinion {
                    line.answered += 1;
                    line.answered_usage = usage;
                }
            }
            if line.attempts > 0 {
                page.push(line);
            }
        }
        Ok(page)
    }
}

fn recorded(attempt: &AttemptData) -> Option<(&OutcomeRecord, Timestamp)> {
    Some((attempt.outcome.as_ref()?, attempt.recorded_at?))
}

fn cell(
    cells: &mut BTreeMap<CellKey, CostCell>,
    shard: ShardId,
    group: Option<String>,
    at: Timestamp,
) -> &mut CostCell {
    let month = Offset::UTC.to_datetime(at).strftime("%Y-%m").to_string();
    cells
        .entry((shard, group.clone(), month.clone()))
        .or_insert_with(|| CostCell {
            shard,
            group,
            month,
            attempts: 0,
            answered: 0,
            failed: 0,
            answered_usage: Usage::default(),
            usage: Usage::default(),
            cost: Money::ZERO,
            possible_cost: Money::ZERO,
        })
}
