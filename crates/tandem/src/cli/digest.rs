//! `digest`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use insights::digest::Week;

/// In which form a digest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DigestFormat {
    /// Plain text
    Text,
    /// A page as mail shows it
    Html,
}

/// `digest`.
#[derive(Debug, Args)]
pub(crate) struct DigestArguments {
    /// Only this team
    #[arg(long, value_name = "TEAM")]
    pub(crate) team: Option<String>,
    /// The week, in UTC; by default the last one that is over
    #[arg(long, value_name = "YYYY-Www", value_parser = parse_week)]
    pub(crate) week: Option<Week>,
    /// Write it into a file; - for stdout, which is the default
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
    /// In which form; by default what the file's name ends in says, .html for HTML, otherwise text
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) format: Option<DigestFormat>,
    /// Send it to where digest of the configuration says: by mail, to a webhook, or both
    #[arg(long)]
    pub(crate) send: bool,
    /// Show what --send would send and where, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

fn parse_week(text: &str) -> Result<Week, String> {
    text.parse()
        .map_err(|error: insights::digest::WeekError| error.to_string())
}
