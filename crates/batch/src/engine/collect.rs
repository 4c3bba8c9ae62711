//! Collects a shard that has ended: reads both files as streams, reconciles by custom id, checks each
//! answer, commits answers as they come, and gives every request its one outcome.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt;

use crate::classify::{Reading, read_answer, read_error};
use crate::engine::doubt;
use crate::engine::plan::named;
use crate::engine::room::is_token_limit;
use crate::engine::session::{Halt, Session};
use crate::engine::slots::{Failed, Slot, SlotState};
use crate::engine::{Engine, EngineError};
use crate::ledger::{Member, OutcomeRecord, Shard, ShardStep, ShardTally, StoredRequest};
use crate::money::Money;
use crate::observer::{Event, Moment, ShardProgress, Step};
use crate::outcome::{Failure, FailureKind, Usage};
use crate::policy::{Billed, policy_of};
use crate::provider::{LineBody, Provider, ProviderErrorKind, ResultLine, UNREADABLE, pause};
use crate::sink::{Answer, Candidate};

/// Answers that are checked, stored and marked together.
const ANSWER_PAGE: usize = 250;
/// Members read at a time.
const MEMBER_PAGE: usize = 2_000;
/// Ids that a tally names.
const NAMED_IDS: usize = 50;

/// What collecting a shard came to.
#[derive(Debug)]
pub(super) enum Collected {
    /// Every request has its outcome.
    Done,
    /// The host had too many tokens waiting and did nothing; the shard is to be cut smaller.
    TooManyTokens,
    /// Every request has its outcome, and for some of them model, key or address is wrong.
    Configuration(EngineError),
}

/// An answer that waits to be checked.
struct Pending {
    custom_id: String,
    seq: u64,
    json: String,
    repair: Option<String>,
    finish_reason: Option<String>,
    usage: Option<Usage>,
    latency_ms: Option<u64>,
}

/// One reading of a shard's files.
pub(super) struct Collecting<'a> {
    pub(super) engine: &'a Engine,
    pub(super) session: &'a Session,
    pub(super) shard: &'a Shard,
    pub(super) slots: HashMap<String, Slot>,
    pending: Vec<Pending>,
    pub(super) tally: ShardTally,
    /// Tokens of all lines of this shard's requests, and those that outcomes account for; the
    /// difference belongs to duplicates.
    pub(super) usage_of_lines: Usage,
    pub(super) usage_of_outcomes: Usage,
    pub(super) answered: u64,
    pub(super) failed: Vec<(FailureKind, u64)>,
    pub(super) cost: Money,
}

impl Engine {
    /// Collects a shard in the state `ended`.
    pub(super) async fn collect(
        &self,
        session: &Session,
        shard: &Shard,
    ) -> Result<Collected, Halt> {
        let patience = self.parts.settings.stall.after;
        if is_token_limit(shard) && session.can_wait_for_room(shard, patience) {
            return Ok(Collected::TooManyTokens);
        }
        let provider = Arc::clone(self.provider(&shard.model.provider)?);
        let mut failed_tries = 0;
        let mut collecting = loop {
            let mut collecting = Collecting::start(self, session, shard)?;
            self.step(Moment::Before, Step::Download, Some(shard.id));
            match collecting.read_files(&*provider).await {
                Ok(()) => break collecting,
                Err(Halt::Outage(error)) => {
                    failed_tries += 1;
                    if failed_tries >= self.parts.settings.retry.max_tries {
                        return Err(Halt::Outage(error));
                    }
                    self.sleep(pause(&self.parts.settings.retry, failed_tries, &error))
                        .await?;
                }
                Err(halt) => return Err(halt),
            }
        };
        self.step(Moment::After, Step::Download, Some(shard.id));
        let configuration = collecting.finish()?;
        collecting.tell("collected");
        Ok(match configuration {
            Some(message) => Collected::Configuration(EngineError::Configuration {
                provider: shard.model.provider.clone(),
                message,
            }),
            None => Collected::Done,
        })
    }

    /// Deletes what a closed shard left at the host. A failure is told and tried again when the run is
    /// next worked on.
    pub(super) async fn delete_files(&self, shard: &Shard) -> Result<(), Halt> {
        let provider = Arc::clone(self.provider(&shard.model.provider)?);
        self.step(Moment::Before, Step::DeleteFiles, Some(shard.id));
        let files = [&shard.file_id, &shard.output_file_id, &shard.error_file_id];
        for file_id in files.into_iter().flatten() {
            if let Err(error) = self.or_interrupt(provider.delete_file(file_id)).await? {
                self.warn(&format!("{}: {error}", named(shard.id)));
                return Ok(());
            }
        }
        self.ledger()
            .advance_shard(shard.id, &ShardStep::FilesDeleted)?;
        self.step(Moment::After, Step::DeleteFiles, Some(shard.id));
        Ok(())
    }
}

impl<'a> Collecting<'a> {
    fn start(
        engine: &'a Engine,
        session: &'a Session,
        shard: &'a Shard,
    ) -> Result<Collecting<'a>, Halt> {
        let mut slots = HashMap::with_capacity(usize::try_from(shard.requests).unwrap_or(0));
        let mut usage_of_outcomes = Usage::default();
        let mut after = None;
        loop {
            let members = engine.ledger().members(shard.id, after, MEMBER_PAGE)?;
            let Some(last) = members.last() else {
                break;
            };
            after = Some(last.seq);
            for member in members {
                let state = match member.recorded {
                    Some(usage) => {
                        usage_of_outcomes = usage_of_outcomes.plus(usage);
                        SlotState::Recorded
                    }
                    None => SlotState::Waiting,
                };
                slots.insert(member.custom_id.clone(), Slot { member, state });
            }
        }
        Ok(Collecting {
            engine,
            session,
            shard,
            slots,
            pending: Vec::new(),
            tally: ShardTally::default(),
            usage_of_lines: Usage::default(),
            usage_of_outcomes,
            answered: 0,
            failed: Vec::new(),
            cost: Money::ZERO,
        })
    }

    async fn read_files(&mut self, provider: &dyn Provider) -> Result<(), Halt> {
        let files = [&self.shard.output_file_id, &self.shard.error_file_id];
        for file_id in files.into_iter().flatten() {
            let opened = self.engine.or_interrupt(provider.results(file_id)).await?;
            let mut lines = match opened {
                Ok(lines) => lines,
                // A file that the host no longer gives out will not come back.
                Err(error)
                    if matches!(
                        error.kind,
                        ProviderErrorKind::NotFound | ProviderErrorKind::Rejected
                    ) =>
                {
                    self.engine.warn(&format!(
                        "{}: the result file {file_id} is gone ({})",
                        named(self.shard.id),
                        error.message
                    ));
                    continue;
                }
                Err(error) => return Err(Halt::of(error)),
            };
            while let Some(page) = self.engine.or_interrupt(lines.next()).await? {
                let page = page.map_err(Halt::of)?;
                for line in page {
                    self.line(line)?;
                }
            }
        }
        self.flush()
    }

    fn line(&mut self, line: ResultLine) -> Result<(), Halt> {
        let Some(custom_id) = line.custom_id else {
            self.tally.unreadable += 1;
            return Ok(());
        };
        // A second line for an answer still unchecked: the check decides whether the first counts.
        let is_pending = self
            .slots
            .get(&custom_id)
            .is_some_and(|slot| matches!(slot.state, SlotState::Pending));
        if is_pending {
            self.flush()?;
        }
        let Some(slot) = self.slots.get_mut(&custom_id) else {
            self.tally.foreign += 1;
            name_one(&mut self.tally, "foreign", &custom_id);
            return Ok(());
        };
        let usage = match &line.body {
            LineBody::Answer(answer) => answer.usage,
            LineBody::Error(error) => error.usage,
        };
        self.usage_of_lines = self.usage_of_lines.plus(usage.unwrap_or_default());
        let is_duplicate = matches!(slot.state, SlotState::Settled | SlotState::Failed(_));
        if is_duplicate {
            self.tally.duplicates += 1;
            name_one(&mut self.tally, "duplicate", &custom_id);
        }
        match slot.state {
            SlotState::Settled => return Ok(()),
            SlotState::Recorded => {
                slot.state = SlotState::Settled;
                return Ok(());
            }
            SlotState::Waiting | SlotState::Pending | SlotState::Failed(_) => {}
        }
        let (reading, finish_reason, latency_ms, is_unreadable) = match line.body {
            LineBody::Answer(answer) => {
                let reading = read_answer(&answer);
                (reading, answer.finish_reason, answer.latency_ms, false)
            }
            LineBody::Error(error) => {
                let is_unreadable = error.code.as_deref() == Some(UNREADABLE);
                (read_error(&error), None, None, is_unreadable)
            }
        };
        match reading {
            Reading::Json { json, repair } => {
                let seq = slot.member.seq;
                slot.state = SlotState::Pending;
                self.pending.push(Pending {
                    custom_id,
                    seq,
                    json,
                    repair,
                    finish_reason,
                    usage,
                    latency_ms,
                });
                if self.pending.len() >= ANSWER_PAGE {
                    self.flush()?;
                }
            }
            Reading::Failed(_) if is_duplicate => {}
            Reading::Failed(failure) => {
                let billed = if is_unreadable {
                    Billed::Possible
                } else {
                    policy_of(failure.kind).billed
                };
                slot.state = SlotState::Failed(Failed {
                    failure,
                    finish_reason,
                    usage,
                    latency_ms,
                    billed,
                });
            }
        }
        Ok(())
    }

    /// Checks the pending answers, stores the good ones and marks them.
    fn flush(&mut self) -> Result<(), Halt> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        let seqs: Vec<u64> = pending.iter().map(|answer| answer.seq).collect();
        let stored = self.stored(&seqs)?;
        let mut answers = Vec::with_capacity(pending.len());
        let mut records = Vec::with_capacity(pending.len());
        for answer in pending {
            let Some(slot) = self.slots.get_mut(&answer.custom_id) else {
                continue;
            };
            let verdict = match stored.get(&answer.seq) {
                Some(request) => self
                    .engine
                    .parts
                    .check
                    .check(candidate(request, &answer.json)),
                None => Err("the request is no longer open".to_owned()),
            };
            match (verdict, stored.get(&answer.seq)) {
                (Ok(()), Some(request)) => {
                    slot.state = SlotState::Settled;
                    let doubted = self.engine.doubt(
                        self.session,
                        self.shard,
                        &slot.member,
                        candidate(request, &answer.json),
                    );
                    let doubt = doubted.as_ref().map(|doubted| doubted.doubt.clone());
                    let (verdict, next) = doubt::verdict(answer.repair.clone(), doubted);
                    let usage = answer.usage.unwrap_or_default();
                    let cost = self
                        .shard
                        .price
                        .cost(usage.input_tokens, usage.output_tokens);
                    let possible_cost =
                        possible_cost(self.shard, &slot.member, answer.usage, Billed::Possible);
                    self.usage_of_outcomes = self.usage_of_outcomes.plus(usage);
                    self.cost += cost;
                    self.answered += 1;
                    records.push(OutcomeRecord {
                        seq: answer.seq,
                        verdict,
                        finish_reason: answer.finish_reason.clone(),
                        usage: answer.usage,
                        cost,
                        possible_cost,
                        latency_ms: answer.latency_ms,
                        next,
                    });
                    let attempt = slot_attempt(&self.slots, request);
                    answers.push(Answer {
                        doubt,
                        ..self.answer(request, answer, cost, attempt)
                    });
                }
                (Err(reason), _) => {
                    slot.state = SlotState::Failed(Failed {
                        billed: policy_of(FailureKind::Schema).billed,
                        failure: Failure::new(FailureKind::Schema, reason),
                        finish_reason: answer.finish_reason,
                        usage: answer.usage,
                        latency_ms: answer.latency_ms,
                    });
                }
                (Ok(()), None) => {}
            }
        }
        if answers.is_empty() {
            return Ok(());
        }
        let shard = Some(self.shard.id);
        self.engine.step(Moment::Before, Step::StoreAnswers, shard);
        self.engine
            .parts
            .sink
            .store(&answers)
            .map_err(EngineError::Sink)?;
        self.engine.step(Moment::After, Step::StoreAnswers, shard);
        self.record(&records)?;
        self.tell("collecting");
        Ok(())
    }

    fn answer(
        &self,
        request: &StoredRequest,
        answer: Pending,
        cost: Money,
        attempt: u32,
    ) -> Answer {
        let task = &self.session.spec.task;
        Answer {
            run: self.shard.run,
            custom_id: request.custom_id.clone(),
            subject: request.subject.clone(),
            content_hash: request.content_hash.clone(),
            payload: request.payload.clone(),
            json: answer.json,
            repair: answer.repair,
            model: self.shard.model.clone(),
            tier: self.shard.variant.tier,
            attempt,
            finish_reason: answer.finish_reason,
            usage: answer.usage,
            cost,
            prompt_version: task.prompt_version.clone(),
            schema_version: task.schema_version.clone(),
            latency_ms: answer.latency_ms,
            doubt: None,
        }
    }

    /// Tells how far the shard is.
    pub(super) fn tell(&self, status: &str) {
        self.engine.tell(&Event::Shard(ShardProgress {
            shard: self.shard.id,
            tier: self.shard.variant.tier,
            model: &self.shard.model.model,
            status,
            requests: self.shard.requests,
            host_done: self.shard.requests,
            answered: self.answered,
            failed: &self.failed,
            cost: self.cost,
        }));
    }

    pub(super) fn record(&self, records: &[OutcomeRecord]) -> Result<(), Halt> {
        let shard = Some(self.shard.id);
        self.engine
            .step(Moment::Before, Step::CommitOutcomes, shard);
        self.engine
            .ledger()
            .record(self.shard.id, records, self.engine.now())?;
        self.engine.step(Moment::After, Step::CommitOutcomes, shard);
        Ok(())
    }

    pub(super) fn stored(&self, seqs: &[u64]) -> Result<HashMap<u64, StoredRequest>, Halt> {
        let stored = self.engine.ledger().stored(self.shard.run, seqs)?;
        Ok(stored
            .into_iter()
            .map(|request| (request.seq, request))
            .collect())
    }
}

fn candidate<'a>(request: &'a StoredRequest, json: &'a str) -> Candidate<'a> {
    Candidate {
        custom_id: &request.custom_id,
        subject: &request.subject,
        payload: &request.payload,
        json,
    }
}

fn slot_attempt(slots: &HashMap<String, Slot>, request: &StoredRequest) -> u32 {
    slots
        .get(&request.custom_id)
        .map_or(1, |slot| slot.member.attempt)
}

/// What the host may charge although it told no tokens: the whole prompt and the whole cap.
pub(super) fn possible_cost(
    shard: &Shard,
    member: &Member,
    usage: Option<Usage>,
    billed: Billed,
) -> Money {
    if usage.is_some() || billed == Billed::No {
        return Money::ZERO;
    }
    shard.price.cost(
        u64::from(member.prompt_tokens),
        u64::from(shard.variant.max_completion_tokens),
    )
}

pub(super) fn name_one(tally: &mut ShardTally, what: &str, custom_id: &str) {
    if tally.named.len() < NAMED_IDS {
        let safe: String = custom_id
            .chars()
            .filter(|character| !character.is_control())
            .take(64)
            .collect();
        tally.named.push(format!("{what}:{safe}"));
    }
}
