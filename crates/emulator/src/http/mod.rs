//! The HTTP surface.

mod batches;
mod body;
mod chat;
mod errors;
mod faults;
mod files;
mod listener;
mod models;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;

pub(crate) use errors::ApiError;
pub use faults::ConnectionDropped;

use crate::server::Inner;

/// Header of every response, with the emulator's version as its value.
pub const EMULATOR_HEADER: &str = "x-tandem-emulator";

/// Most bytes of a chat completion's body.
const CHAT_BYTES: usize = 32 * 1024 * 1024;

/// Builds the service.
pub(crate) fn router(server: Arc<Inner>) -> Router {
    let api = Router::new()
        .route(
            "/files",
            get(files::list)
                .post(files::upload)
                .layer(DefaultBodyLimit::disable()),
        )
        .route("/files/{id}", get(files::retrieve).delete(files::delete))
        .route("/files/{id}/content", get(files::content))
        .route("/batches", get(batches::list).post(batches::create))
        .route("/batches/{id}", get(batches::retrieve))
        .route("/batches/{id}/cancel", post(batches::cancel))
        .route("/models", get(models::list))
        // Ids of models have slashes.
        .route("/models/{*id}", get(models::retrieve))
        .route(
            "/chat/completions",
            post(chat::create).layer(DefaultBodyLimit::max(CHAT_BYTES)),
        )
        .method_not_allowed_fallback(unknown_url)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&server),
            authorize,
        ));
    Router::new()
        .nest("/openai/v1", api.clone())
        .nest("/v1", api)
        .route("/", get(front))
        .fallback(unknown_url)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&server),
            faults::inject,
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
        "Tandem's emulator {} of a Groq-shaped Batch API. No model runs here; answers are made up.\n\
         Base URLs: /openai/v1 and /v1. Models: GET /openai/v1/models ({} known).\n",
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

async fn authorize(State(server): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    let header = request.headers().get(header::AUTHORIZATION);
    let key = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::trim)
        .unwrap_or_default();
    let wanted = &server.scenario.server.api_key;
    if key.is_empty() || !(wanted.is_empty() || key == wanted) {
        body::drain(request).await;
        return ApiError::unauthorized().into_response();
    }
    next.run(request).await
}
