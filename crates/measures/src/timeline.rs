//! When a pull request was ready for review, and how long it was a draft.

use jiff::Timestamp;
use model::{Event, PullRequest, State};

/// Ready and draft, from the timeline events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeline {
    /// When it was ready for review first: when it was opened, or, if opened as a draft, when it was
    /// first marked ready; `None` if that never happened.
    pub ready_at: Option<Timestamp>,
    /// Whether it was opened as a draft; `None` where no event is known to tell.
    pub opened_as_draft: Option<bool>,
    /// Seconds spent as a draft, in all intervals; `None` where an interval has no end or the events
    /// are not known.
    pub draft_seconds: Option<u64>,
    /// When it ended: merged, or closed without.
    pub ended_at: Option<Timestamp>,
}

/// Reads ready and draft from a record.
pub fn timeline_of(pull_request: &PullRequest) -> Timeline {
    let opened_at = pull_request.created_at;
    let ended_at = pull_request.merged_at.or_else(|| {
        pull_request
            .closed_at
            .filter(|_| pull_request.state == State::Closed)
    });
    let is_draft_now = pull_request.draft == Some(true);
    let Some(events) = &pull_request.events else {
        // Without events a draft now was one from the start as far as anyone can tell; for others
        // the opening is the only start there is.
        return Timeline {
            ready_at: opened_at.filter(|_| !is_draft_now),
            opened_as_draft: is_draft_now.then_some(true),
            draft_seconds: None,
            ended_at,
        };
    };
    let mut changes: Vec<(Option<Timestamp>, Change)> = events
        .iter()
        .filter_map(|event| Some((event.created_at, change_of(event)?)))
        .collect();
    let all_dated = changes.iter().all(|(at, _)| at.is_some());
    // A stable sort keeps the host's order where two events have the same second.
    changes.sort_by_key(|(at, _)| *at);
    let opened_as_draft = match changes.first() {
        Some((_, change)) => *change == Change::Ready,
        None => is_draft_now,
    };
    let first_ready = changes
        .iter()
        .find(|(_, change)| *change == Change::Ready)
        .and_then(|(at, _)| *at);
    Timeline {
        ready_at: if opened_as_draft {
            first_ready
        } else {
            opened_at
        },
        opened_as_draft: Some(opened_as_draft),
        draft_seconds: if all_dated {
            draft_seconds(opened_at, ended_at, opened_as_draft, &changes)
        } else {
            None
        },
        ended_at,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Ready,
    Draft,
}

fn change_of(event: &Event) -> Option<Change> {
    match event.event.as_str() {
        "ready_for_review" | "ReadyForReviewEvent" => Some(Change::Ready),
        "convert_to_draft" | "converted_to_draft" | "ConvertToDraftEvent" => Some(Change::Draft),
        _ => None,
    }
}

fn draft_seconds(
    opened_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    opened_as_draft: bool,
    changes: &[(Option<Timestamp>, Change)],
) -> Option<u64> {
    let mut total_seconds: i64 = 0;
    let mut draft_since = if opened_as_draft {
        Some(opened_at?)
    } else {
        None
    };
    for (at, change) in changes {
        let at = (*at)?;
        match (change, draft_since) {
            (Change::Ready, Some(since)) => {
                total_seconds += interval(since, at)?;
                draft_since = None;
            }
            (Change::Draft, None) => draft_since = Some(at),
            // Told twice: nothing changed.
            (Change::Ready, None) | (Change::Draft, Some(_)) => {}
        }
    }
    if let Some(since) = draft_since {
        total_seconds += interval(since, ended_at?)?;
    }
    u64::try_from(total_seconds).ok()
}

fn interval(from: Timestamp, to: Timestamp) -> Option<i64> {
    let seconds = to.as_second() - from.as_second();
    (seconds >= 0).then_some(seconds)
}
