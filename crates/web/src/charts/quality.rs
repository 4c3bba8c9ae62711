//! Reverts and repeated rounds.

use insights::effects::EffectUnit;
use insights::questions::{Quality, QualitySign};

use super::effects::{Point, Series, forest_height, forest_layout, forest_traces};
use super::{Cell, Figure, Table, colour};
use crate::shown::At;
use crate::view::View;
use crate::words::chart_name;

/// The most rows that are drawn; the table has all.
const MOST_DRAWN: usize = 40;

fn sign_words(sign: QualitySign) -> &'static str {
    match sign {
        QualitySign::Reverted => "reverted within 30 days",
        QualitySign::SeveralRounds => "more than one round of review",
    }
}

fn name_of(view: &View<'_>, one: &Quality) -> String {
    let team = one.team.as_deref().or(view.report.scope.team.as_deref());
    match team {
        Some(team) => format!("{}: {}", chart_name(team), sign_words(one.sign)),
        None => format!("All teams: {}", sign_words(one.sign)),
    }
}

/// The odds of both signs, like with like.
pub(crate) fn quality(view: &View<'_>) -> Figure {
    let title = "Reverts and rounds of review";
    let found = &view.report.questions.quality;
    let at = At::report("questions").to("quality");
    let mut table = Table::new(&[
        "Team and sign",
        ">With AI (95 %)",
        ">None detected (95 %)",
        ">Odds ratio",
        ">95 % interval",
        ">Compared",
    ]);
    let mut names = Vec::new();
    let mut points = Vec::new();
    for (index, one) in found.iter().enumerate() {
        let at = at.to(index);
        let odds = one.odds.shown();
        let ratio = at.to("odds");
        table.row(vec![
            Cell::text(name_of(view, one)),
            Cell::number(at.to("with_ai").proportion(one.with_ai)),
            Cell::number(at.to("without_ai").proportion(one.without_ai)),
            Cell::number(
                ratio
                    .to("ratio")
                    .effect(EffectUnit::Ratio, odds.map(|it| it.ratio)),
            ),
            Cell::number(
                ratio
                    .to("interval")
                    .interval(EffectUnit::Ratio, odds.map(|it| it.interval)),
            ),
            Cell::number(odds.map_or_else(|| maud::html! { "–" }, |it| ratio.to("n").count(it.n))),
        ]);
        if let Some(odds) = odds.filter(|_| names.len() < MOST_DRAWN) {
            points.push((
                names.len(),
                Point::new(odds.ratio, odds.interval, EffectUnit::Ratio),
            ));
            names.push(name_of(view, one));
        }
    }
    if points.is_empty() {
        return Figure::nothing(
            "quality",
            title,
            "Odds need 30 pull requests on each side, 10 of which it is so and 10 of which it is not. What is known stands in \
             the table.",
        )
        .with_table(table);
    }
    let all = [Series {
        name: "odds with AI against none detected",
        colour: colour::AGENT,
        size: 11,
        shift: 0.0,
        points,
    }];
    Figure::plot(
        "quality",
        title,
        "Mantel-Haenszel odds ratio within repository, size and type; above 1 it happens more often with AI. 95 % \
         intervals, clustered by author. Associations, not causes.",
        &forest_traces(&all, EffectUnit::Ratio),
        forest_layout(&names, &all, EffectUnit::Ratio),
        table,
    )
    .height(forest_height(names.len()))
}
