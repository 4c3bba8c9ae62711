//! Seeded random scripts, played on two ledgers that must agree after every step.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::{START, request, shard, spec, time};
use crate::ledger::{
    CostFilter, Decision, Ledger, LedgerError, Member, Next, OutcomeRecord, RequestCursor, Ruling,
    RunId, RunState, Shard, ShardFilter, ShardState, ShardStep, ShardTally, Variant, Verdict,
};
use crate::money::Money;
use crate::outcome::{Failure, FailureKind, Usage};
use crate::sink::{Doubt, Shrunk};
use crate::task::{NewRequest, Payload};

const STEPS: i64 = 60;

/// Plays one call on both ledgers.
type Both<'a> = dyn Fn(&dyn Fn(&dyn Ledger) -> String) + 'a;

/// Plays a script on both ledgers and compares what they answer and hold.
pub(super) fn compare(seed: u64, left: &dyn Ledger, right: &dyn Ledger) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut runs: Vec<RunId> = Vec::new();
    for step in 0..STEPS {
        let both = |play: &dyn Fn(&dyn Ledger) -> String| {
            let (a, b) = (play(left), play(right));
            assert_eq!(a, b, "seed {seed}, step {step}");
        };
        let choice = rng.random_range(0..10);
        if runs.is_empty() || choice == 0 {
            let mut spec = spec(if rng.random_bool(0.8) {
                "task"
            } else {
                "other"
            });
            if rng.random_bool(0.2) {
                "p2".clone_into(&mut spec.task.prompt_version);
            }
            let run = left.create_run(&spec, time(step)).expect("opens");
            assert_eq!(right.create_run(&spec, time(step)).expect("opens"), run);
            runs.push(run);
            continue;
        }
        let run = runs[rng.random_range(0..runs.len())];
        match choice {
            1 | 2 => {
                let requests: Vec<NewRequest> = (0..rng.random_range(1..6))
                    .map(|_| {
                        let number = rng.random_range(1..12);
                        NewRequest {
                            content_hash: format!("hash {}", rng.random_range(0..2)),
                            ..request(number)
                        }
                    })
                    .collect();
                both(&|ledger| words(&ledger.add_requests(run, START, &requests)));
            }
            3 | 4 => plan(&mut rng, run, left, right, &both),
            5 => {
                let shards = left.shards(run, ShardFilter::Unfinished).expect("lists");
                if let Some(shard) = pick(&mut rng, &shards) {
                    let next = next_step(&mut rng, shard);
                    both(&|ledger| words(&ledger.advance_shard(shard.id, &next)));
                }
            }
            6 | 7 => {
                let shards = left.shards(run, ShardFilter::Unfinished).expect("lists");
                let shards: Vec<Shard> = shards
                    .into_iter()
                    .filter(|shard| shard.state == ShardState::Ended)
                    .collect();
                if let Some(shard) = pick(&mut rng, &shards) {
                    let members = left.members(shard.id, None, 100).expect("reads");
                    let outcomes = outcomes(&mut rng, &members, shard.variant);
                    both(&|ledger| words(&ledger.record(shard.id, &outcomes, time(99))));
                    let tally = ShardTally {
                        duplicates: rng.random_range(0..3),
                        extra_cost: Money::from_picodollars(rng.random_range(0..9)),
                        ..ShardTally::default()
                    };
                    both(&|ledger| words(&ledger.close_shard(shard.id, &tally, time(100))));
                }
            }
            8 => {
                let shards = left.shards(run, ShardFilter::All).expect("lists");
                if let Some(shard) = pick(&mut rng, &shards)
                    && rng.random_bool(0.3)
                {
                    both(&|ledger| words(&ledger.abandon_shard(shard.id, "note", time(101))));
                }
            }
            _ => odd_jobs(&mut rng, run, &mut runs, left, right, &both),
        }
        for run in &runs {
            both(&|ledger| holds(ledger, *run));
        }
        both(&|ledger| {
            let quarantined = words(&ledger.quarantined("task", None, 100));
            quarantined
                + &words(&ledger.rulings("task", None, 100))
                + &words(&ledger.waiting("task", None, 100))
                + &words(&ledger.runs())
        });
    }
}

fn plan(rng: &mut SmallRng, run: RunId, left: &dyn Ledger, right: &dyn Ledger, both: &Both<'_>) {
    let groups = left.ready_groups(run, 100).expect("counts");
    let Some(group) = pick(rng, &groups) else {
        return;
    };
    let ready = left.ready(run, group.variant, 4).expect("reads");
    both(&|ledger| words(&ledger.ready(run, group.variant, 4)));
    let mut seqs: Vec<u64> = ready.iter().map(|request| request.seq).collect();
    if rng.random_bool(0.1) {
        seqs.push(99);
    }
    let new = shard(run, group.variant, &format!("{:x}", rng.random::<u64>()));
    let created = left.create_shard(&new, &seqs);
    assert_eq!(words(&created), words(&right.create_shard(&new, &seqs)));
}

fn odd_jobs(
    rng: &mut SmallRng,
    run: RunId,
    runs: &mut Vec<RunId>,
    left: &dyn Ledger,
    right: &dyn Ledger,
    both: &Both<'_>,
) {
    match rng.random_range(0..5) {
        0 => {
            let failure = Failure::new(FailureKind::Cancelled, "cancelled");
            both(&|ledger| words(&ledger.end_ready_requests(run, &failure, time(102))));
        }
        1 => {
            let kept = left.quarantined("task", None, 100).expect("lists");
            let mut places: Vec<RequestCursor> = kept.iter().map(|kept| kept.cursor).collect();
            places.truncate(rng.random_range(0..4));
            places.push(RequestCursor { run, seq: 1 });
            let ruling = Ruling {
                decision: [Decision::Retry, Decision::Drop][rng.random_range(0..2)],
                note: rng.random_bool(0.5).then(|| "because".to_owned()),
                at: time(110),
            };
            both(&|ledger| words(&ledger.rule(&places, &ruling)));
        }
        2 => {
            let state =
                [RunState::Running, RunState::Stopped, RunState::Finished][rng.random_range(0..3)];
            both(&|ledger| words(&ledger.set_run_state(run, state, Some("note"), time(103))));
        }
        3 => {
            let discarded = left.discard_run(run);
            assert_eq!(words(&discarded), words(&right.discard_run(run)));
            if discarded.is_ok() {
                runs.retain(|known| *known != run);
            }
        }
        _ => {}
    }
}

fn next_step(rng: &mut SmallRng, shard: &Shard) -> ShardStep {
    let steps = [
        ShardStep::Uploaded {
            file_id: "file".to_owned(),
            input_hash: "hash".to_owned(),
        },
        ShardStep::CreateStarted { at: time(11) },
        ShardStep::Created {
            batch_id: "batch".to_owned(),
            at: time(12),
        },
        ShardStep::Ended {
            status: "completed".to_owned(),
            output_file_id: Some("out".to_owned()),
            error_file_id: None,
            errors: Vec::new(),
            at: time(13),
        },
        ShardStep::FileLost,
        ShardStep::FilesDeleted,
    ];
    let likely = match shard.state {
        ShardState::Planned => 0,
        ShardState::Uploaded => 2,
        ShardState::Created | ShardState::Ended => 3,
        ShardState::Collected | ShardState::Abandoned => 5,
    };
    let place = if rng.random_bool(0.85) {
        likely
    } else {
        rng.random_range(0..steps.len())
    };
    steps[place].clone()
}

fn outcomes(rng: &mut SmallRng, members: &[Member], variant: Variant) -> Vec<OutcomeRecord> {
    let mut outcomes = Vec::new();
    for member in members {
        if member.recorded.is_some() && rng.random_bool(0.97) {
            continue;
        }
        let kind = FailureKind::ALL[rng.random_range(0..FailureKind::ALL.len())];
        let shrunk = Shrunk {
            payload: Payload::user("short"),
            prompt_tokens: 1,
        };
        let (verdict, next) = match rng.random_range(0..8) {
            0 | 1 => {
                let repair = rng.random_bool(0.3).then(|| "repaired".to_owned());
                (Verdict::Answered { repair }, Next::Done)
            }
            2 => (failure(kind), Next::Failed),
            3 => (failure(kind), Next::Quarantined),
            4 => (
                failure(kind),
                Next::Again {
                    variant,
                    shrunk: rng.random_bool(0.3).then_some(shrunk),
                },
            ),
            5 => (failure(kind), again_at(2, variant)),
            6 => (failure(kind), again_at(variant.tier + 1, variant)),
            _ => {
                let verdict = Verdict::Doubted {
                    repair: rng.random_bool(0.3).then(|| "repaired".to_owned()),
                    doubt: Doubt {
                        reason: ["quote", "confidence"][rng.random_range(0..2)].to_owned(),
                        score: 0.5,
                    },
                };
                // Now and then to a place where a doubt cannot lead.
                let up = u32::from(rng.random_bool(0.9));
                (verdict, again_at(variant.tier + up, variant))
            }
        };
        outcomes.push(OutcomeRecord {
            seq: member.seq,
            verdict,
            finish_reason: None,
            usage: rng.random_bool(0.7).then(|| Usage {
                input_tokens: rng.random_range(0..100),
                output_tokens: rng.random_range(0..100),
            }),
            cost: Money::from_picodollars(rng.random_range(0..1000)),
            possible_cost: Money::from_picodollars(rng.random_range(0..1000)),
            latency_ms: None,
            next,
        });
    }
    outcomes
}

fn again_at(tier: u32, variant: Variant) -> Next {
    Next::Again {
        variant: Variant { tier, ..variant },
        shrunk: None,
    }
}

fn failure(kind: FailureKind) -> Verdict {
    Verdict::Failed(Failure::new(kind, "why"))
}

/// Everything a ledger tells of a run.
fn holds(ledger: &dyn Ledger, run: RunId) -> String {
    let mut told = words(&ledger.run(run));
    told += &words(&ledger.totals(run));
    told += &words(&ledger.ready_groups(run, 2));
    let groups = ledger.ready_groups(run, 100);
    told += &words(&groups);
    for group in groups.unwrap_or_default() {
        told += &words(&ledger.ready(run, group.variant, 100));
    }
    told += &words(&ledger.failures(run, None, 100));
    told += &words(&ledger.summary(run));
    let shards = ledger.shards(run, ShardFilter::All);
    told += &words(&shards);
    for shard in shards.unwrap_or_default() {
        told += &words(&ledger.members(shard.id, None, 100));
    }
    let all: Vec<u64> = (1..=100).collect();
    told += &words(&ledger.attempts(run, &all));
    for filter in [
        CostFilter::default(),
        CostFilter {
            group: Some("group 1".to_owned()),
            before: Some(time(100)),
            ..CostFilter::default()
        },
    ] {
        told += &words(&ledger.cost_cells(run, &filter));
        told += &words(&ledger.request_costs(run, &filter, None, 100));
    }
    told + &words(&ledger.stored(run, &all))
}

/// A result in words; of refusals only the kind counts.
fn words<T: std::fmt::Debug>(result: &Result<T, LedgerError>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(LedgerError::Conflict(_)) => "conflict".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

fn pick<'a, T>(rng: &mut SmallRng, items: &'a [T]) -> Option<&'a T> {
    if items.is_empty() {
        return None;
    }
    items.get(rng.random_range(0..items.len()))
}
