//! What detection rests on.

use model::{Confidence, Role, Signal};
use plotly::common::{Marker, Orientation};
use plotly::layout::{Axis, AxisType, BarMode};
use plotly::{Bar, Layout, Trace};
use store::EvidenceCount;

use super::{Cell, Figure, Table};
use crate::shown::At;
use crate::view::View;

/// The place that a signature looks at, in words.
fn signal_words(signal: Signal) -> &'static str {
    match signal {
        Signal::Author => "who opened it",
        Signal::Branch => "branch name",
        Signal::Title => "title",
        Signal::Body => "description",
        Signal::Label => "label",
        Signal::CommitIdentity => "commit identity",
        Signal::CoAuthor => "co-author trailer",
        Signal::Trailer => "other trailer or marker",
        Signal::Reviewer => "who reviewed",
        Signal::Commenter => "who commented",
        Signal::CommentText => "review or comment text",
        Signal::Event => "timeline event",
    }
}

fn role_words(role: Role) -> &'static str {
    match role {
        Role::Authored => "wrote",
        Role::Assisted => "helped",
        Role::Reviewed => "reviewed",
    }
}

fn confidence_words(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

/// In how many pull requests each kind of evidence was found.
pub(crate) fn evidence_mix(view: &View<'_>, counts: &[EvidenceCount]) -> Figure {
    let title = "Where traces of AI were found";
    if counts.is_empty() {
        return Figure::nothing(
            "evidence-mix",
            title,
            "No evidence is stored: tandem detect looks for it.",
        );
    }
    let at = At::coverage("evidence");
    let mut signals: Vec<(Signal, u64)> = Vec::new();
    let mut table = Table::new(&["Place", "The tool", "Confidence", ">Pull requests", ">Hits"]);
    for (index, count) in counts.iter().enumerate() {
        match signals
            .iter_mut()
            .find(|(signal, _)| *signal == count.signal)
        {
            Some((_, sum)) => *sum += count.pull_requests,
            None => signals.push((count.signal, count.pull_requests)),
        }
        let at = at.to(index);
        let signal = serde_json::to_value(count.signal).unwrap_or_default();
        table.row(vec![
            Cell::link(
                signal_words(count.signal),
                view.pull_requests_link(&[("evidence", signal.as_str().unwrap_or_default())]),
            ),
            Cell::text(role_words(count.role)),
            Cell::text(confidence_words(count.confidence)),
            Cell::number(at.to("pull_requests").count(count.pull_requests)),
            Cell::number(at.to("hits").count(count.hits)),
        ]);
    }
    signals.sort_by_key(|(_, sum)| *sum);
    let names: Vec<&str> = signals
        .iter()
        .map(|(signal, _)| signal_words(*signal))
        .collect();
    let series = [
        (
            Role::Authored,
            Confidence::High,
            "wrote, high",
            "var(--series-1)",
        ),
        (
            Role::Authored,
            Confidence::Medium,
            "wrote, medium",
            "var(--series-6)",
        ),
        (
            Role::Assisted,
            Confidence::High,
            "helped, high",
            "var(--series-3)",
        ),
        (
            Role::Assisted,
            Confidence::Medium,
            "helped, medium",
            "var(--series-5)",
        ),
        (
            Role::Reviewed,
            Confidence::High,
            "reviewed, high",
            "var(--series-4)",
        ),
        (
            Role::Reviewed,
            Confidence::Medium,
            "reviewed, medium",
            "var(--series-7)",
        ),
    ];
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (role, confidence, name, colour) in series {
        let of = |signal: Signal| {
            let found = counts.iter().find(|count| {
                count.signal == signal && count.role == role && count.confidence == confidence
            });
            found.map_or(0, |count| count.pull_requests)
        };
        let values: Vec<u64> = signals.iter().map(|(signal, _)| of(*signal)).collect();
        if values.iter().any(|value| *value > 0) {
            traces.push(
                Bar::new(values, names.clone())
                    .name(name)
                    .orientation(Orientation::Horizontal)
                    .marker(Marker::new().color(colour))
                    .hover_template("%{y}: %{x} pull requests"),
            );
        }
    }
    let low: u64 = (counts.iter())
        .filter(|count| count.confidence == Confidence::Low)
        .map(|count| count.pull_requests)
        .sum();
    Figure::plot(
        "evidence-mix",
        title,
        format!(
            "Pull requests by place, role and confidence; one with several traces counts for each. Low confidence \
             ({low}) is kept in the table, never enough alone for a verdict."
        ),
        &traces,
        Layout::new()
            .bar_mode(BarMode::Stack)
            .x_axis(Axis::new().title("pull requests"))
            .y_axis(Axis::new().type_(AxisType::Category)),
        table,
    )
    .height(150 + 32 * u32::try_from(names.len()).unwrap_or(0))
}
