//! `tandem report`: the report in one file, for a browser, a printer or a wiki.

mod markdown;
pub(crate) mod write;

use std::io::IsTerminal;
use std::path::Path;

use insights::{Report, Scope};
use jiff::Timestamp;
use store::Store;
use web::{Charts, FileReport, report_file};

use crate::app::App;
use crate::cli::{ReportArguments, ReportFormat};
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::json_document;
use crate::wiring::database::require_team;
use crate::wiring::observations::{configured_reading, scope_of};
use crate::wiring::pages::{Making, basis_of, reports_of};

/// Teams with a chapter of their own in a file, those with the most pull requests: a file of thousands would open
/// in no browser. The others are in all tables.
const MOST_CHAPTERS: usize = 64;

/// Writes a report.
pub(crate) fn run(app: &App, arguments: &ReportArguments) -> Result<Outcome, CliError> {
    let output = arguments.output.as_path();
    let is_stdout = output == Path::new("-");
    let format = format_of(arguments);
    if is_stdout
        && !app.output.json
        && format == ReportFormat::Html
        && std::io::stdout().is_terminal()
    {
        return Err(CliError::input("a page of HTML is not for a terminal")
            .hint("name a file: tandem report -o report.html; or --format markdown"));
    }
    let store = app.open_to_read("report")?;
    require_team(store.as_ref(), arguments.period.team.as_deref())?;
    let scope = scope_of(&arguments.period);
    let wants_teams = !app.output.json && format == ReportFormat::Html;
    let (report, teams) = reports(app, store.as_ref(), &scope, wants_teams)?;
    if report.not_measured > 0 {
        app.output.warning(&format!(
            "{} pull requests are not measured yet; tandem detect does",
            report.not_measured
        ));
    }
    let all_teams = report.adoption_by_created.by_team.len();
    if wants_teams && scope.team.is_none() && teams.len() < all_teams {
        app.output.note(&format!(
            "the {} teams with the most pull requests have a chapter each; --team NAME makes the report of another",
            teams.len()
        ));
    }
    let text = if app.output.json {
        json_document(&report)?
    } else {
        match format {
            ReportFormat::Markdown => markdown::page(&report),
            ReportFormat::Html => report_file(&FileReport {
                report: &report,
                teams: &teams,
                basis: &basis_of(store.as_ref()).map_err(internal)?,
                settings: &settings(app)?,
                made_at: Timestamp::now(),
                charts: if arguments.without_charts {
                    Charts::Left
                } else {
                    Charts::Drawn
                },
            }),
        }
    };
    if is_stdout {
        write::to_stdout(&text)?;
    } else {
        write::to_file(output, &text)?;
        app.output.note(&format!(
            "wrote {} ({:.1} MB): {}",
            output.display(),
            text.len() as f64 / 1e6,
            web::scope_words(&report)
        ));
    }
    Ok(Outcome::Done)
}

fn internal(error: web::SourceError) -> CliError {
    CliError::new(ErrorKind::Internal, error)
}

/// How things are shown: as the pages show them.
fn settings(app: &App) -> Result<web::Settings, CliError> {
    let config = app.config()?;
    Ok(web::Settings {
        people: config.privacy.people,
        host: config
            .github
            .base_url
            .unwrap_or_else(|| "https://github.com".to_owned()),
        ..web::Settings::default()
    })
}

fn format_of(arguments: &ReportArguments) -> ReportFormat {
    arguments.format.unwrap_or_else(|| {
        let ending = arguments
            .output
            .extension()
            .and_then(|ending| ending.to_str());
        match ending {
            Some("md" | "markdown") => ReportFormat::Markdown,
            _ => ReportFormat::Html,
        }
    })
}

/// The report of a scope, and those of its teams where they are wanted.
fn reports(
    app: &App,
    store: &dyn Store,
    scope: &Scope,
    wants_teams: bool,
) -> Result<(Report, Vec<Report>), CliError> {
    let mut all: Vec<Report> = Vec::new();
    let calendar = configured_reading(app)?.calendar;
    let making = Making {
        calendar: &calendar,
        most_teams: if wants_teams { MOST_CHAPTERS } else { 0 },
        pool: None,
    };
    reports_of(store, scope, &making, &mut |report| {
        all.push(report);
        wants_teams
    })
    .map_err(internal)?;
    let mut all = all.into_iter();
    let report = all
        .next()
        .ok_or_else(|| CliError::new(ErrorKind::Internal, anyhow::anyhow!("no report was made")))?;
    Ok((report, all.collect()))
}
