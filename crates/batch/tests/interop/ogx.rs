//! OGX, which executes batches itself, with aimock as the model behind it.

use std::time::{Duration, Instant};

use batch::ledger::{Ledger, ShardFilter, ShardState, Takeover};
use batch::provider::Profile;
use batch::{EngineError, FailureKind, RunEnd, StallSettings, Wait};

use crate::bench::{Bench, openai_habits, quick, transport};
use crate::common::lock;
use crate::meddling::{Meddling, MeddlingTransport};
use crate::servers::{self, Server};

/// What becomes of the five questions that the first model fails.
const FIVE_FAILURES: [(FailureKind, u64); 4] = [
    (FailureKind::Budget, 1),
    (FailureKind::Truncated, 1),
    (FailureKind::Parse, 2),
    (FailureKind::Schema, 1),
];

/// One server for many stories: it takes seconds to start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ogx_in_front_of_aimock() {
    if !tokio::task::block_in_place(|| servers::install(&["ogx", "aimock"])) {
        return;
    }
    let aimock = Server::aimock(Duration::ZERO);
    let ogx = Server::ogx("ogx-state", &aimock);
    let base = format!("{}/v1", ogx.origin());
    plain_questions_are_answered(&base).await;
    habits_of_groq_are_forgiven(&base).await;
    failures_go_to_the_second_tier(&base).await;
    a_last_tier_without_answers_ends(&base).await;
    answers_that_come_twice_count_once(&base).await;
    a_bad_line_fails_the_whole_batch(&base).await;
    an_unknown_model_stops_the_run(&base).await;
    a_batch_whose_creation_got_no_reply_is_taken_up(&base).await;
    message_batches_are_understood(&ogx.origin()).await;
}

/// OGX has Anthropic's message batches too.
async fn message_batches_are_understood(origin: &str) {
    let tiers = [
        "anthropic:openai/gpt-oss-20b",
        "anthropic:openai/gpt-oss-120b",
    ];
    let bench = Bench::named("anthropic", origin, &tiers);
    let mut words = vec!["plain"; 10];
    words.extend(["PROSE", "BROKEN", "CUT", "MISFIT", "REFUSED"]);
    let report = bench.run(&words).await;
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.totals.answered, 15, "{report:#?}");
    assert_eq!(Bench::failed(&report, 1), FIVE_FAILURES);
}

/// Bodies are JSON in a string, `error` is missing, and there is an empty error file.
async fn plain_questions_are_answered(base: &str) {
    let bench = Bench::openai_shaped(openai_habits(base), transport());
    let report = bench.run(&["plain"; 50]).await;
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.totals.answered, 50);
    assert_eq!(report.summary.tiers[0].answered, 50);
    assert!(
        report.summary.totals.cost_usd > batch::Money::ZERO,
        "usage is read"
    );
    let shards = bench
        .ledger
        .shards(report.run, ShardFilter::All)
        .expect("lists");
    assert!(
        shards.iter().all(|shard| shard.error_file_id.is_some()),
        "an empty file is named"
    );
}

/// Asked in Groq's way, OGX ignores the ids of a list and the cursor.
async fn habits_of_groq_are_forgiven(base: &str) {
    let bench = Bench::openai_shaped(Profile::groq().at(base), transport());
    let report = bench.run(&["plain"; 5]).await;
    assert_eq!(report.summary.totals.answered, 5);
}

/// Every way in which the first model fails goes on to the second.
async fn failures_go_to_the_second_tier(base: &str) {
    let bench = Bench::openai_shaped(openai_habits(base), transport());
    let mut words = vec!["plain"; 10];
    words.extend(["PROSE", "BROKEN", "CUT", "MISFIT", "REFUSED"]);
    let report = bench.run(&words).await;
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.totals.answered, 15, "{report:#?}");
    assert_eq!(report.summary.tiers[0].answered, 10);
    assert_eq!(report.summary.tiers[1].answered, 5);
    assert_eq!(Bench::failed(&report, 1), FIVE_FAILURES);
}

async fn a_last_tier_without_answers_ends(base: &str) {
    let bench = Bench::openai_shaped(openai_habits(base), transport());
    let report = bench.run(&["plain", "HOPELESS", "HOPELESS"]).await;
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(
        (report.summary.totals.answered, report.summary.totals.failed),
        (1, 2)
    );
    assert_eq!(Bench::failed(&report, 2), [(FailureKind::Parse, 2)]);
}

/// OGX executes a custom id that stands twice in a file twice.
async fn answers_that_come_twice_count_once(base: &str) {
    let twice = MeddlingTransport::new(Meddling::Lines(|line| format!("{line}\n{line}\n")));
    let bench = Bench::openai_shaped(openai_habits(base), twice);
    let report = bench.run(&["plain"; 4]).await;
    assert_eq!(report.summary.totals.answered, 4);
    assert!(
        bench.warned("twice") || bench.warned("duplicate"),
        "{:?}",
        lock(&bench.warnings)
    );
}

async fn a_bad_line_fails_the_whole_batch(base: &str) {
    let spoiled = MeddlingTransport::new(Meddling::Lines(|line| {
        if line.contains("request-0002") {
            "{\"custom_id\": \"request-0002\", nonsense\n".to_owned()
        } else {
            format!("{line}\n")
        }
    }));
    let bench = Bench::openai_shaped(openai_habits(base), spoiled);
    // The others go into another batch; the line that is named goes to the next tier, and ends there.
    let report = bench.run(&["plain"; 3]).await;
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.totals.answered, 2, "{report:#?}");
    assert_eq!(report.summary.tiers[0].answered, 2);
    assert_eq!(Bench::failed(&report, 1), [(FailureKind::Rejected, 1)]);
    assert_eq!(Bench::failed(&report, 2), [(FailureKind::Rejected, 1)]);
}

/// OGX lists its models, so the run does not even begin.
async fn an_unknown_model_stops_the_run(base: &str) {
    let mut bench = Bench::openai_shaped(openai_habits(base), transport());
    bench.tiers = vec!["groq:openai/gpt-oss-safeguard-20b"];
    let error = bench.try_run(&["plain"]).await.expect_err("is refused");
    assert!(error.is_configuration(), "{error}");
    // Believing the catalogue, it is the batch that fails.
    let mut bench = Bench::openai_shaped(openai_habits(base), transport());
    bench.tiers = vec!["groq:openai/gpt-oss-safeguard-20b"];
    bench.settings.model_check = batch::ModelCheck::CatalogueOnly;
    let error = bench.try_run(&["plain"]).await.expect_err("is refused");
    assert!(
        matches!(error, EngineError::Configuration { .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("gpt-oss-safeguard-20b"),
        "{error}"
    );
}

async fn a_batch_whose_creation_got_no_reply_is_taken_up(base: &str) {
    let bench = Bench::openai_shaped(
        openai_habits(base),
        MeddlingTransport::new(Meddling::LostReply),
    );
    let report = bench.run(&["plain"; 3]).await;
    assert_eq!(report.summary.totals.answered, 3);
    let shards = bench
        .ledger
        .shards(report.run, ShardFilter::All)
        .expect("lists");
    assert_eq!(shards.len(), 1, "nothing was asked twice");
    assert!(bench.warned("took up batch"), "{:?}", lock(&bench.warnings));
}

/// A model that takes its time, so that a batch can be met while it runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ogx_is_cancelled_and_killed_in_mid_batch() {
    if !tokio::task::block_in_place(|| servers::install(&["ogx", "aimock"])) {
        return;
    }
    let aimock = Server::aimock(Duration::from_millis(400));
    let ogx = Server::ogx("ogx-killed-state", &aimock);
    let base = format!("{}/v1", ogx.origin());
    a_run_is_cancelled(&base).await;

    // A batch that was running when its server died stays in progress for ever.
    let mut bench = Bench::openai_shaped(openai_habits(&base), transport());
    bench.settings.stall = StallSettings {
        after: Duration::from_secs(4),
        cancel_wait: Duration::from_secs(2),
        ..quick().stall
    };
    let words = ["plain"; 24];
    let run = bench.plan(&words);
    submit(&bench, run).await;
    let ogx = ogx.kill_and_restart_ogx("ogx-killed-state", &aimock);
    let begun = Instant::now();
    let report = bench
        .engine()
        .resume(run, Takeover::Now)
        .await
        .expect("runs");
    bench.check_books(&report, words.len());
    assert_eq!(report.end, RunEnd::Finished);
    assert!(
        begun.elapsed() >= Duration::from_secs(4),
        "it was given time"
    );
    for part in ["does not move; cancelling it", "does not end", "24 missing"] {
        assert!(bench.warned(part), "{part}: {:?}", lock(&bench.warnings));
    }
    assert_eq!(report.summary.totals.answered, 24, "{report:#?}");
    let shards = bench.ledger.shards(run, ShardFilter::All).expect("lists");
    assert!(
        shards.len() >= 2
            && shards
                .iter()
                .all(|shard| shard.state == ShardState::Collected)
    );
    drop(ogx);
}

/// Submits a run and waits until its batch runs.
async fn submit(bench: &Bench, run: batch::RunId) {
    let mut submitting = bench.again();
    submitting.settings.wait = Wait::SubmitOnly;
    let report = submitting.engine().run(run).await.expect("submits");
    assert_eq!(report.end, RunEnd::Submitted);
    let shard = bench
        .ledger
        .shards(run, ShardFilter::All)
        .expect("lists")
        .pop()
        .expect("a shard");
    let ids = [shard.batch_id.expect("a batch")];
    let begun = Instant::now();
    loop {
        let polled = bench.provider().poll(&ids).await.expect("a reply");
        let words = format!("{polled:?}");
        if words.contains("in_progress") {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{words}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn a_run_is_cancelled(base: &str) {
    let bench = Bench::openai_shaped(openai_habits(base), transport());
    let run = bench.plan(&["plain"; 24]);
    submit(&bench, run).await;
    let report = bench
        .engine()
        .cancel(run, Takeover::Now)
        .await
        .expect("cancels");
    assert_eq!(report.end, RunEnd::Cancelled);
    bench.check_books(&report, 24);
    // OGX keeps nothing of a batch that was cancelled.
    assert_eq!(report.summary.totals.failed, 24, "{report:#?}");
}
