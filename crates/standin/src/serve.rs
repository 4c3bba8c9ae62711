//! The stand-in on a socket of this machine, for tests of the binary.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use tokio::net::TcpListener;

use crate::service::{Reply, StandIn};

/// Longer requests are refused.
const REQUEST_BYTES_MAX: usize = 4 << 20;
/// How long a client waits in vain where the script says that it times out.
const LONG: std::time::Duration = std::time::Duration::from_mins(10);

/// Serves a stand-in on a free port until the runtime ends; the address.
///
/// # Errors
/// When no port can be had.
pub async fn serve(standin: Arc<StandIn>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let router = Router::new().fallback(answer).with_state(standin);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn answer(State(standin): State<Arc<StandIn>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, REQUEST_BYTES_MAX).await else {
        return status(413);
    };
    let reply = standin.answer(&parts.method, parts.uri.path(), &parts.headers, &body);
    match reply {
        Reply::Response {
            status,
            headers,
            body,
        } => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        Reply::Timeout => {
            tokio::time::sleep(LONG).await;
            status(504)
        }
        // A socket of axum cannot be closed from here; a status that GitHub's front gives comes near.
        Reply::Dropped => status(500),
    }
}

fn status(code: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() =
        http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response
}
