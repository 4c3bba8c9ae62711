//! `tandem batch`: the cascade for any JSONL of questions.

mod ask;
mod dry_run;
mod failures;
mod index;
mod job;
mod questions;
mod report;
mod results;
mod schema;

use crate::app::App;
use crate::cli::{BatchArguments, BatchCommand};
use crate::error::{CliError, Outcome};

/// Asks, resumes or cancels.
pub(crate) fn run(app: &App, arguments: &BatchArguments) -> Result<Outcome, CliError> {
    match &arguments.command {
        BatchCommand::Run(arguments) => ask::run(app, arguments),
        BatchCommand::Resume { id, job, budget } => job::take_up(
            app,
            job,
            id.as_deref(),
            job::Purpose::Resume { budget: *budget },
        ),
        BatchCommand::Cancel { id, job } => {
            job::take_up(app, job, id.as_deref(), job::Purpose::Cancel)
        }
    }
}
