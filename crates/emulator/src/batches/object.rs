//! The batch object.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::form::Form;
use super::scan::ModelLoad;
use crate::scenario::BatchFaultRule;

/// Where a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Validating,
    Failed,
    InProgress,
    Finalizing,
    Completed,
    Expired,
    Cancelling,
    Cancelled,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Validating => "validating",
            Self::Failed => "failed",
            Self::InProgress => "in_progress",
            Self::Finalizing => "finalizing",
            Self::Completed => "completed",
            Self::Expired => "expired",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }

    /// Says whether nothing more will happen.
    pub(crate) fn is_final(self) -> bool {
        matches!(
            self,
            Self::Failed | Self::Completed | Self::Expired | Self::Cancelled
        )
    }
}

/// One entry of a batch's `errors`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LineError {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) param: Option<&'static str>,
    /// Number of the line, from 1; null where the error is about the whole file.
    pub(crate) line: Option<u64>,
}

/// Counters of a batch, as they are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) total: u64,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    /// Those of the failed that a batch ended before.
    pub(crate) unreached: u64,
}

/// A batch, whatever its API calls it.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) id: String,
    /// Place in the order of creation, from 1.
    pub(crate) number: u64,
    /// How its requests are written, and so whose batch it is.
    pub(crate) form: Form,
    /// Name of its requests in the spool; the id of a file where one was uploaded.
    pub(crate) input_id: String,
    /// The window as it was given; empty where its API has none.
    pub(crate) window: String,
    pub(crate) metadata: Option<Map<String, Value>>,
    pub(crate) status: Status,
    pub(crate) errors: Vec<LineError>,
    pub(crate) output_file_id: Option<String>,
    pub(crate) error_file_id: Option<String>,
    pub(crate) counts: Counts,
    pub(crate) created_at: u64,
    pub(crate) expires_at: u64,
    pub(crate) in_progress_at: Option<u64>,
    pub(crate) completed_at: Option<u64>,
    pub(crate) failed_at: Option<u64>,
    pub(crate) expired_at: Option<u64>,
    pub(crate) cancelling_at: Option<u64>,
    pub(crate) cancelled_at: Option<u64>,
    /// When the results of a message batch were removed for their age.
    pub(crate) archived_at: Option<u64>,
    /// When the window ends, on the runtime's clock.
    pub(crate) deadline: Instant,
    /// What goes wrong with the batch as a whole.
    pub(crate) fault: Option<BatchFaultRule>,
    /// Rung when somebody cancels the batch.
    pub(crate) cancel: Arc<Notify>,
    /// First place of the batch's requests among all of each model.
    pub(crate) first_ordinals: BTreeMap<String, u64>,
    /// What waits per model, until the batch ends.
    pub(crate) load: BTreeMap<String, ModelLoad>,
    /// How polls see the batch.
    pub(crate) appearance: Appearance,
}

/// How polls see a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appearance {
    /// As it is.
    Plain,
    /// Not at all before an instant.
    From(Instant),
    /// 404, for ever.
    Gone,
    /// 200 with a bare error.
    BareError,
}

/// Reads a completion window: hours or days, from 24h to 7d.
pub(crate) fn parse_window(window: &str) -> Option<Duration> {
    let (number, hours_each) = match window.strip_suffix('h') {
        Some(hours) => (hours, 1),
        None => (window.strip_suffix('d')?, 24),
    };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours = number.parse::<u64>().ok()?.checked_mul(hours_each)?;
    (24..=7 * 24)
        .contains(&hours)
        .then(|| Duration::from_secs(hours * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows() {
        let hours = |window: &str| parse_window(window).map(|window| window.as_secs() / 3600);
        for (window, expect) in [
            ("24h", Some(24)),
            ("168h", Some(168)),
            ("1d", Some(24)),
            ("7d", Some(168)),
            ("36h", Some(36)),
            ("23h", None),
            ("169h", None),
            ("8d", None),
            ("", None),
            ("h", None),
            ("1", None),
            ("+24h", None),
            ("24 h", None),
            ("1w", None),
            ("99999999999999999999h", None),
            ("999999999999999999d", None),
        ] {
            assert_eq!(hours(window), expect, "{window}");
        }
    }
}
