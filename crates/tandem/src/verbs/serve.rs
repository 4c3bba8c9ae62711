//! `tandem serve`: the dashboard.

use std::sync::Arc;

use serde::Serialize;
use tokio::net::TcpListener;

use crate::app::App;
use crate::cli::ServeArguments;
use crate::error::{CliError, ErrorKind, Outcome};
use crate::wiring::interrupt::interrupted;
use crate::wiring::pages::Pages;

/// The line printed once the pages can be asked for.
#[derive(Serialize)]
struct Ready {
    serving: String,
    url: String,
}

/// Serves until interrupted.
pub(crate) fn run(app: &App, arguments: &ServeArguments) -> Result<Outcome, CliError> {
    let store = app.open_to_read("serve")?;
    let source = Arc::new(Pages::new(store));
    let settings = web::Settings {
        title: app.database_path()?.display().to_string(),
        ..web::Settings::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
            CliError::input(format!("cannot listen on {}: {error}", arguments.listen))
                .hint("choose another address with --listen, for instance 127.0.0.1:0")
        })?;
        let address = listener.local_addr()?;
        let url = format!("http://{address}/");
        if app.output.json {
            app.output.line(&serde_json::to_string(&Ready {
                serving: address.to_string(),
                url,
            })?)?;
        } else {
            app.output.line(&format!("Tandem's pages are at {url}"))?;
            app.output.hint("Ctrl-C ends it; what other verbs write meanwhile shows up by itself");
        }
        let site = web::Site::new(source, settings);
        site.serve(listener, interrupted())
            .await
            .map_err(|error| CliError::new(ErrorKind::Internal, error))?;
        Ok(Outcome::Done)
    })
}
