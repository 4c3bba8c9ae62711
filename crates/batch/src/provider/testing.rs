//! What the dialects' own tests share.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{InputSource, LineFrame, RequestTemplate};
use crate::settings::{RetrySettings, Settings};
use crate::task::{AnswerSchema, Payload, Task};
use crate::tier::{Effort, ResponseMode};
use crate::transport::{HttpRequest, HttpResponse, Reach, RequestBody, Transport, TransportError};

/// A task with everything that needs escaping.
fn task() -> &'static Task {
    static TASK: OnceLock<Task> = OnceLock::new();
    TASK.get_or_init(|| Task {
        name: "t".to_owned(),
        system: "Be \"brief\".\n".to_owned(),
        schema: AnswerSchema {
            name: "answer".to_owned(),
            schema: json!({"type": "object"}),
        },
        prompt_version: "1".to_owned(),
        schema_version: "1".to_owned(),
        expected_output_tokens: 10,
    })
}

pub(super) fn template(response: ResponseMode, effort: Option<Effort>) -> RequestTemplate<'static> {
    RequestTemplate {
        task: task(),
        model: "some/model",
        max_completion_tokens: 99,
        effort,
        response,
    }
}

/// One rendered line, read back; its length must be what shards are planned with.
pub(super) fn render(frame: &LineFrame) -> Value {
    let mut page = Vec::new();
    let payload = Payload::user("line one\nline \u{2028} two");
    frame.render("id-1", &payload, &mut page);
    let length = frame.length_bytes() + 4 + payload.as_json().len() as u64 - 2;
    assert_eq!(page.len() as u64, length);
    assert_eq!(page.split(|byte| *byte == b'\n').count(), 2);
    serde_json::from_slice(&page).expect("a line is JSON")
}

/// What a host was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// A host that gives prepared replies, one for each call, and remembers the calls.
#[derive(Default)]
pub(super) struct Script {
    replies: Mutex<VecDeque<(u16, String)>>,
    asked: Mutex<Vec<Asked>>,
}

impl Script {
    pub(super) fn new(replies: &[(u16, Value)]) -> Arc<Script> {
        let texts = replies.iter().map(|(status, body)| match body {
            Value::String(text) => (*status, text.clone()),
            body => (*status, body.to_string()),
        });
        Arc::new(Script {
            replies: Mutex::new(texts.collect()),
            asked: Mutex::default(),
        })
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("not poisoned").clone()
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let body = match request.body {
            RequestBody::Empty => Vec::new(),
            RequestBody::Bytes(bytes) => bytes.to_vec(),
            RequestBody::Stream {
                length_bytes,
                stream,
            } => {
                let chunks: Vec<Bytes> = stream.try_collect().await.expect("reads");
                let bytes = chunks.concat();
                assert_eq!(bytes.len() as u64, length_bytes, "the told length");
                bytes
            }
        };
        self.asked.lock().expect("not poisoned").push(Asked {
            method: request.method.to_string(),
            url: request.url,
            headers: request.headers,
            body: String::from_utf8(body).expect("text"),
        });
        let next = self.replies.lock().expect("not poisoned").pop_front();
        let (status, text) = next.ok_or(TransportError {
            reach: Reach::NotSent,
            message: "there is no network".to_owned(),
        })?;
        Ok(HttpResponse {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
            body: stream::iter([Ok(Bytes::from(text))]).boxed(),
        })
    }
}

/// Retries that do not wait long.
pub(super) fn retry() -> RetrySettings {
    Settings::production().retry
}

/// An input file at hand, cut into chunks of a few bytes.
pub(super) struct Text(pub(super) &'static str);

impl InputSource for Text {
    fn length_bytes(&self) -> u64 {
        self.0.len() as u64
    }

    fn open(&self) -> BoxStream<'static, std::io::Result<Bytes>> {
        let chunks = self.0.as_bytes().chunks(5);
        stream::iter(chunks.map(|chunk| Ok(Bytes::from_static(chunk)))).boxed()
    }
}
