//! `teams`: who a pull request counts for.

use clap::Args;

/// `teams`.
#[derive(Debug, Args)]
pub(crate) struct TeamsArguments {
    /// Put exactly what the configuration says in force now, also that there are no teams
    #[arg(long)]
    pub(crate) apply: bool,
}
