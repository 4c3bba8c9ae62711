//! The cascade against the emulator, one story at a time.

mod common;

use std::time::Duration;

use batch::ledger::{RunState, ShardFilter, Takeover};
use batch::{CancellationToken, Effort, EngineError, FailureKind, ModelCheck, Money, RunEnd, Wait};
use common::{LARGE, SMALL, World, lock, request, spec};

fn remote_files(world: &World) -> impl std::future::Future<Output = usize> + use<> {
    let router = world.emulator.router();
    async move {
        use tower::ServiceExt;
        let request = http::Request::builder()
            .uri("/openai/v1/files")
            .header("authorization", "Bearer test-key")
            .body(axum::body::Body::empty())
            .expect("a request");
        let response = router.oneshot(request).await.expect("answers");
        let body = axum::body::to_bytes(response.into_body(), 1 << 24)
            .await
            .expect("reads");
        let files: serde_json::Value = serde_json::from_slice(&body).expect("json");
        files["data"].as_array().expect("a list").len()
    }
}

#[tokio::test(start_paused = true)]
async fn four_percent_fail_and_all_are_answered_at_tier_two() {
    let world = World::new("", &[]);
    let report = world.run(&[SMALL, LARGE], 100).await;
    assert_eq!(report.end, RunEnd::Finished);
    let tiers = &report.summary.tiers;
    assert_eq!(tiers[0].requests, 100);
    assert_eq!(report.summary.totals.answered, 100);
    assert_eq!(report.summary.totals.failed, 0);
    assert_eq!(tiers[0].answered + tiers[1].answered, 100);
    assert_eq!(tiers[1].requests, tiers[0].failed.values().sum::<u64>());
    world.check_books(&report);
    assert_eq!(
        world.ledger.run(report.run).expect("reads").state,
        RunState::Finished
    );
    // What was uploaded and made is deleted again.
    assert_eq!(remote_files(&world).await, 0);
    for answer in world.stored().values() {
        assert_eq!(answer.prompt_version, "p1");
        assert!(answer.usage.is_some() && answer.cost > Money::ZERO);
        assert_eq!(answer.finish_reason.as_deref(), Some("stop"));
    }
    // Half of the synchronous price.
    let totals = &report.summary.totals;
    assert_eq!(totals.sync_cost_usd, totals.cost_usd + totals.cost_usd);
}

#[tokio::test(start_paused = true)]
async fn without_fallback_failures_are_reported_and_can_be_asked_again() {
    let world = World::with_faults(&["schema_mismatch=0.1"]);
    let report = world.run(&[SMALL], 40).await;
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.totals.failed, 4);
    assert!(
        world
            .failures(report.run)
            .iter()
            .all(|request| !request.quarantined)
    );
    world.check_books(&report);
    // The same four can be claimed again by the next run, and no other.
    let again = world
        .failures(report.run)
        .into_iter()
        .map(|failed| failed.custom_id);
    let again: Vec<_> = again
        .map(|id| request(id.trim_start_matches("request-").parse().expect("a number")))
        .collect();
    let plan = world
        .engine(None)
        .plan(spec(&[SMALL, LARGE], None), again)
        .expect("plans");
    assert_eq!(plan.estimate.requests, 4);
}

/// Every fault of a single line at tier 1; tier 2 answers what tier 1 could not.
#[tokio::test(start_paused = true)]
async fn every_fault_of_a_line_ends_in_an_answer() {
    let check = async |fault: &str, expect: Option<FailureKind>| {
        let world = World::with_faults(&[&format!("openai/gpt-oss-20b:{fault}=0.25")]);
        let report = world.run(&[SMALL, LARGE], 20).await;
        assert_eq!(report.end, RunEnd::Finished, "{fault}");
        assert_eq!(report.summary.totals.answered, 20, "{fault}");
        world.check_books(&report);
        let seen = report.summary.tiers[0]
            .shards
            .iter()
            .any(|shard| expect.is_none_or(|kind| shard.failed.contains_key(&kind)));
        assert!(seen, "{fault}: {:?}", report.summary.tiers[0].shards);
        if expect.is_none() {
            assert_eq!(report.summary.tiers[0].answered, 20, "{fault}");
        }
    };
    check("json_empty", Some(FailureKind::Budget)).await;
    check("json_max_tokens", Some(FailureKind::Budget)).await;
    check("max_tokens_message", Some(FailureKind::Budget)).await;
    check("json_partial", Some(FailureKind::JsonText)).await;
    check("json_mismatch", Some(FailureKind::Schema)).await;
    check("context_length_exceeded", Some(FailureKind::OverLength)).await;
    check("truncated", Some(FailureKind::Truncated)).await;
    check("truncated_parseable", Some(FailureKind::Truncated)).await;
    check("broken_json", Some(FailureKind::Parse)).await;
    check("schema_mismatch", Some(FailureKind::Schema)).await;
    check("empty_object", Some(FailureKind::Schema)).await;
    check("null_values", Some(FailureKind::Schema)).await;
    check("refusal", Some(FailureKind::Refusal)).await;
    check("content_filter", Some(FailureKind::Refusal)).await;
    check("empty_content", Some(FailureKind::Refusal)).await;
    check("null_content", Some(FailureKind::Refusal)).await;
    check("missing", Some(FailureKind::Missing)).await;
    check("null_id", Some(FailureKind::Missing)).await;
    check("garbage", Some(FailureKind::Missing)).await;
    check("status_zero", Some(FailureKind::Provider)).await;
    check("body_list", Some(FailureKind::Provider)).await;
    check("body_number", Some(FailureKind::Provider)).await;
    check("server_error", Some(FailureKind::Provider)).await;
    check("rate_limited", Some(FailureKind::Provider)).await;
    check("connection_error", Some(FailureKind::Provider)).await;
    check("bare_error", Some(FailureKind::Provider)).await;
    check("batch_expired", Some(FailureKind::Expired)).await;
    // These keep a good answer, or one that the narrow repair saves.
    for harmless in [
        "duplicated",
        "conflicting",
        "foreign",
        "body_string",
        "blank_line",
        "prose",
        "fenced",
        "trailing_comma",
    ] {
        check(harmless, None).await;
    }
}

#[tokio::test(start_paused = true)]
async fn irregular_ids_are_counted_and_named() {
    let world = World::with_faults(&[
        "openai/gpt-oss-20b:foreign=0.1",
        "openai/gpt-oss-20b:conflicting=0.1",
        "openai/gpt-oss-20b:missing=0.1",
    ]);
    let report = world.run(&[SMALL, LARGE], 30).await;
    let shards = world
        .ledger
        .shards(report.run, ShardFilter::All)
        .expect("lists");
    let sum = |count: fn(&batch::ledger::ShardTally) -> u64| -> u64 {
        shards.iter().map(|shard| count(&shard.tally)).sum()
    };
    assert!(sum(|tally| tally.foreign) >= 3);
    assert!(sum(|tally| tally.duplicates) >= 3);
    assert!(sum(|tally| tally.missing) >= 3);
    let named: Vec<&String> = shards.iter().flat_map(|shard| &shard.tally.named).collect();
    for what in ["foreign:", "duplicate:request-", "missing:request-"] {
        assert!(named.iter().any(|name| name.starts_with(what)), "{named:?}");
    }
    // Both answers of a pair are paid for.
    assert!(
        shards
            .iter()
            .any(|shard| shard.tally.extra_cost > Money::ZERO)
    );
    world.check_books(&report);
}

/// Every fault of a whole batch: polling ends, what was answered is kept, the rest is asked again.
#[tokio::test(start_paused = true)]
async fn every_fault_of_a_batch_is_survived() {
    for fault in [
        "expires",
        "expires_without_files",
        "cancelled",
        "fails_midway",
        "all_fail",
        "no_files",
        "files_gone",
        "vanishes",
        "bare_error",
        "stalls",
        "never_starts",
        "appears_late",
        "counters_lie",
        "token_limit",
    ] {
        let toml = format!("[[batch_faults]]\nkind = \"{fault}\"\nbatches = [1, 2]\n");
        let world = World::new(&toml, &["models.\"openai/gpt-oss-20b\".failure_rate=0.0"]);
        let report = world.run(&[SMALL, LARGE], 30).await;
        assert_eq!(report.end, RunEnd::Finished, "{fault}");
        assert_eq!(report.summary.totals.answered, 30, "{fault}");
        if fault == "files_gone" {
            world.check_requests(&report, &std::collections::BTreeSet::new());
        } else {
            world.check_books(&report);
        }
    }
}

/// Requests held back by a limit while a batch stands still do not make the engine ask without pause.
#[tokio::test(start_paused = true)]
async fn a_stalled_batch_is_asked_after_now_and_then() {
    let toml = "[[batch_faults]]\nkind = \"token_limit\"\nbatches = [1]\n\
                [[batch_faults]]\nkind = \"stalls\"\nbatches = [2]\n";
    let world = World::new(toml, &["models.\"openai/gpt-oss-20b\".failure_rate=0.0"]);
    let report = world.run(&[SMALL], 30).await;
    assert_eq!(report.summary.totals.answered, 30);
    world.check_books(&report);
    // Once a minute for the 12 hours after which a batch counts as stalled, and the work itself.
    let calls = world
        .transport
        .calls
        .load(std::sync::atomic::Ordering::SeqCst);
    assert!((720..1500).contains(&calls), "{calls}");
}

/// A pass 1 in which nothing succeeds still reaches pass 2, and a pass 2 in which nothing succeeds
/// costs nothing of pass 1.
#[tokio::test(start_paused = true)]
async fn a_tier_may_fail_as_a_whole() {
    let first = World::with_faults(&["openai/gpt-oss-20b:schema_mismatch=1"]);
    let report = first.run(&[SMALL, LARGE], 20).await;
    assert_eq!(report.summary.tiers[1].answered, 20);
    first.check_books(&report);

    let second = World::with_faults(&[
        "openai/gpt-oss-20b:schema_mismatch=0.25",
        "openai/gpt-oss-120b:refusal=1",
    ]);
    let report = second.run(&[SMALL, LARGE], 20).await;
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.tiers[0].answered, 15);
    assert_eq!(report.summary.tiers[1].failed[&FailureKind::Refusal], 5);
    assert_eq!(second.stored().len(), 15);
    assert!(
        second
            .failures(report.run)
            .iter()
            .all(|failed| failed.quarantined)
    );
    second.check_books(&report);
    // Quarantined requests are left out of the next plan, and the others proceed.
    let plan = second.plan(&[SMALL, LARGE], 22);
    assert_eq!((plan.skipped.quarantined, plan.estimate.requests), (5, 17));
}

/// A first tier whose effort can still be lowered.
fn thinking_hard() -> batch::RunSpec {
    let mut spec = spec(&[SMALL, LARGE], None);
    spec.tiers[0].reasoning_effort = Some(Effort::High);
    spec
}

#[tokio::test(start_paused = true)]
async fn a_budget_failure_is_retried_with_another_budget() {
    let world = World::with_faults(&["json_empty=1"]);
    let plan = world
        .engine(None)
        .plan(thinking_hard(), (1..=4).map(request))
        .expect("plans");
    let report = world.engine(None).run(plan.run).await.expect("runs");
    assert_eq!(report.summary.totals.failed, 4);
    let shards = world
        .ledger
        .shards(report.run, ShardFilter::All)
        .expect("lists");
    let caps: Vec<(u32, u32)> = shards
        .iter()
        .map(|shard| (shard.variant.tier, shard.variant.max_completion_tokens))
        .collect();
    // Less effort and a larger cap first, then a stronger model with a larger cap still.
    assert_eq!(caps, [(1, 4096), (1, 8192), (2, 16384)]);
    assert_eq!(shards[1].variant.effort, Some(Effort::Low));
    // Nothing is known to be charged, all of it may be.
    assert_eq!(report.summary.totals.cost_usd, Money::ZERO);
    assert!(report.summary.totals.possible_cost_usd > Money::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_retired_fallback_gives_way_to_its_successor() {
    let llama = "groq:llama-3.3-70b-versatile";
    let world = World::with_faults(&["openai/gpt-oss-20b:refusal=0.5"]);
    let report = world.run(&[SMALL, llama], 10).await;
    assert_eq!(report.summary.tiers[1].model, "openai/gpt-oss-120b");
    assert_eq!(report.summary.totals.answered, 10);
    let warned = world.warnings();
    assert!(
        warned
            .iter()
            .any(|words| words.contains("retired on 2026-08-16")),
        "{warned:?}"
    );
    // A host that still serves it is asked for it.
    let served = World::new(
        "[[faults]]\nkind = \"refusal\"\nmodel = \"openai/gpt-oss-20b\"\nrate = 0.5\n",
        &["server.serve_retired=true"],
    );
    let report = served.run(&[SMALL, llama], 10).await;
    assert_eq!(report.summary.tiers[1].model, "llama-3.3-70b-versatile");
    assert_eq!(report.summary.tiers[1].requests, 5);
    assert!(
        served
            .warnings()
            .iter()
            .all(|words| !words.contains("retired"))
    );
    // The catalogue alone says the same as the host that does not serve it.
    let mut offline = World::with_faults(&[]);
    offline.settings.model_check = ModelCheck::CatalogueOnly;
    let engine = offline.engine(None);
    let preflight = engine
        .preflight(&spec(&[llama], None).tiers)
        .await
        .expect("resolves");
    assert_eq!(preflight.tiers[0].reference.model, "openai/gpt-oss-120b");
    assert_eq!(
        offline
            .transport
            .calls
            .load(std::sync::atomic::Ordering::SeqCst),
        0
    );
    let unknown = world
        .engine(None)
        .preflight(&spec(&["groq:no/such-model"], None).tiers)
        .await;
    assert!(
        matches!(unknown, Err(EngineError::NoModel { .. })),
        "{unknown:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_budget_stops_before_it_is_overdrawn_and_can_be_raised() {
    let mut world = World::with_faults(&[]);
    world.settings.shards.max_requests = 5;
    // The cap of 4,096 tokens at 0.15 dollars a million, and the prompt: so much is reserved for one.
    let one = 60 * 37_500 + 4096 * 150_000;
    let budget = Money::from_picodollars(one * 7);
    let engine = world.engine(None);
    let plan = engine
        .plan(spec(&[SMALL], Some(budget)), (1..=2000).map(request))
        .expect("plans");
    let report = engine.run(plan.run).await.expect("runs");
    assert_eq!(report.end, RunEnd::Budget);
    let totals = report.summary.totals.clone();
    assert!(totals.cost_usd <= budget, "{}", totals.cost_usd);
    assert!(totals.answered >= 7 && totals.open > 0, "{totals:?}");
    assert_eq!(
        world.ledger.run(plan.run).expect("reads").state,
        RunState::Stopped
    );
    let mut richer = plan.spec.clone();
    richer.budget = None;
    world
        .ledger
        .set_run_spec(plan.run, &richer)
        .expect("raises");
    world.settings.shards.max_requests = 1000;
    let report = world.engine(None).run(plan.run).await.expect("runs");
    assert_eq!(
        (report.end.clone(), report.summary.totals.answered),
        (RunEnd::Finished, 2000)
    );
    world.check_books(&report);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_no_file_can_hold_is_refused_before_anything_is_sent() {
    let world = World::with_faults(&[]);
    let huge = batch::NewRequest {
        payload: batch::Payload::user(&"x".repeat(96_000_000)),
        ..request(1)
    };
    let planned = world.engine(None).plan(spec(&[SMALL], None), [huge]);
    assert!(matches!(planned, Err(EngineError::Request { .. })));
    let illegal = batch::NewRequest {
        custom_id: "a b".to_owned(),
        ..request(1)
    };
    let planned = world
        .engine(None)
        .plan(spec(&[SMALL], None), [request(2), illegal]);
    assert!(matches!(planned, Err(EngineError::Request { .. })));
    // What was claimed for the plan that failed is free again.
    assert_eq!(world.plan(&[SMALL], 2).estimate.requests, 2);
}

#[tokio::test(start_paused = true)]
async fn no_request_is_in_two_runs_at_once() {
    let world = World::with_faults(&[]);
    let first = world.plan(&[SMALL], 10);
    let second = world.plan(&[SMALL], 15);
    assert_eq!(second.estimate.requests, 5);
    assert_eq!(second.skipped.held[&first.run], 10);
    world.engine(None).discard(first.run).expect("discards");
    assert_eq!(world.plan(&[SMALL], 15).estimate.requests, 10);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_run_goes_on_where_it_was() {
    let world = World::new("", &["timing.per_request_us=60000000"]);
    let run = world.plan(&[SMALL, LARGE], 30).run;
    let interrupt = CancellationToken::new();
    let engine = world.engine_with(None, interrupt.clone());
    let working = tokio::spawn(async move { engine.run(run).await });
    tokio::time::sleep(Duration::from_mins(1)).await;
    interrupt.cancel();
    let report = working.await.expect("ends").expect("runs");
    assert_eq!(report.end, RunEnd::Interrupted);
    assert_eq!(report.summary.state, RunState::Stopped);
    assert_eq!(report.summary.totals.open, 30);
    let report = world.engine(None).run(run).await.expect("runs");
    assert_eq!(
        (report.end.clone(), report.summary.totals.answered),
        (RunEnd::Finished, 30)
    );
    world.check_books(&report);
}

#[tokio::test(start_paused = true)]
async fn submitting_without_waiting_leaves_the_rest_to_resume() {
    let mut world = World::with_faults(&[]);
    world.settings.wait = Wait::SubmitOnly;
    let report = world.run(&[SMALL], 30).await;
    assert_eq!(report.end, RunEnd::Submitted);
    assert_eq!(report.summary.tiers[0].shards.len(), 3);
    world.settings.wait = Wait::UntilDone;
    let report = world.engine(None).run(report.run).await.expect("runs");
    assert_eq!(report.summary.totals.answered, 30);
    world.check_books(&report);
}

#[tokio::test(start_paused = true)]
async fn cancelling_keeps_what_was_answered() {
    let world = World::new(
        "",
        &[
            "timing.per_request_us=1000000",
            "models.\"openai/gpt-oss-20b\".failure_rate=0.0",
        ],
    );
    let run = world.plan(&[SMALL, LARGE], 10).run;
    let interrupt = CancellationToken::new();
    let engine = world.engine_with(None, interrupt.clone());
    let working = tokio::spawn(async move { engine.run(run).await });
    tokio::time::sleep(Duration::from_secs(5)).await;
    interrupt.cancel();
    working.await.expect("ends").expect("runs");
    let report = world
        .engine(None)
        .cancel(run, Takeover::WhenIdle)
        .await
        .expect("cancels");
    assert_eq!(report.end, RunEnd::Cancelled);
    let totals = &report.summary.totals;
    assert!(totals.answered > 0 && totals.failed > 0, "{totals:?}");
    assert_eq!(totals.open, 0);
    world.check_books(&report);
    // Its claims are gone, and it stays cancelled.
    assert_eq!(world.plan(&[SMALL], 10).estimate.requests, 10);
    let again = world.engine(None).run(run).await;
    assert!(matches!(again, Err(EngineError::State { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_stops_the_run_and_is_never_shown() {
    let mut world = World::new("", &["server.api_key=\"right-key\""]);
    world.settings.model_check = ModelCheck::CatalogueOnly;
    let run = world.plan(&[SMALL], 3).run;
    let error = world.engine(None).run(run).await.expect_err("stops");
    assert!(error.is_configuration(), "{error:?}");
    assert!(!format!("{error:?}").contains("test-key"));
    let run = world.ledger.run(run).expect("reads");
    assert_eq!(run.state, RunState::Stopped);
    assert!(!run.note.expect("a note").contains("test-key"));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_disappears_in_mid_batch_stops_the_run_and_loses_nothing() {
    let world = World::with_faults(&["openai/gpt-oss-20b:model_not_found=0.5"]);
    let run = world.plan(&[SMALL, LARGE], 10).run;
    let error = world.engine(None).run(run).await.expect_err("stops");
    assert!(
        matches!(error, EngineError::Configuration { .. }),
        "{error:?}"
    );
    let totals = world.ledger.totals(run).expect("counts");
    assert_eq!((totals.answered, totals.waiting, totals.failed), (5, 5, 0));
}

#[tokio::test(start_paused = true)]
async fn answers_that_cannot_be_stored_are_not_marked() {
    let world = World::with_faults(&[]);
    let run = world.plan(&[SMALL], 10).run;
    *lock(&world.answers.is_broken) = true;
    let error = world.engine(None).run(run).await.expect_err("stops");
    assert!(matches!(error, EngineError::Sink(_)), "{error:?}");
    assert_eq!(world.ledger.totals(run).expect("counts").answered, 0);
    *lock(&world.answers.is_broken) = false;
    let report = world.engine(None).run(run).await.expect("runs");
    assert_eq!(report.summary.totals.answered, 10);
    world.check_books(&report);
}

#[tokio::test(start_paused = true)]
async fn calls_that_fail_are_repeated_and_a_create_is_not() {
    for (call, kind) in [
        ("upload", "server_error"),
        ("upload", "response_lost"),
        ("create", "rate_limited"),
        ("create", "server_error"),
        ("create", "response_lost"),
        ("create", "dropped"),
        ("poll", "rate_limited"),
        ("poll", "dropped"),
        ("poll", "body_cut"),
        ("content", "body_cut"),
        ("content", "server_error"),
        ("list", "server_error"),
        ("models", "server_error"),
        ("files", "dropped"),
    ] {
        let toml =
            format!("[[http_faults]]\nkind = \"{kind}\"\ncall = \"{call}\"\ncalls = [1, 2]\n");
        let world = World::new(&toml, &["models.\"openai/gpt-oss-20b\".failure_rate=0.0"]);
        let report = world.run(&[SMALL], 20).await;
        assert_eq!(report.end, RunEnd::Finished, "{call} {kind}");
        assert_eq!(report.summary.totals.answered, 20, "{call} {kind}");
        world.check_books(&report);
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_away_is_waited_for_up_to_a_point() {
    let toml = "[[http_faults]]\nkind = \"dropped\"\ncall = \"poll\"\n";
    let world = World::new(toml, &[]);
    let run = world.plan(&[SMALL], 5).run;
    let started = tokio::time::Instant::now();
    let error = world.engine(None).run(run).await.expect_err("gives up");
    assert!(matches!(error, EngineError::Provider(_)), "{error:?}");
    assert!(started.elapsed() >= world.settings.retry.outage);
    assert_eq!(
        world.ledger.run(run).expect("reads").state,
        RunState::Stopped
    );
}
