//! Calls that several dialects share: files, lists of batches, models.

use http::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::caller::{Caller, path_segment};
use super::listing::{Visit, follow, list_of};
use super::profile::{Listing, ModelList};
use super::reader::text_of;
use super::{ProviderError, ProviderErrorKind, RemoteBatch};

/// The key of the metadata by which a batch is known again.
pub(super) const TOKEN_KEY: &str = "batch_token";
/// Clocks of host and client may differ this much.
const CLOCK_SKEW_SECONDS: i64 = 3600;

/// Whether the host has no such call.
fn has_no_such_call(error: &ProviderError) -> bool {
    matches!(
        error.kind,
        ProviderErrorKind::NotFound | ProviderErrorKind::Rejected
    )
}

/// Looks for an input file by name and size; `None` also where the host has no list of files.
pub(super) async fn find_file(
    caller: &Caller,
    listing: Listing,
    file_name: &str,
    size_bytes: u64,
) -> Result<Option<String>, ProviderError> {
    let mut found = None;
    let listed = follow(caller, listing, "list files", "/files", |file| {
        let is_it = text_of(file.get("filename")).as_deref() == Some(file_name)
            && file.get("bytes").and_then(Value::as_u64) == Some(size_bytes);
        if is_it {
            found = text_of(file.get("id"));
            return Visit::Enough;
        }
        Visit::More
    })
    .await;
    match listed {
        Ok(()) => Ok(found),
        Err(error) if has_no_such_call(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Deletes a file; one that is gone already counts as deleted.
pub(super) async fn delete_file(caller: &Caller, file_id: &str) -> Result<(), ProviderError> {
    let path = format!("/files/{}", path_segment(file_id));
    match caller.fetch("delete a file", Method::DELETE, &path).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind == ProviderErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// The batches of a list that are not older than `since`.
pub(super) async fn list_since(
    caller: &Caller,
    listing: Listing,
    path: &str,
    since: Timestamp,
    parse: impl Fn(&Value) -> Option<RemoteBatch> + Send + Sync,
) -> Result<Vec<RemoteBatch>, ProviderError> {
    let oldest = since.as_second() - CLOCK_SKEW_SECONDS;
    let mut batches = Vec::new();
    follow(caller, listing, "list batches", path, |item| {
        if let Some(batch) = parse(item) {
            // Lists need not be in order, so an old batch is passed over and the list goes on.
            let is_young = batch
                .created_at
                .is_none_or(|created| created.as_second() >= oldest);
            if is_young {
                batches.push(batch);
            }
        }
        Visit::More
    })
    .await?;
    Ok(batches)
}

/// The ids of the models the host serves; `None` where its list says nothing about other models.
pub(super) async fn served_models(
    caller: &Caller,
    path: &str,
    list: ModelList,
) -> Result<Option<Vec<String>>, ProviderError> {
    match caller.fetch("list models", Method::GET, path).await {
        Ok(document) if document.get("data").is_some_and(Value::is_array) => {
            let ids = list_of(&document)
                .iter()
                .filter_map(|model| text_of(model.get("id")));
            Ok(match list {
                ModelList::Complete => Some(ids.collect()),
                // The call was worth it all the same: it shows that address and key are right.
                ModelList::Partial => None,
            })
        }
        Ok(_) => Ok(None),
        Err(error) if has_no_such_call(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
