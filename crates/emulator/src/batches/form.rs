//! How the requests of a batch are written, line by line.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::chat::is_name;
use crate::dialect::Dialect;

/// The endpoint that batches and their lines name.
pub(crate) const ENDPOINT: &str = "/v1/chat/completions";

/// Longest custom id of a message batch.
const LONGEST_MESSAGE_ID: usize = 64;

/// How the requests of a batch are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// `{"custom_id","method","url","body"}`, the body with its model.
    Batch,
    /// `{"custom_id","params"}`.
    Messages,
    /// `{"custom_id","body"}`, the model told once for all.
    Job {
        /// Model of every request.
        model: String,
    },
}

/// What a good line says.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) custom_id: String,
    /// Empty where none is named.
    pub(crate) model: String,
    pub(crate) body_bytes: u64,
}

/// What is wrong with a line: a code, a message, and the field where it is one.
pub(crate) type BadLine = (&'static str, String, Option<&'static str>);

#[derive(Deserialize)]
struct BatchLine<'a> {
    #[serde(default)]
    custom_id: Value,
    #[serde(default)]
    method: Value,
    #[serde(default)]
    url: Value,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageLine<'a> {
    #[serde(default)]
    custom_id: Value,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobLine<'a> {
    #[serde(default)]
    custom_id: Value,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct BodyHead {
    #[serde(default)]
    model: Value,
    stream: Option<Value>,
    speed: Option<Value>,
    max_tokens: Option<Value>,
}

impl Form {
    /// The API that lines of this form belong to.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Batch => Dialect::Groq,
            Self::Messages => Dialect::Anthropic,
            Self::Job { .. } => Dialect::Mistral,
        }
    }

    /// Checks a line.
    pub(crate) fn check(&self, bytes: &[u8]) -> Result<Request, BadLine> {
        // A list would be taken for a struct in the order of its fields.
        if !starts_object(bytes) {
            let message = "This line is not a JSON object.".to_owned();
            return Err(("invalid_json_line", message, None));
        }
        match self {
            Self::Batch => check_batch_line(bytes),
            Self::Messages => check_message_line(bytes),
            Self::Job { model } => check_job_line(bytes, model),
        }
    }

    /// Reads a line that was checked: its custom id and the body that is answered.
    pub(crate) fn read(&self, bytes: &[u8]) -> serde_json::Result<(String, Value)> {
        let (custom_id, body) = match self {
            Self::Batch => {
                let line: BatchLine<'_> = serde_json::from_slice(bytes)?;
                (line.custom_id, line.body)
            }
            Self::Messages => {
                let line: MessageLine<'_> = serde_json::from_slice(bytes)?;
                (line.custom_id, line.params)
            }
            Self::Job { .. } => {
                let line: JobLine<'_> = serde_json::from_slice(bytes)?;
                (line.custom_id, line.body)
            }
        };
        let mut body = match body {
            Some(body) => serde_json::from_str(body.get())?,
            None => Value::Null,
        };
        if let (Self::Job { model }, Value::Object(fields)) = (self, &mut body) {
            fields.insert("model".to_owned(), Value::from(model.as_str()));
        }
        Ok((custom_id.as_str().unwrap_or_default().to_owned(), body))
    }
}

fn check_batch_line(bytes: &[u8]) -> Result<Request, BadLine> {
    let line: BatchLine<'_> = parse(bytes)?;
    let custom_id = custom_id(line.custom_id)?;
    match line.method {
        Value::Null => return Err(missing("method")),
        Value::String(method) if method == "POST" => {}
        other => {
            let message = format!(
                "Invalid value: {}. Supported values are: 'POST'",
                quoted(&other)
            );
            return Err(("invalid_method", message, Some("method")));
        }
    }
    match line.url {
        Value::Null => return Err(missing("url")),
        Value::String(url) if url == ENDPOINT => {}
        other => {
            let message = format!(
                "Invalid value: {}. Supported values are: '{ENDPOINT}'",
                quoted(&other)
            );
            return Err(("invalid_url", message, Some("url")));
        }
    }
    let body = line.body.ok_or_else(|| missing("body"))?;
    let head = head(body, "body")?;
    Ok(Request {
        custom_id,
        model: head.model.as_str().unwrap_or_default().to_owned(),
        body_bytes: body.get().len() as u64,
    })
}

fn check_message_line(bytes: &[u8]) -> Result<Request, BadLine> {
    let line: MessageLine<'_> = parse(bytes)?;
    let custom_id = match line.custom_id {
        Value::Null => return Err(missing("custom_id")),
        Value::String(id) if is_name(&id, LONGEST_MESSAGE_ID) => id,
        _ => {
            let message = "String should match pattern '^[a-zA-Z0-9_-]{1,64}$'".to_owned();
            return Err(("invalid_custom_id", message, Some("custom_id")));
        }
    };
    let params = line.params.ok_or_else(|| missing("params"))?;
    let head = head(params, "params")?;
    let refused = |what: &str, param: &'static str| {
        let message = format!("{what} is not supported in message batches");
        Err(("invalid_params", message, Some(param)))
    };
    if matches!(head.stream, Some(value) if value != Value::Bool(false)) {
        return refused("stream", "params.stream");
    }
    if head.speed.is_some() {
        return refused("speed", "params.speed");
    }
    if head.max_tokens.and_then(|tokens| tokens.as_u64()) == Some(0) {
        return refused("max_tokens of 0", "params.max_tokens");
    }
    Ok(Request {
        custom_id,
        model: head.model.as_str().unwrap_or_default().to_owned(),
        body_bytes: params.get().len() as u64,
    })
}

fn check_job_line(bytes: &[u8], model: &str) -> Result<Request, BadLine> {
    let line: JobLine<'_> = parse(bytes)?;
    let custom_id = custom_id(line.custom_id)?;
    let body = line.body.ok_or_else(|| missing("body"))?;
    let head = head(body, "body")?;
    if !head.model.is_null() {
        let message = "The model is told once for the job, not in its lines.".to_owned();
        return Err(("invalid_body", message, Some("body.model")));
    }
    if head.stream.is_some() {
        let message = "Answers of a job are not streamed.".to_owned();
        return Err(("invalid_body", message, Some("body.stream")));
    }
    Ok(Request {
        custom_id,
        model: model.to_owned(),
        body_bytes: body.get().len() as u64,
    })
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, BadLine> {
    serde_json::from_slice(bytes).map_err(|error| {
        let message = format!("This line is not parseable as valid JSON: {error}");
        ("invalid_json_line", message, None)
    })
}

fn custom_id(value: Value) -> Result<String, BadLine> {
    match value {
        Value::String(id) if !id.is_empty() => Ok(id),
        Value::Null => Err(missing("custom_id")),
        _ => {
            let message = "Invalid value: custom_id must be a string that is not empty.".to_owned();
            Err(("invalid_custom_id", message, Some("custom_id")))
        }
    }
}

fn head(body: &RawValue, param: &'static str) -> Result<BodyHead, BadLine> {
    let head = starts_object(body.get().as_bytes())
        .then(|| serde_json::from_str(body.get()).ok())
        .flatten();
    head.ok_or_else(|| {
        let message = format!("Invalid value: {param} must be an object.");
        ("invalid_body", message, Some(param))
    })
}

fn missing(param: &'static str) -> BadLine {
    (
        "missing_required_parameter",
        format!("Missing required parameter: '{param}'."),
        Some(param),
    )
}

fn starts_object(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: &Form, line: &str, expect: Result<&str, (&str, Option<&str>)>) {
        let found = form.check(line.as_bytes());
        let found = match &found {
            Ok(request) => Ok(request.model.as_str()),
            Err((code, _, param)) => Err((*code, *param)),
        };
        assert_eq!(found, expect, "{line}");
    }

    #[test]
    fn lines_of_message_batches() {
        let form = Form::Messages;
        for (line, expect) in [
            (r#"{"custom_id":"a-1_B","params":{"model":"m"}}"#, Ok("m")),
            (
                r#"{"custom_id":"a","params":{"max_tokens":1,"stream":false}}"#,
                Ok(""),
            ),
            (
                r#"{"params":{}}"#,
                Err(("missing_required_parameter", Some("custom_id"))),
            ),
            (
                r#"{"custom_id":"a b","params":{}}"#,
                Err(("invalid_custom_id", Some("custom_id"))),
            ),
            (
                r#"{"custom_id":"","params":{}}"#,
                Err(("invalid_custom_id", Some("custom_id"))),
            ),
            (
                r#"{"custom_id":7,"params":{}}"#,
                Err(("invalid_custom_id", Some("custom_id"))),
            ),
            (
                r#"{"custom_id":"a"}"#,
                Err(("missing_required_parameter", Some("params"))),
            ),
            (
                r#"{"custom_id":"a","params":[]}"#,
                Err(("invalid_body", Some("params"))),
            ),
            (
                r#"{"custom_id":"a","params":{},"url":"/v1"}"#,
                Err(("invalid_json_line", None)),
            ),
            (
                r#"{"custom_id":"a","params":{"stream":true}}"#,
                Err(("invalid_params", Some("params.stream"))),
            ),
            (
                r#"{"custom_id":"a","params":{"speed":"fast"}}"#,
                Err(("invalid_params", Some("params.speed"))),
            ),
            (
                r#"{"custom_id":"a","params":{"max_tokens":0}}"#,
                Err(("invalid_params", Some("params.max_tokens"))),
            ),
        ] {
            check(&form, line, expect);
        }
        let long = format!(r#"{{"custom_id":"{}","params":{{}}}}"#, "a".repeat(65));
        check(&form, &long, Err(("invalid_custom_id", Some("custom_id"))));
    }

    #[test]
    fn lines_of_jobs() {
        let form = Form::Job {
            model: "m".to_owned(),
        };
        for (line, expect) in [
            (r#"{"custom_id":"0","body":{"max_tokens":1}}"#, Ok("m")),
            (
                r#"{"custom_id":"0","body":{"model":"m"}}"#,
                Err(("invalid_body", Some("body.model"))),
            ),
            (
                r#"{"custom_id":"0","body":{"stream":false}}"#,
                Err(("invalid_body", Some("body.stream"))),
            ),
            (
                r#"{"custom_id":"0","method":"POST","body":{}}"#,
                Err(("invalid_json_line", None)),
            ),
            (
                r#"{"body":{}}"#,
                Err(("missing_required_parameter", Some("custom_id"))),
            ),
            (
                r#"{"custom_id":"0"}"#,
                Err(("missing_required_parameter", Some("body"))),
            ),
            ("[]", Err(("invalid_json_line", None))),
        ] {
            check(&form, line, expect);
        }
        let read = form
            .read(br#"{"custom_id":"0","body":{"n":1}}"#)
            .expect("a line");
        assert_eq!(
            read,
            ("0".to_owned(), serde_json::json!({"n": 1, "model": "m"}))
        );
    }
}
