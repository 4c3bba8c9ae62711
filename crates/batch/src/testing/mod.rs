//! The conformance suite for ledgers: every ledger passes the same stories, and agrees with the ledger
//! in memory on seeded random scripts.

mod scripts;
mod stories;

use jiff::Timestamp;
use serde_json::json;

use crate::ledger::{Ledger, MemoryLedger, NewShard, RunId, Variant};
use crate::money::{Money, TokenPrice};
use crate::task::{AnswerSchema, NewRequest, Payload, RunSpec, Task};
use crate::tier::{CompletionWindow, Effort, ModelRef, ResponseMode, TierPrice, TierSpec};

/// Runs the whole suite. `make` gives a fresh, empty ledger each time it is called.
///
/// # Panics
/// When the ledger does not behave as [`Ledger`] demands.
pub fn check_ledger<L: Ledger>(mut make: impl FnMut() -> L) {
    for (name, story) in stories::ALL {
        println!("story: {name}");
        story(&make());
    }
    for seed in 0..20 {
        println!("script: seed {seed}");
        scripts::compare(seed, &make(), &MemoryLedger::new());
    }
}

/// Makes all that the engine leaves to chance on this thread (jitter, tokens) follow from a seed, so that
/// a scenario can be played again.
pub fn seed_chance(seed: u64) {
    crate::chance::seed(seed);
}

pub(crate) fn time(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(crate) fn tier(model: &str) -> TierSpec {
    let price = |input: i64, output: i64| TokenPrice {
        input: Money::from_picodollars(input),
        output: Money::from_picodollars(output),
    };
    TierSpec {
        reference: ModelRef {
            provider: "host".to_owned(),
            model: model.to_owned(),
        },
        max_completion_tokens: 1000,
        max_output_tokens: 8000,
        reasoning_effort: Some(Effort::Low),
        response: ResponseMode::StrictSchema,
        completion_window: CompletionWindow::default(),
        price: Some(TierPrice {
            batch: price(37_500, 150_000),
            sync: price(75_000, 300_000),
        }),
    }
}

pub(crate) fn spec(task: &str) -> RunSpec {
    RunSpec {
        task: Task {
            name: task.to_owned(),
            system: "Say \"yes\".".to_owned(),
            schema: AnswerSchema {
                name: "answer".to_owned(),
                schema: json!({"type": "object", "properties": {"a": {"type": "string"}}}),
            },
            prompt_version: "p1".to_owned(),
            schema_version: "s1".to_owned(),
            expected_output_tokens: 100,
        },
        tiers: vec![tier("small"), tier("large")],
        budget: Some(Money::from_picodollars(5)),
        doubt: None,
    }
}

pub(crate) fn request(number: u64) -> NewRequest {
    NewRequest {
        custom_id: format!("id-{number}"),
        subject: format!("subject {number} ü"),
        group: format!("group {}", number % 2),
        content_hash: format!("hash {number}"),
        payload: Payload::user(&format!("question {number} \n\"ü\"")),
        prompt_tokens: 10 + u32::try_from(number).unwrap_or(0),
    }
}

pub(crate) const START: Variant = Variant {
    tier: 1,
    max_completion_tokens: 1000,
    effort: Some(Effort::Low),
};

pub(crate) const SECOND: Variant = Variant {
    tier: 2,
    max_completion_tokens: 1000,
    effort: None,
};

pub(crate) fn shard(run: RunId, variant: Variant, token: &str) -> NewShard {
    NewShard {
        run,
        variant,
        model: ModelRef {
            provider: "host".to_owned(),
            model: if variant.tier == 1 { "small" } else { "large" }.to_owned(),
        },
        token: token.to_owned(),
        input_bytes: 1234,
        prompt_tokens: 99,
        reserved: Money::from_picodollars(777),
        price: TokenPrice {
            input: Money::from_picodollars(2),
            output: Money::from_picodollars(3),
        },
        sync_price: TokenPrice {
            input: Money::from_picodollars(4),
            output: Money::from_picodollars(6),
        },
        at: time(10),
    }
}
