//! What comes back for one request: a status and a document.

use serde_json::{Value, json};

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
    /// The provider's document.
    pub(crate) fn document(self) -> Value {
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
}
