//! What an emulator is started with.

use std::path::PathBuf;

use crate::log::LogTarget;
use crate::scenario::Scenario;

/// Everything an [`Emulator`](crate::Emulator) needs to know at its start.
#[derive(Debug)]
pub struct EmulatorConfig {
    /// Models, timing, limits and faults.
    pub scenario: Scenario,
    /// Seed of every draw: the same seed, scenario and order of calls give the same answers and
    /// the same faults.
    pub seed: u64,
    /// Where one JSON line per answer that would be billed goes; `None` keeps no log.
    pub log: Option<LogTarget>,
    /// Directory for uploaded and result files; `None` makes a temporary one that is removed with
    /// the emulator.
    pub spool: Option<PathBuf>,
    /// How many chunks of batch requests are answered at the same time; at least 1.
    pub workers: usize,
    /// Unix time at the start, in milliseconds; `None` reads the system clock. Later times follow
    /// the runtime's (possibly paused) clock.
    pub start_unix_ms: Option<u64>,
}

impl EmulatorConfig {
    /// Returns the configuration for a scenario: seed 0, no log, a temporary spool directory and
    /// one worker per processor.
    pub fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            seed: 0,
            log: None,
            spool: None,
            workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            start_unix_ms: None,
        }
    }
}

/// Why an emulator could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The spool directory could not be made.
    #[error("cannot make the spool directory{}", path.as_ref().map(|path| format!(" {}", path.display())).unwrap_or_default())]
    Spool {
        /// The directory, where one was named.
        path: Option<PathBuf>,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The log file could not be opened for appending.
    #[error("cannot open the log {}", path.display())]
    Log {
        /// The log file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The loopback port could not be bound.
    #[error("cannot listen on the loopback address")]
    Listen(#[source] std::io::Error),
}
