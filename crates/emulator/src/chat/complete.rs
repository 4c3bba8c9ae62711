//! From a body to a reply: check, count, answer, constrain, spoil, bill.

use std::sync::Arc;

use serde_json::Value;

use super::answerer::Answerer;
use super::draft::{Draft, Spent};
use super::reply::{Completion, Reply};
use super::request::{self, ChatRequest, Effort, ResponseFormat};
use super::strict::SchemaCache;
use super::tokens::Counter;
use super::{messages, mistral};
use crate::clock::Clock;
use crate::dialect::Dialect;
use crate::draw::Draws;
use crate::hits::Hits;
use crate::http::ApiError;
use crate::ids::Ids;
use crate::scenario::{Billing, Fault, ModelRules, Reasoning, Scenario, Spread};

/// The provider's text for a request that is too long.
const CONTEXT_LENGTH: &str = "Please reduce the length of the messages or completion.";
const REJECTED: &str = "`messages` breaks a rule of the provider (emulated)";

/// Answers requests, wherever they come from.
pub(crate) struct Completer {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) answerer: Arc<dyn Answerer>,
    pub(crate) counter: Counter,
    pub(crate) schemas: SchemaCache,
    pub(crate) draws: Draws,
    pub(crate) clock: Clock,
    pub(crate) ids: Arc<Ids>,
    pub(crate) hits: Arc<Hits>,
}

/// Where a request stands, which decides its faults.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The API that the request came by.
    pub(crate) dialect: Dialect,
    /// Number of the batch in the order of creation, from 1; `None` for a synchronous call.
    pub(crate) batch: Option<u64>,
    /// The caller's id, inside of a batch.
    pub(crate) custom_id: Option<&'a str>,
    /// Place among all requests to the model, from 0.
    pub(crate) ordinal: u64,
    /// A fault that the whole batch has.
    pub(crate) forced: Option<Fault>,
}

/// What became of a request.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) reply: Reply,
    pub(crate) request_id: String,
    /// The fault that hit, for the writer of result lines.
    pub(crate) fault: Option<Fault>,
    /// What the log says; `None` where nothing would be billed.
    pub(crate) billed: Option<Billed>,
    /// Time that the answer takes, in microseconds.
    pub(crate) latency_us: u64,
}

/// What the log says of an answer.
#[derive(Debug)]
pub(crate) struct Billed {
    pub(crate) model: String,
    pub(crate) outcome: &'static str,
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
}

impl Completer {
    /// Answers one request.
    pub(crate) fn complete(&self, body: &Value, place: Place<'_>) -> Outcome {
        let request_id = self.ids.next("req_");
        let parse = match place.dialect {
            Dialect::Groq => request::parse,
            Dialect::Anthropic => messages::parse,
            Dialect::Mistral => mistral::parse,
        };
        let (request, schema) = match parse(body, &self.scenario, &self.schemas) {
            Ok(parsed) => parsed,
            Err(error) => return free(error, request_id, None),
        };
        let Some(rules) = self.scenario.model(&request.model) else {
            return free(ApiError::model_not_found(&request.model), request_id, None);
        };
        let prompt_tokens = self.counter.prompt(&request);
        let needed = prompt_tokens + request.max_completion_tokens.unwrap_or(1);
        if needed > rules.context_window {
            return free(
                ApiError::coded("context_length_exceeded", CONTEXT_LENGTH),
                request_id,
                None,
            );
        }
        let fault = place
            .forced
            .or_else(|| self.choose_fault(&request.model, rules, place));
        if let Some(fault) = fault {
            self.hits.line(fault);
        }
        if let Some(fault) = fault.filter(|fault| fault.billing() == Billing::Free) {
            return free(
                self.free_error(fault, &request.model, place.ordinal),
                request_id,
                Some(fault),
            );
        }
        let draft = Draft::write(
            self.answerer.as_ref(),
            &request,
            schema.as_deref(),
            fault,
            place.dialect,
        );
        self.finish(
            request,
            rules,
            draft,
            fault,
            place,
            prompt_tokens,
            request_id,
        )
    }

    /// Chooses what goes wrong with a request, if anything.
    fn choose_fault(&self, model: &str, rules: &ModelRules, place: Place<'_>) -> Option<Fault> {
        for (number, rule) in self.scenario.faults.iter().enumerate() {
            if !rule.matches(model, place.custom_id, place.batch) {
                continue;
            }
            if rule.rate >= 1.0
                || self
                    .hit(&format!("fault {number} {model}"), place.ordinal, rule.rate)
                    .is_some()
            {
                return Some(rule.kind);
            }
        }
        let failure = self.hit(model, place.ordinal, rules.failure_rate)?;
        let thousandth = match self.scenario.spread {
            Spread::Even => self.draws.even_thousandth("failures", failure),
            Spread::Random => self.draws.below("failures", failure, 1000),
        };
        let sum: f64 = rules.failures.values().sum();
        let mut reached = 0.0;
        let mut chosen = None;
        for (kind, share) in &rules.failures {
            if place.batch.is_none() && kind.only_in_batches() {
                continue;
            }
            reached += share / sum * 1000.0;
            chosen = Some(*kind);
            // Shares come as decimal fractions; the half keeps 84.99999 from losing a thousandth.
            if (thousandth as f64) + 0.5 < reached {
                break;
            }
        }
        chosen
    }

    fn hit(&self, purpose: &str, position: u64, rate: f64) -> Option<u64> {
        match self.scenario.spread {
            Spread::Even => self.draws.even_hit(purpose, position, rate),
            Spread::Random => self
                .draws
                .random_hit(purpose, position, rate)
                .then_some(position),
        }
    }

    fn free_error(&self, fault: Fault, model: &str, ordinal: u64) -> ApiError {
        match fault {
            Fault::ContextLength => ApiError::coded("context_length_exceeded", CONTEXT_LENGTH),
            Fault::ModelNotFound => ApiError::model_not_found(model),
            Fault::Rejected => ApiError::invalid(REJECTED, Some("messages")),
            Fault::RateLimited => ApiError::rate_limited(1),
            _ => {
                let chosen = self.draws.below("server error", ordinal, 3) as usize;
                ApiError::server([500, 502, 503].get(chosen).copied().unwrap_or(500))
            }
        }
    }

    /// Counts the answer, cuts it at the cap, and writes the reply.
    #[expect(
        clippy::too_many_arguments,
        reason = "the last step of one function, cut for length"
    )]
    fn finish(
        &self,
        request: ChatRequest,
        rules: &ModelRules,
        mut draft: Draft,
        fault: Option<Fault>,
        place: Place<'_>,
        prompt_tokens: u64,
        request_id: String,
    ) -> Outcome {
        let ordinal = place.ordinal;
        let visible_tokens = self.counter.text(&draft.written);
        let cap = request
            .max_completion_tokens
            .unwrap_or(rules.max_completion_tokens);
        let mut reasoning_tokens = self.reasoning_tokens(&request, rules, ordinal, visible_tokens);
        // Reasoning adapts to what room there is, down to half of its usual amount; failures of the
        // budget beyond that are already in the model's failure rate.
        if fault.is_none() && draft.error.is_none() && visible_tokens + reasoning_tokens / 2 > cap {
            let spent = if reasoning_tokens / 2 >= cap {
                Spent::OnReasoning
            } else {
                Spent::OnPartOfTheAnswer
            };
            draft.run_out_of_budget(&request, spent, place.dialect);
        }
        let completion_tokens = if draft.budget_spent {
            reasoning_tokens = reasoning_tokens.min(cap);
            cap
        } else {
            reasoning_tokens = reasoning_tokens.min(cap.saturating_sub(visible_tokens));
            (visible_tokens + reasoning_tokens).min(cap)
        };
        let latency_us = self.latency_us(&request.model, rules, ordinal);
        let reply = if let Some(error) = draft.error {
            Reply::Error(Box::new(error))
        } else {
            let reasons = rules.reasoning != Reasoning::None
                && request.reasoning_effort != Some(Effort::None);
            let prefix = match place.dialect {
                Dialect::Groq => "chatcmpl-",
                Dialect::Anthropic => "msg_emulated_",
                Dialect::Mistral => "emulated-",
            };
            let completion = Completion {
                id: self.ids.next(prefix),
                tool: match &request.response_format {
                    ResponseFormat::JsonSchema { name, .. } => Some(name),
                    _ => None,
                },
                in_batch: place.batch.is_some(),
                request_id: &request_id,
                created_unix_seconds: self.clock.unix_seconds(),
                model: &request.model,
                content: draft.content,
                refusal: draft.refusal,
                finish_reason: draft.finish_reason,
                show_reasoning: reasons.then_some(request.include_reasoning),
                prompt_tokens,
                completion_tokens,
                reasoning_tokens,
                latency_us,
            };
            Reply::Completion(Box::new(completion.document(place.dialect)))
        };
        let billed = Billed {
            model: request.model,
            outcome: draft.outcome,
            prompt_tokens,
            completion_tokens,
        };
        Outcome {
            reply,
            request_id,
            fault,
            billed: Some(billed),
            latency_us,
        }
    }

    /// Hidden reasoning that goes with so many visible tokens.
    fn reasoning_tokens(
        &self,
        request: &ChatRequest,
        rules: &ModelRules,
        ordinal: u64,
        visible: u64,
    ) -> u64 {
        let [least, most] = rules.reasoning_share;
        let position = self.draws.even_thousandth("reasoning", ordinal) as f64 / 999.0;
        let medium = least + (most - least) * position;
        let share = match (rules.reasoning, request.reasoning_effort) {
            (Reasoning::None, _) | (_, Some(Effort::None)) => 0.0,
            (_, Some(Effort::Low)) => medium / 2.0,
            (_, Some(Effort::Medium) | None) => medium,
            (_, Some(Effort::High)) => 1.0 - (1.0 - medium) / 2.0,
        };
        // Rounding down keeps the share of short answers within its bounds from above; one token
        // less of three is outside of them from below only for answers of a few tokens.
        (visible as f64 * share / (1.0 - share)).round() as u64
    }

    /// Time of an answer: any 25 consecutive ones of a model have exactly its mean.
    fn latency_us(&self, model: &str, rules: &ModelRules, ordinal: u64) -> u64 {
        // A failure of 1 in 25 falls on the place without deviation, so that the other 24 have the
        // mean as well.
        let start = (0..25).find(|at| {
            self.draws
                .even_hit(model, *at, rules.failure_rate)
                .is_some()
        });
        let slot = (ordinal + 25 - start.unwrap_or(0)) % 25;
        let step = (slot * 7 % 25).cast_signed();
        let deviation = if step > 12 { step - 25 } else { step };
        let mean_us = rules.latency_ms * 1000;
        mean_us.saturating_add_signed(deviation * (mean_us / 40).cast_signed())
    }
}

/// The outcome of a request that costs nothing.
fn free(error: ApiError, request_id: String, fault: Option<Fault>) -> Outcome {
    Outcome {
        reply: Reply::Error(Box::new(error)),
        request_id,
        fault,
        billed: None,
        latency_us: 0,
    }
}
