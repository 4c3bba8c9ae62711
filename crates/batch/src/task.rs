//! What is asked: the task, its answer schema, and the requests.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::money::Money;
use crate::strict::strict_form;
use crate::tier::TierSpec;

/// What every request of a run has in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The name under which requests are claimed: one subject has at most one open request per task.
    pub name: String,
    /// The system prompt, the same for all requests. May be empty.
    pub system: String,
    /// What an answer looks like.
    pub schema: AnswerSchema,
    /// The version of the prompt; travels with every answer.
    pub prompt_version: String,
    /// The version of the schema; travels with every answer.
    pub schema_version: String,
    /// Completion tokens of a usual answer, hidden reasoning included; only for the estimate.
    pub expected_output_tokens: u32,
}

/// A JSON Schema with the name the provider is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerSchema {
    /// The name, `[A-Za-z0-9_-]`.
    pub name: String,
    /// The schema.
    pub schema: Value,
}

impl AnswerSchema {
    /// The schema for constrained decoding: without what strict mode does not take and the caller
    /// checks. A schema that does not fit strict mode stays as it is.
    pub fn on_the_wire(&self) -> Cow<'_, Value> {
        match strict_form(&self.schema) {
            Ok(form) if form.schema != self.schema => Cow::Owned(form.schema),
            _ => Cow::Borrowed(&self.schema),
        }
    }
}

impl Task {
    /// A task whose versions are hashes of its prompt and its schema, so that a change of either is
    /// a change of version; answers of some 400 tokens.
    pub fn new(name: &str, system: &str, schema: AnswerSchema) -> Task {
        Task {
            name: name.to_owned(),
            prompt_version: short_hash(&[system]),
            schema_version: short_hash(&[&schema.name, &schema.schema.to_string()]),
            system: system.to_owned(),
            schema,
            expected_output_tokens: 400,
        }
    }
}

/// Half of a hash, in hexadecimal digits.
fn short_hash(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// Everything a run needs to be resumed exactly; kept in the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// What is asked.
    pub task: Task,
    /// The cascade, cheapest first. One tier means no fallback.
    pub tiers: Vec<TierSpec>,
    /// The most the run may cost.
    pub budget: Option<Money>,
    /// Whether answers may be doubted, and by which rules; `None` is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<DoubtSpec>,
}

/// That answers of a run may be doubted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DoubtSpec {
    /// The share of a tier's answers that will be doubted, from 0 to 1; only for the estimate.
    pub expected_share: f64,
    /// The caller's rules; opaque. Kept so that a resumed run doubts as it began.
    pub rules: Value,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequest {
    /// The id on the wire, `[A-Za-z0-9_-]{1,64}`, unique in the run.
    pub custom_id: String,
    /// What the question is about; opaque. Claims are held by it.
    pub subject: String,
    /// What the subject belongs to, for instance a team; opaque.
    pub group: String,
    /// A hash of the content the question was made from; opaque.
    pub content_hash: String,
    /// The messages after the system prompt.
    pub payload: Payload,
    /// An estimate of the tokens of the whole prompt, system prompt and schema included.
    pub prompt_tokens: u32,
}

impl NewRequest {
    /// A question in one message, about itself: the subject is the id, the content is the text. Its
    /// prompt tokens are taken as a third of the bytes of task and text, which is more than most
    /// texts have; give the true number where you count it.
    pub fn user(custom_id: &str, text: &str, task: &Task) -> NewRequest {
        let schema_bytes = task.schema.schema.to_string().len();
        let bytes = text.len() + task.system.len() + schema_bytes;
        NewRequest {
            custom_id: custom_id.to_owned(),
            subject: custom_id.to_owned(),
            group: String::new(),
            content_hash: short_hash(&[text]),
            payload: Payload::user(text),
            prompt_tokens: u32::try_from(bytes.div_ceil(3)).unwrap_or(u32::MAX),
        }
    }
}

/// Whether an id is legal at every provider: `[A-Za-z0-9_-]{1,64}`.
pub fn is_legal_custom_id(custom_id: &str) -> bool {
    (1..=64).contains(&custom_id.len())
        && custom_id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// The messages after the system prompt, as JSON text: one or more objects in an array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payload(String);

impl Payload {
    /// One message of the user.
    pub fn user(text: &str) -> Payload {
        Payload(format!(
            r#"[{{"role":"user","content":{}}}]"#,
            Value::from(text)
        ))
    }

    /// Messages given as a JSON array.
    ///
    /// # Errors
    /// When the text is not a JSON array of at least one object.
    pub fn messages(json: &str) -> Result<Payload, PayloadError> {
        let messages: Vec<&RawValue> = serde_json::from_str(json).map_err(PayloadError::Json)?;
        if messages.is_empty()
            || messages
                .iter()
                .any(|message| !message.get().starts_with('{'))
        {
            return Err(PayloadError::Shape);
        }
        let messages: Vec<Value> = serde_json::from_str(json).map_err(PayloadError::Json)?;
        // Written again on one line: a line break inside would end the line of a batch file.
        Ok(Payload(Value::from(messages).to_string()))
    }

    /// Text that a ledger stored, taken back without a look.
    pub fn from_stored(json: String) -> Payload {
        Payload(json)
    }

    /// The JSON array.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The messages without the brackets around them.
    pub(crate) fn tail(&self) -> &str {
        self.0
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(&self.0)
    }

    /// The text of all messages, joined by line breaks.
    pub fn text(&self) -> String {
        let messages: Vec<Value> = serde_json::from_str(&self.0).unwrap_or_default();
        let mut text = String::new();
        for content in messages.iter().filter_map(|message| message.get("content")) {
            if !text.is_empty() {
                text.push('\n');
            }
            match content {
                Value::String(content) => text.push_str(content),
                Value::Array(parts) => {
                    for part in parts.iter().filter_map(|part| part.get("text")?.as_str()) {
                        text.push_str(part);
                    }
                }
                _ => {}
            }
        }
        text
    }
}

/// Messages that cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// Not JSON.
    #[error("the messages are not a JSON array")]
    Json(#[source] serde_json::Error),
    /// Empty, or not all objects.
    #[error("the messages are not an array of at least one object")]
    Shape,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_ids_are_legal_everywhere() {
        for legal in ["a", "pr-1_B", &"x".repeat(64)] {
            assert!(is_legal_custom_id(legal), "{legal}");
        }
        for illegal in ["", "a b", "é", "a/b", &"x".repeat(65)] {
            assert!(!is_legal_custom_id(illegal), "{illegal}");
        }
    }

    #[test]
    fn payloads_escape_and_stay_on_one_line() {
        let payload = Payload::user("a \"b\"\n\u{2028}c");
        assert!(!payload.as_json().contains('\n'));
        assert_eq!(payload.text(), "a \"b\"\n\u{2028}c");
        let spread = "[\n {\"role\": \"user\",\n \"content\": \"x\"}, {\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"y\"}]}]";
        let payload = Payload::messages(spread).unwrap();
        assert!(!payload.as_json().contains('\n'));
        assert_eq!(payload.text(), "x\ny");
        assert!(payload.tail().starts_with('{') && payload.tail().ends_with('}'));
    }

    #[test]
    fn payloads_that_are_no_messages_are_refused() {
        for refused in ["[]", "{}", "[1]", "[{}", "\"x\"", "[\"x\"]", "[null]"] {
            assert!(Payload::messages(refused).is_err(), "{refused}");
        }
    }
}
