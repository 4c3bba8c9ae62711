//! The OpenAI shape of files and batches: Groq, OpenAI, Azure and the like.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::error::{error_document, from_transport, kind_of, retry_after};
use super::lines::{Cut, LineCutter, MAX_LINE_BYTES};
use super::profile::{AuthScheme, Listing, Profile};
use super::reader::{parse_batch, parse_result_line, text_of, too_long_line};
use super::retry::pause;
use super::{
    InputSource, LineFrame, NewBatch, PollReply, Polled, Provider, ProviderError,
    ProviderErrorKind, ProviderLimits, RemoteBatch, RequestTemplate, ResultLine, ResultStream,
};
use crate::settings::RetrySettings;
use crate::tier::ResponseMode;
use crate::transport::{HttpRequest, HttpResponse, RequestBody, Transport};

/// The key of the metadata by which a batch is known again.
const TOKEN_KEY: &str = "batch_token";
/// The largest JSON document that is read whole. 200 batch objects are far below.
const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Lists are not followed further than this many pages.
const MAX_PAGES: usize = 200;
/// Clocks of host and client may differ this much.
const CLOCK_SKEW_SECONDS: i64 = 3600;

/// A host of the OpenAI shape.
pub struct OpenAiShaped {
    profile: Profile,
    key: Option<SecretString>,
    transport: Arc<dyn Transport>,
    retry: RetrySettings,
}

impl std::fmt::Debug for OpenAiShaped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OpenAiShaped")
            .field("profile", &self.profile)
            .field("has_key", &self.key.is_some())
            .finish_non_exhaustive()
    }
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
            profile,
            key,
            transport,
            retry,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.profile.base_url)
    }

    fn headers(&self) -> Result<HeaderMap, ProviderError> {
        let mut headers = HeaderMap::new();
        if let Some(key) = &self.key {
            let (name, text) = match self.profile.auth {
                AuthScheme::Bearer => (
                    header::AUTHORIZATION,
                    format!("Bearer {}", key.expose_secret()),
                ),
                AuthScheme::Header(name) => (
                    header::HeaderName::from_static(name),
                    key.expose_secret().to_owned(),
                ),
            };
            let mut value = HeaderValue::from_str(&text).map_err(|_| {
                self.error(
                    "use the key",
                    ProviderErrorKind::Auth,
                    "it holds characters that no header can carry",
                )
            })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    fn error(
        &self,
        call: &'static str,
        kind: ProviderErrorKind,
        message: impl Into<String>,
    ) -> ProviderError {
        ProviderError {
            provider: self.profile.name.clone(),
            call,
            kind,
            code: None,
            message: self.without_key(message.into()),
            retry_after: None,
        }
    }

    /// Hosts may quote a key in their words; it must not travel on.
    fn without_key(&self, message: String) -> String {
        match &self.key {
            Some(key) if !key.expose_secret().is_empty() => {
                message.replace(key.expose_secret(), "[key]")
            }
            _ => message,
        }
    }

    fn request(&self, method: Method, path: &str) -> Result<HttpRequest, ProviderError> {
        Ok(HttpRequest {
            method,
            url: self.url(path),
            headers: self.headers()?,
            body: RequestBody::Empty,
            timeout: Some(CALL_TIMEOUT),
        })
    }

    /// Sends a request once; a status other than success is an error.
    async fn send(
        &self,
        call: &'static str,
        request: HttpRequest,
    ) -> Result<HttpResponse, ProviderError> {
        let response = self
            .transport
            .send(request)
            .await
            .map_err(|error| from_transport(&self.profile.name, call, &error))?;
        if response.status.is_success() {
            return Ok(response);
        }
        let status = response.status;
        let wait = retry_after(&response.headers, Timestamp::now());
        // The status says enough where the document cannot be read.
        let document = self.document(call, response).await.unwrap_or(Value::Null);
        let (code, message) = error_document(&document);
        let kind = kind_of(status, code.as_deref());
        let message = match message {
            Some(message) => format!("{message} (status {})", status.as_u16()),
            None => format!("status {status}"),
        };
        Err(ProviderError {
            code,
            retry_after: wait,
            ..self.error(call, kind, message)
        })
    }

    async fn document(
        &self,
        call: &'static str,
        mut response: HttpResponse,
    ) -> Result<Value, ProviderError> {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = response.body.next().await {
            let chunk =
                chunk.map_err(|error| from_transport(&self.profile.name, call, &error))?;
            if bytes.len() + chunk.len() > MAX_DOCUMENT_BYTES {
                return Err(self.error(
                    call,
                    ProviderErrorKind::Malformed,
                    "the response is longer than 16 MB",
                ));
            }
            bytes.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            self.error(
                call,
                ProviderErrorKind::Malformed,
                format!("the response is not JSON: {error}"),
            )
        })
    }

    /// Sends a request that may be repeated, and reads the document it answers with.
    async fn fetch(
        &self,
        call: &'static str,
        method: Method,
        path: &str,
    ) -> Result<Value, ProviderError> {
        let mut failed_tries = 0;
        loop {
            let request = self.request(method.clone(), path)?;
            let tried = match self.send(call, request).await {
                Ok(response) => self.document(call, response).await,
                Err(error) => Err(error),
            };
            match tried {
                Ok(document) => return Ok(document),
                Err(error) => {
                    failed_tries += 1;
                    self.wait_before_next(failed_tries, error).await?;
                }
            }
        }
    }

    /// Waits before the next try, or gives the error back when there is none.
    async fn wait_before_next(
        &self,
        failed_tries: u32,
        error: ProviderError,
    ) -> Result<(), ProviderError> {
        if !error.kind.is_transient() || failed_tries >= self.retry.max_tries {
            return Err(error);
        }
        tokio::time::sleep(pause(&self.retry, failed_tries, &error)).await;
        Ok(())
    }

    async fn poll_one(&self, batch_id: &str) -> Result<PollReply, ProviderError> {
        const CALL: &str = "ask after a batch";
        let path = format!("/batches/{}", path_segment(batch_id));
        match self.fetch(CALL, Method::GET, &path).await {
            Ok(document) => Ok(match parse_batch(&document, TOKEN_KEY) {
                Some(batch) => PollReply::Batch(Box::new(batch)),
                None if document.get("error").is_some_and(|error| !error.is_null()) => {
                    let (_, message) = error_document(&document);
                    PollReply::Gone(message.unwrap_or_else(|| "an error without words".to_owned()))
                }
                None => {
                    return Err(self.error(
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
        let document = self.fetch("ask after batches", Method::GET, &path).await?;
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

    fn upload_request(
        &self,
        file_name: &str,
        input: &dyn InputSource,
    ) -> Result<HttpRequest, ProviderError> {
        let boundary = format!("batch-{:032x}", rand::random::<u128>());
        let head = Bytes::from(format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
             filename=\"{file_name}\"\r\nContent-Type: application/jsonl\r\n\r\n"
        ));
        let tail = Bytes::from(format!("\r\n--{boundary}--\r\n"));
        let length_bytes = head.len() as u64 + input.length_bytes() + tail.len() as u64;
        let mut request = self.request(Method::POST, "/files")?;
        let content_type =
            HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}"));
        if let Ok(content_type) = content_type {
            request.headers.insert(header::CONTENT_TYPE, content_type);
        }
        request.timeout = None;
        request.body = RequestBody::Stream {
            length_bytes,
            stream: stream::iter([Ok(head)])
                .chain(input.open())
                .chain(stream::iter([Ok(tail)]))
                .boxed(),
        };
        Ok(request)
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

/// Percent-encodes what may not stand in a path or a query.
fn path_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
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
        const CALL: &str = "upload the input file";
        let mut failed_tries = 0;
        loop {
            let request = self.upload_request(file_name, input)?;
            let tried = match self.send(CALL, request).await {
                Ok(response) => self.document(CALL, response).await,
                Err(error) => Err(error),
            };
            let tried = tried.and_then(|document| {
                text_of(document.get("id")).ok_or_else(|| {
                    self.error(
                        CALL,
                        ProviderErrorKind::Malformed,
                        "the reply names no file",
                    )
                })
            });
            match tried {
                Ok(file_id) => return Ok(file_id),
                Err(error) => {
                    failed_tries += 1;
                    self.wait_before_next(failed_tries, error).await?;
                }
            }
        }
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
        let mut request = self.request(Method::POST, "/batches")?;
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
        let response = self.send(CALL, request).await?;
        let document = self.document(CALL, response).await?;
        parse_batch(&document, TOKEN_KEY).ok_or_else(|| {
            self.error(
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
        self.fetch("cancel a batch", Method::POST, &path)
            .await
            .map(|_| ())
    }

    async fn delete_file(&self, file_id: &str) -> Result<(), ProviderError> {
        let path = format!("/files/{}", path_segment(file_id));
        match self.fetch("delete a file", Method::DELETE, &path).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind == ProviderErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn models(&self) -> Result<Option<Vec<String>>, ProviderError> {
        match self.fetch("list models", Method::GET, "/models").await {
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
        const CALL: &str = "read a result file";
        let path = format!("/files/{}/content", path_segment(file_id));
        let mut failed_tries = 0;
        let response = loop {
            let request = self.request(Method::GET, &path)?;
            match self.send(CALL, request).await {
                Ok(response) => break response,
                Err(error) => {
                    failed_tries += 1;
                    self.wait_before_next(failed_tries, error).await?;
                }
            }
        };
        let provider = self.profile.name.clone();
        let start = Some((response.body, LineCutter::new(MAX_LINE_BYTES)));
        let pages = stream::unfold(start, move |reading| {
            let provider = provider.clone();
            async move {
                let (mut body, mut cutter) = reading?;
                match body.next().await {
                    Some(Ok(chunk)) => {
                        let lines = read_lines(cutter.push(&chunk));
                        Some((Ok(lines), Some((body, cutter))))
                    }
                    Some(Err(error)) => Some((Err(from_transport(&provider, CALL, &error)), None)),
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
