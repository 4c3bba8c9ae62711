//! The store in one SQLite file.
//!
//! One writer at a time, over all processes: [`SqliteStore::write`] holds the lock file `writer`
//! for one transaction. Readers need no lock and see the last committed state.

mod adoption;
mod analyses;
mod audit;
mod candidates;
mod codes;
mod connection;
mod corrections;
mod coverage;
mod discovered;
mod dossiers;
mod facts;
mod fault;
mod held;
mod inbox;
mod ledger;
mod ledger_claims;
mod ledger_costs;
mod ledger_quarantine;
mod ledger_reports;
mod ledger_requests;
mod ledger_runs;
mod ledger_shards;
mod marks;
mod meta;
mod migrations;
mod observations;
mod pages;
mod pull_requests;
mod search;
mod store;
mod sync;
mod take_over;
mod team_counts;
mod team_mapping;
mod team_of;
#[cfg(test)]
mod tests;
mod verdicts;
mod words;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::StoreError;
use crate::locks::{Lock, Locks};
use crate::open::{Access, OpenOptions};

pub(crate) use fault::Fault;

/// The name of the lock file that one write transaction holds.
const WRITER_LOCK: &str = "writer";
/// Connections kept open for readers; more are opened when needed and closed after use.
const READERS_KEPT: usize = 8;

/// Pull requests, verdicts, analyses and the ledger in one SQLite file.
///
/// Cloning gives another handle on the same open database.
#[derive(Clone)]
pub struct SqliteStore {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    locks: Locks,
    patience: Duration,
    // The readers stand before the writer because they are closed in this order: what cannot write cannot
    // bring the log into the database file, which would be incomplete by itself.
    readers: Mutex<Vec<Connection>>,
    /// `None` when opened for reading.
    writer: Option<Mutex<Connection>>,
}

impl SqliteStore {
    /// Opens the database at `path`, and brings it up to date.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, StoreError> {
        let locks = Locks::new(path, &options.verb);
        let (writer, first_reader) = match options.access {
            Access::Write => (
                Some(Mutex::new(connection::open_writer(
                    path,
                    &locks,
                    options.patience,
                )?)),
                None,
            ),
            Access::Read => (
                None,
                Some(connection::open_first_reader(
                    path,
                    &locks,
                    options.patience,
                )?),
            ),
        };
        Ok(Self {
            shared: Arc::new(Shared {
                path: path.to_owned(),
                locks,
                patience: options.patience,
                readers: Mutex::new(first_reader.into_iter().collect()),
                writer,
            }),
        })
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Reads in one snapshot. `doing` is a verb phrase for error messages.
    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let connection = self.take_reader()?;
        let result = read_on(&connection, work);
        self.give_back(connection);
        result.map_err(|fault| fault.into_error(&self.shared.path, doing))
    }

    /// Writes in one transaction, which is rolled back when `work` fails. `doing` is a verb phrase
    /// for error messages. Waits for other writers as long as the store was told to, then says who
    /// is in the way.
    pub(crate) fn write<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let Some(writer) = &self.shared.writer else {
            return Err(StoreError::ReadOnly {
                path: self.shared.path.clone(),
            });
        };
        let mut connection = writer.lock().unwrap_or_else(PoisonError::into_inner);
        let _lock = self
            .shared
            .locks
            .take_within(WRITER_LOCK, self.shared.patience)?;
        write_on(&mut connection, work).map_err(|fault| fault.into_error(&self.shared.path, doing))
    }

    /// Takes a named lock for as long as the caller wants.
    pub(crate) fn take_lock(&self, name: &str) -> Result<Lock, StoreError> {
        if self.shared.writer.is_none() {
            return Err(StoreError::ReadOnly {
                path: self.shared.path.clone(),
            });
        }
        if name == WRITER_LOCK {
            return Err(StoreError::Invalid {
                what: format!("the lock {WRITER_LOCK:?} is taken by each write itself"),
            });
        }
        self.shared.locks.try_take(name)
    }

    fn take_reader(&self) -> Result<Connection, StoreError> {
        let kept = self
            .shared
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        match kept {
            Some(connection) => Ok(connection),
            None => connection::open_reader(&self.shared.path)
                .map_err(|fault| fault.into_error(&self.shared.path, "open the database")),
        }
    }

    fn give_back(&self, connection: Connection) {
        let mut kept = self
            .shared
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if kept.len() < READERS_KEPT {
            kept.push(connection);
        }
    }

    /// Lets the database grow no further than this many pages, as a full disk would.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages: u32) {
        let writer = self.shared.writer.as_ref().expect("a writer");
        let connection = writer.lock().expect("not poisoned");
        let limit: i64 = connection
            .pragma_update_and_check(None, "max_page_count", pages, |row| row.get(0))
            .expect("a limit");
        assert!(limit >= i64::from(pages));
    }
}

fn read_on<T>(
    connection: &Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = connection.unchecked_transaction()?;
    let result = work(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

fn write_on<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let result = work(&transaction)?;
    transaction.commit()?;
    Ok(result)
}
