//! Random scenarios: faults of lines, batches and calls, kills at random steps, any number of tiers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use batch::ledger::{Ledger, RunState, Takeover};
use batch::{EngineError, FailureKind, Moment, RunEnd, RunId, RunReport, Step};
use emulator::{
    BatchFault, BatchFaultRule, Fault, FaultRule, HttpCall, HttpFault, HttpFaultRule, Scenario,
};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::{KillAt, LARGE, SMALL, World, doubting_spec, request, spec};

/// Calls that the engine makes while it works on a run.
pub(crate) const CALLS: &[HttpCall] = &[
    HttpCall::Upload,
    HttpCall::Content,
    HttpCall::Files,
    HttpCall::Create,
    HttpCall::Poll,
    HttpCall::List,
    HttpCall::Cancel,
    HttpCall::Models,
];

/// How often each thing was met: faults as the emulator names them, kills, kinds of failure, ends.
pub(crate) type Tally = BTreeMap<String, u64>;

/// Everything that random scenarios must meet sooner or later.
pub(crate) fn everything() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for fault in Fault::ALL {
        names.insert(format!("line {}", fault.name()));
    }
    for fault in BatchFault::ALL {
        names.insert(format!("batch {}", fault.name()));
    }
    for call in CALLS {
        for fault in HttpFault::ALL {
            names.insert(format!("call {} {}", call.name(), fault.name()));
        }
    }
    for step in Step::ALL {
        for moment in [Moment::Before, Moment::After] {
            names.insert(kill_name(step, moment));
        }
    }
    for kind in FailureKind::ALL {
        names.insert(format!("failure {kind}"));
    }
    for end in ["finished", "cancelled"] {
        names.insert(format!("end {end}"));
    }
    names
}

fn kill_name(step: Step, moment: Moment) -> String {
    format!("kill {} {step}", moment.as_str())
}

fn choose<T: Copy>(rng: &mut SmallRng, items: &[T]) -> T {
    items[rng.random_range(0..items.len())]
}

fn scenario(rng: &mut SmallRng) -> Scenario {
    let spread = choose(rng, &["even", "random"]);
    let errors_shape = choose(rng, &["array", "object"]);
    let mut scenario = Scenario::parse_with(
        "",
        &[
            "tokens=\"estimate\"".to_owned(),
            format!("spread=\"{spread}\""),
            format!("server.page_size={}", rng.random_range(1..25)),
            format!("server.upper_case_status={}", rng.random_bool(0.2)),
            format!("server.empty_error_file_id={}", rng.random_bool(0.2)),
            format!("server.unreached_lines={}", rng.random_bool(0.5)),
            format!("server.errors_shape=\"{errors_shape}\""),
        ],
    )
    .expect("a scenario");
    for _ in 0..rng.random_range(0..5) {
        let mut rule = FaultRule::of(choose(rng, Fault::ALL), choose(rng, &[0.05, 0.2, 0.5]));
        let small = Some("openai/gpt-oss-20b");
        let large = Some("openai/gpt-oss-120b");
        rule.model = choose(rng, &[None, small, large]).map(str::to_owned);
        scenario.faults.push(rule);
    }
    for _ in 0..rng.random_range(0..3) {
        let rate = choose(rng, &[0.1, 0.3]);
        let mut rule = BatchFaultRule::of(choose(rng, BatchFault::ALL), rate);
        rule.done = choose(rng, &[0.0, 0.5, 1.0]);
        scenario.batch_faults.push(rule);
    }
    for _ in 0..rng.random_range(0..3) {
        let rate = choose(rng, &[0.05, 0.2]);
        let mut rule = HttpFaultRule::of(choose(rng, HttpFault::ALL), rate);
        rule.call = choose(rng, CALLS);
        scenario.http_faults.push(rule);
    }
    // Few batches are asked to stop, so calls about that fail more often.
    if rng.random_bool(0.1) {
        let mut rule = HttpFaultRule::of(choose(rng, HttpFault::ALL), 0.5);
        rule.call = HttpCall::Cancel;
        scenario.http_faults.push(rule);
    }
    scenario
}

/// Plays the scenario of a seed on a ledger, and checks the books at its end.
pub(crate) async fn play(seed: u64, ledger: Arc<dyn Ledger>) -> Tally {
    batch::testing::seed_chance(seed);
    let mut rng = SmallRng::seed_from_u64(seed);
    let scenario = scenario(&mut rng);
    if std::env::var_os("BATCH_SHOW").is_some() {
        println!("seed {seed}: {:?}", scenario.faults);
        println!("{:?}\n{:?}", scenario.batch_faults, scenario.http_faults);
    }
    let mut tally = Tally::new();
    let mut world = World::on(ledger, scenario, seed);
    world.settings.shards.max_requests = rng.random_range(1..12);
    // Long waits are asked about rarely in most scenarios: they are the dearest to play.
    world.settings.poll.max = choose(&mut rng, &[1, 20, 20, 20]) * Duration::from_mins(1);
    // Uploads side by side reach the host in an order that no seed decides.
    world.settings.shards.submit_concurrency = choose(&mut rng, &[1, 1, 1, 4]);
    // Outages are rare and short here; every call gets through in the end.
    world.settings.retry.max_tries = 12;
    let tiers = choose(&mut rng, &[&[SMALL][..], &[SMALL, LARGE], &[SMALL, LARGE]]);
    let most = choose(&mut rng, &[8, 8, 8, 24]);
    let requests = rng.random_range(1..=most);
    let is_cancelled = rng.random_bool(0.1);
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
    for _ in 0..rng.random_range(0..4) {
        let kill = KillAt {
            step: choose(&mut rng, &Step::ALL),
            moment: choose(&mut rng, &[Moment::Before, Moment::After]),
            time: rng.random_range(1..4),
        };
        if world.run_killed(run, kill).await.is_none() {
            *tally.entry(kill_name(kill.step, kill.moment)).or_default() += 1;
        }
    }
    let report = finish(&world, run, is_cancelled).await;
    assert_eq!(report.summary.totals.requests, requests);
    assert_eq!(report.summary.totals.open, 0);
    assert_eq!(report.summary.totals.in_doubt, 0);
    let of_tiers: u64 = report.summary.tiers.iter().map(|tier| tier.answered).sum();
    assert_eq!(report.summary.totals.answered, of_tiers);
    // Killed while its id was still unknown, a batch that the host then forgets cannot be taken up.
    let forgotten = world.forgotten().await;
    let visible = world.check_requests(&report, &forgotten);
    assert_eq!(report.summary.totals.cost_usd, visible);
    *tally.entry("calls".to_owned()).or_default() += world
        .transport
        .calls
        .load(std::sync::atomic::Ordering::SeqCst);
    for (name, times) in world.emulator.faults_so_far() {
        *tally.entry(name).or_default() += times;
    }
    for line in world.ledger.attempt_lines(run).expect("counts") {
        if let Some(kind) = line.kind {
            *tally.entry(format!("failure {kind}")).or_default() += line.attempts;
        }
    }
    for failed in world.failures(run) {
        *tally.entry(format!("failure {}", failed.kind)).or_default() += 1;
    }
    *tally
        .entry(format!("end {}", report.summary.state))
        .or_default() += 1;
    tally
}

/// Works on a run until it has ended, as a user would: a model that was away is back at the next try.
async fn finish(world: &World, run: RunId, is_cancelled: bool) -> RunReport {
    for _ in 0..500 {
        let engine = world.engine(None);
        let worked = if is_cancelled {
            engine.cancel(run, Takeover::Now).await
        } else {
            engine.resume(run, Takeover::Now).await
        };
        match worked {
            Ok(report) => {
                let is_over = match report.summary.state {
                    RunState::Finished => report.end == RunEnd::Finished,
                    RunState::Cancelled => report.end == RunEnd::Cancelled,
                    _ => false,
                };
                assert!(is_over, "{:?} {}", report.end, report.summary.state);
                return report;
            }
            Err(EngineError::Configuration { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("the run does not end");
}
