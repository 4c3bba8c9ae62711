//! The body of a chat completion, in the parts that all requests of a shard share.

use serde_json::{Value, json};

use super::RequestTemplate;
use super::profile::TokenCap;
use crate::tier::ResponseMode;

/// The constant parts of a body: `{"model":M,"messages":[` `before_messages` MESSAGES `after_messages`.
pub(super) struct ChatBody {
    /// The system message with a comma after it; empty where there is none.
    pub(super) before_messages: String,
    /// From the bracket after the messages to the end of the body.
    pub(super) after_messages: String,
}

impl ChatBody {
    pub(super) fn new(template: &RequestTemplate<'_>, cap: TokenCap) -> ChatBody {
        let task = template.task;
        let (system, response_format) = match template.response {
            ResponseMode::StrictSchema => (
                task.system.clone(),
                Some(json!({"type": "json_schema", "json_schema": {
                    "name": task.schema.name, "strict": true, "schema": task.schema.on_the_wire()}})),
            ),
            ResponseMode::JsonObject => (
                system_with_schema(template),
                Some(json!({"type": "json_object"})),
            ),
            ResponseMode::Text => (system_with_schema(template), None),
        };
        let before_messages = if system.is_empty() {
            String::new()
        } else {
            format!("{},", json!({"role": "system", "content": system}))
        };
        let mut settings = json!({"temperature": 0});
        settings[cap.as_str()] = Value::from(template.max_completion_tokens);
        if let Some(effort) = template.effort {
            settings["reasoning_effort"] = Value::from(effort.as_str());
        }
        if let Some(response_format) = response_format {
            settings["response_format"] = response_format;
        }
        let settings = settings.to_string();
        let settings = settings.strip_prefix('{').unwrap_or(&settings);
        ChatBody {
            before_messages,
            after_messages: format!("],{settings}"),
        }
    }
}

/// The system prompt with the schema in words, for models that cannot be held to it otherwise.
pub(super) fn system_with_schema(template: &RequestTemplate<'_>) -> String {
    let task = template.task;
    let words = format!(
        "Answer with one JSON object and nothing else. It must be valid against this JSON \
         Schema:\n{}",
        task.schema.schema
    );
    if task.system.is_empty() {
        words
    } else {
        format!("{}\n\n{words}", task.system)
    }
}
