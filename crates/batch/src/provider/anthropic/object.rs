//! Reads batch objects, tolerantly.

use serde_json::Value;

use crate::provider::reader::{count_of, text_of, time_of};
use crate::provider::{RemoteBatch, RemoteCounts, RemoteStatus};

/// Reads a batch. `None` when it has no id or no status, for instance because it is an error.
pub(super) fn parse_message_batch(value: &Value) -> Option<RemoteBatch> {
    let status_text = text_of(value.get("processing_status"))?;
    let counts = value.get("request_counts");
    let count = |name: &str| count_of(counts.and_then(|counts| counts.get(name)));
    let completed = count("succeeded");
    let failed = count("errored") + count("canceled") + count("expired");
    Some(RemoteBatch {
        id: text_of(value.get("id"))?,
        status: match status_text.to_ascii_lowercase().as_str() {
            // What became of each request stands in its line, whatever ended the batch.
            "ended" => RemoteStatus::Completed,
            _ => RemoteStatus::Running,
        },
        status_text,
        input_file_id: None,
        output_file_id: text_of(value.get("results_url")),
        error_file_id: None,
        errors: Vec::new(),
        counts: RemoteCounts {
            total: count("processing") + completed + failed,
            completed,
            failed,
        },
        created_at: time_of(value.get("created_at")),
        expires_at: time_of(value.get("expires_at")),
        token: None,
    })
}
