//! Tokens of prompts and answers.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use super::request::{ChatRequest, Role};
use crate::scenario::TokenCount;

/// Tokens around each message: start, role, message and end marks.
const TOKENS_PER_MESSAGE: u64 = 4;

/// Tokens that open the answer.
const TOKENS_OF_PRIMING: u64 = 3;

/// System prompts whose counts are remembered.
const CACHED_PROMPTS: usize = 256;

/// Counts tokens; remembers the counts of system prompts, which repeat through a batch.
#[derive(Debug)]
pub(crate) struct Counter {
    how: TokenCount,
    system_prompts: Mutex<HashMap<(u64, usize), u64>>,
}

impl Counter {
    pub(crate) fn new(how: TokenCount) -> Self {
        Self {
            how,
            system_prompts: Mutex::default(),
        }
    }

    /// Counts a text.
    pub(crate) fn text(&self, text: &str) -> u64 {
        match self.how {
            TokenCount::Exact => tiktoken_rs::o200k_harmony_singleton()
                .encode_ordinary(text)
                .len() as u64,
            TokenCount::Estimate => estimate(text.len() as u64),
        }
    }

    /// Counts a whole prompt.
    pub(crate) fn prompt(&self, request: &ChatRequest) -> u64 {
        let mut tokens = TOKENS_OF_PRIMING;
        for message in &request.messages {
            let content = match message.role {
                Role::System => self.remembered(&message.content),
                _ => self.text(&message.content),
            };
            tokens += content + TOKENS_PER_MESSAGE;
        }
        tokens
    }

    fn remembered(&self, text: &str) -> u64 {
        if self.how == TokenCount::Estimate {
            return self.text(text);
        }
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let key = (hasher.finish(), text.len());
        let known = self
            .system_prompts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .copied();
        if let Some(tokens) = known {
            return tokens;
        }
        let tokens = self.text(text);
        let mut prompts = self
            .system_prompts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if prompts.len() >= CACHED_PROMPTS {
            prompts.clear();
        }
        prompts.insert(key, tokens);
        tokens
    }
}

/// Tokens of so many bytes, by rule of thumb.
pub(crate) fn estimate(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}
