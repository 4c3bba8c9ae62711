//! Gives every request of a read shard its one outcome, and closes the shard.

use std::collections::{BTreeMap, HashMap};

use crate::classify::classify_error;
use crate::engine::collect::{Collecting, name_one, possible_cost};
use crate::engine::plan::{named, tier_of};
use crate::engine::room::{TOKEN_LIMIT, is_token_limit};
use crate::engine::session::Halt;
use crate::engine::slots::{Failed, SlotState};
use crate::ledger::{BatchError, Member, Next, OutcomeRecord, Shard, StoredRequest, Verdict};
use crate::observer::{Moment, Step};
use crate::outcome::{Failure, FailureKind, Usage};
use crate::policy::{Billed, next_step, policy_of};
use crate::provider::LineError;
use crate::sink::Oversized;

/// Failures that are marked together.
const FAILURE_PAGE: usize = 500;

impl Collecting<'_> {
    /// Gives every request without an answer its failure, and closes the shard. Returns the host's
    /// words where model, key or address is wrong.
    pub(super) fn finish(&mut self) -> Result<Option<String>, Halt> {
        let mut failures = self.failures();
        failures.sort_by_key(|(member, _)| member.seq);
        let mut configuration = None;
        let mut by_kind: BTreeMap<FailureKind, u64> = BTreeMap::new();
        for page in failures.chunks(FAILURE_PAGE) {
            let too_long: Vec<u64> = page
                .iter()
                .filter(|(_, failed)| failed.failure.kind == FailureKind::OverLength)
                .map(|(member, _)| member.seq)
                .collect();
            let too_long = if too_long.is_empty() {
                HashMap::new()
            } else {
                self.stored(&too_long)?
            };
            let mut records = Vec::with_capacity(page.len());
            for (member, failed) in page {
                let kind = failed.failure.kind;
                *by_kind.entry(kind).or_default() += 1;
                if kind == FailureKind::Config {
                    configuration.get_or_insert_with(|| failed.failure.detail.clone());
                }
                let record = self.failure_record(member, failed, too_long.get(&member.seq))?;
                self.usage_of_outcomes = self
                    .usage_of_outcomes
                    .plus(failed.usage.unwrap_or_default());
                self.cost += record.cost;
                records.push(record);
            }
            self.record(&records)?;
        }
        self.failed = by_kind.into_iter().collect();
        self.tally.extra_usage = Usage {
            input_tokens: self
                .usage_of_lines
                .input_tokens
                .saturating_sub(self.usage_of_outcomes.input_tokens),
            output_tokens: self
                .usage_of_lines
                .output_tokens
                .saturating_sub(self.usage_of_outcomes.output_tokens),
        };
        let extra = self.tally.extra_usage;
        self.tally.extra_cost = self
            .shard
            .price
            .cost(extra.input_tokens, extra.output_tokens);
        self.cost += self.tally.extra_cost;
        self.tell_irregularities();
        let shard = Some(self.shard.id);
        self.engine.step(Moment::Before, Step::CommitCollect, shard);
        self.engine
            .ledger()
            .close_shard(self.shard.id, &self.tally, self.engine.now())?;
        self.engine.step(Moment::After, Step::CommitCollect, shard);
        Ok(configuration)
    }

    /// The requests without an answer and their failures. Those without a line get theirs from what
    /// the host says of the batch.
    fn failures(&mut self) -> Vec<(Member, Failed)> {
        let mut order: Vec<(u64, String)> = self
            .slots
            .values()
            .map(|slot| (slot.member.seq, slot.member.custom_id.clone()))
            .collect();
        order.sort_unstable();
        let mut by_line: HashMap<&str, &BatchError> = HashMap::new();
        for error in &self.shard.batch_errors {
            let place = error
                .line
                .and_then(|line| usize::try_from(line).ok()?.checked_sub(1));
            if let Some((_, custom_id)) = place.and_then(|place| order.get(place)) {
                by_line.insert(custom_id, error);
            }
        }
        let mut lines_of_nobody = self.tally.unreadable;
        let failed_at_work = self.shard.remote_status.as_deref() == Some("failed")
            && self.shard.output_file_id.is_some();
        let mut failures = Vec::new();
        for (_, custom_id) in &order {
            let Some(slot) = self.slots.get_mut(custom_id) else {
                continue;
            };
            match std::mem::replace(&mut slot.state, SlotState::Settled) {
                SlotState::Failed(failed) => failures.push((slot.member.clone(), failed)),
                SlotState::Waiting => {
                    let failure = match by_line.get(custom_id.as_str()) {
                        Some(error) => failure_of(error),
                        None => without_line(self.shard, self.session.is_cancelling()),
                    };
                    if failure.kind == FailureKind::Missing {
                        self.tally.missing += 1;
                        name_one(&mut self.tally, "missing", custom_id);
                    }
                    let mut billed = policy_of(failure.kind).billed;
                    // A line that names nobody was somebody's, and a batch that failed after it had
                    // answered some may have been at work on others.
                    if lines_of_nobody > 0 {
                        lines_of_nobody -= 1;
                        billed = Billed::Possible;
                    } else if failed_at_work {
                        billed = Billed::Possible;
                    }
                    failures.push((
                        slot.member.clone(),
                        Failed {
                            billed,
                            failure,
                            finish_reason: None,
                            usage: None,
                            latency_ms: None,
                        },
                    ));
                }
                SlotState::Recorded | SlotState::Pending | SlotState::Settled => {}
            }
        }
        failures
    }

    fn failure_record(
        &self,
        member: &Member,
        failed: &Failed,
        too_long: Option<&StoredRequest>,
    ) -> Result<OutcomeRecord, Halt> {
        let shard = self.shard;
        let kind = failed.failure.kind;
        let usage = failed.usage.unwrap_or_default();
        let shrunk = too_long.and_then(|request| {
            self.engine.parts.check.shrink(Oversized {
                custom_id: &request.custom_id,
                subject: &request.subject,
                payload: &request.payload,
                prompt_tokens: request.prompt_tokens,
            })
        });
        // The tier must exist: the shard was planned from it.
        tier_of(&self.session.spec, shard.variant.tier)?;
        let next = if self.session.is_cancelling() {
            Next::Failed
        } else {
            next_step(
                kind,
                shard.variant,
                member,
                &self.session.spec.tiers,
                &self.engine.parts.settings.attempts,
                shrunk,
            )
        };
        Ok(OutcomeRecord {
            seq: member.seq,
            verdict: Verdict::Failed(failed.failure.clone()),
            finish_reason: failed.finish_reason.clone(),
            usage: failed.usage,
            cost: shard.price.cost(usage.input_tokens, usage.output_tokens),
            possible_cost: possible_cost(shard, member, failed.usage, failed.billed),
            latency_ms: failed.latency_ms,
            next,
        })
    }

    fn tell_irregularities(&self) {
        let tally = &self.tally;
        let counts = [
            ("missing", tally.missing),
            ("answered twice", tally.duplicates),
            ("not ours", tally.foreign),
            ("unreadable", tally.unreadable),
        ];
        let told: Vec<String> = counts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        if !told.is_empty() {
            let some: Vec<&str> = tally.named.iter().take(5).map(String::as_str).collect();
            self.engine.warn(&format!(
                "{}: {} (for instance {})",
                named(self.shard.id),
                told.join(", "),
                if some.is_empty() {
                    "without id".to_owned()
                } else {
                    some.join(", ")
                }
            ));
        }
    }
}

/// What the host says of a line of the input file, as a failure of its request.
fn failure_of(error: &BatchError) -> Failure {
    let line = LineError {
        status: Some(400),
        code: error.code.clone(),
        message: error.message.clone(),
        ..LineError::default()
    };
    let words = error.message.as_deref().or(error.code.as_deref());
    Failure::new(
        classify_error(&line),
        words.unwrap_or("the host refused the line"),
    )
}

/// The failure of a request in neither file.
fn without_line(shard: &Shard, is_cancelling: bool) -> Failure {
    let status = shard.remote_status.as_deref().unwrap_or("ended");
    let of_batch = shard.batch_errors.iter().find(|error| error.line.is_none());
    if is_token_limit(shard) {
        return Failure::new(FailureKind::Provider, TOKEN_LIMIT);
    }
    if let (Some(error), "failed") = (of_batch, status) {
        let failure = failure_of(error);
        let kind = match failure.kind {
            // The host gives no reason that concerns a request; asking again may help.
            FailureKind::Rejected => FailureKind::Provider,
            kind => kind,
        };
        return Failure { kind, ..failure };
    }
    // The host refused the whole file for the sake of other lines and asked nobody.
    if status == "failed" && !shard.batch_errors.is_empty() && shard.output_file_id.is_none() {
        let words = "the host refused the batch for other lines of it";
        return Failure::new(FailureKind::Provider, words);
    }
    let kind = match status {
        "expired" | "cancelled" | "canceled" if is_cancelling => FailureKind::Cancelled,
        "expired" | "cancelled" | "canceled" => FailureKind::Expired,
        _ => FailureKind::Missing,
    };
    Failure::new(kind, format!("in neither file of a batch that {status}"))
}
