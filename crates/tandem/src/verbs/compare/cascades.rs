//! Which models to ask in which order for a stated reliability, and what the sample can say of it.

use batch::break_even_escalation;
use serde::Serialize;
use stats::{Interval, wilson};

use super::figures::ModelFigures;

/// The most requests that are counted with when looking for how many would be enough.
const REQUESTS_MAX: u64 = 1 << 24;

/// One model alone, or one after another.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Cascade {
    /// The models in the order in which they are asked.
    pub(super) models: Vec<String>,
    /// The share of requests that would be answered, if failures are independent: one less the product
    /// of the shares that fail.
    pub(super) answered: f64,
    /// Its bounds from the 95 % intervals of the factors: each bound holds with 95 % or more.
    pub(super) interval: Interval,
    /// Expected cost of 1,000 requests: `c1 + f1 c2`.
    pub(super) cost_per_1000_usd: f64,
    /// The share of failures of the first above which the second alone is cheaper.
    pub(super) break_even: Option<f64>,
    /// What the sample says of the reliability that is asked for.
    pub(super) reaches: Reaches,
    /// Requests that would show the reliability at the rates seen; `None` where they do not reach it.
    pub(super) needed: Option<u64>,
}

/// What a sample says of a stated reliability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reaches {
    /// Even the lower bound reaches it.
    Shown,
    /// The estimate does, the lower bound does not.
    Likely,
    /// The upper bound does, the estimate does not.
    NotExcluded,
    /// The upper bound does not reach it.
    Excluded,
}

/// All models alone and all pairs of a cheaper and a dearer one, cheapest first.
pub(super) fn options(models: &[ModelFigures], reliability: f64) -> Vec<Cascade> {
    let mut options = Vec::new();
    for first in models {
        options.extend(option(&[first], reliability));
        for second in models {
            if first.cost_per_1000_usd < second.cost_per_1000_usd {
                options.extend(option(&[first, second], reliability));
            }
        }
    }
    options.sort_by(|one, other| one.cost_per_1000_usd.total_cmp(&other.cost_per_1000_usd));
    options
}

/// The cheapest option that the sample shows to be reliable, or else the cheapest that looks it.
pub(super) fn cheapest(options: &[Cascade]) -> Option<&Cascade> {
    let first = |wanted: Reaches| options.iter().find(|option| option.reaches == wanted);
    first(Reaches::Shown).or_else(|| first(Reaches::Likely))
}

fn option(models: &[&ModelFigures], reliability: f64) -> Option<Cascade> {
    let mut fail_low = 1.0;
    let mut fail = 1.0;
    let mut fail_high = 1.0;
    let mut cost = 0.0;
    let mut costs = Vec::new();
    for model in models {
        let interval = model.success.interval?;
        let each = model.cost_per_1000_usd?;
        cost += fail * each;
        costs.push(each);
        fail *= 1.0 - model.success.share?;
        fail_low *= 1.0 - interval.high;
        fail_high *= 1.0 - interval.low;
    }
    let break_even = match costs[..] {
        [cheap, strong] => {
            let money = |usd: f64| batch::Money::from_usd(usd).unwrap_or_default();
            break_even_escalation(money(cheap), money(strong))
        }
        _ => None,
    };
    let answered = 1.0 - fail;
    let interval = Interval {
        low: 1.0 - fail_high,
        high: 1.0 - fail_low,
    };
    Some(Cascade {
        models: models.iter().map(|model| model.model.clone()).collect(),
        answered,
        interval,
        cost_per_1000_usd: cost,
        break_even,
        reaches: match () {
            () if interval.low >= reliability => Reaches::Shown,
            () if answered >= reliability => Reaches::Likely,
            () if interval.high >= reliability => Reaches::NotExcluded,
            () => Reaches::Excluded,
        },
        needed: needed(models, reliability),
    })
}

/// How many requests would show the reliability, if the shares that fail stay as they are.
fn needed(models: &[&ModelFigures], reliability: f64) -> Option<u64> {
    let shows = |requests: u64| {
        let mut fail_high = 1.0;
        for model in models {
            let successes = (model.success.share? * requests as f64).round() as u64;
            fail_high *= 1.0 - wilson(successes.min(requests), requests)?.low;
        }
        Some(1.0 - fail_high >= reliability)
    };
    let mut enough = 1;
    while !shows(enough)? {
        enough *= 2;
        if enough > REQUESTS_MAX {
            return None;
        }
    }
    let mut short = enough / 2;
    while enough - short > 1 {
        let middle = short + (enough - short) / 2;
        if shows(middle)? {
            enough = middle;
        } else {
            short = middle;
        }
    }
    Some(enough)
}
