//! What can only be tried from inside: a full disk, versions, and damage.

use std::path::PathBuf;
use std::time::Duration;

use model::PullRequest;

use super::migrations::SUPPORTED_VERSION;
use super::{Fault, SqliteStore};
use crate::open::OpenOptions;
use crate::{Selection, Store, StoreError};

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tandem.db");
    Place {
        _folder: folder,
        path,
    }
}

fn open(place: &Place) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&place.path, &OpenOptions::write("test"))
}

fn open_to_read(place: &Place) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&place.path, &OpenOptions::read("test"))
}

fn execute(store: &SqliteStore, sql: &str) {
    store
        .write("test", |transaction| Ok(transaction.execute_batch(sql)?))
        .expect("executes");
}

/// Records with bodies that hardly compress.
fn records(count: u64) -> Vec<PullRequest> {
    (1..=count)
        .map(|number| {
            let noise: String = (0..64)
                .map(|part| blake3::hash(format!("{number}/{part}").as_bytes()).to_string())
                .collect();
            let json = format!(r#"{{"repo":"a/b","number":{number},"body":"{noise}"}}"#);
            serde_json::from_str(&json).expect("a record")
        })
        .collect()
}

#[test]
fn a_full_disk_is_told_and_costs_nothing_that_was_stored() {
    let place = place();
    let store = open(&place).expect("opens");
    let records = records(400);
    store
        .upsert_pull_requests(&records[..10])
        .expect("there is room");
    let pages = store
        .read("test", |transaction| {
            Ok(transaction.query_row("PRAGMA page_count", [], |row| row.get::<_, u32>(0))?)
        })
        .expect("reads");
    store.limit_pages(pages + 20);
    let error = store.upsert_pull_requests(&records).expect_err("no room");
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    store.check_integrity().expect("sound");
    assert_eq!(store.statistics().expect("counts").pull_requests, 10);
    // With room again, the same call goes through.
    store.limit_pages(1 << 20);
    let counts = store.upsert_pull_requests(&records).expect("there is room");
    assert_eq!((counts.inserted, counts.unchanged), (390, 10));
}

#[test]
fn a_newer_database_is_refused() {
    let place = place();
    let store = open(&place).expect("opens");
    execute(&store, "PRAGMA user_version = 4711");
    drop(store);
    for result in [open(&place), open_to_read(&place)] {
        match result.err() {
            Some(StoreError::NewerVersion {
                found, supported, ..
            }) => assert_eq!((found, supported), (4711, SUPPORTED_VERSION)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_is_not_ours_is_not_touched() {
    let place = place();
    let foreign = rusqlite::Connection::open(&place.path).expect("opens");
    foreign
        .execute_batch("CREATE TABLE song (title TEXT)")
        .expect("executes");
    drop(foreign);
    let before = std::fs::read(&place.path).expect("reads");
    for result in [open(&place), open_to_read(&place)] {
        assert!(matches!(
            result.err(),
            Some(StoreError::NotADatabase { .. })
        ));
    }
    assert_eq!(std::fs::read(&place.path).expect("reads"), before);

    std::fs::write(&place.path, "a shopping list, long enough to be taken for a header, if one does not look at it closely enough").expect("writes");
    for result in [open(&place), open_to_read(&place)] {
        assert!(matches!(
            result.err(),
            Some(StoreError::NotADatabase { .. })
        ));
    }
}

#[test]
fn settings_are_what_the_measurements_say() {
    let place = place();
    let store = open(&place).expect("opens");
    let setting = |name: &str| -> String {
        let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
        store
            .write("test", |transaction| {
                Ok(transaction.query_row(&sql, [], |row| row.get(0))?)
            })
            .expect("reads")
    };
    assert_eq!(setting("journal_mode"), "wal");
    assert_eq!(setting("synchronous"), "1");
    assert_eq!(setting("foreign_keys"), "1");
    assert_eq!(setting("cache_size"), "-65536");
}

/// A copy of the one file is a copy of all.
#[test]
fn a_closed_database_is_one_file() {
    let place = place();
    let store = open(&place).expect("opens");
    store.upsert_pull_requests(&records(3)).expect("stores");
    assert_eq!(store.statistics().expect("reads").pull_requests, 3);
    let log = place.path.with_extension("db-wal");
    assert!(log.exists(), "written through a log");
    drop(store);
    assert!(!log.exists(), "the log is in the file");
}

#[test]
fn a_failed_write_leaves_nothing() {
    let place = place();
    let store = open(&place).expect("opens");
    let result = store.write("test", |transaction| -> Result<(), Fault> {
        transaction.execute_batch("INSERT INTO meta VALUES ('a', 'b')")?;
        Err(Fault::Damaged("on purpose".to_owned()))
    });
    assert!(matches!(result, Err(StoreError::Corrupt { .. })));
    assert_eq!(store.meta("a").expect("reads"), None);
}

#[test]
fn a_writer_that_waits_in_vain_is_told_for_whom() {
    let place = place();
    let store = open(&place).expect("opens");
    let other = SqliteStore::open(
        &place.path,
        &OpenOptions {
            patience: Duration::from_millis(20),
            ..OpenOptions::write("detect")
        },
    )
    .expect("opens");
    let error = store
        .write("test", |_| {
            Ok(other
                .set_meta("a", "b")
                .expect_err("the other one holds it"))
        })
        .expect("writes");
    match error {
        StoreError::Locked { by: Some(by), .. } => {
            assert_eq!((by.verb.as_str(), by.pid), ("test", std::process::id()));
        }
        other => panic!("{other:?}"),
    }
    // Readers are not in the way and see what was committed.
    assert_eq!(other.meta("a").expect("reads"), None);
    other.set_meta("a", "b").expect("it is free now");
    assert_eq!(store.meta("a").expect("reads").as_deref(), Some("b"));
}

#[test]
fn damage_is_named() {
    let place = place();
    let store = open(&place).expect("opens");
    store.upsert_pull_requests(&records(3)).expect("stores");
    execute(
        &store,
        "UPDATE document SET data = x'28b52ffd00' WHERE number = 2",
    );
    let error = store
        .pull_requests(&Selection::all(), None, 10)
        .expect_err("damaged");
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert!(matches!(error, StoreError::Corrupt { .. }));
    assert!(
        source
            .as_deref()
            .is_some_and(|source| source.contains("a/b#2")),
        "{source:?}"
    );
    execute(&store, "UPDATE pr SET origin = 9 WHERE number = 1");
    assert!(matches!(
        store.facts(&Selection::all(), None, 10),
        Err(StoreError::Corrupt { .. })
    ));
}

#[test]
fn a_repository_that_takes_over_another_takes_every_table() {
    let place = place();
    let store = open(&place).expect("opens");
    let tables: Vec<String> = store
        .read("test", |transaction| {
            let mut prepared = transaction.prepare(
                "SELECT t.name FROM sqlite_schema t WHERE t.type = 'table' AND t.name <> 'pr' \
                 AND 2 = (SELECT count(*) FROM pragma_table_info(t.name) c \
                 WHERE c.name IN ('repo_id', 'number')) ORDER BY t.name",
            )?;
            let names = prepared.query_map([], |row| row.get(0))?;
            Ok(names.collect::<Result<_, _>>()?)
        })
        .expect("reads");
    let mut known = super::take_over::OF_PULL_REQUESTS.to_vec();
    known.sort_unstable();
    assert_eq!(tables, known);
}
