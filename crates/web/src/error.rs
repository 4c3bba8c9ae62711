//! What can go wrong while serving.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::layout;
use crate::source::SourceError;

/// The server stopped with an error.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Connections could not be accepted.
    #[error("cannot serve")]
    Serve(#[source] std::io::Error),
}

/// A page that could not be made.
#[derive(Debug)]
pub(crate) enum PageError {
    /// There is no such thing; the words say what was looked for.
    NotFound(String),
    /// The request does not make sense; the words say why.
    BadRequest(String),
    /// The visitor may not; the words say why.
    Forbidden(String),
    /// Somebody else writes at the moment; the words say who.
    Busy(String),
    /// The source failed.
    Source(SourceError),
}

impl From<SourceError> for PageError {
    fn from(error: SourceError) -> Self {
        PageError::Source(error)
    }
}

impl From<store::StoreError> for PageError {
    fn from(error: store::StoreError) -> Self {
        PageError::Source(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, title, words) = match self {
            PageError::NotFound(words) => (StatusCode::NOT_FOUND, "Not found", words),
            PageError::BadRequest(words) => (StatusCode::BAD_REQUEST, "Not understood", words),
            PageError::Forbidden(words) => (StatusCode::FORBIDDEN, "Refused", words),
            PageError::Busy(words) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The database is busy",
                words,
            ),
            PageError::Source(error) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "The data could not be read",
                error.to_string(),
            ),
        };
        (status, layout::plain(title, &words)).into_response()
    }
}
