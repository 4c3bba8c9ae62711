//! `tandem digest`: what changed in the week, as a letter.

mod letter;
mod mail;
mod send;
mod webhook;

use std::path::Path;

use batch::ledger::RunLine;
use insights::advice::{AdviceReport, advise, builtin_rules};
use insights::digest::{Digest, Week, digest};
use insights::effects::Reading;
use jiff::Timestamp;
use serde::Serialize;
use store::{CoverageRates, Selection, Store};

use crate::app::App;
use crate::cli::{DigestArguments, DigestFormat};
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::json_document;
use crate::verbs::report::write;
use crate::wiring::database::require_team;
use crate::wiring::engine::ledger;
use crate::wiring::observations;
use crate::wiring::question::current_versions;

/// The document of `digest --json`.
#[derive(Serialize)]
pub(crate) struct Document {
    version: u32,
    team: Option<String>,
    #[serde(flatten)]
    digest: Digest,
    advice: AdviceReport,
    runs: Runs,
    coverage: Coverage,
}

/// The runs that were started in the week.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Runs {
    started: u64,
    requests: u64,
    answered: u64,
    failed: u64,
    cost_usd: f64,
}

/// Coverage as it is now.
#[derive(Debug, Serialize)]
pub(crate) struct Coverage {
    total: u64,
    analyzed: u64,
    waiting: u64,
    stale: u64,
    quarantined: u64,
    rates: CoverageRates,
}

/// Writes or sends the digest.
pub(crate) fn run(app: &App, arguments: &DigestArguments) -> Result<Outcome, CliError> {
    let store = app.open_to_read("digest")?;
    require_team(store.as_ref(), arguments.team.as_deref())?;
    let now = Timestamp::now().as_second();
    let week = match &arguments.week {
        Some(week) => week.clone(),
        None => Week::last_full(now).map_err(|error| CliError::new(ErrorKind::Internal, error))?,
    };
    if week.start > now {
        return Err(CliError::input(format!("{} has not begun", week.name)));
    }
    let all_runs = ledger(&store).runs()?;
    let calendar = observations::configured_reading(app)?.calendar;
    let document = document(
        store.as_ref(),
        arguments.team.clone(),
        &week,
        &Reading { now, calendar },
        &all_runs,
    )?;
    let letter = letter::letter(&document);
    if arguments.send || arguments.dry_run {
        let config = app.config()?;
        return send::send(app, &config, &letter, arguments.dry_run);
    }
    let output = arguments.output.as_path();
    let text = if app.output.json {
        json_document(&document)?
    } else {
        match format_of(arguments) {
            DigestFormat::Text => letter.text(),
            DigestFormat::Html => letter.html(),
        }
    };
    if output == Path::new("-") {
        return write::to_stdout(&text).map(|()| Outcome::Done);
    }
    write::to_file(output, &text)?;
    app.output.note(&format!("wrote {}", output.display()));
    Ok(Outcome::Done)
}

fn format_of(arguments: &DigestArguments) -> DigestFormat {
    arguments.format.unwrap_or_else(|| {
        let ending = arguments
            .output
            .extension()
            .and_then(|ending| ending.to_str());
        match ending {
            Some("html" | "htm") => DigestFormat::Html,
            _ => DigestFormat::Text,
        }
    })
}

fn document(
    store: &dyn Store,
    team: Option<String>,
    week: &Week,
    reading: &Reading,
    runs: &[RunLine],
) -> Result<Document, CliError> {
    let selection = Selection {
        team: team.clone(),
        repo: None,
    };
    let observations = observations::read(store, &selection)?;
    let coverage = store.coverage(&current_versions(), &selection)?;
    let rules = builtin_rules().map_err(|error| CliError::new(ErrorKind::Internal, error))?;
    // Advice as it stood when the week ended: a digest of an earlier week says what it said then.
    let then = Reading {
        now: reading.now.min(week.end),
        calendar: reading.calendar.clone(),
    };
    let advice = advise(&observations, &rules, &then);
    Ok(Document {
        version: 1,
        digest: digest(&observations, week, reading),
        advice,
        runs: runs_of(week, runs),
        coverage: Coverage {
            total: coverage.total,
            analyzed: coverage.analyzed,
            waiting: coverage.waiting,
            stale: coverage.stale,
            quarantined: coverage.quarantined,
            rates: coverage.rates,
        },
        team,
    })
}

fn runs_of(week: &Week, all: &[RunLine]) -> Runs {
    let mut runs = Runs::default();
    let mut cost = batch::Money::ZERO;
    for run in all {
        if !(week.start..week.end).contains(&run.started_at.as_second()) {
            continue;
        }
        runs.started += 1;
        runs.requests += run.requests;
        runs.answered += run.answered;
        runs.failed += run.failed;
        cost += run.cost_usd;
    }
    runs.cost_usd = cost.as_usd();
    runs
}
