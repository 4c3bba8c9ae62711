//! Planning: requests are claimed and estimated, then cut into shards as the run goes.

use std::collections::BTreeMap;

use crate::chance;
use crate::engine::estimate::Estimate;
use crate::engine::{Engine, EngineError};
use crate::ledger::{Admission, NewShard, ReadyGroup, RunId, Shard, ShardId};
use crate::money::Money;
use crate::observer::{Event, Moment, ShardProgress, Step};
use crate::policy::first_variant;
use crate::provider::{LineFrame, RequestTemplate};
use crate::strict::strict_form;
use crate::task::{NewRequest, RunSpec, is_legal_custom_id};
use crate::tier::{ResponseMode, TierSpec};

/// Requests claimed in one transaction.
const CLAIM_PAGE: usize = 500;

/// A planned run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The run, in the state `stopped`.
    pub run: RunId,
    /// The specification with prices of the day, as the ledger has it.
    pub spec: RunSpec,
    /// What it will take.
    pub estimate: Estimate,
    /// What was left out.
    pub skipped: Skipped,
}

/// Requests that a plan left out, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Open in another run, by run.
    pub held: BTreeMap<RunId, u64>,
    /// The same content with the same versions always failed, or a user dropped the content.
    pub quarantined: u64,
    /// Another run answered them while this one was being planned.
    pub answered: u64,
    /// Their id had been given before.
    pub repeated_ids: u64,
}

impl Engine {
    /// Plans a run: claims the requests and estimates tokens and money. Nothing is sent. The requests
    /// are read once and held a page at a time.
    ///
    /// # Errors
    /// A request that cannot be sent, a tier without a provider, a budget without a price, or a failing
    /// ledger; the run that had been begun is discarded.
    pub fn plan(
        &self,
        spec: RunSpec,
        requests: impl IntoIterator<Item = NewRequest>,
    ) -> Result<Plan, EngineError> {
        let spec = self.priced(spec)?;
        let first = spec.tiers.first().ok_or(EngineError::NoTier)?;
        let variant = first_variant(1, first);
        let now = self.now();
        self.step(Moment::Before, Step::Plan, None);
        let run = self.ledger().create_run(&spec, now)?;
        let claimed = self.claim(run, &spec, variant, requests);
        let (count, input_tokens, skipped) = match claimed {
            Ok(claimed) => claimed,
            Err(error) => {
                self.ledger().discard_run(run)?;
                return Err(error);
            }
        };
        self.step(Moment::After, Step::Plan, None);
        Ok(Plan {
            run,
            estimate: Estimate::new(&spec, count, input_tokens),
            spec,
            skipped,
        })
    }

    /// Gives a planned run up before anything was submitted, and its claims with it.
    ///
    /// # Errors
    /// When it has shards already.
    pub fn discard(&self, run: RunId) -> Result<(), EngineError> {
        Ok(self.ledger().discard_run(run)?)
    }

    /// The specification with the prices of today. A tier that would constrain answers by a schema
    /// that strict mode does not take asks in JSON mode instead.
    pub(super) fn priced(&self, spec: RunSpec) -> Result<RunSpec, EngineError> {
        let day = self.today();
        let misfit = strict_form(&spec.task.schema.schema).err();
        let mut tiers = Vec::with_capacity(spec.tiers.len());
        for tier in spec.tiers {
            let provider = self.provider(&tier.reference.provider)?;
            if !provider.windows().offers(&tier.completion_window) {
                return Err(EngineError::Window {
                    provider: provider.name().to_owned(),
                    window: tier.completion_window.to_string(),
                    offered: provider.windows().to_string(),
                });
            }
            let tier = match tier.price {
                Some(_) => tier,
                None => tier
                    .priced_on(day, &self.parts.catalogue)
                    .billed(provider.billing()),
            };
            if tier.price.is_none() && spec.budget.is_some() {
                return Err(EngineError::NoPrice {
                    model: tier.reference.to_string(),
                });
            }
            let tier = match &misfit {
                Some(misfit) if tier.response == ResponseMode::StrictSchema => {
                    self.warn(&format!(
                        "{} is asked in JSON mode: strict mode does not take the schema ({misfit})",
                        tier.reference
                    ));
                    TierSpec {
                        response: ResponseMode::JsonObject,
                        ..tier
                    }
                }
                _ => tier,
            };
            tiers.push(tier);
        }
        Ok(RunSpec { tiers, ..spec })
    }

    fn claim(
        &self,
        run: RunId,
        spec: &RunSpec,
        variant: crate::ledger::Variant,
        requests: impl IntoIterator<Item = NewRequest>,
    ) -> Result<(u64, u64, Skipped), EngineError> {
        let frame_bytes = self.frame(spec, variant.tier, variant)?.length_bytes();
        let provider = self.provider(&tier_of(spec, variant.tier)?.reference.provider)?;
        let max_bytes = provider.limits().max_bytes;
        let mut skipped = Skipped::default();
        let mut count = 0;
        let mut input_tokens = 0;
        let mut page = Vec::with_capacity(CLAIM_PAGE);
        let mut requests = requests.into_iter();
        loop {
            let next = requests.next();
            let is_last = next.is_none();
            if let Some(request) = next {
                if !is_legal_custom_id(&request.custom_id) {
                    return Err(EngineError::Request {
                        custom_id: request.custom_id,
                        reason: "the id is not 1 to 64 of A-Z a-z 0-9 _ -".to_owned(),
                    });
                }
                let payload_bytes = request.payload.as_json().len() as u64;
                let line_bytes = frame_bytes + request.custom_id.len() as u64 + payload_bytes;
                if line_bytes > max_bytes {
                    return Err(EngineError::Request {
                        custom_id: request.custom_id,
                        reason: format!(
                            "its line of {line_bytes} bytes is longer than a file may be"
                        ),
                    });
                }
                page.push(request);
            }
            if page.len() == CLAIM_PAGE || (is_last && !page.is_empty()) {
                let admissions = self.ledger().add_requests(run, variant, &page)?;
                for (request, admission) in page.iter().zip(admissions) {
                    match admission {
                        Admission::Claimed => {
                            count += 1;
                            input_tokens += u64::from(request.prompt_tokens);
                        }
                        Admission::Held(holder) => *skipped.held.entry(holder).or_default() += 1,
                        Admission::Quarantined(_) => skipped.quarantined += 1,
                        Admission::Answered(_) => skipped.answered += 1,
                        Admission::RepeatedId => skipped.repeated_ids += 1,
                    }
                }
                page.clear();
            }
            if is_last {
                return Ok((count, input_tokens, skipped));
            }
        }
    }

    /// Cuts one shard from a group of waiting requests, as large as limits and budget allow.
    pub(super) fn plan_shard(
        &self,
        run: RunId,
        spec: &RunSpec,
        group: ReadyGroup,
        limits: ShardLimits,
    ) -> Result<ShardPlan, EngineError> {
        let variant = group.variant;
        let tier = tier_of(spec, variant.tier)?;
        let frame = self.frame(spec, variant.tier, variant)?;
        let frame_bytes = frame.length_bytes();
        let price = tier.price.unwrap_or(crate::tier::TierPrice {
            batch: crate::TokenPrice::default(),
            sync: crate::TokenPrice::default(),
        });
        let page_size = usize::try_from(limits.max_requests).unwrap_or(usize::MAX);
        let mut members = Vec::new();
        let mut input_bytes: u64 = 0;
        let mut prompt_tokens: u64 = 0;
        let mut reserved = Money::ZERO;
        for request in self.ledger().ready(run, variant, page_size)? {
            // The two brackets around stored messages do not stand in the line.
            let line_bytes = frame_bytes + request.custom_id_bytes + request.payload_bytes - 2;
            let tokens = u64::from(request.prompt_tokens);
            let cost = price
                .batch
                .cost(tokens, u64::from(variant.max_completion_tokens));
            if reserved + cost > limits.money {
                break;
            }
            let is_first = members.is_empty();
            let too_many_tokens = prompt_tokens + tokens > limits.max_tokens;
            if is_first && too_many_tokens && !limits.is_alone {
                return Ok(ShardPlan::NoRoom);
            }
            let too_large = input_bytes + line_bytes > limits.max_bytes || too_many_tokens;
            if too_large && !is_first {
                break;
            }
            if is_first && line_bytes > limits.max_bytes {
                return Err(EngineError::Request {
                    custom_id: format!("number {}", request.seq),
                    reason: format!("its line of {line_bytes} bytes is longer than a file may be"),
                });
            }
            members.push(request.seq);
            input_bytes += line_bytes;
            prompt_tokens += tokens;
            reserved += cost;
        }
        if members.is_empty() {
            return Ok(ShardPlan::NoMoney);
        }
        let new = NewShard {
            run,
            variant,
            model: tier.reference.clone(),
            token: format!("run{run}-{}", chance::word()),
            input_bytes,
            prompt_tokens,
            reserved,
            price: price.batch,
            sync_price: price.sync,
            at: self.now(),
        };
        self.step(Moment::Before, Step::Plan, None);
        let id = self.ledger().create_shard(&new, &members)?;
        self.step(Moment::After, Step::Plan, Some(id));
        let shard = self.ledger().shard(id)?;
        self.tell_shard(&shard, shard.state.as_str(), 0);
        Ok(ShardPlan::Planned {
            requests: members.len() as u64,
            reserved,
            prompt_tokens,
        })
    }

    /// The constant parts of the lines of a tier with given settings.
    pub(super) fn frame(
        &self,
        spec: &RunSpec,
        tier_number: u32,
        variant: crate::ledger::Variant,
    ) -> Result<LineFrame, EngineError> {
        let tier = tier_of(spec, tier_number)?;
        let provider = self.provider(&tier.reference.provider)?;
        Ok(provider.frame(&RequestTemplate {
            task: &spec.task,
            model: &tier.reference.model,
            max_completion_tokens: variant.max_completion_tokens,
            effort: variant.effort,
            response: tier.response,
        }))
    }

    pub(super) fn tell_shard(&self, shard: &Shard, status: &str, host_done: u64) {
        self.tell(&Event::Shard(ShardProgress {
            shard: shard.id,
            tier: shard.variant.tier,
            model: &shard.model.model,
            status,
            requests: shard.requests,
            host_done,
            answered: 0,
            failed: &[],
            cost: Money::ZERO,
        }));
    }
}

/// What a shard may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShardLimits {
    pub(super) max_requests: u64,
    pub(super) max_bytes: u64,
    pub(super) max_tokens: u64,
    /// Nothing of ours waits at the host for this model, so a single request may exceed the tokens.
    pub(super) is_alone: bool,
    pub(super) money: Money,
}

/// What planning a shard came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShardPlan {
    Planned {
        requests: u64,
        reserved: Money,
        prompt_tokens: u64,
    },
    /// The next request would be too much for what waits at the host.
    NoRoom,
    NoMoney,
}

pub(super) fn tier_of(spec: &RunSpec, tier: u32) -> Result<&TierSpec, EngineError> {
    spec.tiers
        .get((tier as usize).wrapping_sub(1))
        .ok_or(EngineError::NoTier)
}

/// The name of a shard's input file at the host.
pub(super) fn file_name(shard: &Shard) -> String {
    format!("{}.jsonl", shard.token)
}

/// A shard's number for messages.
pub(super) fn named(shard: ShardId) -> String {
    format!("shard {shard}")
}
