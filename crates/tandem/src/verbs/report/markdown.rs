//! The short form of a report, for a wiki or a pull request.

use insights::Report;
use insights::adoption::ToolShare;
use insights::advice::{AdviceReport, FollowUpOutcome};
use insights::answers::full_sentence;
use insights::wording::ADVICE_LOOKS_AT;

use crate::output::{count, percent};
use crate::verbs::adoption::bounds;
use crate::verbs::insights::sheet::Sheet;
use crate::verbs::insights::{add_adoption, add_findings, add_footnotes};

/// The three answers, the tables, the advice.
pub(super) fn page(report: &Report) -> String {
    let mut sheet = Sheet::default();
    sheet.title(format!("AI in pull requests: {}", web::scope_words(report)));
    for answer in &report.answers {
        sheet.heading(format!("{} {}", answer.question, answer.headline));
        sheet.line(&answer.sentence);
    }
    add_adoption(&mut sheet, report);
    let adoption = &report.adoption_by_created;
    add_tools(
        &mut sheet,
        "Tools that wrote or helped to write",
        &adoption.author_tools,
    );
    add_tools(&mut sheet, "Tools that reviewed", &adoption.review_tools);
    add_findings(&mut sheet, report);
    add_advice(&mut sheet, &report.advice);
    add_footnotes(&mut sheet, report.calendar.as_deref());
    sheet.remark("Associations, not causes; adoption is a lower bound.");
    sheet.markdown()
}

/// Advice as a list; the page of insights has the pull requests behind each.
fn add_advice(sheet: &mut Sheet, advice: &AdviceReport) {
    if advice.teams.is_empty() {
        return;
    }
    sheet.heading(format!(
        "What to do next, as of the end of {}",
        advice.month
    ));
    sheet.line(ADVICE_LOOKS_AT);
    for team in &advice.teams {
        for one in &team.advice {
            sheet.item(format!(
                "{}: {}{}. {} Next: {} What would change our mind: {}",
                team.team,
                one.title,
                if one.given_before {
                    " (as the month before)"
                } else {
                    ""
                },
                full_sentence(&one.statement),
                full_sentence(&one.next_step),
                full_sentence(&one.would_change_our_mind)
            ));
        }
        for one in &team.follow_up {
            if one.outcome == FollowUpOutcome::NoLongerHolds {
                sheet.item(format!(
                    "{}: \"{}\" no longer holds. {}",
                    team.team,
                    one.title,
                    full_sentence(one.now.as_deref().unwrap_or_default())
                ));
            }
        }
    }
}

fn add_tools(sheet: &mut Sheet, heading: &str, tools: &[ToolShare]) {
    if tools.is_empty() {
        return;
    }
    sheet.heading(heading);
    let rows = tools
        .iter()
        .map(|tool| {
            vec![
                tool.tool.clone(),
                count(tool.pull_requests),
                percent(tool.share.share),
                bounds(Some(tool.share)),
            ]
        })
        .collect();
    sheet.table(&["Tool", ">PRs", ">Of all PRs", ">95 % interval"], rows);
}
