//! Random scenarios: faults of lines, batches and calls, kills at random steps, any number of tiers.
//!
//! `BATCH_SCENARIOS` sets how many are played and `BATCH_SEED` the first seed; a failure names its own.

mod common;

use std::panic::AssertUnwindSafe;

use batch::ledger::Takeover;
use batch::{Moment, RunEnd, Step};
use common::{KillAt, LARGE, SMALL, World, doubting_spec, request, spec};
use emulator::{
    BatchFault, BatchFaultRule, Fault, FaultRule, HttpCall, HttpFault, HttpFaultRule, Scenario,
};
use futures_util::FutureExt;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Line faults whose cost the client can see, or that cost nothing.
const LINE_FAULTS: &[Fault] = &[
    Fault::JsonEmpty,
    Fault::JsonPartial,
    Fault::JsonMaxTokens,
    Fault::MaxTokensMessage,
    Fault::JsonMismatch,
    Fault::ContextLength,
    Fault::Truncated,
    Fault::TruncatedParseable,
    Fault::Prose,
    Fault::Fenced,
    Fault::TrailingComma,
    Fault::BrokenJson,
    Fault::SchemaMismatch,
    Fault::EmptyObject,
    Fault::NullValues,
    Fault::Refusal,
    Fault::ContentFilter,
    Fault::EmptyContent,
    Fault::NullContent,
    Fault::Missing,
    Fault::Duplicated,
    Fault::Conflicting,
    Fault::Foreign,
    Fault::NullId,
    Fault::StatusZero,
    Fault::BodyString,
    Fault::BodyList,
    Fault::BodyNumber,
    Fault::Garbage,
    Fault::BlankLine,
    Fault::ServerError,
    Fault::RateLimited,
    Fault::ConnectionError,
    Fault::Expired,
    Fault::BareError,
];

const BATCH_FAULTS: &[BatchFault] = &[
    BatchFault::TokenLimit,
    BatchFault::Expires,
    BatchFault::ExpiresWithoutFiles,
    BatchFault::Cancelled,
    BatchFault::FailsMidway,
    BatchFault::AllFail,
    BatchFault::NoFiles,
    BatchFault::Vanishes,
    BatchFault::BareError,
    BatchFault::Stalls,
    BatchFault::NeverStarts,
    BatchFault::AppearsLate,
    BatchFault::CountersLie,
];

const HTTP_FAULTS: &[HttpFault] = &[
    HttpFault::RateLimited,
    HttpFault::ServerError,
    HttpFault::Dropped,
    HttpFault::ResponseLost,
    HttpFault::Slow,
    HttpFault::BodyCut,
];

const CALLS: &[HttpCall] = &[
    HttpCall::Upload,
    HttpCall::Content,
    HttpCall::Files,
    HttpCall::Create,
    HttpCall::Poll,
    HttpCall::List,
    HttpCall::Models,
];

fn choose<T: Copy>(rng: &mut SmallRng, items: &[T]) -> T {
    items[rng.random_range(0..items.len())]
}

fn scenario(rng: &mut SmallRng) -> Scenario {
    let spread = if rng.random_bool(0.5) {
        "even"
    } else {
        "random"
    };
    let mut scenario = Scenario::parse_with(
        "",
        &[
            "tokens=\"estimate\"".to_owned(),
            format!("spread=\"{spread}\""),
            format!("server.page_size={}", rng.random_range(1..25)),
            format!("server.upper_case_status={}", rng.random_bool(0.2)),
            format!("server.empty_error_file_id={}", rng.random_bool(0.2)),
            format!("server.unreached_lines={}", rng.random_bool(0.5)),
            format!(
                "server.errors_shape=\"{}\"",
                if rng.random_bool(0.5) {
                    "array"
                } else {
                    "object"
                }
            ),
        ],
    )
    .expect("a scenario");
    for _ in 0..rng.random_range(0..5) {
        let mut rule = FaultRule::of(choose(rng, LINE_FAULTS), choose(rng, &[0.05, 0.2, 0.5]));
        rule.model = choose(
            rng,
            &[
                None,
                Some("openai/gpt-oss-20b"),
                Some("openai/gpt-oss-120b"),
            ],
        )
        .map(str::to_owned);
        scenario.faults.push(rule);
    }
    for _ in 0..rng.random_range(0..3) {
        let rate = choose(rng, &[0.1, 0.3]);
        scenario
            .batch_faults
            .push(BatchFaultRule::of(choose(rng, BATCH_FAULTS), rate));
    }
    for _ in 0..rng.random_range(0..3) {
        let rate = choose(rng, &[0.05, 0.2]);
        let mut rule = HttpFaultRule::of(choose(rng, HTTP_FAULTS), rate);
        rule.call = choose(rng, CALLS);
        scenario.http_faults.push(rule);
    }
    scenario
}

async fn play(seed: u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let scenario = scenario(&mut rng);
    if std::env::var_os("BATCH_SHOW").is_some() {
        println!("{:?}", scenario.faults);
        println!("{:?}\n{:?}", scenario.batch_faults, scenario.http_faults);
    }
    let mut world = World::of(scenario, seed);
    world.settings.shards.max_requests = rng.random_range(1..12);
    // Outages are rare and short here; every call gets through in the end.
    world.settings.retry.max_tries = 12;
    let tiers = choose(&mut rng, &[&[SMALL][..], &[SMALL, LARGE], &[SMALL, LARGE]]);
    let requests = rng.random_range(1..25);
    let spec = if rng.random_bool(0.5) {
        doubting_spec(tiers, None)
    } else {
        spec(tiers, None)
    };
    let run = world
        .engine(None)
        .plan(spec, (1..=requests).map(request))
        .expect("plans")
        .run;
    let kills = rng.random_range(0..4);
    for _ in 0..kills {
        let kill = KillAt {
            step: choose(&mut rng, &Step::ALL),
            moment: choose(&mut rng, &[Moment::Before, Moment::After]),
            time: rng.random_range(1..4),
        };
        world.run_killed(run, kill).await;
    }
    let report = world
        .engine(None)
        .resume(run, Takeover::Now)
        .await
        .expect("runs");
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.totals.requests, requests);
    assert_eq!(report.summary.totals.open, 0);
    assert_eq!(report.summary.totals.in_doubt, 0);
    let of_tiers: u64 = report.summary.tiers.iter().map(|tier| tier.answered).sum();
    assert_eq!(report.summary.totals.answered, of_tiers);
    // Killed while its id was still unknown, a batch that the host then forgets cannot be taken up.
    let forgotten = world.forgotten().await;
    let visible = world.check_requests(&report, &forgotten);
    assert_eq!(report.summary.totals.cost_usd, visible);
}

#[test]
fn random_scenarios_lose_no_request_and_no_cent() {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(otherwise)
    };
    let first = number("BATCH_SEED", 1);
    let scenarios = number("BATCH_SCENARIOS", 300);
    let started = std::time::Instant::now();
    for seed in first..first + scenarios {
        if std::env::var_os("BATCH_SHOW").is_some() {
            println!("seed {seed} at {:.1?}", started.elapsed());
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let played = runtime.block_on(AssertUnwindSafe(play(seed)).catch_unwind());
        assert!(
            played.is_ok(),
            "seed {seed} failed: run with BATCH_SEED={seed} BATCH_SCENARIOS=1"
        );
    }
    println!(
        "seeds {first} to {}: {scenarios} scenarios in {:.1?}",
        first + scenarios - 1,
        started.elapsed()
    );
}
