//! The manifest: what an export holds. It is written last, so that where it is, everything is.

use std::path::Path;

use insights::months::{first_second_of, month_of_name};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::TimeSpan;

/// The name of the manifest in the folder of an export.
pub(crate) const FILE: &str = "manifest.json";

/// What tells a manifest of ours.
pub(crate) const KIND: &str = "tandem export";

/// The version of the manifest and of the columns.
const VERSION: u32 = 1;

/// What an export holds, and from what it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// `tandem export`.
    pub kind: String,
    /// The version of this shape and of the columns.
    pub version: u32,
    /// Which version of tandem wrote it.
    pub tandem_version: String,
    /// When it was written.
    pub made_at: Timestamp,
    /// `csv`, `jsonl` or `parquet`.
    pub format: String,
    /// Which pull requests.
    pub filter: Filter,
    /// Whether names of people are told.
    pub people: bool,
    /// Which moment puts a pull request into a month of `monthly_facts`: `created_at` or `merged_at`; null
    /// where that table is not there.
    pub monthly_facts_by: Option<String>,
    /// Whether something was written to the database meanwhile: then rows of one table may be newer than
    /// those of another.
    pub database_changed_meanwhile: bool,
    /// The tables, in the order of documents.
    pub tables: Vec<TableWritten>,
}

/// Which pull requests an export is about. What is not given does not narrow it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Only this team's.
    pub team: Option<String>,
    /// Only this repository's.
    pub repo: Option<String>,
    /// Only those opened in this month or later.
    pub from: Option<String>,
    /// Only those opened in this month or earlier.
    pub to: Option<String>,
}

impl Filter {
    /// The months, which were checked when they were given, as moments.
    pub fn span(&self) -> TimeSpan {
        let begin = |month: Option<u32>| {
            let second = first_second_of(month?)?;
            Timestamp::from_second(second).ok()
        };
        let from = self.from.as_deref().and_then(month_of_name);
        let to = self.to.as_deref().and_then(month_of_name);
        TimeSpan {
            from: begin(from),
            before: begin(to.map(|month| month + 1)),
        }
    }
}

/// A table that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableWritten {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub size_bytes: u64,
    /// Its files, month after month.
    pub files: Vec<WrittenFile>,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// Where it is, from the folder of the export; `-` for stdout.
    pub path: String,
    /// Of which month it is; null where that is not known, and where files are not apart by month.
    pub month: Option<String>,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub size_bytes: u64,
}

impl Manifest {
    /// The version that is written now.
    pub(crate) fn version() -> u32 {
        VERSION
    }

    /// Whether a folder is an export, of this version or another.
    pub(crate) fn is_in(folder: &Path) -> bool {
        let Ok(text) = std::fs::read_to_string(folder.join(FILE)) else {
            return false;
        };
        serde_json::from_str::<serde_json::Value>(&text)
            .is_ok_and(|manifest| manifest.get("kind").and_then(|kind| kind.as_str()) == Some(KIND))
    }

    /// All rows.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

impl TableWritten {
    pub(crate) fn new(name: &str, files: Vec<WrittenFile>) -> Self {
        TableWritten {
            name: name.to_owned(),
            rows: files.iter().map(|file| file.rows).sum(),
            size_bytes: files.iter().map(|file| file.size_bytes).sum(),
            files,
        }
    }
}
