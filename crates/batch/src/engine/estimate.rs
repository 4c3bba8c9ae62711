//! What a run will take, before anything is sent.

use serde::Serialize;

use crate::money::{Money, serialize_usd};
use crate::task::Task;
use crate::tier::TierSpec;

/// Tokens and money of a run before it starts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Requests.
    pub requests: u64,
    /// Tokens of all prompts at tier 1.
    pub input_tokens: u64,
    /// Tokens of all completions.
    pub output_tokens: Range<u64>,
    /// Cost through the Batch API. Low: half the usual completion and no escalation. Likely: the usual
    /// completion and 4 % escalated to each next tier. High: every completion at its cap and every
    /// request at every tier once.
    pub cost: Range<Dollars>,
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

/// One in so many requests is expected to go on to the next tier.
const ESCALATED_ONE_IN: u64 = 25;

impl Estimate {
    /// The estimate for so many requests with so many prompt tokens together.
    pub fn new(task: &Task, tiers: &[TierSpec], requests: u64, input_tokens: u64) -> Estimate {
        let usual = u64::from(task.expected_output_tokens);
        let mut cost: Range<Dollars> = Range::default();
        let mut sync_cost = Money::ZERO;
        let mut unpriced = Vec::new();
        let mut share = 1;
        for (place, tier) in tiers.iter().enumerate() {
            let cap = u64::from(tier.max_completion_tokens);
            if let Some(price) = tier.price {
                let likely_output = usual.min(cap).saturating_mul(requests) / share;
                let likely_input = input_tokens / share;
                if place == 0 {
                    let half = likely_output / 2;
                    cost.low.0 += price.batch.cost(input_tokens, half);
                }
                cost.likely.0 += price.batch.cost(likely_input, likely_output);
                cost.high.0 += price.batch.cost(input_tokens, cap.saturating_mul(requests));
                sync_cost += price.sync.cost(likely_input, likely_output);
            } else {
                unpriced.push(tier.reference.to_string());
            }
            share = share.saturating_mul(ESCALATED_ONE_IN);
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
            output_tokens: Range {
                low: usual.min(cap).saturating_mul(requests) / 2,
                likely: usual.min(cap).saturating_mul(requests),
                high: cap.saturating_mul(requests),
            },
            cost,
            sync_cost_usd: sync_cost,
            strong_only_cost_usd: strong_only,
            unpriced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Catalogue;
    use crate::task::AnswerSchema;

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
        let estimate = Estimate::new(&task, &tiers, 1000, 2_560_000);
        assert_eq!(estimate.cost.likely.0.to_string(), "$0.26548");
        assert_eq!(estimate.strong_only_cost_usd.rounded(4), "$1.0870");
        assert!(estimate.cost.low < estimate.cost.likely);
        assert!(estimate.cost.likely < estimate.cost.high);
        assert!(estimate.unpriced.is_empty());
        let json = serde_json::to_value(&estimate).unwrap();
        assert_eq!(json["cost"]["likely"], 0.26548);
    }
}
