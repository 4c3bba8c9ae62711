//! The command line of `quarantine`.

use clap::{Args, Subcommand};

/// `quarantine`.
#[derive(Debug, Args)]
pub(crate) struct QuarantineArguments {
    /// What to do; without it, list what is quarantined
    #[command(subcommand)]
    pub(crate) command: Option<QuarantineCommand>,
}

/// `quarantine ...`.
#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List what is kept from being asked again, and why (the default)
    List {
        /// Which of them
        #[command(flatten)]
        chosen: QuarantineOptions,
        /// List the decisions that were taken instead, oldest first
        #[arg(long)]
        history: bool,
    },
    /// Lift the quarantine: the next analyze asks again
    Retry {
        /// Which of them
        #[command(flatten)]
        chosen: QuarantineOptions,
        /// All that is quarantined or dropped
        #[arg(long)]
        all: bool,
        /// Why, for the list of decisions
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Never ask this content again, whatever the version of the prompt
    Drop {
        /// Which of them
        #[command(flatten)]
        chosen: QuarantineOptions,
        /// All that is quarantined
        #[arg(long)]
        all: bool,
        /// Why, for the list of decisions
        #[arg(long, value_name = "TEXT", required = true)]
        note: Option<String>,
    },
}

/// Which quarantined requests; several options narrow the choice down.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct QuarantineOptions {
    /// These pull requests: OWNER/NAME#NUMBER
    #[arg(value_name = "PULL_REQUEST")]
    pub(crate) pull_requests: Vec<String>,
    /// Only those whose last failure was of this kind, for instance schema or refusal
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Only those of this run
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
    /// Only those of this team
    #[arg(long, value_name = "TEAM")]
    pub(crate) team: Option<String>,
}
