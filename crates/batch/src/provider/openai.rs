//! The OpenAI shape of files and batches: Groq, OpenAI, Azure and the like.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderValue, Method, header};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::caller::{Caller, path_segment};
use super::error::{error_document, from_transport};
use super::lines::{Cut, MAX_LINE_BYTES};
use super::profile::{Listing, Profile};
use super::reader::{parse_batch, parse_result_line, text_of, too_long_line};
use super::{
    InputSource, LineFrame, NewBatch, PollReply, Polled, Provider, ProviderError,
    ProviderErrorKind, ProviderLimits, RemoteBatch, RequestTemplate, ResultLine, ResultStream,
};
use crate::settings::RetrySettings;
use crate::tier::ResponseMode;
use crate::transport::{RequestBody, Transport};

/// The key of the metadata by which a batch is known again.
const TOKEN_KEY: &str = "batch_token";
/// Lists are not followed further than this many pages.
const MAX_PAGES: usize = 200;
/// Clocks of host and client may differ this much.
const CLOCK_SKEW_SECONDS: i64 = 3600;

/// A host of the OpenAI shape.
#[derive(Debug)]
pub struct OpenAiShaped {
    profile: Profile,
    caller: Caller,
}

impl OpenAiShaped {
    /// A host after a profile. The same key goes with every call, whatever the tier.
    pub fn new(
        profile: Profile,
        key: Option<SecretString>,
        transport: Arc<dyn Transport>,
        retry: RetrySettings,
    ) -> OpenAiShaped {
        OpenAiShaped {
            caller: Caller {
                name: profile.name.clone(),
                base_url: profile.base_url.clone(),
                auth: profile.auth.clone(),
                key,
                transport,
                retry,
            },
            profile,
        }
    }

    async fn poll_one(&self, batch_id: &str) -> Result<PollReply, ProviderError> {
        const CALL: &str = "ask after a batch";
        let path = format!("/batches/{}", path_segment(batch_id));
        match self.caller.fetch(CALL, Method::GET, &path).await {
            Ok(document) => Ok(match parse_batch(&document, TOKEN_KEY) {
                Some(batch) => PollReply::Batch(Box::new(batch)),
                None if document.get("error").is_some_and(|error| !error.is_null()) => {
                    let (_, message) = error_document(&document);
                    PollReply::Gone(message.unwrap_or_else(|| "an error without words".to_owned()))
                }
                None => {
                    return Err(self.caller.error(
                        CALL,
                        ProviderErrorKind::Malformed,
                        "the reply is not a batch",
                    ));
                }
            }),
            Err(error) if error.kind == ProviderErrorKind::NotFound => {
                Ok(PollReply::Gone(error.message))
            }
            Err(error) => Err(error),
        }
    }

    /// Asks after many batches in one call; those it does not tell of are left out.
    async fn poll_many(&self, batch_ids: &[String]) -> Result<Vec<RemoteBatch>, ProviderError> {
        let ids: Vec<String> = batch_ids
            .iter()
            .map(|id| format!("id={}", path_segment(id)))
            .collect();
        let path = format!("/batches?{}", ids.join("&"));
        let document = self
            .caller
            .fetch("ask after batches", Method::GET, &path)
            .await?;
        let batches = list_of(&document)
            .iter()
            .filter_map(|batch| parse_batch(batch, TOKEN_KEY))
            .filter(|batch| batch_ids.contains(&batch.id));
        Ok(batches.collect())
    }

    /// Follows a list from page to page until `visit` has seen enough.
    async fn list(
        &self,
        call: &'static str,
        path: &str,
        mut visit: impl FnMut(&Value) -> Visit + Send,
    ) -> Result<(), ProviderError> {
        let mut query = String::new();
        for _ in 0..MAX_PAGES {
            let document = self
                .caller
                .fetch(call, Method::GET, &format!("{path}{query}"))
                .await?;
            let items = list_of(&document);
            for item in items {
                if let Visit::Enough = visit(item) {
                    return Ok(());
                }
            }
            let next = match self.profile.listing {
                Listing::Cursor => text_of(
                    document
                        .get("paging")
                        .and_then(|paging| paging.get("next_cursor")),
                )
                .map(|cursor| format!("?cursor={}", path_segment(&cursor))),
                Listing::After => document
                    .get("has_more")
                    .and_then(Value::as_bool)
                    .filter(|has_more| *has_more)
                    .and_then(|_| {
                        text_of(document.get("last_id"))
                            .or_else(|| text_of(items.last()?.get("id")))
                    })
                    .map(|last| format!("?after={}", path_segment(&last))),
            };
            match next {
                // A host that repeats itself would otherwise be followed to the last page allowed.
                Some(next) if next != query && !items.is_empty() => query = next,
                _ => return Ok(()),
            }
        }
        Ok(())
    }
}

/// Whether a list needs to be followed further.
enum Visit {
    More,
    Enough,
}

fn list_of(document: &Value) -> &[Value] {
    match document.get("data") {
        Some(Value::Array(items)) => items,
        _ => &[],
    }
}

#[async_trait]
impl Provider for OpenAiShaped {
    fn name(&self) -> &str {
        &self.profile.name
    }

    fn limits(&self) -> &ProviderLimits {
        &self.profile.limits
    }

    fn frame(&self, template: &RequestTemplate<'_>) -> LineFrame {
        let task = template.task;
        let schema_in_words = || {
            format!(
                "Answer with one JSON object and nothing else. It must be valid against this JSON \
                 Schema:\n{}",
                task.schema.schema
            )
        };
        let (system, response_format) = match template.response {
            ResponseMode::StrictSchema => (
                task.system.clone(),
                Some(json!({"type": "json_schema", "json_schema": {
                    "name": task.schema.name, "strict": true, "schema": task.schema.schema}})),
            ),
            ResponseMode::JsonObject => (
                join(&task.system, &schema_in_words()),
                Some(json!({"type": "json_object"})),
            ),
            ResponseMode::Text => (join(&task.system, &schema_in_words()), None),
        };
        let system_message = if system.is_empty() {
            String::new()
        } else {
            format!("{},", json!({"role": "system", "content": system}))
        };
        let mut settings = json!({
            "temperature": 0,
            "max_completion_tokens": template.max_completion_tokens,
        });
        if let Some(effort) = template.effort {
            settings["reasoning_effort"] = Value::from(effort.as_str());
        }
        if let Some(response_format) = response_format {
            settings["response_format"] = response_format;
        }
        let settings = settings.to_string();
        let settings = settings.strip_prefix('{').unwrap_or(&settings);
        LineFrame {
            before_id: br#"{"custom_id":""#.to_vec(),
            after_id: format!(
                r#"","method":"POST","url":{},"body":{{"model":{},"messages":[{system_message}"#,
                Value::from(self.profile.endpoint.as_str()),
                Value::from(template.model),
            )
            .into_bytes(),
            after_messages: format!("],{settings}}}\n").into_bytes(),
        }
    }

    async fn upload(
        &self,
        file_name: &str,
        input: &dyn InputSource,
    ) -> Result<String, ProviderError> {
        self.caller.upload("/files", file_name, input).await
    }

    async fn find_file(
        &self,
        file_name: &str,
        size_bytes: u64,
    ) -> Result<Option<String>, ProviderError> {
        let mut found = None;
        let listed = self
            .list("list files", "/files", |file| {
                let is_it = text_of(file.get("filename")).as_deref() == Some(file_name)
                    && file.get("bytes").and_then(Value::as_u64) == Some(size_bytes);
                if is_it {
                    found = text_of(file.get("id"));
                    return Visit::Enough;
                }
                Visit::More
            })
            .await;
        match listed {
            Ok(()) => Ok(found),
            // Some servers have no list of files; then nothing can be found.
            Err(error)
                if matches!(
                    error.kind,
                    ProviderErrorKind::NotFound | ProviderErrorKind::Rejected
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn create(&self, new: &NewBatch<'_>) -> Result<RemoteBatch, ProviderError> {
        const CALL: &str = "create a batch";
        let mut request = self.caller.request(Method::POST, "/batches")?;
        request.headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let body = json!({
            "input_file_id": new.input_file_id,
            "endpoint": self.profile.endpoint,
            "completion_window": new.window.as_str(),
            "metadata": {TOKEN_KEY: new.token},
        });
        request.body = RequestBody::Bytes(Bytes::from(body.to_string()));
        let response = self.caller.send(CALL, request).await?;
        let document = self.caller.document(CALL, response).await?;
        parse_batch(&document, TOKEN_KEY).ok_or_else(|| {
            self.caller.error(
                CALL,
                ProviderErrorKind::Malformed,
                "the reply is not a batch",
            )
        })
    }

    async fn poll(&self, batch_ids: &[String]) -> Result<Vec<Polled>, ProviderError> {
        let mut polled = Vec::with_capacity(batch_ids.len());
        for ids in batch_ids.chunks(self.profile.poll_ids.max(1)) {
            let mut known = match ids {
                [_] => Vec::new(),
                _ => match self.poll_many(ids).await {
                    Ok(batches) => batches,
                    // A server of the same shape without this call is asked one by one.
                    Err(error)
                        if matches!(
                            error.kind,
                            ProviderErrorKind::NotFound | ProviderErrorKind::Rejected
                        ) =>
                    {
                        Vec::new()
                    }
                    Err(error) => return Err(error),
                },
            };
            for id in ids {
                let reply = match known.iter().position(|batch| batch.id == *id) {
                    Some(place) => PollReply::Batch(Box::new(known.swap_remove(place))),
                    None => self.poll_one(id).await?,
                };
                polled.push(Polled {
                    batch_id: id.clone(),
                    reply,
                });
            }
        }
        Ok(polled)
    }

    async fn list_batches(&self, since: Timestamp) -> Result<Vec<RemoteBatch>, ProviderError> {
        let oldest = since.as_second() - CLOCK_SKEW_SECONDS;
        let mut batches = Vec::new();
        self.list("list batches", "/batches", |item| {
            if let Some(batch) = parse_batch(item, TOKEN_KEY) {
                // Lists need not be in order, so an old batch is passed over and the list goes on.
                if batch
                    .created_at
                    .is_none_or(|created| created.as_second() >= oldest)
                {
                    batches.push(batch);
                }
            }
            Visit::More
        })
        .await?;
        Ok(batches)
    }

    async fn cancel(&self, batch_id: &str) -> Result<(), ProviderError> {
        let path = format!("/batches/{}/cancel", path_segment(batch_id));
        self.caller
            .fetch("cancel a batch", Method::POST, &path)
            .await
            .map(|_| ())
    }

    async fn delete_file(&self, file_id: &str) -> Result<(), ProviderError> {
        let path = format!("/files/{}", path_segment(file_id));
        match self
            .caller
            .fetch("delete a file", Method::DELETE, &path)
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if error.kind == ProviderErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn models(&self) -> Result<Option<Vec<String>>, ProviderError> {
        match self
            .caller
            .fetch("list models", Method::GET, "/models")
            .await
        {
            Ok(document) if document.get("data").is_some_and(Value::is_array) => Ok(Some(
                list_of(&document)
                    .iter()
                    .filter_map(|model| text_of(model.get("id")))
                    .collect(),
            )),
            Ok(_) => Ok(None),
            Err(error)
                if matches!(
                    error.kind,
                    ProviderErrorKind::NotFound | ProviderErrorKind::Rejected
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn results(&self, file_id: &str) -> Result<ResultStream, ProviderError> {
        let path = format!("/files/{}/content", path_segment(file_id));
        let (body, cutter) = self.caller.open("read a result file", &path).await?;
        let provider = self.profile.name.clone();
        let pages = stream::unfold(Some((body, cutter)), move |reading| {
            let provider = provider.clone();
            async move {
                let (mut body, mut cutter) = reading?;
                match body.next().await {
                    Some(Ok(chunk)) => {
                        let lines = read_lines(cutter.push(&chunk));
                        Some((Ok(lines), Some((body, cutter))))
                    }
                    Some(Err(error)) => {
                        let error = from_transport(&provider, "read a result file", &error);
                        Some((Err(error), None))
                    }
                    None => Some((Ok(read_lines(cutter.finish())), None)),
                }
            }
        });
        Ok(pages.boxed())
    }
}

fn join(system: &str, words: &str) -> String {
    if system.is_empty() {
        words.to_owned()
    } else {
        format!("{system}\n\n{words}")
    }
}

fn read_lines(cuts: impl IntoIterator<Item = Cut>) -> Vec<ResultLine> {
    let lines = cuts.into_iter().filter_map(|cut| match cut {
        Cut::Line(line) => parse_result_line(&line),
        Cut::TooLong => Some(too_long_line(MAX_LINE_BYTES)),
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use crate::task::{AnswerSchema, Payload, Task};
    use crate::tier::Effort;
    use crate::transport::{HttpRequest, HttpResponse, Reach, TransportError};

    struct NoNetwork;

    #[async_trait]
    impl Transport for NoNetwork {
        async fn send(&self, _request: HttpRequest) -> Result<HttpResponse, TransportError> {
            Err(TransportError {
                reach: Reach::NotSent,
                message: "there is no network".to_owned(),
            })
        }
    }

    fn line(response: ResponseMode, effort: Option<Effort>) -> Value {
        let groq = OpenAiShaped::new(
            Profile::groq(),
            None,
            Arc::new(NoNetwork),
            Settings::production().retry,
        );
        let task = Task {
            name: "t".to_owned(),
            system: "Be \"brief\".\n".to_owned(),
            schema: AnswerSchema {
                name: "answer".to_owned(),
                schema: json!({"type": "object"}),
            },
            prompt_version: "1".to_owned(),
            schema_version: "1".to_owned(),
            expected_output_tokens: 10,
        };
        let frame = groq.frame(&RequestTemplate {
            task: &task,
            model: "some/model",
            max_completion_tokens: 99,
            effort,
            response,
        });
        let mut page = Vec::new();
        let payload = Payload::user("line one\nline \u{2028} two");
        frame.render("id-1", &payload, &mut page);
        let length = frame.length_bytes() + 4 + payload.as_json().len() as u64 - 2;
        assert_eq!(page.len() as u64, length);
        assert_eq!(page.split(|byte| *byte == b'\n').count(), 2);
        serde_json::from_slice(&page).unwrap()
    }

    #[test]
    fn lines_are_what_hosts_document() {
        let strict = line(ResponseMode::StrictSchema, Some(Effort::Low));
        assert_eq!(
            strict,
            json!({
                "custom_id": "id-1", "method": "POST", "url": "/v1/chat/completions",
                "body": {
                    "model": "some/model",
                    "messages": [
                        {"role": "system", "content": "Be \"brief\".\n"},
                        {"role": "user", "content": "line one\nline \u{2028} two"}
                    ],
                    "temperature": 0, "max_completion_tokens": 99, "reasoning_effort": "low",
                    "response_format": {"type": "json_schema", "json_schema": {
                        "name": "answer", "strict": true, "schema": {"type": "object"}}}
                }
            })
        );
        // Without strict mode the model has to be told the schema, and JSON mode wants the word JSON.
        let object = line(ResponseMode::JsonObject, None);
        assert_eq!(
            object["body"]["response_format"],
            json!({"type": "json_object"})
        );
        assert_eq!(object["body"].get("reasoning_effort"), None);
        let system = object["body"]["messages"][0]["content"].as_str().unwrap();
        assert!(
            system.starts_with("Be")
                && system.contains("JSON")
                && system.ends_with("{\"type\":\"object\"}")
        );
    }

    #[test]
    fn ids_cannot_change_an_address() {
        assert_eq!(path_segment("file_1-a.b~c"), "file_1-a.b~c");
        assert_eq!(path_segment("../x?y=1&z ü"), "..%2Fx%3Fy%3D1%26z%20%C3%BC");
    }
}
