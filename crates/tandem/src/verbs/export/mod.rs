//! `tandem export`: tables for other programs, as CSV, JSON lines or Parquet.

mod ask;

use std::io::Write;
use std::path::Path;

use ::export::{
    ExportError, Filter, Format, Inputs, Manifest, Monthly, Overwrite, Place, Plan, Table, export,
};
use insights::adoption::adoption_of;
use jiff::Timestamp;
use measures::Account;
use store::{PullRequestQuery, Selection, Store, StoreError};

use crate::app::App;
use crate::cli::ExportArguments;
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::count;
use crate::progress::count_bar;
use crate::verbs::adoption::{clock_of, this_month};
use crate::wiring::database::{require_repo, require_team};
use crate::wiring::detection::detector;
use crate::wiring::observations;
use ask::{Asked, Target};

/// Writes the tables.
pub(crate) fn run(app: &App, arguments: &ExportArguments) -> Result<Outcome, CliError> {
    let asked = Asked::of(arguments, app.output.json)?;
    let store = app.open_to_read("export")?;
    let store = store.as_ref();
    require_team(store, arguments.period.team.as_deref())?;
    require_repo(store, arguments.repo.as_deref())?;
    let changes_before = store.changes()?;
    let people = app.config()?.privacy.people;
    let detector = if people {
        None
    } else {
        Some(detector(app, &[])?)
    };
    let is_bot = |account: Account<'_>| {
        detector.as_ref().is_some_and(|detector| {
            detector.is_automation(account.id, account.login, account.is_bot)
        })
    };
    let plan = Plan {
        tables: asked.tables,
        format: asked.format,
        filter: filter_of(arguments),
        people,
        tandem_version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: Timestamp::now(),
    };
    let bar = count_bar(&app.output, expected(store, &plan, app.output.progress)?);
    bar.set_message("export");
    let inputs = Inputs {
        store,
        changes_before,
        monthly: &|| monthly(app, store, arguments),
        is_bot: &is_bot,
        progress: &|pull_requests| bar.set_position(pull_requests),
    };
    let overwrite = if arguments.force {
        Overwrite::Yes
    } else {
        Overwrite::No
    };
    let mut stdout = std::io::stdout().lock();
    let place = match &asked.target {
        Target::Folder(path) => Place::Folder(path, overwrite),
        Target::File(path) => Place::File(path, overwrite),
        Target::Stdout => Place::Stream(&mut stdout),
    };
    let manifest = export(&inputs, &plan, place);
    bar.finish_and_clear();
    let manifest = manifest?;
    stdout.flush()?;
    drop(stdout);
    tell(app, &manifest, &asked.target)?;
    Ok(Outcome::Done)
}

/// How many pull requests there are to read, for the bar.
fn expected(store: &dyn Store, plan: &Plan, is_drawn: bool) -> Result<u64, CliError> {
    if !is_drawn {
        return Ok(0);
    }
    Ok(store.count_found(&PullRequestQuery {
        team: plan.filter.team.clone(),
        repo: plan.filter.repo.clone(),
        opened: plan.filter.span(),
        ..PullRequestQuery::default()
    })?)
}

fn filter_of(arguments: &ExportArguments) -> Filter {
    let period = &arguments.period;
    Filter {
        team: period.team.clone(),
        repo: arguments.repo.clone(),
        from: period.from.as_ref().map(|month| month.name.clone()),
        to: period.to.as_ref().map(|month| month.name.clone()),
    }
}

/// The numbers of `tandem adoption`.
fn monthly(
    app: &App,
    store: &dyn Store,
    arguments: &ExportArguments,
) -> Result<Monthly, StoreError> {
    let selection = Selection {
        team: arguments.period.team.clone(),
        repo: arguments.repo.clone(),
    };
    let observations = observations::of_selection(app, store, &selection, &arguments.period)?;
    let (clock, name) = clock_of(arguments.by);
    Ok(Monthly {
        adoption: adoption_of(&observations, clock, Some(&this_month())),
        clock: name,
    })
}

/// Says what was written: on stdout, unless the table is there.
fn tell(app: &App, manifest: &Manifest, target: &Target) -> Result<(), CliError> {
    if manifest.database_changed_meanwhile {
        app.output.warning(
            "the database was written to meanwhile: rows of one table may be newer than those of another",
        );
    }
    let path: &Path = match target {
        Target::Stdout => {
            app.output.note(&format!("{} rows", count(manifest.rows())));
            return Ok(());
        }
        Target::Folder(path) | Target::File(path) => path,
    };
    if app.output.json {
        return app.output.document(manifest);
    }
    let rows: Vec<Vec<String>> = manifest
        .tables
        .iter()
        .map(|table| {
            vec![
                table.name.clone(),
                count(table.rows),
                count(table.files.len() as u64),
                size(table.size_bytes),
            ]
        })
        .collect();
    app.output
        .table(&["Table", ">Rows", ">Files", ">Size"], &rows)?;
    app.output.note(&format!("wrote {}", path.display()));
    if !manifest.people {
        app.output
            .note("names of people are left out; privacy.people = true in tandem.toml tells them");
    }
    Ok(())
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    match bytes {
        ..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

impl From<ExportError> for CliError {
    fn from(error: ExportError) -> Self {
        let hint = match &error {
            ExportError::Write { .. } if error.is_disk_full() => {
                return CliError::new(ErrorKind::Internal, error)
                    .hint("free some space and repeat the command; what was there is unchanged");
            }
            ExportError::Parquet(_) => return CliError::new(ErrorKind::Internal, error),
            ExportError::Store(_) => match error {
                ExportError::Store(error) => return error.into(),
                other => return CliError::new(ErrorKind::Internal, other),
            },
            ExportError::Write { .. } => "name another place with -o; what was there is unchanged",
            ExportError::Exists { .. } => {
                "--force replaces it when the new one is whole; or name another place with -o"
            }
            ExportError::NotAnExport { .. } => "remove it yourself, or name another place with -o",
            ExportError::NoName { .. } => {
                "name a folder that is to be made, for instance -o tandem-data"
            }
            ExportError::InUse { .. } => "wait until it is done; nothing was changed",
            ExportError::NotOneFile { .. } => ask::NAME_A_FOLDER,
        };
        CliError::new(ErrorKind::Input, error).hint(hint)
    }
}

fn format_of(choice: crate::cli::ExportFormat) -> Format {
    match choice {
        crate::cli::ExportFormat::Csv => Format::Csv,
        crate::cli::ExportFormat::Jsonl => Format::Jsonl,
        crate::cli::ExportFormat::Parquet => Format::Parquet,
    }
}

fn tables_of(choices: &[crate::cli::TableChoice]) -> Vec<Table> {
    use crate::cli::TableChoice;
    let is_chosen = |table: Table| {
        choices.iter().any(|choice| match choice {
            TableChoice::All => true,
            TableChoice::PullRequests => table == Table::PullRequests,
            TableChoice::Verdicts => table == Table::Verdicts,
            TableChoice::Evidence => table == Table::Evidence,
            TableChoice::Analyses => table == Table::Analyses,
            TableChoice::MonthlyFacts => table == Table::MonthlyFacts,
        })
    };
    Table::ALL
        .into_iter()
        .filter(|table| is_chosen(*table))
        .collect()
}
