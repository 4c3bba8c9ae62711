//! The models of a scenario.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::faults::Fault;

/// One model: what it can do, how long it takes, how often it fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelRules {
    /// Who made the model; the listing adds that it is emulated.
    pub owned_by: String,
    /// Tokens of prompt and answer together.
    pub context_window: u64,
    /// Most tokens of an answer, hidden reasoning included.
    pub max_completion_tokens: u64,
    /// Which structured outputs it can do.
    pub structured: Structured,
    /// Whether it reasons before it answers.
    pub reasoning: Reasoning,
    /// Least and most share of hidden reasoning in the completion tokens at medium effort.
    pub reasoning_share: [f64; 2],
    /// Whether the provider has retired it.
    pub retired: bool,
    /// Mean time of an answer, in milliseconds: any 25 consecutive answers have exactly this mean.
    pub latency_ms: u64,
    /// Share of requests that fail, from 0 to 1.
    pub failure_rate: f64,
    /// Share of sound answers that are wrong, from 0 to 1, for answerers who know right from wrong; the
    /// emulator itself does not.
    pub wrong_rate: f64,
    /// How failures divide into kinds; shares of their sum, counted in thousandths.
    pub failures: BTreeMap<Fault, f64>,
}

impl Default for ModelRules {
    fn default() -> Self {
        Self {
            owned_by: "unknown".to_owned(),
            context_window: 131_072,
            max_completion_tokens: 65_536,
            structured: Structured::JsonObject,
            reasoning: Reasoning::None,
            reasoning_share: [0.0, 0.0],
            retired: false,
            latency_ms: 1000,
            failure_rate: 0.0,
            wrong_rate: 0.0,
            failures: BTreeMap::from([
                (Fault::JsonEmpty, 0.85),
                (Fault::JsonPartial, 0.085),
                (Fault::JsonMaxTokens, 0.065),
            ]),
        }
    }
}

/// Which structured outputs a model can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Structured {
    /// `json_schema` with and without `strict`, and `json_object`.
    Strict,
    /// `json_schema` without `strict`, and `json_object`.
    BestEffort,
    /// `json_object` only.
    JsonObject,
}

/// Whether a model reasons before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reasoning {
    /// Never; `reasoning_effort` is refused.
    None,
    /// Always; `reasoning_effort` is `low`, `medium` or `high`.
    Levels,
    /// `reasoning_effort` is `none` or `default`.
    Switch,
}

/// The models as of 2026-08-18, with the published failures and latencies of three of them.
pub(crate) fn defaults() -> BTreeMap<String, ModelRules> {
    let gpt_oss = ModelRules {
        owned_by: "OpenAI".to_owned(),
        structured: Structured::Strict,
        reasoning: Reasoning::Levels,
        reasoning_share: [0.72, 0.78],
        ..ModelRules::default()
    };
    let llama = ModelRules {
        owned_by: "Meta".to_owned(),
        retired: true,
        ..ModelRules::default()
    };
    let models = [
        (
            "openai/gpt-oss-20b",
            ModelRules {
                latency_ms: 1252,
                failure_rate: 0.04,
                ..gpt_oss.clone()
            },
        ),
        (
            "openai/gpt-oss-120b",
            ModelRules {
                latency_ms: 2219,
                reasoning_share: [0.61, 0.66],
                ..gpt_oss.clone()
            },
        ),
        (
            "openai/gpt-oss-safeguard-20b",
            ModelRules {
                structured: Structured::BestEffort,
                ..gpt_oss
            },
        ),
        (
            "qwen/qwen3.6-27b",
            ModelRules {
                owned_by: "Alibaba Cloud".to_owned(),
                max_completion_tokens: 16_384,
                reasoning: Reasoning::Switch,
                reasoning_share: [0.6, 0.7],
                ..ModelRules::default()
            },
        ),
        (
            "llama-3.3-70b-versatile",
            ModelRules {
                max_completion_tokens: 32_768,
                latency_ms: 839,
                ..llama.clone()
            },
        ),
        (
            "llama-3.1-8b-instant",
            ModelRules {
                max_completion_tokens: 131_072,
                latency_ms: 400,
                ..llama
            },
        ),
    ];
    models
        .into_iter()
        .map(|(id, rules)| (id.to_owned(), rules))
        .collect()
}
