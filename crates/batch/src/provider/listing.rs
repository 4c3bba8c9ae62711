//! Follows lists from page to page, in every manner hosts have.

use http::Method;
use serde_json::Value;

use super::ProviderError;
use super::caller::{Caller, path_segment};
use super::profile::Listing;
use super::reader::text_of;

/// Lists are not followed further than this many pages.
const MAX_PAGES: usize = 200;

/// Whether a list needs to be followed further.
pub(super) enum Visit {
    More,
    Enough,
}

/// Follows a list from page to page until `visit` has seen enough.
pub(super) async fn follow(
    caller: &Caller,
    listing: Listing,
    call: &'static str,
    path: &str,
    mut visit: impl FnMut(&Value) -> Visit + Send,
) -> Result<(), ProviderError> {
    let mut query = String::new();
    let mut seen: u64 = 0;
    for page in 1..=MAX_PAGES {
        let document = caller
            .fetch(call, Method::GET, &format!("{path}{query}"))
            .await?;
        let items = list_of(&document);
        for item in items {
            if let Visit::Enough = visit(item) {
                return Ok(());
            }
        }
        seen += items.len() as u64;
        let next = match listing {
            Listing::Cursor => text_of(
                document
                    .get("paging")
                    .and_then(|paging| paging.get("next_cursor")),
            )
            .map(|cursor| format!("?cursor={}", path_segment(&cursor))),
            Listing::After => last_of(&document).map(|last| format!("?after={last}")),
            Listing::AfterId => last_of(&document).map(|last| format!("?after_id={last}")),
            // Without a total there is one page: a server that ignores the page repeats itself.
            Listing::Page => document
                .get("total")
                .and_then(Value::as_u64)
                .filter(|total| *total > seen)
                .map(|_| format!("?page={page}")),
        };
        match next {
            // A host that repeats itself would otherwise be followed to the last page allowed.
            Some(next) if next != query && !items.is_empty() => query = next,
            _ => return Ok(()),
        }
    }
    Ok(())
}

/// The id after which the next page starts, where there is one.
fn last_of(document: &Value) -> Option<String> {
    document
        .get("has_more")
        .and_then(Value::as_bool)
        .filter(|has_more| *has_more)?;
    let last = text_of(document.get("last_id"))
        .or_else(|| text_of(list_of(document).last()?.get("id")))?;
    Some(path_segment(&last))
}

/// The items of a page.
pub(super) fn list_of(document: &Value) -> &[Value] {
    match document.get("data") {
        Some(Value::Array(items)) => items,
        _ => &[],
    }
}
