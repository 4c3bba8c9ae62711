//! The `tandem` binary: one subcommand per verb, each a thin file; wiring, progress, tables and
//! exit codes live here, everything else in the crates below.

mod app;
mod cli;
mod config;
mod demo;
mod error;
mod output;
mod progress;
mod verbs;
mod wiring;

use clap::Parser;

use crate::app::App;
use crate::cli::{Cli, Command};
use crate::error::{CliError, Outcome};

/// The allocator of the system keeps what a report worked with, in pieces between what is still in use: beside a
/// million pull requests the server grew to twice what it held.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    // The only process-wide state: which cryptography rustls uses. It fails only if set before.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let cli = Cli::parse();
    cli.global.color.apply();
    let app = App::new(&cli.global);
    match run(&app, cli.command) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => error.report(&app.output),
    }
}

fn run(app: &App, command: Command) -> Result<Outcome, CliError> {
    match command {
        Command::Demo(arguments) => verbs::demo::run(app, &arguments),
        Command::Import(arguments) => verbs::import::run(app, &arguments),
        Command::Sync(arguments) => verbs::sync::run(app, &arguments),
        Command::Teams(arguments) => verbs::teams::run(app, &arguments),
        Command::Detect(arguments) => verbs::detect::run(app, &arguments),
        Command::Analyze(arguments) => verbs::analyze::run(app, &arguments),
        Command::Calibrate(arguments) => verbs::calibrate::run(app, &arguments),
        Command::Runs(arguments) => verbs::runs::run(app, &arguments),
        Command::Costs(arguments) => verbs::costs::run(app, &arguments),
        Command::Quarantine(arguments) => verbs::quarantine::run(app, &arguments),
        Command::Coverage(arguments) => verbs::coverage::run(app, &arguments),
        Command::Adoption(arguments) => verbs::adoption::run(app, &arguments),
        Command::Insights(arguments) => verbs::insights::run(app, &arguments),
        Command::Effects(arguments) => verbs::insights::effects(app, &arguments),
        Command::Report(arguments) => verbs::report::run(app, &arguments),
        Command::Digest(arguments) => verbs::digest::run(app, &arguments),
        Command::Export(arguments) => verbs::export::run(app, &arguments),
        Command::Serve(arguments) => verbs::serve::run(app, &arguments),
        Command::Verdicts(arguments) => verbs::verdicts::run(app, &arguments),
        Command::Correct(arguments) => verbs::correct::run(app, &arguments),
        Command::Compare(arguments) => verbs::compare::run(app, &arguments),
        Command::Evaluate(arguments) => verbs::evaluate::run(app, &arguments),
        Command::Batch(arguments) => verbs::batch::run(app, &arguments),
        Command::Emulate(arguments) => verbs::emulate::run(app, &arguments),
        Command::Doctor(arguments) => verbs::doctor::run(app, &arguments),
        Command::Completions(arguments) => verbs::completions::run(&arguments),
    }
}
