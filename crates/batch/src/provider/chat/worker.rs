//! Works a shard off: reads its input, asks, and keeps each answer before the next page counts.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::call::{Host, Question, Reply};
use super::spool::{EndFile, EndStatus, ResultFile, ShardFolder};
use crate::provider::{LineBody, parse_result_line};

/// How often a shard that another process holds is tried again.
const HELD_PAUSE: Duration = Duration::from_millis(200);

/// A shard at work in this process.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) requests: u64,
    pub(super) created_at: Timestamp,
    /// Cancelled to ask nothing more; what is being asked is waited for.
    pub(super) stop: CancellationToken,
    progress: Mutex<Progress>,
}

/// How far a shard is.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) stage: Stage,
}

/// Where a shard stands.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    /// Another process holds its files.
    Held,
    /// It is asked.
    Asking,
    /// It has ended.
    Ended(EndFile),
    /// Its files cannot be read or written.
    Broken(String),
}

impl Job {
    pub(super) fn new(requests: u64, created_at: Timestamp) -> Job {
        Job {
            requests,
            created_at,
            stop: CancellationToken::new(),
            progress: Mutex::new(Progress {
                completed: 0,
                failed: 0,
                stage: Stage::Held,
            }),
        }
    }

    /// A job that ended in an earlier process.
    pub(super) fn ended(requests: u64, created_at: Timestamp, end: EndFile) -> Job {
        let job = Job::new(requests, created_at);
        *job.state() = Progress {
            completed: end.completed,
            failed: end.failed,
            stage: Stage::Ended(end),
        };
        job
    }

    pub(super) fn progress(&self) -> Progress {
        self.state().clone()
    }

    fn state(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, completed: u64, failed: u64) {
        let mut state = self.state();
        state.completed += completed;
        state.failed += failed;
    }
}

/// Works a shard off, from wherever an earlier process left it.
pub(super) async fn work(host: Arc<Host>, folder: ShardFolder, job: Arc<Job>) {
    let stage = match ask_all(&host, &folder, &job).await {
        Ok(end) => Stage::Ended(end),
        Err(error) => Stage::Broken(error.to_string()),
    };
    job.state().stage = stage;
}

async fn ask_all(host: &Arc<Host>, folder: &ShardFolder, job: &Arc<Job>) -> io::Result<EndFile> {
    let mut results = hold(folder).await?;
    job.state().stage = Stage::Asking;
    let (taken_up, answered) = take_up(results, job).await?;
    results = taken_up;
    let input = tokio::fs::File::open(folder.input()).await?;
    let mut input = BufReader::new(input);
    let mut asking = JoinSet::new();
    let mut errors = Vec::new();
    let mut has_more = true;
    loop {
        while has_more && !job.stop.is_cancelled() && asking.len() < host.limiter.most() {
            match next_question(&mut input, &answered).await? {
                Some(question) => {
                    asking.spawn(Arc::clone(host).ask(question, job.stop.clone()));
                }
                None => has_more = false,
            }
        }
        let Some(first) = asking.join_next().await else {
            break;
        };
        // Everything that is there goes to the disk together.
        let mut page = Page::default();
        page.take(first, &mut errors)?;
        while let Some(next) = asking.try_join_next() {
            page.take(next, &mut errors)?;
        }
        if !errors.is_empty() {
            job.stop.cancel();
        }
        results = append(results, page.bytes).await?;
        job.count(page.completed, page.failed);
    }
    let status = match (errors.is_empty(), has_more || job.stop.is_cancelled()) {
        (false, _) => EndStatus::Failed,
        (true, true) => EndStatus::Cancelled,
        (true, false) => EndStatus::Completed,
    };
    errors.truncate(1);
    let progress = job.progress();
    let end = EndFile::new(status, errors, progress.completed, progress.failed);
    let folder = folder.clone();
    blocking(move || {
        folder.write_end(&end)?;
        drop(results);
        Ok(end)
    })
    .await
}

/// Lines that came together.
#[derive(Default)]
struct Page {
    bytes: Vec<u8>,
    completed: u64,
    failed: u64,
}

impl Page {
    fn take(
        &mut self,
        joined: Result<Reply, tokio::task::JoinError>,
        errors: &mut Vec<crate::ledger::BatchError>,
    ) -> io::Result<()> {
        match joined.map_err(io::Error::other)? {
            Reply::Line { bytes, is_answer } => {
                self.bytes.extend_from_slice(&bytes);
                if is_answer {
                    self.completed += 1;
                } else {
                    self.failed += 1;
                }
            }
            Reply::NobodyIsAnswered(error) => errors.push(error),
            Reply::Stopped => {}
        }
        Ok(())
    }
}

/// Waits until no other process holds the results.
async fn hold(folder: &ShardFolder) -> io::Result<ResultFile> {
    loop {
        let opening = folder.clone();
        if let Some(results) = blocking(move || opening.open_results()).await? {
            return Ok(results);
        }
        tokio::time::sleep(HELD_PAUSE).await;
    }
}

/// Finds out what has its line already. Holds the ids of one shard.
async fn take_up(
    mut results: ResultFile,
    job: &Arc<Job>,
) -> io::Result<(ResultFile, HashSet<String>)> {
    let job = Arc::clone(job);
    blocking(move || {
        let mut answered = HashSet::new();
        let (mut completed, mut failed) = (0, 0);
        results.take_up(|line| {
            if let Some(line) = parse_result_line(line)
                && let Some(custom_id) = line.custom_id
            {
                match line.body {
                    LineBody::Answer(_) => completed += 1,
                    LineBody::Error(_) => failed += 1,
                }
                answered.insert(custom_id);
            }
        })?;
        job.count(completed, failed);
        Ok((results, answered))
    })
    .await
}

async fn append(mut results: ResultFile, bytes: Vec<u8>) -> io::Result<ResultFile> {
    if bytes.is_empty() {
        return Ok(results);
    }
    blocking(move || {
        results.append(&bytes)?;
        Ok(results)
    })
    .await
}

/// The next line of the input that has no line among the results.
async fn next_question(
    input: &mut BufReader<tokio::fs::File>,
    answered: &HashSet<String>,
) -> io::Result<Option<Question>> {
    #[derive(Deserialize)]
    struct Line<'a> {
        custom_id: String,
        #[serde(borrow)]
        body: &'a RawValue,
    }
    let mut text = String::new();
    loop {
        text.clear();
        if input.read_line(&mut text).await? == 0 {
            return Ok(None);
        }
        if text.trim().is_empty() {
            continue;
        }
        let line: Line<'_> = serde_json::from_str(&text)?;
        if !answered.contains(&line.custom_id) {
            return Ok(Some(Question {
                body: line.body.get().to_owned(),
                custom_id: line.custom_id,
            }));
        }
    }
}

/// Does what may wait for the disk away from the runtime's own threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(io::Error::other(error)),
    }
}
