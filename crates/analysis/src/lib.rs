#![doc = include_str!("../README.md")]

mod answer;
mod context;
mod facts;
mod fence;
pub mod files;
mod prompt;
pub mod rules;
mod schema;
pub mod secrets;
mod text;
pub mod tokens;

pub use answer::{AnswerError, CheckedAnalysis, parse_answer, tool_slug};
pub use context::{Context, ContextBudget, Cut, build_context};
pub use fence::Section;
pub use prompt::{PROMPT_VERSION, system_prompt};
pub use rules::RULES_MODEL;
pub use schema::{SCHEMA_NAME, SCHEMA_VERSION, answer_schema, answer_schema_text};
