//! What the pages are made of.

use std::sync::Arc;

use detect::evaluation::Evaluation;
use insights::Report;
use measures::Account;
use store::{Coverage, EvidenceCount, Store, StoreError};

use crate::documents::CoverageDocument;
use crate::runs::Runs;

/// Which months a report is about; both ends included, `None` for no end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Period {
    /// The first month of opening, `2026-05`.
    pub from: Option<String>,
    /// The last month of opening.
    pub to: Option<String>,
}

/// Which reports of a period are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'t> {
    /// That of everything, then those of the teams with the most pull requests.
    Everything {
        /// How many teams at most.
        teams: usize,
    },
    /// That of one team.
    Team(&'t str),
}

/// A source could not answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger of runs could not be read.
    #[error(transparent)]
    Ledger(#[from] batch::LedgerError),
    /// Something else, in a sentence.
    #[error("{0}")]
    Other(String),
}

/// A tool, as catalogue and people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedTool {
    /// Its slug, as everywhere in data.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Whether it mainly reviews.
    pub is_reviewer: bool,
}

/// What everything rests on: worked out with the reports, not for each page.
#[derive(Debug, Clone)]
pub struct Basis {
    /// How many pull requests have a current analysis, and why the others have none.
    pub coverage: Coverage,
    /// How often each kind of evidence was found.
    pub evidence: Vec<EvidenceCount>,
    /// What signatures and models say, held against the corrections that stand.
    pub labels: Labels,
}

/// Verdicts held against corrections.
#[derive(Debug, Clone)]
pub struct Labels {
    /// Corrections that stand.
    pub corrections: u64,
    /// Precision and recall by them.
    pub evaluation: Evaluation,
}

/// What the pages are made of. Implemented by the binary with the functions its verbs use, so that
/// pages and verbs cannot disagree.
///
/// Methods block; they are called from threads that may.
pub trait Source: Send + Sync {
    /// The database.
    fn store(&self) -> Arc<dyn Store>;

    /// A number that is another one whenever the data may have changed.
    fn data_version(&self) -> Result<u64, SourceError>;

    /// Works out the reports that are wanted, and gives each away as soon as it is there; none for a team
    /// without pull requests in the period. Stops early when `give` returns false.
    fn reports(
        &self,
        period: &Period,
        wanted: Wanted<'_>,
        give: &mut dyn FnMut(Report) -> bool,
    ) -> Result<(), SourceError>;

    /// Coverage and evidence of the whole database.
    fn basis(&self) -> Result<Basis, SourceError>;

    /// Coverage and evidence of one team or of all, as the document of the verb.
    fn coverage_document(&self, team: Option<&str>) -> Result<CoverageDocument, SourceError>;

    /// Who begins, resumes and cancels runs; `None` where only the ledger is read.
    fn runs(&self) -> Option<Arc<dyn Runs>> {
        None
    }

    /// Opens the database to write something that a visitor decided; it is closed again afterwards.
    /// `None` where visitors change nothing.
    ///
    /// # Errors
    /// When it cannot be opened for writing.
    fn writer(&self) -> Result<Option<Arc<dyn Store>>, SourceError> {
        Ok(None)
    }

    /// Tools that a correction may name.
    fn tools(&self) -> &[NamedTool] {
        &[]
    }

    /// Called every few seconds while nothing else is worked out, with the version of the data: time to
    /// bring up to date what makes reading fast.
    fn keep_up(&self, _data_version: u64) {}

    /// Whether an account is known as automation or as a tool's, beyond what its host says.
    fn is_bot(&self, account: Account<'_>) -> bool {
        measures::is_marked_bot(account)
    }
}
