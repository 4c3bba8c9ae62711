//! What a run will take, before anything is sent.

use serde::Serialize;

use crate::money::{Money, serialize_usd};
use crate::task::RunSpec;

/// Tokens and money of a run before it starts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Requests.
    pub requests: u64,
    /// Tokens of all prompts at tier 1.
    pub input_tokens: u64,
    /// Tokens of all prompts at all tiers.
    pub prompt_tokens: Range<u64>,
    /// Tokens of all completions.
    pub output_tokens: Range<u64>,
    /// Cost through the Batch API. Low: half the usual completion and no escalation. Likely: the usual
    /// completion, and to each next tier the 4 % that usually fail and the expected share of doubted
    /// answers. High: every completion at its cap and every
    /// request at every tier once.
    pub cost: Range<Dollars>,
    /// Part of the likely cost that comes from doubted answers.
    #[serde(serialize_with = "serialize_usd")]
    pub doubt_cost_usd: Money,
    /// Likely cost by synchronous calls.
    #[serde(serialize_with = "serialize_usd")]
    pub sync_cost_usd: Money,
    /// Likely cost of the last tier alone, through the Batch API.
    #[serde(serialize_with = "serialize_usd")]
    pub strong_only_cost_usd: Money,
    /// Tiers whose price is not known; their cost is left out.
    pub unpriced: Vec<String>,
}

/// Low, likely and high.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Range<T> {
    /// Hardly less.
    pub low: T,
    /// As usual.
    pub likely: T,
    /// Never more, repetitions apart.
    pub high: T,
}

/// Money that is written as a number of dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Dollars(#[serde(serialize_with = "serialize_usd")] pub Money);

/// Requests of a million that are expected to fail at a tier and go on to the next.
const FAILED_PER_MILLION: u64 = 40_000;
const PER_MILLION: u64 = 1_000_000;

/// Requests of a million that go on to the next tier, when so many of a million answers are doubted.
fn escalated_per_million(doubted: u64) -> u64 {
    FAILED_PER_MILLION + part(PER_MILLION - FAILED_PER_MILLION, doubted)
}

/// So many millionths of an amount, rounded to the nearest.
fn part(amount: u64, millionths: u64) -> u64 {
    let product = u128::from(amount) * u128::from(millionths) + u128::from(PER_MILLION / 2);
    u64::try_from(product / u128::from(PER_MILLION)).unwrap_or(u64::MAX)
}

impl Estimate {
    /// The estimate for so many requests with so many prompt tokens together.
    pub fn new(spec: &RunSpec, requests: u64, input_tokens: u64) -> Estimate {
        let (task, tiers) = (&spec.task, spec.tiers.as_slice());
        let without_doubt = escalated_per_million(0);
        let usual = u64::from(task.expected_output_tokens);
        let mut cost: Range<Dollars> = Range::default();
        let mut sync_cost = Money::ZERO;
        let mut unpriced = Vec::new();
        let mut doubt_cost = Money::ZERO;
        // What would come to the tier without doubts, in millionths of what comes to the first.
        let mut undoubted_share = PER_MILLION;
        for (place, (tier, share)) in tiers.iter().zip(shares(spec)).enumerate() {
            let cap = u64::from(tier.max_completion_tokens);
            if let Some(price) = tier.price {
                let output = usual.min(cap).saturating_mul(requests);
                let likely_output = part(output, share);
                let likely_input = part(input_tokens, share);
                let undoubted = price.batch.cost(
                    part(input_tokens, undoubted_share),
                    part(output, undoubted_share),
                );
                if place == 0 {
                    let half = likely_output / 2;
                    cost.low.0 += price.batch.cost(input_tokens, half);
                }
                let likely = price.batch.cost(likely_input, likely_output);
                cost.likely.0 += likely;
                doubt_cost += likely.less(undoubted);
                cost.high.0 += price.batch.cost(input_tokens, cap.saturating_mul(requests));
                sync_cost += price.sync.cost(likely_input, likely_output);
            } else {
                unpriced.push(tier.reference.to_string());
            }
            undoubted_share = part(undoubted_share, without_doubt);
        }
        let strong_only = tiers
            .last()
            .and_then(|tier| tier.price)
            .map(|price| {
                price
                    .batch
                    .cost(input_tokens, usual.saturating_mul(requests))
            })
            .unwrap_or_default();
        let cap = tiers
            .first()
            .map_or(0, |tier| u64::from(tier.max_completion_tokens));
        Estimate {
            requests,
            input_tokens,
            prompt_tokens: Range {
                low: input_tokens,
                likely: shares(spec)
                    .into_iter()
                    .map(|share| part(input_tokens, share))
                    .sum(),
                high: input_tokens.saturating_mul(tiers.len() as u64),
            },
            output_tokens: Range {
                low: usual.min(cap).saturating_mul(requests) / 2,
                likely: usual.min(cap).saturating_mul(requests),
                high: cap.saturating_mul(requests),
            },
            cost,
            doubt_cost_usd: doubt_cost,
            sync_cost_usd: sync_cost,
            strong_only_cost_usd: strong_only,
            unpriced,
        }
    }
}

/// Answers of a million that are expected to be doubted.
fn doubted_per_million(spec: &RunSpec) -> u64 {
    spec.doubt.as_ref().map_or(0, |doubt| {
        (doubt.expected_share.clamp(0.0, 1.0) * PER_MILLION as f64).round() as u64
    })
}

/// What is expected to come to each tier, in millionths of what comes to the first.
fn shares(spec: &RunSpec) -> Vec<u64> {
    let escalated = escalated_per_million(doubted_per_million(spec));
    let mut share = PER_MILLION;
    let mut shares = Vec::with_capacity(spec.tiers.len());
    for _ in &spec.tiers {
        shares.push(share);
        share = part(share, escalated);
    }
    shares
}

/// What one part of all prompts, or the answers, will take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartEstimate {
    /// The part, as the caller named it; `answers` for completions.
    pub part: String,
    /// Its tokens. Low: at the first tier alone. Likely: with the usual share at each next tier. High:
    /// at every tier once.
    pub tokens: Range<u64>,
    /// Its cost, in the same sense.
    pub cost: Range<Dollars>,
}

impl Estimate {
    /// This estimate by the parts of which the prompts are made, given with their tokens, and the
    /// answers as the last. Where the parts' tokens add up to those of the prompts, their costs add up
    /// to [`Estimate::cost`], exactly.
    pub fn by_part(&self, spec: &RunSpec, parts: &[(&str, u64)]) -> Vec<PartEstimate> {
        let mut estimates = Vec::with_capacity(parts.len() + 1);
        let mut before = 0;
        for (name, tokens) in parts {
            let mut line = PartEstimate {
                part: (*name).to_owned(),
                tokens: Range::default(),
                cost: Range::default(),
            };
            for (place, (tier, share)) in spec.tiers.iter().zip(shares(spec)).enumerate() {
                // Rounded along the sum of the parts, so that nothing is lost between them.
                let likely = part(before + tokens, share) - part(before, share);
                let cost = |tokens| {
                    tier.price
                        .map_or(Money::ZERO, |price| price.batch.cost(tokens, 0))
                };
                if place == 0 {
                    line.tokens.low += tokens;
                    line.cost.low.0 += cost(*tokens);
                }
                line.tokens.likely += likely;
                line.cost.likely.0 += cost(likely);
                line.tokens.high += tokens;
                line.cost.high.0 += cost(*tokens);
            }
            before += tokens;
            estimates.push(line);
        }
        estimates.push(self.answers(spec));
        estimates
    }

    fn answers(&self, spec: &RunSpec) -> PartEstimate {
        let usual = u64::from(spec.task.expected_output_tokens);
        let mut line = PartEstimate {
            part: "answers".to_owned(),
            tokens: Range::default(),
            cost: Range::default(),
        };
        for (place, (tier, share)) in spec.tiers.iter().zip(shares(spec)).enumerate() {
            let cap = u64::from(tier.max_completion_tokens);
            let likely = part(usual.min(cap).saturating_mul(self.requests), share);
            let high = cap.saturating_mul(self.requests);
            let cost = |tokens| {
                tier.price
                    .map_or(Money::ZERO, |price| price.batch.cost(0, tokens))
            };
            if place == 0 {
                line.tokens.low += likely / 2;
                line.cost.low.0 += cost(likely / 2);
            }
            line.tokens.likely += likely;
            line.cost.likely.0 += cost(likely);
            line.tokens.high += high;
            line.cost.high.0 += cost(high);
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Catalogue;
    use crate::task::{AnswerSchema, DoubtSpec, Task};
    use crate::tier::TierSpec;

    #[test]
    fn likely_cost_of_the_published_example() {
        let catalogue = Catalogue::embedded();
        let day = jiff::civil::date(2026, 11, 23);
        let tiers: Vec<TierSpec> = crate::DEFAULT_TIERS
            .iter()
            .map(|text| {
                TierSpec::parse(text, &catalogue)
                    .unwrap()
                    .priced_on(day, &catalogue)
            })
            .collect();
        let task = Task {
            name: "t".to_owned(),
            system: String::new(),
            schema: AnswerSchema {
                name: "a".to_owned(),
                schema: serde_json::json!({}),
            },
            prompt_version: "1".to_owned(),
            schema_version: "1".to_owned(),
            expected_output_tokens: 840,
        };
        let mut spec = RunSpec {
            task,
            tiers,
            budget: None,
            doubt: None,
        };
        let estimate = Estimate::new(&spec, 1000, 2_560_000);
        assert_eq!(estimate.cost.likely.0.to_string(), "$0.26548");
        assert_eq!(estimate.strong_only_cost_usd.rounded(4), "$1.0870");
        assert!(estimate.cost.low < estimate.cost.likely);
        assert!(estimate.cost.likely < estimate.cost.high);
        assert!(estimate.unpriced.is_empty());
        assert_eq!(estimate.doubt_cost_usd, Money::ZERO);
        // A tenth of the 96 % that are answered is asked again: 4 % + 9.6 % at $1.087 a thousand.
        spec.doubt = Some(DoubtSpec {
            expected_share: 0.1,
            rules: serde_json::Value::Null,
        });
        let doubting = Estimate::new(&spec, 1000, 2_560_000);
        assert_eq!(doubting.cost.likely.0.rounded(5), "$0.36983");
        assert_eq!(doubting.doubt_cost_usd.rounded(5), "$0.10435");
        assert_eq!(doubting.cost.high, estimate.cost.high);
        let json = serde_json::to_value(&estimate).unwrap();
        assert_eq!(json["cost"]["likely"], 0.26548);

        // By part, in uneven portions, it is the same money to the last pico-dollar.
        let parts = [("a", 1_234_567), ("b", 13), ("c", 2_560_000 - 1_234_580)];
        let by_part = doubting.by_part(&spec, &parts);
        let sum = |of: fn(&Range<Dollars>) -> Dollars| -> Money {
            by_part.iter().map(|part| of(&part.cost).0).sum()
        };
        assert_eq!(sum(|cost| cost.low), doubting.cost.low.0);
        assert_eq!(sum(|cost| cost.likely), doubting.cost.likely.0);
        assert_eq!(sum(|cost| cost.high), doubting.cost.high.0);
        let prompts: u64 = by_part[..3].iter().map(|part| part.tokens.likely).sum();
        assert_eq!(prompts, doubting.prompt_tokens.likely);
        assert_eq!(estimate.prompt_tokens.likely, 2_560_000 + 102_400);
        assert_eq!(by_part[3].part, "answers");
    }
}
