//! Opening: missing, unwritable, locked, and after a crash.
//!
//! Some of it needs another process: the tests marked as ignored are started by others here, with
//! what they need in the environment, and do nothing when run by themselves.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{full, open};
use store::{OpenOptions, Selection, SqliteStore, Store, StoreError};

/// The variable that tells a child where to work.
const CHILD_FOLDER: &str = "STORE_TEST_FOLDER";
/// How many pull requests the crashing child would like to import.
const CHILD_RECORDS: u64 = 100_000;

fn child_folder() -> Option<PathBuf> {
    std::env::var_os(CHILD_FOLDER).map(PathBuf::from)
}

/// A command that runs one of the ignored tests of this file.
fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(CHILD_FOLDER, folder);
    command
}

#[test]
fn locations_say_which_engine() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/er/tandem.db");
    let path = path.to_str().expect("text");
    let error = store::open(path, &OpenOptions::read("coverage")).err();
    assert!(
        matches!(error, Some(StoreError::NotFound { .. })),
        "{error:?}"
    );
    assert!(
        !folder.path().join("deep").exists(),
        "reading makes nothing"
    );
    store::open(path, &OpenOptions::write("import")).expect("makes the folder");
    for location in [
        path.to_owned(),
        format!("sqlite:{path}"),
        format!("sqlite://{path}"),
    ] {
        let store = store::open(&location, &OpenOptions::read("coverage")).expect("opens");
        assert_eq!(store.statistics().expect("counts").pull_requests, 0);
        assert!(matches!(
            store.upsert_pull_requests(&[full("a/b", 1)]),
            Err(StoreError::ReadOnly { .. })
        ));
        assert!(matches!(
            store.lock("analyze"),
            Err(StoreError::ReadOnly { .. })
        ));
    }
    let error = store::open("postgres://host/name", &OpenOptions::read("x")).err();
    assert_eq!(
        error.map(|error| error.to_string()).as_deref(),
        Some("databases at postgres:// are not supported by this version")
    );
}

#[test]
fn one_run_at_a_time_while_imports_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tandem.db");
    let first = SqliteStore::open(&path, &OpenOptions::write("analyze")).expect("opens");
    let second = SqliteStore::open(&path, &OpenOptions::write("analyze --stale")).expect("opens");
    let held = first.lock("analyze").expect("it is free");
    match second.lock("analyze") {
        Err(StoreError::Locked {
            by: Some(by), what, ..
        }) => {
            assert_eq!((by.verb.as_str(), what.as_str()), ("analyze", "analyze"));
        }
        other => panic!("{other:?}"),
    }
    second
        .upsert_pull_requests(&[full("acme/stairs", 1)])
        .expect("imports go on");
    assert!(
        second.lock("writer").is_err(),
        "that one is taken by itself"
    );
    drop(held);
    drop(second.lock("analyze").expect("it is free again"));
}

#[test]
fn a_killed_import_loses_nothing_that_was_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = child("child_imports", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let output = BufReader::new(child.stdout.take().expect("piped"));
    let mut reported: u64 = 0;
    for line in output.lines() {
        let line = line.expect("text");
        if let Some(count) = line.strip_prefix("stored ") {
            reported = count.parse().expect("a number");
            if reported >= 300 {
                break;
            }
        }
    }
    child.kill().expect("kills");
    child.wait().expect("ends");
    assert!((300..CHILD_RECORDS).contains(&reported), "{reported}");

    // The kernel has let go of the lock, and the log is replayed.
    let store = open(folder.path());
    store.check_integrity().expect("sound");
    let stored = store.statistics().expect("counts").pull_requests;
    assert!(stored >= reported && stored < CHILD_RECORDS, "{stored}");
    let records: Vec<_> = (1..=stored + 50)
        .map(|number| full("acme/stairs", number))
        .collect();
    let counts = store.upsert_pull_requests(&records).expect("imports again");
    assert_eq!((counts.inserted, counts.unchanged), (50, stored));
    let page = store
        .pull_requests(&Selection::all(), None, records.len() + 1)
        .expect("reads");
    let page: Vec<_> = page.into_iter().map(|stored| stored.pull_request).collect();
    assert_eq!(page, records);
}

#[test]
#[ignore = "started by a_killed_import_loses_nothing_that_was_reported"]
fn child_imports() {
    let Some(folder) = child_folder() else {
        return;
    };
    let store = open(&folder);
    for start in (0..CHILD_RECORDS).step_by(25) {
        let records: Vec<_> = (start + 1..=start + 25)
            .map(|number| full("acme/stairs", number))
            .collect();
        store.upsert_pull_requests(&records).expect("stores");
        println!("stored {}", start + 25);
    }
}

#[cfg(unix)]
#[test]
fn a_read_only_place_can_be_read_and_refuses_the_rest() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store
        .upsert_pull_requests(&[full("acme/stairs", 1)])
        .expect("stores");
    drop(store);
    let path = folder.path().join("tandem.db");
    fs::copy(&path, folder.path().join("writable.db")).expect("copies");
    let permit = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permits");
    };
    permit(&path, 0o444);
    permit(&folder.path().join("writable.db"), 0o666);
    permit(folder.path(), 0o555);
    let mut command = child("child_meets_a_read_only_place", folder.path());
    // Permissions mean nothing to the superuser, so somebody else must try. (65534 is nobody.)
    let probe = folder.path().join("probe");
    if fs::write(&probe, "").is_ok() {
        fs::remove_file(&probe).expect("removes");
        command.uid(65_534).gid(65_534);
    }
    let output = command.output();
    permit(folder.path(), 0o755);
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped: another user cannot run this test: {error}");
            return;
        }
    };
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

#[test]
#[ignore = "started by a_read_only_place_can_be_read_and_refuses_the_rest"]
fn child_meets_a_read_only_place() {
    let Some(folder) = child_folder() else {
        return;
    };
    for name in ["tandem.db", "writable.db"] {
        let store = SqliteStore::open(&folder.join(name), &OpenOptions::read("coverage"))
            .expect("can be read");
        assert_eq!(store.statistics().expect("counts").pull_requests, 1);
    }
    let error = SqliteStore::open(&folder.join("tandem.db"), &OpenOptions::write("import")).err();
    assert!(
        matches!(error, Some(StoreError::ReadOnly { .. })),
        "{error:?}"
    );
    for name in ["writable.db", "new.db", "folder/new.db"] {
        let opened = SqliteStore::open(&folder.join(name), &OpenOptions::write("import"));
        let error = opened.and_then(|store| store.set_meta("a", "b")).err();
        assert!(
            matches!(
                error,
                Some(StoreError::UnwritableFolder { .. } | StoreError::ReadOnly { .. })
            ),
            "{name}: {error:?}"
        );
    }
}
