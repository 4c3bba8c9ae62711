//! Runs that are begun from the dashboard: each is a process of its own that runs the very verb a
//! person would have typed, `tandem analyze`, `tandem runs resume` or `tandem runs cancel`.
//!
//! Processes rather than tasks of the server: a run is the same code with the same options, budget,
//! locks and exit code; what a run takes of memory is not the server's; and a run that dies takes no
//! page with it. A run ends with the server, however that ends, because the verb stops when its stdin
//! is closed, and the ledger leaves it resumable.

mod child;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use batch::RunId;
use web::{RunEstimate, RunRequest, Runs, RunsError, Work, WorkKind};

use super::question::TASK;
use crate::app::App;
use crate::error::CliError;
use child::Child;

/// Works that may go on at a time.
const MOST_AT_ONCE: usize = 4;

/// Works that are remembered after they ended.
const REMEMBERED: usize = 20;

/// How long the server waits for its runs when it stops. A run that takes longer is left; it ends at
/// its next safe point, since its stdin is closed.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a cancellation waits for the work on the run that it ends.
const HANDOVER: Duration = Duration::from_mins(1);

/// Runs as processes.
pub(crate) struct ChildRuns {
    binary: PathBuf,
    /// What every process is given first: database and configuration.
    common: Vec<OsString>,
    state: Arc<State>,
}

/// What is known of the processes.
#[derive(Default)]
pub(super) struct State {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    last_number: u64,
    all: Vec<Entry>,
}

/// A work with its process.
struct Entry {
    work: Work,
    child: Option<Child>,
}

impl State {
    // Entries are whole whenever the lock is free: going on after a panic elsewhere is sound.
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known of a work.
    pub(super) fn update(&self, number: u64, change: impl FnOnce(&mut Work)) {
        let mut entries = self.entries();
        if let Some(entry) = entries.all.iter_mut().find(|one| one.work.number == number) {
            change(&mut entry.work);
            if !entry.work.is_working {
                entry.child = None;
            }
        }
    }

    /// Makes room for a new work, unless too much goes on.
    fn open(&self, kind: WorkKind, run: Option<RunId>) -> Result<u64, RunsError> {
        let mut entries = self.entries();
        let at_work = entries.all.iter().filter(|one| one.work.is_working).count();
        if at_work >= MOST_AT_ONCE {
            return Err(RunsError::new(format!(
                "{MOST_AT_ONCE} runs are being worked on already; wait until one of them is done."
            )));
        }
        let is_taken = |entry: &Entry| entry.work.is_working && entry.work.run == run;
        if kind != WorkKind::Cancel && run.is_some() && entries.all.iter().any(is_taken) {
            return Err(RunsError::new("This server works on the run already."));
        }
        while entries.all.len() >= REMEMBERED + MOST_AT_ONCE {
            let Some(oldest) = entries.all.iter().position(|one| !one.work.is_working) else {
                break;
            };
            entries.all.remove(oldest);
        }
        entries.last_number += 1;
        let number = entries.last_number;
        entries.all.push(Entry {
            work: Work {
                number,
                kind,
                run,
                is_working: true,
                ending: None,
                said: Vec::new(),
            },
            child: None,
        });
        Ok(number)
    }

    fn attach(&self, number: u64, child: Child) {
        let mut entries = self.entries();
        if let Some(entry) = entries.all.iter_mut().find(|one| one.work.number == number) {
            // One that has ended already has nothing to be stopped.
            entry.child = Some(child).filter(|_| entry.work.is_working);
        }
    }

    /// Asks every process to stop that the choice names, and says whether there was one.
    fn stop(&self, chosen: impl Fn(&Work) -> bool) -> bool {
        let mut entries = self.entries();
        let mut has_some = false;
        for entry in &mut entries.all {
            if entry.work.is_working && chosen(&entry.work) {
                has_some = true;
                if let Some(child) = &mut entry.child {
                    child.stop();
                }
            }
        }
        has_some
    }

    /// Waits until no chosen work goes on, but not for ever.
    fn wait(&self, patience: Duration, chosen: impl Fn(&Work) -> bool) {
        let start = Instant::now();
        while self.stop(&chosen) && start.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl ChildRuns {
    /// Runs on the application's database.
    ///
    /// # Errors
    /// When this program cannot be found again.
    pub(crate) fn new(app: &App) -> Result<Self, CliError> {
        Ok(ChildRuns {
            binary: std::env::current_exe()?,
            common: app.arguments_for_child()?,
            state: Arc::default(),
        })
    }

    fn command(&self, arguments: &[OsString]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(&self.common).args(arguments);
        command
    }

    fn spawn(&self, number: u64, arguments: &[OsString]) -> Result<u64, RunsError> {
        let mut command = self.command(&words(&["--events", "-", "--stop-with-stdin"]));
        command.args(arguments);
        match Child::spawn(command, Arc::clone(&self.state), number) {
            Ok(child) => self.state.attach(number, child),
            Err(error) => {
                let ending = format!("could not be begun: {error}");
                self.state.update(number, |work| {
                    work.is_working = false;
                    work.ending = Some(ending.clone());
                });
                return Err(RunsError::new(format!("It {ending}.")));
            }
        }
        Ok(number)
    }
}

fn words(texts: &[&str]) -> Vec<OsString> {
    texts.iter().map(OsString::from).collect()
}

/// The options of `tandem analyze` for a request.
fn analyze(request: &RunRequest) -> Vec<OsString> {
    let mut arguments = words(&["analyze", "--yes"]);
    let mut option = |name: &str, value: String| {
        // In one word, so that a value is never taken for an option.
        arguments.push(format!("--{name}={value}").into());
    };
    if let Some(team) = &request.team {
        option("team", team.clone());
    }
    if let Some(limit) = request.limit {
        option("limit", limit.to_string());
    }
    if !request.tiers.is_empty() {
        option("tiers", request.tiers.join(","));
    }
    if let Some(budget) = request.budget_usd {
        option("budget", budget.to_string());
    }
    for (is_wanted, name) in [
        (request.with_fallback, "--with-fallback"),
        (request.escalate_doubt, "--escalate-doubt"),
        (request.stale, "--stale"),
    ] {
        if is_wanted {
            arguments.push(name.into());
        }
    }
    arguments
}

impl Runs for ChildRuns {
    fn task(&self) -> &'static str {
        TASK
    }

    fn estimate(&self, request: &RunRequest) -> Result<RunEstimate, RunsError> {
        let output = self
            .command(&words(&["--json", "--quiet"]))
            .args(analyze(request))
            .arg("--dry-run")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| RunsError::new(format!("The estimate could not be made: {error}.")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let lines: Vec<String> = said.lines().filter_map(child::told).collect();
            return Err(RunsError::new(lines.join(" ")));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| RunsError::new(format!("The estimate could not be read: {error}.")))
    }

    fn start(&self, request: &RunRequest) -> Result<u64, RunsError> {
        let number = self.state.open(WorkKind::Start, None)?;
        self.spawn(number, &analyze(request))
    }

    fn resume(&self, run: RunId, budget_usd: Option<f64>) -> Result<u64, RunsError> {
        let number = self.state.open(WorkKind::Resume, Some(run))?;
        let mut arguments = words(&["runs", "resume", &run.to_string()]);
        if let Some(budget) = budget_usd {
            arguments.push(format!("--budget={budget}").into());
        }
        self.spawn(number, &arguments)
    }

    fn cancel(&self, run: RunId) -> Result<u64, RunsError> {
        let of_run = |work: &Work| work.run == Some(run);
        // A work that is stopped makes room for the one that cancels.
        self.state.wait(HANDOVER, of_run);
        let number = self.state.open(WorkKind::Cancel, Some(run))?;
        self.spawn(number, &words(&["runs", "cancel", &run.to_string()]))
    }

    fn works(&self) -> Vec<Work> {
        let entries = self.state.entries();
        let works = entries.all.iter().rev();
        works.map(|entry| entry.work.clone()).collect()
    }

    fn stop(&self) {
        self.state.wait(PATIENCE, |_| true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_becomes_the_words_of_the_verb() {
        let request = RunRequest {
            team: Some("a team".to_owned()),
            limit: Some(7),
            tiers: vec!["groq:x".to_owned(), "groq:y".to_owned()],
            budget_usd: Some(0.25),
            with_fallback: true,
            escalate_doubt: false,
            stale: true,
        };
        let line: Vec<String> = analyze(&request)
            .into_iter()
            .filter_map(|word| word.into_string().ok())
            .collect();
        assert_eq!(
            line,
            [
                "analyze",
                "--yes",
                "--team=a team",
                "--limit=7",
                "--tiers=groq:x,groq:y",
                "--budget=0.25",
                "--with-fallback",
                "--stale"
            ]
        );
    }

    #[test]
    fn no_more_than_some_go_on_at_once_and_one_on_each_run() {
        let state = State::default();
        let run = Some(RunId(1));
        let first = state.open(WorkKind::Resume, run).expect("room");
        assert!(state.open(WorkKind::Resume, run).is_err());
        for _ in 1..MOST_AT_ONCE {
            state.open(WorkKind::Start, None).expect("room");
        }
        assert!(state.open(WorkKind::Start, None).is_err());
        state.update(first, |work| work.is_working = false);
        assert!(state.open(WorkKind::Resume, run).is_ok());
    }
}
