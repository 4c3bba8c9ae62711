//! Stories that every ledger must be able to tell.

mod costs;
mod doubts;
mod quarantine;

use super::{SECOND, START, request, shard, spec, time};
use crate::ledger::{
    Admission, BatchError, Lease, Ledger, LedgerError, Next, OutcomeRecord, RequestCursor, RunId,
    RunState, ShardFilter, ShardId, ShardState, ShardStep, ShardTally, Takeover, Verdict,
};
use crate::money::Money;
use crate::outcome::{Failure, FailureKind, Usage};
use crate::sink::Shrunk;
use crate::task::{NewRequest, Payload};

/// A name and what is told under it.
type Story = (&'static str, fn(&dyn Ledger));

pub(super) const ALL: [Story; 18] = [
    ("a run keeps its specification and state", keeps_runs),
    ("claims keep other runs away", keeps_claims),
    ("a lease keeps other processes away", keeps_leases),
    ("a shard moves only as it may", moves_shards),
    ("requests keep their place and messages", keeps_messages),
    ("outcomes move requests on, once", records_outcomes),
    (
        "an abandoned shard leaves no trace on its requests",
        abandons,
    ),
    (
        "failures end, quarantines hold and can be lifted",
        quarantine::holds,
    ),
    ("what was dropped is never asked again", quarantine::drops),
    ("costs add up from whichever side", costs::adds_up),
    ("attempts are told one by one", costs::tells_attempts),
    ("a planned run can be discarded, a begun one not", discards),
    ("totals and summaries add up", adds_up),
    ("unknown numbers are errors", knows_what_is_not_there),
    (
        "a doubted answer counts, and is replaced by a later one",
        doubts::replaces,
    ),
    (
        "a doubted answer stands when later tiers fail or the run is cancelled",
        doubts::stands,
    ),
    (
        "requests without an answer are asked before doubted ones",
        doubts::waits_behind,
    ),
    (
        "doubts lead to later tiers only, and hold their claim",
        doubts::refuses,
    ),
];

pub(super) fn open_run(ledger: &dyn Ledger, requests: std::ops::RangeInclusive<u64>) -> RunId {
    let run = ledger.create_run(&spec("task"), time(0)).expect("opens");
    let requests: Vec<NewRequest> = requests.map(request).collect();
    let admissions = ledger.add_requests(run, START, &requests).expect("claims");
    assert!(
        admissions
            .iter()
            .all(|admission| *admission == Admission::Claimed),
        "{admissions:?}"
    );
    run
}

/// A shard in the state `ended`.
pub(super) fn ended_shard(
    ledger: &dyn Ledger,
    run: RunId,
    variant: crate::ledger::Variant,
    seqs: &[u64],
) -> ShardId {
    let token = format!("token {run} {seqs:?} {variant:?}");
    let id = ledger
        .create_shard(&shard(run, variant, &token), seqs)
        .expect("plans");
    for step in steps_to_end() {
        ledger.advance_shard(id, &step).expect("moves on");
    }
    id
}

fn steps_to_end() -> Vec<ShardStep> {
    vec![
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
            errors: vec![BatchError {
                code: Some("code".to_owned()),
                message: None,
                line: Some(4),
            }],
            at: time(13),
        },
    ]
}

pub(super) fn outcome(seq: u64, verdict: Verdict, next: Next) -> OutcomeRecord {
    OutcomeRecord {
        seq,
        verdict,
        finish_reason: Some("stop".to_owned()),
        usage: Some(Usage {
            input_tokens: 100,
            output_tokens: 10,
        }),
        cost: Money::from_picodollars(230),
        possible_cost: Money::from_picodollars(7),
        latency_ms: Some(3),
        next,
    }
}

pub(super) fn answered(seq: u64) -> OutcomeRecord {
    outcome(seq, Verdict::Answered { repair: None }, Next::Done)
}

pub(super) fn failed(seq: u64, kind: FailureKind, next: Next) -> OutcomeRecord {
    outcome(seq, Verdict::Failed(Failure::new(kind, "why")), next)
}

pub(super) fn again(variant: crate::ledger::Variant) -> Next {
    Next::Again {
        variant,
        shrunk: None,
    }
}

fn is_conflict<T>(result: Result<T, LedgerError>) -> bool {
    matches!(result, Err(LedgerError::Conflict(_)))
}

fn keeps_runs(ledger: &dyn Ledger) {
    let first = ledger.create_run(&spec("one"), time(0)).expect("opens");
    let second = ledger.create_run(&spec("two"), time(5)).expect("opens");
    assert!(second > first);
    let run = ledger.run(first).expect("reads");
    assert_eq!(run.spec, spec("one"));
    assert_eq!((run.state, run.started_at), (RunState::Stopped, time(0)));
    ledger
        .set_run_state(first, RunState::Running, None, time(6))
        .expect("sets");
    assert_eq!(ledger.run(first).expect("reads").ended_at, None);
    ledger
        .set_run_state(first, RunState::Finished, Some("done"), time(7))
        .expect("sets");
    let run = ledger.run(first).expect("reads");
    assert_eq!(run.ended_at, Some(time(7)));
    assert_eq!(run.note.as_deref(), Some("done"));
    let mut changed = spec("one");
    changed.tiers.truncate(1);
    ledger.set_run_spec(first, &changed).expect("changes");
    assert_eq!(ledger.run(first).expect("reads").spec, changed);
    let ids: Vec<RunId> = ledger
        .runs()
        .expect("lists")
        .iter()
        .map(|line| line.id)
        .collect();
    assert_eq!(ids, [second, first]);
}

fn keeps_claims(ledger: &dyn Ledger) {
    let first = open_run(ledger, 1..=2);
    let second = ledger.create_run(&spec("task"), time(1)).expect("opens");
    let third = ledger.create_run(&spec("other"), time(1)).expect("opens");
    let asked = [request(2), request(3), request(3)];
    assert_eq!(
        ledger.add_requests(second, START, &asked).expect("claims"),
        [
            Admission::Held(first),
            Admission::Claimed,
            Admission::RepeatedId
        ]
    );
    // Another id for a subject of the same run.
    let twice = NewRequest {
        custom_id: "another".to_owned(),
        ..request(3)
    };
    assert_eq!(
        ledger
            .add_requests(second, START, &[twice])
            .expect("claims"),
        [Admission::Held(second)]
    );
    // Another task asks other things of the same subject.
    assert_eq!(
        ledger
            .add_requests(third, START, &[request(2)])
            .expect("claims"),
        [Admission::Claimed]
    );
    // A claim ends with the request; but a run opened before the answer need not ask again.
    let ended = ended_shard(ledger, first, START, &[2]);
    ledger
        .record(ended, &[answered(2)], time(14))
        .expect("records");
    let changed = NewRequest {
        content_hash: "changed".to_owned(),
        custom_id: "changed".to_owned(),
        ..request(2)
    };
    let claim = |run: RunId, request: NewRequest| {
        let claimed = ledger.add_requests(run, START, &[request]);
        claimed.expect("claims")
    };
    assert_eq!(claim(second, request(2)), [Admission::Answered(first)]);
    assert_eq!(claim(second, changed), [Admission::Claimed]);
    let failure = Failure::new(FailureKind::Cancelled, "cancelled");
    ledger
        .end_ready_requests(second, &failure, time(15))
        .expect("ends");
    let later = ledger.create_run(&spec("task"), time(15)).expect("opens");
    assert_eq!(claim(later, request(2)), [Admission::Claimed]);
    assert_eq!(claim(later, request(3)), [Admission::Claimed]);
    let waiting: Vec<(RequestCursor, String)> = ledger
        .waiting("task", None, 10)
        .expect("lists")
        .into_iter()
        .map(|request| (request.cursor, request.subject))
        .collect();
    assert_eq!(
        waiting,
        [
            (RequestCursor { run: first, seq: 1 }, request(1).subject),
            (RequestCursor { run: later, seq: 1 }, request(2).subject),
            (RequestCursor { run: later, seq: 2 }, request(3).subject),
        ]
    );
    let after = Some(RequestCursor { run: first, seq: 1 });
    let page = ledger.waiting("task", after, 1).expect("lists");
    assert_eq!(page.len(), 1);
    assert_eq!(page[0].subject, request(2).subject);
}

fn keeps_leases(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=1);
    let lease = |owner: &str, now: i64, takeover: Takeover| Lease {
        owner: owner.to_owned(),
        now: time(now),
        until: time(now + 60),
        takeover,
    };
    let take =
        |owner: &str, now: i64| ledger.lease_run(run, &lease(owner, now, Takeover::WhenIdle));
    take("a", 0).expect("leases");
    take("a", 30).expect("renews");
    match take("b", 40) {
        Err(LedgerError::Busy { until, .. }) => assert_eq!(until, time(90)),
        other => panic!("{other:?}"),
    }
    ledger
        .lease_run(run, &lease("b", 40, Takeover::Now))
        .expect("takes over");
    assert!(take("a", 50).is_err());
    take("a", 100).expect("takes what ran out");
    ledger
        .release_run(run, "b")
        .expect("is no owner, and that is fine");
    assert!(take("b", 101).is_err());
    ledger.release_run(run, "a").expect("gives back");
    take("b", 102).expect("takes what was given back");
}

fn moves_shards(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=3);
    let id = ledger
        .create_shard(&shard(run, START, "t"), &[1, 2])
        .expect("plans");
    let planned = ledger.shard(id).expect("reads");
    assert_eq!(
        (
            planned.state,
            planned.requests,
            planned.reserved.picodollars()
        ),
        (ShardState::Planned, 2, 777)
    );
    let steps = steps_to_end();
    assert!(is_conflict(ledger.advance_shard(id, &steps[2])));
    assert!(is_conflict(
        ledger.advance_shard(id, &ShardStep::FilesDeleted)
    ));
    ledger.advance_shard(id, &steps[0]).expect("uploads");
    ledger
        .advance_shard(id, &ShardStep::FileLost)
        .expect("goes back");
    assert_eq!(ledger.shard(id).expect("reads").file_id, None);
    for step in &steps {
        ledger.advance_shard(id, step).expect("moves on");
    }
    let ended = ledger.shard(id).expect("reads");
    assert_eq!(ended.state, ShardState::Ended);
    assert_eq!(ended.batch_id.as_deref(), Some("batch"));
    assert_eq!(ended.batch_errors.len(), 1);
    assert_eq!(ended.create_started_at, Some(time(11)));
    assert!(is_conflict(ledger.advance_shard(id, &steps[3])));
    // Requests without outcome keep it open.
    assert!(is_conflict(ledger.close_shard(
        id,
        &ShardTally::default(),
        time(20)
    )));
    ledger
        .record(id, &[answered(1), answered(2)], time(20))
        .expect("records");
    let tally = ShardTally {
        foreign: 1,
        named: vec!["foreign:x".to_owned()],
        extra_cost: Money::from_picodollars(9),
        ..ShardTally::default()
    };
    ledger.close_shard(id, &tally, time(21)).expect("closes");
    assert!(is_conflict(ledger.close_shard(id, &tally, time(22))));
    assert_eq!(
        ledger
            .shards(run, ShardFilter::Unfinished)
            .expect("lists")
            .len(),
        1
    );
    ledger
        .advance_shard(id, &ShardStep::FilesDeleted)
        .expect("deletes");
    assert!(
        ledger
            .shards(run, ShardFilter::Unfinished)
            .expect("lists")
            .is_empty()
    );
    let all = ledger.shards(run, ShardFilter::All).expect("lists");
    assert_eq!(all[0].tally, tally);
    assert_eq!(all[0].closed_at, Some(time(21)));
}

fn keeps_messages(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=5);
    let ready = ledger.ready(run, START, 3).expect("reads");
    assert_eq!(
        ready.iter().map(|request| request.seq).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(
        ready[0].payload_bytes,
        request(1).payload.as_json().len() as u64
    );
    assert_eq!(ready[0].custom_id_bytes, 4);
    let id = ledger
        .create_shard(&shard(run, START, "t"), &[5, 2, 3])
        .expect("plans");
    let first = ledger.shard_requests(id, None, 2).expect("reads");
    assert_eq!(
        first.iter().map(|request| request.seq).collect::<Vec<_>>(),
        [2, 3]
    );
    let rest = ledger.shard_requests(id, Some(3), 2).expect("reads");
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].payload, request(5).payload);
    assert_eq!(rest[0].subject, request(5).subject);
    let members = ledger.members(id, Some(2), 10).expect("reads");
    assert_eq!(
        members.iter().map(|member| member.seq).collect::<Vec<_>>(),
        [3, 5]
    );
    let stored = ledger.stored(run, &[5, 1, 99]).expect("reads");
    assert_eq!(
        stored.iter().map(|request| request.seq).collect::<Vec<_>>(),
        [5, 1]
    );
    // What is in a shard waits no longer, and cannot be in two.
    assert!(is_conflict(
        ledger.create_shard(&shard(run, START, "u"), &[1, 2])
    ));
    assert!(is_conflict(
        ledger.create_shard(&shard(run, SECOND, "v"), &[1])
    ));
    assert!(is_conflict(
        ledger.create_shard(&shard(run, START, "w"), &[])
    ));
    assert_eq!(
        ledger.ready_groups(run, 100).expect("counts")[0].requests,
        2
    );
    assert_eq!(ledger.ready_groups(run, 1).expect("counts")[0].requests, 1);
    assert_eq!(
        ledger.shards(run, ShardFilter::All).expect("lists").len(),
        1
    );
}

fn records_outcomes(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=4);
    let id = ended_shard(ledger, run, START, &[1, 2, 3, 4]);
    ledger
        .record(id, &[answered(1)], time(14))
        .expect("records");
    // Once only, and all or nothing.
    assert!(is_conflict(ledger.record(
        id,
        &[answered(2), answered(1)],
        time(14)
    )));
    assert!(is_conflict(ledger.record(
        id,
        &[answered(3), answered(3)],
        time(14)
    )));
    assert_eq!(ledger.totals(run).expect("counts").answered, 1);
    let shrunk = Shrunk {
        payload: Payload::user("short"),
        prompt_tokens: 2,
    };
    ledger
        .record(
            id,
            &[
                failed(2, FailureKind::Parse, again(SECOND)),
                failed(3, FailureKind::Config, again(START)),
                failed(
                    4,
                    FailureKind::OverLength,
                    Next::Again {
                        variant: START,
                        shrunk: Some(shrunk.clone()),
                    },
                ),
            ],
            time(15),
        )
        .expect("records");
    let members = ledger.members(id, None, 10).expect("reads");
    assert!(
        members
            .iter()
            .all(|member| member.recorded.map(|usage| usage.input_tokens) == Some(100))
    );
    let groups: Vec<(u32, u64)> = ledger
        .ready_groups(run, 100)
        .expect("counts")
        .iter()
        .map(|group| (group.variant.tier, group.requests))
        .collect();
    assert_eq!(groups, [(1, 2), (2, 1)]);
    let next = ended_shard(ledger, run, START, &[3, 4]);
    let members = ledger.members(next, None, 10).expect("reads");
    // Failures by configuration do not count against a request.
    assert_eq!((members[0].attempt, members[0].tier_attempts), (2, 0));
    assert_eq!((members[1].attempt, members[1].tier_attempts), (2, 1));
    assert_eq!(members[1].prompt_tokens, 2);
    assert_eq!(
        ledger.stored(run, &[4]).expect("reads")[0].payload,
        shrunk.payload
    );
    let higher = ended_shard(ledger, run, SECOND, &[2]);
    let members = ledger.members(higher, None, 10).expect("reads");
    assert_eq!((members[0].attempt, members[0].tier_attempts), (2, 0));
    // Members of the first shard stay members, with their outcomes.
    assert_eq!(ledger.members(id, None, 10).expect("reads").len(), 4);
    assert!(is_conflict(ledger.record(id, &[answered(2)], time(16))));
}

fn abandons(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=2);
    let before = ledger.totals(run).expect("counts");
    let id = ledger
        .create_shard(&shard(run, START, "t"), &[1, 2])
        .expect("plans");
    let out = ledger.totals(run).expect("counts");
    assert_eq!(
        (out.waiting, out.in_flight, out.reserved.picodollars()),
        (0, 2, 777)
    );
    ledger
        .abandon_shard(id, "too large", time(11))
        .expect("abandons");
    assert!(is_conflict(ledger.abandon_shard(id, "again", time(12))));
    assert_eq!(ledger.totals(run).expect("counts"), before);
    let next = ended_shard(ledger, run, START, &[1, 2]);
    let members = ledger.members(next, None, 10).expect("reads");
    assert_eq!((members[0].attempt, members[0].tier_attempts), (1, 0));
    assert!(ledger.members(id, None, 10).expect("reads").is_empty());
    let shard = ledger.shard(id).expect("reads");
    assert_eq!(
        (shard.state, shard.note.as_deref()),
        (ShardState::Abandoned, Some("too large"))
    );
}

fn discards(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=2);
    ledger.discard_run(run).expect("discards");
    assert!(matches!(ledger.run(run), Err(LedgerError::NoSuchRun(_))));
    let next = open_run(ledger, 1..=2);
    ledger
        .create_shard(&shard(next, START, "t"), &[1])
        .expect("plans");
    assert!(is_conflict(ledger.discard_run(next)));
    let failure = Failure::new(FailureKind::Cancelled, "cancelled");
    assert_eq!(
        ledger
            .end_ready_requests(next, &failure, time(9))
            .expect("ends"),
        1
    );
    let totals = ledger.totals(next).expect("counts");
    assert_eq!((totals.waiting, totals.in_flight, totals.failed), (0, 1, 1));
    assert_eq!(ledger.waiting("task", None, 9).expect("lists").len(), 1);
}

fn adds_up(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=6);
    let first = ended_shard(ledger, run, START, &[1, 2, 3, 4, 5]);
    let repaired = outcome(
        2,
        Verdict::Answered {
            repair: Some("stripped fences".to_owned()),
        },
        Next::Done,
    );
    ledger
        .record(
            first,
            &[
                answered(1),
                repaired,
                failed(3, FailureKind::Parse, again(SECOND)),
                failed(4, FailureKind::Missing, again(START)),
                failed(5, FailureKind::Schema, again(SECOND)),
            ],
            time(14),
        )
        .expect("records");
    let tally = ShardTally {
        missing: 1,
        duplicates: 1,
        extra_usage: Usage {
            input_tokens: 1,
            output_tokens: 1,
        },
        extra_cost: Money::from_picodollars(5),
        ..ShardTally::default()
    };
    ledger.close_shard(first, &tally, time(15)).expect("closes");
    let second = ended_shard(ledger, run, SECOND, &[3, 5]);
    ledger
        .record(
            second,
            &[
                answered(3),
                failed(5, FailureKind::Refusal, Next::Quarantined),
            ],
            time(16),
        )
        .expect("records");
    ledger
        .close_shard(second, &ShardTally::default(), time(17))
        .expect("closes");

    let totals = ledger.totals(run).expect("counts");
    assert_eq!(
        (
            totals.requests,
            totals.answered,
            totals.failed,
            totals.waiting,
            totals.in_flight
        ),
        (6, 3, 1, 2, 0)
    );
    assert_eq!(totals.cost.picodollars(), 7 * 230 + 5);
    assert_eq!(totals.possible_cost.picodollars(), 7 * 7);
    let summary = ledger.summary(run).expect("sums up");
    let tiers: Vec<(u64, u64, u64, u64)> = summary
        .tiers
        .iter()
        .map(|tier| {
            (
                tier.requests,
                tier.answered,
                tier.failed.values().sum(),
                tier.open,
            )
        })
        .collect();
    // Requests 4 and 6 are still open at tier 1.
    assert_eq!(tiers, [(6, 2, 2, 2), (2, 1, 1, 0)]);
    assert_eq!(summary.tiers[0].repaired, 1);
    assert_eq!(summary.tiers[0].attempts, 5);
    assert_eq!(summary.tiers[0].tokens.input, 501);
    assert_eq!(summary.tiers[0].cost_usd.picodollars(), 5 * 230 + 5);
    // Synchronous price 4 and 6 pico-dollars.
    assert_eq!(
        summary.tiers[0].sync_cost_usd.picodollars(),
        501 * 4 + 51 * 6
    );
    assert_eq!(summary.totals.cost_usd, totals.cost);
    assert_eq!(
        summary.totals.strong_only_cost_usd.picodollars(),
        300 * 37_500 + 30 * 150_000
    );
    assert_eq!(summary.totals.escalated, Some(0.5));
    assert_eq!(ledger.runs().expect("lists")[0].cost_usd, totals.cost);

    // A request that ends while it waits counts as failed at the tier it waited for.
    let failure = Failure::new(FailureKind::Cancelled, "cancelled");
    ledger
        .end_ready_requests(run, &failure, time(18))
        .expect("ends");
    let summary = ledger.summary(run).expect("sums up");
    assert_eq!(summary.tiers[0].failed[&FailureKind::Cancelled], 1);
    assert_eq!(summary.tiers[0].failed[&FailureKind::Missing], 1);
    assert_eq!(summary.tiers[0].open, 0);
    assert_eq!(summary.totals.failed, 3);
}

fn knows_what_is_not_there(ledger: &dyn Ledger) {
    let nothing = RunId(4711);
    assert!(matches!(
        ledger.run(nothing),
        Err(LedgerError::NoSuchRun(_))
    ));
    assert!(matches!(
        ledger.totals(nothing),
        Err(LedgerError::NoSuchRun(_))
    ));
    assert!(matches!(
        ledger.summary(nothing),
        Err(LedgerError::NoSuchRun(_))
    ));
    assert!(matches!(
        ledger.failures(nothing, None, 1),
        Err(LedgerError::NoSuchRun(_))
    ));
    assert!(matches!(
        ledger.shards(nothing, ShardFilter::All),
        Err(LedgerError::NoSuchRun(_))
    ));
    assert!(matches!(
        ledger.add_requests(nothing, START, &[request(1)]),
        Err(LedgerError::NoSuchRun(_))
    ));
    assert!(matches!(
        ledger.shard(ShardId(4711)),
        Err(LedgerError::NoSuchShard(_))
    ));
    assert!(matches!(
        ledger.members(ShardId(4711), None, 1),
        Err(LedgerError::NoSuchShard(_))
    ));
}
