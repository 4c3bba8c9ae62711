//! From a body to a reply: check, count, answer, constrain, spoil, bill.

use std::sync::Arc;

use serde_json::Value;

use super::answerer::{Answered, Answerer, SchemaAnswerer};
use super::reply::{Completion, Reply};
use super::request::{self, ChatRequest, Effort, ResponseFormat};
use super::shape;
use super::strict::{Compiled, SchemaCache};
use super::tokens::Counter;
use crate::clock::Clock;
use crate::draw::Draws;
use crate::http::ApiError;
use crate::ids::Ids;
use crate::scenario::{Billing, Fault, ModelRules, Reasoning, Scenario, Spread};

/// The provider's text for a document that is none.
const VALIDATE_FAILED: &str = "Failed to validate JSON. Please adjust your prompt.";
const GENERATE_FAILED: &str =
    "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.";
const MAX_TOKENS_REACHED: &str = "max completion tokens reached before generating a valid document";
const SCHEMA_MISMATCH: &str =
    "Generated JSON does not match the expected schema. Please adjust your prompt.";
const CONTEXT_LENGTH: &str = "Please reduce the length of the messages or completion.";

/// Answers requests, wherever they come from.
pub(crate) struct Completer {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) answerer: Arc<dyn Answerer>,
    pub(crate) counter: Counter,
    pub(crate) schemas: SchemaCache,
    pub(crate) draws: Draws,
    pub(crate) clock: Clock,
    pub(crate) ids: Arc<Ids>,
}

/// Where a request stands, which decides its faults.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
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

/// An answer before it is counted and cut.
struct Draft {
    content: Option<String>,
    refusal: Option<String>,
    finish_reason: &'static str,
    outcome: &'static str,
    /// The error that takes the answer's place.
    error: Option<ApiError>,
    /// Text whose tokens were written, visible or not.
    written: String,
    budget_spent: bool,
}

impl Completer {
    /// Answers one request.
    pub(crate) fn complete(&self, body: &Value, place: Place<'_>) -> Outcome {
        let request_id = self.ids.next("req_");
        let (request, schema) = match request::parse(body, &self.scenario, &self.schemas) {
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
        if let Some(fault) = fault.filter(|fault| fault.billing() == Billing::Free) {
            return free(
                self.free_error(fault, &request.model, place.ordinal),
                request_id,
                Some(fault),
            );
        }
        let draft = self.draft(&request, schema.as_deref(), fault);
        self.finish(
            request,
            rules,
            draft,
            fault,
            place.ordinal,
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
            Fault::RateLimited => ApiError::rate_limited(1),
            _ => {
                let chosen = self.draws.below("server error", ordinal, 3) as usize;
                ApiError::server([500, 502, 503].get(chosen).copied().unwrap_or(500))
            }
        }
    }

    /// Lets the answerer answer, checks the answer as the provider does, and spoils it.
    fn draft(
        &self,
        request: &ChatRequest,
        schema: Option<&Compiled>,
        fault: Option<Fault>,
    ) -> Draft {
        let answered = match self.answerer.answer(request) {
            Answered::NotMine => SchemaAnswerer.answer(request),
            other => other,
        };
        let mut draft = Draft {
            content: None,
            refusal: None,
            finish_reason: "stop",
            outcome: "ok",
            error: None,
            written: String::new(),
            budget_spent: false,
        };
        let text = match answered {
            Answered::Text(text) => text,
            Answered::Refusal(words) => {
                draft.written.clone_from(&words);
                draft.refusal = Some(words);
                draft.outcome = Fault::Refusal.name();
                return draft;
            }
            Answered::NotMine => String::new(),
        };
        let wants_json = !matches!(request.response_format, ResponseFormat::Text);
        let document: Option<Value> = if wants_json || fault.is_some() {
            serde_json::from_str(&text).ok()
        } else {
            None
        };
        draft.written.clone_from(&text);
        if let Some(fault) = fault {
            spoil(
                &mut draft,
                fault,
                &text,
                document.as_ref(),
                schema,
                wants_json,
            );
        } else {
            let problem = match (&request.response_format, &document) {
                (ResponseFormat::Text, _) => None,
                (_, None) => Some((VALIDATE_FAILED, Fault::JsonPartial)),
                (ResponseFormat::JsonObject, Some(Value::Object(_))) => None,
                (ResponseFormat::JsonObject, Some(_)) => {
                    Some((VALIDATE_FAILED, Fault::JsonPartial))
                }
                (ResponseFormat::JsonSchema { .. }, Some(document)) => {
                    let valid = schema.is_some_and(|schema| schema.is_valid(document));
                    (!valid).then_some((SCHEMA_MISMATCH, Fault::JsonMismatch))
                }
            };
            match problem {
                None => draft.content = Some(text),
                Some((message, kind)) => {
                    draft.outcome = kind.name();
                    draft.error = Some(ApiError::json_validate_failed(message, Some(text)));
                }
            }
        }
        draft
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
        ordinal: u64,
        prompt_tokens: u64,
        request_id: String,
    ) -> Outcome {
        let visible_tokens = self.counter.text(&draft.written);
        let cap = request
            .max_completion_tokens
            .unwrap_or(rules.max_completion_tokens);
        let mut reasoning_tokens = self.reasoning_tokens(&request, rules, ordinal, visible_tokens);
        // Reasoning adapts to what room there is, down to half of its usual amount; failures of the
        // budget beyond that are already in the model's failure rate.
        if fault.is_none() && draft.error.is_none() && visible_tokens + reasoning_tokens / 2 > cap {
            run_out_of_budget(&mut draft, &request, reasoning_tokens / 2 >= cap);
        }
        let completion_tokens = if draft.budget_spent {
            reasoning_tokens = reasoning_tokens.min(cap);
            cap
        } else {
            reasoning_tokens = reasoning_tokens.min(cap.saturating_sub(visible_tokens));
            (visible_tokens + reasoning_tokens).min(cap)
        };
        let latency_us = self.latency_us(&request.model, rules, ordinal);
        let reply = match draft.error {
            Some(error) => Reply::Error(Box::new(error)),
            None => {
                let reasons = rules.reasoning != Reasoning::None
                    && request.reasoning_effort != Some(Effort::None);
                let completion = Completion {
                    id: self.ids.next("chatcmpl-"),
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
                Reply::Completion(Box::new(completion.document()))
            }
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
        let step = (slot * 7 % 25) as i64;
        let deviation = if step > 12 { step - 25 } else { step };
        let mean_us = rules.latency_ms as i64 * 1000;
        (mean_us + deviation * (mean_us / 40)).max(0) as u64
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

/// Applies a fault to an answer.
fn spoil(
    draft: &mut Draft,
    fault: Fault,
    text: &str,
    document: Option<&Value>,
    schema: Option<&Compiled>,
    wants_json: bool,
) {
    draft.outcome = if fault.keeps_the_answer() {
        "ok"
    } else {
        fault.name()
    };
    let failed = |message: &str, generation: Option<String>| {
        Some(ApiError::json_validate_failed(message, generation))
    };
    match fault {
        // Without a response format no JSON can fail: the same cause then cuts the text.
        Fault::JsonEmpty
        | Fault::JsonMaxTokens
        | Fault::MaxTokensMessage
        | Fault::JsonPartial
        | Fault::JsonMismatch
            if !wants_json =>
        {
            draft.outcome = Fault::Truncated.name();
            draft.budget_spent = true;
            draft.finish_reason = "length";
            draft.content = Some(if fault == Fault::JsonEmpty {
                String::new()
            } else {
                shape::cut(text)
            });
        }
        Fault::JsonEmpty => {
            draft.budget_spent = true;
            draft.error = failed(VALIDATE_FAILED, Some(String::new()));
        }
        Fault::JsonPartial => {
            let part = shape::cut(text);
            draft.written.clone_from(&part);
            draft.error = failed(VALIDATE_FAILED, Some(part));
        }
        Fault::JsonMaxTokens => {
            draft.budget_spent = true;
            draft.error = failed(GENERATE_FAILED, Some(MAX_TOKENS_REACHED.to_owned()));
        }
        Fault::MaxTokensMessage => {
            draft.budget_spent = true;
            draft.error = failed(MAX_TOKENS_REACHED, None);
        }
        Fault::JsonMismatch => {
            draft.error = failed(SCHEMA_MISMATCH, Some(shape::mismatch(document, schema)));
        }
        Fault::Truncated => {
            draft.finish_reason = "length";
            draft.budget_spent = true;
            draft.content = Some(shape::cut(text));
        }
        Fault::TruncatedParseable => {
            draft.finish_reason = "length";
            draft.budget_spent = true;
            draft.content = Some(text.to_owned());
        }
        Fault::Refusal => draft.refusal = Some("I cannot help with that (emulated).".to_owned()),
        Fault::ContentFilter => {
            draft.finish_reason = "content_filter";
            draft.content = Some(String::new());
        }
        Fault::EmptyContent => draft.content = Some(String::new()),
        Fault::NullContent => draft.content = None,
        Fault::Prose => draft.content = Some(shape::prose(text)),
        Fault::Fenced => draft.content = Some(shape::fenced(text)),
        Fault::TrailingComma => draft.content = Some(shape::trailing_comma(text)),
        Fault::BrokenJson => draft.content = Some(shape::cut(text)),
        Fault::SchemaMismatch => draft.content = Some(shape::mismatch(document, schema)),
        Fault::EmptyObject => draft.content = Some("{}".to_owned()),
        Fault::NullValues => draft.content = Some(shape::null_values(document)),
        // The rest spoils lines of result files, not answers.
        _ => draft.content = Some(text.to_owned()),
    }
    match (&draft.content, &draft.refusal) {
        (Some(content), _) => draft.written.clone_from(content),
        (None, Some(refusal)) => draft.written.clone_from(refusal),
        (None, None) => {}
    }
}

/// Makes of an answer that does not fit its cap what the provider makes of it.
fn run_out_of_budget(draft: &mut Draft, request: &ChatRequest, all_in_reasoning: bool) {
    draft.budget_spent = true;
    let content = draft.content.take().unwrap_or_default();
    if matches!(request.response_format, ResponseFormat::Text) {
        draft.outcome = Fault::Truncated.name();
        draft.finish_reason = "length";
        draft.content = Some(if all_in_reasoning {
            String::new()
        } else {
            shape::cut(&content)
        });
        return;
    }
    let (message, generation, kind) = if all_in_reasoning {
        (VALIDATE_FAILED, "", Fault::JsonEmpty)
    } else {
        (GENERATE_FAILED, MAX_TOKENS_REACHED, Fault::JsonMaxTokens)
    };
    draft.outcome = kind.name();
    draft.error = Some(ApiError::json_validate_failed(
        message,
        Some(generation.to_owned()),
    ));
}
