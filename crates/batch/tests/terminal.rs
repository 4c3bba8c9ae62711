//! Every state in which a batch can end or get stuck, one test each: what the host does, and what has
//! become of the requests.
//!
//! The first batch meets the fault, later ones do not, unless a test says otherwise. "Asked again" means
//! the same tier once more; nothing here may reach the second tier for a reason that is the host's.

mod common;

use std::time::Duration;

use batch::ledger::{Shard, ShardFilter, ShardState, Takeover};
use batch::{EngineError, FailureKind, Moment, Money, RunEnd, RunReport, Step};
use common::{KillAt, LARGE, SMALL, World, spec};
use emulator::BatchFault;
use tokio::time::Instant;

const REQUESTS: u64 = 20;
const NO_FAILURES: &str = "models.\"openai/gpt-oss-20b\".failure_rate=0.0";

/// What is expected of a run whose first batch meets a fault.
struct Expect {
    /// How many of the first batch's ten requests are answered by it.
    answered_by_first: u64,
    /// What the ledger says of the others.
    others: Option<FailureKind>,
    /// Whether the host may charge for them.
    may_be_charged: bool,
}

/// A world whose first batch meets a fault after a share of its requests.
fn world(fault: &str, done: f64, settings: &[&str]) -> World {
    let toml = format!("[[batch_faults]]\nkind = \"{fault}\"\nbatches = [1]\ndone = {done:.1}\n");
    let mut all = vec![NO_FAILURES];
    all.extend(settings);
    let mut world = World::new(&toml, &all);
    // The first shard is the first at the host.
    world.settings.shards.submit_concurrency = 1;
    world
}

/// Plays the fault and checks the row.
async fn check(world: World, expect: Expect) -> (World, RunReport) {
    let report = world.run(&[SMALL, LARGE], REQUESTS).await;
    assert_eq!(report.end, RunEnd::Finished);
    // The fault was the batch's, so the second tier is not needed.
    assert_eq!(report.summary.tiers[0].answered, REQUESTS);
    let first = &report.summary.tiers[0].shards[0];
    assert_eq!(first.answered, expect.answered_by_first);
    let others: Vec<(FailureKind, u64)> = first.failed.clone().into_iter().collect();
    let expected: Vec<(FailureKind, u64)> = expect
        .others
        .map(|kind| (kind, 10 - expect.answered_by_first))
        .into_iter()
        .collect();
    assert_eq!(others, expected);
    let possible = report.summary.totals.possible_cost_usd;
    assert_eq!(possible > Money::ZERO, expect.may_be_charged, "{possible}");
    world.check_requests(&report, &std::collections::BTreeSet::new());
    (world, report)
}

fn shards(world: &World, report: &RunReport) -> Vec<Shard> {
    world
        .ledger
        .shards(report.run, ShardFilter::All)
        .expect("lists")
}

// ---- ended batches --------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn expired_with_partial_files() {
    let row = Expect {
        answered_by_first: 5,
        others: Some(FailureKind::Expired),
        may_be_charged: false,
    };
    let (world, report) = check(world("expires", 0.5, &[]), row).await;
    world.check_books(&report);
}

#[tokio::test(start_paused = true)]
async fn expired_without_files() {
    let row = Expect {
        answered_by_first: 0,
        others: Some(FailureKind::Expired),
        may_be_charged: false,
    };
    check(world("expires_without_files", 0.0, &[]), row).await;
}

#[tokio::test(start_paused = true)]
async fn expired_with_a_line_for_each_request_it_did_not_reach() {
    let row = Expect {
        answered_by_first: 3,
        others: Some(FailureKind::Expired),
        may_be_charged: false,
    };
    let world = world("expires", 0.3, &["server.unreached_lines=true"]);
    check(world, row).await;
}

#[tokio::test(start_paused = true)]
async fn cancelled_by_the_host_with_partial_files() {
    let row = Expect {
        answered_by_first: 5,
        others: Some(FailureKind::Expired),
        may_be_charged: false,
    };
    check(
        world("cancelled", 0.5, &["server.unreached_lines=false"]),
        row,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn cancelled_by_the_host_without_files() {
    let row = Expect {
        answered_by_first: 0,
        others: Some(FailureKind::Expired),
        may_be_charged: false,
    };
    check(
        world("cancelled", 0.0, &["server.unreached_lines=false"]),
        row,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn failed_with_partial_files() {
    let row = Expect {
        answered_by_first: 5,
        others: Some(FailureKind::Provider),
        // It was at work, and does not say on what.
        may_be_charged: true,
    };
    check(world("fails_midway", 0.5, &[]), row).await;
}

#[tokio::test(start_paused = true)]
async fn failed_in_validation_without_files() {
    let row = Expect {
        answered_by_first: 0,
        others: Some(FailureKind::Provider),
        may_be_charged: false,
    };
    check(world("fails_validation", 0.0, &[]), row).await;
}

#[tokio::test(start_paused = true)]
async fn completed_without_output_file_and_every_error_in_the_error_file() {
    let world = world("all_fail", 1.0, &[]);
    let report = world.run(&[SMALL, LARGE], REQUESTS).await;
    // What the requests themselves could not do goes on to the next tier.
    let tiers = &report.summary.tiers;
    assert_eq!(tiers[0].failed[&FailureKind::Budget], 10);
    assert_eq!((tiers[0].answered, tiers[1].answered), (10, 10));
    let first = &shards(&world, &report)[0];
    assert_eq!(first.remote_status.as_deref(), Some("completed"));
    assert!(first.output_file_id.is_none() && first.error_file_id.is_some());
    world.check_books(&report);
}

#[tokio::test(start_paused = true)]
async fn completed_without_any_file() {
    let row = Expect {
        answered_by_first: 0,
        others: Some(FailureKind::Missing),
        may_be_charged: true,
    };
    check(world("no_files", 1.0, &[]), row).await;
}

#[tokio::test(start_paused = true)]
async fn completed_with_counters_that_lie() {
    let world = World::new(
        "[[batch_faults]]\nkind = \"counters_lie\"\n\
         [[faults]]\nkind = \"schema_mismatch\"\nmodel = \"openai/gpt-oss-20b\"\nrate = 0.25\n",
        &[NO_FAILURES],
    );
    let report = world.run(&[SMALL, LARGE], REQUESTS).await;
    let tiers = &report.summary.tiers;
    assert_eq!((tiers[0].answered, tiers[1].answered), (15, 5));
    world.check_books(&report);
}

#[tokio::test(start_paused = true)]
async fn an_error_file_id_that_is_an_empty_text() {
    let world = World::new("", &[NO_FAILURES, "server.empty_error_file_id=true"]);
    let report = world.run(&[SMALL], REQUESTS).await;
    assert_eq!(report.summary.totals.answered, REQUESTS);
    assert!(
        shards(&world, &report)
            .iter()
            .all(|shard| shard.error_file_id.is_none())
    );
    assert!(world.warnings().is_empty(), "{:?}", world.warnings());
    world.check_books(&report);
}

#[tokio::test(start_paused = true)]
async fn result_files_that_are_gone_before_they_are_read() {
    let row = Expect {
        answered_by_first: 0,
        others: Some(FailureKind::Missing),
        may_be_charged: true,
    };
    let (world, _) = check(world("files_gone", 1.0, &[]), row).await;
    let told = |words: &String| words.contains("the result file") && words.contains("is gone");
    assert!(world.warnings().iter().any(told));
}

// ---- batches that nobody hears of any more --------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn vanished_with_a_404() {
    let row = Expect {
        answered_by_first: 0,
        others: Some(FailureKind::Missing),
        may_be_charged: true,
    };
    let (world, report) = check(world("vanishes", 0.5, &[]), row).await;
    assert_eq!(
        shards(&world, &report)[0].remote_status.as_deref(),
        Some("gone")
    );
}

#[tokio::test(start_paused = true)]
async fn vanished_with_a_bare_error() {
    let row = Expect {
        answered_by_first: 0,
        others: Some(FailureKind::Missing),
        may_be_charged: true,
    };
    check(world("bare_error", 0.5, &[]), row).await;
}

#[tokio::test(start_paused = true)]
async fn not_known_at_first_is_not_gone() {
    let row = Expect {
        answered_by_first: 10,
        others: None,
        may_be_charged: false,
    };
    let (world, report) = check(world("appears_late", 1.0, &[]), row).await;
    assert_eq!(shards(&world, &report).len(), 2);
    world.check_books(&report);
}

// ---- batches that do not move ---------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn stalled_counters() {
    let started = Instant::now();
    let row = Expect {
        answered_by_first: 5,
        others: Some(FailureKind::Expired),
        may_be_charged: false,
    };
    let world = world("stalls", 0.5, &["server.unreached_lines=false"]);
    let patience = world.settings.stall.after;
    let (world, report) = check(world, row).await;
    // Given up after the patience, long before its window of 24 hours closes.
    assert!((patience..patience * 2).contains(&started.elapsed()));
    world.check_books(&report);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_never_starts() {
    let row = Expect {
        answered_by_first: 0,
        others: Some(FailureKind::Expired),
        may_be_charged: false,
    };
    check(
        world("never_starts", 0.0, &["server.unreached_lines=false"]),
        row,
    )
    .await;
}

/// The answer to the call that cancels a stalled batch is lost, time and again.
#[tokio::test(start_paused = true)]
async fn a_stalled_batch_that_cannot_be_cancelled() {
    let mut world = World::new(
        "[[batch_faults]]\nkind = \"stalls\"\nbatches = [1]\n\
         [[http_faults]]\nkind = \"dropped\"\ncall = \"cancel\"\n",
        &[NO_FAILURES],
    );
    // The first shard is the first at the host.
    world.settings.shards.submit_concurrency = 1;
    let report = world.run(&[SMALL, LARGE], REQUESTS).await;
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.tiers[0].answered, REQUESTS);
    let first = &shards(&world, &report)[0];
    assert_eq!(first.remote_status.as_deref(), Some("stalled"));
    // It may still be worked on, so it may be charged.
    assert!(report.summary.totals.possible_cost_usd > Money::ZERO);
}

// ---- limits ---------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn too_many_tokens_waiting_after_creation_waits_and_cuts_smaller() {
    let world = world("token_limit", 0.0, &[]);
    let report = world.run(&[SMALL, LARGE], REQUESTS).await;
    assert_eq!(report.summary.tiers[0].answered, REQUESTS);
    let shards = shards(&world, &report);
    assert_eq!(shards[0].state, ShardState::Abandoned);
    // Nothing counts against the requests, and nothing is charged.
    assert_eq!(report.summary.totals.possible_cost_usd, Money::ZERO);
    assert!(
        shards[1..]
            .iter()
            .all(|shard| shard.state == ShardState::Collected)
    );
    world.check_books(&report);
}

/// What waits at the host is kept below a limit that only refusals tell.
#[tokio::test(start_paused = true)]
async fn a_limit_on_waiting_tokens_is_learnt() {
    // A request counts some 200 tokens at the host, so that about ten may wait.
    let mut world = World::new("", &[NO_FAILURES, "limits.enqueued_tokens=2000"]);
    world.settings.shards.max_requests = 30;
    let report = world.run(&[SMALL], 60).await;
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.totals.answered, 60);
    let shards = shards(&world, &report);
    let refused = shards
        .iter()
        .filter(|shard| shard.state == ShardState::Abandoned);
    assert!(refused.count() <= 6, "{}", shards.len());
    world.check_books(&report);
}

/// Others fill the host for hours: a request on its own is not to blame.
#[tokio::test(start_paused = true)]
async fn a_single_request_waits_until_there_is_room() {
    let refused: Vec<String> = (1..=8).map(|number| number.to_string()).collect();
    let toml = format!(
        "[[batch_faults]]\nkind = \"token_limit\"\nbatches = [{}]\n",
        refused.join(", ")
    );
    let world = World::new(&toml, &[NO_FAILURES]);
    let started = Instant::now();
    let report = world.run(&[SMALL, LARGE], 1).await;
    assert_eq!(report.summary.tiers[0].answered, 1);
    assert_eq!(
        report.summary.tiers[0].shards.last().expect("one").answered,
        1
    );
    // The pauses grow: 1 + 2 + 4 + 8 + 16 + 3 x 30 minutes.
    let waited = started.elapsed();
    assert!(waited > Duration::from_mins(100), "{waited:?}");
    world.check_books(&report);
}

/// A host that never has room is given up in the end, and the next tier is asked.
#[tokio::test(start_paused = true)]
async fn a_host_without_room_for_ever_is_given_up() {
    let world = World::new(
        "[[batch_faults]]\nkind = \"token_limit\"\nmodel = \"openai/gpt-oss-20b\"\n",
        &[NO_FAILURES],
    );
    let started = Instant::now();
    let report = world.run(&[SMALL, LARGE], 3).await;
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.tiers[1].answered, 3);
    let waited = started.elapsed();
    let patience = world.settings.stall.after;
    assert!((patience..patience * 2).contains(&waited), "{waited:?}");
    world.check_books(&report);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_for_every_call() {
    for (call, beginning) in [
        ("upload", "POST /files"),
        ("create", "POST /batches"),
        ("poll", "GET /batches/"),
        ("content", "GET /files/"),
        ("models", "GET /models"),
    ] {
        let toml = format!(
            "[[http_faults]]\nkind = \"rate_limited\"\ncall = \"{call}\"\ncalls = [1]\n\
             retry_after_seconds = 150\n"
        );
        let world = World::new(&toml, &[NO_FAILURES]);
        let report = world.run(&[SMALL], 5).await;
        assert_eq!(report.summary.totals.answered, 5, "{call}");
        let made = world.transport.calls_like(beginning);
        let pause = made[1].duration_since(made[0]);
        let expected = Duration::from_secs(150)..Duration::from_secs(152);
        assert!(expected.contains(&pause), "{call}: {pause:?}");
        world.check_books(&report);
    }
}

// ---- what one batch or tier may not do to the others ----------------------------------------------

/// Whatever becomes of all batches of the first tier, the second is reached and answers.
#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_as_a_whole_reaches_the_next_step_of_its_policy() {
    for fault in BatchFault::ALL {
        let toml = format!(
            "[[batch_faults]]\nkind = \"{}\"\nmodel = \"openai/gpt-oss-20b\"\ndone = 0.0\n",
            fault.name()
        );
        let world = World::new(&toml, &[NO_FAILURES]);
        let report = world.run(&[SMALL, LARGE], 6).await;
        assert_eq!(report.end, RunEnd::Finished, "{fault:?}");
        assert_eq!(report.summary.totals.answered, 6, "{fault:?}");
        let harmless = matches!(fault, BatchFault::AppearsLate | BatchFault::CountersLie);
        let expected = if harmless { [6, 0] } else { [0, 6] };
        let tiers = &report.summary.tiers;
        assert_eq!(
            [tiers[0].answered, tiers[1].answered],
            expected,
            "{fault:?}"
        );
    }
}

/// Whatever becomes of all batches of the second tier, the first tier's answers and money stay.
#[tokio::test(start_paused = true)]
async fn a_second_tier_that_fails_as_a_whole_costs_nothing_of_the_first() {
    let fails =
        "[[faults]]\nkind = \"schema_mismatch\"\nmodel = \"openai/gpt-oss-20b\"\nrate = 0.5\n";
    let alone = World::new(fails, &[NO_FAILURES]);
    let alone = alone.run(&[SMALL], 10).await;
    for fault in BatchFault::ALL {
        let toml = format!(
            "{fails}[[batch_faults]]\nkind = \"{}\"\nmodel = \"openai/gpt-oss-120b\"\ndone = 0.0\n",
            fault.name()
        );
        let world = World::new(&toml, &[NO_FAILURES]);
        let report = world.run(&[SMALL, LARGE], 10).await;
        assert_eq!(report.end, RunEnd::Finished, "{fault:?}");
        let (first, before) = (&report.summary.tiers[0], &alone.summary.tiers[0]);
        assert_eq!(first.answered, 5, "{fault:?}");
        assert_eq!(first.cost_usd, before.cost_usd, "{fault:?}");
        assert_eq!(report.summary.totals.open, 0, "{fault:?}");
        let harmless = matches!(fault, BatchFault::AppearsLate | BatchFault::CountersLie);
        let failed = if harmless { 0 } else { 5 };
        assert_eq!(report.summary.totals.failed, failed, "{fault:?}");
        let quarantined = world.failures(report.run);
        assert!(
            quarantined.iter().all(|request| request.quarantined),
            "{fault:?}"
        );
        world.check_requests(&report, &std::collections::BTreeSet::new());
    }
}

/// The second tier's host does not take files at all: the run stops, and the first tier's answers are
/// there, stored and counted.
#[tokio::test(start_paused = true)]
async fn a_second_tier_that_cannot_be_reached_costs_nothing_of_the_first() {
    let calls: Vec<String> = (2..=1000).map(|number| number.to_string()).collect();
    let toml = format!(
        "[[faults]]\nkind = \"schema_mismatch\"\nmodel = \"openai/gpt-oss-20b\"\nrate = 0.5\n\
         [[http_faults]]\nkind = \"server_error\"\ncall = \"upload\"\ncalls = [{}]\n",
        calls.join(", ")
    );
    let world = World::new(&toml, &[NO_FAILURES]);
    let run = world.plan(&[SMALL, LARGE], 10).run;
    let error = world.engine(None).run(run).await.expect_err("stops");
    assert!(matches!(error, EngineError::Provider(_)), "{error:?}");
    assert_eq!(world.stored().len(), 5);
    let totals = world.ledger.totals(run).expect("counts");
    assert_eq!((totals.answered, totals.waiting + totals.in_flight), (5, 5));
}

/// One shard's files cannot be read for a while; the other shard is collected all the same.
#[tokio::test(start_paused = true)]
async fn a_shard_that_cannot_be_read_does_not_keep_the_others_waiting() {
    // Each reading asks five times, and is tried five times.
    let calls: Vec<String> = (1..=25).map(|number| number.to_string()).collect();
    let toml = format!(
        "[[http_faults]]\nkind = \"server_error\"\ncall = \"content\"\ncalls = [{}]\n",
        calls.join(", ")
    );
    let mut world = World::new(&toml, &[NO_FAILURES]);
    // The first shard ends, and is read, first.
    world.settings.shards.submit_concurrency = 1;
    let report = world.run(&[SMALL], REQUESTS).await;
    assert_eq!(report.summary.totals.answered, REQUESTS);
    let shards = shards(&world, &report);
    assert!(shards[1].closed_at < shards[0].closed_at);
    world.check_books(&report);
}

/// An upload takes longer than a lease lasts: the run is still ours.
#[tokio::test(start_paused = true)]
async fn a_slow_call_does_not_cost_the_lease() {
    let world = World::new(
        "[[http_faults]]\nkind = \"slow\"\ncall = \"upload\"\ncalls = [1]\ndelay_ms = 1800000\n",
        &[NO_FAILURES],
    );
    let run = world.plan(&[SMALL], 5).run;
    let engine = world.engine(None);
    let working = tokio::spawn(async move { engine.run(run).await });
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_mins(5)).await;
        let other = world.engine(None).resume(run, Takeover::WhenIdle).await;
        assert!(
            matches!(
                other,
                Err(EngineError::Ledger(batch::LedgerError::Busy { .. }))
            ),
            "{other:?}"
        );
    }
    let report = working.await.expect("ends").expect("runs");
    assert_eq!(report.summary.totals.answered, 5);
    world.check_batches(&report).await;
}

/// A model gives way to its successor while a shard for it is planned and not yet sent.
#[tokio::test(start_paused = true)]
async fn a_planned_shard_of_a_retired_model_is_planned_anew() {
    for (step, moment) in [
        (Step::Plan, Moment::After),
        (Step::CommitUpload, Moment::After),
    ] {
        let world = World::with_faults(&[]);
        let run = world.plan(&[LARGE], 5).run;
        let kill = KillAt {
            step,
            moment,
            time: 1,
        };
        assert!(world.run_killed(run, kill).await.is_none());
        let mut stored = world.ledger.run(run).expect("reads").spec;
        stored.tiers = spec(&[SMALL], None).tiers;
        world.ledger.set_run_spec(run, &stored).expect("changes");
        let engine = world.engine(None);
        let report = engine.resume(run, Takeover::Now).await.expect("runs");
        assert_eq!(report.summary.totals.answered, 5);
        let models: Vec<String> = world
            .stored()
            .into_values()
            .map(|answer| answer.model.to_string())
            .collect();
        assert_eq!(models, [SMALL; 5]);
        let state = shards(&world, &report)[0].state;
        assert_eq!(state, ShardState::Abandoned);
        world.check_batches(&report).await;
    }
}

/// Files that could not be deleted when the run ended are deleted when it is looked at again.
#[tokio::test(start_paused = true)]
async fn files_that_were_left_are_deleted_later() {
    // Deleting is tried five times after the collection, and five times at the end.
    let world = World::new(
        "[[http_faults]]\nkind = \"server_error\"\ncall = \"files\"\n\
         calls = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n",
        &[NO_FAILURES],
    );
    let report = world.run(&[SMALL], 5).await;
    assert_eq!(report.end, RunEnd::Finished);
    let left = |files: serde_json::Value| files["data"].as_array().expect("a list").len();
    assert!(left(world.ask("/openai/v1/files").await.expect("a list")) > 0);
    let again = world.engine(None).run(report.run).await.expect("reports");
    assert_eq!(again.end, RunEnd::Finished);
    assert_eq!(
        left(world.ask("/openai/v1/files").await.expect("a list")),
        0
    );
}
