//! `tandem adoption`: AI adoption by team and month, and the tools.

mod heat;

use insights::adoption::{Adoption, AdoptionClock, Group, ToolChangeKind, ToolShare, adoption_of};
use jiff::Timestamp;
use stats::Proportion;
use store::{Selection, Store};
use web::documents::AdoptionDocument;

use crate::app::App;
use crate::cli::{AdoptionArguments, MonthChoice};
use crate::error::{CliError, Outcome};
use crate::output::{Output, count, percent};
use crate::wiring::database::require_team;
use crate::wiring::observations;

/// How many months the heat map shows.
const MONTHS_SHOWN: usize = 12;

/// How many tools taken up or given up are listed.
const CHANGES_SHOWN: usize = 12;

/// Prints adoption.
pub(crate) fn run(app: &App, arguments: &AdoptionArguments) -> Result<Outcome, CliError> {
    let store = app.open_to_read("adoption")?;
    require_team(store.as_ref(), arguments.period.team.as_deref())?;
    let observations = observations::of_period(app, store.as_ref(), &arguments.period)?;
    let (clock, name) = clock_of(arguments.by);
    let adoption = adoption_of(&observations, clock, Some(&this_month()));
    if app.output.json {
        app.output.document(&AdoptionDocument {
            version: 1,
            clock: name,
            adoption: &adoption,
        })?;
    } else {
        print(&app.output, &adoption, clock)?;
    }
    Ok(Outcome::Done)
}

/// The clock that was chosen, and its name in documents.
pub(crate) fn clock_of(choice: MonthChoice) -> (AdoptionClock, &'static str) {
    match choice {
        MonthChoice::Created => (AdoptionClock::Created, "created_at"),
        MonthChoice::Merged => (AdoptionClock::Merged, "merged_at"),
    }
}

/// Measures adoption over all pull requests of a selection, by month of opening.
pub(crate) fn measure(store: &dyn Store, selection: &Selection) -> Result<Adoption, CliError> {
    let observations = observations::read(store, selection)?;
    Ok(adoption_of(
        &observations,
        AdoptionClock::Created,
        Some(&this_month()),
    ))
}

/// The month that is not over; it is marked as incomplete.
pub(crate) fn this_month() -> String {
    Timestamp::now().strftime("%Y-%m").to_string()
}

/// Prints adoption as people read it.
pub(crate) fn print(
    output: &Output,
    adoption: &Adoption,
    clock: AdoptionClock,
) -> Result<(), CliError> {
    let overall = &adoption.overall;
    if overall.pull_requests == 0 {
        return output
            .line("No pull requests to speak of yet: tandem import FILE, then tandem detect.");
    }
    output.heading("Adoption (at least: AI that leaves no trace is not seen)")?;
    output.line(&format!(
        "  AI wrote or helped to write at least {} of {} pull requests by people and agents; AI reviewed {}.",
        interval_text(overall.of_all),
        count(overall.pull_requests),
        percent(overall.reviewed_of_all.and_then(|share| share.share)),
    ))?;
    output.line("")?;
    let rows: Vec<Vec<String>> = adoption
        .by_team
        .iter()
        .map(|team| group_row(&team.name, &team.group))
        .collect();
    output.table(
        &[
            "Team",
            ">PRs",
            ">Agent",
            ">Assisted",
            ">At least",
            ">95 % interval",
            ">AI reviewed",
            ">Unknown",
            ">Plain bots",
        ],
        &rows,
    )?;
    heat::print(output, adoption, clock)?;
    print_tools(
        output,
        "Tools that wrote or helped to write",
        &adoption.author_tools,
    )?;
    print_tools(
        output,
        "Tools that reviewed (never counted as authors)",
        &adoption.review_tools,
    )?;
    print_changes(output, adoption)
}

/// Tools that came and went, newest first.
fn print_changes(output: &Output, adoption: &Adoption) -> Result<(), CliError> {
    if adoption.tool_changes.is_empty() {
        return Ok(());
    }
    output.heading("Tools taken up and given up, newest first")?;
    let rows: Vec<Vec<String>> = adoption
        .tool_changes
        .iter()
        .rev()
        .take(CHANGES_SHOWN)
        .map(|change| {
            vec![
                change.month.clone(),
                change.team.clone(),
                change.tool.clone(),
                if change.reviewed { "review" } else { "author" }.to_owned(),
                match change.kind {
                    ToolChangeKind::New => "new",
                    ToolChangeKind::Stopped => "stopped",
                }
                .to_owned(),
                count(change.pull_requests),
            ]
        })
        .collect();
    output.table(
        &["Month", "Team", "Tool", "As", "What", ">PRs in all"],
        &rows,
    )?;
    let more = adoption.tool_changes.len().saturating_sub(CHANGES_SHOWN);
    if more > 0 {
        output.remark(&format!("  and {more} earlier; --json has them all"))?;
    }
    Ok(())
}

fn group_row(name: &str, group: &Group) -> Vec<String> {
    vec![
        name.to_owned(),
        count(group.pull_requests),
        count(group.agent),
        count(group.assisted),
        percent(group.of_all.and_then(|share| share.share)),
        bounds(group.of_all),
        percent(group.reviewed_of_all.and_then(|share| share.share)),
        count(group.unknown),
        count(group.plain_bots),
    ]
}

fn print_tools(output: &Output, title: &str, tools: &[ToolShare]) -> Result<(), CliError> {
    if tools.is_empty() {
        return Ok(());
    }
    output.heading(title)?;
    let rows: Vec<Vec<String>> = tools
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
    output.table(&["Tool", ">PRs", ">Of all PRs", ">95 % interval"], &rows)
}

/// `31.2 % (29.5-32.9)`.
fn interval_text(proportion: Option<Proportion>) -> String {
    format!(
        "{} (95 % interval {})",
        percent(proportion.and_then(|proportion| proportion.share)),
        bounds(proportion)
    )
}

/// `29.5-32.9`, in percent.
pub(crate) fn bounds(proportion: Option<Proportion>) -> String {
    proportion
        .and_then(|proportion| proportion.interval)
        .map_or_else(
            || "-".to_owned(),
            |interval| format!("{:.1}-{:.1}", interval.low * 100.0, interval.high * 100.0),
        )
}
