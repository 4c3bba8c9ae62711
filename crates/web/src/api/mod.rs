//! The JSON API under `/api/v1`: the values of the pages and of the command line.
//!
//! One table ([`operations::OPERATIONS`]) makes both the routes and the OpenAPI document, so that they
//! cannot disagree. What a parameter may be is said once, too: [`parameters::Kind`] checks the text
//! of a request and writes the schema.

mod answer;
mod openapi;
mod operations;
mod parameters;
mod problem;
mod pull_requests;
mod reports;
mod runs;
mod search;

use axum::Router;
use axum::extract::{Query, RawPathParams, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::HeaderMap;
use http::header::ALLOW;

use crate::site::Site;
use operations::{OPERATIONS, Operation};
use parameters::Given;
pub(crate) use problem::Problem;

/// Where the API begins.
pub(crate) const PREFIX: &str = "/api/v1";

/// What an operation starts from.
pub(crate) struct Asked {
    site: Site,
    given: Given,
}

/// The routes of all operations.
pub(crate) fn routes() -> Router<Site> {
    let mut router = Router::new();
    for operation in OPERATIONS {
        let path = format!("{PREFIX}{}", operation.path);
        router = router.route(
            &path,
            get(move |site, path, query, headers| serve(operation, site, path, query, headers)),
        );
    }
    router
        .method_not_allowed_fallback(wrong_method)
        .route("/api/{*rest}", any(no_such_path))
}

/// Reads the parameters and answers.
async fn serve(
    operation: &'static Operation,
    State(site): State<Site>,
    path: RawPathParams,
    query: Result<Query<Vec<(String, String)>>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(Query(query)) = query else {
        return Problem::wrong("the query of the address cannot be read").into_response();
    };
    let path = path
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let given = match Given::read(operation.parameters, path, query) {
        Ok(given) => given,
        Err(problem) => return problem.into_response(),
    };
    match (operation.answer)(Asked { site, given }).await {
        Ok(answer) => answer.respond(&headers),
        Err(problem) => problem.into_response(),
    }
}

async fn wrong_method() -> Response {
    let mut response = Problem::new(
        http::StatusCode::METHOD_NOT_ALLOWED,
        "the API is read with GET",
    )
    .into_response();
    response
        .headers_mut()
        .insert(ALLOW, http::HeaderValue::from_static("GET, HEAD"));
    response
}

async fn no_such_path() -> Response {
    Problem::missing("there is no such path")
        .hint(format!("{PREFIX}/openapi.json lists them"))
        .into_response()
}
