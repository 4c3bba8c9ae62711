//! `serve`.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};

/// `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Where to listen; 127.0.0.1:8787 unless the configuration says otherwise. Any address but this
    /// machine's own needs tokens or a proxy that tells visitors apart (docs/dashboard.md)
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Print a new token that lets in as a viewer or an admin, with its hash for the configuration,
    /// and stop
    #[arg(long, value_enum, value_name = "ROLE")]
    pub(crate) make_token: Option<RoleChoice>,
}

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleChoice {
    /// To look
    Viewer,
    /// Also to start and end runs
    Admin,
}

impl RoleChoice {
    /// The role.
    pub(crate) fn role(self) -> web::Role {
        match self {
            RoleChoice::Viewer => web::Role::Viewer,
            RoleChoice::Admin => web::Role::Admin,
        }
    }
}
