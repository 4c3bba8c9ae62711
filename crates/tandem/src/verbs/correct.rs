//! `tandem correct`: a user's word on a verdict, which outranks signatures and models.

use detect::Catalogue;
use jiff::Timestamp;
use model::{Correction, NotAKey, Origin, PrKey, Verdict};
use serde::Serialize;
use store::{CorrectionRecord, Decision, Store, StoreError};
use web::documents::Said;

use crate::app::App;
use crate::cli::{CorrectArguments, OriginChoice};
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::printable;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    key: &'a PrKey,
    changed: bool,
    verdict: Said<'a>,
    automatic: Option<Said<'a>>,
    decisions: &'a [CorrectionRecord],
}

/// Corrects, withdraws, or lists what was decided.
pub(crate) fn run(app: &App, arguments: &CorrectArguments) -> Result<Outcome, CliError> {
    let key: PrKey = arguments.pull_request.parse().map_err(|error: NotAKey| {
        CliError::new(ErrorKind::Input, error)
            .hint("write it as OWNER/NAME#NUMBER, for instance acme/shop#12")
    })?;
    let store = app.open_to_read("correct")?;
    if store.verdict(&key)?.is_none() {
        return Err(match store.pull_request(&key)? {
            Some(_) => CliError::input(format!("{key} has no verdict yet")).hint("tandem detect"),
            None => CliError::input(format!("{key} is not in the database")),
        });
    }
    if arguments.history {
        return show(app, store.as_ref(), &key, false);
    }
    let decision = Decision {
        correction: correction(arguments)?,
        by: arguments.by.clone().unwrap_or_else(user),
        note: arguments.note.clone().unwrap_or_default(),
        at: Timestamp::now(),
        key: key.clone(),
    };
    let store = app.open_to_write("correct")?;
    let changed = store.decide(&decision).map_err(|error| match error {
        StoreError::Invalid { .. } => CliError::new(ErrorKind::Input, error),
        error => error.into(),
    })?;
    if !changed {
        return Err(CliError::input(format!("no correction of {key} stands")));
    }
    show(app, store.as_ref(), &key, true)
}

/// Reads the correction off the options; `None` for a withdrawal.
fn correction(arguments: &CorrectArguments) -> Result<Option<Correction>, CliError> {
    if arguments.withdraw {
        return Ok(None);
    }
    let correction = Correction {
        origin: arguments.origin.map(|choice| match choice {
            OriginChoice::Agent => Origin::Agent,
            OriginChoice::Assisted => Origin::Assisted,
            OriginChoice::NoneDetected => Origin::NoneDetected,
            OriginChoice::Unknown => Origin::Unknown,
        }),
        author_tools: tools(arguments.tools.as_deref())?,
        ai_reviewed: arguments.ai_reviewed,
        review_tools: tools(arguments.review_tools.as_deref())?,
    };
    if correction.is_empty() {
        return Err(CliError::input("nothing is said to be wrong")
            .hint("say what is right: --origin, --tools, --ai-reviewed or --review-tools")
            .hint("--withdraw takes a correction back"));
    }
    Ok(Some(correction))
}

/// Reads slugs, sorted, each once; refuses what the catalogue does not know.
fn tools(text: Option<&str>) -> Result<Option<Vec<String>>, CliError> {
    let Some(text) = text else { return Ok(None) };
    let catalogue =
        Catalogue::builtin().map_err(|error| CliError::new(ErrorKind::Internal, error))?;
    let mut slugs = Vec::new();
    for slug in text
        .split(',')
        .map(str::trim)
        .filter(|slug| !slug.is_empty())
    {
        if catalogue.tool(slug).is_none() {
            return Err(CliError::input(format!("no tool is called '{slug}'")).hint(
                "tools are named by their slugs, such as claude_code, copilot or coderabbit",
            ));
        }
        slugs.push(slug.to_owned());
    }
    slugs.sort_unstable();
    slugs.dedup();
    Ok(Some(slugs))
}

/// The name of whoever uses this machine, as the system tells it.
fn user() -> String {
    ["USER", "USERNAME", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
        .unwrap_or_else(|| "unknown".to_owned())
}

fn show(app: &App, store: &dyn Store, key: &PrKey, changed: bool) -> Result<Outcome, CliError> {
    let Some(record) = store.verdict(key)? else {
        return Err(CliError::input(format!("{key} is not in the database")));
    };
    let decisions = store.decisions(key)?;
    let automatic = record
        .corrected
        .as_ref()
        .map(|corrected| &corrected.automatic);
    if app.output.json {
        app.output.document(&Document {
            version: 1,
            key,
            changed,
            verdict: Said::by(&record.verdict),
            automatic: automatic.map(Said::by),
            decisions: &decisions,
        })?;
        return Ok(Outcome::Done);
    }
    let held_by = if automatic.is_some() {
        "by a correction"
    } else {
        "by signatures and models"
    };
    app.output.line(&printable(&format!(
        "{key}  {}; {held_by}",
        words(&record.verdict)
    )))?;
    if let Some(automatic) = automatic {
        app.output
            .line(&printable(&format!("  without it: {}", words(automatic))))?;
    }
    let rows: Vec<Vec<String>> = decisions
        .iter()
        .map(|decision| {
            vec![
                decision.at.strftime("%Y-%m-%d %H:%M").to_string(),
                decision.by.clone(),
                decision
                    .correction
                    .as_ref()
                    .map_or_else(|| "withdrawn".to_owned(), said),
                decision.note.replace('\n', " "),
            ]
        })
        .collect();
    if !rows.is_empty() {
        app.output
            .table(&["When (UTC)", "Who", "What", "Why"], &rows)?;
    }
    Ok(Outcome::Done)
}

fn words(verdict: &Verdict) -> String {
    let mut text = verdict.origin.as_str().to_owned();
    if !verdict.author_tools.is_empty() {
        text.push_str(&format!(" by {}", verdict.author_tools.join(", ")));
    }
    if verdict.ai_reviewed {
        text.push_str(", reviewed by AI");
        if !verdict.review_tools.is_empty() {
            text.push_str(&format!(" ({})", verdict.review_tools.join(", ")));
        }
    }
    text
}

fn said(correction: &Correction) -> String {
    let mut parts = Vec::new();
    let list = |tools: &[String]| match tools {
        [] => "none".to_owned(),
        tools => tools.join(", "),
    };
    if let Some(origin) = correction.origin {
        parts.push(format!("origin {}", origin.as_str()));
    }
    if let Some(tools) = &correction.author_tools {
        parts.push(format!("tools {}", list(tools)));
    }
    if let Some(ai_reviewed) = correction.ai_reviewed {
        parts.push(format!("reviewed by AI {ai_reviewed}"));
    }
    if let Some(tools) = &correction.review_tools {
        parts.push(format!("review tools {}", list(tools)));
    }
    parts.join("; ")
}
