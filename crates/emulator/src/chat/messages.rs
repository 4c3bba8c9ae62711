//! What was asked: the parameters of an Anthropic message, checked as the provider checks them.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::request::{ChatRequest, Effort, Message, ResponseFormat, Role, number_within, present};
use super::strict::{Compiled, SchemaCache};
use crate::http::ApiError;
use crate::scenario::{ModelRules, Scenario};

/// Fields that are read.
const READ_FIELDS: &[&str] = &[
    "max_tokens",
    "messages",
    "model",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_p",
];

/// Fields that the provider takes and that change nothing here.
const IGNORED_FIELDS: &[&str] = &[
    "cache_control",
    "metadata",
    "service_tier",
    "stop_sequences",
    "top_k",
];

/// Least tokens of a thinking budget.
const LEAST_BUDGET: u64 = 1024;

/// Checks parameters. A tool that the model has to use becomes the response format: the answer is
/// then the tool's input.
pub(super) fn parse(
    body: &Value,
    scenario: &Scenario,
    schemas: &SchemaCache,
) -> Result<(ChatRequest, Option<Arc<Compiled>>), ApiError> {
    let Value::Object(fields) = body else {
        return Err(ApiError::invalid("Input should be an object", None));
    };
    let model = match fields.get("model") {
        Some(Value::String(model)) => model.clone(),
        Some(_) => return Err(wrong("model", "Input should be a valid string")),
        None => return Err(wrong("model", "Field required")),
    };
    for name in fields.keys() {
        if !READ_FIELDS.contains(&name.as_str()) && !IGNORED_FIELDS.contains(&name.as_str()) {
            return Err(wrong(name, "Extra inputs are not permitted"));
        }
    }
    let rules = scenario.model(&model).ok_or_else(|| {
        let mut error = ApiError::model_not_found(&model);
        error.message = format!("model: {model}");
        error
    })?;
    let max_tokens = cap(fields, rules, &model)?;
    let mut messages = system(fields)?;
    conversation(fields, &mut messages)?;
    let temperature = number_within(fields, "temperature", 0.0, 1.0)?;
    number_within(fields, "top_p", 0.0, 1.0)?;
    if present(fields, "stream").is_some_and(|stream| stream != &Value::Bool(false)) {
        return Err(wrong("stream", "this emulator does not stream messages"));
    }
    let reasoning_effort = thinking(fields, max_tokens)?;
    let (response_format, compiled) = tool_to_use(fields, schemas)?;
    if reasoning_effort.is_none() && compiled.is_some() {
        return Err(wrong(
            "thinking",
            "Thinking may not be enabled when tool_choice forces tool use.",
        ));
    }
    let request = ChatRequest {
        model,
        messages,
        response_format,
        max_completion_tokens: Some(max_tokens),
        reasoning_effort,
        include_reasoning: false,
        temperature,
    };
    Ok((request, compiled))
}

fn cap(fields: &Map<String, Value>, rules: &ModelRules, model: &str) -> Result<u64, ApiError> {
    let value = fields
        .get("max_tokens")
        .ok_or_else(|| wrong("max_tokens", "Field required"))?;
    let tokens = value
        .as_u64()
        .filter(|tokens| *tokens >= 1)
        .ok_or_else(|| {
            wrong(
                "max_tokens",
                "Input should be an integer greater than or equal to 1",
            )
        })?;
    if tokens > rules.max_completion_tokens {
        let most = rules.max_completion_tokens;
        let what = format!(
            "{tokens} > {most}, which is the maximum allowed number of output tokens for {model}"
        );
        return Err(wrong("max_tokens", &what));
    }
    Ok(tokens)
}

fn system(fields: &Map<String, Value>) -> Result<Vec<Message>, ApiError> {
    let Some(system) = present(fields, "system") else {
        return Ok(Vec::new());
    };
    let content = text(system, "system")?;
    let role = Role::System;
    Ok(vec![Message { role, content }])
}

fn conversation(fields: &Map<String, Value>, messages: &mut Vec<Message>) -> Result<(), ApiError> {
    let list = match fields.get("messages") {
        Some(Value::Array(list)) => list,
        Some(_) => return Err(wrong("messages", "Input should be a valid list")),
        None => return Err(wrong("messages", "Field required")),
    };
    if list.is_empty() {
        return Err(wrong("messages", "at least one message is required"));
    }
    for (place, item) in list.iter().enumerate() {
        let param = format!("messages.{place}");
        let role = match item.get("role").and_then(Value::as_str) {
            Some("user") => Role::User,
            Some("assistant") if place > 0 => Role::Assistant,
            Some("assistant") => {
                return Err(wrong(&param, "first message must use the \"user\" role"));
            }
            // Instructions stand in `system`.
            _ => {
                let param = format!("{param}.role");
                return Err(wrong(&param, "Input should be 'user' or 'assistant'"));
            }
        };
        let param = format!("{param}.content");
        let content = item
            .get("content")
            .ok_or_else(|| wrong(&param, "Field required"))?;
        let content = text(content, &param)?;
        if content.is_empty() {
            return Err(wrong(&param, "messages must have non-empty content"));
        }
        messages.push(Message { role, content });
    }
    Ok(())
}

/// Reads a text, or joins blocks of text.
fn text(value: &Value, param: &str) -> Result<String, ApiError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Array(blocks) => {
            let mut joined = String::new();
            for (place, block) in blocks.iter().enumerate() {
                let is_text = block.get("type").and_then(Value::as_str) == Some("text");
                let text = block.get("text").and_then(Value::as_str);
                let text = text.filter(|_| is_text).ok_or_else(|| {
                    let param = format!("{param}.{place}");
                    wrong(&param, "this emulator takes blocks of type text only")
                })?;
                joined.push_str(text);
            }
            Ok(joined)
        }
        _ => Err(wrong(
            param,
            "Input should be a valid string or a list of blocks",
        )),
    }
}

/// Says how much is thought: not at all, unless thinking is enabled.
fn thinking(fields: &Map<String, Value>, max_tokens: u64) -> Result<Option<Effort>, ApiError> {
    let Some(thinking) = present(fields, "thinking") else {
        return Ok(Some(Effort::None));
    };
    match thinking.get("type").and_then(Value::as_str) {
        Some("disabled") => Ok(Some(Effort::None)),
        Some("enabled") => {
            let budget = thinking.get("budget_tokens").and_then(Value::as_u64);
            let budget = budget.filter(|budget| *budget >= LEAST_BUDGET);
            if budget.is_none_or(|budget| budget >= max_tokens) {
                return Err(wrong(
                    "thinking.budget_tokens",
                    "must be at least 1024 and less than max_tokens",
                ));
            }
            Ok(None)
        }
        _ => Err(wrong(
            "thinking.type",
            "Input should be 'enabled' or 'disabled'",
        )),
    }
}

type Format = (ResponseFormat, Option<Arc<Compiled>>);

/// Finds the tool that the model has to use.
fn tool_to_use(fields: &Map<String, Value>, schemas: &SchemaCache) -> Result<Format, ApiError> {
    let no_tools = Vec::new();
    let tools = match present(fields, "tools") {
        None => &no_tools,
        Some(Value::Array(tools)) => tools,
        Some(_) => return Err(wrong("tools", "Input should be a valid list")),
    };
    let mut known: Vec<(&str, &Value)> = Vec::with_capacity(tools.len());
    for (place, tool) in tools.iter().enumerate() {
        let (name, schema) = check_tool(tool, place)?;
        if known.iter().any(|(other, _)| *other == name) {
            return Err(wrong("tools", "Tool names must be unique."));
        }
        let compiled = schemas.get(schema);
        if let Some(problem) = compiled.schema_problem() {
            let param = format!("tools.{place}.custom.input_schema");
            let what = format!("JSON schema is invalid: {problem}");
            return Err(wrong(&param, &what));
        }
        known.push((name, schema));
    }
    let Some(choice) = present(fields, "tool_choice") else {
        return Ok((ResponseFormat::Text, None));
    };
    if known.is_empty() {
        return Err(wrong(
            "tool_choice",
            "may only be specified while providing tools",
        ));
    }
    let (name, schema) = match choice.get("type").and_then(Value::as_str) {
        // Whether to use a tool is the model's choice then; this one never does.
        Some("auto" | "none") => return Ok((ResponseFormat::Text, None)),
        Some("any") => known.first().copied(),
        Some("tool") => {
            let wanted = choice.get("name").and_then(Value::as_str);
            let wanted = wanted.ok_or_else(|| wrong("tool_choice.tool.name", "Field required"))?;
            let found = known.iter().copied().find(|(name, _)| *name == wanted);
            if found.is_none() {
                let what = format!("Tool '{wanted}' not found in provided tools");
                return Err(wrong("tool_choice", &what));
            }
            found
        }
        _ => None,
    }
    .ok_or_else(|| {
        wrong(
            "tool_choice.type",
            "Input should be 'auto', 'any', 'tool' or 'none'",
        )
    })?;
    let compiled = schemas.get(schema);
    let format = ResponseFormat::JsonSchema {
        name: name.to_owned(),
        strict: false,
        schema: compiled.schema(),
    };
    Ok((format, Some(compiled)))
}

fn check_tool(tool: &Value, place: usize) -> Result<(&str, &Value), ApiError> {
    const FIELDS: &[&str] = &[
        "cache_control",
        "description",
        "input_schema",
        "name",
        "strict",
        "type",
    ];
    let at = |what: &str| format!("tools.{place}.custom.{what}");
    let Value::Object(fields) = tool else {
        return Err(wrong(
            &format!("tools.{place}"),
            "Input should be an object",
        ));
    };
    for name in fields.keys() {
        if !FIELDS.contains(&name.as_str()) {
            return Err(wrong(&at(name), "Extra inputs are not permitted"));
        }
    }
    if present(fields, "type").is_some_and(|kind| kind != "custom") {
        return Err(wrong(
            &format!("tools.{place}.type"),
            "this emulator knows custom tools only",
        ));
    }
    let name = fields.get("name").and_then(Value::as_str);
    let name = name.filter(|name| is_name(name, 128));
    let name = name.ok_or_else(|| {
        wrong(
            &at("name"),
            "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
        )
    })?;
    let schema = fields
        .get("input_schema")
        .ok_or_else(|| wrong(&at("input_schema"), "Field required"))?;
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err(wrong(&at("input_schema.type"), "Input should be 'object'"));
    }
    Ok((name, schema))
}

/// Says whether a name has 1 to `longest` letters, digits, underscores and dashes.
pub(crate) fn is_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// A complaint about a field, which it begins with.
fn wrong(param: &str, what: &str) -> ApiError {
    ApiError::invalid(&format!("{param}: {what}"), Some(param))
}
