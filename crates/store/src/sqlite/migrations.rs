//! The schema, step by step. `PRAGMA user_version` says how many steps a database has taken.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::error::StoreError;
use crate::sqlite::fault::Fault;
use crate::sqlite::search;

/// The steps in order. A released step never changes; a new one is added at the end, together with
/// a regression file in `tests/regression`.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_pull_requests.sql"),
    include_str!("../../migrations/sqlite/0002_ledger.sql"),
    include_str!("../../migrations/sqlite/0003_measures.sql"),
    include_str!("../../migrations/sqlite/0004_doubt.sql"),
    include_str!("../../migrations/sqlite/0005_rulings.sql"),
    include_str!("../../migrations/sqlite/0006_sync.sql"),
    include_str!("../../migrations/sqlite/0007_reviewers.sql"),
    include_str!("../../migrations/sqlite/0008_teams.sql"),
    include_str!("../../migrations/sqlite/0009_webhooks.sql"),
    include_str!("../../migrations/sqlite/0010_search.sql"),
    include_str!("../../migrations/sqlite/0011_corrections.sql"),
];

/// The newest version of the schema known here.
pub(crate) const SUPPORTED_VERSION: u32 = MIGRATIONS.len() as u32;

/// What `PRAGMA application_id` says in a database of Tandem: "TAND".
const APPLICATION_ID: i64 = 0x5441_4e44;

/// How a database stands to this version of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// An empty file.
    Empty,
    /// Steps are missing.
    Older(u32),
    /// Up to date.
    Current,
}

/// Looks at a database, and refuses those of others and of newer versions.
pub(crate) fn standing(connection: &Connection, path: &Path) -> Result<Standing, Fault> {
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 && version == 0 {
        return Ok(Standing::Empty);
    }
    if application != APPLICATION_ID {
        return Err(Fault::Store(StoreError::NotADatabase {
            path: path.to_owned(),
        }));
    }
    if version > SUPPORTED_VERSION {
        return Err(Fault::Store(StoreError::NewerVersion {
            path: path.to_owned(),
            found: version,
            supported: SUPPORTED_VERSION,
        }));
    }
    Ok(if version == SUPPORTED_VERSION {
        Standing::Current
    } else {
        Standing::Older(version)
    })
}

/// Takes the missing steps, each in a transaction of its own. The caller holds the writer lock.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Fault> {
    search::add_function(connection)?;
    loop {
        let done = match standing(connection, path)? {
            Standing::Current => return Ok(()),
            Standing::Empty => 0,
            Standing::Older(version) => version,
        };
        let Some(step) = MIGRATIONS.get(done as usize) else {
            return Ok(());
        };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", done + 1)?;
        transaction.commit()?;
    }
}
