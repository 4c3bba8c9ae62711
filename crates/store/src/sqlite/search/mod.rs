//! Search: a walk over columns of numbers.
//!
//! A page is the least `limit + 1` places in the order among those that pass the filter. Chunks are
//! visited best first, and the walk ends where none left can have a better place than the worst of
//! those found; what changed since a chunk was written is looked at first, in `pr` itself.

mod columns;
mod filter;
mod refresh;
mod rows;
mod scan;
#[cfg(test)]
mod tests;
mod titles;

use rusqlite::Transaction;

use super::fault::Fault;
use crate::error::StoreError;
use crate::search::{PullRequestQuery, SearchCursor, SearchPage};
use filter::Filter;
use scan::{Best, Order, walk};

pub(super) use columns::signal_bit;
pub(super) use refresh::{refresh, repository_changed};
pub(super) use rows::{LIST_JOINS, LIST_WIDTH, joined_words, list_columns, read as read_listed};
pub(super) use titles::{
    add_function, forget_shared, insert as insert_title, update as update_title,
};

/// A page of what a query finds.
pub(super) fn page(
    transaction: &Transaction<'_>,
    query: &PullRequestQuery,
    after: Option<&SearchCursor>,
    limit: usize,
) -> Result<SearchPage, Fault> {
    check_place(query, after)?;
    match Filter::of(transaction, query)? {
        Some(filter) => page_of(transaction, query, &filter, after, limit),
        None => Ok(nothing()),
    }
}

/// The same with how many pull requests the query finds: whose titles have the words is looked up once.
pub(super) fn page_and_count(
    transaction: &Transaction<'_>,
    query: &PullRequestQuery,
    after: Option<&SearchCursor>,
    limit: usize,
) -> Result<(SearchPage, u64), Fault> {
    check_place(query, after)?;
    match Filter::of(transaction, query)? {
        Some(filter) => Ok((
            page_of(transaction, query, &filter, after, limit)?,
            scan::count(transaction, &filter)?,
        )),
        None => Ok((nothing(), 0)),
    }
}

fn nothing() -> SearchPage {
    SearchPage {
        rows: Vec::new(),
        next: None,
    }
}

fn check_place(query: &PullRequestQuery, after: Option<&SearchCursor>) -> Result<(), Fault> {
    if after.is_some_and(|after| after.query != query.fingerprint()) {
        return Err(Fault::Store(StoreError::Invalid {
            what: "the place in the list belongs to another query".to_owned(),
        }));
    }
    Ok(())
}

fn page_of(
    transaction: &Transaction<'_>,
    query: &PullRequestQuery,
    filter: &Filter,
    after: Option<&SearchCursor>,
    limit: usize,
) -> Result<SearchPage, Fault> {
    if limit == 0 {
        return Ok(nothing());
    }
    let order = Order::of(query.sort);
    let mut best = Best::new(after.map(|after| after.place), limit + 1);
    walk(transaction, filter, order, &mut best)?;
    let mut places = best.into_places();
    let has_more = places.len() > limit;
    places.truncate(limit);
    let next = places
        .last()
        .filter(|_| has_more)
        .map(|place| SearchCursor {
            place: *place,
            query: query.fingerprint(),
        });
    let mut found = Vec::with_capacity(places.len());
    for place in places {
        found.push(rows::get(transaction, order.id(place))?);
    }
    Ok(SearchPage { rows: found, next })
}

/// How many pull requests a query finds.
pub(super) fn count(transaction: &Transaction<'_>, query: &PullRequestQuery) -> Result<u64, Fault> {
    match Filter::of(transaction, query)? {
        Some(filter) => scan::count(transaction, &filter),
        None => Ok(0),
    }
}
