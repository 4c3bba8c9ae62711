//! `report`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::PeriodOptions;

/// In which form a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// One file with charts, tables and data, for a browser or a printer
    Html,
    /// A short page for a wiki or a pull request
    Markdown,
}

/// `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Which pull requests
    #[command(flatten)]
    pub(crate) period: PeriodOptions,
    /// Where to write it; - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
    /// In which form; by default what the file's name ends in says, .md for Markdown, otherwise HTML
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) format: Option<ReportFormat>,
    /// Leave out the charts and the charting library (4.6 MB): tables only
    #[arg(long)]
    pub(crate) without_charts: bool,
}
