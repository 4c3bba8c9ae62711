//! The cascade by plain calls: the same promises as with batches.

mod common;

use std::collections::BTreeMap;

use batch::ledger::Takeover;
use batch::{FailureKind, Moment, Money, RunEnd, RunReport, Step};
use common::{KillAt, World};

const SMALL: &str = "groq-sync:openai/gpt-oss-20b";
const LARGE: &str = "groq-sync:openai/gpt-oss-120b";

/// Calls that may be in flight when a process is killed.
const CONCURRENCY: usize = 8;

/// Each request has one outcome, and the ledger's money is the host's for what it answered visibly.
fn check_outcomes(world: &World, report: &RunReport) {
    let totals = &report.summary.totals;
    assert_eq!(totals.requests, totals.answered + totals.failed);
    assert_eq!(world.stored().len() as u64, totals.answered);
    assert_eq!(
        world.failures(report.run).len() as u64,
        totals.failed,
        "failures are named"
    );
}

/// What the host would bill at the synchronous price, without what it tells no usage of.
fn billed(world: &World) -> Money {
    let prices: BTreeMap<&str, (u64, u64)> = BTreeMap::from([
        ("openai/gpt-oss-20b", (75_000, 300_000)),
        ("openai/gpt-oss-120b", (150_000, 600_000)),
    ]);
    let mut sum = Money::ZERO;
    for record in world.log.records() {
        if record.outcome.starts_with("json_") {
            continue;
        }
        let (input, output) = prices[record.model.as_str()];
        let picodollars = record.prompt_tokens * input + record.completion_tokens * output;
        sum += Money::from_picodollars(i64::try_from(picodollars).expect("fits"));
    }
    sum
}

#[tokio::test(start_paused = true)]
async fn a_cascade_by_plain_calls() {
    let world = World::new("", &[]);
    let report = world.run(&[SMALL, LARGE], 100).await;
    assert_eq!(report.end, RunEnd::Finished);
    check_outcomes(&world, &report);
    let totals = &report.summary.totals;
    assert_eq!(totals.answered, 100);
    // The synchronous price counts, so nothing is saved against it.
    assert_eq!(totals.cost_usd, billed(&world));
    assert_eq!(totals.sync_cost_usd, totals.cost_usd);
    let tiers = &report.summary.tiers;
    assert!(tiers[1].requests > 0, "the small model fails sometimes");
    // Latency is measured call by call, and it is what the host takes.
    for answer in world.stored().into_values() {
        let latency = answer.latency_ms.expect("is measured");
        assert!((200..20_000).contains(&latency), "{latency}");
    }
    // What is collected is not kept.
    let left = std::fs::read_dir(world.spool.path().join("groq-sync"))
        .expect("lists")
        .count();
    assert_eq!(left, 0);
    assert!(world.warnings().is_empty(), "{:?}", world.warnings());
}

#[tokio::test(start_paused = true)]
async fn concurrency_is_bounded_and_worth_it() {
    let world = World::with_faults(&[]);
    let started = tokio::time::Instant::now();
    world.run(&[SMALL], 80).await;
    let all: u64 = world
        .stored()
        .into_values()
        .map(|answer| answer.latency_ms.expect("is measured"))
        .sum();
    let took = started.elapsed().as_millis() as u64;
    // Eight at a time: never faster than an eighth, and not much slower.
    assert!(took >= all / CONCURRENCY as u64, "{took} {all}");
    assert!(took < all / 4, "{took} {all}");
}

#[tokio::test(start_paused = true)]
async fn too_many_calls_are_waited_out_and_cost_no_attempt() {
    let fault = "[[http_faults]]\nkind = \"rate_limited\"\ncall = \"chat\"\nrate = 0.2\nretry_after_seconds = 3\n";
    let world = World::new(fault, &["models.\"openai/gpt-oss-20b\".failure_rate=0.0"]);
    let started = tokio::time::Instant::now();
    let report = world.run(&[SMALL], 60).await;
    check_outcomes(&world, &report);
    assert_eq!(report.summary.totals.answered, 60);
    assert_eq!(world.log.records().len(), 60);
    assert!(started.elapsed().as_secs() >= 3);
    let attempts: u32 = world
        .stored()
        .into_values()
        .map(|answer| answer.attempt)
        .max()
        .unwrap_or(0);
    assert_eq!(attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_fails_a_few_calls_is_asked_again() {
    for kind in ["server_error", "dropped", "body_cut"] {
        let fault =
            format!("[[http_faults]]\nkind = \"{kind}\"\ncall = \"chat\"\ncalls = [1, 3, 4, 9]\n");
        let world = World::new(&fault, &["models.\"openai/gpt-oss-20b\".failure_rate=0.0"]);
        let report = world.run(&[SMALL], 30).await;
        check_outcomes(&world, &report);
        assert_eq!(report.summary.totals.answered, 30, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_always_fails_is_given_up_request_by_request() {
    let fault = "[[http_faults]]\nkind = \"server_error\"\ncall = \"chat\"\nrate = 1.0\n";
    let world = World::new(fault, &[]);
    let report = world.run(&[SMALL], 5).await;
    check_outcomes(&world, &report);
    assert_eq!(report.summary.totals.failed, 5);
    let failures = world.failures(report.run);
    assert!(
        failures
            .iter()
            .all(|failure| failure.kind == FailureKind::Provider)
    );
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_stops_the_run_and_leaves_it_whole() {
    let world = World::new("[server]\napi_key = \"another\"\n", &[]);
    let mut world = world;
    // The list of models would already say so.
    world.settings.model_check = batch::ModelCheck::CatalogueOnly;
    let run = world.plan(&[SMALL], 20).run;
    let error = world.engine(None).run(run).await.expect_err("is refused");
    assert!(error.is_configuration(), "{error}");
    let totals = world.ledger.totals(run).expect("counts");
    assert_eq!(totals.waiting + totals.in_flight, 20);
    assert!(world.log.records().is_empty());
    assert!(
        world
            .transport
            .calls
            .load(std::sync::atomic::Ordering::SeqCst)
            <= 2 * CONCURRENCY as u64
    );
}

/// Killed at every step: every request ends once, and what had its line is not asked again.
#[tokio::test(start_paused = true)]
async fn a_kill_at_any_step_asks_nothing_again_that_was_kept() {
    let mut killed = 0;
    for step in Step::ALL {
        for moment in [Moment::Before, Moment::After] {
            for time in [1, 3] {
                let world = World::with_faults(&["openai/gpt-oss-20b:schema_mismatch=0.1"]);
                let at = KillAt { step, moment, time };
                let run = world.plan(&[SMALL, LARGE], 30).run;
                let report = if let Some(report) = world.run_killed(run, at).await {
                    report.expect("runs")
                } else {
                    killed += 1;
                    let engine = world.engine(None);
                    engine.resume(run, Takeover::Now).await.expect("resumes")
                };
                assert_eq!(report.end, RunEnd::Finished, "{at:?}");
                check_outcomes(&world, &report);
                assert_eq!(report.summary.totals.answered, 30, "{at:?}");
                let asked = world.log.records().len();
                let tier_2 = report.summary.tiers[1].requests as usize;
                assert!(asked >= 30 + tier_2, "{at:?}");
                assert!(asked <= 30 + tier_2 + CONCURRENCY, "{at:?}: {asked}");
            }
        }
    }
    assert!(killed > 30, "{killed}");
}

/// Killed in the midst of asking, with half a line on the disk.
#[tokio::test(start_paused = true)]
async fn what_is_on_the_disk_is_not_asked_again() {
    let world = World::with_faults(&[]);
    let run = world.plan(&[SMALL], 10).run;
    let engine = world.engine(None);
    let working = tokio::spawn(async move { engine.run(run).await });
    // Some calls are answered, some are on their way.
    let log = world.log.clone();
    while log.records().len() < 9 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    working.abort();
    let _ = working.await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let folder = world.spool.path().join("groq-sync");
    let shard = std::fs::read_dir(&folder)
        .expect("lists")
        .next()
        .expect("a shard")
        .expect("reads")
        .path();
    let results = shard.join("results.jsonl");
    let kept = std::fs::read_to_string(&results).expect("reads");
    let kept_lines = kept.lines().count();
    assert!((1..10).contains(&kept_lines), "{kept_lines}");
    std::fs::write(&results, format!("{kept}{{\"custom_id\":\"requ")).expect("writes");
    let asked_before = world.log.records().len();
    let report = world
        .engine(None)
        .resume(run, Takeover::Now)
        .await
        .expect("resumes");
    assert_eq!(report.summary.totals.answered, 10);
    let asked_again = world.log.records().len() - asked_before;
    assert_eq!(asked_again, 10 - kept_lines);
}

/// A run that is cancelled keeps what was answered.
#[tokio::test(start_paused = true)]
async fn cancelling_keeps_what_was_answered() {
    let world = World::with_faults(&[]);
    let run = world.plan(&[SMALL], 40).run;
    let interrupt = batch::CancellationToken::new();
    let engine = world.engine_with(None, interrupt.clone());
    let working = tokio::spawn(async move { engine.run(run).await });
    while world.log.records().len() < 15 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    interrupt.cancel();
    let report = working.await.expect("ends").expect("is interrupted");
    assert_eq!(report.end, RunEnd::Interrupted);
    let report = world
        .engine(None)
        .cancel(run, Takeover::Now)
        .await
        .expect("cancels");
    assert_eq!(report.end, RunEnd::Cancelled);
    let totals = &report.summary.totals;
    assert_eq!(totals.open, 0);
    assert!(
        totals.answered >= 7 && totals.answered < 40,
        "{}",
        totals.answered
    );
    check_outcomes(&world, &report);
}
