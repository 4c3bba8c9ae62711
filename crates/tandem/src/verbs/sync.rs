//! `tandem sync`: pull requests from GitHub, whole, and again only what changed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use github::{Event, GithubError, Observer, Scope, SyncReport, SyncSettings, Synchroniser};
use indicatif::ProgressBar;
use serde::Serialize;
use store::Store;

use crate::app::App;
use crate::cli::SyncArguments;
use crate::error::{CliError, Outcome};
use crate::output::{Output, count, printable};
use crate::progress::count_bar;
use crate::wiring::database::{PAGE, require_team};
use crate::wiring::github::client;
use crate::wiring::interrupt::{Interrupt, TakenUp};

mod status;

/// The document of `sync --json`.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    end: &'static str,
    repositories: usize,
    changed_repositories: usize,
    read: u64,
    stored: u64,
    calls: u64,
    points: u64,
    problems: Vec<Problem<'a>>,
    seconds: f64,
}

/// A repository that could not be read.
#[derive(Serialize)]
struct Problem<'a> {
    repo: &'a str,
    reason: String,
}

/// Reads, or shows how far reading came.
pub(crate) fn run(app: &App, arguments: &SyncArguments) -> Result<Outcome, CliError> {
    if arguments.status {
        return status::run(app, arguments.team.as_deref());
    }
    let begin = Instant::now();
    let config = app.config()?;
    let store = app.open_to_write("sync")?;
    let scope = scope(store.as_ref(), arguments)?;
    let settings = SyncSettings {
        since: arguments.since.and_then(|day| {
            let midnight = day.to_datetime(jiff::civil::Time::midnight());
            jiff::tz::Offset::UTC.to_timestamp(midnight).ok()
        }),
        skip_archived: arguments.skip_archived,
        include_forks: arguments.forks,
    };
    let owner = match &scope {
        Scope::Owner(owner) => Some(owner.clone()),
        Scope::Repositories(names) => names
            .first()
            .and_then(|name| name.split_once('/'))
            .map(|(owner, _)| owner.to_owned()),
    };
    let _lock = store.lock("sync")?;
    let observer = Arc::new(Progress::new(app.output));
    let max_wait = arguments.max_wait.map(Duration::from_mins);
    let client = Arc::new(client(&config, owner, max_wait, observer.clone())?);
    let interrupt = Interrupt::new(app.output, TakenUp::BySameCommand);
    let synchroniser = Synchroniser::new(
        client,
        Arc::clone(&store).shelf(),
        settings,
        interrupt.token(),
    );
    let ended = interrupt.heeded(async { Ok::<_, CliError>(synchroniser.run(&scope).await) })?;
    observer.finish();
    match ended {
        Ok(report) => finish(app, &report, begin),
        Err(GithubError::Interrupted) => {
            app.output
                .note("interrupted; the same command goes on where it stopped");
            Ok(Outcome::Interrupted)
        }
        Err(error) => Err(error.into()),
    }
}

/// What was asked for.
fn scope(store: &dyn Store, arguments: &SyncArguments) -> Result<Scope, CliError> {
    if let Some(owner) = &arguments.org {
        return Ok(Scope::Owner(owner.clone()));
    }
    if arguments.discovered {
        return discovered(store);
    }
    if let Some(team) = &arguments.team {
        require_team(store, Some(team))?;
        let of_team = store.team_repositories(team)?;
        let names: Vec<String> = store
            .sync_status()?
            .into_iter()
            .filter(|repository| of_team.contains(&repository.repo))
            .map(|repository| repository.repo)
            .collect();
        if names.is_empty() {
            return Err(CliError::input(format!(
                "no repository of the team '{team}' was synced before"
            ))
            .hint("name them: tandem sync --repo OWNER/NAME..."));
        }
        return Ok(Scope::Repositories(names));
    }
    if let Some(wrong) = arguments.repos.iter().find(|name| !is_full_name(name)) {
        return Err(
            CliError::input(format!("'{wrong}' does not name a repository"))
                .hint("write it as OWNER/NAME"),
        );
    }
    if arguments.repos.is_empty() {
        return Err(CliError::input("nothing was named to sync")
            .hint("tandem sync --org OWNER, or --repo OWNER/NAME...")
            .hint("tandem sync --status shows what was synced"));
    }
    Ok(Scope::Repositories(arguments.repos.clone()))
}

/// The repositories in which something was discovered that nobody has read yet.
fn discovered(store: &dyn Store) -> Result<Scope, CliError> {
    let mut names: Vec<String> = Vec::new();
    loop {
        let page = store.discovered(names.last().map(String::as_str), PAGE)?;
        if page.is_empty() {
            break;
        }
        names.extend(page.into_iter().map(|repository| repository.repo));
    }
    if names.is_empty() {
        return Err(
            CliError::input("nothing was discovered that is not read already").hint(
                "tandem import --only OWNER 2026-01-31-12.json.gz reads an hour of GH Archive",
            ),
        );
    }
    Ok(Scope::Repositories(names))
}

fn is_full_name(name: &str) -> bool {
    name.split_once('/').is_some_and(|(owner, short)| {
        !owner.is_empty() && !short.is_empty() && !short.contains('/')
    })
}

fn finish(app: &App, report: &SyncReport, begin: Instant) -> Result<Outcome, CliError> {
    for (name, error) in &report.problems {
        app.output.warning(&format!("{name}: {error}"));
    }
    let outcome = if report.problems.is_empty() {
        Outcome::Done
    } else {
        Outcome::Unanswered
    };
    if app.output.json {
        app.output.document(&Document {
            version: 1,
            end: if report.problems.is_empty() {
                "finished"
            } else {
                "with_problems"
            },
            repositories: report.repositories,
            changed_repositories: report.changed_repositories,
            read: report.read,
            stored: report.stored,
            calls: report.calls,
            points: report.points,
            problems: report
                .problems
                .iter()
                .map(|(repo, error)| Problem {
                    repo,
                    reason: error.to_string(),
                })
                .collect(),
            seconds: begin.elapsed().as_secs_f64(),
        })?;
        return Ok(outcome);
    }
    app.output.line(&format!(
        "{} of {} repositories had something new: {} pull requests read, {} new or changed",
        count(report.changed_repositories as u64),
        count(report.repositories as u64),
        count(report.read),
        count(report.stored),
    ))?;
    app.output.line(&format!(
        "{} calls, {} points of the hourly limit, {:.1} s",
        count(report.calls),
        count(report.points),
        begin.elapsed().as_secs_f64(),
    ))?;
    if report.stored > 0 {
        app.output
            .hint("tandem detect finds the AI in them; tandem sync --status shows gaps");
    }
    Ok(outcome)
}

/// A line on stderr that says what is being read, and every wait with its reason.
struct Progress {
    output: Output,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    expected: u64,
    done: u64,
    current: std::collections::BTreeMap<String, u64>,
}

impl Progress {
    fn new(output: Output) -> Progress {
        Progress {
            output,
            state: Mutex::new(State::default()),
        }
    }

    fn finish(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = state.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Progress {
    fn event(&self, event: &Event<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Repositories { changed, total } => {
                state.bar = Some(count_bar(&self.output, 0));
                if !self.output.progress {
                    self.output.note(&format!(
                        "{} of {} repositories have something new",
                        count(*changed as u64),
                        count(*total as u64)
                    ));
                }
            }
            Event::RepositoryStarted { name, expected } => {
                state.expected += expected;
                let expected = state.expected;
                if let Some(bar) = &state.bar {
                    bar.set_length(expected);
                    bar.set_message(printable(name));
                }
            }
            Event::Stored { name, read } => {
                state.current.insert((*name).to_owned(), *read);
                let position = state.done + state.current.values().sum::<u64>();
                if let Some(bar) = &state.bar {
                    bar.set_position(position);
                }
            }
            Event::RepositoryFinished { name, read } => {
                state.current.remove(*name);
                state.done += read;
                if !self.output.progress {
                    self.output
                        .note(&format!("{name}: {} pull requests read", count(*read)));
                }
            }
            Event::Waiting(pause) => self.output.note(&format!(
                "waiting: {}; it goes on at {}",
                pause.reason,
                pause.until.strftime("%H:%M:%S UTC")
            )),
            Event::Warning(words) => self.output.warning(words),
            _ => {}
        }
    }
}
