//! The `events` section: what happened, each kind and actor once.

use std::fmt::Write as _;

use model::PullRequest;

use super::{Budgeted, Builder};
use crate::fence::Section;

/// Events that say nothing of how a change was made or went.
const SILENT: [&str; 12] = [
    "closed",
    "cross-referenced",
    "deployed",
    "head_ref_deleted",
    "locked",
    "mentioned",
    "merged",
    "milestoned",
    "referenced",
    "reviewed",
    "subscribed",
    "unsubscribed",
];

/// Different pairs of event and actor that are told apart.
const MAX_KINDS: usize = 40;

pub(super) fn lines(
    pull_request: &PullRequest,
    limit_tokens: u64,
    builder: &mut Builder,
) -> String {
    let mut found: Vec<(&str, Option<&str>, u64)> = Vec::new();
    for event in pull_request.events.iter().flatten() {
        if SILENT.contains(&event.event.as_str()) {
            continue;
        }
        let actor = event.actor.as_deref();
        let known = found
            .iter()
            .position(|(kind, by, _)| *kind == event.event && *by == actor);
        if let Some((_, _, count)) = known.and_then(|index| found.get_mut(index)) {
            *count += 1;
        } else if found.len() < MAX_KINDS {
            found.push((&event.event, actor, 1));
        }
    }
    let mut out = Budgeted::new(limit_tokens);
    let mut dropped = 0;
    for (kind, actor, count) in found {
        let mut line = builder.scrubber.line(kind, 60);
        if count > 1 {
            let _ = write!(line, " {count}x");
        }
        if let Some(actor) = builder.scrubber.word(actor, 60) {
            line.push_str(" by ");
            line.push_str(&actor);
        }
        if !out.add(line) {
            dropped += 1;
        }
    }
    builder.cut(Section::Events, "kinds of event", dropped);
    out.join()
}
