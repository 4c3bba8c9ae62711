//! Faults of calls.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::body;
use super::errors::ApiError;
use crate::scenario::{HttpCall, HttpFault, HttpFaultRule};
use crate::server::Inner;

/// Marks a response that stands for a connection closed without one. Over a socket the client sees
/// the connection close; in-process callers find this in the response's extensions and treat it as
/// a failure of the transport.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionDropped;

/// Lets the first rule that hits a call do its harm.
pub(crate) async fn inject(
    State(server): State<Arc<Inner>>,
    request: Request,
    next: Next,
) -> Response {
    let call = call_of(
        request.method(),
        request.uri().path(),
        request.uri().query(),
    );
    let chosen = call.and_then(|call| Some((call, choose(&server, call)?)));
    let Some((call, rule)) = chosen else {
        return next.run(request).await;
    };
    server.hits.call(call, rule.kind);
    match rule.kind {
        HttpFault::RateLimited => {
            body::drain(request).await;
            ApiError::rate_limited(rule.retry_after_seconds).into_response()
        }
        HttpFault::ServerError => {
            body::drain(request).await;
            ApiError::server(rule.status).into_response()
        }
        HttpFault::Dropped => dropped(),
        HttpFault::ResponseLost => {
            drop(next.run(request).await);
            dropped()
        }
        HttpFault::Slow => {
            let response = next.run(request).await;
            tokio::time::sleep(Duration::from_millis(rule.delay_ms)).await;
            response
        }
        HttpFault::BodyCut => cut_body(next.run(request).await),
    }
}

fn choose(server: &Inner, call: HttpCall) -> Option<HttpFaultRule> {
    for (number, rule) in server.scenario.http_faults.iter().enumerate() {
        if rule.call != HttpCall::Any && rule.call != call {
            continue;
        }
        let matched = {
            let mut state = server.state();
            let matched = state.matched_calls.entry(number).or_default();
            *matched += 1;
            *matched
        };
        let named = rule.calls.is_empty() || rule.calls.contains(&matched);
        if named
            && server
                .draws
                .random_hit(&format!("call {number}"), matched, rule.rate)
        {
            return Some(rule.clone());
        }
    }
    None
}

/// Says which kind of call a request is; `None` for paths outside of the API.
fn call_of(method: &Method, path: &str, query: Option<&str>) -> Option<HttpCall> {
    let path = ["/openai", "/anthropic", "/mistral"]
        .iter()
        .find_map(|prefix| path.strip_prefix(prefix))
        .unwrap_or(path)
        .strip_prefix("/v1/")?;
    // What two of the APIs keep below another name is a batch all the same.
    let path = path
        .strip_prefix("messages/batches")
        .or_else(|| path.strip_prefix("batch/jobs"))
        .map_or_else(|| path.to_owned(), |rest| format!("batches{rest}"));
    let mut parts = path.split('/');
    let call = match (parts.next(), parts.next(), parts.next()) {
        (Some("files"), None, None) if method == Method::POST => HttpCall::Upload,
        (Some("files"), Some(_), Some("content")) | (Some("batches"), Some(_), Some("results")) => {
            HttpCall::Content
        }
        (Some("files"), _, _) => HttpCall::Files,
        (Some("batches"), None, None) if method == Method::POST => HttpCall::Create,
        (Some("batches"), None, None) => {
            let with_ids =
                query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("id=")));
            if with_ids {
                HttpCall::Poll
            } else {
                HttpCall::List
            }
        }
        (Some("batches"), Some(_), Some("cancel")) => HttpCall::Cancel,
        (Some("batches"), _, _) => HttpCall::Poll,
        (Some("models"), _, _) => HttpCall::Models,
        (Some("chat" | "messages"), _, _) => HttpCall::Chat,
        _ => return None,
    };
    Some(call)
}

fn dropped() -> Response {
    let mut response = ApiError::server(500).into_response();
    response.extensions_mut().insert(ConnectionDropped);
    response
}

/// Ends the body half-way, while its announced length stays.
fn cut_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let announced = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let announced = announced
        .or_else(|| axum::body::HttpBody::size_hint(&body).exact())
        .unwrap_or(0);
    parts
        .headers
        .insert(header::CONTENT_LENGTH, announced.into());
    let pieces = stream::unfold(
        (body.into_data_stream(), announced / 2),
        |(mut pieces, left)| async move {
            if left == 0 {
                let error = io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "cut by a fault of the scenario",
                );
                // Nothing follows an error.
                return Some((Err(error), (pieces, u64::MAX)));
            }
            if left == u64::MAX {
                return None;
            }
            let piece: Bytes = match pieces.next().await? {
                Ok(piece) => piece,
                Err(error) => return Some((Err(io::Error::other(error)), (pieces, u64::MAX))),
            };
            let kept = piece.slice(..piece.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
            let left = left - kept.len() as u64;
            Some((Ok(kept), (pieces, left)))
        },
    );
    Response::from_parts(parts, Body::from_stream(pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_apart() {
        for (method, path, query, expect) in [
            (
                Method::POST,
                "/openai/v1/files",
                None,
                Some(HttpCall::Upload),
            ),
            (Method::GET, "/v1/files", None, Some(HttpCall::Files)),
            (
                Method::DELETE,
                "/v1/files/file_1",
                None,
                Some(HttpCall::Files),
            ),
            (
                Method::GET,
                "/v1/files/file_1/content",
                None,
                Some(HttpCall::Content),
            ),
            (Method::POST, "/v1/batches", None, Some(HttpCall::Create)),
            (Method::GET, "/v1/batches", None, Some(HttpCall::List)),
            (
                Method::GET,
                "/v1/batches",
                Some("cursor=x"),
                Some(HttpCall::List),
            ),
            (
                Method::GET,
                "/v1/batches",
                Some("id=a&id=b"),
                Some(HttpCall::Poll),
            ),
            (
                Method::GET,
                "/openai/v1/batches/batch_1",
                None,
                Some(HttpCall::Poll),
            ),
            (
                Method::POST,
                "/openai/v1/batches/batch_1/cancel",
                None,
                Some(HttpCall::Cancel),
            ),
            (
                Method::GET,
                "/openai/v1/models/openai/gpt-oss-20b",
                None,
                Some(HttpCall::Models),
            ),
            (
                Method::POST,
                "/openai/v1/chat/completions",
                None,
                Some(HttpCall::Chat),
            ),
            (
                Method::POST,
                "/v1/messages/batches",
                None,
                Some(HttpCall::Create),
            ),
            (
                Method::GET,
                "/anthropic/v1/messages/batches",
                Some("limit=1"),
                Some(HttpCall::List),
            ),
            (
                Method::GET,
                "/v1/messages/batches/msgbatch_1",
                None,
                Some(HttpCall::Poll),
            ),
            (
                Method::GET,
                "/v1/messages/batches/msgbatch_1/results",
                None,
                Some(HttpCall::Content),
            ),
            (Method::POST, "/v1/messages", None, Some(HttpCall::Chat)),
            (
                Method::POST,
                "/mistral/v1/batch/jobs",
                None,
                Some(HttpCall::Create),
            ),
            (
                Method::POST,
                "/v1/batch/jobs/1/cancel",
                None,
                Some(HttpCall::Cancel),
            ),
            (
                Method::GET,
                "/mistral/v1/files/1/content",
                None,
                Some(HttpCall::Content),
            ),
            (Method::GET, "/", None, None),
            (Method::GET, "/v1/elsewhere", None, None),
        ] {
            assert_eq!(
                call_of(&method, path, query),
                expect,
                "{method} {path} {query:?}"
            );
        }
    }
}
