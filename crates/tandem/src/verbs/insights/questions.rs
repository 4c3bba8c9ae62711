//! What leaders ask beyond adoption and comparisons, as tables.

use insights::questions::{
    CycleSplit, Endings, EventKind, Load, Quality, QualitySign, Questions, StageMedian,
    StageMedians, Unseen, WorkCell,
};
use insights::wording::{duration_text, points_text, ratio_text};
use stats::Proportion;

use super::sheet::Sheet;
use crate::output::{count, percent};

/// Months of load that are shown for all together; of each team the last one.
const MONTHS_SHOWN: usize = 4;
/// Large unseen pull requests that are named.
const LISTED: usize = 5;

/// Who has started, and what changed then.
pub(super) fn add_starts(sheet: &mut Sheet, questions: &Questions) {
    sheet.heading("Who has started");
    let rows = questions.starts.iter().map(|start| {
        vec![
            start.team.clone(),
            start.adopted.as_ref().map_or_else(
                || "not yet".to_owned(),
                |month| {
                    format!(
                        "{month}{}",
                        if start.may_be_earlier {
                            " or before"
                        } else {
                            ""
                        }
                    )
                },
            ),
            percent(start.first_months.share),
            percent(start.last_months.share),
            start.change.map_or_else(|| "-".to_owned(), points_text),
            start
                .quartile_of_change
                .map_or_else(|| "-".to_owned(), |quartile| format!("{quartile} of 4")),
        ]
    });
    sheet.table(
        &[
            "Team",
            "Adopted",
            ">First 3 months",
            ">Last 3 months",
            ">Change",
            ">Quartile",
        ],
        rows.collect(),
    );
    sheet.remark(
        "adopted: the first of two months in a row with at least 10 % AI-authored; complete months",
    );
}

/// What changed when AI, or an AI reviewer, was taken up.
pub(super) fn add_events(sheet: &mut Sheet, questions: &Questions) {
    sheet.heading("What changed when it was taken up (against those that had not yet)");
    for report in &questions.events {
        sheet.line(report.sentence.clone());
        let Some(effect) = report.study.shown() else {
            continue;
        };
        let months: Vec<String> = effect
            .months
            .iter()
            .map(|month| {
                let ratio = month
                    .ratio
                    .map_or_else(|| "-".to_owned(), |it| ratio_text(it.ratio));
                match month.relative {
                    0 => format!("0 {ratio}"),
                    other => format!("{other:+} {ratio}"),
                }
            })
            .collect();
        sheet.remark(format!("   month: {}", months.join("  ")));
        if let Some(trend) = effect.trend_before {
            sheet.remark(format!(
                "   trend before, a month: {} ({:.2} to {:.2}), p {:.2}",
                ratio_text(trend.ratio),
                trend.interval.low,
                trend.interval.high,
                trend.p
            ));
        }
    }
    let reviewed = (questions.events.iter())
        .any(|report| report.event == EventKind::AiReviewIntroduced && !report.starts.is_empty());
    if let (true, Some(latency)) = (reviewed, questions.bot_latency) {
        sheet.remark(format!(
            "bots answer after {} (median of {}); never counted as people",
            duration_text(latency.seconds),
            count(latency.n as u64)
        ));
    }
}

/// Where the time goes.
pub(super) fn add_time(sheet: &mut Sheet, questions: &Questions) {
    sheet.heading("Where the time goes (medians, each of its own)");
    let rows = questions.cycle_split.iter().flat_map(time_rows).collect();
    sheet.table(
        &[
            "Team",
            "",
            ">n",
            ">As a draft",
            ">Pickup",
            ">Review",
            ">Of it after approval",
            ">Cycle",
        ],
        rows,
    );
}

fn time_rows(split: &CycleSplit) -> Vec<Vec<String>> {
    let stage = |stage: Option<StageMedian>| {
        stage.map_or_else(|| "-".to_owned(), |stage| duration_text(stage.seconds))
    };
    let row = |arm: &str, medians: &Option<StageMedians>| {
        let medians = medians.as_ref()?;
        Some(vec![
            split.team.as_deref().unwrap_or("all").to_owned(),
            arm.to_owned(),
            count(medians.n as u64),
            stage(medians.draft),
            stage(medians.pickup),
            stage(medians.review),
            stage(medians.approve_to_merge),
            stage(medians.cycle),
        ])
    };
    [
        row("with AI", &split.with_ai),
        row("none detected", &split.without_ai),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether reviewers keep up.
pub(super) fn add_load(sheet: &mut Sheet, questions: &Questions) {
    let load = &questions.reviewer_load;
    sheet.heading("Reviewers (people are counted, not named; - below five of them)");
    let rows = load.groups.iter().flat_map(load_rows).collect();
    sheet.table(
        &[
            "Team",
            "Month",
            ">Reviews",
            ">People",
            ">Each",
            ">Gini",
            ">Waiting at its end",
            ">With AI",
            ">Median age",
        ],
        rows,
    );
    for group in &load.groups {
        let Some(tenth) = group.busiest_tenth.shown() else {
            continue;
        };
        sheet.line(format!(
            "{}: the tenth of {} reviewers that does most does {} of the reviews of AI-authored work, and {} of \
             the rest",
            group.team.as_deref().unwrap_or("all"),
            tenth.reviewers,
            percent(tenth.of_ai),
            percent(tenth.of_others)
        ));
    }
    let lag = &load.share_to_next_pickup;
    match (lag.shown(), lag.reason()) {
        (Some(lag), _) => sheet.line(format!(
            "AI's share in a month against pickup time in the next, within teams: rank correlation {:.2} (95 % \
             interval {:.2} to {:.2}; {} teams, {} pairs of months)",
            lag.rho, lag.interval.low, lag.interval.high, lag.teams, lag.n
        )),
        (None, reason) => sheet.line(format!(
            "AI's share in a month against pickup time in the next: not enough data ({})",
            reason.unwrap_or("-")
        )),
    }
    if load.without_reviewers > 0 {
        sheet.remark(format!(
            "{} reviewed pull requests whose reviewers are not stored: tandem detect reads them",
            count(load.without_reviewers)
        ));
    }
}

fn load_rows(load: &Load) -> Vec<Vec<String>> {
    let shown = if load.team.is_none() { MONTHS_SHOWN } else { 1 };
    let skipped = load.months.len().saturating_sub(shown);
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    load.months
        .iter()
        .skip(skipped)
        .map(|month| {
            vec![
                load.team.as_deref().unwrap_or("all").to_owned(),
                month.month.clone(),
                count(month.reviews),
                or_dash(month.reviewers.map(|people| people.to_string())),
                or_dash(month.per_reviewer.map(|each| format!("{each:.1}"))),
                or_dash(month.gini.map(|gini| format!("{gini:.2}"))),
                count(month.waiting),
                count(month.waiting_with_ai),
                or_dash(month.median_age_seconds.map(duration_text)),
            ]
        })
        .collect()
}

/// What is merged unseen, and quality.
pub(super) fn add_unseen(sheet: &mut Sheet, unseen: &Unseen) {
    sheet.heading("Merged without another person having looked");
    let rows = unseen.shares.iter().map(|share| {
        vec![
            share.team.as_deref().unwrap_or("all").to_owned(),
            share_text(share.with_ai),
            share_text(share.without_ai),
        ]
    });
    sheet.table(&["Team", ">With AI", ">None detected"], rows.collect());
    let newest: Vec<String> = unseen
        .large
        .iter()
        .take(LISTED)
        .map(|one| {
            format!(
                "{} ({} lines)",
                one.pull_request,
                count(u64::from(one.lines))
            )
        })
        .collect();
    if !newest.is_empty() {
        sheet.remark(format!(
            "{} of them above {} lines, newest: {}",
            count(unseen.large_total),
            unseen.large_lines,
            newest.join(", ")
        ));
    }
}

/// `12.0 % (6 of 50)`.
fn share_text(share: Option<Proportion>) -> String {
    share.map_or_else(
        || "-".to_owned(),
        |share| {
            format!(
                "{} ({} of {})",
                percent(share.share),
                count(share.successes),
                count(share.n)
            )
        },
    )
}

/// Reverts and repeated rounds.
pub(super) fn add_quality(sheet: &mut Sheet, quality: &[Quality]) {
    sheet.heading("Reverts and repeated rounds");
    let rows = quality.iter().map(|one| {
        vec![
            match one.sign {
                QualitySign::Reverted => "reverted within 30 days",
                QualitySign::SeveralRounds => "more than one round",
            }
            .to_owned(),
            one.team.as_deref().unwrap_or("all").to_owned(),
            share_text(one.with_ai),
            share_text(one.without_ai),
            match (one.odds.shown(), one.odds.reason()) {
                (Some(odds), _) => format!(
                    "x{:.2} ({:.2} to {:.2})",
                    odds.ratio, odds.interval.low, odds.interval.high
                ),
                (None, reason) => reason.unwrap_or("-").to_owned(),
            },
        ]
    });
    sheet.table(
        &[
            "Sign",
            "Team",
            ">With AI",
            ">None detected",
            "Odds within repository, size and type",
        ],
        rows.collect(),
    );
}

/// Sizes by origin.
pub(super) fn add_sizes(sheet: &mut Sheet, questions: &Questions) {
    sheet.heading("Size in lines, by origin");
    let rows = questions.sizes.origins.iter().map(|origin| {
        let mut row = vec![
            match origin.origin {
                model::Origin::Agent => "agent",
                model::Origin::Assisted => "assisted",
                _ => "none detected",
            }
            .to_owned(),
            count(origin.n),
            origin
                .median_lines
                .map_or_else(|| "-".to_owned(), |lines| format!("{lines:.0}")),
        ];
        row.extend((origin.buckets.iter()).map(|bucket| format!("{:.0} %", bucket.share * 100.0)));
        row.push(percent(origin.very_large.share));
        row
    });
    sheet.table(
        &[
            "Origin",
            ">n",
            ">Median",
            ">XS 0-9",
            ">S -29",
            ">M -99",
            ">L -499",
            ">XL -999",
            ">XXL",
            ">Above 500",
        ],
        rows.collect(),
    );
}

/// What became of each tool's work.
pub(super) fn add_outcomes(sheet: &mut Sheet, questions: &Questions) {
    sheet.heading("What became of it, by tool");
    let rows = questions.endings.groups.iter().map(|group| {
        vec![
            tool_name(group.tool.as_deref()),
            count(group.n),
            count(group.merged),
            count(group.closed),
            count(group.open),
            percent(group.merged_of_ended.share),
            percent(merged_within(group, 7.0)),
            group
                .median_cycle_seconds
                .map_or_else(|| "-".to_owned(), duration_text),
        ]
    });
    sheet.table(
        &[
            "Tool",
            ">PRs",
            ">Merged",
            ">Closed",
            ">Open",
            ">Merged of those over",
            ">Merged within 7 days",
            ">Median cycle",
        ],
        rows.collect(),
    );
    sheet.remark("within 7 days: open ones censored, closing competes; one with several tools counts with each");
}

fn tool_name(tool: Option<&str>) -> String {
    tool.unwrap_or("none detected").to_owned()
}

/// What the curve says after some days; `None` without a curve.
fn merged_within(group: &Endings, days: f64) -> Option<f64> {
    let until = days * 86_400.0;
    let passed = (group.merged_curve.iter()).take_while(|point| point.seconds <= until);
    passed.last().map(|point| point.share)
}

/// Kinds of change, languages and repositories by tool.
pub(super) fn add_work(sheet: &mut Sheet, questions: &Questions) {
    sheet.heading("Which work suits: merged of those over, median cycle against none detected, n");
    for work in questions.work.iter().filter(|work| !work.cells.is_empty()) {
        let tools: Vec<Option<&str>> = work.tools.iter().map(Option::as_deref).collect();
        let mut columns = vec![work.axis.title().to_owned()];
        columns.extend(tools.iter().map(|tool| format!(">{}", tool_name(*tool))));
        let rows = work.rows.iter().map(|row| {
            let cells = tools.iter().map(|tool| {
                let cell = (work.cells.iter())
                    .find(|cell| cell.row == *row && cell.tool.as_deref() == *tool);
                cell.map_or_else(|| "-".to_owned(), work_text)
            });
            std::iter::once(row.clone()).chain(cells).collect()
        });
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        sheet.table(&columns, rows.collect());
        if work.more_rows > 0 {
            sheet.remark(format!("{} more are left out", count(work.more_rows)));
        }
    }
    sheet.remark("n? fewer than 20; as they are, not adjusted for who and where");
}

fn work_text(cell: &WorkCell) -> String {
    let merged = cell.merged.share.unwrap_or(0.0) * 100.0;
    let ratio = cell
        .cycle_ratio
        .map_or_else(String::new, |ratio| format!(" {}", ratio_text(ratio)));
    let mark = if cell.insufficient { "?" } else { "" };
    format!("{merged:.0} %{ratio} {}{mark}", count(cell.n))
}

/// What the detection rests on.
pub(super) fn add_detection(sheet: &mut Sheet, questions: &Questions) {
    let card = &questions.detection;
    sheet.heading("What the detection rests on");
    sheet.line(format!(
        "with AI: {} by hard signs (confidence 0.95 and more), {} firm (0.80), {} soft; none detected in {}",
        count(card.with_ai.hard),
        count(card.with_ai.firm),
        count(card.with_ai.soft),
        count(card.none_detected)
    ));
    sheet.line(format!(
        "left out: {} whose record does not tell, {} not detected yet, {} by plain bots, {} not measured; {} \
         whose person is not known",
        count(card.unknown),
        count(card.not_detected_yet),
        count(card.plain_bots),
        count(card.not_measured),
        count(card.without_person)
    ));
}
