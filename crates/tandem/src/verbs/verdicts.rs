//! `tandem verdicts`: what is said of each pull request, with the evidence.

use std::io::{BufWriter, Write};

use model::{Evidence, NotAKey, PrKey};
use serde::Serialize;
use store::{AnalysisOrigin, AnalysisRecord, Store, VerdictRecord};
use web::documents::VerdictDocument;

use crate::app::App;
use crate::cli::VerdictsArguments;
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::{count, dollars, json_line, printable};
use crate::wiring::database::{PAGE, require_team};

/// Prints the verdicts.
pub(crate) fn run(app: &App, arguments: &VerdictsArguments) -> Result<Outcome, CliError> {
    let store = app.open_to_read("verdicts")?;
    if let Some(text) = &arguments.pull_request {
        return show_one(app, store.as_ref(), text);
    }
    require_team(store.as_ref(), arguments.selection.team.as_deref())?;
    let selection = arguments.selection.to_selection();
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    let mut after: Option<PrKey> = None;
    let mut shown: u64 = 0;
    loop {
        let page = store.verdicts(&selection, after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        shown += page.len() as u64;
        for record in &page {
            if app.output.json {
                stdout.write_all(json_line(&VerdictDocument::from(record))?.as_bytes())?;
            } else {
                writeln!(stdout, "{}", summary(record))?;
            }
        }
    }
    stdout.flush()?;
    if shown == 0 {
        app.output
            .hint("there are no verdicts here yet: tandem import FILE, then tandem detect");
    } else if !app.output.json {
        app.output.note(&format!(
            "{} verdicts; tandem verdicts OWNER/NAME#NUMBER shows one with its evidence",
            count(shown)
        ));
    }
    Ok(Outcome::Done)
}

fn show_one(app: &App, store: &dyn Store, text: &str) -> Result<Outcome, CliError> {
    let key: PrKey = text.parse().map_err(|error: NotAKey| {
        CliError::new(ErrorKind::Input, error)
            .hint("write it as OWNER/NAME#NUMBER, for instance acme/shop#12")
    })?;
    let Some(record) = store.verdict(&key)? else {
        return Err(match store.pull_request(&key)? {
            Some(_) => CliError::input(format!("{key} has no verdict yet")).hint("tandem detect"),
            None => CliError::input(format!("{key} is not in the database")),
        });
    };
    if app.output.json {
        app.output.json_line(&VerdictDocument::from(&record))?;
        return Ok(Outcome::Done);
    }
    app.output.line(&summary(&record))?;
    let rows: Vec<Vec<String>> = record.verdict.evidence.iter().map(evidence_row).collect();
    if rows.is_empty() {
        app.output.line("  no evidence")?;
    } else {
        app.output
            .table(&["Tool", "Role", "Sure", "Where", "Quote", "Rule"], &rows)?;
    }
    for note in &record.verdict.notes {
        app.output.line(&format!("  note: {}", printable(note)))?;
    }
    if let Some(analysis) = store.analysis(&key)? {
        print_analysis(app, &analysis)?;
    }
    if !record.content_is_current {
        app.output
            .hint("the pull request changed since: tandem detect");
    }
    Ok(Outcome::Done)
}

/// Prints the model's answer, or the rules', and says whose it is.
fn print_analysis(app: &App, record: &AnalysisRecord) -> Result<(), CliError> {
    let by = match record.origin {
        AnalysisOrigin::Rules => "by rules, no model asked".to_owned(),
        AnalysisOrigin::Model => format!(
            "by {}:{}, tier {}, {}",
            record.provider,
            record.model,
            record.tier,
            dollars(record.cost_pico_usd as f64 / 1e12)
        ),
    };
    let answer = &record.answer;
    app.output.heading(&format!("Analysis ({by})"))?;
    let mut lines = vec![
        format!(
            "{}: {}",
            word(&answer.summary.change_type),
            answer.summary.title
        ),
        answer.summary.description.clone(),
        format!(
            "review friction {}, scope {}, risk {}",
            word(&answer.health.review_friction),
            word(&answer.health.scope),
            word(&answer.health.risk_level)
        ),
    ];
    lines.extend(answer.health.insights.iter().cloned());
    let claim = &answer.ai;
    let quote = match (claim.quote.as_deref(), record.quote_supported) {
        (Some(quote), Some(false)) => format!("; it quotes words that are not there: {quote:?}"),
        (Some(quote), _) => format!("; it quotes {quote:?}"),
        (None, _) => String::new(),
    };
    lines.push(format!(
        "AI: {} {} ({:.2}){quote}",
        word(&claim.role),
        claim.tools.join(", "),
        claim.confidence,
    ));
    for line in lines {
        app.output.line(&format!("  {}", printable(&line)))?;
    }
    Ok(())
}

/// The word that JSON has for a value of an enumeration.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// One verdict in one line of text.
fn summary(record: &VerdictRecord) -> String {
    let verdict = &record.verdict;
    let mut parts = vec![format!("{}  {}", record.key, verdict.origin.as_str())];
    if !verdict.author_tools.is_empty() {
        parts.push(format!("by {}", verdict.author_tools.join(", ")));
    }
    if verdict.ai_reviewed {
        parts.push(format!("reviewed by {}", verdict.review_tools.join(", ")));
    }
    if verdict.plain_bot {
        parts.push("plain bot".to_owned());
    }
    if record.corrected.is_some() {
        parts.push("corrected by a user".to_owned());
    }
    printable(&parts.join("; "))
}

fn evidence_row(hit: &Evidence) -> Vec<String> {
    let quote: String = hit.quote.chars().take(72).collect();
    vec![
        hit.tool.clone(),
        word(&hit.role),
        word(&hit.confidence),
        hit.field.clone(),
        quote,
        hit.rule.clone(),
    ]
}
