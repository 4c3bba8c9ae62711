//! The log of answers that a provider would bill.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::config::StartError;

/// One line of the log: an answer that the provider would bill, or might.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    /// Batch of the request; null for a synchronous chat completion.
    pub batch_id: Option<String>,
    /// The caller's id of the request; null for a synchronous chat completion.
    pub custom_id: Option<String>,
    /// Model that answered.
    pub model: String,
    /// `ok`, or the kind of failure; the crate's documentation lists them.
    pub outcome: String,
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the answer, hidden reasoning included.
    pub completion_tokens: u64,
}

/// Where the log goes.
pub enum LogTarget {
    /// A file, appended to and never truncated. Lines reach the operating system before the
    /// answers they stand for become visible.
    File(PathBuf),
    /// Any writer; flushed after each group of lines.
    Writer(Box<dyn Write + Send>),
    /// Memory, to be read back by the process that runs the emulator.
    Shared(SharedLog),
}

impl fmt::Debug for LogTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => formatter.debug_tuple("File").field(path).finish(),
            Self::Writer(_) => formatter.write_str("Writer"),
            Self::Shared(_) => formatter.write_str("Shared"),
        }
    }
}

/// A log kept in memory. Clones share the same records.
#[derive(Debug, Clone, Default)]
pub struct SharedLog(Arc<Mutex<Vec<LogRecord>>>);

impl SharedLog {
    /// Returns a copy of every record so far, in the order in which they were written.
    pub fn records(&self) -> Vec<LogRecord> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The open log.
pub(crate) enum Log {
    None,
    Write(Mutex<Box<dyn Write + Send>>),
    Shared(SharedLog),
}

impl Log {
    /// Opens the target.
    pub(crate) fn open(target: Option<LogTarget>) -> Result<Self, StartError> {
        match target {
            None => Ok(Self::None),
            Some(LogTarget::Shared(shared)) => Ok(Self::Shared(shared)),
            Some(LogTarget::Writer(writer)) => Ok(Self::Write(Mutex::new(writer))),
            Some(LogTarget::File(path)) => {
                let opened: std::io::Result<File> =
                    OpenOptions::new().create(true).append(true).open(&path);
                match opened {
                    Ok(file) => Ok(Self::Write(Mutex::new(Box::new(file)))),
                    Err(source) => Err(StartError::Log { path, source }),
                }
            }
        }
    }

    /// Appends records as one write, so that lines of different batches do not mix.
    pub(crate) fn append(&self, records: Vec<LogRecord>) -> std::io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        match self {
            Self::None => Ok(()),
            Self::Shared(shared) => {
                shared
                    .0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend(records);
                Ok(())
            }
            Self::Write(writer) => {
                let mut lines = Vec::with_capacity(records.len() * 160);
                for record in &records {
                    serde_json::to_writer(&mut lines, record)?;
                    lines.push(b'\n');
                }
                let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                writer.write_all(&lines)?;
                writer.flush()
            }
        }
    }
}
