//! A database of every released version of the schema can be opened and read.
//!
//! `tests/regression/vN.sql` is the dump of a database of version N with the contents made here. To
//! write the one of a new version, run this test with `TANDEM_WRITE_REGRESSION=1`; never write the
//! one of a released version anew.

mod common;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use batch::ledger::{
    BatchError, Decision, Ledger, NewShard, Next, OutcomeRecord, RequestCursor, Ruling, RunId,
    ShardFilter, ShardState, ShardStep, ShardTally, Verdict,
};
use batch::policy::first_variant;
use batch::{
    AnswerSchema, Catalogue, Doubt, DoubtSpec, Failure, FailureKind, Money, NewRequest, Payload,
    RunSpec, Task, TierPrice, TierSpec, TokenPrice, Usage,
};
use common::{analysis, at, bare, full, map, open, rule, verdict, verdict_write};
use github::webhook::{Concerns, Delivery, Inbox, Named, Taken};
use github::{
    Mark, Marked, Page, RepositoryId, RepositoryProgress, RepositoryState, Shelf, Walk, Whole,
};
use model::{Origin, PullRequest, Signal};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use store::{OpenOptions, PullRequestQuery, Selection, SqliteStore, Store};
use teams::By;

/// The first version with a ledger.
const LEDGER_VERSION: u32 = 2;
/// The first version with decisions about quarantined requests.
const RULINGS_VERSION: u32 = 5;

/// The first version with doubted answers.
const DOUBT_VERSION: u32 = 4;

/// The first version with marks and webhook deliveries, and with a sync in its dump.
const MARKS_VERSION: u32 = 9;

fn file_of(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/regression/v{version}.sql"))
}

fn contents() -> Vec<PullRequest> {
    vec![full("acme/stairs", 1), bare("zoo/cage", 2)]
}

fn fill(store: &SqliteStore) {
    store.upsert_pull_requests(&contents()).expect("stores");
    map(store, vec![rule("keepers", By::Repository, "zoo/cage")]);
    let stored = store
        .pull_request(&contents()[0].key())
        .expect("reads")
        .expect("is there");
    store
        .put_verdicts("c1", &[verdict_write(&stored, Origin::Assisted)])
        .expect("stores");
    store
        .put_analyses(&[analysis(&contents()[0])])
        .expect("stores");
    store.set_meta("greeting", "good day").expect("stores");
    fill_ledger(store);
    fill_doubts(store);
    fill_sync(store);
    let place = RequestCursor {
        run: RunId(1),
        seq: 2,
    };
    assert_eq!(store.rule(&[place], &ruling()).expect("rules"), 1);
}

fn synced() -> RepositoryState {
    RepositoryState {
        id: RepositoryId("R_stairs".to_owned()),
        database_id: Some(4_711),
        name: "acme/stairs".to_owned(),
        archived: false,
        fork: true,
        private: true,
        expected: 3,
        last_change: Some(at(300)),
        trouble: None,
        progress: RepositoryProgress {
            watermark: Some(at(250)),
            since: Some(at(200)),
            walk: Some(Walk {
                newest: at(300),
                cursor: "next".to_owned(),
            }),
            finished_at: Some(at(260)),
        },
        marks: 2,
    }
}

fn delivery() -> Delivery {
    Delivery {
        id: "d-1".to_owned(),
        digest: [7; 32],
        event: "push".to_owned(),
        concerns: Concerns::Repository(Named {
            node_id: "R_stairs".to_owned(),
            database_id: Some(4_711),
            name: "acme/stairs".to_owned(),
        }),
    }
}

/// A repository in the middle of a walk, with a gap and marks.
fn fill_sync(store: &SqliteStore) {
    let state = synced();
    store.put_repository(&state).expect("stores");
    store
        .put_progress(&state.id, &state.progress)
        .expect("stores");
    let page = Page {
        whole: vec![Whole {
            record: contents()[0].clone(),
            gap: Some("fewer files than GitHub counts".to_owned()),
        }],
        unreadable: vec![(3, "status 502".to_owned())],
        gone: vec![1],
        again: vec![3],
    };
    store.put_page(&state.id, &page).expect("stores");
    assert_eq!(store.take(&[delivery()]).expect("takes"), [Taken::Marked]);
}

fn check_sync(store: &SqliteStore) {
    assert_eq!(store.repositories().expect("reads"), [synced()]);
    let marks = store.marks(&synced().id).expect("reads");
    let mark = |what, sequence| Mark { what, sequence };
    assert_eq!(
        marks,
        [mark(Marked::Repository, 2), mark(Marked::PullRequest(3), 1)]
    );
    let status = &store.sync_status().expect("reads")[0];
    assert_eq!(
        (status.gone, status.incomplete, status.to_read_again),
        (1, 1, 1)
    );
    let gaps = store.sync_gaps("acme/stairs").expect("reads");
    assert_eq!(gaps.len(), 2);
}

fn ruling() -> Ruling {
    Ruling {
        decision: Decision::Drop,
        note: Some("generated".to_owned()),
        at: at(110),
    }
}

/// A run with one request answered after a repair, one quarantined and one that waits.
fn fill_ledger(store: &SqliteStore) {
    let run = store.create_run(&run_spec(), at(100)).expect("opens");
    let variant = first_variant(1, &run_spec().tiers[0]);
    let requests: Vec<NewRequest> = (1..=3).map(request).collect();
    store.add_requests(run, variant, &requests).expect("claims");
    let shard = NewShard {
        run,
        variant,
        model: run_spec().tiers[0].reference.clone(),
        token: "token".to_owned(),
        input_bytes: 500,
        prompt_tokens: 20,
        reserved: Money::from_picodollars(5_000),
        price: price(2, 3),
        sync_price: price(4, 6),
        at: at(101),
    };
    let id = store.create_shard(&shard, &[1, 2]).expect("plans");
    for step in [
        ShardStep::Uploaded {
            file_id: "file".to_owned(),
            input_hash: "ab".repeat(32),
        },
        ShardStep::CreateStarted { at: at(102) },
        ShardStep::Created {
            batch_id: "batch".to_owned(),
            at: at(103),
        },
        ShardStep::Ended {
            status: "completed".to_owned(),
            output_file_id: Some("out".to_owned()),
            error_file_id: None,
            errors: vec![BatchError {
                code: Some("bad".to_owned()),
                message: None,
                line: Some(2),
            }],
            at: at(104),
        },
    ] {
        store.advance_shard(id, &step).expect("moves on");
    }
    let outcome = |seq, verdict, next| OutcomeRecord {
        seq,
        verdict,
        finish_reason: Some("stop".to_owned()),
        usage: Some(Usage {
            input_tokens: 10,
            output_tokens: 5,
        }),
        cost: Money::from_picodollars(35),
        possible_cost: Money::ZERO,
        latency_ms: Some(700),
        next,
    };
    let repaired = Verdict::Answered {
        repair: Some("stripped fences".to_owned()),
    };
    let refused = Verdict::Failed(Failure::new(FailureKind::Refusal, "no"));
    store
        .record(
            id,
            &[
                outcome(1, repaired, Next::Done),
                outcome(2, refused, Next::Quarantined),
            ],
            at(105),
        )
        .expect("records");
    let tally = ShardTally {
        foreign: 1,
        named: vec!["foreign:x".to_owned()],
        ..ShardTally::default()
    };
    store.close_shard(id, &tally, at(106)).expect("closes");
}

/// A run with a doubted answer about which the second tier is still to be asked.
fn fill_doubts(store: &SqliteStore) {
    let run = store.create_run(&doubting_spec(), at(200)).expect("opens");
    let variant = first_variant(1, &doubting_spec().tiers[0]);
    store
        .add_requests(run, variant, &[request(9)])
        .expect("claims");
    let shard = NewShard {
        run,
        variant,
        model: doubting_spec().tiers[0].reference.clone(),
        token: "doubted".to_owned(),
        input_bytes: 250,
        prompt_tokens: 10,
        reserved: Money::from_picodollars(2_500),
        price: price(2, 3),
        sync_price: price(4, 6),
        at: at(201),
    };
    let id = store.create_shard(&shard, &[1]).expect("plans");
    let outcome = OutcomeRecord {
        seq: 1,
        verdict: Verdict::Doubted {
            repair: None,
            doubt: Doubt {
                reason: "confidence".to_owned(),
                score: 0.5,
            },
        },
        finish_reason: Some("stop".to_owned()),
        usage: None,
        cost: Money::from_picodollars(35),
        possible_cost: Money::ZERO,
        latency_ms: None,
        next: Next::Again {
            variant: first_variant(2, &doubting_spec().tiers[1]),
            shrunk: None,
        },
    };
    store.record(id, &[outcome], at(202)).expect("records");
}

fn doubting_spec() -> RunSpec {
    let mut spec = run_spec();
    "doubts".clone_into(&mut spec.task.name);
    spec.tiers.push(spec.tiers[0].clone());
    spec.doubt = Some(DoubtSpec {
        expected_share: 0.25,
        rules: serde_json::json!({"above": 0.5}),
    });
    spec
}

fn check_doubts(store: &SqliteStore) {
    let newest = store.runs().expect("lists")[0].id;
    assert_eq!(store.run(newest).expect("reads").spec, doubting_spec());
    let totals = store.totals(newest).expect("counts");
    assert_eq!(
        (totals.answered, totals.waiting, totals.in_doubt),
        (1, 0, 1)
    );
    let waiting = store.waiting("doubts", None, 9).expect("lists");
    assert!(waiting[0].has_answer);
    let summary = store.summary(newest).expect("sums up");
    assert_eq!(summary.tiers[0].doubted["confidence"], 1);
    assert_eq!(summary.tiers[1].open, 1);
}

fn price(input: i64, output: i64) -> TokenPrice {
    TokenPrice {
        input: Money::from_picodollars(input),
        output: Money::from_picodollars(output),
    }
}

fn run_spec() -> RunSpec {
    let tier = TierSpec::parse("groq:openai/gpt-oss-20b", &Catalogue::embedded()).expect("a tier");
    RunSpec {
        task: Task {
            name: "analysis".to_owned(),
            system: "Say what it is.".to_owned(),
            schema: AnswerSchema {
                name: "answer".to_owned(),
                schema: serde_json::json!({"type": "object"}),
            },
            prompt_version: "p1".to_owned(),
            schema_version: "s1".to_owned(),
            expected_output_tokens: 800,
        },
        tiers: vec![TierSpec {
            price: Some(TierPrice {
                batch: price(2, 3),
                sync: price(4, 6),
            }),
            max_completion_tokens: 4096,
            max_output_tokens: 65_536,
            ..tier
        }],
        budget: Some(Money::from_picodollars(7_000_000)),
        doubt: None,
    }
}

fn request(number: u64) -> NewRequest {
    NewRequest {
        custom_id: format!("id-{number}"),
        subject: format!("acme/stairs#{number}"),
        group: "acme".to_owned(),
        content_hash: "cd".repeat(32),
        payload: Payload::user(&format!("question {number}")),
        prompt_tokens: 10,
    }
}

fn check_ledger(store: &SqliteStore) {
    let runs = store.runs().expect("lists");
    let first = runs.last().expect("a run");
    assert_eq!((first.requests, first.answered, first.failed), (3, 1, 1));
    let run = store.run(first.id).expect("reads");
    assert_eq!(run.spec, run_spec());
    let shards = store.shards(run.id, ShardFilter::All).expect("lists");
    assert_eq!(shards[0].state, ShardState::Collected);
    assert_eq!(shards[0].batch_errors[0].line, Some(2));
    assert_eq!(shards[0].tally.named, ["foreign:x"]);
    let quarantined = store.quarantined("analysis", None, 9).expect("lists");
    assert_eq!(quarantined[0].kind, FailureKind::Refusal);
    let waiting = store.stored(run.id, &[3]).expect("reads");
    assert_eq!(waiting[0].payload, request(3).payload);
    let summary = store.summary(run.id).expect("sums up");
    assert_eq!(summary.tiers[0].repaired, 1);
    assert_eq!(summary.totals.cost_usd.picodollars(), 70);
    assert_eq!(summary.totals.sync_cost_usd.picodollars(), 140);
}

fn check_rulings(store: &SqliteStore) {
    let kept = store.quarantined("analysis", None, 9).expect("lists");
    assert!(kept[0].dropped);
    assert_eq!(kept[0].note, ruling().note);
    let rulings = store.rulings("analysis", None, 9).expect("lists");
    assert_eq!((rulings.len(), rulings[0].at), (1, ruling().at));
}

#[test]
fn every_version_can_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let fresh = open(folder.path());
    let newest = fresh.statistics().expect("counts").schema_version;
    if std::env::var_os("TANDEM_WRITE_REGRESSION").is_some() {
        fill(&fresh);
        let connection = Connection::open(fresh.path()).expect("opens");
        fs::write(file_of(newest), dump(&connection)).expect("writes");
    }
    for version in 1..=newest {
        let path = folder.path().join(format!("v{version}.db"));
        let sql = fs::read_to_string(file_of(version))
            .unwrap_or_else(|error| panic!("no regression file of version {version}: {error}"));
        let connection = Connection::open(&path).expect("opens");
        connection.execute_batch(&sql).expect("loads");
        drop(connection);
        // Opened for reading on purpose: that alone must bring it up to date.
        let store = SqliteStore::open(&path, &OpenOptions::read("test")).expect("opens");
        assert_eq!(store.statistics().expect("counts").schema_version, newest);
        check(&store);
        if version >= LEDGER_VERSION {
            check_ledger(&store);
        }
        if version >= DOUBT_VERSION {
            check_doubts(&store);
        }
        if version >= RULINGS_VERSION {
            check_rulings(&store);
        }
        if version >= MARKS_VERSION {
            check_sync(&store);
        }
        store.check_integrity().expect("sound");
        if version >= MARKS_VERSION {
            drop(store);
            let store = SqliteStore::open(&path, &OpenOptions::write("test")).expect("opens");
            assert_eq!(store.take(&[delivery()]).expect("takes"), [Taken::Repeated]);
        }
    }
}

/// Titles are found in every version, also in those that did not keep them apart.
fn check_search(store: &SqliteStore) {
    let query = PullRequestQuery {
        title: Some("add step".to_owned()),
        signal: Some(Signal::Reviewer),
        ..PullRequestQuery::default()
    };
    for _ in 0..2 {
        let page = store.search(&query, None, 9).expect("searches");
        let found: Vec<_> = page.rows.iter().map(|row| &row.title).collect();
        assert_eq!(found, [&contents()[0].title]);
        assert_eq!(
            store
                .count_found(&PullRequestQuery::default())
                .expect("counts"),
            2
        );
        // Once from what changed, once from the columns.
        let writer = SqliteStore::open(store.path(), &OpenOptions::write("test")).expect("opens");
        writer.refresh_search().expect("writes");
    }
}

fn check(store: &SqliteStore) {
    check_search(store);
    let all = Selection::all();
    let page = store.pull_requests(&all, None, 9).expect("reads");
    let records: Vec<PullRequest> = page
        .iter()
        .map(|stored| stored.pull_request.clone())
        .collect();
    assert_eq!(records, contents());
    for stored in &page {
        // If this fails, the hash of unchanged content has changed, and with it every verdict and
        // every analysis that anybody has paid for becomes stale.
        assert_eq!(stored.content_hash, stored.pull_request.content_hash());
    }
    let verdicts = store.verdicts(&all, None, 9).expect("reads");
    assert_eq!(verdicts.len(), 1);
    assert_eq!(verdicts[0].verdict, verdict(Origin::Assisted));
    assert!(verdicts[0].content_is_current);
    let analyses = store.analyses(&all, None, 9).expect("reads");
    assert_eq!(analyses, [analysis(&contents()[0])]);
    let facts = store
        .facts(&Selection::team("keepers"), None, 9)
        .expect("reads");
    assert_eq!((facts.len(), facts[0].number), (1, 2));
    assert_eq!(
        store.meta("greeting").expect("reads").as_deref(),
        Some("good day")
    );
}

/// All of a database as statements. Rows come table by table, so that what they refer to may come later.
fn dump(connection: &Connection) -> String {
    let pragma = |name: &str| -> i64 {
        connection
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
            .expect("reads")
    };
    let mut sql = format!(
        "PRAGMA foreign_keys = OFF;\nPRAGMA application_id = {};\nPRAGMA user_version = {};\n",
        pragma("application_id"),
        pragma("user_version")
    );
    let shadows = names(connection, "type = 'shadow'");
    let virtual_tables = names(connection, "type = 'virtual'");
    let mut objects = connection
        .prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
        .expect("prepares");
    let objects: Vec<(String, String, String)> = objects
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .expect("reads")
        .collect::<Result<_, _>>()
        .expect("reads");
    let objects: Vec<&(String, String, String)> = objects
        .iter()
        .filter(|(_, name, _)| !shadows.contains(name))
        .collect();
    let of_kind = |is_trigger: bool| {
        let objects = objects.iter();
        objects.filter(move |(kind, _, _)| (kind == "trigger") == is_trigger)
    };
    for (_, _, statement) in of_kind(false) {
        writeln!(sql, "{statement};").expect("writes");
    }
    let has_rows = |kind: &str, name: &String| kind == "table" && !virtual_tables.contains(name);
    for (_, table, _) in of_kind(false).filter(|(kind, name, _)| has_rows(kind, name)) {
        let mut rows = connection
            .prepare(&format!("SELECT * FROM {table}"))
            .expect("prepares");
        let width = rows.column_count();
        let mut rows = rows.query([]).expect("reads");
        while let Some(row) = rows.next().expect("reads") {
            let values: Vec<String> = (0..width)
                .map(|column| literal(row.get_ref(column).expect("a value")))
                .collect();
            writeln!(sql, "INSERT INTO {table} VALUES ({});", values.join(", ")).expect("writes");
        }
    }
    // The words of titles keep no text: they are made of the titles again.
    if virtual_tables.iter().any(|table| table == "title_word") {
        sql.push_str("INSERT INTO title_word (rowid, text) SELECT id, text FROM title;\n");
    }
    for (_, _, statement) in of_kind(true) {
        writeln!(sql, "{statement};").expect("writes");
    }
    sql
}

/// The names of tables of a kind.
fn names(connection: &Connection, condition: &str) -> Vec<String> {
    let mut prepared = connection
        .prepare(&format!(
            "SELECT name FROM pragma_table_list WHERE {condition}"
        ))
        .expect("prepares");
    let names = prepared.query_map([], |row| row.get(0)).expect("reads");
    names.collect::<Result<_, _>>().expect("reads")
}

fn literal(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(text) => {
            format!("'{}'", String::from_utf8_lossy(text).replace('\'', "''"))
        }
        ValueRef::Blob(bytes) => {
            let mut literal = String::from("x'");
            for byte in bytes {
                write!(literal, "{byte:02x}").expect("writes");
            }
            literal + "'"
        }
    }
}
