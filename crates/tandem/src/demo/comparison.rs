//! What Tandem found, beside what was planted.

use std::collections::BTreeMap;

use detect::evaluation::Evaluation;
use insights::adoption::Adoption;
use serde::Serialize;
use stats::Proportion;

use crate::demo::organisation::PlantedSummary;
use crate::error::CliError;
use crate::output::{Output, count, percent};
use crate::verbs::adoption::bounds;

/// Found beside planted, by team.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Comparison {
    /// By team.
    pub(crate) teams: Vec<TeamComparison>,
    /// Team-months in which exactly the pull requests with a signature were found.
    pub(crate) months_found: u64,
    /// Team-months with pull requests.
    pub(crate) months: u64,
}

/// One team.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TeamComparison {
    /// The team.
    pub(crate) team: String,
    /// Pull requests, plain bots left out.
    pub(crate) pull_requests: u64,
    /// Made with AI, as planted.
    pub(crate) planted: Proportion,
    /// Of those, with a signature that can be found.
    pub(crate) signed: Proportion,
    /// What Tandem found.
    pub(crate) found: Proportion,
}

/// Sums the planted cells by team and puts what was found beside them.
pub(crate) fn compare(planted: &PlantedSummary, adoption: &Adoption) -> Comparison {
    let mut teams: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    let (mut months, mut months_found) = (0, 0);
    for cell in &planted.adoption {
        let sums = teams.entry(&cell.team).or_default();
        sums.0 += cell.pull_requests;
        sums.1 += cell.ai_authored;
        sums.2 += cell.signed;
        let found = adoption
            .by_team_month
            .iter()
            .find(|found| found.team == cell.team && found.month == cell.month);
        if cell.pull_requests > 0 {
            months += 1;
            // Signed pull requests are what a signature can find: the count must be exactly that.
            let counted = found.map_or(0, |found| found.group.agent + found.group.assisted);
            months_found += u64::from(counted == cell.signed);
        }
    }
    let teams = teams
        .into_iter()
        .map(|(team, (pull_requests, ai_authored, signed))| {
            let found = adoption
                .by_team
                .iter()
                .find(|found| found.name == team)
                .map_or(0, |found| found.group.agent + found.group.assisted);
            TeamComparison {
                team: team.to_owned(),
                pull_requests,
                planted: Proportion::new(ai_authored, pull_requests),
                signed: Proportion::new(signed, pull_requests),
                found: Proportion::new(found, pull_requests),
            }
        })
        .collect();
    Comparison {
        teams,
        months_found,
        months,
    }
}

/// Prints the comparison as people read it.
pub(crate) fn print(
    output: &Output,
    comparison: &Comparison,
    evaluation: &Evaluation,
) -> Result<(), CliError> {
    output.heading("Beside the planted truth")?;
    let rows: Vec<Vec<String>> = comparison
        .teams
        .iter()
        .map(|team| {
            vec![
                team.team.clone(),
                count(team.pull_requests),
                percent(team.planted.share),
                percent(team.signed.share),
                percent(team.found.share),
                bounds(Some(team.found)),
            ]
        })
        .collect();
    output.table(
        &[
            "Team",
            ">PRs",
            ">Made with AI",
            ">It left a trace",
            ">Found",
            ">95 % interval",
        ],
        &rows,
    )?;
    output.line(&format!(
        "  {} of {} team-months: found exactly the pull requests in which AI left a signature",
        count(comparison.months_found),
        count(comparison.months),
    ))?;
    let authored = &evaluation.authored;
    output.line(&format!(
        "  Tandem found {} of {} pull requests made with AI ({}), and called {} of {} by people AI.",
        count(authored.tp),
        count(authored.tp + authored.fn_),
        percent(authored.recall),
        count(authored.fp),
        count(authored.fp + authored.tn),
    ))?;
    let visible = &evaluation.visible;
    let review = &evaluation.review_overall;
    output.line(&format!(
        "  Where AI left a signature: {} of {} with the right tool. AI reviews: precision {}, recall {}.",
        count(visible.right_tool),
        count(visible.n),
        percent(review.precision),
        percent(review.recall),
    ))?;
    output.remark(
        "  What AI left no trace of cannot be found; this is why adoption is called a lower bound.",
    )
}
