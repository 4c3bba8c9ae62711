//! The results file: one JSON line for each answer, and the only place where answers are.
//!
//! Answers are appended and synced to the disk before the ledger marks their requests. A crash in
//! between leaves answers here that the ledger does not know of: they come again when the run is
//! taken up, and are dropped because the file, which is read when it is opened, has them. A crash in
//! the middle of a write leaves a last line without its end: the ledger has not marked it, so it is
//! cut off and comes again.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use batch::{Answer, AnswerSink, SinkError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::index::{Entry, IdHash, Index};
use crate::error::{CliError, ErrorKind};

/// The version of a line's shape.
const VERSION: u32 = 1;

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    version: u32,
    custom_id: &'a str,
    answer: &'a RawValue,
    model: String,
    tier: u32,
    attempt: u32,
    tokens: Option<Tokens>,
    cost_usd: f64,
    repair: Option<&'a str>,
    finish_reason: Option<&'a str>,
    latency_ms: Option<u64>,
    run: i64,
    /// A hash of everything that was asked.
    question: &'a str,
}

#[derive(Serialize)]
struct Tokens {
    input: u64,
    output: u64,
}

/// What has to be known of a line that is there.
#[derive(Deserialize)]
struct Known<'a> {
    version: u32,
    custom_id: std::borrow::Cow<'a, str>,
    question: std::borrow::Cow<'a, str>,
}

/// The open file.
pub(super) struct Results {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    file: File,
    /// What was in the file when it was opened.
    known: Index,
}

impl Results {
    /// Opens the file, or makes it; mends its end and keeps other processes from it.
    ///
    /// # Errors
    /// Exit code 2 when it holds something else than results, or another process writes it.
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let failed = |error| unwritable(path, error);
        let is_new = !path.exists();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        lock(&file, path)?;
        mend_end(&mut file, path)?;
        if is_new {
            sync_folder(path).map_err(failed)?;
        }
        let known = read_index(path)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Results {
            path: path.to_owned(),
            state: Mutex::new(State { file, known }),
        })
    }

    /// Looks at the file, if it is there, without touching it.
    pub(super) fn look(path: &Path) -> Result<Index, CliError> {
        if path.exists() {
            read_index(path)
        } else {
            Ok(Index::default())
        }
    }

    /// How many of these questions had another answer when the file was opened: one to an earlier
    /// form of the question.
    pub(super) fn outdated(&self, questions: &Index) -> u64 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        outdated(&state.known, questions)
    }

    /// Takes answers to earlier forms of these questions out of the file, which is written anew and
    /// put in its place at once.
    pub(super) fn drop_outdated(&self, questions: &Index) -> Result<(), CliError> {
        let failed = |error| unwritable(&self.path, error);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fresh_path = self.path.clone().into_os_string();
        fresh_path.push(".new");
        let fresh_path = PathBuf::from(fresh_path);
        let fresh = File::create(&fresh_path).map_err(failed)?;
        lock(&fresh, &self.path)?;
        let mut writer = BufWriter::new(fresh);
        for_each_line(&self.path, |_, text, entry| {
            let is_current = questions
                .get(entry.id)
                .is_none_or(|asked| asked.question == entry.question);
            if is_current {
                writer.write_all(text).map_err(failed)?;
                writer.write_all(b"\n").map_err(failed)?;
            }
            Ok(())
        })?;
        let fresh = writer
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        fresh.sync_all().map_err(failed)?;
        std::fs::rename(&fresh_path, &self.path).map_err(failed)?;
        sync_folder(&self.path).map_err(failed)?;
        state.file = fresh;
        state.known = read_index(&self.path)?;
        Ok(())
    }

    /// What the file holds now.
    pub(super) fn now(&self) -> Result<Index, CliError> {
        read_index(&self.path)
    }
}

/// How many of these questions an index answers in an earlier form.
pub(super) fn outdated(known: &Index, questions: &Index) -> u64 {
    let entries = questions.entries().iter();
    let is_outdated = |asked: &&Entry| {
        known
            .get(asked.id)
            .is_some_and(|answered| answered.question != asked.question)
    };
    entries.filter(is_outdated).count() as u64
}

impl AnswerSink for Results {
    fn store(&self, answers: &[Answer]) -> Result<(), SinkError> {
        let mut page = Vec::new();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for answer in answers {
            let question = u64::from_str_radix(&answer.content_hash, 16)?;
            // Outside of strings a line break is a space, and inside it is written \n.
            let json = answer.json.replace(['\n', '\r'], " ");
            if state.known.has(IdHash::of(&answer.subject), question) {
                continue;
            }
            let line = Line {
                version: VERSION,
                custom_id: &answer.subject,
                answer: serde_json::from_str(json.trim())?,
                model: answer.model.to_string(),
                tier: answer.tier,
                attempt: answer.attempt,
                tokens: answer.usage.map(|usage| Tokens {
                    input: usage.input_tokens,
                    output: usage.output_tokens,
                }),
                cost_usd: answer.cost.as_usd(),
                repair: answer.repair.as_deref(),
                finish_reason: answer.finish_reason.as_deref(),
                latency_ms: answer.latency_ms,
                run: answer.run.0,
                question: &answer.content_hash,
            };
            serde_json::to_writer(&mut page, &line)?;
            page.push(b'\n');
        }
        state.file.write_all(&page)?;
        state.file.sync_data()?;
        Ok(())
    }
}

/// Reads what is in the file.
fn read_index(path: &Path) -> Result<Index, CliError> {
    let mut entries = Vec::new();
    for_each_line(path, |_, _, entry| {
        entries.push(entry);
        Ok(())
    })?;
    Ok(Index::new(entries))
}

/// Gives every whole line with what is known of it.
fn for_each_line(
    path: &Path,
    mut give: impl FnMut(u64, &[u8], Entry) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let file = File::open(path).map_err(|error| unwritable(path, error))?;
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        let bytes = reader.read_until(b'\n', &mut line);
        if bytes.map_err(|error| unwritable(path, error))? == 0 {
            return Ok(());
        }
        // A last line without its end was never finished.
        let Some(text) = line.strip_suffix(b"\n") else {
            return Ok(());
        };
        number += 1;
        if text.trim_ascii().is_empty() {
            continue;
        }
        let entry = entry_of(text, number).ok_or_else(|| foreign(path, number))?;
        give(number, text, entry)?;
    }
}

fn entry_of(text: &[u8], line: u64) -> Option<Entry> {
    let known: Known<'_> = serde_json::from_slice(text).ok()?;
    Some(Entry {
        id: IdHash::of(&known.custom_id),
        question: u64::from_str_radix(&known.question, 16).ok()?,
        line,
    })
    .filter(|_| known.version == VERSION)
}

/// Cuts off a line that a crash left unfinished, or ends it where only its end is missing.
fn mend_end(file: &mut File, path: &Path) -> Result<(), CliError> {
    let failed = |error| unwritable(path, error);
    let whole = file.metadata().map_err(failed)?.len();
    let mut start = 0;
    let mut tail = Vec::new();
    let mut reader = BufReader::with_capacity(1 << 18, &*file);
    reader.seek(SeekFrom::Start(0)).map_err(failed)?;
    loop {
        tail.clear();
        let bytes = reader.read_until(b'\n', &mut tail).map_err(failed)? as u64;
        if bytes == 0 || tail.last() != Some(&b'\n') {
            break;
        }
        start += bytes;
    }
    if start == whole {
        return Ok(());
    }
    if entry_of(&tail, 1).is_some() {
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        file.write_all(b"\n").map_err(failed)?;
    } else if start > 0 || tail.starts_with(b"{\"version\":") {
        file.set_len(start).map_err(failed)?;
    } else {
        return Err(foreign(path, 1));
    }
    file.sync_all().map_err(failed)
}

fn lock(file: &File, path: &Path) -> Result<(), CliError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(CliError::input(format!(
            "another process writes {}",
            path.display()
        ))
        .hint("wait until it is done, or stop it; nothing was changed")),
        Err(TryLockError::Error(error)) => Err(unwritable(path, error)),
    }
}

/// Makes a name that was given to a file last.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

fn unwritable(path: &Path, error: std::io::Error) -> CliError {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound
        | std::io::ErrorKind::PermissionDenied
        | std::io::ErrorKind::IsADirectory => ErrorKind::Input,
        _ => ErrorKind::Internal,
    };
    CliError::new(kind, anyhow::Error::new(error))
        .context(format!("cannot use the results file {}", path.display()))
}

fn foreign(path: &Path, line: u64) -> CliError {
    CliError::input(format!(
        "{}:{line}: this is no line of results",
        path.display()
    ))
    .hint("answers are added to the output file: name one that is new, or that tandem batch wrote")
}
