//! Plain chat completions in the place of a Batch API: for servers without one, and for answers at once.
//!
//! Shards are kept in a spool on this machine and asked with bounded concurrency; to the engine it looks
//! like any other host. A killed process asks nothing again that had its line on the disk; only what was
//! being asked at that moment may be paid for twice.

mod call;
mod limiter;
mod spool;
mod worker;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;
use tokio_util::io::ReaderStream;

use super::caller::Caller;
use super::common::served_models;
use super::lines::{LineCutter, MAX_LINE_BYTES};
use super::openai::line_frame;
use super::profile::Profile;
use super::reader::parse_result_line;
use super::result_file::result_lines;
use super::{
    InputSource, LineFrame, NewBatch, PollReply, Polled, Provider, ProviderError,
    ProviderErrorKind, ProviderLimits, RemoteBatch, RemoteCounts, RemoteStatus, RequestTemplate,
    ResultStream, Windows,
};
use crate::clock::Clock;
use crate::settings::RetrySettings;
use crate::tier::Billing;
use crate::transport::{Reach, Transport, TransportError};
use call::Host;
use spool::{BatchFile, EndStatus, ShardFolder, Spool};
use worker::{Job, Stage, blocking, work};

/// The ending of the id of a file of results; the id of a shard's input is its token.
const RESULTS_SUFFIX: &str = ".results";
/// Shards have no window here: this far away, the engine's rule for windows never applies.
const NO_WINDOW: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Servers that tag their models list this tag where a name without one means it.
const LATEST: &str = ":latest";

/// A host of chat completions of the OpenAI shape, asked call by call.
pub struct Chat {
    profile: Profile,
    host: Arc<Host>,
    spool: Spool,
    clock: Arc<dyn Clock>,
    running: Mutex<HashMap<String, Running>>,
}

/// What such a host needs beside its profile.
pub struct ChatParts {
    /// The caller's key.
    pub key: Option<SecretString>,
    /// How requests reach the host.
    pub transport: Arc<dyn Transport>,
    /// How failed calls are repeated.
    pub retry: RetrySettings,
    /// The folder for shards, this provider's own.
    pub spool: PathBuf,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// A shard and the task that works it off; the task ends with it.
struct Running {
    job: Arc<Job>,
    task: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Chat {
    /// A host after a profile.
    pub fn new(profile: Profile, parts: ChatParts) -> Chat {
        let caller = Caller::new(&profile, parts.key, parts.transport, parts.retry.clone());
        // Lines name the endpoint with its version, which is part of the base address here.
        let path = profile
            .endpoint
            .strip_prefix("/v1")
            .unwrap_or(&profile.endpoint)
            .to_owned();
        Chat {
            host: Arc::new(Host::new(caller, path, parts.retry, profile.concurrency)),
            spool: Spool::new(parts.spool),
            clock: parts.clock,
            running: Mutex::default(),
            profile,
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn disk_error(&self, call: &'static str, error: &io::Error) -> ProviderError {
        let words = format!("the spool on this machine: {error}");
        self.host
            .caller
            .error(call, ProviderErrorKind::Rejected, words)
    }

    fn folder(&self, call: &'static str, token: &str) -> Result<ShardFolder, ProviderError> {
        self.spool.folder(token).ok_or_else(|| {
            let kind = ProviderErrorKind::NotFound;
            let words = format!("there is no {token:?} in the spool");
            self.host.caller.error(call, kind, words)
        })
    }

    /// The shard as this process works on it; taken up from the disk where it does not yet.
    async fn job(
        &self,
        call: &'static str,
        token: &str,
    ) -> Result<Option<Arc<Job>>, ProviderError> {
        if let Some(running) = self.running().get(token) {
            return Ok(Some(Arc::clone(&running.job)));
        }
        let Some(folder) = self.spool.folder(token) else {
            return Ok(None);
        };
        let reading = folder.clone();
        let read = blocking(move || Ok((reading.batch()?, reading.end()?))).await;
        let (batch, end) = read.map_err(|error| self.disk_error(call, &error))?;
        let Some(batch) = batch else {
            return Ok(None);
        };
        let mut running = self.running();
        // Another task may have been here meanwhile.
        if let Some(running) = running.get(token) {
            return Ok(Some(Arc::clone(&running.job)));
        }
        let (job, task) = if let Some(end) = end {
            let job = Job::ended(batch.requests, batch.created_at, end);
            (Arc::new(job), None)
        } else {
            let job = Arc::new(Job::new(batch.requests, batch.created_at));
            let working = work(Arc::clone(&self.host), folder, Arc::clone(&job));
            (job, Some(tokio::spawn(working)))
        };
        let entry = Running {
            job: Arc::clone(&job),
            task,
        };
        running.insert(token.to_owned(), entry);
        Ok(Some(job))
    }

    fn remote(&self, token: &str, job: &Job) -> RemoteBatch {
        let progress = job.progress();
        let (status, status_text, errors) = match progress.stage {
            Stage::Held => (RemoteStatus::Running, "held by another process", Vec::new()),
            Stage::Asking | Stage::Broken(_) => (RemoteStatus::Running, "asking", Vec::new()),
            Stage::Ended(end) => {
                let (status, text) = match end.status {
                    EndStatus::Completed => (RemoteStatus::Completed, "completed"),
                    EndStatus::Failed => (RemoteStatus::Failed, "failed"),
                    EndStatus::Cancelled => (RemoteStatus::Cancelled, "cancelled"),
                };
                (status, text, end.errors)
            }
        };
        RemoteBatch {
            id: token.to_owned(),
            status,
            status_text: status_text.to_owned(),
            input_file_id: Some(token.to_owned()),
            output_file_id: Some(format!("{token}{RESULTS_SUFFIX}")),
            error_file_id: None,
            errors,
            counts: RemoteCounts {
                total: job.requests,
                completed: progress.completed,
                failed: progress.failed,
            },
            created_at: Some(job.created_at),
            expires_at: self.clock.now().checked_add(NO_WINDOW).ok(),
            token: Some(token.to_owned()),
        }
    }

    async fn spool_input(&self, folder: &ShardFolder, input: &dyn InputSource) -> io::Result<()> {
        let making = folder.clone();
        blocking(move || making.make()).await?;
        let mut file = tokio::fs::File::create(folder.unfinished_input()).await?;
        let mut pages = input.open();
        while let Some(page) = pages.next().await {
            file.write_all(&page?).await?;
        }
        file.flush().await?;
        file.sync_all().await?;
        let finishing = folder.clone();
        blocking(move || finishing.finish_input()).await
    }
}

#[async_trait]
impl Provider for Chat {
    fn name(&self) -> &str {
        &self.profile.name
    }

    fn limits(&self) -> &ProviderLimits {
        &self.profile.limits
    }

    fn windows(&self) -> &Windows {
        &self.profile.windows
    }

    fn billing(&self) -> Billing {
        self.profile.billing()
    }

    fn frame(&self, template: &RequestTemplate<'_>) -> LineFrame {
        line_frame(&self.profile.endpoint, self.profile.token_cap, template)
    }

    async fn upload(
        &self,
        file_name: &str,
        input: &dyn InputSource,
    ) -> Result<String, ProviderError> {
        const CALL: &str = "write a shard to the spool";
        let token = token_of(file_name);
        let folder = self.folder(CALL, token)?;
        self.spool_input(&folder, input)
            .await
            .map_err(|error| self.disk_error(CALL, &error))?;
        Ok(token.to_owned())
    }

    async fn find_file(
        &self,
        file_name: &str,
        size_bytes: u64,
    ) -> Result<Option<String>, ProviderError> {
        let token = token_of(file_name);
        let found = self
            .spool
            .folder(token)
            .and_then(|folder| folder.input_bytes())
            .filter(|bytes| *bytes == size_bytes);
        Ok(found.map(|_| token.to_owned()))
    }

    async fn create(&self, new: &NewBatch<'_>) -> Result<RemoteBatch, ProviderError> {
        const CALL: &str = "create a batch";
        let folder = self.folder(CALL, new.input_file_id)?;
        if folder.input_bytes().is_none() {
            let words = format!("the input file {} is not found", new.input_file_id);
            let kind = ProviderErrorKind::NotFound;
            return Err(self.host.caller.error(CALL, kind, words));
        }
        let batch = BatchFile::new(new.token, new.requests, self.clock.now());
        // The same shard twice is the same batch: the folder is ours alone.
        let written = blocking(move || match folder.batch()? {
            Some(_) => Ok(()),
            None => folder.write_batch(&batch),
        });
        written
            .await
            .map_err(|error| self.disk_error(CALL, &error))?;
        let job = self.job(CALL, new.input_file_id).await?;
        match job {
            Some(job) => Ok(self.remote(new.input_file_id, &job)),
            None => Err(self.disk_error(CALL, &io::Error::other("batch.json is gone"))),
        }
    }

    async fn poll(&self, batch_ids: &[String]) -> Result<Vec<Polled>, ProviderError> {
        const CALL: &str = "work on a shard";
        let mut polled = Vec::with_capacity(batch_ids.len());
        for id in batch_ids {
            let reply = match self.job(CALL, id).await? {
                None => PollReply::Gone("it is not in the spool".to_owned()),
                Some(job) => {
                    let stage = job.progress().stage;
                    if let Stage::Broken(words) = &stage {
                        return Err(self.disk_error(CALL, &io::Error::other(words.clone())));
                    }
                    if let (Stage::Asking, Some(trouble)) = (&stage, self.host.trouble()) {
                        return Err(trouble);
                    }
                    PollReply::Batch(Box::new(self.remote(id, &job)))
                }
            };
            polled.push(Polled {
                batch_id: id.clone(),
                reply,
            });
        }
        Ok(polled)
    }

    /// All shards of the spool: nobody else's can be among them, so their age does not matter.
    async fn list_batches(&self, _since: Timestamp) -> Result<Vec<RemoteBatch>, ProviderError> {
        const CALL: &str = "list the spool";
        let spool = self.spool.clone();
        let read = blocking(move || {
            let mut batches = Vec::new();
            for folder in spool.folders()? {
                if let Some(batch) = folder.batch()? {
                    batches.push((batch, folder.end()?));
                }
            }
            Ok(batches)
        });
        let batches = read.await.map_err(|error| self.disk_error(CALL, &error))?;
        let remote = batches.into_iter().map(|(batch, end)| {
            let job = match end {
                Some(end) => Job::ended(batch.requests, batch.created_at, end),
                None => Job::new(batch.requests, batch.created_at),
            };
            self.remote(&batch.token, &job)
        });
        Ok(remote.collect())
    }

    async fn cancel(&self, batch_id: &str) -> Result<(), ProviderError> {
        if let Some(job) = self.job("cancel a batch", batch_id).await? {
            job.stop.cancel();
        }
        Ok(())
    }

    /// The whole folder goes with the input; a shard that is still worked on is stopped first.
    async fn delete_file(&self, file_id: &str) -> Result<(), ProviderError> {
        const CALL: &str = "delete a file";
        let Some(folder) = self.spool.folder(file_id) else {
            return Ok(());
        };
        let running = self.running().remove(file_id);
        if let Some(task) = running.and_then(|mut running| running.task.take()) {
            task.abort();
            // How it ended does not matter; that it has does.
            let _ = task.await;
        }
        blocking(move || folder.remove())
            .await
            .map_err(|error| self.disk_error(CALL, &error))
    }

    async fn models(&self) -> Result<Option<Vec<String>>, ProviderError> {
        let served = served_models(&self.host.caller, "/models", self.profile.model_list).await?;
        Ok(served.map(|mut ids| {
            let untagged: Vec<String> = ids
                .iter()
                .filter_map(|id| id.strip_suffix(LATEST).map(str::to_owned))
                .collect();
            ids.extend(untagged);
            ids
        }))
    }

    async fn results(&self, file_id: &str) -> Result<ResultStream, ProviderError> {
        const CALL: &str = "read a result file";
        let token = file_id.strip_suffix(RESULTS_SUFFIX).unwrap_or(file_id);
        let folder = self.folder(CALL, token)?;
        let file = match tokio::fs::File::open(folder.results()).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let kind = ProviderErrorKind::NotFound;
                let words = format!("{file_id} is not in the spool");
                return Err(self.host.caller.error(CALL, kind, words));
            }
            Err(error) => return Err(self.disk_error(CALL, &error)),
        };
        let body = ReaderStream::new(file).map(|page| {
            page.map_err(|error| TransportError {
                reach: Reach::Unknown,
                message: error.to_string(),
            })
        });
        let opened = (body.boxed(), LineCutter::new(MAX_LINE_BYTES));
        Ok(result_lines(&self.profile.name, opened, parse_result_line))
    }
}

fn token_of(file_name: &str) -> &str {
    file_name.strip_suffix(".jsonl").unwrap_or(file_name)
}
