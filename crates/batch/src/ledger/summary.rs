//! What documents show of a run; one computation for every ledger.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::LedgerError;
use super::records::{AttemptLine, Run, RunId, RunState, Shard, ShardId, ShardState, TierLine};
use crate::money::{Money, TokenPrice, break_even_escalation, serialize_usd};
use crate::observer::Totals;
use crate::outcome::{FailureKind, Usage};

/// One run in a list of runs.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct RunLine {
    /// Its number.
    pub id: RunId,
    /// Where it stands.
    pub state: RunState,
    /// When it was planned.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
    /// All its requests.
    pub requests: u64,
    /// Those with an answer.
    pub answered: u64,
    /// Those that ended without one.
    pub failed: u64,
    /// Known cost in dollars.
    #[serde(serialize_with = "serialize_usd")]
    #[schemars(with = "f64")]
    pub cost_usd: Money,
}

/// A run as documents show it.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct RunSummary {
    /// Its number.
    pub run: RunId,
    /// The task's name.
    pub task: String,
    /// Where it stands.
    pub state: RunState,
    /// Why it stopped, where there is a reason to tell.
    pub note: Option<String>,
    /// When it was planned.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
    /// When it finished or was cancelled.
    #[schemars(with = "Option<String>")]
    pub ended_at: Option<Timestamp>,
    /// Its tiers, in order.
    pub tiers: Vec<TierSummary>,
    /// All tiers together.
    pub totals: TotalsSummary,
}

/// A tier of a run. `requests = answered + replaced + the sum of failed + open`.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TierSummary {
    /// The tier, counted from 1.
    pub tier: u32,
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Requests that came to the tier.
    pub requests: u64,
    /// Requests whose answer is its answer, doubted ones that stand included.
    pub answered: u64,
    /// Requests it answered and that were handed on because the answer was doubted, by reason.
    pub doubted: BTreeMap<String, u64>,
    /// Those of the doubted whose answer a later tier replaced.
    pub replaced: u64,
    /// Requests it did not answer, by the kind of the last failure here.
    pub failed: BTreeMap<FailureKind, u64>,
    /// Requests that wait for it or are out at it, those with a doubted answer of an earlier tier
    /// included.
    pub open: u64,
    /// Attempts with an outcome, repetitions included.
    pub attempts: u64,
    /// Answers that the narrow repair saved.
    pub repaired: u64,
    /// Tokens the host counted.
    pub tokens: TokenSummary,
    /// Known cost in dollars.
    #[serde(serialize_with = "serialize_usd")]
    #[schemars(with = "f64")]
    pub cost_usd: Money,
    /// Cost that the host may charge for failures without usage.
    #[serde(serialize_with = "serialize_usd")]
    #[schemars(with = "f64")]
    pub possible_cost_usd: Money,
    /// Part of `cost_usd` that was spent on requests with a doubted answer of an earlier tier.
    #[serde(serialize_with = "serialize_usd")]
    #[schemars(with = "f64")]
    pub doubt_cost_usd: Money,
    /// What the same tokens cost by synchronous calls.
    #[serde(serialize_with = "serialize_usd")]
    #[schemars(with = "f64")]
    pub sync_cost_usd: Money,
    /// Its shards, oldest first.
    pub shards: Vec<ShardSummary>,
}

impl TierSummary {
    /// Requests it did not answer.
    fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Requests it answered and that were handed on because the answer was doubted.
    fn doubts(&self) -> u64 {
        self.doubted.values().sum()
    }
}

/// Tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct TokenSummary {
    /// Of prompts.
    pub input: u64,
    /// Of completions, hidden reasoning included.
    pub output: u64,
}

impl TokenSummary {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: TokenSummary) -> TokenSummary {
        TokenSummary {
            input: self.input + other.input,
            output: self.output + other.output,
        }
    }
}

impl From<Usage> for TokenSummary {
    fn from(usage: Usage) -> TokenSummary {
        TokenSummary {
            input: usage.input_tokens,
            output: usage.output_tokens,
        }
    }
}

/// A shard of a run. While its requests are out, `requests` is more than outcomes are known.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ShardSummary {
    /// Its number.
    pub id: ShardId,
    /// Where it stands.
    pub state: ShardState,
    /// The model it went to.
    pub model: String,
    /// The batch at the host.
    pub batch_id: Option<String>,
    /// The host's last status.
    pub remote_status: Option<String>,
    /// Its requests.
    pub requests: u64,
    /// Answers.
    pub answered: u64,
    /// Failures by kind.
    pub failed: BTreeMap<FailureKind, u64>,
    /// Answers that the narrow repair saved.
    pub repaired: u64,
    /// Requests in neither file.
    pub missing: u64,
    /// Further lines for a request that had one.
    pub duplicates: u64,
    /// Lines for requests that were not in it.
    pub foreign: u64,
    /// Lines that name no request or cannot be read.
    pub unreadable: u64,
    /// The first missing, duplicate and foreign ids.
    pub named: Vec<String>,
    /// Tokens the host counted.
    pub tokens: TokenSummary,
    /// Known cost in dollars.
    #[serde(serialize_with = "serialize_usd")]
    #[schemars(with = "f64")]
    pub cost_usd: Money,
}

/// All tiers of a run together. `requests = answered + failed + open`.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TotalsSummary {
    /// All requests.
    pub requests: u64,
    /// Requests with an answer, doubted ones included.
    pub answered: u64,
    /// Requests that ended without one.
    pub failed: u64,
    /// Requests without an answer and without an end yet.
    pub open: u64,
    /// Those of the answered whose answer is doubted and about which a later tier is still asked.
    pub in_doubt: u64,
    /// Tokens the hosts counted.
    pub tokens: TokenSummary,
    /// Known cost in dollars.
    #[serde(serialize_with = "serialize_usd")]
    #[schemars(with = "f64")]
    pub cost_usd: Money,
    /// Cost that hosts may charge for failures without usage.
    #[serde(serialize_with = "serialize_usd")]
    #[schemars(with = "f64")]
    pub possible_cost_usd: Money,
    /// What the same tokens cost by synchronous calls.
    #[serde(serialize_with = "serialize_usd")]
    #[schemars(with = "f64")]
    pub sync_cost_usd: Money,
    /// What the answered requests had cost through the Batch API of the last tier alone, at the tokens
    /// of their answers.
    #[serde(serialize_with = "serialize_usd")]
    #[schemars(with = "f64")]
    pub strong_only_cost_usd: Money,
    /// Share of the finished requests of tier 1 that went to a later tier or nowhere: the sum of the two
    /// that follow.
    pub escalated: Option<f64>,
    /// Share of them that tier 1 did not answer.
    pub escalated_by_failure: Option<f64>,
    /// Share of them that tier 1 answered and that were handed on because the answer was doubted.
    pub escalated_by_doubt: Option<f64>,
    /// What asking later tiers about doubted answers has cost.
    #[serde(serialize_with = "serialize_usd")]
    #[schemars(with = "f64")]
    pub doubt_cost_usd: Money,
    /// Share above which the last tier alone would be cheaper, at the tokens seen.
    pub break_even_escalated: Option<f64>,
}

impl TotalsSummary {
    /// Whether more went on to a later tier than the cascade is worth: the last tier alone would have
    /// been cheaper.
    pub fn is_dearer_than_strong_alone(&self) -> bool {
        self.escalated
            .zip(self.break_even_escalated)
            .is_some_and(|(escalated, limit)| escalated > limit)
    }
}

/// Computes a run's summary from what a ledger holds of it.
///
/// # Errors
/// When a line names a shard that is not among `shards`.
pub fn summarize(
    run: &Run,
    totals: &Totals,
    tier_lines: &[TierLine],
    attempt_lines: &[AttemptLine],
    shards: &[Shard],
) -> Result<RunSummary, LedgerError> {
    let mut tiers: Vec<TierSummary> = Vec::with_capacity(run.spec.tiers.len());
    for (spec, tier) in run.spec.tiers.iter().zip(1_u32..) {
        tiers.push(TierSummary {
            tier,
            provider: spec.reference.provider.clone(),
            model: spec.reference.model.clone(),
            requests: 0,
            answered: 0,
            doubted: BTreeMap::new(),
            replaced: 0,
            failed: BTreeMap::new(),
            open: 0,
            attempts: 0,
            repaired: 0,
            tokens: TokenSummary::default(),
            cost_usd: Money::ZERO,
            possible_cost_usd: Money::ZERO,
            doubt_cost_usd: Money::ZERO,
            sync_cost_usd: Money::ZERO,
            shards: Vec::new(),
        });
    }
    for line in tier_lines {
        add_tier_line(&mut tiers, line);
    }

    let mut by_shard: BTreeMap<ShardId, Vec<&AttemptLine>> = BTreeMap::new();
    for line in attempt_lines {
        by_shard.entry(line.shard).or_default().push(line);
    }
    let mut answered_usage = Usage::default();
    for shard in shards {
        let lines = by_shard.remove(&shard.id).unwrap_or_default();
        for line in &lines {
            // A second answer to the same request counts no second time.
            if line.kind.is_none() && !line.second_opinion {
                answered_usage = answered_usage.plus(line.usage);
            }
        }
        if let Some(tier) = tier_of(&mut tiers, shard.variant.tier) {
            add_shard(tier, shard, &lines);
        }
    }
    if let Some(shard) = by_shard.keys().next() {
        return Err(LedgerError::Unreadable(format!(
            "outcomes of shard {shard} without the shard"
        )));
    }

    let strong_price = run
        .spec
        .tiers
        .last()
        .and_then(|tier| tier.price)
        .map(|price| price.batch)
        .unwrap_or_default();
    let price_of =
        |usage: Usage, price: TokenPrice| price.cost(usage.input_tokens, usage.output_tokens);
    let cheap_price = run
        .spec
        .tiers
        .first()
        .and_then(|tier| tier.price)
        .map(|price| price.batch)
        .unwrap_or_default();
    let strong_only = price_of(answered_usage, strong_price);
    let several = tiers.len() > 1;
    let share_of_first = |part: fn(&TierSummary) -> u64| {
        let first = tiers.first().filter(|_| several)?;
        let done = first.answered + first.replaced + first.failures();
        (done > 0).then(|| part(first) as f64 / done as f64)
    };
    Ok(RunSummary {
        run: run.id,
        task: run.spec.task.name.clone(),
        state: run.state,
        note: run.note.clone(),
        started_at: run.started_at,
        ended_at: run.ended_at,
        totals: TotalsSummary {
            requests: totals.requests,
            answered: totals.answered,
            failed: totals.failed,
            open: totals.waiting + totals.in_flight,
            in_doubt: totals.in_doubt,
            tokens: TokenSummary {
                input: tiers.iter().map(|tier| tier.tokens.input).sum(),
                output: tiers.iter().map(|tier| tier.tokens.output).sum(),
            },
            cost_usd: tiers.iter().map(|tier| tier.cost_usd).sum(),
            possible_cost_usd: tiers.iter().map(|tier| tier.possible_cost_usd).sum(),
            sync_cost_usd: tiers.iter().map(|tier| tier.sync_cost_usd).sum(),
            strong_only_cost_usd: strong_only,
            escalated: share_of_first(|tier| tier.failures() + tier.doubts()),
            escalated_by_failure: share_of_first(TierSummary::failures),
            escalated_by_doubt: share_of_first(TierSummary::doubts),
            doubt_cost_usd: tiers.iter().map(|tier| tier.doubt_cost_usd).sum(),
            break_even_escalated: several
                .then(|| break_even_escalation(price_of(answered_usage, cheap_price), strong_only))
                .flatten(),
        },
        tiers,
    })
}

fn tier_of(tiers: &mut [TierSummary], tier: u32) -> Option<&mut TierSummary> {
    tiers.get_mut((tier as usize).checked_sub(1)?)
}

fn add_tier_line(tiers: &mut [TierSummary], line: &TierLine) {
    let number = match line {
        TierLine::Answered { tier, .. }
        | TierLine::Doubted { tier, .. }
        | TierLine::Failed { tier, .. }
        | TierLine::Open { tier, .. } => *tier,
    };
    let Some(tier) = tier_of(tiers, number) else {
        return;
    };
    let (place, requests) = match line {
        TierLine::Answered { requests, .. } => (&mut tier.answered, *requests),
        TierLine::Doubted {
            reason,
            standing,
            replaced,
            ..
        } => {
            *tier.doubted.entry(reason.clone()).or_default() += standing + replaced;
            tier.requests += standing;
            tier.answered += standing;
            (&mut tier.replaced, *replaced)
        }
        TierLine::Failed { kind, requests, .. } => {
            (tier.failed.entry(*kind).or_default(), *requests)
        }
        TierLine::Open { requests, .. } => (&mut tier.open, *requests),
    };
    *place += requests;
    tier.requests += requests;
}

fn add_shard(tier: &mut TierSummary, shard: &Shard, lines: &[&AttemptLine]) {
    let mut usage = shard.tally.extra_usage;
    let mut cost = shard.tally.extra_cost;
    let mut summary = ShardSummary {
        id: shard.id,
        state: shard.state,
        model: shard.model.model.clone(),
        batch_id: shard.batch_id.clone(),
        remote_status: shard.remote_status.clone(),
        requests: shard.requests,
        answered: 0,
        failed: BTreeMap::new(),
        repaired: 0,
        missing: shard.tally.missing,
        duplicates: shard.tally.duplicates,
        foreign: shard.tally.foreign,
        unreadable: shard.tally.unreadable,
        named: shard.tally.named.clone(),
        tokens: TokenSummary::default(),
        cost_usd: Money::ZERO,
    };
    for line in lines {
        usage = usage.plus(line.usage);
        cost += line.cost;
        if line.second_opinion {
            tier.doubt_cost_usd += line.cost;
        }
        tier.possible_cost_usd += line.possible_cost;
        tier.attempts += line.attempts;
        tier.repaired += line.repaired;
        summary.repaired += line.repaired;
        match line.kind {
            None => summary.answered += line.attempts,
            Some(kind) => *summary.failed.entry(kind).or_default() += line.attempts,
        }
    }
    summary.tokens = usage.into();
    summary.cost_usd = cost;
    tier.tokens.input += usage.input_tokens;
    tier.tokens.output += usage.output_tokens;
    tier.cost_usd += cost;
    tier.sync_cost_usd += shard
        .sync_price
        .cost(usage.input_tokens, usage.output_tokens);
    tier.shards.push(summary);
}
