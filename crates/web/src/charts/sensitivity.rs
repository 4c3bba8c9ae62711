//! The same effect under other definitions.

use insights::effects::{Basis, Comparison};

use super::effects::{Point, Series, forest_height, forest_layout, forest_traces};
use super::{Cell, Figure, Table, colour};
use crate::shown::At;

/// A comparison of all together, and what it becomes under other definitions. `index` is its place among
/// the comparisons of its metric.
pub(crate) fn sensitivity(id: &'static str, one: &Comparison, index: usize) -> Figure {
    let metric = one.metric;
    let title = format!(
        "Does the answer hang on a definition? ({})",
        metric.definition().title
    );
    if one.sensitivity.is_empty() {
        return Figure::nothing(
            id,
            title,
            "There are too few pull requests to try other definitions.",
        );
    }
    let at = At::effects(metric, index);
    let mut table = Table::new(&[
        "Definition",
        ">Pull requests",
        ">Estimate",
        ">95 % interval",
        "Adjusted",
    ]);
    let mut names = Vec::new();
    let mut points = Vec::new();
    if let Some(headline) = one.headline {
        table.row(vec![
            Cell::text("as it is told first"),
            Cell::number("–"),
            Cell::number(
                at.to("headline/value")
                    .effect(one.unit, Some(headline.value)),
            ),
            Cell::number(
                at.to("headline/interval")
                    .interval(one.unit, headline.interval),
            ),
            Cell::text(basis_word(Some(headline.basis))),
        ]);
        if let Some(interval) = headline.interval {
            points.push((names.len(), Point::new(headline.value, interval, one.unit)));
            names.push("as it is told first".to_owned());
        }
    }
    for (place, variant) in one.sensitivity.iter().enumerate() {
        let at = at.to("sensitivity").to(place);
        table.row(vec![
            Cell::text(variant.what),
            Cell::number(at.to("n").count(variant.n)),
            Cell::number(at.to("value").effect(one.unit, variant.value)),
            Cell::number(at.to("interval").interval(one.unit, variant.interval)),
            Cell::text(basis_word(variant.basis)),
        ]);
        if let (Some(value), Some(interval)) = (variant.value, variant.interval) {
            points.push((names.len(), Point::new(value, interval, one.unit)));
            names.push(variant.what.to_owned());
        }
    }
    if points.is_empty() {
        return Figure::nothing(
            id,
            title,
            "No definition leaves enough pull requests on both sides.",
        )
        .with_table(table);
    }
    let all = [Series {
        name: "estimate",
        colour: colour::AGENT,
        size: 10,
        shift: 0.0,
        points,
    }];
    Figure::plot(
        id,
        title,
        "All teams. If one row lies elsewhere than the others, the answer hangs on that definition. The last row, \
         where there is one, says what mistakes of detection could make of it.",
        &forest_traces(&all, one.unit),
        forest_layout(&names, &all, one.unit),
        table,
    )
    .height(forest_height(names.len()))
}

fn basis_word(basis: Option<Basis>) -> &'static str {
    match basis {
        Some(Basis::Adjusted) => "yes",
        Some(Basis::Unadjusted) => "no",
        None => "–",
    }
}
