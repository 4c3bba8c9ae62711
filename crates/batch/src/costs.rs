//! What was paid, summed up from whichever side is asked for. Every side has the same exact total.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ledger::{
    CostCell, CostFilter, Ledger, LedgerError, RequestCost, Run, RunId, Shard, ShardFilter,
    ShardId, TierLine, TokenSummary,
};
use crate::money::{Money, TokenPrice, serialize_usd};
use crate::outcome::Usage;
use crate::tier::{ModelRef, TierSpec};

/// Requests that one page of the ledger gives.
const PAGE: usize = 1_000;

/// The side from which costs are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostsBy {
    /// A line for each run.
    Run,
    /// A line for each step of the cascade.
    Tier,
    /// A line for each shard.
    Shard,
    /// A line for each group of subjects.
    Group,
    /// A line for each month in UTC, by the time at which outcomes were recorded.
    Month,
    /// A line for each model at each provider.
    Model,
}

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CostKey {
    /// A run.
    Run(RunId),
    /// A step of the cascade.
    Tier(u32),
    /// A shard of a run.
    Shard(RunId, ShardId),
    /// A group; `None` for what lines cost that answered a request a second time.
    Group(Option<String>),
    /// A month, as `2026-11`.
    Month(String),
    /// A model.
    Model(ModelRef),
}

/// Costs of many attempts. Sums of sums are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CostSums {
    /// Attempts with an outcome.
    pub attempts: u64,
    /// Attempts that gave a request its first answer: a request counts once in a run. What asked again
    /// about doubted answers is the rest of the attempts.
    pub answered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Tokens that hosts counted.
    pub tokens: TokenSummary,
    /// Tokens of answers alone.
    pub answered_tokens: TokenSummary,
    /// Known cost in dollars.
    #[serde(rename = "cost_usd", serialize_with = "serialize_usd")]
    pub cost: Money,
    /// Cost that hosts may charge for failures without usage, in dollars.
    #[serde(rename = "possible_cost_usd", serialize_with = "serialize_usd")]
    pub possible_cost: Money,
    /// What the same tokens cost by synchronous calls, in dollars.
    #[serde(rename = "sync_cost_usd", serialize_with = "serialize_usd")]
    pub sync_cost: Money,
    /// What the answers had cost through the Batch API of their run's last tier alone, at the tokens
    /// seen, in dollars.
    #[serde(rename = "strong_only_cost_usd", serialize_with = "serialize_usd")]
    pub strong_only_cost: Money,
}

impl CostSums {
    /// The known cost of 1,000 answers; `None` where nothing was answered.
    pub fn per_thousand_answers(&self) -> Option<Money> {
        let answered = i64::try_from(self.answered)
            .ok()
            .filter(|number| *number > 0)?;
        let exact = i128::from(self.cost.picodollars()) * 1_000 / i128::from(answered);
        i64::try_from(exact).ok().map(Money::from_picodollars)
    }

    fn add(&mut self, other: &CostSums) {
        self.attempts += other.attempts;
        self.answered += other.answered;
        self.failed += other.failed;
        self.tokens = self.tokens.plus(other.tokens);
        self.answered_tokens = self.answered_tokens.plus(other.answered_tokens);
        self.cost += other.cost;
        self.possible_cost += other.possible_cost;
        self.sync_cost += other.sync_cost;
        self.strong_only_cost += other.strong_only_cost;
    }

    fn of_cell(cell: &CostCell, sync_price: TokenPrice, strong_price: TokenPrice) -> CostSums {
        CostSums {
            attempts: cell.attempts,
            answered: cell.answered,
            failed: cell.failed,
            tokens: cell.usage.into(),
            answered_tokens: cell.answered_usage.into(),
            cost: cell.cost,
            possible_cost: cell.possible_cost,
            sync_cost: at(sync_price, cell.usage),
            strong_only_cost: at(strong_price, cell.answered_usage),
        }
    }
}

fn at(price: TokenPrice, usage: Usage) -> Money {
    price.cost(usage.input_tokens, usage.output_tokens)
}

/// One line of costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostLine {
    /// What it is about.
    pub key: CostKey,
    /// Its sums.
    pub sums: CostSums,
}

/// How much of the first tier's work went on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Escalation {
    /// Runs of more than one tier that have costs in the span.
    pub runs: u64,
    /// Requests that their first tier is done with.
    pub done: u64,
    /// Those it did not answer, or whose answer was doubted: they went to the next tier, or ended.
    pub escalated: u64,
}

impl Escalation {
    /// The share that went on; `None` where nothing is done.
    pub fn share(&self) -> Option<f64> {
        (self.done > 0).then(|| self.escalated as f64 / self.done as f64)
    }
}

/// Costs from one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostReport {
    /// The lines, in order of their key.
    pub lines: Vec<CostLine>,
    /// All lines together.
    pub totals: CostSums,
    /// How much went on to the next tier, in the runs that have costs in the span, taken whole.
    pub escalation: Escalation,
}

/// Sums up what runs cost. Holds the lines, and the shards of one run at a time.
///
/// # Errors
/// When the ledger fails.
pub fn costs(
    ledger: &dyn Ledger,
    by: CostsBy,
    filter: &CostFilter,
) -> Result<CostReport, LedgerError> {
    let mut lines: BTreeMap<CostKey, CostSums> = BTreeMap::new();
    let mut totals = CostSums::default();
    let mut escalation = Escalation::default();
    for run in runs_within(ledger, filter)? {
        let cells = ledger.cost_cells(run.id, filter)?;
        if cells.is_empty() {
            continue;
        }
        if run.spec.tiers.len() > 1 {
            add_escalation(&mut escalation, &ledger.tier_lines(run.id)?);
        }
        let shards = shards_of(ledger, run.id)?;
        let strong_price = strong_price(&run.spec.tiers);
        for cell in cells {
            let shard = shards.get(&cell.shard).ok_or_else(|| {
                LedgerError::Unreadable(format!("costs of shard {} without it", cell.shard))
            })?;
            let sums = CostSums::of_cell(&cell, shard.sync_price, strong_price);
            totals.add(&sums);
            let key = match by {
                CostsBy::Run => CostKey::Run(run.id),
                CostsBy::Tier => CostKey::Tier(shard.variant.tier),
                CostsBy::Shard => CostKey::Shard(run.id, shard.id),
                CostsBy::Group => CostKey::Group(cell.group),
                CostsBy::Month => CostKey::Month(cell.month),
                CostsBy::Model => CostKey::Model(shard.model.clone()),
            };
            lines.entry(key).or_default().add(&sums);
        }
    }
    Ok(CostReport {
        lines: lines
            .into_iter()
            .map(|(key, sums)| CostLine { key, sums })
            .collect(),
        totals,
        escalation,
    })
}

/// What one line of [`each_request`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Costly<'a> {
    /// A request.
    Request(&'a RequestCost),
    /// Lines of a shard that answered requests a second time.
    SecondAnswers(ShardId),
}

/// Goes over what each request cost, run by run, oldest first, and holds a page at a time. The lines
/// add up to the totals of [`costs`].
///
/// # Errors
/// When the ledger fails, or `line` does.
pub fn each_request<E: From<LedgerError>>(
    ledger: &dyn Ledger,
    filter: &CostFilter,
    mut line: impl FnMut(RunId, Costly<'_>, &CostSums) -> Result<(), E>,
) -> Result<(), E> {
    for run in runs_within(ledger, filter)? {
        let strong_price = strong_price(&run.spec.tiers);
        let mut after = None;
        loop {
            let page = ledger.request_costs(run.id, filter, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.seq);
            for request in &page {
                let sums = CostSums {
                    attempts: request.attempts,
                    answered: request.answered,
                    failed: request.failed,
                    tokens: request.usage.into(),
                    answered_tokens: request.answered_usage.into(),
                    cost: request.cost,
                    possible_cost: request.possible_cost,
                    sync_cost: request.sync_cost,
                    strong_only_cost: at(strong_price, request.answered_usage),
                };
                line(run.id, Costly::Request(request), &sums)?;
            }
        }
        if filter.group.is_some() {
            continue;
        }
        for shard in ledger.shards(run.id, ShardFilter::All)? {
            let is_within = shard.closed_at.is_some_and(|at| filter.includes(at));
            if !is_within || shard.tally.is_without_extras() {
                continue;
            }
            let sums = CostSums {
                tokens: shard.tally.extra_usage.into(),
                cost: shard.tally.extra_cost,
                sync_cost: at(shard.sync_price, shard.tally.extra_usage),
                ..CostSums::default()
            };
            line(run.id, Costly::SecondAnswers(shard.id), &sums)?;
        }
    }
    Ok(())
}

/// The runs that can have costs in the span, oldest first.
fn runs_within(ledger: &dyn Ledger, filter: &CostFilter) -> Result<Vec<Run>, LedgerError> {
    let mut runs = Vec::new();
    for line in ledger.runs()?.into_iter().rev() {
        if filter.before.is_none_or(|before| line.started_at < before) {
            runs.push(ledger.run(line.id)?);
        }
    }
    Ok(runs)
}

fn shards_of(ledger: &dyn Ledger, run: RunId) -> Result<BTreeMap<ShardId, Shard>, LedgerError> {
    let shards = ledger.shards(run, ShardFilter::All)?;
    Ok(shards.into_iter().map(|shard| (shard.id, shard)).collect())
}

fn strong_price(tiers: &[TierSpec]) -> TokenPrice {
    let last = tiers.last().and_then(|tier| tier.price);
    last.map(|price| price.batch).unwrap_or_default()
}

fn add_escalation(escalation: &mut Escalation, lines: &[TierLine]) {
    escalation.runs += 1;
    for line in lines {
        match line {
            TierLine::Answered { tier: 1, requests } => escalation.done += requests,
            TierLine::Failed {
                tier: 1, requests, ..
            } => {
                escalation.done += requests;
                escalation.escalated += requests;
            }
            TierLine::Doubted {
                tier: 1,
                standing,
                replaced,
                ..
            } => {
                escalation.done += standing + replaced;
                escalation.escalated += standing + replaced;
            }
            TierLine::Answered { .. }
            | TierLine::Doubted { .. }
            | TierLine::Failed { .. }
            | TierLine::Open { .. } => {}
        }
    }
}
