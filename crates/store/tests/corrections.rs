//! Corrections: what holds, what is kept, what the log says.

mod common;

use common::{at, bare, full, open, verdict, verdict_write};
use model::{Correction, Origin, PrKey, PullRequest};
use serde_json::json;
use store::{AuditEntry, Decision, PullRequestQuery, Selection, SqliteStore, Store, StoreError};

fn filled(store: &SqliteStore) -> PullRequest {
    let record = full("acme/stairs", 1);
    store
        .upsert_pull_requests(&[record.clone(), bare("acme/stairs", 2)])
        .expect("stores");
    detect(store, &record, Origin::Agent);
    record
}

fn detect(store: &SqliteStore, record: &PullRequest, origin: Origin) {
    let stored = store
        .pull_request(&record.key())
        .expect("reads")
        .expect("is there");
    store
        .put_verdicts("c1", &[verdict_write(&stored, origin)])
        .expect("stores");
}

fn decision(key: &PrKey, correction: Option<Correction>) -> Decision {
    Decision {
        key: key.clone(),
        correction,
        by: "ada".into(),
        note: "seen".into(),
        at: at(1_760_000_000),
    }
}

fn none_detected() -> Correction {
    Correction {
        origin: Some(Origin::NoneDetected),
        ..Correction::default()
    }
}

#[test]
fn a_correction_stands_above_what_is_detected_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let record = filled(&store);
    let key = record.key();
    let changes = store.changes().expect("counts");
    assert!(
        store
            .decide(&decision(&key, Some(none_detected())))
            .expect("stores")
    );
    assert!(store.changes().expect("counts") > changes);
    let held = store.verdict(&key).expect("reads").expect("is there");
    assert_eq!(held.verdict.ai_authored, Some(false));
    assert_eq!(held.verdict.evidence, verdict(Origin::Agent).evidence);
    assert!(held.content_is_current);
    let corrected = held.corrected.expect("it is corrected");
    assert_eq!(corrected.automatic, verdict(Origin::Agent));
    assert_eq!(corrected.record.by, "ada");

    detect(&store, &record, Origin::Assisted);
    let held = store.verdict(&key).expect("reads").expect("is there");
    assert_eq!(held.verdict.origin, Origin::NoneDetected);
    let corrected = held.corrected.expect("it still is");
    assert_eq!(corrected.automatic, verdict(Origin::Assisted));
    // Every count goes by what holds.
    let facts = store.facts(&Selection::all(), None, 9).expect("reads");
    assert_eq!(
        facts[0].verdict.map(|fact| fact.ai_authored),
        Some(Some(false))
    );

    // A second correction takes the place of the first, and starts from the automatic verdict.
    let other_tool = Some(Correction {
        author_tools: Some(vec!["devin".into()]),
        ..Correction::default()
    });
    store.decide(&decision(&key, other_tool)).expect("stores");
    let held = store.verdict(&key).expect("reads").expect("is there");
    assert_eq!(held.verdict.origin, Origin::Assisted);
    assert_eq!(held.verdict.author_tools, ["devin"]);

    assert!(store.decide(&decision(&key, None)).expect("stores"));
    let held = store.verdict(&key).expect("reads").expect("is there");
    assert_eq!(
        (held.verdict, held.corrected),
        (verdict(Origin::Assisted), None)
    );
    assert!(!store.decide(&decision(&key, None)).expect("nothing stands"));
    let history = store.decisions(&key).expect("reads");
    let said: Vec<bool> = history
        .iter()
        .map(|record| record.correction.is_some())
        .collect();
    assert_eq!(said, [false, true, true]);
    store.check_integrity().expect("sound");
}

#[test]
fn corrected_pull_requests_are_listed_and_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let key = filled(&store).key();
    let query = |corrected| PullRequestQuery {
        corrected: Some(corrected),
        ..PullRequestQuery::default()
    };
    store.refresh_search().expect("writes");
    assert_eq!(store.count_found(&query(true)).expect("counts"), 0);
    store
        .decide(&decision(&key, Some(none_detected())))
        .expect("stores");
    let page = store.corrected(&Selection::all(), None, 9).expect("reads");
    assert_eq!(page.len(), 1);
    assert_eq!(page[0].key, key);
    for _ in 0..2 {
        let found = store.search(&query(true), None, 9).expect("searches");
        assert_eq!(found.rows.len(), 1);
        assert!(found.rows[0].corrected);
        assert_eq!(store.count_found(&query(false)).expect("counts"), 1);
        store.refresh_search().expect("writes");
    }
    store.decide(&decision(&key, None)).expect("stores");
    assert_eq!(store.count_found(&query(true)).expect("counts"), 0);
    assert_eq!(
        store.corrected(&Selection::all(), None, 9).expect("reads"),
        []
    );
}

#[test]
fn what_cannot_be_corrected_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let record = filled(&store);
    let key = record.key();
    detect(&store, &record, Origin::NoneDetected);
    let without_origin = Some(Correction {
        author_tools: Some(vec!["devin".into()]),
        ..Correction::default()
    });
    let contradiction = Some(Correction {
        origin: Some(Origin::Unknown),
        author_tools: Some(vec!["devin".into()]),
        ..Correction::default()
    });
    let undetected = bare("acme/stairs", 2).key();
    for wrong in [
        decision(&key, contradiction),
        decision(&key, without_origin),
        decision(&key, Some(Correction::default())),
        decision(&undetected, Some(none_detected())),
        decision(&bare("no/thing", 1).key(), Some(none_detected())),
    ] {
        let error = store.decide(&wrong).expect_err("refused");
        assert!(matches!(error, StoreError::Invalid { .. }), "{error:?}");
    }
    assert_eq!(store.decisions(&key).expect("reads"), []);
    assert_eq!(store.audit(None, 9).expect("reads"), []);
}

#[test]
fn the_log_only_grows_and_comes_in_pages() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let key = filled(&store).key();
    store
        .decide(&decision(&key, Some(none_detected())))
        .expect("stores");
    store.decide(&decision(&key, None)).expect("stores");
    let started = AuditEntry {
        at: at(1_760_000_100),
        who: "grace".into(),
        action: "start run".into(),
        subject: "7".into(),
        old: None,
        new: Some(json!({"budget_usd": 5.0})),
    };
    store.append_audit(&started).expect("stores");
    let page = store.audit(None, 2).expect("reads");
    assert_eq!(page[0].entry, started);
    assert_eq!(page[1].entry.action, "withdraw");
    let rest = store.audit(Some(page[1].id), 2).expect("reads");
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].entry.subject, key.to_string());
    assert_eq!(
        rest[0].entry.old.as_ref().map(|old| &old["origin"]),
        Some(&json!("agent"))
    );
    assert_eq!(
        rest[0].entry.new.as_ref().map(|new| &new["origin"]),
        Some(&json!("none_detected"))
    );
}
