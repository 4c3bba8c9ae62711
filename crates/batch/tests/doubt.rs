//! Answers that pass every check and are doubted: kept at once, asked again of the next tier, replaced
//! where it answers, standing where it does not.

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use batch::ledger::{RunState, ShardFilter, Takeover};
use batch::{
    CancellationToken, DoubtSpec, FailureKind, Moment, Money, RunEnd, RunId, RunReport, Step, Wait,
};
use common::{KillAt, LARGE, SMALL, World, doubting_spec, lock, request, spec};
use serde_json::Value;

/// Plans a run in which the answers to requests 3, 6, 9, ... are doubted.
fn plan(world: &World, tiers: &[&str], requests: u64, budget: Option<Money>) -> RunId {
    world
        .engine(None)
        .plan(doubting_spec(tiers, budget), (1..=requests).map(request))
        .expect("plans")
        .run
}

async fn run(world: &World, tiers: &[&str], requests: u64) -> RunReport {
    let run = plan(world, tiers, requests, None);
    world.engine(None).run(run).await.expect("runs")
}

/// Tiers of the stored answers by request.
fn tiers_of_answers(world: &World) -> Vec<u32> {
    world
        .stored()
        .into_values()
        .map(|answer| answer.tier)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_doubted_answer_is_replaced_by_the_next_tier() {
    let world = World::with_faults(&[]);
    let report = run(&world, &[SMALL, LARGE], 9).await;
    assert_eq!(report.end, RunEnd::Finished);
    world.check_books(&report);
    assert_eq!(tiers_of_answers(&world), [1, 1, 2, 1, 1, 2, 1, 1, 2]);
    let [small, large] = report.summary.tiers.as_slice() else {
        panic!("two tiers");
    };
    assert_eq!((small.requests, small.answered, small.replaced), (9, 6, 3));
    assert_eq!(small.doubted["third"], 3);
    assert_eq!((large.requests, large.answered), (3, 3));
    let totals = &report.summary.totals;
    assert_eq!((totals.answered, totals.failed, totals.in_doubt), (9, 0, 0));
    assert_eq!(totals.escalated_by_failure, Some(0.0));
    assert_eq!(totals.escalated_by_doubt, Some(1.0 / 3.0));
    // All that tier 2 cost was spent on doubts.
    assert_eq!(totals.doubt_cost_usd, large.cost_usd);
    assert!(large.cost_usd > Money::ZERO);
    assert_eq!(totals.cost_usd, small.cost_usd + large.cost_usd);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_doubted_unless_the_run_says_so() {
    let world = World::with_faults(&[]);
    let report = world.run(&[SMALL, LARGE], 9).await;
    assert_eq!(tiers_of_answers(&world), [1; 9]);
    assert!(report.summary.tiers[0].doubted.is_empty());
    // Nor where there is nobody left to ask.
    let single = World::with_faults(&[]);
    let report = run(&single, &[SMALL], 9).await;
    assert_eq!(report.summary.totals.answered, 9);
    assert!(report.summary.tiers[0].doubted.is_empty());
    single.check_books(&report);
}

#[tokio::test(start_paused = true)]
async fn a_doubted_answer_stands_when_the_next_tier_fails() {
    for fault in ["refusal", "schema_mismatch", "missing", "batch_expired"] {
        let world = World::with_faults(&[&format!("openai/gpt-oss-120b:{fault}=1")]);
        let report = run(&world, &[SMALL, LARGE], 9).await;
        assert_eq!(report.end, RunEnd::Finished, "{fault}");
        let totals = &report.summary.totals;
        assert_eq!((totals.answered, totals.failed), (9, 0), "{fault}");
        assert_eq!(tiers_of_answers(&world), [1; 9], "{fault}");
        assert!(world.failures(report.run).is_empty());
        let quarantined = world.ledger.quarantined("test", None, 9).expect("lists");
        assert!(quarantined.is_empty(), "{fault}");
        let small = &report.summary.tiers[0];
        assert_eq!((small.answered, small.replaced), (9, 0), "{fault}");
        let failed: u64 = report.summary.tiers[1].failed.values().sum();
        assert_eq!(failed, 3, "{fault}");
        world.check_books(&report);
    }
}

#[tokio::test(start_paused = true)]
async fn of_three_tiers_the_last_answer_stands() {
    let world = World::with_faults(&["openai/gpt-oss-120b:refusal=1"]);
    // The second tier is the small model again: its answers are doubted, too.
    let report = run(&world, &[SMALL, SMALL, LARGE], 9).await;
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(tiers_of_answers(&world), [1, 1, 2, 1, 1, 2, 1, 1, 2]);
    let tiers = &report.summary.tiers;
    assert_eq!((tiers[0].answered, tiers[0].replaced), (6, 3));
    assert_eq!((tiers[1].answered, tiers[1].doubted["third"]), (3, 3));
    assert_eq!(tiers[2].failed[&FailureKind::Refusal], 3);
    assert_eq!(report.summary.totals.answered, 9);
    world.check_books(&report);
}

/// Failures and doubts meet at the second tier, and are told apart.
#[tokio::test(start_paused = true)]
async fn doubts_and_failures_are_counted_apart() {
    let world = World::with_faults(&["openai/gpt-oss-20b:schema_mismatch=0.25"]);
    let report = run(&world, &[SMALL, LARGE], 60).await;
    let [small, large] = report.summary.tiers.as_slice() else {
        panic!("two tiers");
    };
    let failed: u64 = small.failed.values().sum();
    let doubted: u64 = small.doubted.values().sum();
    assert_eq!(failed, 15);
    assert!((10..=20).contains(&doubted), "{doubted}");
    assert_eq!(large.requests, failed + doubted);
    assert_eq!(small.answered + large.answered, 60);
    let totals = &report.summary.totals;
    assert_eq!(totals.escalated_by_failure, Some(0.25));
    assert_eq!(totals.escalated_by_doubt, Some(doubted as f64 / 60.0));
    assert!(totals.doubt_cost_usd > Money::ZERO && totals.doubt_cost_usd < large.cost_usd);
    world.check_books(&report);
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_ends_leaves_doubted_answers_standing() {
    let world = World::with_faults(&["openai/gpt-oss-20b:schema_mismatch=0.25"]);
    // Enough for a request at tier 1, never for one at tier 2.
    let budget = Money::from_usd(0.001).expect("money");
    let run = plan(&world, &[SMALL, LARGE], 12, Some(budget));
    let report = world.engine(None).run(run).await.expect("runs");
    assert_eq!(report.end, RunEnd::Budget);
    let totals = report.summary.totals.clone();
    assert_eq!((totals.failed, totals.open), (0, 3), "{totals:?}");
    assert_eq!(totals.answered, 9);
    assert!(totals.in_doubt > 0, "{totals:?}");
    assert_eq!(world.stored().len() as u64, totals.answered);
    assert!(totals.cost_usd <= budget);
    let answers = world.stored().into_values();
    let doubted: BTreeSet<String> = answers
        .filter(|answer| answer.doubt.is_some())
        .map(|answer| answer.custom_id)
        .collect();
    assert_eq!(doubted.len() as u64, totals.in_doubt);

    // With more money they are asked after all: those without an answer first.
    let mut richer = world.ledger.run(run).expect("reads").spec;
    richer.budget = Some(Money::from_usd(0.0045).expect("money"));
    world.ledger.set_run_spec(run, &richer).expect("changes");
    let report = world
        .engine(None)
        .resume(run, Takeover::WhenIdle)
        .await
        .expect("runs");
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.totals.in_doubt, 0);
    world.check_books(&report);
    let shards = world.ledger.shards(run, ShardFilter::All).expect("lists");
    let first = shards
        .iter()
        .find(|shard| shard.variant.tier == 2)
        .expect("a shard of tier 2");
    let members = world.ledger.members(first.id, None, 99).expect("reads");
    assert_eq!(members.len(), 3);
    for member in members {
        assert!(!doubted.contains(&member.custom_id), "{member:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_keeps_doubted_answers() {
    // Cancelled while the second opinions wait, and while they are out.
    for submitted in [false, true] {
        let mut world = World::with_faults(&[]);
        let run = plan(&world, &[SMALL, LARGE], 9, None);
        let kill = KillAt {
            step: if submitted {
                Step::CommitCreate
            } else {
                Step::CommitCollect
            },
            moment: Moment::After,
            time: if submitted { 2 } else { 1 },
        };
        assert!(world.run_killed(run, kill).await.is_none());
        assert_eq!(world.ledger.totals(run).expect("counts").in_doubt, 3);
        world.settings.wait = Wait::UntilDone;
        let report = world
            .engine(None)
            .cancel(run, Takeover::Now)
            .await
            .expect("cancels");
        assert_eq!(report.end, RunEnd::Cancelled);
        let totals = &report.summary.totals;
        assert_eq!(
            (totals.answered, totals.failed, totals.open, totals.in_doubt),
            (9, 0, 0, 0)
        );
        assert_eq!(
            world.ledger.run(run).expect("reads").state,
            RunState::Cancelled
        );
        world.check_books(&report);
        // The subjects are free again.
        let next = world
            .engine(None)
            .plan(spec(&[SMALL], None), (1..=9).map(request))
            .expect("plans");
        assert_eq!(next.estimate.requests, 9);
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_run_counts_doubted_answers() {
    let mut world = World::with_faults(&[]);
    world.settings.deadline = Some(Duration::from_mins(30));
    let run = plan(&world, &[SMALL, LARGE], 9, None);
    let kill = KillAt {
        step: Step::CommitCollect,
        moment: Moment::After,
        time: 1,
    };
    assert!(world.run_killed(run, kill).await.is_none());
    let interrupt = CancellationToken::new();
    interrupt.cancel();
    let report = world
        .engine_with(None, interrupt)
        .resume(run, Takeover::Now)
        .await
        .expect("stops");
    assert_eq!(report.end, RunEnd::Interrupted);
    let totals = &report.summary.totals;
    assert_eq!((totals.answered, totals.in_doubt, totals.open), (9, 3, 0));
}

/// What a run came to; see `crash.rs`.
fn rows(world: &World, report: &RunReport) -> Vec<String> {
    let mut rows: Vec<String> = world
        .stored()
        .into_values()
        .map(|answer| {
            format!(
                "{} {} {} {} {}",
                answer.custom_id, answer.tier, answer.attempt, answer.json, answer.model
            )
        })
        .collect();
    for tier in &report.summary.tiers {
        rows.push(format!(
            "{} {} {} {:?} {:?}",
            tier.requests, tier.answered, tier.replaced, tier.doubted, tier.failed
        ));
    }
    rows
}

/// A process killed at any step of a doubting run leaves one that another process finishes the same way.
async fn survives_kills(second_tier: &[&str]) {
    let world = || {
        let mut faults = vec![
            "openai/gpt-oss-20b:schema_mismatch=0.1",
            "openai/gpt-oss-20b:missing=0.1",
        ];
        faults.extend(second_tier);
        World::with_faults(&faults)
    };
    let calm = world();
    let expected = run(&calm, &[SMALL, LARGE], 40).await;
    calm.check_books(&expected);
    assert!(expected.summary.tiers[0].doubted["third"] > 5);
    let expected = rows(&calm, &expected);
    let mut killed = 0;
    for step in Step::ALL {
        for moment in [Moment::Before, Moment::After] {
            for time in [1, 3, 6] {
                let at = KillAt { step, moment, time };
                let world = world();
                let run = plan(&world, &[SMALL, LARGE], 40, None);
                let report = if let Some(report) = world.run_killed(run, at).await {
                    report.expect("runs")
                } else {
                    killed += 1;
                    // Every answer that counts is stored; one more page of them may be.
                    let totals = world.ledger.totals(run).expect("counts");
                    assert!(world.stored().len() as u64 >= totals.answered, "{at:?}");
                    let engine = world.engine(None);
                    engine.resume(run, Takeover::Now).await.expect("resumes")
                };
                assert_eq!(report.end, RunEnd::Finished, "{at:?}");
                world.check_books(&report);
                assert_eq!(rows(&world, &report), expected, "{at:?}");
            }
        }
    }
    assert!(killed > 45, "{killed}");
}

#[tokio::test(start_paused = true)]
async fn kills_change_nothing_where_answers_are_replaced() {
    survives_kills(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn kills_change_nothing_where_doubted_answers_stand() {
    survives_kills(&["openai/gpt-oss-120b:refusal=1"]).await;
}

/// A sink that fails keeps the answer out of the ledger, doubted or not.
#[tokio::test(start_paused = true)]
async fn a_doubted_answer_is_stored_before_it_counts() {
    let world = World::with_faults(&[]);
    let run = plan(&world, &[SMALL, LARGE], 9, None);
    *lock(&world.answers.is_broken) = true;
    assert!(world.engine(None).run(run).await.is_err());
    let totals = world.ledger.totals(run).expect("counts");
    assert_eq!((totals.answered, totals.in_doubt), (0, 0));
    *lock(&world.answers.is_broken) = false;
    let report = world
        .engine(None)
        .resume(run, Takeover::Now)
        .await
        .expect("runs");
    assert_eq!(report.summary.totals.answered, 9);
    world.check_books(&report);
    let shards = world.ledger.shards(run, ShardFilter::All).expect("lists");
    assert_eq!(shards.len(), 2);
}

/// The share of doubts that the caller expects stands in the estimate.
#[tokio::test(start_paused = true)]
async fn the_estimate_counts_on_doubts() {
    let world = World::with_faults(&[]);
    let estimate = |spec| {
        let plan = world
            .engine(None)
            .plan(spec, (1..=100).map(request))
            .expect("plans");
        world.engine(None).discard(plan.run).expect("discards");
        plan.estimate
    };
    let sure = estimate(spec(&[SMALL, LARGE], None));
    let doubting = estimate(doubting_spec(&[SMALL, LARGE], None));
    assert_eq!(sure.doubt_cost_usd, Money::ZERO);
    assert_eq!(
        doubting.cost.likely.0,
        sure.cost.likely.0 + doubting.doubt_cost_usd
    );
    // Out-of-range shares do no harm.
    let mut wild = doubting_spec(&[SMALL, LARGE], None);
    wild.doubt = Some(DoubtSpec {
        expected_share: 7.0,
        rules: Value::Null,
    });
    let wild = estimate(wild);
    assert!(wild.cost.likely.0 <= wild.cost.high.0);
}
