//! `tandem import`: pull requests from files.

use std::path::Path;
use std::time::Instant;

use indicatif::ProgressBar;
use intake::{IntakeError, LineError, Options, Reader, RejectsWriter, Source};
use model::PullRequest;
use serde::Serialize;
use store::{Store, UpsertCounts};

use crate::app::App;
use crate::cli::ImportArguments;
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::count;
use crate::progress::bytes_bar;

/// Records written in one transaction.
const RECORDS_PER_WRITE: usize = 2_000;

/// How many bad lines are shown; the rest is in the rejects file.
const BAD_LINES_SHOWN: u64 = 5;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    database: &'a Path,
    read: u64,
    inserted: u64,
    updated: u64,
    unchanged: u64,
    rejected: u64,
    rejects_file: Option<&'a Path>,
    seconds: f64,
}

/// Reads every file into the database.
pub(crate) fn run(app: &App, arguments: &ImportArguments) -> Result<Outcome, CliError> {
    let start = Instant::now();
    let sources: Vec<Source> = arguments
        .files
        .iter()
        .map(|file| Source::from_argument(&file.to_string_lossy()))
        .collect();
    // Every file is opened before anything is written, so that a typing error costs nothing.
    let mut readers = Vec::with_capacity(sources.len());
    for source in &sources {
        readers.push(Reader::open(source, Options::default()).map_err(file_error)?);
    }
    let database = app.database_path()?;
    let store = app.open_to_write("import")?;
    let mut import = Import {
        app,
        store: store.as_ref(),
        strict: arguments.strict,
        rejects: RejectsWriter::new(rejects_path(&database)),
        pending: Vec::with_capacity(RECORDS_PER_WRITE),
        counts: UpsertCounts::default(),
    };
    for reader in readers {
        if let Err(error) = import.read(reader) {
            // What was read before the fault is sound: it is kept, and the user is told so.
            import.write_pending()?;
            let kept = import.counts.total();
            let rejected = import.rejects.finish().map_err(file_error)?;
            return Err(error.hint(format!(
                "records before it that are in the database: {}; bad lines set aside: {}; repeating the import is safe",
                count(kept),
                count(rejected)
            )));
        }
    }
    let counts = import.counts;
    let rejects_file = import.rejects.path().to_path_buf();
    let rejected = import.rejects.finish().map_err(file_error)?;
    if app.output.json {
        app.output.document(&Document {
            version: 1,
            database: &database,
            read: counts.total() + rejected,
            inserted: counts.inserted,
            updated: counts.updated,
            unchanged: counts.unchanged,
            rejected,
            rejects_file: (rejected > 0).then_some(rejects_file.as_path()),
            seconds: start.elapsed().as_secs_f64(),
        })?;
    } else {
        app.output.line(&format!(
            "{} pull requests: {} new, {} changed, {} unchanged; {} set aside",
            count(counts.total()),
            count(counts.inserted),
            count(counts.updated),
            count(counts.unchanged),
            count(rejected),
        ))?;
    }
    if rejected > 0 {
        app.output.warning(&format!(
            "bad lines set aside, with their reasons, in {1}: {0}",
            count(rejected),
            rejects_file.display()
        ));
    }
    app.output.note("next: tandem detect");
    Ok(Outcome::Done)
}

/// Where bad lines go: beside the database.
pub(crate) fn rejects_path(database: &Path) -> std::path::PathBuf {
    database.with_extension("rejects.jsonl")
}

struct Import<'a> {
    app: &'a App,
    store: &'a dyn Store,
    strict: bool,
    rejects: RejectsWriter,
    pending: Vec<PullRequest>,
    counts: UpsertCounts,
}

impl Import<'_> {
    fn read(&mut self, reader: Reader) -> Result<(), CliError> {
        let progress = reader.progress();
        let bar = bytes_bar(&self.app.output, progress.total_bytes());
        bar.set_message(format!("import {}", reader.file()));
        let result = self.read_records(reader, || bar.set_position(progress.bytes_read()));
        ProgressBar::finish_and_clear(&bar);
        result?;
        self.write_pending()
    }

    fn read_records(&mut self, reader: Reader, tick: impl Fn()) -> Result<(), CliError> {
        for record in reader {
            match record {
                Ok(record) => self.pending.push(record.pull_request),
                Err(IntakeError::Line(error)) => self.reject(error)?,
                Err(IntakeError::File(error)) => return Err(file_error(error)),
            }
            if self.pending.len() == RECORDS_PER_WRITE {
                self.write_pending()?;
                tick();
            }
        }
        Ok(())
    }

    fn reject(&mut self, error: LineError) -> Result<(), CliError> {
        if self.strict {
            return Err(CliError::new(ErrorKind::Input, error)
                .hint("without --strict, bad lines are set aside and the rest goes in"));
        }
        if self.rejects.count() < BAD_LINES_SHOWN {
            self.app.output.warning(&error.to_string());
        }
        self.rejects.write(&error).map_err(file_error)
    }

    fn write_pending(&mut self) -> Result<(), CliError> {
        self.counts += self.store.upsert_pull_requests(&self.pending)?;
        self.pending.clear();
        Ok(())
    }
}

fn file_error(error: intake::FileError) -> CliError {
    CliError::new(ErrorKind::Input, error)
}
