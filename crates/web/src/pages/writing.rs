//! What visitors change: one short write each, and an entry in the log of changes.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use store::{AuditEntry, Store, StoreError};

use crate::access::Visitor;
use crate::error::PageError;
use crate::site::Site;
use crate::source::SourceError;

/// Something that a visitor asks for.
pub(super) struct Deed {
    /// What, in a word or two.
    pub(super) action: &'static str,
    /// To what.
    pub(super) subject: String,
    /// How it is to be.
    pub(super) new: Option<Value>,
}

/// Writes something, on a thread that may block.
pub(super) async fn write<T: Send + 'static>(
    site: &Site,
    work: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, PageError> {
    let source = Arc::clone(&site.source);
    tokio::task::spawn_blocking(move || {
        let store = source.writer().map_err(|error| match error {
            SourceError::Store(error) => not_written(error),
            other => PageError::Source(other),
        })?;
        let Some(store) = store else {
            return Err(PageError::NotFound(
                "This server changes nothing.".to_owned(),
            ));
        };
        work(store.as_ref()).map_err(not_written)
    })
    .await
    .map_err(|error| PageError::Source(SourceError::Other(error.to_string())))?
}

/// Adds to the log of changes. What is asked for is to be done after that only: nothing is changed of
/// which the log does not know.
pub(super) async fn log(site: &Site, visitor: &Visitor, deed: Deed) -> Result<(), PageError> {
    let entry = AuditEntry {
        at: Timestamp::now(),
        who: visitor.name.clone(),
        action: deed.action.to_owned(),
        subject: deed.subject,
        old: None,
        new: deed.new,
    };
    write(site, move |store| store.append_audit(&entry)).await
}

/// Why something was not written, in words for whoever sent the form.
fn not_written(error: StoreError) -> PageError {
    match error {
        StoreError::Locked { by, .. } => {
            let holder = by.map_or_else(|| "another process".to_owned(), |by| by.to_string());
            PageError::Busy(format!(
                "Nothing was changed: {holder} is writing to the database. Send the form again when it \
                 is done."
            ))
        }
        StoreError::Invalid { what } => PageError::BadRequest(format!("{what}.")),
        error @ (StoreError::ReadOnly { .. } | StoreError::UnwritableFolder { .. }) => {
            PageError::Forbidden(format!("Nothing was changed: {error}."))
        }
        error => PageError::Source(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::Holder;

    #[test]
    fn who_is_in_the_way_is_named() {
        let error = StoreError::Locked {
            path: "t.db".into(),
            what: "writer".to_owned(),
            by: Some(Holder {
                pid: 7,
                verb: "import".to_owned(),
                since: Timestamp::UNIX_EPOCH,
            }),
        };
        let PageError::Busy(words) = not_written(error) else {
            panic!("a lock is no other error");
        };
        assert!(
            words.contains("`tandem import` (process 7") && words.contains("Nothing was changed"),
            "{words}"
        );
    }
}
