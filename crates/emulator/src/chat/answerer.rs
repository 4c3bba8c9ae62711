//! Who writes the answers.

use serde_json::Value;

use super::generate;
use super::request::{ChatRequest, ResponseFormat};

/// Writes the answers of the emulator's models.
///
/// The emulator checks what it gets as the provider would: with a schema, an answer that is not
/// valid against it becomes the provider's error, never a successful line.
pub trait Answerer: Send + Sync {
    /// Answers a request that has passed the provider's checks. Called on a blocking thread, from
    /// several threads at once; should depend on nothing but the request, so that runs repeat.
    fn answer(&self, request: &ChatRequest) -> Answered;
}

/// What an [`Answerer`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// The visible text of the answer; a JSON document where the request asks for one.
    Text(String),
    /// The model declines, in these words: the message has `refusal` and no content.
    Refusal(String),
    /// This answerer does not know the task; [`SchemaAnswerer`] answers in its place.
    NotMine,
}

/// Answers every request without knowing its task: a small valid document for a schema, an object
/// for `json_object`, one sentence otherwise. The same request always gets the same answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SchemaAnswerer;

impl Answerer for SchemaAnswerer {
    fn answer(&self, request: &ChatRequest) -> Answered {
        let text = match &request.response_format {
            ResponseFormat::JsonSchema { schema, .. } => {
                generate::document(schema, fingerprint(request)).to_string()
            }
            ResponseFormat::JsonObject => {
                let mut object = serde_json::Map::new();
                object.insert("answer".to_owned(), Value::from("written by an emulator"));
                Value::Object(object).to_string()
            }
            ResponseFormat::Text => {
                "This answer was written by an emulator; no model has read the question.".to_owned()
            }
        };
        Answered::Text(text)
    }
}

/// A hash of what was asked (FNV-1a), so that different questions get different answers.
fn fingerprint(request: &ChatRequest) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    // The end of a conversation tells requests apart; a long shared prompt does not.
    let Some(message) = request.messages.last() else {
        return hash;
    };
    for byte in message.content.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}
