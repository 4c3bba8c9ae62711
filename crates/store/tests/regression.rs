//! A database of every released version of the schema can be opened and read.
//!
//! `tests/regression/vN.sql` is the dump of a database of version N with the contents made here. To
//! write the one of a new version, run this test with `TANDEM_WRITE_REGRESSION=1`; never write the
//! one of a released version anew.

mod common;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use common::{analysis, bare, full, open, verdict, verdict_write};
use model::{Origin, PullRequest};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use store::{OpenOptions, Selection, SqliteStore, Store};

fn file_of(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/regression/v{version}.sql"))
}

fn contents() -> Vec<PullRequest> {
    vec![full("acme/stairs", 1), bare("zoo/cage", 2)]
}

fn fill(store: &SqliteStore) {
    store.upsert_pull_requests(&contents()).expect("stores");
    store
        .set_team("keepers", &["zoo/cage".to_owned()])
        .expect("stores");
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
        store.check_integrity().expect("sound");
    }
}

fn check(store: &SqliteStore) {
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

/// All of a database as statements.
fn dump(connection: &Connection) -> String {
    let pragma = |name: &str| -> i64 {
        connection
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
            .expect("reads")
    };
    let mut sql = format!(
        "PRAGMA application_id = {};\nPRAGMA user_version = {};\n",
        pragma("application_id"),
        pragma("user_version")
    );
    let mut objects = connection
        .prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
        .expect("prepares");
    let objects: Vec<(String, String, String)> = objects
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .expect("reads")
        .collect::<Result<_, _>>()
        .expect("reads");
    for (_, _, statement) in &objects {
        writeln!(sql, "{statement};").expect("writes");
    }
    for (_, table, _) in objects.iter().filter(|(kind, _, _)| kind == "table") {
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
    sql
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
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{digits}'")
        }
    }
}
