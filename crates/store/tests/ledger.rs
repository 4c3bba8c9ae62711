//! The ledger in SQLite passes the suite that every ledger passes.

use std::sync::{Mutex, PoisonError};

use store::{OpenOptions, SqliteStore};

#[test]
fn sqlite_ledger_conforms() {
    let folders = Mutex::new(Vec::new());
    batch::testing::check_ledger(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tandem.db");
        folders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(folder);
        SqliteStore::open(&path, &OpenOptions::write("test")).expect("opens")
    });
}
