//! How a request reaches GitHub: a small trait, and its implementation over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderMap, Method, StatusCode};

/// Responses larger than this are not read further: GitHub's largest are a few megabytes.
const RESPONSE_BYTES_MAX: usize = 64 << 20;

/// Carries one request and brings the whole response.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: String,
    /// The headers; the token is marked sensitive.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// How long the whole may take.
    pub timeout: Duration,
}

/// A response.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// No whole response came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// Whether the host took too long rather than was not there.
    pub timed_out: bool,
    /// What happened.
    pub message: String,
}

/// HTTP through reqwest. Redirects are not followed, so that a token never goes to another host.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
}

impl HttpTransport {
    /// A transport with its own pool of connections.
    ///
    /// # Errors
    /// When TLS cannot be set up, for instance because no provider of rustls is installed.
    pub fn new() -> Result<HttpTransport, TransportError> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("tandem/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(15))
            .build()
            .map_err(|error| describe(&error))?;
        Ok(HttpTransport { client })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let response = self
            .client
            .request(request.method, &request.url)
            .headers(request.headers)
            .body(request.body)
            .timeout(request.timeout)
            .send()
            .await
            .map_err(|error| describe(&error))?;
        let status = response.status();
        let headers = response.headers().clone();
        let mut body = BytesMut::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| describe(&error))?;
            if body.len() + chunk.len() > RESPONSE_BYTES_MAX {
                return Err(TransportError {
                    timed_out: false,
                    message: format!("the response is longer than {RESPONSE_BYTES_MAX} bytes"),
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response {
            status,
            headers,
            body: body.freeze(),
        })
    }
}

/// The reasons in one line, without the address, whose host is named where nothing answered.
fn describe(error: &reqwest::Error) -> TransportError {
    let mut last: &dyn std::error::Error = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    let message = match error.url() {
        Some(url) if error.is_connect() => {
            format!(
                "no connection to {}: {last}",
                url.origin().ascii_serialization()
            )
        }
        _ if error.is_timeout() => "no response in time".to_owned(),
        _ => last.to_string(),
    };
    TransportError {
        timed_out: error.is_timeout(),
        message,
    }
}
