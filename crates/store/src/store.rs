//! The one narrow trait between Tandem and a database.

use std::collections::HashMap;
use std::sync::Arc;

use measures::Observations;
use model::{PrKey, PullRequest};
use teams::TeamMapping;

use crate::{
    Adoption, AnalysisRecord, AnalysisWrites, AuditEntry, AuditRecord, Candidate, CandidateQuery,
    Clock, CorrectedPullRequest, CorrectionRecord, Coverage, Cursor, Decision,
    DiscoveredRepository, DossierCursor, DossierPage, DossierQuery, EvidenceCount, Fact, Lock,
    MappedPage, ObservationCursor, PullRequestQuery, RepositorySync, SearchCursor, SearchPage,
    Selection, Sighting, SightingCounts, Statistics, StoreError, StoredPullRequest, SyncGap,
    TeamSummary, TeamsInForce, UpsertCounts, VerdictRecord, VerdictWrite, VerdictWrites, Versions,
};

/// Where pull requests, verdicts and analyses live.
///
/// Methods block; call them from a thread that may. Pages are ordered by repository name, then
/// number, unless said otherwise, and hold at most `limit` items; give the last key of a page to get
/// the page after it. An empty page is the end. Writes are idempotent and all-or-nothing for each
/// 20,000 records.
pub trait Store: Send + Sync {
    /// Inserts pull requests, or merges them into the known ones.
    ///
    /// The key is (repository, number). *Absent is not empty*: a field that is not known in the
    /// record never erases a known one. Of two records with different `updated_at` the later one
    /// wins field by field, in whatever order they come; otherwise the one given last wins.
    fn upsert_pull_requests(
        &self,
        pull_requests: &[PullRequest],
    ) -> Result<UpsertCounts, StoreError>;

    /// The pull request of this key.
    fn pull_request(&self, key: &PrKey) -> Result<Option<StoredPullRequest>, StoreError>;

    /// A page of pull requests with their documents.
    fn pull_requests(
        &self,
        selection: &Selection,
        after: Option<&PrKey>,
        limit: usize,
    ) -> Result<Vec<StoredPullRequest>, StoreError>;

    /// A page of all that is known of pull requests, in the order of opening, those of which that is not
    /// known first. It may hold fewer than `limit`, also none, where `next` says that there are more.
    fn dossiers(
        &self,
        query: &DossierQuery,
        after: Option<&DossierCursor>,
        limit: usize,
    ) -> Result<DossierPage, StoreError>;

    /// A page of facts, without touching any document.
    fn facts(
        &self,
        selection: &Selection,
        after: Option<&PrKey>,
        limit: usize,
    ) -> Result<Vec<Fact>, StoreError>;

    /// Adds a page of observations to those given, and says where to go on; `None` at the end.
    ///
    /// Pages follow the store's own order, look at `limit` pull requests at most, and may add fewer,
    /// even none, where others than those of the selection lie between.
    fn observations(
        &self,
        selection: &Selection,
        after: Option<ObservationCursor>,
        limit: usize,
        into: &mut Observations,
    ) -> Result<Option<ObservationCursor>, StoreError>;

    /// All observations of a selection, in the store's own order.
    fn all_observations(&self, selection: &Selection) -> Result<Observations, StoreError>;

    /// A page of the pull requests that a query finds, in its order. Always of the present state; see
    /// [`Store::refresh_search`] for what makes it fast.
    fn search(
        &self,
        query: &PullRequestQuery,
        after: Option<&SearchCursor>,
        limit: usize,
    ) -> Result<SearchPage, StoreError>;

    /// The same with how many pull requests the query finds: what both need is looked up once.
    fn search_counted(
        &self,
        query: &PullRequestQuery,
        after: Option<&SearchCursor>,
        limit: usize,
    ) -> Result<(SearchPage, u64), StoreError>;

    /// How many pull requests a query finds, exactly.
    fn count_found(&self, query: &PullRequestQuery) -> Result<u64, StoreError>;

    /// Brings what searches read up to date, and says how many pull requests had changed. To be called
    /// after many were written: each that changed since costs every search some microseconds.
    fn refresh_search(&self) -> Result<u64, StoreError>;

    /// A number that grows with every write of pull requests, teams, verdicts, corrections, analyses
    /// and quarantines: what was made of them is out of date when it is another one.
    fn changes(&self) -> Result<u64, StoreError>;

    /// The mapping by which pull requests have their teams.
    fn teams_in_force(&self) -> Result<TeamsInForce, StoreError>;

    /// Puts a team mapping in force; false when it was already. Pull requests that come from now on
    /// have their team by it, those stored when [`Self::map_teams`] came to them.
    fn set_team_mapping(&self, mapping: &TeamMapping) -> Result<bool, StoreError>;

    /// Gives the next stored pull requests, at most `limit`, their team by the mapping in force.
    /// Call it until it says that it is done; after a crash it goes on where it was.
    fn map_teams(&self, limit: usize) -> Result<MappedPage, StoreError>;

    /// All teams with what they have, in order of name. Reads the narrow rows of everything.
    fn teams(&self) -> Result<Vec<TeamSummary>, StoreError>;

    /// The names of all teams, in order.
    fn team_names(&self) -> Result<Vec<String>, StoreError>;

    /// The names of repositories that belong to a team or in which it has, or had, pull requests.
    fn team_repositories(&self, team: &str) -> Result<Vec<String>, StoreError>;

    /// A page of the names of all repositories, in order.
    fn repository_names(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError>;

    /// A page of the logins to which pull requests belong or that opened them, in order. Reads the
    /// narrow rows of everything for each page: ask for large ones.
    fn logins(&self, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError>;

    /// How many pull requests each rule of the mapping in force decides, by its place in the mapping;
    /// rules that decide none are left out.
    fn pull_requests_by_team_rule(&self) -> Result<HashMap<usize, u64>, StoreError>;

    /// Stores that pull requests exist. Those that are stored with their content are passed over.
    fn put_sightings(&self, sightings: &[Sighting]) -> Result<SightingCounts, StoreError>;

    /// A page of repositories with discovered pull requests that nobody has read, in order of name.
    fn discovered(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DiscoveredRepository>, StoreError>;

    /// A page of pull requests that have no verdict by this catalogue on their present content,
    /// or no measures by the present definitions.
    fn undetected(
        &self,
        catalogue_version: &str,
        selection: &Selection,
        after: Option<&PrKey>,
        limit: usize,
    ) -> Result<Vec<StoredPullRequest>, StoreError>;

    /// Stores verdicts with their evidence, in place of earlier ones.
    fn put_verdicts(
        &self,
        catalogue_version: &str,
        verdicts: &[VerdictWrite],
    ) -> Result<VerdictWrites, StoreError>;

    /// A page of verdicts with their evidence; pull requests without a verdict are left out.
    fn verdicts(
        &self,
        selection: &Selection,
        after: Option<&PrKey>,
        limit: usize,
    ) -> Result<Vec<VerdictRecord>, StoreError>;

    /// The verdict on one pull request.
    fn verdict(&self, key: &PrKey) -> Result<Option<VerdictRecord>, StoreError>;

    /// Keeps a user's decision about a verdict, which outranks signatures and models while it stands,
    /// and writes it into the log of changes. False when it withdraws and nothing stands.
    fn decide(&self, decision: &Decision) -> Result<bool, StoreError>;

    /// The decisions about the verdict on one pull request, the latest first, at most 1,000.
    fn decisions(&self, key: &PrKey) -> Result<Vec<CorrectionRecord>, StoreError>;

    /// A page of pull requests with a correction that stands.
    fn corrected(
        &self,
        selection: &Selection,
        after: Option<&PrKey>,
        limit: usize,
    ) -> Result<Vec<CorrectedPullRequest>, StoreError>;

    /// Adds to the log of who changed what.
    fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;

    /// A page of the log, the latest first: those before this place.
    fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<AuditRecord>, StoreError>;

    /// A page of pull requests that want an analysis, in the order of the query. Those that an open
    /// request of the ledger has claimed are left out, and so are those quarantined with their
    /// present content, prompt and schema.
    fn candidates(
        &self,
        query: &CandidateQuery,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Candidate>, StoreError>;

    /// Stores analyses. Of two for one pull request the one answered later stays, in whatever order
    /// they come; storing the same one twice changes nothing.
    fn put_analyses(&self, analyses: &[AnalysisRecord]) -> Result<AnalysisWrites, StoreError>;

    /// A page of analyses, current or not.
    fn analyses(
        &self,
        selection: &Selection,
        after: Option<&PrKey>,
        limit: usize,
    ) -> Result<Vec<AnalysisRecord>, StoreError>;

    /// The analysis of one pull request, current or not.
    fn analysis(&self, key: &PrKey) -> Result<Option<AnalysisRecord>, StoreError>;

    /// How many pull requests have a current analysis, and why the others have none.
    fn coverage(&self, versions: &Versions, selection: &Selection) -> Result<Coverage, StoreError>;

    /// Counts of verdicts by team, month and tool.
    fn adoption(&self, clock: Clock, selection: &Selection) -> Result<Adoption, StoreError>;

    /// How often each kind of evidence was found, in order of kind, role and confidence.
    fn evidence_counts(&self, selection: &Selection) -> Result<Vec<EvidenceCount>, StoreError>;

    /// Counts for a look at the whole.
    fn statistics(&self) -> Result<Statistics, StoreError>;

    /// A small value kept under a name.
    fn meta(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Keeps a small value under a name.
    fn set_meta(&self, name: &str, value: &str) -> Result<(), StoreError>;

    /// Takes the lock of this name (lower-case letters, digits, `-`, `_`) at once or says who has
    /// it. It is released when the value is dropped, or by the kernel when the process ends.
    fn lock(&self, name: &str) -> Result<Lock, StoreError>;

    /// The cascade's ledger in the same database.
    fn ledger(self: Arc<Self>) -> Arc<dyn batch::Ledger>;

    /// Where a sync with a GitHub keeps what it reads.
    fn shelf(self: Arc<Self>) -> Arc<dyn github::Shelf>;

    /// Where webhook deliveries are kept.
    fn inbox(self: Arc<Self>) -> Arc<dyn github::webhook::Inbox>;

    /// What is expected against what is stored of every synced repository, in order of name.
    fn sync_status(&self) -> Result<Vec<RepositorySync>, StoreError>;

    /// Some pull requests of a repository whose record lacks something, with the reason.
    fn sync_gaps(&self, repo: &str) -> Result<Vec<SyncGap>, StoreError>;

    /// Looks for damage. Takes a while on a large database.
    fn check_integrity(&self) -> Result<(), StoreError>;
}
