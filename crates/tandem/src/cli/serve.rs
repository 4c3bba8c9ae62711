//! `serve`.

use std::net::SocketAddr;

use clap::Args;

/// `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Where to listen; any address but this machine's own asks for a log-in (see docs/dashboard.md)
    #[arg(long, default_value = "127.0.0.1:8787", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
}
