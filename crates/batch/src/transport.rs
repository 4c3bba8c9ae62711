//! How requests reach a host: a small trait, and its implementation over HTTP.

use std::fmt;
use std::io;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::{HeaderMap, Method, StatusCode};

/// Carries one request to a host and the response back. Bodies stream both ways.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request and returns when the response's head is there.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError>;
}

/// A request.
#[derive(Debug)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: String,
    /// The headers; secrets are marked sensitive.
    pub headers: HeaderMap,
    /// The body.
    pub body: RequestBody,
    /// How long it may take until the response's head is there; `None` for uploads.
    pub timeout: Option<Duration>,
}

/// The body of a request.
pub enum RequestBody {
    /// None.
    Empty,
    /// Bytes at hand.
    Bytes(Bytes),
    /// A stream of known length.
    Stream {
        /// The length in bytes.
        length_bytes: u64,
        /// The bytes.
        stream: BoxStream<'static, io::Result<Bytes>>,
    },
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RequestBody::Empty => formatter.write_str("Empty"),
            RequestBody::Bytes(bytes) => write!(formatter, "{} bytes", bytes.len()),
            RequestBody::Stream { length_bytes, .. } => {
                write!(formatter, "stream of {length_bytes} bytes")
            }
        }
    }
}

/// A response.
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: BoxStream<'static, Result<Bytes, TransportError>>,
}

/// A request that got no whole response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// Whether the host may have acted on it.
    pub reach: Reach,
    /// What happened, without addresses' secrets.
    pub message: String,
}

/// How far a failed request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The host never saw it.
    NotSent,
    /// The host may have acted on it.
    Unknown,
}

/// HTTP through reqwest.
///
/// TLS needs a process-wide provider of rustls, which the program installs before the first request.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
}

impl HttpTransport {
    /// A transport with its own pool of connections. Redirects are not followed, so that a key never
    /// goes to another host.
    ///
    /// # Errors
    /// When TLS cannot be set up, for instance because no provider is installed.
    pub fn new() -> Result<HttpTransport, TransportError> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("tandem-batch/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(15))
            // It also runs while a large file goes up a slow line.
            .read_timeout(Duration::from_mins(15))
            .build()
            .map_err(|error| describe(&error, Reach::NotSent))?;
        Ok(HttpTransport { client })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut builder = self
            .client
            .request(request.method, &request.url)
            .headers(request.headers);
        builder = match request.body {
            RequestBody::Empty => builder,
            RequestBody::Bytes(bytes) => builder.body(bytes),
            RequestBody::Stream {
                length_bytes,
                stream,
            } => builder
                .header(http::header::CONTENT_LENGTH, length_bytes)
                .body(reqwest::Body::wrap_stream(stream)),
        };
        let sending = builder.send();
        let sent = match request.timeout {
            Some(timeout) => match tokio::time::timeout(timeout, sending).await {
                Ok(sent) => sent,
                Err(_) => {
                    return Err(TransportError {
                        reach: Reach::Unknown,
                        message: format!("no response within {} s", timeout.as_secs()),
                    });
                }
            },
            None => sending.await,
        };
        let response = sent.map_err(|error| {
            let reach = if error.is_connect() || error.is_builder() {
                Reach::NotSent
            } else {
                Reach::Unknown
            };
            describe(&error, reach)
        })?;
        Ok(HttpResponse {
            status: response.status(),
            headers: response.headers().clone(),
            body: response
                .bytes_stream()
                .map(|chunk| chunk.map_err(|error| describe(&error, Reach::Unknown)))
                .boxed(),
        })
    }
}

/// The reasons in one line; reqwest's own message stops at "error sending request". Where no
/// connection came about, the address and the last reason say it all.
fn describe(error: &reqwest::Error, reach: Reach) -> TransportError {
    if let (true, Some(url)) = (error.is_connect(), error.url()) {
        let mut last: &dyn std::error::Error = error;
        while let Some(cause) = last.source() {
            last = cause;
        }
        let host = url.origin().ascii_serialization();
        return TransportError {
            reach,
            message: format!("no connection to {host}: {last}"),
        };
    }
    let mut message = String::new();
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.contains(&text) {
            if !message.is_empty() {
                message.push_str(": ");
            }
            message.push_str(&text);
        }
        cause = error.source();
    }
    TransportError { reach, message }
}
