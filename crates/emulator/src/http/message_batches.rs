//! `/messages/batches`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio_util::io::ReaderStream;

use super::creation::{self, Wanted, is_visible, no_batch, visible};
use super::dialect::Base;
use super::errors::ApiError;
use super::files::{PIECE_BYTES, spool_failed};
use crate::batches::{Appearance, Batch, Form, Scan, Splitter};
use crate::dialect::Dialect;
use crate::server::Inner;

/// Batches on a page where nothing is said, and at most.
const PAGE: usize = 20;
const LARGEST_PAGE: usize = 1000;

/// Every message batch expires after a day.
const WINDOW: Duration = Duration::from_hours(24);

pub(crate) async fn create(
    State(server): State<Arc<Inner>>,
    Extension(Base(base)): Extension<Base>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    server.sweep();
    let received = receive(&server, request).await?;
    let scan = &received.scan;
    if let Some(error) = scan.errors.first() {
        let place = error.line.unwrap_or(1) - 1;
        let param = match error.param {
            Some(param) => format!("requests.{place}.{param}"),
            None => format!("requests.{place}"),
        };
        let message = format!("{param}: {}", error.message);
        return Err(ApiError::invalid(&message, Some(&param)));
    }
    let most = server.scenario.anthropic.batch_requests;
    if scan.lines == 0 || scan.lines > most {
        let message = format!(
            "requests: List should have 1 to {most} items after validation, not {}",
            scan.lines
        );
        return Err(ApiError::invalid(&message, Some("requests")));
    }
    let wanted = Wanted {
        form: Form::Messages,
        input_id: received.input_id.clone(),
        window: String::new(),
        duration: WINDOW,
        metadata: None,
        load: scan.load.clone(),
        total: scan.good,
    };
    let document = creation::create(&server, wanted, |batch| batch.message_batch(&base))?;
    received.keep();
    Ok(Json(document))
}

/// The requests of a batch on their way in. Removed unless they are kept.
struct Received {
    server: Arc<Inner>,
    input_id: String,
    scan: Scan,
    kept: bool,
}

impl Received {
    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if !self.kept {
            // A spool file that cannot be removed only costs room.
            let _ = self.server.spool.remove(&self.input_id);
        }
    }
}

/// Streams the requests of a body to the spool, a line each, and checks them on the way.
async fn receive(server: &Arc<Inner>, request: Request) -> Result<Received, ApiError> {
    let mut received = Received {
        server: Arc::clone(server),
        input_id: server.ids.next("requests_"),
        scan: Scan::counting(Arc::clone(&server.scenario), Form::Messages),
        kept: false,
    };
    let path = server.spool.path(&received.input_id);
    let file = tokio::fs::File::create(&path).await.map_err(spool_failed)?;
    let mut writer = BufWriter::with_capacity(PIECE_BYTES, file);
    let most = server.scenario.anthropic.batch_bytes;
    let mut bytes = 0u64;
    let mut splitter = Splitter::new();
    let mut malformed: Option<String> = None;
    let mut lines = Vec::new();
    let mut pieces = request.into_body().into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| {
            ApiError::invalid(&format!("request body cannot be read: {error}"), None)
        })?;
        bytes += piece.len() as u64;
        // The rest of a body that is refused is read and forgotten, so that the client gets to
        // hear the answer.
        if bytes > most || malformed.is_some() {
            continue;
        }
        for part in piece.chunks(PIECE_BYTES) {
            if let Err(reason) = splitter.feed(part, &mut lines) {
                malformed = Some(reason);
                break;
            }
            received.scan.feed(&lines);
            writer.write_all(&lines).await.map_err(spool_failed)?;
            lines.clear();
        }
    }
    if bytes > most {
        let message =
            format!("Request exceeds the maximum size: {bytes} bytes are more than {most}");
        return Err(ApiError {
            status: 413,
            ..ApiError::invalid(&message, None)
        });
    }
    if let Some(reason) = malformed.or_else(|| splitter.finish().err()) {
        return Err(ApiError::invalid(&reason, None));
    }
    received.scan.finish();
    writer.flush().await.map_err(spool_failed)?;
    Ok(received)
}

pub(crate) async fn retrieve(
    State(server): State<Arc<Inner>>,
    Extension(Base(base)): Extension<Base>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    server.sweep();
    let state = server.state();
    let batch = visible(&state, &id, Dialect::Anthropic).ok_or_else(|| no_batch(&id))?;
    if batch.appearance == Appearance::BareError {
        return Ok(Json(no_batch(&id).anthropic()));
    }
    Ok(Json(batch.message_batch(&base)))
}

pub(crate) async fn cancel(
    State(server): State<Arc<Inner>>,
    Extension(Base(base)): Extension<Base>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    creation::cancel(&server, &id, Dialect::Anthropic, |batch| {
        batch.message_batch(&base)
    })
    .map(Json)
}

pub(crate) async fn delete(
    State(server): State<Arc<Inner>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let mut state = server.state();
    let batch = visible(&state, &id, Dialect::Anthropic).ok_or_else(|| no_batch(&id))?;
    if !batch.status.is_final() {
        let message = "A message batch can be deleted once its processing has ended.";
        return Err(ApiError::invalid(message, None));
    }
    let results = batch.output_file_id.clone();
    state.batches.remove(&id);
    if let Some(results) = results {
        server.spool.remove(&results).map_err(spool_failed)?;
    }
    Ok(Json(json!({"id": id, "type": "message_batch_deleted"})))
}

pub(crate) async fn results(
    State(server): State<Arc<Inner>>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    server.sweep();
    let results = {
        let state = server.state();
        let batch = visible(&state, &id, Dialect::Anthropic).ok_or_else(|| no_batch(&id))?;
        batch.output_file_id.clone()
    };
    let none = || ApiError::not_found(&format!("Batch '{id}' has no results."));
    let path = server.spool.path(&results.ok_or_else(none)?);
    let file = tokio::fs::File::open(path).await.map_err(|_| none())?;
    let bytes = file.metadata().await.map_err(spool_failed)?.len();
    let headers = [
        (header::CONTENT_TYPE, "application/x-jsonl".to_owned()),
        (header::CONTENT_LENGTH, bytes.to_string()),
    ];
    let body = Body::from_stream(ReaderStream::with_capacity(file, PIECE_BYTES));
    Ok((headers, body).into_response())
}

pub(crate) async fn list(
    State(server): State<Arc<Inner>>,
    Extension(Base(base)): Extension<Base>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<Value>, ApiError> {
    server.sweep();
    let asked = Page::read(query)?;
    let state = server.state();
    // Newest first.
    let batches: Vec<&Batch> = state
        .batches
        .values()
        .rev()
        .filter(|batch| batch.form == Form::Messages && is_visible(batch))
        .filter(|batch| batch.appearance != Appearance::BareError)
        .collect();
    let (page, has_more) = asked.cut(&batches, |batch| &batch.id)?;
    let data: Vec<Value> = page
        .iter()
        .map(|batch| batch.message_batch(&base))
        .collect();
    Ok(Json(json!({
        "data": data,
        "has_more": has_more,
        "first_id": page.first().map(|batch| &batch.id),
        "last_id": page.last().map(|batch| &batch.id),
    })))
}

/// A page that is asked for: so many after an item, or so many before it.
#[derive(Debug, Default)]
pub(crate) struct Page {
    limit: Option<usize>,
    after: Option<String>,
    before: Option<String>,
}

impl Page {
    /// Reads `limit`, `after_id` and `before_id`.
    pub(crate) fn read(query: Vec<(String, String)>) -> Result<Self, ApiError> {
        let mut page = Self::default();
        for (key, value) in query {
            match key.as_str() {
                "after_id" => page.after = Some(value),
                "before_id" => page.before = Some(value),
                "limit" => {
                    let limit = value.parse().ok();
                    let limit = limit.filter(|limit| (1..=LARGEST_PAGE).contains(limit));
                    page.limit = Some(limit.ok_or_else(|| {
                        ApiError::invalid("limit: must be from 1 to 1000", Some("limit"))
                    })?);
                }
                _ => {
                    let message = format!("{key}: Extra inputs are not permitted");
                    return Err(ApiError::invalid(&message, Some(&key)));
                }
            }
        }
        if page.after.is_some() && page.before.is_some() {
            let message = "after_id: may not be combined with before_id";
            return Err(ApiError::invalid(message, Some("after_id")));
        }
        Ok(page)
    }

    /// Cuts the page out of a list; says whether more follow in its direction.
    pub(crate) fn cut<'a, T>(
        &self,
        items: &'a [T],
        id: impl Fn(&T) -> &str,
    ) -> Result<(&'a [T], bool), ApiError> {
        let limit = self.limit.unwrap_or(PAGE);
        let place = |wanted: &str| {
            let found = items.iter().position(|item| id(item) == wanted);
            found.ok_or_else(|| ApiError::not_found(&format!("No item found with id '{wanted}'.")))
        };
        let (from, to, more) = if let Some(before) = &self.before {
            let to = place(before)?;
            let from = to.saturating_sub(limit);
            (from, to, from > 0)
        } else {
            let from = match &self.after {
                Some(after) => place(after)? + 1,
                None => 0,
            };
            let to = (from + limit).min(items.len());
            (from, to, to < items.len())
        };
        Ok((items.get(from..to).unwrap_or_default(), more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        let items = ["e", "d", "c", "b", "a"];
        let cut = |query: &[(&str, &str)]| {
            let query = query
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let page = Page::read(query.collect()).map_err(|error| error.status)?;
            let (cut, more) = page
                .cut(&items, |item| item)
                .map_err(|error| error.status)?;
            Ok((cut.concat(), more))
        };
        for (query, expect) in [
            (vec![], Ok(("edcba", false))),
            (vec![("limit", "2")], Ok(("ed", true))),
            (vec![("limit", "2"), ("after_id", "d")], Ok(("cb", true))),
            (vec![("limit", "2"), ("after_id", "b")], Ok(("a", false))),
            (vec![("after_id", "a")], Ok(("", false))),
            (vec![("limit", "2"), ("before_id", "b")], Ok(("dc", true))),
            (vec![("limit", "2"), ("before_id", "d")], Ok(("e", false))),
            (vec![("before_id", "e")], Ok(("", false))),
            (vec![("after_id", "x")], Err(404)),
            (vec![("limit", "0")], Err(400)),
            (vec![("limit", "1001")], Err(400)),
            (vec![("cursor", "1")], Err(400)),
            (vec![("after_id", "a"), ("before_id", "a")], Err(400)),
        ] {
            let expect = expect.map(|(page, more): (&str, bool)| (page.to_owned(), more));
            assert_eq!(cut(&query), expect, "{query:?}");
        }
    }
}
