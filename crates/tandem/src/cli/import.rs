//! `import`: pull requests from files.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use intake::Format;

/// `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Files, plain, .gz or .zst; - reads stdin. What they hold is found by looking
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What the files hold, where looking does not tell
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<FormatChoice>,
    /// What the columns of a CSV file mean: a TOML file, see docs/import.md
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// Only of this owner or repository; may be repeated
    #[arg(long, value_name = "OWNER[/NAME]")]
    pub(crate) only: Vec<String>,
    /// Stop at the first bad line instead of counting it and going on
    #[arg(long)]
    pub(crate) strict: bool,
}

/// What files can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatChoice {
    /// Records in Tandem's own shape
    Tandem,
    /// Objects of GitHub's REST API, timelines, and backups that keep them
    Github,
    /// Hourly files of GH Archive: which pull requests there are, for tandem sync --discovered
    Gharchive,
    /// A table with a header; takes --mapping
    Csv,
}

impl FormatChoice {
    pub(crate) fn to_format(self) -> Format {
        match self {
            FormatChoice::Tandem => Format::Tandem,
            FormatChoice::Github => Format::Github,
            FormatChoice::Gharchive => Format::Gharchive,
            FormatChoice::Csv => Format::Csv,
        }
    }
}
