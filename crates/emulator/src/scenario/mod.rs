//! The scenario: what the emulated provider offers, how fast it is, and what goes wrong.

mod faults;
mod models;
mod parse;
mod rules;

pub(crate) use faults::Billing;
pub use faults::{
    BatchFault, BatchFaultRule, Fault, FaultRule, HttpCall, HttpFault, HttpFaultRule,
};
pub use models::{ModelRules, Reasoning, Structured};
pub use parse::ScenarioError;
pub use rules::{
    AnthropicLimits, BadLines, ErrorsShape, Limits, Listing, MistralLimits, Scenario, ServerRules,
    Spread, Timing, TokenCount,
};
