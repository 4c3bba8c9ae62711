//! What the ledger says of a pull request: an open request has claimed it, or it was given up on.
//!
//! The subject of a request about a pull request is its key as text, `owner/name#number`. The
//! statements here go over `repo` and `pr` and begin with the few tasks, as the index on subjects does.

/// Whether an open request has claimed it, whatever that request's content.
pub(super) const CLAIMED: &str = "EXISTS (SELECT 1 FROM batch_task \
     CROSS JOIN batch_request AS request ON request.task_id = batch_task.id \
     AND request.subject = repo.name || '#' || pr.number WHERE request.state <= 1)";

/// Whether its present content was dropped, or quarantined with the present prompt and schema; wants
/// `:prompt` and `:schema`.
pub(super) const QUARANTINED: &str = "EXISTS (SELECT 1 FROM batch_task \
     CROSS JOIN batch_request AS request ON request.task_id = batch_task.id \
     AND request.subject = repo.name || '#' || pr.number \
     JOIN batch_run AS run ON run.id = request.run_id \
     WHERE request.content_hash = lower(hex(pr.content_hash)) AND (request.state = 6 \
     OR request.state = 4 AND run.prompt_version = :prompt AND run.schema_version = :schema))";
