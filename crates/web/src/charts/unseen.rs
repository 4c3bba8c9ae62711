//! What is merged without a person having looked.

use insights::questions::{Unseen, UnseenShare};
use maud::{Markup, html};
use plotly::Layout;
use plotly::layout::Axis;

use super::effects::{Point, Series, forest_height, forest_traces, row_axis};
use super::{Cell, Figure, Table, colour};
use crate::shown::At;
use crate::view::View;
use insights::effects::EffectUnit;

/// The most teams that are drawn; the table has all.
const MOST_DRAWN: usize = 40;

/// The share merged without a human look, by origin and team.
pub(crate) fn unseen_shares(view: &View<'_>) -> Figure {
    let title = "Merged without a person having looked";
    let shares = &view.report.questions.unseen.shares;
    let drawn: Vec<&UnseenShare> = (shares.iter())
        .filter(|share| share.with_ai.is_some() || share.without_ai.is_some())
        .take(MOST_DRAWN)
        .collect();
    if drawn.is_empty() {
        return Figure::nothing(
            "unseen",
            title,
            "Neither side has five merged pull requests whose reviews are known.",
        );
    }
    let points = |pick: fn(&UnseenShare) -> Option<stats::Proportion>| {
        (drawn.iter().enumerate())
            .filter_map(|(row, share)| {
                let share = pick(share)?;
                Some((
                    row,
                    Point::new(share.share?, share.interval?, EffectUnit::Points),
                ))
            })
            .collect()
    };
    let all = [
        Series {
            name: "none detected",
            colour: colour::NONE,
            size: 8,
            shift: 0.16,
            points: points(|share| share.without_ai),
        },
        Series {
            name: "with AI",
            colour: colour::AGENT,
            size: 11,
            shift: -0.16,
            points: points(|share| share.with_ai),
        },
    ];
    let names: Vec<String> = (drawn.iter())
        .map(|share| share.team.clone().unwrap_or_else(|| scope_name(view)))
        .collect();
    let at = At::report("questions").to("unseen").to("shares");
    let mut table = Table::new(&[
        "Team",
        ">With AI (95 %)",
        ">of merged",
        ">None detected (95 %)",
        ">of merged",
    ]);
    for (index, share) in shares.iter().enumerate() {
        let at = at.to(index);
        let arm = |field: &str, arm: Option<stats::Proportion>| {
            let at = at.to(field);
            let n = arm.map_or_else(|| html! { "< 5" }, |arm| at.to("n").count(arm.n));
            [Cell::number(at.proportion(arm)), Cell::number(n)]
        };
        let mut cells = vec![Cell::name(
            &share.team.clone().unwrap_or_else(|| scope_name(view)),
            share.team.as_ref().and_then(|team| view.team_link(team)),
        )];
        cells.extend(arm("with_ai", share.with_ai));
        cells.extend(arm("without_ai", share.without_ai));
        table.row(cells);
    }
    Figure::plot(
        "unseen",
        title,
        "% of merged pull requests without a review or comment by another person, of those whose reviews are known; \
         95 % intervals. As they are, not adjusted; the adjusted difference stands with the effects.",
        &forest_traces(&all, EffectUnit::Points),
        Layout::new()
            .x_axis(Axis::new().title("% of merged").range(vec![0.0, 100.0]))
            .y_axis(row_axis(&names)),
        table,
    )
    .height(forest_height(names.len()))
}

fn scope_name(view: &View<'_>) -> String {
    view.report
        .scope
        .team
        .clone()
        .unwrap_or_else(|| "All teams".to_owned())
}

/// The newest of the large ones.
pub(crate) fn unseen_list(view: &View<'_>) -> Markup {
    let Unseen {
        large_lines,
        large_total,
        large,
        ..
    } = &view.report.questions.unseen;
    let at = At::report("questions").to("unseen");
    let mut table = Table::new(&["Pull request", "Team", ">Lines", "Merged", "AI"]);
    for (index, one) in large.iter().enumerate() {
        let at = at.to("large").to(index);
        table.row(vec![
            Cell::name(&one.pull_request, view.pull_request_link(&one.pull_request)),
            Cell::name(&one.team, view.team_link(&one.team)),
            Cell::number(at.to("lines").count(one.lines)),
            Cell::text(&one.merged_month),
            Cell::text(match (one.with_ai, one.tools.is_empty()) {
                (true, false) => one.tools.join(", "),
                (true, true) => "yes".to_owned(),
                (false, _) => "none detected".to_owned(),
            }),
        ]);
    }
    html! {
        section.card.wide id="unseen-large" {
            h2 { "Large changes merged unseen" }
            p.note { (at.to("large_total").count(*large_total)) " of more than " (at.to("large_lines").count(*large_lines))
                " lines, generated files left out; the newest " (large.len()) " are listed." }
            @if !table.is_empty() { details.numbers { summary { "The list" } (table) } }
        }
    }
}
