//! What became of a job: one value, for people and for programs.

use std::path::PathBuf;

use batch::RunId;
use batch::engine::{Estimate, RunEnd, RunReport};
use batch::ledger::RunSummary;
use serde::Serialize;

use super::index::Index;
use super::job::is_over;
use crate::app::App;
use crate::cli::BatchJob;
use crate::error::{CliError, Outcome};
use crate::output::count;
use crate::verbs::runs::print_summary;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum End {
    /// Every question that could be asked has its outcome.
    Finished,
    /// Every question had its answer before.
    NothingToDo,
    /// The user did not want to.
    Declined,
    /// The budget does not allow the next request.
    Budget,
    /// Interrupted by the user.
    Interrupted,
    /// Submitted, and not waited for.
    Submitted,
    /// Cancelled.
    Cancelled,
}

/// The questions of a command and where they stand.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct QuestionCounts {
    /// All.
    pub(super) total: u64,
    /// Those whose answer was there before.
    pub(super) answered_before: u64,
    /// Those whose answer is there now.
    pub(super) answered: u64,
    /// The others.
    pub(super) unanswered: u64,
    /// Lines that are no questions.
    pub(super) bad_lines: u64,
}

/// What the questions of a command were.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) questions: &'a Index,
    pub(super) answered_before: u64,
    pub(super) bad_lines: u64,
}

/// The files of a job.
#[derive(Debug, Serialize)]
struct Files {
    results: PathBuf,
    failures: Option<PathBuf>,
    ledger: PathBuf,
}

/// The document of `batch ... --json`.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    end: End,
    questions: Option<QuestionCounts>,
    answers_in_results: u64,
    files: &'a Files,
    estimate: Option<&'a Estimate>,
    runs: &'a [RunSummary],
}

/// What is gathered on the way.
pub(super) struct Report {
    end: End,
    files: Files,
    pub(super) estimate: Option<Estimate>,
    runs: Vec<RunSummary>,
}

impl Report {
    /// Nothing so far.
    pub(super) fn new(job: &BatchJob, ledger: PathBuf) -> Self {
        Report {
            end: End::NothingToDo,
            files: Files {
                results: job.output.clone(),
                failures: job.failures.clone(),
                ledger,
            },
            estimate: None,
            runs: Vec::new(),
        }
    }

    /// Adds a spell of work on a run; says how it ended.
    pub(super) fn add(&mut self, report: RunReport) -> End {
        self.end = match report.end {
            RunEnd::Finished => End::Finished,
            RunEnd::Budget => End::Budget,
            RunEnd::Interrupted | RunEnd::Deadline => End::Interrupted,
            RunEnd::Submitted => End::Submitted,
            RunEnd::Cancelled => End::Cancelled,
        };
        let is_last = !is_over(&report);
        self.runs.push(report.summary);
        // Several runs may be cancelled one after the other.
        if is_last { self.end } else { End::Finished }
    }

    /// Says that the user did not want to.
    pub(super) fn declined(&mut self) {
        self.end = End::Declined;
    }

    /// The runs that were worked on.
    pub(super) fn run_ids(&self) -> Vec<RunId> {
        self.runs.iter().map(|run| run.run).collect()
    }

    /// What the runs that were worked on have cost so far.
    pub(super) fn cost(&self) -> batch::Money {
        self.runs.iter().fold(batch::Money::ZERO, |sum, run| {
            sum + run.totals.cost_usd + run.totals.possible_cost_usd
        })
    }

    /// Tells what became of it, and gives the exit code.
    pub(super) fn tell(
        self,
        app: &App,
        results: &Index,
        asked: Option<Asked<'_>>,
    ) -> Result<Outcome, CliError> {
        let questions = asked.map(|asked| {
            let answered = asked.questions.found_in(results);
            QuestionCounts {
                total: asked.questions.len(),
                answered_before: asked.answered_before,
                answered,
                unanswered: asked.questions.len() - answered,
                bad_lines: asked.bad_lines,
            }
        });
        if app.output.json {
            app.output.document(&Document {
                version: 1,
                end: self.end,
                questions,
                answers_in_results: results.len(),
                files: &self.files,
                estimate: self.estimate.as_ref(),
                runs: &self.runs,
            })?;
        } else {
            self.print(app, results, questions)?;
        }
        self.advise(app, questions);
        let failed: u64 = self.runs.iter().map(|run| run.totals.failed).sum();
        let is_missing = questions.map_or(failed > 0, |questions| questions.unanswered > 0);
        Ok(match self.end {
            End::Budget => Outcome::BudgetSpent,
            End::Interrupted => Outcome::Interrupted,
            End::Finished | End::NothingToDo if is_missing => Outcome::Unanswered,
            _ => Outcome::Done,
        })
    }

    fn print(
        &self,
        app: &App,
        results: &Index,
        questions: Option<QuestionCounts>,
    ) -> Result<(), CliError> {
        let output = &app.output;
        for run in &self.runs {
            print_summary(output, run)?;
        }
        let file = self.files.results.display();
        match questions {
            Some(questions) => output.line(&format!(
                "\n{} of {} questions have their answer in {file}{}",
                count(questions.answered),
                count(questions.total),
                match questions.answered_before {
                    0 => String::new(),
                    before => format!(" ({} had it before)", count(before)),
                },
            )),
            None if self.runs.is_empty() => output.line("No run of this job is open."),
            None => output.line(&format!("\n{} answers in {file}", count(results.len()))),
        }
    }

    fn advise(&self, app: &App, questions: Option<QuestionCounts>) {
        let output = &app.output;
        let file = self.files.results.display();
        let resume = match self.runs.last() {
            Some(run) => format!("tandem batch resume {} --output {file}", run.run),
            None => format!("tandem batch resume --output {file}"),
        };
        match self.end {
            End::Budget => output.hint(&format!(
                "the budget does not allow the next request; every answer so far is kept: {resume} --budget USD"
            )),
            End::Interrupted => output.hint(&format!(
                "it can be taken up where it stopped, nothing is paid twice: {resume}, or the same command again"
            )),
            End::Submitted => output.hint(&format!("collect the answers with: {resume}")),
            End::Finished | End::NothingToDo => {
                let unanswered = questions.map_or(0, |questions| questions.unanswered);
                if unanswered == 0 {
                    return;
                }
                match &self.files.failures {
                    Some(failures) => output.hint(&format!(
                        "{} says why {} have no answer; the same command again asks them anew, except those that failed too often (--retry-quarantined)",
                        failures.display(),
                        count(unanswered),
                    )),
                    None => output.hint(&format!(
                        "{} have no answer: --failures FILE lists them with their reasons; the same command again asks them anew, except those that failed too often (--retry-quarantined)",
                        count(unanswered),
                    )),
                }
            }
            End::Declined | End::Cancelled => {}
        }
    }
}
