//! Opening connections.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::WRITER_LOCK;
use super::fault::Fault;
use super::migrations::{self, SUPPORTED_VERSION, Standing};
use crate::error::StoreError;
use crate::locks::{Locks, folder_of};

/// Statements kept prepared on each connection.
const STATEMENTS_KEPT: usize = 64;
/// How long SQLite itself waits for programs that do not know our lock file, such as its shell.
const FOREIGN_PATIENCE: Duration = Duration::from_secs(10);
/// The page cache of a connection, in KiB; negative is SQLite's way to say so.
const CACHE_KIB: i64 = -64 * 1024;
/// The same of a connection that reads: there are several, pages are read in their order, and the system
/// keeps the file in memory as well.
const READER_CACHE_KIB: i64 = -4 * 1024;

/// Opens the one connection that writes; makes the database and its folder where they are missing.
pub(super) fn open_writer(
    path: &Path,
    locks: &Locks,
    patience: Duration,
) -> Result<Connection, StoreError> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(|source| StoreError::UnwritableFolder {
        path: folder.to_owned(),
        source,
    })?;
    let known = fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
    let doing = "open the database";
    let fail = |fault: Fault| fault.into_error(path, doing);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(|error| fail(error.into()))?;
    prepare(&connection).map_err(|error| fail(error.into()))?;
    // SQLite silently falls back to reading when the file may not be written.
    if connection
        .is_readonly("main")
        .map_err(|error| fail(error.into()))?
    {
        return Err(StoreError::ReadOnly {
            path: path.to_owned(),
        });
    }
    let standing = migrations::standing(&connection, path).map_err(fail)?;
    if !known || standing != Standing::Current {
        let _lock = locks.take_within(WRITER_LOCK, patience)?;
        connection
            .pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))
            .map_err(|error| fail(error.into()))?;
        migrations::migrate(&mut connection, path).map_err(fail)?;
    }
    Ok(connection)
}

/// Opens the first connection of a store that only reads. An older database is brought up to date
/// on the way, which is a write.
pub(super) fn open_first_reader(
    path: &Path,
    locks: &Locks,
    patience: Duration,
) -> Result<Connection, StoreError> {
    if !path.exists() {
        return Err(StoreError::NotFound {
            path: path.to_owned(),
        });
    }
    let fail = |fault: Fault| fault.into_error(path, "open the database");
    let connection = open_reader(path).map_err(fail)?;
    match migrations::standing(&connection, path).map_err(fail)? {
        Standing::Current => Ok(connection),
        Standing::Empty => Err(StoreError::NotADatabase {
            path: path.to_owned(),
        }),
        Standing::Older(found) => {
            drop(connection);
            let migrated = open_writer(path, locks, patience);
            match migrated {
                Ok(_) => open_reader(path).map_err(fail),
                Err(StoreError::ReadOnly { .. } | StoreError::UnwritableFolder { .. }) => {
                    Err(StoreError::OlderVersion {
                        path: path.to_owned(),
                        found,
                        supported: SUPPORTED_VERSION,
                    })
                }
                Err(error) => Err(error),
            }
        }
    }
}

/// Opens a connection that cannot write.
pub(super) fn open_reader(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).and_then(ready_to_read);
    match opened {
        // A database in WAL mode wants to make its helper files even to be read. Where that is not
        // allowed and no log is left over, nobody can be writing: it may be read as it stands.
        Err(_) if !log_of(path).exists() && !helper_can_be_made(path) => {
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            let opened = Connection::open_with_flags(immutable_uri(path), flags);
            Ok(opened.and_then(ready_to_read)?)
        }
        opened => Ok(opened?),
    }
}

/// Sets a connection up and looks whether it can read at all.
fn ready_to_read(connection: Connection) -> rusqlite::Result<Connection> {
    prepare(&connection)?;
    connection.pragma_update(None, "cache_size", READER_CACHE_KIB)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Whether a file can be made beside the database. Leaves nothing behind.
fn helper_can_be_made(path: &Path) -> bool {
    let mut probe = path.to_owned().into_os_string();
    probe.push(format!(".{}.probe", std::process::id()));
    let probe = PathBuf::from(probe);
    let made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&probe)
        .is_ok();
    if made {
        // A leftover empty file does no harm, and there is nobody to tell.
        let _ = fs::remove_file(&probe);
    }
    made
}

fn log_of(path: &Path) -> PathBuf {
    let mut log = path.to_owned().into_os_string();
    log.push("-wal");
    PathBuf::from(log)
}

/// The path as a URI that tells SQLite that nothing will change it.
fn immutable_uri(path: &Path) -> String {
    let escape = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
            char::from(*byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    let bytes = path.as_os_str().as_encoded_bytes();
    let escaped: String = bytes.iter().map(escape).collect();
    format!("file:{escaped}?immutable=1")
}

/// Sets what holds for every connection. No mmap: it made loading twice as slow.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(FOREIGN_PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "mmap_size", 0)
}
