//! What was asked: a chat completion as Mistral takes it.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::request::{
    ChatRequest, Effort, ResponseFormat, Role, cap, messages, number_within, present,
};
use super::strict::{Compiled, SchemaCache};
use crate::http::ApiError;
use crate::scenario::{ModelRules, Scenario, Structured};

/// Fields that are read.
const READ_FIELDS: &[&str] = &[
    "max_tokens",
    "messages",
    "model",
    "n",
    "reasoning_effort",
    "response_format",
    "stream",
    "temperature",
    "top_p",
];

/// Fields that the provider takes and that change nothing here.
const IGNORED_FIELDS: &[&str] = &[
    "frequency_penalty",
    "metadata",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_mode",
    "random_seed",
    "safe_prompt",
    "stop",
    "tool_choice",
    "tools",
];

type Format = (ResponseFormat, Option<Arc<Compiled>>);

/// Checks a body against the provider's rules and the scenario's models.
pub(super) fn parse(
    body: &Value,
    scenario: &Scenario,
    schemas: &SchemaCache,
) -> Result<(ChatRequest, Option<Arc<Compiled>>), ApiError> {
    let Value::Object(fields) = body else {
        return Err(wrong("body", "Input should be a valid dictionary"));
    };
    let model = match fields.get("model") {
        Some(Value::String(model)) => model.clone(),
        Some(_) => return Err(wrong("model", "Input should be a valid string")),
        None => return Err(wrong("model", "Field required")),
    };
    let rules = known_model(scenario, &model)?;
    for name in fields.keys() {
        if !READ_FIELDS.contains(&name.as_str()) && !IGNORED_FIELDS.contains(&name.as_str()) {
            return Err(wrong(name, "Extra inputs are not permitted"));
        }
    }
    let messages = messages(fields)?;
    let sent = fields.get("messages").and_then(Value::as_array);
    let developer = sent.is_some_and(|sent| sent.iter().any(|item| item["role"] == "developer"));
    if developer {
        return Err(wrong(
            "messages",
            "role must be one of system, user, assistant, tool",
        ));
    }
    let last = messages.last().map(|message| message.role);
    if !matches!(last, Some(Role::User | Role::Tool)) {
        return Err(wrong(
            "messages",
            "Expected last role User or Tool for serving",
        ));
    }
    let temperature = number_within(fields, "temperature", 0.0, 1.5)?;
    number_within(fields, "top_p", 0.0, 1.0)?;
    if present(fields, "n").is_some_and(|n| n.as_u64() != Some(1)) {
        return Err(wrong("n", "this emulator writes one answer"));
    }
    if present(fields, "stream").is_some_and(|stream| stream != &Value::Bool(false)) {
        return Err(wrong("stream", "this emulator does not stream answers"));
    }
    let max_completion_tokens = cap(fields, rules)?;
    let reasoning_effort = match present(fields, "reasoning_effort").map(Value::as_str) {
        None | Some(Some("none")) => Some(Effort::None),
        Some(Some("high")) => Some(Effort::High),
        Some(_) => {
            return Err(wrong(
                "reasoning_effort",
                "Input should be 'none' or 'high'",
            ));
        }
    };
    let (response_format, compiled) = format(fields, rules, schemas)?;
    let request = ChatRequest {
        model,
        messages,
        response_format,
        max_completion_tokens,
        reasoning_effort,
        include_reasoning: false,
        temperature,
    };
    Ok((request, compiled))
}

/// Returns the rules of a model that can be called.
pub(crate) fn known_model<'a>(
    scenario: &'a Scenario,
    model: &str,
) -> Result<&'a ModelRules, ApiError> {
    scenario.model(model).ok_or_else(|| ApiError {
        kind: "invalid_model",
        ..ApiError::coded("1500", &format!("Invalid model: {model}"))
    })
}

fn format(
    fields: &Map<String, Value>,
    rules: &ModelRules,
    schemas: &SchemaCache,
) -> Result<Format, ApiError> {
    let Some(format) = present(fields, "response_format") else {
        return Ok((ResponseFormat::Text, None));
    };
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok((ResponseFormat::Text, None)),
        Some("json_object") => Ok((ResponseFormat::JsonObject, None)),
        Some("json_schema") => {
            let at = |what: &str| format!("response_format.json_schema.{what}");
            let wanted = format.get("json_schema").and_then(Value::as_object);
            let wanted =
                wanted.ok_or_else(|| wrong("response_format.json_schema", "Field required"))?;
            if rules.structured == Structured::JsonObject {
                return Err(wrong(
                    "response_format",
                    "this model does not take a JSON schema",
                ));
            }
            for key in wanted.keys() {
                if !["name", "strict", "schema", "description"].contains(&key.as_str()) {
                    return Err(wrong(&at(key), "Extra inputs are not permitted"));
                }
            }
            let name = wanted.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| wrong(&at("name"), "Field required"))?;
            let strict =
                present(wanted, "strict").is_some_and(|strict| strict == &Value::Bool(true));
            let schema = wanted.get("schema").filter(|schema| schema.is_object());
            let schema = schema.ok_or_else(|| wrong(&at("schema"), "Field required"))?;
            let compiled = schemas.get(schema);
            if let Some(problem) = compiled.schema_problem() {
                return Err(wrong(&at("schema"), problem));
            }
            let format = ResponseFormat::JsonSchema {
                name: name.to_owned(),
                strict,
                schema: compiled.schema(),
            };
            Ok((format, Some(compiled)))
        }
        _ => Err(wrong(
            "response_format.type",
            "Input should be 'text', 'json_object' or 'json_schema'",
        )),
    }
}

fn wrong(param: &str, what: &str) -> ApiError {
    ApiError::invalid(what, Some(param))
}
