//! Which pull requests to ask about, a page at a time.

use std::sync::Arc;

use store::{
    CandidateOrder, CandidateQuery, Cursor, Freshness, SatisfiedBy, Store, StoreError,
    StoredPullRequest,
};

use crate::cli::AnalyzeArguments;
use crate::error::CliError;
use crate::wiring::question::current_versions;

/// How many candidates one page holds.
const PAGE: usize = 500;

/// What is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Which pull requests.
    pub(crate) query: CandidateQuery,
    /// At most so many.
    pub(crate) limit: Option<u64>,
}

impl Wanted {
    /// Everything that no model has answered yet.
    pub(crate) fn everything() -> Self {
        Wanted {
            query: CandidateQuery {
                satisfied_by: SatisfiedBy::ModelOnly,
                ..CandidateQuery::missing(current_versions())
            },
            limit: None,
        }
    }
}

/// Candidates as they are read. An error ends them; [`Candidates::finish`] tells of it.
pub(crate) struct Candidates {
    store: Arc<dyn Store>,
    wanted: Wanted,
    page: std::vec::IntoIter<StoredPullRequest>,
    after: Option<Cursor>,
    given: u64,
    ended: bool,
    error: Option<StoreError>,
}

impl Candidates {
    /// What the options ask for. An answer by rules counts as none where a model is asked.
    pub(crate) fn wanted(arguments: &AnalyzeArguments, satisfied_by: SatisfiedBy) -> Wanted {
        Wanted {
            query: CandidateQuery {
                versions: current_versions(),
                selection: arguments.selection.to_selection(),
                freshness: if arguments.stale {
                    Freshness::MissingOrStale
                } else {
                    Freshness::MissingOnly
                },
                satisfied_by,
                order: CandidateOrder::NewestFirst,
            },
            limit: arguments.limit,
        }
    }

    /// Candidates from the beginning.
    pub(crate) fn new(store: Arc<dyn Store>, wanted: Wanted) -> Self {
        Candidates {
            store,
            wanted,
            page: Vec::new().into_iter(),
            after: None,
            given: 0,
            ended: false,
            error: None,
        }
    }

    /// Whether everything could be read.
    pub(crate) fn finish(self) -> Result<(), CliError> {
        self.error.map_or(Ok(()), |error| Err(error.into()))
    }

    fn turn_page(&mut self) {
        match self
            .store
            .candidates(&self.wanted.query, self.after.as_ref(), PAGE)
        {
            Ok(page) => {
                self.ended = page.is_empty();
                self.after = page
                    .last()
                    .map(store::Candidate::cursor)
                    .or(self.after.take());
                let stored: Vec<StoredPullRequest> =
                    page.into_iter().map(|candidate| candidate.stored).collect();
                self.page = stored.into_iter();
            }
            Err(error) => {
                self.ended = true;
                self.error = Some(error);
            }
        }
    }
}

impl Iterator for Candidates {
    type Item = StoredPullRequest;

    fn next(&mut self) -> Option<StoredPullRequest> {
        if self.wanted.limit.is_some_and(|limit| self.given >= limit) {
            return None;
        }
        loop {
            if let Some(stored) = self.page.next() {
                self.given += 1;
                return Some(stored);
            }
            if self.ended {
                return None;
            }
            self.turn_page();
        }
    }
}
