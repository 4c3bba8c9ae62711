//! A process killed at any step leaves a run that another process finishes: the same final rows, and
//! nothing answered twice.

mod common;

use batch::ledger::Takeover;
use batch::{Moment, RunEnd, Step};
use common::{KillAt, LARGE, SMALL, World};

fn world() -> World {
    World::with_faults(&[
        "openai/gpt-oss-20b:schema_mismatch=0.1",
        "openai/gpt-oss-20b:conflicting=0.1",
        "openai/gpt-oss-20b:missing=0.1",
    ])
}

/// What a run came to. Tokens of second answers depend on the order in which the host took the batches,
/// so money is compared with the host's own books instead.
fn rows(world: &World, report: &batch::RunReport) -> Vec<String> {
    let mut rows: Vec<String> = world
        .stored()
        .into_values()
        .map(|answer| {
            format!(
                "{} {} {} {} {}",
                answer.custom_id, answer.model, answer.tier, answer.attempt, answer.json
            )
        })
        .collect();
    for tier in &report.summary.tiers {
        rows.push(format!(
            "{} {} {:?} {}",
            tier.requests, tier.answered, tier.failed, tier.repaired
        ));
    }
    rows
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_step_changes_nothing() {
    let calm = world();
    let expected = calm.run(&[SMALL, LARGE], 40).await;
    calm.check_books(&expected);
    let expected = rows(&calm, &expected);
    let mut killed = 0;
    for step in Step::ALL {
        for moment in [Moment::Before, Moment::After] {
            for time in [1, 2, 3, 6] {
                let at = KillAt { step, moment, time };
                let world = world();
                let run = world.plan(&[SMALL, LARGE], 40).run;
                let report = if let Some(report) = world.run_killed(run, at).await {
                    report.expect("runs")
                } else {
                    killed += 1;
                    let engine = world.engine(None);
                    engine.resume(run, Takeover::Now).await.expect("resumes")
                };
                assert_eq!(report.end, RunEnd::Finished, "{at:?}");
                world.check_books(&report);
                assert_eq!(rows(&world, &report), expected, "{at:?}");
            }
        }
    }
    // Few points are reached less than three times.
    assert!(killed > 60, "{killed}");
}

/// Killed again and again, at every step in turn.
#[tokio::test(start_paused = true)]
async fn many_kills_in_one_run_change_nothing() {
    let world = world();
    let run = world.plan(&[SMALL, LARGE], 40).run;
    let mut killed = 0;
    for step in Step::ALL {
        for moment in [Moment::Before, Moment::After] {
            let at = KillAt {
                step,
                moment,
                time: 1,
            };
            if world.run_killed(run, at).await.is_none() {
                killed += 1;
            }
        }
    }
    let report = world
        .engine(None)
        .resume(run, Takeover::Now)
        .await
        .expect("resumes");
    assert_eq!(report.end, RunEnd::Finished);
    assert!(killed > 10, "{killed}");
    world.check_books(&report);
    assert_eq!(report.summary.totals.answered, 40);
}

/// A create whose reply is lost with the process: the host has the batch, the ledger does not know it.
#[tokio::test(start_paused = true)]
async fn a_batch_without_its_id_is_adopted() {
    let world = World::with_faults(&[]);
    let run = world.plan(&[SMALL], 10).run;
    let at = KillAt {
        step: Step::Create,
        moment: Moment::After,
        time: 1,
    };
    assert!(world.run_killed(run, at).await.is_none());
    // Another process is kept away until the lease runs out, unless it knows better.
    let busy = world.engine(None).run(run).await;
    assert!(matches!(
        busy,
        Err(batch::EngineError::Ledger(batch::LedgerError::Busy { .. }))
    ));
    let report = world
        .engine(None)
        .resume(run, Takeover::Now)
        .await
        .expect("resumes");
    assert_eq!(report.summary.totals.answered, 10);
    assert!(
        world
            .warnings()
            .iter()
            .any(|words| words.contains("took up batch"))
    );
    assert_eq!(world.log.records().len(), 10);
    assert_eq!(world.ledger.totals(run).expect("counts").requests, 10);
    world.check_books(&report);
}
