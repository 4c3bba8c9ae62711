//! What is kept from being asked again, and what users decide about it.

use super::{again, answered, ended_shard, failed, open_run};
use crate::ledger::{
    Admission, Decision, Ledger, Next, QuarantinedRequest, RequestCursor, Ruling, RulingLine,
};
use crate::outcome::FailureKind;
use crate::task::NewRequest;
use crate::testing::{START, request, spec, time};

pub(super) fn holds(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=4);
    let id = ended_shard(ledger, run, START, &[1, 2, 3, 4]);
    ledger
        .record(
            id,
            &[
                failed(1, FailureKind::Schema, Next::Quarantined),
                failed(2, FailureKind::Parse, Next::Failed),
                answered(3),
                failed(4, FailureKind::Expired, again(START)),
            ],
            time(14),
        )
        .expect("records");
    let failures = ledger.failures(run, None, 10).expect("lists");
    assert_eq!(failures.len(), 2);
    assert_eq!(
        (failures[0].kind, failures[0].quarantined),
        (FailureKind::Schema, true)
    );
    assert_eq!(
        (failures[1].kind, failures[1].quarantined),
        (FailureKind::Parse, false)
    );
    assert_eq!(failures[1].detail, "why");
    assert_eq!(ledger.failures(run, Some(1), 10).expect("lists").len(), 1);
    let quarantined = ledger.quarantined("task", None, 10).expect("lists");
    assert_eq!(quarantined.len(), 1);
    assert_eq!(quarantined[0].subject, request(1).subject);
    assert_eq!(quarantined[0].prompt_version, "p1");
    assert!(
        ledger
            .quarantined("other", None, 10)
            .expect("lists")
            .is_empty()
    );
    let cursor = Some(quarantined[0].cursor);
    assert!(
        ledger
            .quarantined("task", cursor, 10)
            .expect("lists")
            .is_empty()
    );

    let second = ledger.create_run(&spec("task"), time(20)).expect("opens");
    let changed = NewRequest {
        content_hash: "changed".to_owned(),
        ..request(1)
    };
    let asked = [request(1), changed, request(2), request(3)];
    assert_eq!(
        ledger.add_requests(second, START, &asked).expect("claims"),
        [
            Admission::Quarantined(run),
            Admission::Claimed,
            Admission::Claimed,
            Admission::Claimed
        ]
    );
    let next = ended_shard(ledger, second, START, &[1, 2, 3]);
    let prior: Vec<u32> = ledger
        .members(next, None, 10)
        .expect("reads")
        .iter()
        .map(|member| member.prior_attempts)
        .collect();
    // Changed content starts anew; an answer is no failure.
    assert_eq!(prior, [0, 1, 0]);

    let mut newer = spec("task");
    "p2".clone_into(&mut newer.task.prompt_version);
    let third = ledger.create_run(&newer, time(30)).expect("opens");
    let other_id = NewRequest {
        subject: "free".to_owned(),
        ..request(1)
    };
    ledger
        .add_requests(third, START, &[other_id])
        .expect("claims");
    let places = [quarantined[0].cursor];
    let lift = Ruling {
        decision: Decision::Retry,
        note: None,
        at: time(40),
    };
    assert_eq!(ledger.rule(&places, &lift).expect("lifts"), 1);
    assert_eq!(ledger.rule(&places, &lift).expect("lifts"), 0);
    assert!(
        ledger
            .quarantined("task", None, 10)
            .expect("lists")
            .is_empty()
    );
    let failures = ledger.failures(run, None, 10).expect("lists");
    assert_eq!((failures.len(), failures[0].quarantined), (2, false));
}

pub(super) fn drops(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=3);
    let id = ended_shard(ledger, run, START, &[1, 2, 3]);
    let failures = [
        failed(1, FailureKind::Schema, Next::Quarantined),
        failed(2, FailureKind::Refusal, Next::Quarantined),
        failed(3, FailureKind::Parse, Next::Failed),
    ];
    ledger.record(id, &failures, time(14)).expect("records");
    let place = |seq: u64| RequestCursor { run, seq };
    let drop_it = Ruling {
        decision: Decision::Drop,
        note: Some("a generated file, \"ü\"".to_owned()),
        at: time(20),
    };
    // Number 3 is not quarantined and 9 does not exist: neither is dropped.
    let named = [place(1), place(3), place(9)];
    assert_eq!(ledger.rule(&named, &drop_it).expect("rules"), 1);
    assert_eq!(ledger.rule(&named, &drop_it).expect("rules"), 0);
    let quarantined = ledger.quarantined("task", None, 9).expect("lists");
    let kept: Vec<(u64, bool, Option<&str>)> = quarantined
        .iter()
        .map(|kept| (kept.cursor.seq, kept.dropped, kept.note.as_deref()))
        .collect();
    let note = drop_it.note.as_deref();
    assert_eq!(kept, [(1, true, note), (2, false, None)]);
    let QuarantinedRequest {
        custom_id,
        tier,
        attempts,
        ..
    } = &quarantined[0];
    assert_eq!((custom_id.as_str(), *tier, *attempts), ("id-1", 1, 1));

    // A newer prompt asks what was quarantined, but not what was dropped.
    let mut newer = spec("task");
    "p2".clone_into(&mut newer.task.prompt_version);
    let second = ledger.create_run(&newer, time(30)).expect("opens");
    let changed = NewRequest {
        content_hash: "changed".to_owned(),
        custom_id: "changed".to_owned(),
        ..request(1)
    };
    assert_eq!(
        ledger
            .add_requests(second, START, &[request(1), request(2), changed])
            .expect("claims"),
        [
            Admission::Quarantined(run),
            Admission::Claimed,
            Admission::Claimed
        ]
    );

    let lift = Ruling {
        decision: Decision::Retry,
        note: None,
        at: time(31),
    };
    assert_eq!(ledger.rule(&[place(1)], &lift).expect("rules"), 1);
    let line = |id: u64, ruling: &Ruling| RulingLine {
        id,
        run,
        seq: 1,
        subject: request(1).subject,
        decision: ruling.decision,
        note: ruling.note.clone(),
        at: ruling.at,
    };
    assert_eq!(
        ledger.rulings("task", None, 9).expect("lists"),
        [line(1, &drop_it), line(2, &lift)]
    );
    assert_eq!(
        ledger.rulings("task", Some(1), 9).expect("lists"),
        [line(2, &lift)]
    );
    assert!(ledger.rulings("other", None, 9).expect("lists").is_empty());
    // Lifted, its failures no longer count.
    let third = ledger.create_run(&spec("task"), time(32)).expect("opens");
    let asked_anew = NewRequest {
        subject: request(1).subject,
        ..request(1)
    };
    assert_eq!(
        ledger
            .add_requests(third, START, &[asked_anew])
            .expect("claims"),
        [Admission::Held(second)]
    );
}
