#![doc = include_str!("../README.md")]

mod adoption;
mod analyses;
mod corrections;
mod coverage;
mod discovered;
mod document;
mod dossiers;
mod error;
mod facts;
mod locks;
mod merge;
mod observations;
mod open;
mod search;
mod selection;
mod sqlite;
mod statistics;
mod store;
mod sync;
mod team;
mod verdicts;

pub use adoption::{Adoption, AdoptionCell, Clock, ToolCell, ToolPlace};
pub use analyses::{
    AnalysisOrigin, AnalysisRecord, AnalysisWrites, Candidate, CandidateOrder, CandidateQuery,
    CandidateReason, Freshness, SatisfiedBy, Versions,
};
pub use corrections::{
    AuditEntry, AuditRecord, Corrected, CorrectedPullRequest, CorrectionRecord, Decision,
};
pub use coverage::{Coverage, CoverageCounts, CoverageRates, TeamCoverage, TierCoverage};
pub use discovered::{DiscoveredRepository, Sighting, SightingCounts};
pub use dossiers::{Dossier, DossierCursor, DossierFacts, DossierPage, DossierParts, DossierQuery};
pub use error::{Holder, StoreError};
pub use facts::{Fact, Outcome, StoredPullRequest, UpsertCounts, VerdictFact};
pub use locks::Lock;
pub use observations::ObservationCursor;
pub use open::{Access, OpenOptions, open};
pub use search::{
    Direction, NotACursor, PullRequestQuery, PullRequestRow, SearchCursor, SearchPage, Sort,
    SortBy, TimeSpan,
};
pub use selection::{Cursor, Selection};
pub use sqlite::SqliteStore;
pub use statistics::Statistics;
pub use store::Store;
pub use sync::{ExpectedAgainstStored, RepositorySync, SyncGap};
pub use team::{MappedPage, TeamSummary, TeamsInForce};
pub use verdicts::{EvidenceCount, VerdictRecord, VerdictWrite, VerdictWrites};
