//! The failures file: one JSON line for each question without an answer, and why. It is written anew
//! at the end of every command, and put in its place at once.

use std::io::{BufWriter, Write};
use std::path::Path;

use batch::ledger::{Decision, RequestCursor, Ruling};
use batch::{Ledger, RunId};
use jiff::Timestamp;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::index::{IdHash, Index};
use super::questions::BadLine;
use crate::error::{CliError, ErrorKind};
use crate::output::json_line;

/// How many failed requests one page of the ledger gives.
const PAGE: usize = 1_000;
/// The version of a line's shape.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Line<'a> {
    version: u32,
    /// `None` for a line that is no question.
    custom_id: Option<&'a str>,
    kind: &'a str,
    detail: &'a str,
    attempts: Option<u32>,
    tier: Option<u32>,
    quarantined: bool,
    run: Option<i64>,
    /// The line of the questions, where it is no question.
    line: Option<u64>,
}

/// What else the file tells, beside the requests of the runs that were worked on.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The questions of this command: of those, the ones quarantined earlier are listed too.
    pub(super) questions: &'a Index,
    /// The lines that were no questions.
    pub(super) bad: &'a [BadLine],
}

/// Writes the file, where one is wanted.
pub(super) fn write(
    path: Option<&Path>,
    ledger: &dyn Ledger,
    task: &str,
    runs: &[RunId],
    asked: Option<Asked<'_>>,
) -> Result<(), CliError> {
    let Some(path) = path else { return Ok(()) };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = |error: std::io::Error| {
        CliError::new(ErrorKind::Input, anyhow::Error::new(error))
            .context(format!("cannot write the failures file {}", path.display()))
    };
    let fresh = NamedTempFile::new_in(folder).map_err(failed)?;
    let mut output = BufWriter::new(fresh);
    for run in runs {
        of_run(&mut output, ledger, *run)?;
    }
    if let Some(asked) = asked {
        of_quarantine(&mut output, ledger, task, runs, asked.questions)?;
        for bad in asked.bad {
            put(
                &mut output,
                &Line {
                    version: VERSION,
                    custom_id: None,
                    kind: "bad_line",
                    detail: &bad.reason,
                    attempts: None,
                    tier: None,
                    quarantined: false,
                    run: None,
                    line: Some(bad.line),
                },
            )?;
        }
    }
    let fresh = output
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    fresh.as_file().sync_all().map_err(failed)?;
    fresh.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn of_run(output: &mut impl Write, ledger: &dyn Ledger, run: RunId) -> Result<(), CliError> {
    let mut after = None;
    loop {
        let page = ledger.failures(run, after, PAGE)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.seq);
        for failed in &page {
            put(
                output,
                &Line {
                    version: VERSION,
                    custom_id: Some(&failed.subject),
                    kind: failed.kind.as_str(),
                    detail: &failed.detail,
                    attempts: Some(failed.attempts),
                    tier: Some(failed.tier),
                    quarantined: failed.quarantined,
                    run: Some(run.0),
                    line: None,
                },
            )?;
        }
    }
}

/// Questions that are not asked any more since an earlier run.
fn of_quarantine(
    output: &mut impl Write,
    ledger: &dyn Ledger,
    task: &str,
    runs: &[RunId],
    questions: &Index,
) -> Result<(), CliError> {
    let mut after = None;
    loop {
        let page = ledger.quarantined(task, after, PAGE)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.cursor);
        for request in &page {
            let is_told = runs.contains(&request.cursor.run);
            if is_told || !is_asked(questions, &request.subject, &request.content_hash) {
                continue;
            }
            put(
                output,
                &Line {
                    version: VERSION,
                    custom_id: Some(&request.subject),
                    kind: request.kind.as_str(),
                    detail: &request.detail,
                    attempts: Some(request.attempts),
                    tier: Some(request.tier),
                    quarantined: true,
                    run: Some(request.cursor.run.0),
                    line: None,
                },
            )?;
        }
    }
}

/// Whether a request of the ledger asks what one of the questions asks.
fn is_asked(questions: &Index, subject: &str, content_hash: &str) -> bool {
    u64::from_str_radix(content_hash, 16)
        .is_ok_and(|question| questions.has(IdHash::of(subject), question))
}

/// Lets quarantined questions be asked again; says how many.
pub(super) fn release(ledger: &dyn Ledger, task: &str, questions: &Index) -> Result<u64, CliError> {
    let mut after = None;
    let mut released = 0;
    let ruling = Ruling {
        decision: Decision::Retry,
        note: Some("batch run --retry-quarantined".to_owned()),
        at: Timestamp::now(),
    };
    loop {
        let page = ledger.quarantined(task, after, PAGE)?;
        let Some(last) = page.last() else {
            return Ok(released);
        };
        after = Some(last.cursor);
        let places: Vec<RequestCursor> = page
            .iter()
            .filter(|request| is_asked(questions, &request.subject, &request.content_hash))
            .map(|request| request.cursor)
            .collect();
        released += ledger.rule(&places, &ruling)?;
    }
}

fn put(output: &mut impl Write, line: &Line<'_>) -> Result<(), CliError> {
    Ok(output.write_all(json_line(line)?.as_bytes())?)
}
