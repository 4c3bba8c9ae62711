//! The trait, method by method.

use std::collections::HashMap;
use std::sync::Arc;

use measures::Observations;
use model::{PrKey, PullRequest};
use teams::TeamMapping;

use super::{
    SqliteStore, adoption, analyses, audit, candidates, corrections, coverage, discovered,
    dossiers, facts, meta, observations, pull_requests, search, sync, team_counts, team_mapping,
    verdicts,
};
use crate::{
    Adoption, AnalysisRecord, AnalysisWrites, AuditEntry, AuditRecord, Candidate, CandidateQuery,
    Clock, CorrectedPullRequest, CorrectionRecord, Coverage, Cursor, Decision,
    DiscoveredRepository, DossierCursor, DossierPage, DossierQuery, EvidenceCount, Fact, Lock,
    MappedPage, ObservationCursor, PullRequestQuery, RepositorySync, SearchCursor, SearchPage,
    Selection, Sighting, SightingCounts, Statistics, Store, StoreError, StoredPullRequest, SyncGap,
    TeamSummary, TeamsInForce, UpsertCounts, VerdictRecord, VerdictWrite, VerdictWrites, Versions,
};

/// How many records one transaction writes at most.
const TRANSACTION_ROWS: usize = 20_000;
/// How many chunks of the searched columns one transaction writes at most.
const TRANSACTION_CHUNKS: usize = 16;

impl Store for SqliteStore {
    fn upsert_pull_requests(
        &self,
        pull_requests: &[PullRequest],
    ) -> Result<UpsertCounts, StoreError> {
        let mut counts = UpsertCounts::default();
        for chunk in pull_requests.chunks(TRANSACTION_ROWS) {
            counts += self.write("store pull requests", |transaction| {
                pull_requests::upsert(transaction, chunk)
            })?;
        }
        Ok(counts)
    }

    fn pull_request(&self, key: &PrKey) -> Result<Option<StoredPullRequest>, StoreError> {
        self.read("read a pull request", |transaction| {
            pull_requests::get(transaction, key)
        })
    }

    fn pull_requests(
        &self,
        selection: &Selection,
        after: Option<&PrKey>,
        limit: usize,
    ) -> Result<Vec<StoredPullRequest>, StoreError> {
        self.read("read pull requests", |transaction| {
            pull_requests::list(transaction, selection, after, limit)
        })
    }

    fn dossiers(
        &self,
        query: &DossierQuery,
        after: Option<&DossierCursor>,
        limit: usize,
    ) -> Result<DossierPage, StoreError> {
        self.read("read pull requests", |transaction| {
            dossiers::page(transaction, query, after, limit)
        })
    }

    fn facts(
        &self,
        selection: &Selection,
        after: Option<&PrKey>,
        limit: usize,
    ) -> Result<Vec<Fact>, StoreError> {
        self.read("read facts", |transaction| {
            facts::list(transaction, selection, after, limit)
        })
    }

    fn observations(
        &self,
        selection: &Selection,
        after: Option<ObservationCursor>,
        limit: usize,
        into: &mut Observations,
    ) -> Result<Option<ObservationCursor>, StoreError> {
        self.read("read observations", |transaction| {
            observations::page(transaction, selection, after, limit, into)
        })
    }

    fn all_observations(&self, selection: &Selection) -> Result<Observations, StoreError> {
        observations::all(self, selection)
    }

    fn search(
        &self,
        query: &PullRequestQuery,
        after: Option<&SearchCursor>,
        limit: usize,
    ) -> Result<SearchPage, StoreError> {
        self.read("search pull requests", |transaction| {
            search::page(transaction, query, after, limit)
        })
    }

    fn search_counted(
        &self,
        query: &PullRequestQuery,
        after: Option<&SearchCursor>,
        limit: usize,
    ) -> Result<(SearchPage, u64), StoreError> {
        self.read("search pull requests", |transaction| {
            search::page_and_count(transaction, query, after, limit)
        })
    }

    fn count_found(&self, query: &PullRequestQuery) -> Result<u64, StoreError> {
        self.read("count pull requests", |transaction| {
            search::count(transaction, query)
        })
    }

    fn refresh_search(&self) -> Result<u64, StoreError> {
        let mut refreshed = 0;
        loop {
            let written = self.write("write the searched columns", |transaction| {
                search::refresh(transaction, TRANSACTION_CHUNKS)
            })?;
            refreshed += written.pull_requests;
            if written.chunks == 0 {
                return Ok(refreshed);
            }
        }
    }

    fn changes(&self) -> Result<u64, StoreError> {
        self.read("read how often something changed", meta::changes)
    }

    fn teams_in_force(&self) -> Result<TeamsInForce, StoreError> {
        self.read("read the team mapping", team_mapping::in_force)
    }

    fn set_team_mapping(&self, mapping: &TeamMapping) -> Result<bool, StoreError> {
        self.write("store the team mapping", |transaction| {
            team_mapping::set_mapping(transaction, mapping)
        })
    }

    fn map_teams(&self, limit: usize) -> Result<MappedPage, StoreError> {
        self.write("map pull requests to teams", |transaction| {
            team_mapping::map_page(transaction, limit)
        })
    }

    fn teams(&self) -> Result<Vec<TeamSummary>, StoreError> {
        self.read("read the teams", team_counts::teams)
    }

    fn team_names(&self) -> Result<Vec<String>, StoreError> {
        self.read("read the names of teams", team_counts::names)
    }

    fn team_repositories(&self, team: &str) -> Result<Vec<String>, StoreError> {
        self.read("read the repositories of a team", |transaction| {
            team_counts::repositories(transaction, team)
        })
    }

    fn repository_names(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        self.read("read the names of repositories", |transaction| {
            team_counts::repository_names(transaction, after, limit)
        })
    }

    fn logins(&self, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        self.read("read the logins", |transaction| {
            team_counts::logins(transaction, after, limit)
        })
    }

    fn pull_requests_by_team_rule(&self) -> Result<HashMap<usize, u64>, StoreError> {
        self.read("count what each team rule decides", team_counts::decided)
    }

    fn put_sightings(&self, sightings: &[Sighting]) -> Result<SightingCounts, StoreError> {
        let mut counts = SightingCounts::default();
        for chunk in sightings.chunks(TRANSACTION_ROWS) {
            counts += self.write("store what was discovered", |transaction| {
                discovered::put(transaction, chunk)
            })?;
        }
        Ok(counts)
    }

    fn discovered(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DiscoveredRepository>, StoreError> {
        self.read("read what was discovered", |transaction| {
            discovered::list(transaction, after, limit)
        })
    }

    fn undetected(
        &self,
        catalogue_version: &str,
        selection: &Selection,
        after: Option<&PrKey>,
        limit: usize,
    ) -> Result<Vec<StoredPullRequest>, StoreError> {
        self.read("read pull requests without a verdict", |transaction| {
            pull_requests::undetected(transaction, catalogue_version, selection, after, limit)
        })
    }

    fn put_verdicts(
        &self,
        catalogue_version: &str,
        verdicts: &[VerdictWrite],
    ) -> Result<VerdictWrites, StoreError> {
        let mut writes = VerdictWrites::default();
        for chunk in verdicts.chunks(TRANSACTION_ROWS) {
            writes += self.write("store verdicts", |transaction| {
                verdicts::put(transaction, catalogue_version, chunk)
            })?;
        }
        Ok(writes)
    }

    fn verdicts(
        &self,
        selection: &Selection,
        after: Option<&PrKey>,
        limit: usize,
    ) -> Result<Vec<VerdictRecord>, StoreError> {
        self.read("read verdicts", |transaction| {
            verdicts::list(transaction, selection, after, limit)
        })
    }

    fn verdict(&self, key: &PrKey) -> Result<Option<VerdictRecord>, StoreError> {
        self.read("read a verdict", |transaction| {
            verdicts::get(transaction, key)
        })
    }

    fn decide(&self, decision: &Decision) -> Result<bool, StoreError> {
        self.write("store a correction", |transaction| {
            corrections::decide(transaction, decision)
        })
    }

    fn decisions(&self, key: &PrKey) -> Result<Vec<CorrectionRecord>, StoreError> {
        self.read("read corrections", |transaction| {
            corrections::history(transaction, key)
        })
    }

    fn corrected(
        &self,
        selection: &Selection,
        after: Option<&PrKey>,
        limit: usize,
    ) -> Result<Vec<CorrectedPullRequest>, StoreError> {
        self.read("read corrections", |transaction| {
            corrections::list(transaction, selection, after, limit)
        })
    }

    fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.write("write the log of changes", |transaction| {
            audit::append(transaction, entry)
        })
    }

    fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<AuditRecord>, StoreError> {
        self.read("read the log of changes", |transaction| {
            audit::list(transaction, before, limit)
        })
    }

    fn candidates(
        &self,
        query: &CandidateQuery,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Candidate>, StoreError> {
        self.read("find what wants an analysis", |transaction| {
            candidates::list(transaction, query, after, limit)
        })
    }

    fn put_analyses(&self, analyses: &[AnalysisRecord]) -> Result<AnalysisWrites, StoreError> {
        let mut writes = AnalysisWrites::default();
        for chunk in analyses.chunks(TRANSACTION_ROWS) {
            writes += self.write("store analyses", |transaction| {
                analyses::put(transaction, chunk)
            })?;
        }
        Ok(writes)
    }

    fn analyses(
        &self,
        selection: &Selection,
        after: Option<&PrKey>,
        limit: usize,
    ) -> Result<Vec<AnalysisRecord>, StoreError> {
        self.read("read analyses", |transaction| {
            analyses::list(transaction, selection, after, limit)
        })
    }

    fn analysis(&self, key: &PrKey) -> Result<Option<AnalysisRecord>, StoreError> {
        self.read("read an analysis", |transaction| {
            analyses::get(transaction, key)
        })
    }

    fn coverage(&self, versions: &Versions, selection: &Selection) -> Result<Coverage, StoreError> {
        self.read("count the coverage", |transaction| {
            coverage::get(transaction, versions, selection)
        })
    }

    fn adoption(&self, clock: Clock, selection: &Selection) -> Result<Adoption, StoreError> {
        self.read("count the adoption", |transaction| {
            adoption::get(transaction, clock, selection)
        })
    }

    fn evidence_counts(&self, selection: &Selection) -> Result<Vec<EvidenceCount>, StoreError> {
        self.read("count the evidence", |transaction| {
            adoption::evidence(transaction, selection)
        })
    }

    fn statistics(&self) -> Result<Statistics, StoreError> {
        self.read("count what is there", meta::statistics)
    }

    fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.read("read a value", |transaction| meta::get(transaction, name))
    }

    fn set_meta(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.write("store a value", |transaction| {
            meta::set(transaction, name, value)
        })
    }

    fn lock(&self, name: &str) -> Result<Lock, StoreError> {
        self.take_lock(name)
    }

    fn ledger(self: Arc<Self>) -> Arc<dyn batch::Ledger> {
        self
    }

    fn shelf(self: Arc<Self>) -> Arc<dyn github::Shelf> {
        self
    }

    fn inbox(self: Arc<Self>) -> Arc<dyn github::webhook::Inbox> {
        self
    }

    fn sync_status(&self) -> Result<Vec<RepositorySync>, StoreError> {
        self.read("read how far the sync came", sync::status)
    }

    fn sync_gaps(&self, repo: &str) -> Result<Vec<SyncGap>, StoreError> {
        self.read("read what is incomplete", |transaction| {
            sync::gaps(transaction, repo)
        })
    }

    fn check_integrity(&self) -> Result<(), StoreError> {
        self.read("look for damage", meta::check_integrity)
    }
}
