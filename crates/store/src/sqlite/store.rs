//! The trait, method by method.

use std::sync::Arc;

use measures::Observations;
use model::{PrKey, PullRequest};

use super::{
    SqliteStore, adoption, analyses, candidates, coverage, facts, meta, observations,
    pull_requests, sync, verdicts,
};
use crate::{
    Adoption, AnalysisRecord, AnalysisWrites, Candidate, CandidateQuery, Clock, Coverage, Cursor,
    EvidenceCount, Fact, Lock, ObservationCursor, RepositorySync, Selection, Statistics, Store,
    StoreError, StoredPullRequest, SyncGap, TeamSummary, UpsertCounts, VerdictRecord, VerdictWrite,
    VerdictWrites, Versions,
};

/// How many records one transaction writes at most.
const TRANSACTION_ROWS: usize = 20_000;

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

    fn set_team(&self, team: &str, repos: &[String]) -> Result<(), StoreError> {
        self.write("store a team", |transaction| {
            meta::set_team(transaction, team, repos)
        })
    }

    fn teams(&self) -> Result<Vec<TeamSummary>, StoreError> {
        self.read("read the teams", meta::teams)
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
