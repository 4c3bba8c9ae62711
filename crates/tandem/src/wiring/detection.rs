//! The detector, with the user's own signatures.

use std::path::PathBuf;

use detect::{Catalogue, Detector, QuoteSupport};
use measures::Measures;
use model::{Origin, PullRequest, Verdict};
use store::{AnalysisOrigin, AnalysisRecord};

use crate::app::App;
use crate::error::{CliError, ErrorKind};

/// Builds the detector from the built-in catalogue, the configuration's files and `extra` files.
///
/// # Errors
/// Exit code 3 naming the file and the row that cannot be used.
pub(crate) fn detector(app: &App, extra: &[PathBuf]) -> Result<Detector, CliError> {
    let config = app.config()?;
    let configured = config
        .detect
        .signatures
        .iter()
        .map(|path| config.resolve(path));
    let files: Vec<PathBuf> = configured.chain(extra.iter().cloned()).collect();
    let mut catalogue = Catalogue::builtin().map_err(|error| {
        CliError::new(ErrorKind::Internal, error).context("the built-in signatures are broken")
    })?;
    for file in &files {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|error| {
            CliError::configuration(format!("cannot read the signatures {name}: {error}"))
        })?;
        catalogue
            .extend_with_user_file(&text, &name)
            .map_err(|error| CliError::new(ErrorKind::Configuration, error))?;
    }
    Detector::new(&catalogue).map_err(|error| CliError::new(ErrorKind::Configuration, error))
}

/// What is said of a pull request by signatures and, where a model has read this very content, by
/// the model too. The rules tier adds nothing: it only repeats the evidence.
pub(crate) fn verdict(
    detector: &Detector,
    pull_request: &PullRequest,
    content_hash: &str,
    analysis: Option<&AnalysisRecord>,
) -> Verdict {
    let verdict = detector.verdict(pull_request);
    match analysis {
        Some(record)
            if record.origin == AnalysisOrigin::Model && record.content_hash == content_hash =>
        {
            detector.join(verdict, &record.answer.ai, quote_support(record))
        }
        _ => verdict,
    }
}

/// What a pull request measures; who is a bot is as the catalogue knows.
pub(crate) fn measured(detector: &Detector, pull_request: &PullRequest) -> Measures {
    measures::measure(pull_request, &|account| {
        detector.is_automation(account.id, account.login, account.is_bot)
    })
}

fn quote_support(record: &AnalysisRecord) -> QuoteSupport {
    let has_quote = record
        .answer
        .ai
        .quote
        .as_deref()
        .is_some_and(|quote| !quote.trim().is_empty());
    match record.quote_supported {
        Some(true) if has_quote => QuoteSupport::Supported,
        Some(false) if has_quote => QuoteSupport::NotFound,
        _ => QuoteSupport::NoQuote,
    }
}

/// How many verdicts say what, for the line at the end of `detect`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct VerdictCounts {
    /// All.
    pub(crate) total: u64,
    /// By an agent.
    pub(crate) agent: u64,
    /// By a person with a tool's help.
    pub(crate) assisted: u64,
    /// Nothing found.
    pub(crate) none_detected: u64,
    /// The record does not tell.
    pub(crate) unknown: u64,
    /// Reviewed by an AI tool.
    pub(crate) ai_reviewed: u64,
    /// By plain automation; counted in none of the origins above.
    pub(crate) plain_bots: u64,
}

impl VerdictCounts {
    /// Counts one more.
    pub(crate) fn add(&mut self, verdict: &Verdict) {
        self.total += 1;
        if verdict.plain_bot {
            self.plain_bots += 1;
            return;
        }
        match verdict.origin {
            Origin::Agent => self.agent += 1,
            Origin::Assisted => self.assisted += 1,
            Origin::NoneDetected => self.none_detected += 1,
            Origin::Unknown => self.unknown += 1,
        }
        if verdict.ai_reviewed {
            self.ai_reviewed += 1;
        }
    }
}
