//! A transport that changes what passes: the server stays as it is, and what it would rarely meet is
//! brought about.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use batch::transport::{HttpRequest, HttpResponse, Reach, RequestBody, Transport, TransportError};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderName, HeaderValue, Method};

use crate::bench::transport;

/// What is done to the calls.
pub(crate) enum Meddling {
    /// Creating a batch carries this header, so many times.
    Header(&'static str, &'static str, u64),
    /// The lines of an uploaded file are changed.
    Lines(fn(&str) -> String),
    /// The first reply to creating a batch is lost.
    LostReply,
}

pub(crate) struct MeddlingTransport {
    inner: Arc<dyn Transport>,
    meddling: Meddling,
    created: AtomicU64,
}

impl MeddlingTransport {
    pub(crate) fn new(meddling: Meddling) -> Arc<MeddlingTransport> {
        Arc::new(MeddlingTransport {
            inner: transport(),
            meddling,
            created: AtomicU64::new(0),
        })
    }
}

#[async_trait]
impl Transport for MeddlingTransport {
    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let creates = request.method == Method::POST && request.url.ends_with("/batches");
        let uploads = request.method == Method::POST && request.url.ends_with("/files");
        let number = if creates {
            self.created.fetch_add(1, Ordering::SeqCst)
        } else {
            0
        };
        match self.meddling {
            Meddling::Header(name, value, times) if creates && number < times => {
                let name = HeaderName::from_static(name);
                let value = HeaderValue::from_static(value);
                request.headers.insert(name, value);
            }
            Meddling::Lines(change) if uploads => {
                request.body = changed(request.body, change).await;
            }
            Meddling::LostReply if creates && number == 0 => {
                self.inner.send(request).await?;
                return Err(TransportError {
                    reach: Reach::Unknown,
                    message: "the reply was lost".to_owned(),
                });
            }
            _ => {}
        }
        self.inner.send(request).await
    }
}

/// The form with the lines of its file changed.
async fn changed(body: RequestBody, change: fn(&str) -> String) -> RequestBody {
    let RequestBody::Stream { mut stream, .. } = body else {
        panic!("an upload streams");
    };
    let mut bytes = BytesMut::new();
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece.expect("a piece"));
    }
    let form = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let from = form.find("{\"custom_id\"").expect("a first line");
    let to = form.rfind("\r\n--").expect("the end of the form");
    let lines: String = form[from..to].lines().map(change).collect();
    let whole = format!("{}{lines}{}", &form[..from], &form[to..]);
    RequestBody::Bytes(Bytes::from(whole))
}
