//! Adoption by month.

use insights::adoption::{Adoption, Group};
use insights::wording::FEWEST_SHOWN;
use plotly::common::{Marker, Mode};
use plotly::layout::{Axis, AxisType, BarMode};
use plotly::{Bar, Layout, Scatter, Trace};

use super::{Cell, Figure, Table, colour};
use crate::shown::At;
use crate::view::View;
use crate::words::{count, short_month};

/// The name of a month on an axis; the one that is not over says so.
pub(super) fn month_label(adoption: &Adoption, month: &str) -> String {
    let label = short_month(month);
    if adoption.incomplete_month.as_deref() == Some(month) {
        format!("{label}*")
    } else {
        label
    }
}

/// What the mark at a month means; empty where none has it.
pub(super) fn incomplete_note(adoption: &Adoption) -> String {
    adoption
        .incomplete_month
        .as_ref()
        .map_or_else(String::new, |month| format!(" * {month} is not over."))
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64 * 100.0
    }
}

/// Picks a count of a group.
type Part = fn(&Group) -> u64;

/// Shares of the pull requests of each month, stacked.
pub(crate) fn adoption_by_month(view: &View<'_>, adoption: &Adoption) -> Figure {
    let title = "Who wrote it, by month of opening";
    let at = At::report("adoption_by_created").to("by_month");
    let placed: Vec<_> = (adoption.by_month.iter().enumerate())
        .filter(|(_, month)| month.group.may_be_told())
        .collect();
    let months: Vec<_> = placed.iter().map(|(_, month)| *month).collect();
    if months.is_empty() {
        return Figure::nothing(
            "adoption",
            title,
            format!(
                "No month has {FEWEST_SHOWN} pull requests of this scope that were opened in it."
            ),
        );
    }
    let small = adoption.by_month.len() - months.len();
    let left_out = match small {
        0 => String::new(),
        1 => format!(" 1 month with fewer than {FEWEST_SHOWN} pull requests is left out."),
        _ => format!(" {small} months with fewer than {FEWEST_SHOWN} pull requests are left out."),
    };
    let parts: [(&str, Part, &'static str); 4] = [
        ("Agent", |group| group.agent, colour::AGENT),
        ("Assisted", |group| group.assisted, colour::ASSISTED),
        ("None detected", |group| group.none_detected, colour::NONE),
        ("Unknown", |group| group.unknown, colour::UNKNOWN),
    ];
    let names: Vec<String> = (months.iter())
        .map(|month| month_label(adoption, &month.name))
        .collect();
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (name, part, colour) in parts {
        let values: Vec<f64> = months
            .iter()
            .map(|month| share(part(&month.group), month.group.pull_requests))
            .collect();
        let hover: Vec<String> = months
            .iter()
            .map(|month| {
                format!(
                    "{} of {}",
                    count(part(&month.group)),
                    count(month.group.pull_requests)
                )
            })
            .collect();
        traces.push(
            Bar::new(names.clone(), values)
                .name(name)
                .marker(Marker::new().color(colour))
                .hover_text_array(hover)
                .hover_template("%{x}: %{y:.1f} % (%{hovertext})"),
        );
    }
    let reviewed: Vec<f64> = months
        .iter()
        .map(|month| share(month.group.ai_reviewed, month.group.pull_requests))
        .collect();
    traces.push(
        Scatter::new(names, reviewed)
            .name("Reviewed by AI")
            .mode(Mode::LinesMarkers)
            .marker(Marker::new().color(colour::REVIEWED).size(7))
            .hover_template("%{x}: %{y:.1f} % reviewed by AI"),
    );
    let mut table = Table::new(&[
        "Month",
        ">Pull requests",
        ">Agent",
        ">Assisted",
        ">None detected",
        ">Unknown",
        ">AI, of all (95 %)",
        ">AI, of known (95 %)",
        ">Reviewed by AI",
    ]);
    for (index, month) in &placed {
        let at = at.to(index);
        let group = &month.group;
        let counted = |filter: &[(&str, &str)]| {
            let mut pairs = vec![("opened", month.name.as_str())];
            pairs.extend(filter);
            view.counted_link(&pairs)
        };
        let link = |origin: &str| counted(&[("origin", origin)]);
        table.row(vec![
            Cell::text(&month.name),
            Cell::number_link(
                at.to("pull_requests").count(group.pull_requests),
                counted(&[]),
            ),
            Cell::number_link(at.to("agent").count(group.agent), link("agent")),
            Cell::number_link(at.to("assisted").count(group.assisted), link("assisted")),
            Cell::number_link(
                at.to("none_detected").count(group.none_detected),
                link("none_detected"),
            ),
            Cell::number_link(at.to("unknown").count(group.unknown), link("unknown")),
            Cell::number_link(at.to("of_all").proportion(group.of_all), link("ai")),
            Cell::number(at.to("of_known").proportion(group.of_known)),
            Cell::number_link(
                at.to("reviewed_of_all").proportion(group.reviewed_of_all),
                counted(&[("reviewed", "yes")]),
            ),
        ]);
    }
    let overall = &adoption.overall;
    Figure::plot(
        "adoption",
        title,
        format!(
            "Share of pull requests, n = {}; {} of plain bots are in no share. What leaves no trace is not \
             seen: at least.{}{left_out}",
            count(overall.pull_requests),
            count(overall.plain_bots),
            incomplete_note(adoption)
        ),
        &traces,
        Layout::new()
            .bar_mode(BarMode::Stack)
            .x_axis(Axis::new().type_(AxisType::Category))
            .y_axis(
                Axis::new()
                    .title("% of pull requests")
                    .range(vec![0.0, 100.0]),
            ),
        table,
    )
}
