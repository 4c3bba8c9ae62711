//! Each dialect end to end: the whole cascade against the emulator's side of it, faults and kills
//! included.

mod common;

use batch::ledger::Takeover;
use batch::{Moment, RunEnd, Step};
use common::{KillAt, World};

/// The same two models at each host of batches.
const HOSTS: [&str; 2] = ["anthropic", "mistral"];

fn tiers(host: &str) -> [String; 2] {
    ["openai/gpt-oss-20b", "openai/gpt-oss-120b"].map(|model| format!("{host}:{model}"))
}

#[tokio::test(start_paused = true)]
async fn a_cascade_in_each_dialect() {
    for host in HOSTS {
        let world = World::new("", &[]);
        let [small, large] = tiers(host);
        let report = world.run(&[&small, &large], 100).await;
        assert_eq!(report.end, RunEnd::Finished, "{host}");
        assert_eq!(report.summary.totals.answered, 100, "{host}");
        // Usage is told for every answer, cut ones included, so the tokens are the host's.
        let billed: (u64, u64) =
            world
                .log
                .records()
                .iter()
                .fold((0, 0), |(input, output), record| {
                    (
                        input + record.prompt_tokens,
                        output + record.completion_tokens,
                    )
                });
        let told = report.summary.tiers.iter().fold((0, 0), |sum, tier| {
            (sum.0 + tier.tokens.input, sum.1 + tier.tokens.output)
        });
        assert_eq!(told, billed, "{host}");
        assert!(world.warnings().is_empty(), "{:?}", world.warnings());
        world.check_requests(&report, &std::collections::BTreeSet::new());
    }
}

#[tokio::test(start_paused = true)]
async fn faults_of_lines_and_of_results() {
    for host in HOSTS {
        let world = World::with_faults(&[
            "openai/gpt-oss-20b:schema_mismatch=0.1",
            "openai/gpt-oss-20b:missing=0.1",
            "openai/gpt-oss-20b:refusal=0.1",
            "openai/gpt-oss-20b:server_error=0.1",
            "openai/gpt-oss-20b:json_empty=0.1",
            "openai/gpt-oss-20b:garbage=0.05",
        ]);
        let [small, large] = tiers(host);
        let report = world.run(&[&small, &large], 200).await;
        assert_eq!(report.end, RunEnd::Finished, "{host}");
        let totals = &report.summary.totals;
        assert_eq!(totals.answered + totals.failed, 200, "{host}");
        assert!(totals.answered > 190, "{host}: {}", totals.answered);
        assert!(report.summary.tiers[1].requests > 20, "{host}");
        world.check_requests(&report, &std::collections::BTreeSet::new());
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_fail_are_borne() {
    for host in HOSTS {
        for call in ["create", "poll", "content", "list", "models"] {
            for kind in ["rate_limited", "server_error", "dropped", "response_lost"] {
                let fault = format!(
                    "[[http_faults]]\nkind = \"{kind}\"\ncall = \"{call}\"\ncalls = [1, 2]\n"
                );
                let world = World::new(&fault, &["models.\"openai/gpt-oss-20b\".failure_rate=0.0"]);
                let [small, _] = tiers(host);
                let report = world.run(&[&small], 10).await;
                assert_eq!(
                    report.summary.totals.answered,
                    10,
                    "{host} {call} {kind}: {:?}",
                    world.warnings()
                );
                // A create whose reply is lost has made its batch: it is found, not made again.
                assert_eq!(world.log.records().len(), 10, "{host} {call} {kind}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_step_pays_nothing_twice() {
    for host in HOSTS {
        let mut killed = 0;
        for step in Step::ALL {
            for moment in [Moment::Before, Moment::After] {
                for time in [1, 2] {
                    let world = World::with_faults(&["openai/gpt-oss-20b:schema_mismatch=0.1"]);
                    let at = KillAt { step, moment, time };
                    let [small, large] = tiers(host);
                    let run = world.plan(&[&small, &large], 40).run;
                    let report = if let Some(report) = world.run_killed(run, at).await {
                        report.expect("runs")
                    } else {
                        killed += 1;
                        let engine = world.engine(None);
                        engine.resume(run, Takeover::Now).await.expect("resumes")
                    };
                    assert_eq!(report.end, RunEnd::Finished, "{host} {at:?}");
                    assert_eq!(report.summary.totals.answered, 40, "{host} {at:?}");
                    let at_tier_2 = report.summary.tiers[1].requests as usize;
                    assert_eq!(
                        world.log.records().len(),
                        40 + at_tier_2,
                        "{host} {at:?}: {:?}",
                        world.warnings()
                    );
                    world.check_requests(&report, &std::collections::BTreeSet::new());
                }
            }
        }
        assert!(killed > 30, "{killed}");
    }
}

/// Several creates without a reply at once, all of the same size: each shard gets its own batch.
#[tokio::test(start_paused = true)]
async fn orphans_of_one_size_are_told_apart_by_their_results() {
    let lost =
        "[[http_faults]]\nkind = \"response_lost\"\ncall = \"create\"\ncalls = [1, 2, 3, 4]\n";
    let world = World::new(
        lost,
        &[
            "models.\"openai/gpt-oss-20b\".failure_rate=0.0",
            "timing.in_progress_ms=600000",
        ],
    );
    let [small, _] = tiers("anthropic");
    let run = world.plan(&[&small], 40).run;
    let at = KillAt {
        step: Step::Create,
        moment: Moment::After,
        time: 4,
    };
    assert!(world.run_killed(run, at).await.is_none());
    let report = world
        .engine(None)
        .resume(run, Takeover::Now)
        .await
        .expect("resumes");
    assert_eq!(report.summary.totals.answered, 40);
    assert_eq!(world.log.records().len(), 40);
    let totals = world.ledger.totals(run).expect("counts");
    assert_eq!(totals.requests, 40);
    let waited = world
        .warnings()
        .iter()
        .filter(|words| words.contains("nothing is sent again"))
        .count();
    assert_eq!(waited, 4, "each shard says so once: {:?}", world.warnings());
    let shards = world
        .ledger
        .shards(run, batch::ledger::ShardFilter::All)
        .expect("lists");
    assert_eq!(shards.len(), 4);
    for shard in shards {
        assert_eq!(
            (shard.tally.foreign, shard.tally.missing),
            (0, 0),
            "{shard:?}"
        );
    }
}

/// Somebody else's batch of the same size, made in the same minutes, is left alone.
#[tokio::test(start_paused = true)]
async fn a_strangers_batch_of_the_same_size_is_not_taken() {
    let world = World::new(
        "",
        &[
            "models.\"openai/gpt-oss-20b\".failure_rate=0.0",
            "timing.in_progress_ms=600000",
        ],
    );
    let [small, _] = tiers("anthropic");
    let run = world.plan(&[&small], 10).run;
    // Another program of the same workspace.
    world.post_strangers_message_batch(10).await;
    let at = KillAt {
        step: Step::Create,
        moment: Moment::Before,
        time: 1,
    };
    assert!(world.run_killed(run, at).await.is_none());
    let report = world
        .engine(None)
        .resume(run, Takeover::Now)
        .await
        .expect("resumes");
    assert_eq!(report.summary.totals.answered, 10);
    let shard = &world
        .ledger
        .shards(run, batch::ledger::ShardFilter::All)
        .expect("lists")[0];
    assert_eq!((shard.tally.foreign, shard.tally.missing), (0, 0));
    assert_eq!(world.log.records().len(), 20, "ten are the stranger's");
}

/// Its counters stand still until a message batch ends, however long that takes.
#[tokio::test(start_paused = true)]
async fn a_message_batch_that_takes_most_of_a_day_has_not_stalled() {
    let world = World::new(
        "",
        &[
            "models.\"openai/gpt-oss-20b\".failure_rate=0.0",
            "timing.in_progress_ms=72000000",
        ],
    );
    let [small, _] = tiers("anthropic");
    let report = world.run(&[&small], 10).await;
    assert_eq!(report.summary.totals.answered, 10);
    assert!(world.warnings().is_empty(), "{:?}", world.warnings());
    assert_eq!(world.log.records().len(), 10);
}

/// Who cancels a run does not stop a batch that may be a stranger's, and is told so.
#[tokio::test(start_paused = true)]
async fn a_run_in_doubt_can_be_cancelled() {
    let lost = "[[http_faults]]\nkind = \"response_lost\"\ncall = \"create\"\ncalls = [1]\n";
    let world = World::new(lost, &["timing.in_progress_ms=600000"]);
    let [small, _] = tiers("anthropic");
    let run = world.plan(&[&small], 10).run;
    let at = KillAt {
        step: Step::Create,
        moment: Moment::After,
        time: 1,
    };
    assert!(world.run_killed(run, at).await.is_none());
    let report = world
        .engine(None)
        .cancel(run, Takeover::Now)
        .await
        .expect("cancels");
    assert_eq!(report.end, RunEnd::Cancelled);
    assert_eq!(report.summary.totals.answered, 0);
    let said = world
        .warnings()
        .iter()
        .any(|words| words.contains("is left alone"));
    assert!(said, "{:?}", world.warnings());
}

/// Who only submits does not wait for a batch in doubt; whoever takes the run up does.
#[tokio::test(start_paused = true)]
async fn submitting_alone_leaves_what_is_in_doubt() {
    let lost = "[[http_faults]]\nkind = \"response_lost\"\ncall = \"create\"\ncalls = [1]\n";
    let mut world = World::new(
        lost,
        &[
            "models.\"openai/gpt-oss-20b\".failure_rate=0.0",
            "timing.in_progress_ms=600000",
        ],
    );
    let [small, _] = tiers("anthropic");
    let run = world.plan(&[&small], 10).run;
    world.settings.wait = batch::Wait::SubmitOnly;
    let report = world.engine(None).run(run).await.expect("submits");
    assert_eq!(report.end, RunEnd::Submitted);
    world.settings.wait = batch::Wait::UntilDone;
    let report = world
        .engine(None)
        .resume(run, Takeover::Now)
        .await
        .expect("resumes");
    assert_eq!(report.summary.totals.answered, 10);
    assert_eq!(world.log.records().len(), 10);
}
