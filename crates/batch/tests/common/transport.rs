//! Carries requests to a router in the same process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use batch::transport::{HttpRequest, HttpResponse, Reach, RequestBody, Transport, TransportError};
use emulator::ConnectionDropped;
use futures_util::StreamExt;
use tower::ServiceExt;

/// A transport without a network.
pub(crate) struct RouterTransport {
    router: Router,
    pub(crate) calls: AtomicU64,
    /// When each call was made, and what it asked.
    made: Mutex<Vec<(tokio::time::Instant, String)>>,
}

impl RouterTransport {
    pub(crate) fn new(router: Router) -> RouterTransport {
        RouterTransport {
            router,
            calls: AtomicU64::new(0),
            made: Mutex::default(),
        }
    }
}

impl RouterTransport {
    /// The times of the calls whose method and path begin like this, for instance `POST /batches`.
    pub(crate) fn calls_like(&self, beginning: &str) -> Vec<tokio::time::Instant> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.iter()
            .filter(|(_, call)| call.starts_with(beginning))
            .map(|(at, _)| *at)
            .collect()
    }

    /// The host itself.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }
}

fn lost(words: &str) -> TransportError {
    TransportError {
        reach: Reach::Unknown,
        message: words.to_owned(),
    }
}

#[async_trait]
impl Transport for RouterTransport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let path = request.url.split("/v1").nth(1).unwrap_or_default();
        let call = (
            tokio::time::Instant::now(),
            format!("{} {path}", request.method),
        );
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(call);
        let body = match request.body {
            RequestBody::Empty => Body::empty(),
            RequestBody::Bytes(bytes) => Body::from(bytes),
            RequestBody::Stream { stream, .. } => Body::from_stream(stream),
        };
        let mut built = http::Request::builder()
            .method(request.method)
            .uri(request.url)
            .body(body)
            .expect("a request");
        *built.headers_mut() = request.headers;
        let answering = self.router.clone().oneshot(built);
        let response = match request.timeout {
            Some(timeout) => tokio::time::timeout(timeout, answering)
                .await
                .map_err(|_| lost("no response in time"))?,
            None => answering.await,
        }
        .expect("a router does not fail");
        if response.extensions().get::<ConnectionDropped>().is_some() {
            return Err(lost("the connection was closed"));
        }
        let (parts, body) = response.into_parts();
        Ok(HttpResponse {
            status: parts.status,
            headers: parts.headers,
            body: body
                .into_data_stream()
                .map(|chunk| chunk.map_err(|error| lost(&error.to_string())))
                .boxed(),
        })
    }
}
