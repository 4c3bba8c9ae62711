//! The HTTP surface.

mod batches;
mod body;
mod chat;
mod creation;
mod dialect;
mod errors;
mod faults;
mod files;
mod jobs;
mod listener;
mod message_batches;
mod models;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;

pub(crate) use errors::ApiError;
pub use faults::ConnectionDropped;

use crate::dialect::Dialect;
use crate::server::Inner;

/// Header of every response, with the emulator's version as its value.
pub const EMULATOR_HEADER: &str = "x-tandem-emulator";

/// Most bytes of a chat completion's body.
const CHAT_BYTES: usize = 32 * 1024 * 1024;

/// Builds the service. Each API has an address of its own; `/v1` alone has what their paths tell
/// apart.
pub(crate) fn router(server: Arc<Inner>) -> Router {
    let files = Router::new()
        .route(
            "/files",
            get(files::list)
                .post(files::upload)
                .layer(DefaultBodyLimit::disable()),
        )
        .route("/files/{id}", get(files::retrieve).delete(files::delete))
        .route("/files/{id}/content", get(files::content));
    let batches = Router::new()
        .route("/batches", get(batches::list).post(batches::create))
        .route("/batches/{id}", get(batches::retrieve))
        .route("/batches/{id}/cancel", post(batches::cancel));
    let jobs = Router::new()
        .route("/batch/jobs", get(jobs::list).post(jobs::create))
        .route("/batch/jobs/{id}", get(jobs::retrieve))
        .route("/batch/jobs/{id}/cancel", post(jobs::cancel));
    let messages = Router::new()
        .route(
            "/messages",
            post(chat::create).layer(DefaultBodyLimit::max(CHAT_BYTES)),
        )
        .route(
            "/messages/batches",
            get(message_batches::list)
                .post(message_batches::create)
                .layer(DefaultBodyLimit::disable()),
        )
        .route(
            "/messages/batches/{id}",
            get(message_batches::retrieve).delete(message_batches::delete),
        )
        .route(
            "/messages/batches/{id}/cancel",
            post(message_batches::cancel),
        )
        .route(
            "/messages/batches/{id}/results",
            get(message_batches::results),
        );
    let models = Router::new()
        .route("/models", get(models::list))
        // Ids of models have slashes.
        .route("/models/{*id}", get(models::retrieve));
    let chat = Router::new().route(
        "/chat/completions",
        post(chat::create).layer(DefaultBodyLimit::max(CHAT_BYTES)),
    );
    let groq = files.clone().merge(batches).merge(chat.clone());
    let mistral = files.merge(chat).merge(jobs.clone());
    let everything = groq.clone().merge(jobs).merge(messages.clone());
    let guarded = |api: Router<Arc<Inner>>| {
        api.merge(models.clone())
            .method_not_allowed_fallback(unknown_url)
            .layer(middleware::from_fn_with_state(
                Arc::clone(&server),
                authorize,
            ))
    };
    Router::new()
        .nest("/openai/v1", guarded(groq))
        .nest("/anthropic/v1", guarded(messages))
        .nest("/mistral/v1", guarded(mistral))
        .nest("/v1", guarded(everything))
        .route("/", get(front))
        .fallback(unknown_url)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&server),
            faults::inject,
        ))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&server),
            dialect::speak,
        ))
        .layer(middleware::from_fn(mark))
        .with_state(server)
}

/// Serves connections until `shutdown` is ready.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = listener::SwitchableListener::new(listener);
    let service = router.into_make_service_with_connect_info::<listener::Switch>();
    axum::serve(listener, service)
        .with_graceful_shutdown(shutdown)
        .await
}

async fn front(State(server): State<Arc<Inner>>) -> String {
    format!(
        "Tandem's emulator {} of the Batch APIs of Groq, Anthropic and Mistral. No model runs here; \
         answers are made up.\n\
         Base URLs: /openai/v1, /anthropic, /mistral/v1, and /v1 for all. Models: GET \
         /openai/v1/models ({} known).\n",
        env!("CARGO_PKG_VERSION"),
        server.scenario.models.len(),
    )
}

async fn unknown_url(method: Method, uri: Uri) -> ApiError {
    let message = format!(
        "Unknown request URL: {method} {}. Please check the URL for typos (this is an emulator).",
        uri.path()
    );
    ApiError::not_found(&message)
}

/// Says in every response that it comes from an emulator, and closes connections that a fault
/// drops.
async fn mark(request: Request, next: Next) -> Response {
    let switch = listener::switch_of(&request);
    let mut response = next.run(request).await;
    let name = HeaderName::from_static(EMULATOR_HEADER);
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
    if response.extensions().get::<ConnectionDropped>().is_some()
        && let Some(switch) = switch
    {
        switch.close();
    }
    response
}

/// Refuses calls without the key, and at Anthropic those without a version.
async fn authorize(
    State(server): State<Arc<Inner>>,
    Extension(dialect): Extension<Dialect>,
    request: Request,
    next: Next,
) -> Response {
    if let Err(error) = check_headers(request.headers(), dialect, &server.scenario.server.api_key) {
        body::drain(request).await;
        return error.into_response();
    }
    next.run(request).await
}

fn check_headers(headers: &HeaderMap, dialect: Dialect, wanted: &str) -> Result<(), ApiError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer =
        header(header::AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    let key = match dialect {
        // The documentation names the header, the provider's present SDK sends the other.
        Dialect::Anthropic => header("x-api-key").or(bearer),
        Dialect::Groq | Dialect::Mistral => bearer,
    };
    let key = key.map(str::trim).unwrap_or_default();
    if key.is_empty() || !(wanted.is_empty() || key == wanted) {
        return Err(ApiError::unauthorized());
    }
    if dialect != Dialect::Anthropic {
        return Ok(());
    }
    let message = match header(dialect::ANTHROPIC_VERSION) {
        Some(version) if is_date(version) => return Ok(()),
        Some(version) => format!("anthropic-version: \"{version}\" is not a valid version"),
        None => "anthropic-version: header is required".to_owned(),
    };
    Err(ApiError::invalid(&message, None))
}

/// Says whether a version has the shape of a day; which days are versions is not known here.
fn is_date(version: &str) -> bool {
    let parts: Vec<&str> = version.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    lengths == [4, 2, 2] && parts.iter().all(digits)
}
