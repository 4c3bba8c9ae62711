//! What happened to a pull request, in order.

use jiff::Timestamp;
use maud::{Markup, html};
use model::{CommentKind, Evidence, PullRequest, ReviewState};
use names::Names;

use super::text::{Mark, block, line};
use crate::words::{count, moment};

/// Entries that are shown beside those with evidence.
const MOST: usize = 200;

/// Bytes that are shown of a commit message, a review or a comment, beside what is marked.
const TEXT: usize = 900;

/// One thing that happened.
struct Entry<'p> {
    at: Option<Timestamp>,
    /// Its place in the record, by which evidence names it: `commits[2]`.
    place: String,
    what: String,
    text: &'p str,
    marks: Vec<Mark>,
    is_evidence: bool,
}

/// The anchor of a place in the record: `commits-2`.
pub(super) fn anchor(field: &str) -> String {
    let place = field.split('.').next().unwrap_or(field);
    match place {
        "body" => "description".to_owned(),
        other if other.contains('[') => other.replace('[', "-").replace(']', ""),
        _ => "facts".to_owned(),
    }
}

/// The evidence that stands in one place of the record, and marks for what of it is in a text.
pub(super) fn marks_of(evidence: &[Evidence], field: &str, text: &str) -> Vec<Mark> {
    evidence
        .iter()
        .filter(|hit| hit.field == field)
        .filter_map(|hit| {
            Mark::find(
                text,
                &hit.quote,
                hit.offset_bytes,
                format!("{}: {}", hit.tool, hit.rule),
            )
        })
        .collect()
}

/// The card.
pub(super) fn card(pull_request: &PullRequest, evidence: &[Evidence], names: &Names) -> Markup {
    let mut entries = entries(pull_request, evidence, names);
    entries.sort_by_key(|entry| (entry.at.is_none(), entry.at));
    let total = entries.len();
    let mut plain = 0;
    entries.retain(|entry| {
        plain += usize::from(!entry.is_evidence);
        entry.is_evidence || plain <= MOST
    });
    entries.truncate(MOST * 2);
    html! {
        section.card {
            h2 { "What happened" }
            ol.timeline {
                @for entry in &entries {
                    li id=[entry.place.contains('[').then(|| anchor(&entry.place))] data-evidence=[entry.is_evidence.then_some("yes")] {
                        p.when {
                            strong { (entry.what) }
                            @if let Some(at) = entry.at { " " time datetime=(at) { (moment(at)) } }
                            @if entry.is_evidence { span.badge { "evidence" } }
                        }
                        @if !entry.text.trim().is_empty() { (block(entry.text, TEXT, &entry.marks, names)) }
                    }
                }
            }
            @if entries.len() < total {
                p.note { (count((total - entries.len()) as u64)) " more are not shown; the host has them all." }
            }
        }
    }
}

fn entries<'p>(record: &'p PullRequest, evidence: &[Evidence], names: &Names) -> Vec<Entry<'p>> {
    let entry = |at: Option<Timestamp>, place: String, what: String, text: &'p str, field: &str| {
        let prefix = format!("{place}.");
        Entry {
            at,
            marks: marks_of(evidence, &format!("{prefix}{field}"), text),
            is_evidence: evidence
                .iter()
                .any(|hit| hit.field == place || hit.field.starts_with(&prefix)),
            place,
            what,
            text,
        }
    };
    let author = record
        .author
        .as_ref()
        .and_then(|author| author.login.as_deref());
    let mut all = vec![entry(
        record.created_at,
        "author".to_owned(),
        format!("Opened by {}", names.call(author)),
        "",
        "login",
    )];
    for (index, commit) in record.commits.iter().flatten().enumerate() {
        let sha = commit.sha.as_deref().unwrap_or_default();
        let by = commit
            .author_login
            .as_deref()
            .map_or_else(String::new, |login| {
                format!(" by {}", names.call(Some(login)))
            });
        all.push(entry(
            commit.authored_at,
            format!("commits[{index}]"),
            format!("Commit {}{by}", line(sha, 8)),
            &commit.message,
            "message",
        ));
    }
    for (index, review) in record.reviews.iter().flatten().enumerate() {
        let what = match review.state {
            ReviewState::Approved => "Approved by",
            ReviewState::ChangesRequested => "Changes requested by",
            ReviewState::Commented => "Reviewed by",
            ReviewState::Dismissed => "Dismissed review of",
            ReviewState::Pending => "Review begun by",
            ReviewState::Other => "Review by",
        };
        all.push(entry(
            review.submitted_at,
            format!("reviews[{index}]"),
            format!("{what} {}", names.call(review.author.as_deref())),
            review.body.as_deref().unwrap_or_default(),
            "body",
        ));
    }
    for (index, comment) in record.comments.iter().flatten().enumerate() {
        let place = match comment.kind {
            CommentKind::Issue => "Comment by",
            CommentKind::Review => "Comment on the diff by",
        };
        all.push(entry(
            comment.created_at,
            format!("comments[{index}]"),
            format!("{place} {}", names.call(comment.author.as_deref())),
            &comment.body,
            "body",
        ));
    }
    for (index, event) in record.events.iter().flatten().enumerate() {
        let place = format!("events[{index}]");
        let prefix = format!("{place}.");
        let is_evidence = evidence.iter().any(|hit| hit.field.starts_with(&prefix));
        let Some(what) =
            event_words(&event.event).or_else(|| is_evidence.then(|| line(&event.event, 60)))
        else {
            continue;
        };
        let by = event.actor.as_deref().map_or_else(String::new, |actor| {
            format!(" by {}", names.call(Some(actor)))
        });
        let label = event
            .label
            .as_deref()
            .map_or_else(String::new, |label| format!(": {}", line(label, 60)));
        all.push(entry(
            event.created_at,
            place,
            format!("{what}{by}{label}"),
            "",
            "event",
        ));
    }
    let has = |word: &str| {
        record
            .events
            .iter()
            .flatten()
            .any(|event| event.event == word)
    };
    if let Some(at) = record.merged_at.filter(|_| !has("merged")) {
        let by = record.merged_by.as_ref().map_or_else(String::new, |by| {
            format!(" by {}", names.call(by.login.as_deref()))
        });
        all.push(entry(
            Some(at),
            "merged_at".to_owned(),
            format!("Merged{by}"),
            "",
            "",
        ));
    } else if let Some(at) = record
        .closed_at
        .filter(|_| record.merged_at.is_none() && !has("closed"))
    {
        all.push(entry(
            Some(at),
            "closed_at".to_owned(),
            "Closed without a merge".to_owned(),
            "",
            "",
        ));
    }
    all
}

/// The events that matter for clocks.
fn event_words(event: &str) -> Option<String> {
    let words = match event {
        "ready_for_review" => "Ready for review",
        "convert_to_draft" | "converted_to_draft" => "Back to draft",
        "merged" => "Merged",
        "closed" => "Closed",
        "reopened" => "Opened again",
        "review_requested" => "Review asked for",
        "auto_merge_enabled" => "Set to merge by itself",
        "head_ref_force_pushed" => "Pushed anew",
        _ => return None,
    };
    Some(words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_leads_to_where_it_stands() {
        for (field, expected) in [
            ("body", "description"),
            ("commits[2].message", "commits-2"),
            ("reviews[0].author", "reviews-0"),
            ("events[7].assignee", "events-7"),
            ("head_ref", "facts"),
            ("labels[1]", "labels-1"),
            ("author.login", "facts"),
        ] {
            assert_eq!(anchor(field), expected);
        }
    }
}
