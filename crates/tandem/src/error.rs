//! Errors at the edge: one clear sentence, the hints, the exit code.

use std::process::ExitCode;

use crate::output::Output;

/// How a verb ended when nothing went wrong that the user must mend first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done.
    Done,
    /// Finished, but some requests have no answer.
    Unanswered,
    /// Stopped by the budget.
    BudgetSpent,
    /// Interrupted, and resumable.
    Interrupted,
}

impl Outcome {
    /// The exit code of the contract: 0, 4, 5 or 130.
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Outcome::Done => 0,
            Outcome::Unanswered => 4,
            Outcome::BudgetSpent => 5,
            Outcome::Interrupted => 130,
        })
    }
}

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// Tandem or its surroundings failed: exit code 1.
    Internal,
    /// Wrong use or input: exit code 2.
    Input,
    /// Configuration: exit code 3.
    Configuration,
}

/// An error on its way to the user.
#[derive(Debug)]
pub(crate) struct CliError {
    kind: ErrorKind,
    error: anyhow::Error,
    hints: Vec<String>,
}

impl CliError {
    /// Wraps an error of the given kind.
    pub(crate) fn new(kind: ErrorKind, error: impl Into<anyhow::Error>) -> Self {
        CliError {
            kind,
            error: error.into(),
            hints: Vec::new(),
        }
    }

    /// Wrong use or input, in words.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, anyhow::Error::msg(message.into()))
    }

    /// Wrong configuration, in words.
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, anyhow::Error::msg(message.into()))
    }

    /// Adds what the user can do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Puts what was being done in front.
    pub(crate) fn context(
        mut self,
        context: impl std::fmt::Display + Send + Sync + 'static,
    ) -> Self {
        self.error = self.error.context(context);
        self
    }

    /// The whole chain in one line, without the hints: for a place in a report.
    pub(crate) fn words(&self) -> String {
        format!("{:#}", self.error)
    }

    /// What a test can read.
    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        self.words()
    }

    /// Prints the chain and the hints on stderr and says the exit code.
    pub(crate) fn report(&self, output: &Output) -> ExitCode {
        if self.is_broken_pipe() {
            // The reader of our output went away, which is its right.
            return ExitCode::SUCCESS;
        }
        output.error(&format!("{:#}", self.error));
        for hint in &self.hints {
            output.hint(hint);
        }
        ExitCode::from(match self.kind {
            ErrorKind::Internal => 1,
            ErrorKind::Input => 2,
            ErrorKind::Configuration => 3,
        })
    }

    fn is_broken_pipe(&self) -> bool {
        self.error.chain().any(|cause| {
            cause
                .downcast_ref::<std::io::Error>()
                .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
        })
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        CliError::new(ErrorKind::Internal, error)
    }
}

impl From<serde_json::Error> for CliError {
    fn from(error: serde_json::Error) -> Self {
        // A broken pipe under a JSON writer must still be recognised as one.
        if error.is_io() {
            return CliError::from(std::io::Error::from(error));
        }
        CliError::new(ErrorKind::Internal, error)
    }
}
