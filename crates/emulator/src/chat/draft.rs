//! The text of an answer: written, checked as the provider checks it, and spoiled.

use serde_json::Value;

use super::answerer::{Answered, Answerer, SchemaAnswerer};
use super::request::{ChatRequest, ResponseFormat};
use super::shape;
use super::strict::Compiled;
use crate::dialect::Dialect;
use crate::http::ApiError;
use crate::scenario::Fault;

/// The provider's text for a document that is none.
const VALIDATE_FAILED: &str = "Failed to validate JSON. Please adjust your prompt.";
const GENERATE_FAILED: &str =
    "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.";
const MAX_TOKENS_REACHED: &str = "max completion tokens reached before generating a valid document";
const SCHEMA_MISMATCH: &str =
    "Generated JSON does not match the expected schema. Please adjust your prompt.";

/// An answer before it is counted and cut.
pub(super) struct Draft {
    pub(super) content: Option<String>,
    pub(super) refusal: Option<String>,
    pub(super) finish_reason: &'static str,
    pub(super) outcome: &'static str,
    /// The error that takes the answer's place.
    pub(super) error: Option<ApiError>,
    /// Text whose tokens were written, visible or not.
    pub(super) written: String,
    pub(super) budget_spent: bool,
}

/// What a budget that is too small went into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spent {
    /// Hidden reasoning alone.
    OnReasoning,
    /// Part of the answer as well.
    OnPartOfTheAnswer,
}

impl Draft {
    /// Lets the answerer answer, checks the answer as the provider does, and spoils it.
    pub(super) fn write(
        answerer: &dyn Answerer,
        request: &ChatRequest,
        schema: Option<&Compiled>,
        fault: Option<Fault>,
        dialect: Dialect,
    ) -> Self {
        let said = match answerer.answer(request) {
            Answered::NotMine => SchemaAnswerer.answer(request),
            other => other,
        };
        let mut draft = Self {
            content: None,
            refusal: None,
            finish_reason: "stop",
            outcome: "ok",
            error: None,
            written: String::new(),
            budget_spent: false,
        };
        let text = match said {
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
            let fault = match fault {
                Fault::JsonMismatch if wants_json && !dialect.reports_failed_json() => {
                    Fault::SchemaMismatch
                }
                Fault::JsonPartial if wants_json && !dialect.reports_failed_json() => {
                    Fault::BrokenJson
                }
                fault => fault,
            };
            spoil(
                &mut draft,
                fault,
                &text,
                document.as_ref(),
                schema,
                wants_json && dialect.reports_failed_json(),
            );
        } else {
            let problem = match (&request.response_format, &document) {
                (ResponseFormat::Text, _)
                | (ResponseFormat::JsonObject, Some(Value::Object(_))) => None,
                (_, None) => Some((VALIDATE_FAILED, Fault::JsonPartial)),
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
                Some((_, kind)) if !dialect.reports_failed_json() => {
                    let kind = match kind {
                        Fault::JsonMismatch => Fault::SchemaMismatch,
                        _ => Fault::BrokenJson,
                    };
                    draft.outcome = kind.name();
                    draft.content = Some(text);
                }
                Some((message, kind)) => {
                    draft.outcome = kind.name();
                    draft.error = Some(ApiError::json_validate_failed(message, Some(text)));
                }
            }
        }
        draft
    }

    /// Makes of an answer that does not fit its cap what the provider makes of it.
    pub(super) fn run_out_of_budget(
        &mut self,
        request: &ChatRequest,
        spent: Spent,
        dialect: Dialect,
    ) {
        let all_in_reasoning = spent == Spent::OnReasoning;
        self.budget_spent = true;
        let content = self.content.take().unwrap_or_default();
        let is_text = matches!(request.response_format, ResponseFormat::Text);
        if is_text || !dialect.reports_failed_json() {
            self.outcome = Fault::Truncated.name();
            self.finish_reason = "length";
            self.content = Some(if all_in_reasoning {
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
        self.outcome = kind.name();
        self.error = Some(ApiError::json_validate_failed(
            message,
            Some(generation.to_owned()),
        ));
    }
}

/// Applies a fault to an answer.
fn spoil(
    draft: &mut Draft,
    fault: Fault,
    text: &str,
    document: Option<&Value>,
    schema: Option<&Compiled>,
    json_can_fail: bool,
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
        // Where no JSON can fail, the same cause cuts the text.
        Fault::JsonEmpty
        | Fault::JsonMaxTokens
        | Fault::MaxTokensMessage
        | Fault::JsonPartial
        | Fault::JsonMismatch
            if !json_can_fail =>
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
