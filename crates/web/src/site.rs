//! Everything that is served.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::HeaderMap;
use tokio::net::TcpListener;

use crate::access::{self, Guard};
use crate::error::{PageError, ServeError};
use crate::live::Live;
use crate::rendered::Rendered;
use crate::searches::Searches;
use crate::settings::Settings;
use crate::snapshot::Keeper;
use crate::source::{Source, SourceError};
use crate::{api, assets, headers, pages};

/// The site: what it is made of, how it behaves, and what it keeps.
#[derive(Clone)]
pub struct Site {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) keeper: Keeper,
    pub(crate) guard: Arc<Guard>,
    pub(crate) rendered: Arc<Rendered>,
    pub(crate) live: Arc<Live>,
    pub(crate) searches: Arc<Searches>,
    /// What is served beside the pages and asks for no session.
    beside: Router,
}

impl Site {
    /// Starts to work out the report in the background; pages can be asked for at once.
    pub fn new(source: Arc<dyn Source>, settings: Settings) -> Self {
        assets::warm();
        Site {
            keeper: Keeper::start(Arc::clone(&source)),
            source,
            guard: Arc::new(Guard::new(settings.access.clone())),
            settings: Arc::new(settings),
            rendered: Arc::new(Rendered::default()),
            live: Arc::new(Live::new()),
            searches: Arc::new(Searches::new()),
            beside: Router::new(),
        }
    }

    /// Serves something beside the pages, for programs that are told apart by other means than a
    /// session: nothing that guards the pages guards it.
    #[must_use]
    pub fn beside(mut self, router: Router) -> Self {
        self.beside = self.beside.merge(router);
        self
    }

    /// Every page and file.
    pub fn router(&self) -> Router {
        Router::new()
            .merge(pages::routes())
            .merge(access::routes())
            .merge(api::routes())
            .route("/assets/{name}", get(asset))
            .route("/healthz", get(|| async { "ok" }))
            .fallback(not_found)
            .layer(middleware::from_fn_with_state(self.clone(), access::guard))
            .with_state(self.clone())
            .merge(self.beside.clone())
            .layer(middleware::from_fn(headers::secure))
    }

    /// Serves connections until `shutdown` is ready. Runs that were begun here are stopped then, and can
    /// be resumed.
    ///
    /// # Errors
    /// When connections can no longer be accepted.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let live = Arc::clone(&self.live);
        let shutdown = async move {
            shutdown.await;
            live.close();
        };
        let served = axum::serve(
            listener,
            self.router()
                .into_make_service_with_connect_info::<SocketAddr>(),
        )
        .with_graceful_shutdown(shutdown)
        .await
        .map_err(ServeError::Serve);
        if let Some(runs) = self.source.runs() {
            // Nothing is left to be done where this fails: the process ends, and runs end with it.
            let _ = tokio::task::spawn_blocking(move || runs.stop()).await;
        }
        served
    }

    /// Asks the source on a thread that may block.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Source) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, PageError> {
        let source = Arc::clone(&self.source);
        tokio::task::spawn_blocking(move || question(source.as_ref()))
            .await
            .map_err(|error| {
                PageError::Source(SourceError::Other(format!(
                    "the question was not answered: {error}"
                )))
            })?
            .map_err(PageError::Source)
    }
}

async fn asset(State(_): State<Site>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    assets::serve(&name, &headers)
}

async fn not_found() -> Response {
    PageError::NotFound("There is no such page.".to_owned()).into_response()
}
