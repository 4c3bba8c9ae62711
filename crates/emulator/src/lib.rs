#![doc = include_str!("../README.md")]

mod batches;
mod chat;
mod clock;
mod config;
mod dialect;
mod draw;
mod hits;
mod http;
mod ids;
mod log;
mod scenario;
mod server;
mod spool;

pub use chat::{
    Answered, Answerer, ChatRequest, Effort, Message, ResponseFormat, Role, SchemaAnswerer,
};
pub use config::{EmulatorConfig, StartError};
pub use http::{ConnectionDropped, EMULATOR_HEADER};
pub use log::{LogRecord, LogTarget, SharedLog};
pub use scenario::{
    AnthropicLimits, BadLines, BatchFault, BatchFaultRule, ErrorsShape, Fault, FaultRule, HttpCall,
    HttpFault, HttpFaultRule, Limits, Listing, MistralLimits, ModelRules, Reasoning, Scenario,
    ScenarioError, ServerRules, Spread, Structured, Timing, TokenCount,
};
pub use server::{Emulator, EmulatorHandle};
