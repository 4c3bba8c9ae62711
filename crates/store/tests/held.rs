//! What the ledger holds is no candidate, and coverage says what was given up on.

mod common;

use common::{analysis, full, open, versions};
use model::PullRequest;
use rusqlite::{Connection, params};
use store::{CandidateQuery, Freshness, Selection, SqliteStore, Store};

/// Puts a request about a pull request into the ledger, in the state of this code.
fn request(store: &SqliteStore, seq: i64, about: &PullRequest, prompt: &str, state: i64) {
    let connection = Connection::open(store.path()).expect("opens");
    connection
        .execute_batch("INSERT OR IGNORE INTO batch_task (id, name) VALUES (1, 'pull requests')")
        .expect("inserts");
    connection
        .execute(
            "INSERT INTO batch_run (id, task_id, prompt_version, schema_version, spec_format, \
             spec, state, started_at) VALUES (?1, 1, ?2, 's1', 1, '{}', 'stopped', 0)",
            params![seq, prompt],
        )
        .expect("inserts");
    connection
        .execute(
            "INSERT INTO batch_request (run_id, seq, task_id, custom_id, subject, belongs_to, \
             content_hash, payload_bytes, prompt_tokens, prior_attempts, tier, \
             max_completion_tokens, effort, state) \
             VALUES (?1, 1, 1, 'x', ?2, 'acme', ?3, 0, 0, 0, 1, 1, 0, ?4)",
            params![seq, about.key().to_string(), about.content_hash(), state],
        )
        .expect("inserts");
}

fn numbers(store: &SqliteStore) -> Vec<u64> {
    let query = CandidateQuery {
        freshness: Freshness::MissingOrStale,
        ..CandidateQuery::missing(versions())
    };
    let mut numbers: Vec<u64> = store
        .candidates(&query, None, 100)
        .expect("reads")
        .iter()
        .map(|candidate| candidate.stored.pull_request.number)
        .collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn claims_and_quarantine_are_heeded() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let records: Vec<PullRequest> = (1..=8).map(|number| full("acme/stairs", number)).collect();
    store.upsert_pull_requests(&records).expect("stores");
    let mut stale = analysis(&records[6]);
    stale.prompt_version = "p0".into();
    store
        .put_analyses(&[stale, analysis(&records[7])])
        .expect("stores");
    assert_eq!(numbers(&store), [1, 2, 3, 4, 5, 6, 7]);
    // Waits, is in a shard, was answered, failed, is quarantined, was freed.
    for (index, state) in (0..6).enumerate() {
        request(&store, state + 1, &records[index], "p1", state);
    }
    assert_eq!(numbers(&store), [3, 4, 6, 7]);
    // One with an answer of old can be given up on as well; one with a current answer cannot.
    request(&store, 7, &records[6], "p1", 4);
    request(&store, 8, &records[7], "p1", 4);
    assert_eq!(numbers(&store), [3, 4, 6]);
    let coverage = store
        .coverage(&versions(), &Selection::all())
        .expect("counts");
    assert_eq!(
        (
            coverage.total,
            coverage.analyzed,
            coverage.stale,
            coverage.waiting,
            coverage.quarantined
        ),
        (8, 1, 0, 5, 2)
    );
    // Another content or another prompt gets another chance.
    let mut changed = records[4].clone();
    changed.title = "Add another step".into();
    store.upsert_pull_requests(&[changed]).expect("stores");
    assert_eq!(numbers(&store), [3, 4, 5, 6]);
    request(&store, 9, &records[2], "p0", 4);
    assert_eq!(numbers(&store), [3, 4, 5, 6]);
    // What a user dropped stays so under every prompt; other content does not.
    request(&store, 10, &records[2], "p0", 6);
    request(&store, 11, &records[3], "p1", 6);
    let mut changed = records[3].clone();
    changed.title = "Add a landing".into();
    store.upsert_pull_requests(&[changed]).expect("stores");
    assert_eq!(numbers(&store), [4, 5, 6]);
}
