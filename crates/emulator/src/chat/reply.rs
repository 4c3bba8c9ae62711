//! What comes back for one request: an answer or an error, as each API writes it.

use serde_json::{Value, json};

use crate::dialect::Dialect;
use crate::http::ApiError;

/// Marks every answer as an emulator's.
pub(crate) const FINGERPRINT: &str = "fp_tandem_emulator";

/// What comes back for one request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A chat completion.
    Completion(Box<Value>),
    /// An error of the provider.
    Error(Box<ApiError>),
}

/// What a chat completion says.
#[derive(Debug)]
pub(crate) struct Completion<'a> {
    pub(crate) id: String,
    /// The name of the schema, which at Anthropic is the tool's.
    pub(crate) tool: Option<&'a str>,
    pub(crate) in_batch: bool,
    pub(crate) request_id: &'a str,
    pub(crate) created_unix_seconds: u64,
    pub(crate) model: &'a str,
    pub(crate) content: Option<String>,
    pub(crate) refusal: Option<String>,
    pub(crate) finish_reason: &'static str,
    /// Whether the text of the reasoning is shown; `None` for a model without any.
    pub(crate) show_reasoning: Option<bool>,
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
    pub(crate) reasoning_tokens: u64,
    pub(crate) latency_us: u64,
}

impl Completion<'_> {
    /// The document of the API that was called.
    pub(crate) fn document(self, dialect: Dialect) -> Value {
        match dialect {
            Dialect::Groq => self.groq(),
            Dialect::Anthropic => self.anthropic(),
            Dialect::Mistral => self.mistral(),
        }
    }

    fn groq(self) -> Value {
        let mut message = json!({"role": "assistant", "content": self.content});
        if self.show_reasoning == Some(true) {
            message["reasoning"] = json!("(an emulator counts reasoning, it does not write any)");
        }
        if let Some(refusal) = self.refusal {
            message["refusal"] = json!(refusal);
        }
        // Reading the prompt is quick beside writing the answer.
        let prompt_us = self.latency_us / 50;
        let seconds = |us: u64| us as f64 / 1e6;
        let mut usage = json!({
            "queue_time": seconds(self.latency_us / 20),
            "prompt_tokens": self.prompt_tokens,
            "prompt_time": seconds(prompt_us),
            "completion_tokens": self.completion_tokens,
            "completion_time": seconds(self.latency_us - prompt_us),
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "total_time": seconds(self.latency_us),
        });
        if self.show_reasoning.is_some() {
            usage["completion_tokens_details"] = json!({"reasoning_tokens": self.reasoning_tokens});
        }
        json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created_unix_seconds,
            "model": self.model,
            "choices": [{
                "index": 0,
                "message": message,
                "logprobs": null,
                "finish_reason": self.finish_reason,
            }],
            "usage": usage,
            "usage_breakdown": null,
            "system_fingerprint": FINGERPRINT,
            "service_tier": "on_demand",
            "x_groq": {"id": self.request_id},
        })
    }
    /// A message. A document that fits into the input of the tool becomes its use; what else was
    /// written is text.
    fn anthropic(self) -> Value {
        let was_cut = self.finish_reason == "length";
        let said = self.content.or(self.refusal.clone()).unwrap_or_default();
        let block = match self.tool {
            Some(name) if self.refusal.is_none() => {
                let input = match serde_json::from_str(&said) {
                    Ok(Value::Object(input)) => Some(Value::Object(input)),
                    // What was written of an input that was cut is lost.
                    _ => (was_cut && !said.is_empty()).then(|| json!({})),
                };
                let id = format!("toolu_{}", self.id);
                input.map(
                    |input| json!({"type": "tool_use", "id": id, "name": name, "input": input}),
                )
            }
            _ => None,
        };
        let used_tool = block.is_some();
        let text = || (!said.is_empty()).then(|| json!({"type": "text", "text": said}));
        let content: Vec<Value> = block.or_else(text).into_iter().collect();
        let stop_reason = match self.finish_reason {
            "length" => "max_tokens",
            "content_filter" => "refusal",
            _ if self.refusal.is_some() => "refusal",
            _ if used_tool => "tool_use",
            _ => "end_turn",
        };
        json!({
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": null,
            "usage": {
                "input_tokens": self.prompt_tokens,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": self.completion_tokens,
                "service_tier": if self.in_batch { "batch" } else { "standard" },
            },
        })
    }

    /// A chat completion of Mistral, which knows neither refusals nor filters of their own.
    fn mistral(self) -> Value {
        let finish_reason = match self.finish_reason {
            "content_filter" => "error",
            other => other,
        };
        json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created_unix_seconds,
            "model": self.model,
            "choices": [{
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": self.content.or(self.refusal),
                    "tool_calls": null,
                    "prefix": false,
                },
                "finish_reason": finish_reason,
            }],
            "usage": {
                "prompt_tokens": self.prompt_tokens,
                "completion_tokens": self.completion_tokens,
                "total_tokens": self.prompt_tokens + self.completion_tokens,
            },
        })
    }
}
