//! `/files`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Poll;

use axum::Json;
use axum::body::{Body, BodyDataStream};
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{Extension, FromRequest, Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio_util::io::ReaderStream;

use super::errors::ApiError;
use crate::batches::{Form, ModelLoad, Scan};
use crate::dialect::Dialect;
use crate::server::{Inner, StoredFile};

/// Bytes moved at once between socket and disk.
pub(crate) const PIECE_BYTES: usize = 256 * 1024;

pub(crate) async fn upload(
    State(server): State<Arc<Inner>>,
    Extension(dialect): Extension<Dialect>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    server.sweep();
    let request = request.map(|body| Body::from_stream(one_at_a_time(body.into_data_stream())));
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| ApiError::invalid(&rejection.body_text(), None))?;
    let mut purpose = None;
    let mut received: Option<Received> = None;
    while let Some(field) = form.next_field().await.map_err(bad_form)? {
        match field.name() {
            Some("purpose") => purpose = Some(field.text().await.map_err(bad_form)?),
            Some("file") => received = Some(receive(&server, field, dialect).await?),
            // Where no other people share the files, who may see them and for how long is moot.
            Some("visibility" | "expiry") if dialect == Dialect::Mistral => {
                field.text().await.map_err(bad_form)?;
            }
            name => {
                let message = format!("property '{}' is unsupported", name.unwrap_or_default());
                return Err(ApiError::invalid(&message, None));
            }
        }
    }
    match purpose.as_deref() {
        Some("batch") => {}
        Some(_) => {
            return Err(ApiError::invalid(
                "'purpose' : value must be one of batch",
                Some("purpose"),
            ));
        }
        None => {
            return Err(ApiError::invalid(
                "'purpose' : property 'purpose' is missing",
                Some("purpose"),
            ));
        }
    }
    let received = received
        .ok_or_else(|| ApiError::invalid("'file' : property 'file' is missing", Some("file")))?;
    let file = received.keep(&server);
    let document = file.document(dialect);
    server.state().files.insert(file.id.clone(), file);
    Ok(Json(document))
}

/// Pauses between the pieces of a body. The form's reader takes all that is ready at once, which for
/// a body that never has to wait is the whole of it.
fn one_at_a_time(
    mut pieces: BodyDataStream,
) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send + 'static {
    let mut pause = false;
    stream::poll_fn(move |context| {
        if std::mem::replace(&mut pause, false) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        pause = true;
        pieces.poll_next_unpin(context)
    })
}

/// A file on its way in. Its bytes are removed unless it is kept.
struct Received {
    server: Arc<Inner>,
    id: String,
    filename: String,
    bytes: u64,
    lines: u64,
    load: BTreeMap<String, ModelLoad>,
    kept: bool,
}

impl Received {
    fn keep(mut self, server: &Inner) -> StoredFile {
        self.kept = true;
        StoredFile {
            id: self.id.clone(),
            bytes: self.bytes,
            created_at: server.clock.unix_seconds(),
            filename: self.filename.clone(),
            purpose: "batch",
            expires_at: None,
            lines: Some(self.lines),
            load: std::mem::take(&mut self.load),
        }
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if !self.kept {
            // A spool file that cannot be removed only costs room.
            let _ = self.server.spool.remove(&self.id);
        }
    }
}

/// Streams a file to the spool and counts what it asks of each model.
async fn receive(
    server: &Arc<Inner>,
    mut field: Field<'_>,
    dialect: Dialect,
) -> Result<Received, ApiError> {
    let filename = field.file_name().unwrap_or_default().to_owned();
    let named_well = std::path::Path::new(&filename)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("jsonl"));
    if !named_well {
        return Err(ApiError::invalid(
            "'file' : the name must end in .jsonl",
            Some("file"),
        ));
    }
    let mut received = Received {
        server: Arc::clone(server),
        id: server.ids.next("file_"),
        filename,
        bytes: 0,
        lines: 0,
        load: BTreeMap::new(),
        kept: false,
    };
    let path = server.spool.path(&received.id);
    let file = tokio::fs::File::create(&path).await.map_err(spool_failed)?;
    let mut writer = BufWriter::with_capacity(PIECE_BYTES, file);
    // What a file asks of a model is known only to an API whose lines name it.
    let mut scan = Scan::counting(Arc::clone(&server.scenario), Form::Batch);
    let most = match dialect {
        Dialect::Mistral => server.scenario.mistral.file_bytes,
        _ => server.scenario.limits.file_bytes,
    };
    while let Some(piece) = field.chunk().await.map_err(bad_form)? {
        received.bytes += piece.len() as u64;
        // The rest of a file that is too large is read and forgotten, so that the client gets to
        // hear the answer.
        if received.bytes <= most {
            writer.write_all(&piece).await.map_err(spool_failed)?;
            scan.feed(&piece);
        }
    }
    if received.bytes > most {
        let message = format!(
            "'file' : {} bytes are more than the {most} that a batch file may have",
            received.bytes
        );
        return Err(ApiError {
            status: 413,
            ..ApiError::invalid(&message, Some("file"))
        });
    }
    scan.finish();
    received.lines = scan.lines;
    received.load = scan.load;
    writer.flush().await.map_err(spool_failed)?;
    Ok(received)
}

pub(crate) async fn list(
    State(server): State<Arc<Inner>>,
    Extension(dialect): Extension<Dialect>,
) -> Json<Value> {
    server.sweep();
    let state = server.state();
    let data: Vec<Value> = state
        .files
        .values()
        .rev()
        .map(|file| file.document(dialect))
        .collect();
    Json(json!({"object": "list", "data": data}))
}

pub(crate) async fn retrieve(
    State(server): State<Arc<Inner>>,
    Extension(dialect): Extension<Dialect>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    server.sweep();
    let state = server.state();
    let file = state.files.get(&id).ok_or_else(|| no_file(&id))?;
    let mut document = file.document(dialect);
    if dialect == Dialect::Mistral {
        document["deleted"] = json!(false);
    }
    Ok(Json(document))
}

pub(crate) async fn content(
    State(server): State<Arc<Inner>>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    server.sweep();
    let bytes = server
        .state()
        .files
        .get(&id)
        .map(|file| file.bytes)
        .ok_or_else(|| no_file(&id))?;
    let file = tokio::fs::File::open(server.spool.path(&id))
        .await
        .map_err(|_| no_file(&id))?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, bytes.to_string()),
    ];
    let body = Body::from_stream(ReaderStream::with_capacity(file, PIECE_BYTES));
    Ok((headers, body).into_response())
}

pub(crate) async fn delete(
    State(server): State<Arc<Inner>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    server
        .state()
        .files
        .remove(&id)
        .ok_or_else(|| no_file(&id))?;
    server.spool.remove(&id).map_err(spool_failed)?;
    Ok(Json(json!({"id": id, "object": "file", "deleted": true})))
}

fn no_file(id: &str) -> ApiError {
    ApiError::not_found(&format!("No such File object: {id}"))
}

fn bad_form(error: MultipartError) -> ApiError {
    ApiError::invalid(
        &format!(
            "request body is not valid multipart form data: {}",
            error.body_text()
        ),
        None,
    )
}

/// 500: the disk does not do its part.
pub(crate) fn spool_failed(error: std::io::Error) -> ApiError {
    ApiError {
        message: format!("the emulator could not use its spool: {error}"),
        ..ApiError::server(500)
    }
}
