//! `tandem completions`: shell completions.

use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArguments};
use crate::error::{CliError, Outcome};

/// Prints the completions for a shell.
pub(crate) fn run(arguments: &CompletionsArguments) -> Result<Outcome, CliError> {
    // The generator panics when its writer fails, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "tandem", &mut script);
    std::io::Write::write_all(&mut std::io::stdout().lock(), &script)?;
    Ok(Outcome::Done)
}
