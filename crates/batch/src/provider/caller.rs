//! Calls a host: key, status, errors, repetition, documents, uploads. Knows no dialect.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::error::{error_document, from_transport, kind_of, retry_after};
use super::lines::{LineCutter, MAX_LINE_BYTES};
use super::profile::{AuthScheme, Profile};
use super::reader::text_of;
use super::retry::pause;
use super::{InputSource, ProviderError, ProviderErrorKind};
use crate::chance;
use crate::settings::RetrySettings;
use crate::transport::{HttpRequest, HttpResponse, RequestBody, Transport, TransportError};

/// The largest JSON document that is read whole. 200 batch objects are far below.
const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;
const CALL_TIMEOUT: Duration = Duration::from_mins(1);

/// A host with its key.
pub(super) struct Caller {
    pub(super) name: String,
    pub(super) base_url: String,
    auth: AuthScheme,
    headers: Vec<(HeaderName, HeaderValue)>,
    key: Option<SecretString>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) retry: RetrySettings,
}

impl fmt::Debug for Caller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Caller")
            .field("base_url", &self.base_url)
            .field("has_key", &self.key.is_some())
            .finish_non_exhaustive()
    }
}

/// A response with a status other than success.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) document: Value,
    pub(super) error: ProviderError,
}

/// A body and what cuts it into lines.
pub(super) type OpenFile = (
    BoxStream<'static, Result<Bytes, TransportError>>,
    LineCutter,
);

impl Caller {
    pub(super) fn new(
        profile: &Profile,
        key: Option<SecretString>,
        transport: Arc<dyn Transport>,
        retry: RetrySettings,
    ) -> Caller {
        Caller {
            name: profile.name.clone(),
            base_url: profile.base_url.clone(),
            auth: profile.auth.clone(),
            headers: profile.headers.clone(),
            key,
            transport,
            retry,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    fn headers(&self) -> Result<HeaderMap, ProviderError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(key) = &self.key {
            let (name, text) = match &self.auth {
                AuthScheme::Bearer => (
                    header::AUTHORIZATION,
                    format!("Bearer {}", key.expose_secret()),
                ),
                AuthScheme::Header(name) => (name.clone(), key.expose_secret().to_owned()),
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

    pub(super) fn error(
        &self,
        call: &'static str,
        kind: ProviderErrorKind,
        message: impl Into<String>,
    ) -> ProviderError {
        ProviderError {
            provider: self.name.clone(),
            call,
            kind,
            code: None,
            message: self.without_key(message.into()),
            retry_after: None,
        }
    }

    /// Hosts may quote a key in their words; it must not travel on.
    pub(super) fn without_key(&self, message: String) -> String {
        match &self.key {
            // A key of a few letters is no secret, and stands in the midst of words.
            Some(key) if key.expose_secret().len() >= 8 => {
                message.replace(key.expose_secret(), "[key]")
            }
            _ => message,
        }
    }

    pub(super) fn request(&self, method: Method, path: &str) -> Result<HttpRequest, ProviderError> {
        Ok(HttpRequest {
            method,
            url: self.url(path),
            headers: self.headers()?,
            body: RequestBody::Empty,
            timeout: Some(CALL_TIMEOUT),
        })
    }

    /// A request that carries a JSON document.
    pub(super) fn post_json(&self, path: &str, body: &Value) -> Result<HttpRequest, ProviderError> {
        let body = RequestBody::Bytes(Bytes::from(body.to_string()));
        self.post_json_body(path, body)
    }

    /// A request whose body is JSON already.
    pub(super) fn post_json_body(
        &self,
        path: &str,
        body: RequestBody,
    ) -> Result<HttpRequest, ProviderError> {
        let mut request = self.request(Method::POST, path)?;
        request.headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        request.body = body;
        Ok(request)
    }

    /// Sends a request once; a status other than success is an error.
    pub(super) async fn send(
        &self,
        call: &'static str,
        request: HttpRequest,
    ) -> Result<HttpResponse, ProviderError> {
        self.send_or_refusal(call, request)
            .await?
            .map_err(|refusal| refusal.error)
    }

    /// Sends a request once; where the host refuses it, with the document it refuses it with.
    pub(super) async fn send_or_refusal(
        &self,
        call: &'static str,
        request: HttpRequest,
    ) -> Result<Result<HttpResponse, Box<Refusal>>, ProviderError> {
        let response = self
            .transport
            .send(request)
            .await
            .map_err(|error| from_transport(&self.name, call, &error))?;
        if response.status.is_success() {
            return Ok(Ok(response));
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
        let error = ProviderError {
            code,
            retry_after: wait,
            ..self.error(call, kind, message)
        };
        Ok(Err(Box::new(Refusal {
            status,
            document,
            error,
        })))
    }

    pub(super) async fn document(
        &self,
        call: &'static str,
        mut response: HttpResponse,
    ) -> Result<Value, ProviderError> {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = response.body.next().await {
            let chunk = chunk.map_err(|error| from_transport(&self.name, call, &error))?;
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
    pub(super) async fn fetch(
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

    /// Uploads a file; repeated from its beginning where that may help.
    pub(super) async fn upload(
        &self,
        path: &str,
        file_name: &str,
        input: &dyn InputSource,
    ) -> Result<String, ProviderError> {
        const CALL: &str = "upload the input file";
        let mut failed_tries = 0;
        loop {
            let request = self.upload_request(path, file_name, input)?;
            let tried = match self.send(CALL, request).await {
                Ok(response) => self.document(CALL, response).await,
                Err(error) => Err(error),
            };
            let tried = tried.and_then(|document| {
                text_of(document.get("id")).ok_or_else(|| {
                    let kind = ProviderErrorKind::Malformed;
                    self.error(CALL, kind, "the reply names no file")
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

    /// Opens a file of lines.
    pub(super) async fn open(
        &self,
        call: &'static str,
        path: &str,
    ) -> Result<OpenFile, ProviderError> {
        self.open_at(call, &self.url(path)).await
    }

    /// As [`Caller::open`], at a whole address. The key goes there: the caller has looked at it.
    pub(super) async fn open_at(
        &self,
        call: &'static str,
        address: &str,
    ) -> Result<OpenFile, ProviderError> {
        let mut failed_tries = 0;
        loop {
            let mut request = self.request(Method::GET, "")?;
            address.clone_into(&mut request.url);
            match self.send(call, request).await {
                Ok(response) => return Ok((response.body, LineCutter::new(MAX_LINE_BYTES))),
                Err(error) => {
                    failed_tries += 1;
                    self.wait_before_next(failed_tries, error).await?;
                }
            }
        }
    }

    fn upload_request(
        &self,
        path: &str,
        file_name: &str,
        input: &dyn InputSource,
    ) -> Result<HttpRequest, ProviderError> {
        let boundary = format!("batch-{}", chance::word());
        let head = Bytes::from(format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
             filename=\"{file_name}\"\r\nContent-Type: application/jsonl\r\n\r\n"
        ));
        let tail = Bytes::from(format!("\r\n--{boundary}--\r\n"));
        let length_bytes = head.len() as u64 + input.length_bytes() + tail.len() as u64;
        let mut request = self.request(Method::POST, path)?;
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

/// Percent-encodes what may not stand in a path or a query.
pub(super) fn path_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend(
                [byte >> 4, byte & 15]
                    .map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])),
            );
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_cannot_change_an_address() {
        assert_eq!(path_segment("file_1-a.b~c"), "file_1-a.b~c");
        assert_eq!(path_segment("../x?y=1&z ü"), "..%2Fx%3Fy%3D1%26z%20%C3%BC");
    }
}
