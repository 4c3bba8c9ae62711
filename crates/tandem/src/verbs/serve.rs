//! `tandem serve`: the dashboard.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde::Serialize;
use tokio::net::TcpListener;

use crate::app::App;
use crate::cli::ServeArguments;
use crate::config::Config;
use crate::error::{CliError, ErrorKind, Outcome};
use crate::wiring::detection::detector;
use crate::wiring::interrupt::interrupted;
use crate::wiring::observations::configured_reading;
use crate::wiring::pages::Pages;
use crate::wiring::runs::ChildRuns;
use crate::wiring::webhooks;

/// Where the pages are when nobody says otherwise.
const DEFAULT_ADDRESS: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 8787);

/// The line printed once the pages can be asked for.
#[derive(Serialize)]
struct Ready {
    serving: String,
    url: String,
}

/// A new token, as `--json` prints it.
#[derive(Serialize)]
struct Made {
    role: web::Role,
    token: String,
    hash: String,
}

/// Serves until interrupted.
pub(crate) fn run(app: &App, arguments: &ServeArguments) -> Result<Outcome, CliError> {
    if let Some(choice) = arguments.make_token {
        return make_token(app, choice.role());
    }
    let config = app.config()?;
    let address = arguments
        .listen
        .or(config.serve.listen)
        .unwrap_or_else(|| SocketAddr::from(DEFAULT_ADDRESS));
    let settings = settings(app, &config, address)?;
    let secrets = webhooks::secrets(&config)?;
    let store = if secrets.is_empty() {
        app.open_to_read("serve")?
    } else {
        app.open_to_write("serve")?
    };
    let receiver = webhooks::receiver(secrets, Arc::clone(&store), app.output)?;
    let source = Arc::new(Pages::new(
        store,
        app.database_path()?,
        ChildRuns::new(app)?,
        detector(app, &[])?,
        configured_reading(app)?.calendar,
    )?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            CliError::input(format!("cannot listen on {address}: {error}"))
                .hint("choose another address with --listen, for instance 127.0.0.1:0")
        })?;
        let address = listener.local_addr()?;
        let url = format!("http://{address}/");
        if app.output.json {
            app.output.json_line(&Ready {
                serving: address.to_string(),
                url: url.clone(),
            })?;
        } else {
            app.output.line(&format!("Tandem's pages are at {url}"))?;
            app.output
                .hint("Ctrl-C ends it; what other verbs write meanwhile shows up by itself");
        }
        let mut site = web::Site::new(source, settings);
        if let Some(receiver) = receiver {
            site = site.beside(web::webhooks(receiver));
            app.output.note(&format!(
                "GitHub's webhooks are taken at {url}webhooks/github"
            ));
        }
        site.serve(listener, interrupted())
            .await
            .map_err(|error| CliError::new(ErrorKind::Internal, error))?;
        app.output.note("the pages are no longer served");
        Ok(Outcome::Done)
    })
}

fn settings(app: &App, config: &Config, address: SocketAddr) -> Result<web::Settings, CliError> {
    Ok(web::Settings {
        people: config.privacy.people,
        host: config
            .github
            .base_url
            .clone()
            .unwrap_or_else(|| "https://github.com".to_owned()),
        title: app.database_path()?.display().to_string(),
        access: config.serve.access(address)?,
    })
}

fn make_token(app: &App, role: web::Role) -> Result<Outcome, CliError> {
    let made = web::new_token().map_err(|error| CliError::new(ErrorKind::Internal, error))?;
    if app.output.json {
        app.output.document(&Made {
            role,
            token: made.token,
            hash: made.hash,
        })?;
        return Ok(Outcome::Done);
    }
    app.output.line(&format!(
        "The token, which is shown this once:\n\n    {}\n\nIts hash, for tandem.toml:\n\n    [[serve.tokens]]\n    name = \"whose it is\"\n    role = \"{}\"\n    hash = \"{}\"\n",
        made.token,
        role.as_str(),
        made.hash
    ))?;
    app.output
        .hint("visitors give it on the page /login, programs as Authorization: Bearer TOKEN");
    Ok(Outcome::Done)
}
