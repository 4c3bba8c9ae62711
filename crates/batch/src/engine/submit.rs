//! Brings planned shards to the host. Each state is committed before and after its remote call, and a
//! batch that may exist already is looked for before one is created.

use crate::engine::adopt::Found;
use crate::engine::plan::{file_name, named, tier_of};
use crate::engine::render::ShardInput;
use crate::engine::room::TOKEN_LIMIT;
use crate::engine::session::{Halt, Session};
use crate::engine::{Engine, EngineError};
use crate::ledger::{LedgerError, Shard, ShardId, ShardState, ShardStep};
use crate::observer::{Moment, Step};
use crate::provider::{NewBatch, Provider, ProviderError, ProviderErrorKind, RemoteBatch, pause};
use std::sync::Arc;

/// What submitting a shard came to.
#[derive(Debug)]
pub(super) enum Submitted {
    /// Its batch is at the host.
    Created,
    /// The host may have its batch already, which cannot be told before that one ends. Creating another
    /// now could mean to pay twice.
    InDoubt { shard: ShardId, batch: String },
    /// The host has too many tokens waiting; the shard is given up and cut smaller.
    TooManyTokens {
        shard: Box<Shard>,
        error: ProviderError,
    },
    /// The shard was planned for a model that has given way to another, and nothing was sent.
    Outdated { shard: Box<Shard> },
}

/// What a failed create means.
enum CreateFailure {
    /// The host did not act: try again.
    Again,
    /// The host may have acted: look before trying again.
    Look,
    /// The host lost the input file.
    FileLost,
    /// Too many tokens wait at the host.
    TooManyTokens,
    /// Only the user can help.
    Fatal(EngineError),
}

impl Engine {
    /// Brings one shard to the host, from whatever state it is in.
    pub(super) async fn submit_shard(
        &self,
        session: &Session,
        shard: Shard,
    ) -> Result<Submitted, Halt> {
        let provider = Arc::clone(self.provider(&shard.model.provider)?);
        let mut shard = shard;
        let mut failed_tries = 0;
        let mut may_exist =
            shard.state == ShardState::Uploaded && shard.create_started_at.is_some();
        loop {
            if may_exist {
                match self.find_batch(&*provider, &shard).await? {
                    Found::Batch(batch) => {
                        self.commit_created(&shard, &batch)?;
                        return Ok(Submitted::Created);
                    }
                    Found::Perhaps(batch) => {
                        return Ok(Submitted::InDoubt {
                            shard: shard.id,
                            batch,
                        });
                    }
                    Found::Nothing => {}
                }
            }
            if tier_of(&session.spec, shard.variant.tier)?.reference != shard.model {
                let shard = Box::new(shard);
                return Ok(Submitted::Outdated { shard });
            }
            if shard.state == ShardState::Planned {
                self.upload(session, &*provider, &shard).await?;
                shard = self.ledger().shard(shard.id)?;
            }
            match self.create(session, &*provider, &shard).await? {
                Ok(batch) => {
                    self.commit_created(&shard, &batch)?;
                    return Ok(Submitted::Created);
                }
                Err(error) => {
                    failed_tries += 1;
                    let failure = create_failure(&shard, &error);
                    if let CreateFailure::Fatal(error) = failure {
                        return Err(error.into());
                    }
                    if failed_tries >= self.parts.settings.retry.max_tries {
                        return Err(Halt::Outage(error));
                    }
                    match failure {
                        CreateFailure::TooManyTokens => {
                            let shard = Box::new(shard);
                            return Ok(Submitted::TooManyTokens { shard, error });
                        }
                        CreateFailure::FileLost => {
                            self.warn(&format!("{}: {error}; uploading again", named(shard.id)));
                            self.ledger()
                                .advance_shard(shard.id, &ShardStep::FileLost)?;
                        }
                        CreateFailure::Look => may_exist = true,
                        CreateFailure::Again | CreateFailure::Fatal(_) => {}
                    }
                    let wait = pause(&self.parts.settings.retry, failed_tries, &error);
                    self.sleep(wait).await?;
                    shard = self.ledger().shard(shard.id)?;
                }
            }
        }
    }

    async fn upload(
        &self,
        session: &Session,
        provider: &dyn Provider,
        shard: &Shard,
    ) -> Result<(), Halt> {
        let frame = self.frame(&session.spec, shard.variant.tier, shard.variant)?;
        let input = ShardInput::new(Arc::clone(&self.parts.ledger), shard, frame);
        let name = file_name(shard);
        // An earlier process may have died after the upload and before it wrote the id down.
        let found = if session.left.contains(&shard.id) {
            self.or_interrupt(provider.find_file(&name, shard.input_bytes))
                .await?
                .map_err(Halt::of)?
        } else {
            None
        };
        let file_id = if let Some(file_id) = found {
            file_id
        } else {
            self.step(Moment::Before, Step::Upload, Some(shard.id));
            let uploaded = self
                .or_interrupt(provider.upload(&name, &input))
                .await?
                .map_err(Halt::of)?;
            self.step(Moment::After, Step::Upload, Some(shard.id));
            uploaded
        };
        self.step(Moment::Before, Step::CommitUpload, Some(shard.id));
        let step = ShardStep::Uploaded {
            file_id,
            input_hash: input.hash(),
        };
        self.ledger().advance_shard(shard.id, &step)?;
        self.step(Moment::After, Step::CommitUpload, Some(shard.id));
        Ok(())
    }

    async fn create(
        &self,
        session: &Session,
        provider: &dyn Provider,
        shard: &Shard,
    ) -> Result<Result<RemoteBatch, ProviderError>, Halt> {
        let tier = tier_of(&session.spec, shard.variant.tier)?;
        let file_id = shard.file_id.as_deref().ok_or_else(|| {
            LedgerError::Unreadable(format!("{} is uploaded but names no file", named(shard.id)))
        })?;
        let frame = self.frame(&session.spec, shard.variant.tier, shard.variant)?;
        let input = ShardInput::new(Arc::clone(&self.parts.ledger), shard, frame);
        // Committed first: whoever finds the shard in this state looks for the batch at the host.
        let intent = ShardStep::CreateStarted { at: self.now() };
        self.ledger().advance_shard(shard.id, &intent)?;
        self.step(Moment::Before, Step::Create, Some(shard.id));
        let created = provider
            .create(&NewBatch {
                input_file_id: file_id,
                input: &input,
                window: &tier.completion_window,
                token: &shard.token,
                model: &shard.model.model,
                requests: shard.requests,
            })
            .await;
        self.step(Moment::After, Step::Create, Some(shard.id));
        Ok(created)
    }

    pub(super) fn commit_created(&self, shard: &Shard, batch: &RemoteBatch) -> Result<(), Halt> {
        self.step(Moment::Before, Step::CommitCreate, Some(shard.id));
        let step = ShardStep::Created {
            batch_id: batch.id.clone(),
            at: self.now(),
        };
        self.ledger().advance_shard(shard.id, &step)?;
        self.step(Moment::After, Step::CommitCreate, Some(shard.id));
        self.tell_shard(shard, &batch.status_text, batch.counts.completed);
        Ok(())
    }
}

/// Reads what a failed create means.
fn create_failure(shard: &Shard, error: &ProviderError) -> CreateFailure {
    let code = error.code.as_deref().unwrap_or_default();
    if code == TOKEN_LIMIT {
        return CreateFailure::TooManyTokens;
    }
    let configuration = || {
        CreateFailure::Fatal(EngineError::Configuration {
            provider: error.provider.clone(),
            message: error.message.clone(),
        })
    };
    match error.kind {
        ProviderErrorKind::RateLimited | ProviderErrorKind::Unreachable => CreateFailure::Again,
        ProviderErrorKind::Unavailable | ProviderErrorKind::Malformed => CreateFailure::Look,
        ProviderErrorKind::Auth | ProviderErrorKind::Balance => configuration(),
        ProviderErrorKind::NotFound | ProviderErrorKind::Rejected => {
            let words = error.message.to_lowercase();
            let names_file = shard
                .file_id
                .as_ref()
                .is_some_and(|id| words.contains(&id.to_lowercase()))
                || words.contains("file");
            let is_lost = error.kind == ProviderErrorKind::NotFound
                || words.contains("not found")
                || words.contains("no such");
            if names_file && is_lost {
                CreateFailure::FileLost
            } else {
                configuration()
            }
        }
    }
}
