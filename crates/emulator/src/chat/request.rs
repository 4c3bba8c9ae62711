//! What was asked: the body of a chat completion, checked as Groq checks it.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::format;
use super::strict::{self, SchemaCache};
use crate::http::ApiError;
use crate::scenario::{ModelRules, Reasoning, Scenario};

/// A checked chat completion request.
#[derive(Debug, Clone)]
pub struct ChatRequest {
    /// Model id, as sent.
    pub model: String,
    /// The conversation; at least one message.
    pub messages: Vec<Message>,
    /// What the answer has to look like.
    pub response_format: ResponseFormat,
    /// Cap on the answer's tokens, hidden reasoning included; `None` leaves the model's own limit.
    pub max_completion_tokens: Option<u64>,
    /// How much hidden reasoning is asked for; `None` where the model has none or nothing was said.
    pub reasoning_effort: Option<Effort>,
    /// Whether the reasoning text is wanted in the answer.
    pub include_reasoning: bool,
    /// Sampling temperature from 0 to 2.
    pub temperature: Option<f64>,
}

/// One message of a conversation. Parts of text are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said; empty for an assistant's message of tool calls only.
    pub content: String,
}

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The instructions (`system` or `developer`).
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// The result of a tool.
    Tool,
}

/// What an answer has to look like.
#[derive(Debug, Clone)]
pub enum ResponseFormat {
    /// Any text.
    Text,
    /// Any JSON object.
    JsonObject,
    /// A JSON document that is valid against a schema.
    JsonSchema {
        /// The schema's name.
        name: String,
        /// True where the model's decoding is constrained by the schema.
        strict: bool,
        /// The schema.
        schema: Arc<Value>,
    },
}

/// How much hidden reasoning is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// No reasoning at all (models with a switch).
    None,
    /// Little.
    Low,
    /// The usual amount.
    Medium,
    /// Much.
    High,
}

/// Fields of a request that the provider takes and that change nothing here.
const IGNORED_FIELDS: &[&str] = &[
    "frequency_penalty",
    "logit_bias",
    "metadata",
    "parallel_tool_calls",
    "presence_penalty",
    "seed",
    "service_tier",
    "stop",
    "store",
    "tool_choice",
    "tools",
    "user",
];

/// Checks a body against the provider's rules and the scenario's models.
pub(crate) fn parse(
    body: &Value,
    scenario: &Scenario,
    schemas: &SchemaCache,
) -> Result<(ChatRequest, Option<Arc<strict::Compiled>>), ApiError> {
    let Value::Object(fields) = body else {
        return Err(ApiError::invalid(
            "request body must be a JSON object",
            None,
        ));
    };
    let model = match fields.get("model") {
        Some(Value::String(model)) => model.clone(),
        Some(_) => {
            return Err(ApiError::invalid(
                "'model' : must be a string",
                Some("model"),
            ));
        }
        None => return Err(missing("model")),
    };
    let rules = scenario
        .model(&model)
        .ok_or_else(|| ApiError::model_not_found(&model))?;
    check_known_fields(fields)?;
    let messages = messages(fields)?;
    let temperature = number_within(fields, "temperature", 0.0, 2.0)?;
    number_within(fields, "top_p", 0.0, 1.0)?;
    if let Some(n) = present(fields, "n")
        && n.as_u64() != Some(1)
    {
        return Err(ApiError::invalid(
            "'n' : number must be at most 1",
            Some("n"),
        ));
    }
    if present(fields, "stream").is_some_and(|stream| stream != &Value::Bool(false)) {
        return Err(ApiError::invalid(
            "'stream' : this emulator does not stream answers",
            Some("stream"),
        ));
    }
    let max_completion_tokens = cap(fields, rules)?;
    let reasoning_effort = effort(fields, rules, &model)?;
    if present(fields, "reasoning_format").is_some() && rules.reasoning != Reasoning::Switch {
        let message = format!("reasoning_format is not supported with model `{model}`");
        return Err(ApiError::invalid(&message, Some("reasoning_format")));
    }
    let include_reasoning = match present(fields, "include_reasoning") {
        None => true,
        Some(Value::Bool(include)) => *include,
        Some(_) => {
            return Err(ApiError::invalid(
                "'include_reasoning' : must be a boolean",
                Some("include_reasoning"),
            ));
        }
    };
    let (response_format, compiled) = format::parse(fields, rules, &model, schemas)?;
    Ok((
        ChatRequest {
            model,
            messages,
            response_format,
            max_completion_tokens,
            reasoning_effort,
            include_reasoning,
            temperature,
        },
        compiled,
    ))
}

fn check_known_fields(fields: &Map<String, Value>) -> Result<(), ApiError> {
    const READ_FIELDS: &[&str] = &[
        "include_reasoning",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "model",
        "n",
        "reasoning_effort",
        "reasoning_format",
        "response_format",
        "stream",
        "temperature",
        "top_p",
    ];
    for name in fields.keys() {
        if !READ_FIELDS.contains(&name.as_str()) && !IGNORED_FIELDS.contains(&name.as_str()) {
            let message = format!("property '{name}' is unsupported");
            return Err(ApiError::invalid(&message, Some(name)));
        }
    }
    Ok(())
}

pub(super) fn messages(fields: &Map<String, Value>) -> Result<Vec<Message>, ApiError> {
    let list = match fields.get("messages") {
        Some(Value::Array(list)) => list,
        Some(_) => {
            return Err(ApiError::invalid(
                "'messages' : must be an array",
                Some("messages"),
            ));
        }
        None => return Err(missing("messages")),
    };
    if list.is_empty() {
        return Err(ApiError::invalid(
            "'messages' : minimum number of items is 1",
            Some("messages"),
        ));
    }
    let mut messages = Vec::with_capacity(list.len());
    for (place, item) in list.iter().enumerate() {
        let param = format!("messages.{place}");
        let problem = |what: &str| ApiError::invalid(&format!("'{param}' : {what}"), Some(&param));
        let role = match item.get("role").and_then(Value::as_str) {
            Some("system" | "developer") => Role::System,
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            Some("tool") => Role::Tool,
            _ => {
                return Err(problem(
                    "role must be one of system, developer, user, assistant, tool",
                ));
            }
        };
        let content = match item.get("content") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => {
                let mut joined = String::new();
                for part in parts {
                    let text = part.get("text").and_then(Value::as_str);
                    joined.push_str(
                        text.ok_or_else(|| problem("this emulator takes parts of type text only"))?,
                    );
                }
                joined
            }
            None | Some(Value::Null) if role == Role::Assistant => String::new(),
            _ => return Err(problem("content must be a string or an array of parts")),
        };
        messages.push(Message { role, content });
    }
    Ok(messages)
}

pub(super) fn cap(
    fields: &Map<String, Value>,
    rules: &ModelRules,
) -> Result<Option<u64>, ApiError> {
    let mut cap = None;
    for name in ["max_tokens", "max_completion_tokens"] {
        let Some(value) = present(fields, name) else {
            continue;
        };
        let Some(tokens) = value.as_u64().filter(|tokens| *tokens >= 1) else {
            return Err(ApiError::invalid(
                &format!("'{name}' : must be an integer of at least 1"),
                Some(name),
            ));
        };
        if tokens > rules.max_completion_tokens {
            let message = format!(
                "`{name}` must be less than or equal to `{most}`, the maximum value for `{name}` is less than the `context_window` for this model",
                most = rules.max_completion_tokens,
            );
            return Err(ApiError::invalid(&message, Some(name)));
        }
        cap = Some(tokens);
    }
    Ok(cap)
}

fn effort(
    fields: &Map<String, Value>,
    rules: &ModelRules,
    model: &str,
) -> Result<Option<Effort>, ApiError> {
    let param = Some("reasoning_effort");
    let Some(value) = present(fields, "reasoning_effort") else {
        return Ok(None);
    };
    let (effort, allowed) = match (rules.reasoning, value.as_str()) {
        (Reasoning::None, _) => {
            let message = format!("reasoning_effort is not supported with model `{model}`");
            return Err(ApiError::invalid(&message, param));
        }
        (Reasoning::Levels, Some("low")) => (Some(Effort::Low), ""),
        (Reasoning::Levels, Some("medium")) | (Reasoning::Switch, Some("default")) => {
            (Some(Effort::Medium), "")
        }
        (Reasoning::Levels, Some("high")) => (Some(Effort::High), ""),
        (Reasoning::Levels, _) => (None, "`low`, `medium`, or `high`"),
        (Reasoning::Switch, Some("none")) => (Some(Effort::None), ""),
        (Reasoning::Switch, _) => (None, "`none` or `default`"),
    };
    if effort.is_none() {
        return Err(ApiError::invalid(
            &format!("`reasoning_effort` must be one of {allowed}"),
            param,
        ));
    }
    Ok(effort)
}

pub(super) fn number_within(
    fields: &Map<String, Value>,
    name: &str,
    least: f64,
    most: f64,
) -> Result<Option<f64>, ApiError> {
    let Some(value) = present(fields, name) else {
        return Ok(None);
    };
    match value.as_f64() {
        Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => {
            let message = format!("'{name}' : number must be from {least} to {most}");
            Err(ApiError::invalid(&message, Some(name)))
        }
    }
}

/// Returns a field unless it is absent or null, which the provider treats alike.
pub(super) fn present<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn missing(name: &str) -> ApiError {
    ApiError::invalid(
        &format!("'{name}' : property '{name}' is missing"),
        Some(name),
    )
}
