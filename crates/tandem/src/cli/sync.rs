//! `sync`: what is read from GitHub.

use clap::Args;

/// `sync`.
#[derive(Debug, Args)]
pub(crate) struct SyncArguments {
    /// All repositories of this organisation or user
    #[arg(long, value_name = "OWNER", conflicts_with_all = ["repos", "team", "status"])]
    pub(crate) org: Option<String>,
    /// These repositories, under a name they have or had
    #[arg(long = "repo", value_name = "OWNER/NAME", num_args = 1.., conflicts_with = "status")]
    pub(crate) repos: Vec<String>,
    /// The repositories that were synced before and belong to this team, or in which it has pull requests
    #[arg(long, value_name = "TEAM", conflicts_with = "repos")]
    pub(crate) team: Option<String>,
    /// The repositories in which tandem import discovered pull requests that nobody has read yet
    #[arg(long, conflicts_with_all = ["org", "repos", "team", "status"])]
    pub(crate) discovered: bool,
    /// Only pull requests that changed on or after this day
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) since: Option<jiff::civil::Date>,
    /// Leave archived repositories of an organisation out
    #[arg(long)]
    pub(crate) skip_archived: bool,
    /// Take forks of an organisation too
    #[arg(long)]
    pub(crate) forks: bool,
    /// Stop instead of waiting longer than this many minutes for a limit of GitHub
    #[arg(long, value_name = "MINUTES")]
    pub(crate) max_wait: Option<u64>,
    /// Ask nothing: show what is expected against what is stored, its age, and the gaps
    #[arg(long)]
    pub(crate) status: bool,
}
