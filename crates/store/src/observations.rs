//! Where a page of observations ends.

/// Where to go on reading observations. Give it back to get the page after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObservationCursor {
    /// The place of the last repository, in the store's own order.
    pub(crate) repo_id: i64,
    /// The number of the last pull request within it.
    pub(crate) number: i64,
}
