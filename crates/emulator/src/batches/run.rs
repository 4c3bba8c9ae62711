//! The life of one batch, from creation to its end.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};

use super::form::Form;
use super::job::{Job, Task, Unreached};
use super::object::{Appearance, Batch, Counts, LineError, Status};
use super::scan::Scan;
use crate::chat::Completer;
use crate::log::Log;
use crate::scenario::{BatchFault, BatchFaultRule, Fault};
use crate::server::{Inner, State, StoredFile};

/// Steps in which the counters of a batch grow.
const STEPS: usize = 20;

/// Most requests answered before the counters are told and others get their turn.
const LARGEST_CHUNK: usize = 500;

/// Lives a batch. Ends early, without a trace, when the emulator is dropped.
pub(crate) async fn run(server: Weak<Inner>, batch_id: String) {
    if let Some(life) = Life::of(&server, &batch_id) {
        life.live().await;
    }
}

pub(super) struct Life {
    pub(super) server: Weak<Inner>,
    batch_id: String,
    output_id: String,
    error_id: String,
    pub(super) task: Task,
    deadline: Instant,
    cancel: Arc<Notify>,
    pub(super) fault: Option<BatchFaultRule>,
    pub(super) completer: Arc<Completer>,
    log: Arc<Log>,
    gate: Arc<Semaphore>,
}

/// Why a wait ended.
enum Wake {
    Due,
    Cancelled,
    Deadline,
}

/// How a batch ends.
struct End {
    status: Status,
    /// Errors to add to those of single lines.
    errors: Vec<LineError>,
    /// The work done, whose files are kept.
    job: Option<Job>,
    /// Whether requests that were not reached get lines.
    unreached: Option<Unreached>,
}

/// A job that failed for a reason of this machine.
struct Broken(String);

impl Life {
    fn of(server: &Weak<Inner>, batch_id: &str) -> Option<Self> {
        let inner = server.upgrade()?;
        let state = inner.state();
        let batch = state.batches.get(batch_id)?;
        let output_id = inner.ids.next("file_");
        let error_id = inner.ids.next("file_");
        let all_fail = batch
            .fault
            .as_ref()
            .is_some_and(|rule| rule.kind == BatchFault::AllFail);
        let task = Task {
            batch_id: batch_id.to_owned(),
            batch_number: batch.number,
            form: batch.form.clone(),
            input: inner.spool.path(&batch.input_id),
            output: inner.spool.path(&output_id),
            errors: inner.spool.path(&error_id),
            first_ordinals: batch.first_ordinals.clone(),
            forced: all_fail.then_some(if batch.form.dialect().reports_failed_json() {
                Fault::JsonEmpty
            } else {
                Fault::ServerError
            }),
        };
        Some(Self {
            server: Weak::clone(server),
            batch_id: batch_id.to_owned(),
            output_id,
            error_id,
            task,
            deadline: batch.deadline,
            cancel: Arc::clone(&batch.cancel),
            fault: batch.fault.clone(),
            completer: Arc::clone(&inner.completer),
            log: Arc::clone(&inner.log),
            gate: Arc::clone(&inner.gate),
        })
    }

    async fn live(&self) {
        match self.work_through().await {
            Ok(Some(end)) => self.end(end).await,
            // The batch has vanished, or the emulator has.
            Ok(None) => {}
            Err(Broken(reason)) => {
                let errors = vec![whole_file("internal_error", reason)];
                self.end(End {
                    status: Status::Failed,
                    errors,
                    job: None,
                    unreached: None,
                })
                .await;
            }
        }
    }

    async fn work_through(&self) -> Result<Option<End>, Broken> {
        let timing = self.completer.scenario.timing.clone();
        let fault = self.fault.as_ref().map(|rule| rule.kind);
        let validated = match fault {
            Some(BatchFault::NeverStarts) => self.deadline,
            _ => Instant::now() + Duration::from_millis(timing.validating_ms),
        };
        match self.wait(validated).await {
            Wake::Due if fault != Some(BatchFault::NeverStarts) => {}
            Wake::Cancelled => return Ok(Some(cancelled(self.never_begun().await?))),
            Wake::Due | Wake::Deadline => return Ok(Some(expired(self.never_begun().await?))),
        }
        let (scan, mut job) = self.open().await?;
        let problems = self.problems(&scan);
        if !problems.is_empty() {
            return Ok(Some(End {
                status: Status::Failed,
                errors: problems,
                job: None,
                unreached: None,
            }));
        }
        let total = job.total();
        self.change(|batch, now| {
            batch.status = Status::InProgress;
            batch.in_progress_at = Some(now);
            batch.errors = scan.errors;
            batch.counts = Counts {
                total: total as u64,
                ..Counts::default()
            };
        });
        let begun = Instant::now();
        let least = Duration::from_millis(timing.in_progress_ms);
        let duration = least.max(Duration::from_micros(timing.per_request_us * total as u64));
        let stop = self
            .fault
            .as_ref()
            .map_or(total, |rule| stop_at(rule, total));
        let chunk = (total / STEPS).clamp(1, LARGEST_CHUNK);
        while job.done() < stop {
            let until = (job.done() + chunk).min(stop);
            match self
                .wait(begun + duration.mul_f64(until as f64 / total as f64))
                .await
            {
                Wake::Due => {}
                Wake::Cancelled => return Ok(Some(cancelled(Some(job)))),
                Wake::Deadline => return Ok(Some(expired(Some(job)))),
            }
            job = self.blocking(move || job.work(until).map(|()| job)).await?;
            let counts = job.counts;
            self.change(|batch, _| batch.counts = counts);
        }
        match fault {
            Some(BatchFault::Expires) => return Ok(Some(expired(Some(job)))),
            Some(BatchFault::ExpiresWithoutFiles) => return Ok(Some(expired(None))),
            Some(BatchFault::Cancelled) => return Ok(Some(cancelled(Some(job)))),
            Some(BatchFault::FailsMidway) => {
                let errors = vec![whole_file(
                    "internal_error",
                    "The batch failed (emulated).".to_owned(),
                )];
                return Ok(Some(End {
                    status: Status::Failed,
                    errors,
                    job: Some(job),
                    unreached: None,
                }));
            }
            Some(kind @ (BatchFault::Vanishes | BatchFault::BareError)) => {
                self.change(|batch, _| {
                    batch.load.clear();
                    batch.appearance = if kind == BatchFault::Vanishes {
                        Appearance::Gone
                    } else {
                        Appearance::BareError
                    };
                });
                return Ok(None);
            }
            Some(BatchFault::Stalls) => {
                return Ok(Some(match self.wait(self.deadline).await {
                    Wake::Cancelled => cancelled(Some(job)),
                    Wake::Due | Wake::Deadline => expired(Some(job)),
                }));
            }
            _ => {}
        }
        self.change(|batch, _| batch.status = Status::Finalizing);
        match self
            .wait(Instant::now() + Duration::from_millis(timing.finalizing_ms))
            .await
        {
            Wake::Cancelled => return Ok(Some(cancelled(Some(job)))),
            Wake::Due | Wake::Deadline => {}
        }
        Ok(Some(End {
            status: Status::Completed,
            errors: Vec::new(),
            job: Some(job),
            unreached: None,
        }))
    }

    async fn open(&self) -> Result<(Scan, Job), Broken> {
        let task = self.task.clone();
        let (completer, log) = (Arc::clone(&self.completer), Arc::clone(&self.log));
        self.blocking(move || Job::open(task, completer, log)).await
    }

    /// The job of a batch that ends before it begins. Every request of a message batch has a line,
    /// also of one that never began; others have no files then.
    async fn never_begun(&self) -> Result<Option<Job>, Broken> {
        match self.task.form {
            Form::Messages => Ok(Some(self.open().await?.1)),
            Form::Batch | Form::Job { .. } => Ok(None),
        }
    }

    /// Ends the batch: closes its files and shows its last status.
    async fn end(&self, end: End) {
        let End {
            mut status,
            mut errors,
            job,
            unreached,
        } = end;
        if status == Status::Cancelled {
            self.change(|batch, now| {
                batch.status = Status::Cancelling;
                batch.cancelling_at.get_or_insert(now);
            });
            sleep(Duration::from_millis(
                self.completer.scenario.timing.cancelling_ms,
            ))
            .await;
        }
        let unreached = unreached.filter(|_| self.completer.scenario.server.unreached_lines);
        let mut counts = None;
        let mut files = (None, None);
        if let Some(mut job) = job {
            let closed = self
                .blocking(move || {
                    if let Some(why) = unreached {
                        job.write_unreached(why)?;
                    }
                    let counts = job.counts;
                    Ok((counts, job.close()?))
                })
                .await;
            match closed {
                Ok((told, written)) => {
                    counts = Some(told);
                    files = written;
                }
                Err(Broken(reason)) => {
                    status = Status::Failed;
                    errors.push(whole_file("internal_error", reason));
                }
            }
        }
        let fault = self.fault.as_ref().map(|rule| rule.kind);
        if fault == Some(BatchFault::NoFiles) {
            files = (None, None);
        }
        let Some(inner) = self.server.upgrade() else {
            return;
        };
        let now = inner.clock.unix_seconds();
        let gone = fault == Some(BatchFault::FilesGone);
        let mut state = inner.state();
        self.keep_files(&inner, &mut state, files, gone);
        let (output_id, error_id) = (
            files.0.map(|_| self.output_id.clone()),
            files.1.map(|_| self.error_id.clone()),
        );
        let Some(batch) = state.batches.get_mut(&self.batch_id) else {
            return;
        };
        batch.status = status;
        batch.errors.extend(errors);
        batch.output_file_id = output_id;
        batch.error_file_id = error_id;
        batch.load.clear();
        if let Some(counts) = counts {
            batch.counts = counts;
        }
        if fault == Some(BatchFault::CountersLie) {
            batch.counts.completed = batch.counts.total;
            batch.counts.failed = 0;
            batch.counts.unreached = 0;
        }
        let ended_at = match status {
            Status::Failed => &mut batch.failed_at,
            Status::Expired => &mut batch.expired_at,
            Status::Cancelled => &mut batch.cancelled_at,
            _ => &mut batch.completed_at,
        };
        *ended_at = Some(now);
    }

    /// Makes result files available, unless they are gone at once. The results of a message batch
    /// are no file of the API, and its requests are not needed any more.
    fn keep_files(
        &self,
        inner: &Inner,
        state: &mut State,
        files: (Option<u64>, Option<u64>),
        gone: bool,
    ) {
        if self.task.form == Form::Messages {
            // Spool files that cannot be removed only cost room.
            let _ = std::fs::remove_file(&self.task.input);
            if gone {
                let _ = inner.spool.remove(&self.output_id);
            }
            return;
        }
        let now = inner.clock.unix_seconds();
        let hours = inner.scenario.mistral.result_hours;
        let expires_at = matches!(self.task.form, Form::Job { .. }).then_some(now + hours * 3600);
        for (id, bytes, name) in [
            (&self.output_id, files.0, "output"),
            (&self.error_id, files.1, "error"),
        ] {
            let Some(bytes) = bytes.filter(|_| !gone) else {
                continue;
            };
            let filename = format!("{}_{name}.jsonl", self.batch_id);
            let mut file = StoredFile::result(id, bytes, now, filename);
            file.expires_at = expires_at;
            state.files.insert(id.clone(), file);
        }
    }

    /// Waits for an instant, a cancellation or the end of the window.
    async fn wait(&self, until: Instant) -> Wake {
        tokio::select! {
            biased;
            () = self.cancel.notified() => Wake::Cancelled,
            () = sleep_until(until.min(self.deadline)) => {
                if until > self.deadline { Wake::Deadline } else { Wake::Due }
            }
        }
    }

    /// Does work that blocks, when it is this batch's turn.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Broken> {
        let turn = Arc::clone(&self.gate).acquire_owned().await;
        let turn = turn.map_err(|_| Broken("the emulator is shutting down".to_owned()))?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        match done.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(Broken(format!(
                "The emulator could not use its spool: {error}"
            ))),
            Err(_) => Err(Broken("The emulator's answerer panicked.".to_owned())),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Batch, u64)) {
        let Some(inner) = self.server.upgrade() else {
            return;
        };
        let now = inner.clock.unix_seconds();
        if let Some(batch) = inner.state().batches.get_mut(&self.batch_id) {
            change(batch, now);
        }
    }
}

/// Requests after which a fault happens; all of them for faults that wait for the end.
fn stop_at(rule: &BatchFaultRule, total: usize) -> usize {
    match rule.kind {
        BatchFault::Expires
        | BatchFault::ExpiresWithoutFiles
        | BatchFault::Cancelled
        | BatchFault::FailsMidway
        | BatchFault::Vanishes
        | BatchFault::BareError
        | BatchFault::Stalls => ((total as f64 * rule.done) as usize).min(total),
        _ => total,
    }
}

fn cancelled(job: Option<Job>) -> End {
    End {
        status: Status::Cancelled,
        errors: Vec::new(),
        job,
        unreached: Some(Unreached::Cancelled),
    }
}

fn expired(job: Option<Job>) -> End {
    End {
        status: Status::Expired,
        errors: Vec::new(),
        job,
        unreached: Some(Unreached::Expired),
    }
}

/// An error about the whole file.
pub(super) fn whole_file(code: &'static str, message: String) -> LineError {
    LineError {
        code,
        message,
        param: None,
        line: None,
    }
}
