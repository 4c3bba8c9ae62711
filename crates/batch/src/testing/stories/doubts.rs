//! Stories of doubted answers.

use super::{again, answered, ended_shard, failed, is_conflict, open_run, outcome};
use crate::ledger::{
    Admission, Ledger, Next, OutcomeRecord, RunId, ShardTally, TierSummary, Variant, Verdict,
};
use crate::money::Money;
use crate::observer::Totals;
use crate::outcome::{Failure, FailureKind};
use crate::sink::Doubt;
use crate::testing::{SECOND, START, request, shard, spec, time};

const THIRD: Variant = Variant { tier: 3, ..SECOND };

fn doubted(seq: u64, reason: &str, variant: Variant) -> OutcomeRecord {
    let verdict = Verdict::Doubted {
        repair: None,
        doubt: Doubt {
            reason: reason.to_owned(),
            score: 0.4,
        },
    };
    outcome(seq, verdict, again(variant))
}

fn record(ledger: &dyn Ledger, run: RunId, variant: Variant, outcomes: &[OutcomeRecord]) {
    let seqs: Vec<u64> = outcomes.iter().map(|outcome| outcome.seq).collect();
    let id = ended_shard(ledger, run, variant, &seqs);
    ledger.record(id, outcomes, time(14)).expect("records");
    ledger
        .close_shard(id, &ShardTally::default(), time(15))
        .expect("closes");
}

fn counts(totals: Totals) -> [u64; 6] {
    [
        totals.requests,
        totals.answered,
        totals.failed,
        totals.waiting,
        totals.in_flight,
        totals.in_doubt,
    ]
}

/// Requests, answered, replaced, not answered, open.
fn standing(tier: &TierSummary) -> [u64; 5] {
    let failed = tier.failed.values().sum();
    assert_eq!(
        tier.requests,
        tier.answered + tier.replaced + failed + tier.open
    );
    [
        tier.requests,
        tier.answered,
        tier.replaced,
        failed,
        tier.open,
    ]
}

pub(super) fn replaces(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=4);
    record(
        ledger,
        run,
        START,
        &[
            answered(1),
            doubted(2, "confidence", SECOND),
            doubted(3, "quote", SECOND),
            failed(4, FailureKind::Parse, again(SECOND)),
        ],
    );
    // Answered as soon as it is doubted, and still open.
    let totals = ledger.totals(run).expect("counts");
    assert_eq!(counts(totals), [4, 3, 0, 1, 0, 2]);
    assert_eq!(ledger.runs().expect("lists")[0].answered, 3);
    let waiting = ledger.waiting("task", None, 9).expect("lists");
    let marks: Vec<bool> = waiting.iter().map(|request| request.has_answer).collect();
    assert_eq!(marks, [true, true, false]);
    assert_eq!(ledger.stored(run, &[2]).expect("reads").len(), 1);
    let summary = ledger.summary(run).expect("sums up");
    assert_eq!(standing(&summary.tiers[0]), [4, 3, 0, 1, 0]);
    assert_eq!(standing(&summary.tiers[1]), [3, 0, 0, 0, 3]);
    assert_eq!((summary.totals.open, summary.totals.in_doubt), (1, 2));

    let out = ended_shard(ledger, run, SECOND, &[2, 3, 4]);
    let totals = ledger.totals(run).expect("counts");
    assert_eq!(counts(totals), [4, 3, 0, 0, 1, 2]);
    ledger
        .record(out, &[answered(2), answered(4)], time(16))
        .expect("records");
    ledger
        .record(
            out,
            &[failed(3, FailureKind::Missing, again(SECOND))],
            time(16),
        )
        .expect("records");
    ledger
        .close_shard(out, &ShardTally::default(), time(17))
        .expect("closes");
    let totals = ledger.totals(run).expect("counts");
    assert_eq!(counts(totals), [4, 4, 0, 0, 0, 1]);
    record(ledger, run, SECOND, &[answered(3)]);

    let totals = ledger.totals(run).expect("counts");
    assert_eq!(counts(totals), [4, 4, 0, 0, 0, 0]);
    assert!(ledger.waiting("task", None, 9).expect("lists").is_empty());
    let summary = ledger.summary(run).expect("sums up");
    assert_eq!(standing(&summary.tiers[0]), [4, 1, 2, 1, 0]);
    assert_eq!(standing(&summary.tiers[1]), [3, 3, 0, 0, 0]);
    let reasons: Vec<(&str, u64)> = summary.tiers[0]
        .doubted
        .iter()
        .map(|(reason, requests)| (reason.as_str(), *requests))
        .collect();
    assert_eq!(reasons, [("confidence", 1), ("quote", 1)]);
    // Each attempt costs 230; three asked about doubted answers, one after a failure.
    assert_eq!(summary.totals.cost_usd.picodollars(), 8 * 230);
    assert_eq!(summary.totals.doubt_cost_usd.picodollars(), 3 * 230);
    assert_eq!(summary.tiers[0].doubt_cost_usd, Money::ZERO);
    assert_eq!(summary.totals.escalated, Some(0.75));
    assert_eq!(summary.totals.escalated_by_failure, Some(0.25));
    assert_eq!(summary.totals.escalated_by_doubt, Some(0.5));
    // Four answers, however often they were given: 100 tokens in and 10 out each.
    assert_eq!(
        summary.totals.strong_only_cost_usd.picodollars(),
        4 * (100 * 37_500 + 10 * 150_000)
    );
}

pub(super) fn stands(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=6);
    let doubts: Vec<OutcomeRecord> = (1..=5)
        .map(|seq| doubted(seq, "confidence", SECOND))
        .chain([failed(6, FailureKind::Parse, again(SECOND))])
        .collect();
    record(ledger, run, START, &doubts);
    record(
        ledger,
        run,
        SECOND,
        &[
            failed(1, FailureKind::Refusal, Next::Quarantined),
            failed(2, FailureKind::Parse, Next::Failed),
            doubted(3, "quote", THIRD),
        ],
    );
    let totals = ledger.totals(run).expect("counts");
    assert_eq!(counts(totals), [6, 5, 0, 1, 0, 3]);
    // One is out and comes back as cancelled; the others wait when the run is cancelled.
    record(
        ledger,
        run,
        SECOND,
        &[failed(4, FailureKind::Cancelled, Next::Failed)],
    );
    let failure = Failure::new(FailureKind::Cancelled, "cancelled");
    let ended = ledger
        .end_ready_requests(run, &failure, time(18))
        .expect("ends");
    assert_eq!(ended, 1);
    let totals = ledger.totals(run).expect("counts");
    assert_eq!(counts(totals), [6, 5, 1, 0, 0, 0]);
    let failures = ledger.failures(run, None, 9).expect("lists");
    let failed: Vec<u64> = failures.iter().map(|request| request.seq).collect();
    assert_eq!(failed, [6]);
    assert!(
        ledger
            .quarantined("task", None, 9)
            .expect("lists")
            .is_empty()
    );
    let summary = ledger.summary(run).expect("sums up");
    // Of request 3 the answer of tier 2 stands, of the other four that of tier 1.
    assert_eq!(standing(&summary.tiers[0]), [6, 4, 1, 1, 0]);
    assert_eq!(standing(&summary.tiers[1]), [5, 1, 0, 4, 0]);
    assert_eq!(summary.totals.doubt_cost_usd.picodollars(), 4 * 230);
    // Nothing is held against the subjects, and nothing holds them.
    let next = ledger.create_run(&spec("task"), time(20)).expect("opens");
    let again: Vec<_> = (1..=4).map(request).collect();
    let admissions = ledger.add_requests(next, START, &again).expect("claims");
    assert!(
        admissions
            .iter()
            .all(|admission| *admission == Admission::Claimed)
    );
    let id = ended_shard(ledger, next, START, &[1]);
    let members = ledger.members(id, None, 9).expect("reads");
    assert_eq!(members[0].prior_attempts, 0);
}

pub(super) fn waits_behind(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=5);
    record(
        ledger,
        run,
        START,
        &[
            doubted(1, "confidence", SECOND),
            failed(2, FailureKind::Parse, again(SECOND)),
            doubted(3, "confidence", SECOND),
            failed(5, FailureKind::Parse, again(SECOND)),
        ],
    );
    let order = |limit| -> Vec<u64> {
        let ready = ledger.ready(run, SECOND, limit).expect("reads");
        ready.iter().map(|request| request.seq).collect()
    };
    assert_eq!(order(9), [2, 5, 1, 3]);
    assert_eq!(order(3), [2, 5, 1]);
    assert_eq!(
        ledger.ready_groups(run, 100).expect("counts")[1].requests,
        4
    );
    // A shard that is given up puts all back in their places.
    let before = ledger.totals(run).expect("counts");
    let id = ledger
        .create_shard(&shard(run, SECOND, "given up"), &[1, 2])
        .expect("plans");
    assert_eq!(
        counts(ledger.totals(run).expect("counts")),
        [5, 2, 0, 2, 1, 2]
    );
    ledger
        .abandon_shard(id, "note", time(19))
        .expect("abandons");
    assert_eq!(ledger.totals(run).expect("counts"), before);
    assert_eq!(order(9), [2, 5, 1, 3]);
}

pub(super) fn refuses(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=3);
    let id = ended_shard(ledger, run, START, &[1, 2, 3]);
    let wrong = [
        doubted(1, "confidence", START),
        OutcomeRecord {
            next: Next::Done,
            ..doubted(1, "confidence", SECOND)
        },
        OutcomeRecord {
            next: again(SECOND),
            ..answered(1)
        },
        failed(1, FailureKind::Parse, Next::Done),
    ];
    for outcome in wrong {
        assert!(
            is_conflict(ledger.record(id, &[answered(2), outcome.clone()], time(14))),
            "{outcome:?}"
        );
    }
    assert_eq!(ledger.totals(run).expect("counts").answered, 0);
    ledger
        .record(id, &[doubted(1, "confidence", SECOND)], time(14))
        .expect("records");
    // Once only, as every outcome.
    assert!(is_conflict(ledger.record(
        id,
        &[doubted(1, "confidence", SECOND)],
        time(14)
    )));
    let other = ledger.create_run(&spec("task"), time(20)).expect("opens");
    let admissions = ledger
        .add_requests(other, START, &[request(1)])
        .expect("claims");
    assert_eq!(admissions, [Admission::Held(run)]);
}
