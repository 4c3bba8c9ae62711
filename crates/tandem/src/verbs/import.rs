//! `tandem import`: pull requests from files.

use std::path::Path;
use std::time::Instant;

use indicatif::ProgressBar;
use intake::{
    Content, CsvMapping, FileOptions, FileReader, Format, IntakeError, LineError, Options,
    RejectsWriter, Source,
};
use model::{PrKey, PullRequest};
use serde::Serialize;
use store::{Sighting, SightingCounts, Store, UpsertCounts};

use crate::app::App;
use crate::cli::{FormatChoice, ImportArguments};
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::{count, printable};
use crate::progress::bytes_bar;

/// Records written in one transaction.
const RECORDS_PER_WRITE: usize = 2_000;

/// How many bad lines are shown; the rest is in the rejects file.
const BAD_LINES_SHOWN: u64 = 5;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    database: &'a Path,
    files: Vec<File>,
    read: u64,
    inserted: u64,
    updated: u64,
    unchanged: u64,
    discovered: u64,
    seen_again: u64,
    already_read: u64,
    passed_over: u64,
    rejected: u64,
    rejects_file: Option<&'a Path>,
    seconds: f64,
}

/// A file and what it was read as.
#[derive(Serialize)]
struct File {
    file: String,
    format: &'static str,
}

/// Reads every file into the database.
pub(crate) fn run(app: &App, arguments: &ImportArguments) -> Result<Outcome, CliError> {
    let start = Instant::now();
    let options = FileOptions {
        options: Options::default(),
        format: arguments.format.map(FormatChoice::to_format),
        mapping: arguments.mapping.as_deref().map(mapping).transpose()?,
    };
    let only = Only::new(&arguments.only)?;
    // Every file is opened before anything is written, so that a typing error costs nothing.
    let mut readers = Vec::with_capacity(arguments.files.len());
    let mut files = Vec::with_capacity(arguments.files.len());
    for file in &arguments.files {
        let source = Source::from_argument(&file.to_string_lossy());
        let reader = FileReader::open(&source, &options).map_err(file_error)?;
        files.push(File {
            file: reader.file().to_owned(),
            format: reader.format().name(),
        });
        readers.push(reader);
    }
    let database = app.database_path()?;
    let store = app.open_to_write("import")?;
    let mut import = Import {
        app,
        store: store.as_ref(),
        strict: arguments.strict,
        only,
        rejects: RejectsWriter::new(rejects_path(&database)),
        pending: Vec::with_capacity(RECORDS_PER_WRITE),
        pending_sightings: Vec::new(),
        counts: UpsertCounts::default(),
        sightings: SightingCounts::default(),
        passed_over: 0,
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
    let Import {
        counts,
        sightings,
        passed_over,
        rejects,
        ..
    } = import;
    let rejects_file = rejects.path().to_path_buf();
    let rejected = rejects.finish().map_err(file_error)?;
    let seen = sightings.discovered + sightings.seen_again + sightings.already_read;
    if app.output.json {
        app.output.document(&Document {
            version: 1,
            database: &database,
            files,
            read: counts.total() + seen + passed_over + rejected,
            inserted: counts.inserted,
            updated: counts.updated,
            unchanged: counts.unchanged,
            discovered: sightings.discovered,
            seen_again: sightings.seen_again,
            already_read: sightings.already_read,
            passed_over,
            rejected,
            rejects_file: (rejected > 0).then_some(rejects_file.as_path()),
            seconds: start.elapsed().as_secs_f64(),
        })?;
    } else {
        print(app, counts, sightings, passed_over, rejected)?;
    }
    if rejected > 0 {
        app.output.warning(&format!(
            "bad lines set aside, with their reasons, in {1}: {0}",
            count(rejected),
            rejects_file.display()
        ));
    }
    if seen > 0 {
        app.output
            .note("next: tandem sync --discovered reads what was discovered");
    }
    if counts.total() > 0 || seen == 0 {
        app.output.note("next: tandem detect");
    }
    Ok(Outcome::Done)
}

fn print(
    app: &App,
    counts: UpsertCounts,
    sightings: SightingCounts,
    passed_over: u64,
    rejected: u64,
) -> Result<(), CliError> {
    let seen = sightings.discovered + sightings.seen_again + sightings.already_read;
    if seen == 0 || counts.total() > 0 || rejected > 0 {
        app.output.line(&format!(
            "{} pull requests: {} new, {} changed, {} unchanged; {} set aside",
            count(counts.total()),
            count(counts.inserted),
            count(counts.updated),
            count(counts.unchanged),
            count(rejected),
        ))?;
    }
    if seen > 0 {
        app.output.line(&format!(
            "{} events on pull requests: {} discovered, {} known from other events, {} of pull requests that are read already",
            count(seen),
            count(sightings.discovered),
            count(sightings.seen_again),
            count(sightings.already_read),
        ))?;
    }
    if passed_over > 0 {
        app.output.line(&format!(
            "{} passed over: no pull requests, or not of --only",
            count(passed_over)
        ))?;
    }
    Ok(())
}

/// Reads a mapping file.
fn mapping(path: &Path) -> Result<CsvMapping, CliError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        CliError::input(format!(
            "cannot read the mapping {}: {error}",
            path.display()
        ))
    })?;
    CsvMapping::parse(&text).map_err(|bad| {
        CliError::input(format!("the mapping {} is wrong: {bad}", path.display()))
            .hint("docs/import.md has every key with an example")
    })
}

/// Where bad lines go: beside the database.
pub(crate) fn rejects_path(database: &Path) -> std::path::PathBuf {
    database.with_extension("rejects.jsonl")
}

/// Which owners and repositories are wanted; all where none is named.
struct Only {
    names: Vec<String>,
}

impl Only {
    fn new(names: &[String]) -> Result<Self, CliError> {
        let is_name = |name: &String| {
            let parts: Vec<&str> = name.split('/').collect();
            parts.len() <= 2 && parts.iter().all(|part| !part.is_empty())
        };
        if let Some(wrong) = names.iter().find(|name| !is_name(name)) {
            return Err(
                CliError::input(format!("'{wrong}' is neither an owner nor a repository"))
                    .hint("write --only OWNER, or --only OWNER/NAME"),
            );
        }
        Ok(Self {
            names: names.iter().map(|name| name.to_lowercase()).collect(),
        })
    }

    fn wants(&self, repo: &str) -> bool {
        if self.names.is_empty() {
            return true;
        }
        let repo = repo.to_lowercase();
        let owner = repo
            .split_once('/')
            .map_or(repo.as_str(), |(owner, _)| owner);
        self.names.iter().any(|name| *name == repo || name == owner)
    }
}

struct Import<'a> {
    app: &'a App,
    store: &'a dyn Store,
    strict: bool,
    only: Only,
    rejects: RejectsWriter,
    pending: Vec<PullRequest>,
    pending_sightings: Vec<Sighting>,
    counts: UpsertCounts,
    sightings: SightingCounts,
    passed_over: u64,
}

impl Import<'_> {
    fn read(&mut self, reader: FileReader) -> Result<(), CliError> {
        let progress = reader.progress();
        let bar = bytes_bar(&self.app.output, progress.total_bytes());
        bar.set_message(printable(&format!("import {}", reader.file())));
        if reader.format() != Format::Tandem {
            self.app.output.note(&format!(
                "{}: read as {}",
                reader.file(),
                reader.format().name()
            ));
        }
        let result = self.read_records(reader, || bar.set_position(progress.bytes_read()));
        ProgressBar::finish_and_clear(&bar);
        result?;
        self.write_pending()
    }

    fn read_records(&mut self, reader: FileReader, tick: impl Fn()) -> Result<(), CliError> {
        for item in reader {
            match item.map(|item| item.content) {
                Ok(Content::PullRequest(record)) if self.only.wants(&record.repo) => {
                    self.pending.push(*record);
                }
                Ok(Content::Sighting(seen)) if self.only.wants(&seen.repo) => {
                    self.pending_sightings.push(sighting(seen));
                }
                Ok(_) => self.passed_over += 1,
                Err(IntakeError::Line(error)) => self.reject(error)?,
                Err(IntakeError::File(error)) => return Err(file_error(error)),
            }
            if self.pending.len() + self.pending_sightings.len() == RECORDS_PER_WRITE {
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
        self.sightings += self.store.put_sightings(&self.pending_sightings)?;
        self.pending_sightings.clear();
        Ok(())
    }
}

fn sighting(seen: intake::Sighting) -> Sighting {
    Sighting {
        key: PrKey {
            repo: seen.repo,
            number: seen.number,
        },
        author: seen.author,
        actor: seen.actor,
        at: seen.at,
    }
}

fn file_error(error: intake::FileError) -> CliError {
    let hint = match &error {
        intake::FileError::NoMapping { .. } => Some(
            "say with --mapping FILE which column is what, see docs/import.md; or --format for another format",
        ),
        intake::FileError::MissingColumn { .. } => {
            Some("names of columns are compared as they stand, case and all")
        }
        _ => None,
    };
    let error = CliError::new(ErrorKind::Input, error);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}
