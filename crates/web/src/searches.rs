//! Lists that were found once and are shown again while nothing changed.
//!
//! A search is some milliseconds of a processor, whatever is asked. Many readers at once would wait for
//! each other: so no more of them search than there are processors, and what one found the others get.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use store::{PullRequestQuery, SearchCursor, SearchPage, Sort, Store, StoreError};
use tokio::sync::Semaphore;

use crate::error::PageError;
use crate::site::Site;
use crate::source::SourceError;

/// Pages that are kept; 50 rows are some 25 kB.
const MOST_PAGES: usize = 128;

/// Counts that are kept.
const MOST_COUNTS: usize = 2_048;

/// What a page of a list is kept under.
type PageKey = (PullRequestQuery, Option<String>, usize);

/// A search that could not be done as asked; the words say why.
pub(crate) struct Refused(pub(crate) String);

/// Everything found since the data changed last.
#[derive(Default)]
struct Kept {
    changes: u64,
    pages: HashMap<PageKey, Arc<SearchPage>>,
    counts: HashMap<PullRequestQuery, u64>,
    /// The names of all teams, under the one key there is.
    teams: HashMap<(), Arc<[String]>>,
}

/// What was found, and who may search.
pub(crate) struct Searches {
    kept: Mutex<Kept>,
    room: Arc<Semaphore>,
}

/// Keeps one more value; where there is no room, what was kept goes.
fn put<K: Eq + Hash, V>(map: &mut HashMap<K, V>, key: K, value: V, most: usize) {
    if map.len() >= most {
        map.clear();
    }
    map.insert(key, value);
}

/// A query under which its count is kept: the order does not matter to it.
fn unsorted(query: &PullRequestQuery) -> PullRequestQuery {
    PullRequestQuery {
        sort: Sort::default(),
        ..query.clone()
    }
}

/// A page of a list and what stands around it.
pub(crate) struct List {
    /// The page.
    pub(crate) page: Arc<SearchPage>,
    /// How many pull requests are like this.
    pub(crate) total: u64,
    /// The names of all teams.
    pub(crate) teams: Arc<[String]>,
}

impl Searches {
    pub(crate) fn new() -> Self {
        let processors = available_parallelism().map_or(2, NonZero::get);
        Searches {
            kept: Mutex::default(),
            room: Arc::new(Semaphore::new(processors)),
        }
    }

    // What is kept is whole after each step, whoever panicked.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept as of the present state of the data.
    fn current(&self, store: &dyn Store) -> Result<MutexGuard<'_, Kept>, StoreError> {
        // Asked before anything is searched: what changes meanwhile makes what is kept too new, never old.
        let changes = store.changes()?;
        let mut kept = self.kept();
        if kept.changes != changes {
            *kept = Kept {
                changes,
                ..Kept::default()
            };
        }
        Ok(kept)
    }

    /// Takes what is kept, or finds it and keeps it.
    fn get<K: Clone + Eq + Hash, V: Clone>(
        &self,
        store: &dyn Store,
        key: &K,
        most: usize,
        map: impl Fn(&mut Kept) -> &mut HashMap<K, V>,
        find: impl FnOnce() -> Result<V, StoreError>,
    ) -> Result<V, StoreError> {
        let changes = {
            let mut kept = self.current(store)?;
            if let Some(value) = map(&mut kept).get(key) {
                return Ok(value.clone());
            }
            kept.changes
        };
        let value = find()?;
        let mut kept = self.kept();
        if kept.changes == changes {
            put(map(&mut kept), key.clone(), value.clone(), most);
        }
        Ok(value)
    }

    fn page(
        &self,
        store: &dyn Store,
        query: &PullRequestQuery,
        after: Option<&SearchCursor>,
        limit: usize,
    ) -> Result<Result<Arc<SearchPage>, Refused>, StoreError> {
        let key = (query.clone(), after.map(ToString::to_string), limit);
        let found = self.get(
            store,
            &key,
            MOST_PAGES,
            |kept| &mut kept.pages,
            || store.search(query, after, limit).map(Arc::new),
        );
        match found {
            Ok(page) => Ok(Ok(page)),
            Err(StoreError::Invalid { what }) => Ok(Err(Refused(what))),
            Err(error) => Err(error),
        }
    }

    /// A page and how many there are; both are found together where neither is known.
    fn page_and_count(
        &self,
        store: &dyn Store,
        query: &PullRequestQuery,
        after: Option<&SearchCursor>,
        limit: usize,
    ) -> Result<Result<(Arc<SearchPage>, u64), Refused>, StoreError> {
        let key = (query.clone(), after.map(ToString::to_string), limit);
        let changes = {
            let kept = self.current(store)?;
            let is_known =
                kept.pages.contains_key(&key) || kept.counts.contains_key(&unsorted(query));
            (!is_known).then_some(kept.changes)
        };
        if let Some(changes) = changes {
            let (page, count) = match store.search_counted(query, after, limit) {
                Ok(found) => found,
                Err(StoreError::Invalid { what }) => return Ok(Err(Refused(what))),
                Err(error) => return Err(error),
            };
            let page = Arc::new(page);
            let mut kept = self.kept();
            if kept.changes == changes {
                put(&mut kept.pages, key, Arc::clone(&page), MOST_PAGES);
                put(&mut kept.counts, unsorted(query), count, MOST_COUNTS);
            }
            return Ok(Ok((page, count)));
        }
        match self.page(store, query, after, limit)? {
            Ok(page) => Ok(Ok((page, self.count(store, query)?))),
            Err(refused) => Ok(Err(refused)),
        }
    }

    fn count(&self, store: &dyn Store, query: &PullRequestQuery) -> Result<u64, StoreError> {
        let unsorted = unsorted(query);
        self.get(
            store,
            &unsorted,
            MOST_COUNTS,
            |kept| &mut kept.counts,
            || store.count_found(&unsorted),
        )
    }

    fn teams(&self, store: &dyn Store) -> Result<Arc<[String]>, StoreError> {
        let find = || Ok(store.team_names()?.into());
        self.get(store, &(), 1, |kept| &mut kept.teams, find)
    }
}

impl Site {
    /// A page of a list, alone.
    pub(crate) async fn search(
        &self,
        query: PullRequestQuery,
        after: Option<SearchCursor>,
        limit: usize,
    ) -> Result<Result<Arc<SearchPage>, Refused>, PageError> {
        self.find(move |searches, store| searches.page(store, &query, after.as_ref(), limit))
            .await
    }

    /// A page of a list, how long the list is, and the teams to choose from.
    pub(crate) async fn search_list(
        &self,
        query: PullRequestQuery,
        after: Option<SearchCursor>,
        limit: usize,
    ) -> Result<Result<List, Refused>, PageError> {
        self.find(move |searches, store| {
            let (page, total) =
                match searches.page_and_count(store, &query, after.as_ref(), limit)? {
                    Ok(found) => found,
                    Err(refused) => return Ok(Err(refused)),
                };
            Ok(Ok(List {
                page,
                total,
                teams: searches.teams(store)?,
            }))
        })
        .await
    }

    async fn find<T: Send + 'static>(
        &self,
        find: impl FnOnce(&Searches, &dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, PageError> {
        let searches = Arc::clone(&self.searches);
        let permit = Arc::clone(&searches.room)
            .acquire_owned()
            .await
            .map_err(|error| PageError::Source(SourceError::Other(error.to_string())))?;
        self.ask(move |source| {
            // Held to the end of the search, even where nobody waits for it any more.
            let _permit = permit;
            Ok(find(&searches, source.store().as_ref())?)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use store::OpenOptions;

    use super::*;

    #[test]
    fn what_was_found_is_kept_until_something_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.db").display().to_string();
        let store = store::open(&path, &OpenOptions::write("test")).expect("a database");
        let searches = Searches::new();
        let query = PullRequestQuery::default();
        let first = searches.count(store.as_ref(), &query).expect("counted");
        assert_eq!(first, 0);
        assert_eq!(searches.kept().counts.len(), 1);
        let record = model::PullRequest {
            repo: "orchard/store".to_owned(),
            number: 1,
            title: "fix: one".to_owned(),
            ..model::PullRequest::default()
        };
        store.upsert_pull_requests(&[record]).expect("stored");
        assert_eq!(
            searches.count(store.as_ref(), &query).expect("counted"),
            1,
            "a change is seen at once"
        );
        let sorted = PullRequestQuery {
            title: Some("fix".to_owned()),
            ..query.clone()
        };
        for _ in 0..2 {
            let found = searches.page_and_count(store.as_ref(), &sorted, None, 10);
            let (page, count) = found
                .expect("found")
                .unwrap_or_else(|refused| panic!("{}", refused.0));
            assert_eq!((page.rows.len(), count), (1, 1));
        }
        let page = searches
            .page(store.as_ref(), &query, None, 10)
            .expect("found")
            .unwrap_or_else(|refused| panic!("{}", refused.0));
        let again = searches
            .page(store.as_ref(), &query, None, 10)
            .expect("found")
            .unwrap_or_else(|refused| panic!("{}", refused.0));
        assert!(Arc::ptr_eq(&page, &again), "it is not searched again");
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.db").display().to_string();
        let store = store::open(&path, &OpenOptions::write("test")).expect("a database");
        let searches = Searches::new();
        for number in 0..MOST_PAGES + 5 {
            let query = PullRequestQuery {
                title: Some(format!("word{number}")),
                ..PullRequestQuery::default()
            };
            let found = searches.page(store.as_ref(), &query, None, 10);
            assert!(found.is_ok_and(|page| page.is_ok()));
        }
        assert!(searches.kept().pages.len() <= MOST_PAGES);
    }
}
