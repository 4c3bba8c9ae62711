//! `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{MonthChoice, PeriodOptions};

const AFTER_HELP: &str = "\
Examples:
  tandem export --format parquet -o tandem-data     every table, apart by month
  tandem export --format csv -o tandem-data --team payments --from 2026-01
  tandem export --table verdicts -o verdicts.csv    one table as one file
  tandem export --table pull_requests --format jsonl | jq .title

Columns, and what each format does with null and with formulas: docs/export.md";

/// `export`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ExportArguments {
    /// Which pull requests
    #[command(flatten)]
    pub(crate) period: PeriodOptions,
    /// Only this repository
    #[arg(long, value_name = "OWNER/NAME")]
    pub(crate) repo: Option<String>,
    /// In which format; by default what the name given with -o ends in says
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<ExportFormat>,
    /// Which table; may be repeated
    #[arg(long, value_enum, value_name = "TABLE", default_value = "all")]
    pub(crate) table: Vec<TableChoice>,
    /// Where to write: a folder, which gets every table and a manifest; for one table as CSV or JSON
    /// lines also a file (a name with an ending) or - for stdout
    #[arg(long, short, value_name = "FOLDER|FILE|-")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the export, or the file, that is there, when the new one is whole
    #[arg(long)]
    pub(crate) force: bool,
    /// Which moment puts a pull request into a month of monthly_facts
    #[arg(long, value_enum, default_value_t = MonthChoice::Created, value_name = "WHICH")]
    pub(crate) by: MonthChoice,
}

/// A format of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Comma-separated values, for spreadsheets; formulas are made harmless
    Csv,
    /// A JSON object a line
    Jsonl,
    /// Parquet, in a folder for each month
    Parquet,
}

/// A table, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum TableChoice {
    /// Every table
    All,
    /// A row for each pull request
    #[value(alias = "pull-requests")]
    PullRequests,
    /// A row for each verdict
    Verdicts,
    /// A row for each piece of evidence
    Evidence,
    /// A row for each analysis
    Analyses,
    /// A row for each team and month: adoption
    #[value(alias = "monthly-facts")]
    MonthlyFacts,
}
