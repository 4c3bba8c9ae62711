//! The command line of `correct`.

use clap::{Args, ValueEnum};

/// `correct`.
#[derive(Debug, Args)]
pub(crate) struct CorrectArguments {
    /// The pull request: OWNER/NAME#NUMBER
    #[arg(value_name = "PULL_REQUEST")]
    pub(crate) pull_request: String,
    /// Where the change came from
    #[arg(long, value_enum, value_name = "ORIGIN", conflicts_with_all = ["withdraw", "history"])]
    pub(crate) origin: Option<OriginChoice>,
    /// The tools that wrote or helped, by their slugs; an empty text for none
    #[arg(long, value_name = "A,B", conflicts_with_all = ["withdraw", "history"])]
    pub(crate) tools: Option<String>,
    /// Whether an AI tool reviewed
    #[arg(long, value_name = "true|false", conflicts_with_all = ["withdraw", "history"])]
    pub(crate) ai_reviewed: Option<bool>,
    /// The tools that reviewed, by their slugs; an empty text for none
    #[arg(long, value_name = "A,B", conflicts_with_all = ["withdraw", "history"])]
    pub(crate) review_tools: Option<String>,
    /// Take the correction that stands back: what signatures and models say holds again
    #[arg(long, conflicts_with = "history")]
    pub(crate) withdraw: bool,
    /// Why, for the log of changes
    #[arg(long, value_name = "TEXT", required_unless_present = "history")]
    pub(crate) note: Option<String>,
    /// Who says so, for the log of changes. Default: the user of this machine
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Change nothing: list the decisions about this pull request, the latest first
    #[arg(long)]
    pub(crate) history: bool,
}

/// Where a change came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum OriginChoice {
    /// An agent made it
    Agent,
    /// A person made it with a tool's help
    Assisted,
    /// No AI took part that anybody knows of
    NoneDetected,
    /// Nobody can tell
    Unknown,
}
