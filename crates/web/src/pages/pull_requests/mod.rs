//! Pull requests: each with what is known of it and why we say what we say.

mod correction;
mod decision;
mod filter;
mod list;
mod one;
mod text;
mod timeline;

use axum::Router;
use axum::routing::{get, post};

use crate::site::Site;

/// The routes about pull requests.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/pull-requests", get(list::page_of_list))
        .route(
            "/pull-requests/{owner}/{name}/{number}",
            get(one::page_of_one),
        )
        .route(
            "/pull-requests/{owner}/{name}/{number}/correct",
            post(decision::correct),
        )
        .route(
            "/pull-requests/{owner}/{name}/{number}/withdraw",
            post(decision::withdraw),
        )
}
