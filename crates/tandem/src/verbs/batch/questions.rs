//! The questions: lines of a JSONL file, read twice as a stream. The first time they are surveyed, so
//! that a mistake is found before anything is sent; the second time they are asked.

use std::io::Write;
use std::path::{Path, PathBuf};

use analysis::tokens;
use batch::{NewRequest, Payload, Task, is_legal_custom_id};
use intake::{IntakeError, JsonLines, Options, Source};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use super::index::{Entry, IdHash, Index};
use crate::error::{CliError, ErrorKind};

/// Bad lines that are kept and named; a file with more is no file of questions.
const BAD_LINES_MAX: usize = 1_000;
/// The longest id.
const ID_BYTES_MAX: usize = 512;
/// Who can speak in the messages of a question.
const ROLES: [&str; 4] = ["system", "developer", "user", "assistant"];

/// A line as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    custom_id: String,
    #[serde(default)]
    prompt: Option<String>,
    #[serde(default)]
    messages: Option<Vec<Map<String, Value>>>,
    #[serde(default)]
    system: Option<String>,
}

/// A question.
pub(super) struct Question {
    id: String,
    system: Option<String>,
    messages: Vec<Value>,
}

/// A line that is no question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadLine {
    /// The line, from 1.
    pub(super) line: u64,
    /// What is wrong.
    pub(super) reason: String,
}

/// Where questions are read from, as often as wanted.
pub(super) struct Questions {
    /// The name in messages.
    pub(super) name: String,
    path: PathBuf,
    /// What came through a pipe.
    _spool: Option<NamedTempFile>,
}

/// What a first reading found.
pub(super) struct Survey {
    /// The questions.
    pub(super) index: Index,
    /// The lines that are none.
    pub(super) bad: Vec<BadLine>,
    /// The first line whose messages hold a system prompt of their own, which not every host takes.
    pub(super) own_system: Option<u64>,
    /// The system prompt that all questions share; empty when they do not.
    pub(super) common_system: String,
}

impl Questions {
    /// Opens a file, or keeps what comes through stdin in a temporary file.
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        if path.as_os_str() != "-" {
            return Ok(Questions {
                name: path.display().to_string(),
                path: path.to_owned(),
                _spool: None,
            });
        }
        let mut spool = NamedTempFile::new()?;
        std::io::copy(&mut std::io::stdin().lock(), &mut spool)?;
        spool.flush()?;
        Ok(Questions {
            name: "stdin".to_owned(),
            path: spool.path().to_owned(),
            _spool: Some(spool),
        })
    }

    /// Reads all lines once.
    ///
    /// # Errors
    /// Exit code 2 when the file cannot be read, when an id stands on two lines, or with more bad
    /// lines than can be meant.
    pub(super) fn survey(&self, asking: &Asking) -> Result<Survey, CliError> {
        let mut entries = Vec::new();
        let mut bad = Vec::new();
        let mut common: Option<Option<String>> = None;
        let mut is_common = true;
        let mut has_own = None;
        let mut has_inside = None;
        for (line, read) in self.read()? {
            let question = match read? {
                Ok(question) => question,
                Err(reason) => {
                    bad.push(BadLine { line, reason });
                    if bad.len() > BAD_LINES_MAX {
                        return Err(self.refused(&bad));
                    }
                    continue;
                }
            };
            entries.push(Entry {
                id: IdHash::of(&question.id),
                question: asking.hash(&question),
                line,
            });
            if question.system.is_some() {
                has_own.get_or_insert(line);
            }
            if question.messages.iter().any(is_system) {
                has_inside.get_or_insert(line);
            }
            if is_common {
                let first = common.get_or_insert_with(|| question.system.clone());
                is_common = *first == question.system;
            }
        }
        let index = Index::of_distinct(entries).map_err(|(first, second)| {
            CliError::input(format!(
                "{}:{second}: custom_id: the same id stands on line {first}",
                self.name
            ))
            .hint("each question needs an id of its own: answers are told apart by it")
        })?;
        // One that all share moves into the task, unless that has one already.
        let stays = !is_common || !asking.system.is_empty();
        Ok(Survey {
            index,
            bad,
            own_system: has_inside.or(has_own.filter(|_| stays)),
            common_system: common.flatten().filter(|_| is_common).unwrap_or_default(),
        })
    }

    /// The error for a file with bad lines.
    pub(super) fn refused(&self, bad: &[BadLine]) -> CliError {
        let first = bad.first().map_or_else(String::new, |bad| {
            format!("{}:{}: {}", self.name, bad.line, bad.reason)
        });
        let more = bad.len().saturating_sub(1);
        let error = CliError::input(match more {
            0 => first,
            1 => format!("{first} (and one more bad line)"),
            more if bad.len() > BAD_LINES_MAX => {
                format!("{first} (and {more} more bad lines or more)")
            }
            more => format!("{first} (and {more} more bad lines)"),
        });
        bad.iter()
            .skip(1)
            .take(4)
            .fold(error, |error, bad| {
                error.hint(format!("{}:{}: {}", self.name, bad.line, bad.reason))
            })
            .hint("a line is {\"custom_id\": \"1\", \"prompt\": \"...\"}, or with messages [{role, content}] in place of prompt; system is optional")
            .hint("nothing was sent; --skip-bad-lines goes on without such lines")
    }

    /// The lines with their numbers: a question, or why it is none. An error ends them.
    #[expect(
        clippy::type_complexity,
        reason = "a name would hide which error ends the reading"
    )]
    fn read(
        &self,
    ) -> Result<
        impl Iterator<Item = (u64, Result<Result<Question, String>, CliError>)> + use<>,
        CliError,
    > {
        let wrong_file = |error| CliError::new(ErrorKind::Input, anyhow::Error::new(error));
        let lines = JsonLines::<Line>::open(&Source::Path(self.path.clone()), Options::default())
            .map_err(wrong_file)?;
        Ok(lines.map(move |line| match line {
            Ok(line) => (line.line_number, Ok(question(line.value))),
            Err(IntakeError::Line(error)) => {
                let field = error
                    .field
                    .map_or_else(String::new, |field| format!("{field}: "));
                (error.line, Ok(Err(format!("{field}{}", error.reason))))
            }
            Err(IntakeError::File(error)) => (0, Err(wrong_file(error))),
        }))
    }

    /// The questions that `wanted` asks for, as requests. An error ends them and is kept in `error`.
    pub(super) fn requests<'a>(
        &self,
        asking: &'a Asking,
        wanted: impl Fn(IdHash, u64) -> bool + 'a,
        error: &'a mut Option<CliError>,
    ) -> Result<impl Iterator<Item = NewRequest> + 'a, CliError> {
        let mut lines = self.read()?;
        Ok(std::iter::from_fn(move || {
            loop {
                match lines.next()?.1 {
                    Ok(Ok(question)) => {
                        let hash = asking.hash(&question);
                        if wanted(IdHash::of(&question.id), hash) {
                            return Some(asking.request(question, hash));
                        }
                    }
                    Ok(Err(_)) => {}
                    Err(failed) => {
                        *error = Some(failed);
                        return None;
                    }
                }
            }
        }))
    }
}

/// Makes a question of a line, or says what is wrong with it.
fn question(line: Line) -> Result<Question, String> {
    let id = line.custom_id;
    if id.is_empty() || id.len() > ID_BYTES_MAX || id.chars().any(char::is_control) {
        return Err(format!(
            "custom_id: an id has 1 to {ID_BYTES_MAX} bytes and no control characters"
        ));
    }
    let messages = match (line.prompt, line.messages) {
        (Some(_), Some(_)) => return Err("prompt and messages are both given".to_owned()),
        (None, None) => return Err("neither prompt nor messages is given".to_owned()),
        (Some(prompt), None) if prompt.trim().is_empty() => {
            return Err("prompt: it is empty".to_owned());
        }
        (Some(prompt), None) => vec![json!({"role": "user", "content": prompt})],
        (None, Some(messages)) => checked(messages)?,
    };
    Ok(Question {
        id,
        system: line.system.filter(|text| !text.trim().is_empty()),
        messages,
    })
}

/// Whether a message is a system prompt.
fn is_system(message: &Value) -> bool {
    matches!(message["role"].as_str(), Some("system" | "developer"))
}

fn checked(messages: Vec<Map<String, Value>>) -> Result<Vec<Value>, String> {
    let mut asks = false;
    for (place, message) in messages.iter().enumerate() {
        let role = message.get("role").and_then(Value::as_str);
        let Some(role) = role.filter(|role| ROLES.contains(role)) else {
            return Err(format!(
                "messages[{place}].role: it is none of {}",
                ROLES.join(", ")
            ));
        };
        let has_content = match message.get("content") {
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(parts)) => !parts.is_empty(),
            _ => false,
        };
        if !has_content {
            return Err(format!("messages[{place}].content: it is empty"));
        }
        asks |= role == "user";
    }
    if !asks {
        return Err("messages: none of them is the user's".to_owned());
    }
    Ok(messages.into_iter().map(Value::Object).collect())
}

/// How questions become requests.
pub(super) struct Asking {
    /// The system prompt of `--system`.
    system: String,
    /// The text of the schema.
    schema: String,
    /// The system prompt that the task itself carries: that of `--system`, or one that all share.
    task_system: String,
    /// Tokens that every request has.
    shared_tokens: u64,
}

impl Asking {
    /// With the system prompt of `--system`, which may be empty, and the schema.
    pub(super) fn new(system: String, schema: String) -> Self {
        Asking {
            shared_tokens: tokens::count(&system) + tokens::count(&schema),
            task_system: system.clone(),
            system,
            schema,
        }
    }

    /// Moves a system prompt that all questions share into the task, where it is sent as such by every
    /// provider and kept once.
    pub(super) fn with_common_system(self, common: &str) -> Self {
        if !self.system.is_empty() || common.is_empty() {
            return self;
        }
        Asking {
            shared_tokens: self.shared_tokens + tokens::count(common),
            task_system: common.to_owned(),
            ..self
        }
    }

    /// The system prompt of the task.
    pub(super) fn task_system(&self) -> &str {
        &self.task_system
    }

    /// What is asked, whole: an answer to it is an answer to this and to nothing else.
    fn hash(&self, question: &Question) -> u64 {
        let mut hasher = blake3::Hasher::new();
        let own_system = question.system.as_deref().unwrap_or_default();
        let messages = Value::from(question.messages.clone()).to_string();
        for part in [&self.schema, &self.system, own_system, &messages] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut bytes = [0; 8];
        hasher.finalize_xof().fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }

    fn request(&self, question: Question, hash: u64) -> NewRequest {
        let mut messages = question.messages;
        // With a prompt of the task, a question's own comes after it.
        if let Some(system) = question.system.filter(|own| *own != self.task_system) {
            messages.insert(0, json!({"role": "system", "content": system}));
        }
        let text = Value::from(messages).to_string();
        let payload = Payload::from_stored(text);
        let prompt_tokens = self.shared_tokens + tokens::count(&payload.text());
        NewRequest {
            custom_id: wire_id(&question.id),
            subject: question.id,
            group: String::new(),
            content_hash: question_text(hash),
            payload,
            prompt_tokens: u32::try_from(prompt_tokens).unwrap_or(u32::MAX),
        }
    }
}

/// A question's hash as it is written in the ledger and in results.
pub(super) fn question_text(hash: u64) -> String {
    format!("{hash:016x}")
}

/// The id on the wire: the id itself where providers take it, otherwise a hash of it. The ledger and
/// the results have the id as it was given.
fn wire_id(id: &str) -> String {
    if is_legal_custom_id(id) {
        return id.to_owned();
    }
    format!("q-{}", &blake3::hash(id.as_bytes()).to_hex()[..32])
}

/// The task that the ledger keeps.
pub(super) fn task(
    name: &str,
    asking: &Asking,
    schema: batch::AnswerSchema,
    answer_tokens: u32,
) -> Task {
    Task {
        expected_output_tokens: answer_tokens,
        ..Task::new(name, asking.task_system(), schema)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<Question, String> {
        question(serde_json::from_str(text).map_err(|error| error.to_string())?)
    }

    #[test]
    fn lines_are_questions_or_say_why_not() {
        for fine in [
            r#"{"custom_id": "1", "prompt": "x"}"#,
            r#"{"custom_id": "Ä b/c", "prompt": "x", "system": null}"#,
            r#"{"custom_id": "1", "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}"#,
        ] {
            assert!(line(fine).is_ok(), "{fine}");
        }
        for (wrong, words) in [
            (r#"{"prompt": "x"}"#, "custom_id"),
            (r#"{"custom_id": "", "prompt": "x"}"#, "1 to 512"),
            (r#"{"custom_id": "1"}"#, "neither"),
            (r#"{"custom_id": "1", "prompt": " "}"#, "empty"),
            (
                r#"{"custom_id": "1", "prompt": "x", "messages": []}"#,
                "both",
            ),
            (
                r#"{"custom_id": "1", "messages": []}"#,
                "none of them is the user's",
            ),
            (
                r#"{"custom_id": "1", "messages": [{"role": "tool", "content": "x"}]}"#,
                "messages[0].role",
            ),
            (
                r#"{"custom_id": "1", "messages": [{"role": "user", "content": null}]}"#,
                "messages[0].content",
            ),
            (
                r#"{"custom_id": "1", "promt": "x"}"#,
                "unknown field `promt`",
            ),
        ] {
            let reason = line(wrong).err().expect("refused");
            assert!(reason.contains(words), "{wrong}: {reason}");
        }
    }

    #[test]
    fn ids_that_providers_refuse_go_out_as_hashes() {
        assert_eq!(wire_id("a-1"), "a-1");
        let hashed = wire_id("Ä b/c");
        assert!(
            is_legal_custom_id(&hashed) && hashed.starts_with("q-"),
            "{hashed}"
        );
        assert_ne!(hashed, wire_id("Ä b/d"));
    }

    #[test]
    fn a_shared_system_prompt_moves_into_the_task_and_changes_no_hash() {
        let ask =
            || line(r#"{"custom_id": "1", "prompt": "x", "system": "Be short."}"#).expect("fine");
        let apart = Asking::new(String::new(), "{}".to_owned());
        let hash = apart.hash(&ask());
        let request = apart.request(ask(), hash);
        assert!(request.payload.as_json().contains("Be short."));
        let shared = Asking::new(String::new(), "{}".to_owned()).with_common_system("Be short.");
        assert_eq!(shared.hash(&ask()), hash);
        let moved = shared.request(ask(), hash);
        assert!(!moved.payload.as_json().contains("Be short."));
        assert_eq!(shared.task_system(), "Be short.");
        assert_eq!(moved.prompt_tokens, request.prompt_tokens);
        let other = Asking::new("Be long.".to_owned(), "{}".to_owned());
        assert_ne!(other.hash(&ask()), hash);
    }
}
