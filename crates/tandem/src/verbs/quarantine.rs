//! `tandem quarantine`: what always failed and is not asked again by itself; lift it, or drop it.

use std::collections::HashSet;

use batch::FailureKind;
use batch::ledger::{
    Decision, Ledger, QuarantinedRequest, RequestCursor, Ruling, RulingLine, RunId,
};
use jiff::Timestamp;
use model::PrKey;
use serde::Serialize;
use store::Store;

use crate::app::App;
use crate::cli::{QuarantineArguments, QuarantineCommand, QuarantineOptions};
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::{count, printable};
use crate::verbs::runs::parse_id;
use crate::wiring::engine::ledger;
use crate::wiring::question::{TASK, current_versions};

/// How many requests one page of the ledger gives.
const PAGE: usize = 1_000;

/// One line of `quarantine list --json`.
#[derive(Serialize)]
struct Line<'a> {
    subject: &'a str,
    team: &'a str,
    run: RunId,
    custom_id: &'a str,
    kind: FailureKind,
    detail: &'a str,
    tier: u32,
    attempts: u32,
    prompt_version: &'a str,
    schema_version: &'a str,
    dropped: bool,
    holds: bool,
    note: Option<&'a str>,
}

/// The document of `quarantine retry --json` and `quarantine drop --json`.
#[derive(Serialize)]
struct Document {
    version: u32,
    decision: Decision,
    matched: u64,
    changed: u64,
}

/// Lists, lifts or drops.
pub(crate) fn run(app: &App, arguments: &QuarantineArguments) -> Result<Outcome, CliError> {
    match &arguments.command {
        None => list(app, &Chosen::read(&QuarantineOptions::default())?),
        Some(QuarantineCommand::List {
            history: true,
            chosen,
        }) => history(app, &Chosen::read(chosen)?),
        Some(QuarantineCommand::List { chosen, .. }) => list(app, &Chosen::read(chosen)?),
        Some(QuarantineCommand::Retry { chosen, all, note }) => rule(
            app,
            &Chosen::some(chosen, *all)?,
            Decision::Retry,
            note.clone(),
        ),
        Some(QuarantineCommand::Drop { chosen, all, note }) => rule(
            app,
            &Chosen::some(chosen, *all)?,
            Decision::Drop,
            note.clone(),
        ),
    }
}

/// Which requests are meant.
#[derive(Debug, Default)]
struct Chosen {
    subjects: HashSet<String>,
    kind: Option<FailureKind>,
    run: Option<RunId>,
    team: Option<String>,
}

impl Chosen {
    fn read(options: &QuarantineOptions) -> Result<Self, CliError> {
        let mut subjects = HashSet::new();
        for text in &options.pull_requests {
            let key: PrKey = text
                .parse()
                .map_err(|error: model::NotAKey| CliError::new(ErrorKind::Input, error))?;
            subjects.insert(key.to_string());
        }
        let kind = options.kind.as_deref().map(|word| {
            word.parse().map_err(|_| {
                let known: Vec<&str> = FailureKind::ALL.map(FailureKind::as_str).to_vec();
                CliError::input(format!("'{word}' is no kind of failure"))
                    .hint(format!("kinds: {}", known.join(", ")))
            })
        });
        Ok(Chosen {
            subjects,
            kind: kind.transpose()?,
            run: options.run.as_deref().map(parse_id).transpose()?,
            team: options.team.clone(),
        })
    }

    /// A choice that names something, so that nobody changes everything by leaving a word out.
    fn some(options: &QuarantineOptions, all: bool) -> Result<Self, CliError> {
        let chosen = Chosen::read(options)?;
        let names_nothing = chosen.subjects.is_empty()
            && chosen.kind.is_none()
            && chosen.run.is_none()
            && chosen.team.is_none();
        if names_nothing && !all {
            return Err(CliError::input("nothing is named").hint(
                "name pull requests as OWNER/NAME#NUMBER, or --kind, --run, --team, or --all",
            ));
        }
        Ok(chosen)
    }

    fn takes(&self, request: &QuarantinedRequest) -> bool {
        (self.subjects.is_empty() || self.subjects.contains(&request.subject))
            && self.kind.is_none_or(|kind| kind == request.kind)
            && self.run.is_none_or(|run| run == request.cursor.run)
            && self.team.as_ref().is_none_or(|team| *team == request.group)
    }
}

/// Goes over what is quarantined, a page at a time.
fn each_page(
    ledger: &dyn Ledger,
    chosen: &Chosen,
    mut work: impl FnMut(&[QuarantinedRequest]) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut after = None;
    loop {
        let mut page = ledger.quarantined(TASK, after, PAGE)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.cursor);
        page.retain(|request| chosen.takes(request));
        work(&page)?;
    }
}

fn list(app: &App, chosen: &Chosen) -> Result<Outcome, CliError> {
    let store = app.open_to_read("quarantine")?;
    let ledger = ledger(&store);
    let mut shown: u64 = 0;
    each_page(&*ledger, chosen, |page| {
        for request in page {
            shown += 1;
            let holds = holds(&*store, request)?;
            if app.output.json {
                app.output.json_line(&line_of(request, holds))?;
            } else {
                app.output.line(&printable(&words_of(request, holds)))?;
            }
        }
        Ok(())
    })?;
    if !app.output.json && shown == 0 {
        app.output.line("Nothing is quarantined.")?;
    }
    if shown > 0 {
        app.output.note(
            "lift it with: tandem quarantine retry PULL_REQUEST... (or --kind, --run, --team, --all); give it up for good with: tandem quarantine drop --note WHY PULL_REQUEST...",
        );
    }
    Ok(Outcome::Done)
}

/// Whether it keeps the pull request as it is today from being asked: another content, or another
/// version of prompt or schema, gets another chance unless a user said never.
fn holds(store: &dyn Store, request: &QuarantinedRequest) -> Result<bool, CliError> {
    let versions = current_versions();
    let is_current = request.dropped
        || (request.prompt_version == versions.prompt && request.schema_version == versions.schema);
    let Some(key) = request.subject.parse().ok().filter(|_| is_current) else {
        return Ok(false);
    };
    let stored = store.pull_request(&key)?;
    Ok(stored.is_some_and(|stored| stored.content_hash == request.content_hash))
}

fn line_of(request: &QuarantinedRequest, holds: bool) -> Line<'_> {
    Line {
        subject: &request.subject,
        team: &request.group,
        run: request.cursor.run,
        custom_id: &request.custom_id,
        kind: request.kind,
        detail: &request.detail,
        tier: request.tier,
        attempts: request.attempts,
        prompt_version: &request.prompt_version,
        schema_version: &request.schema_version,
        dropped: request.dropped,
        holds,
        note: request.note.as_deref(),
    }
}

fn words_of(request: &QuarantinedRequest, holds: bool) -> String {
    let standing = match (request.dropped, holds) {
        (true, true) => ", dropped",
        (true, false) => ", dropped with a content that has changed since",
        (false, true) => "",
        (false, false) => ", asked again by itself: content, prompt or schema changed since",
    };
    let mut words = format!(
        "{}  {} after {} attempts, tier {}, run {}{standing}: {}",
        request.subject,
        request.kind,
        request.attempts,
        request.tier,
        request.cursor.run,
        request.detail
    );
    if let Some(note) = &request.note {
        words.push_str(&format!("\n    note: {note}"));
    }
    words
}

fn history(app: &App, chosen: &Chosen) -> Result<Outcome, CliError> {
    let store = app.open_to_read("quarantine")?;
    let ledger = ledger(&store);
    let mut after = None;
    let mut shown: u64 = 0;
    loop {
        let page = ledger.rulings(TASK, after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        let of_subject = |line: &&RulingLine| {
            (chosen.subjects.is_empty() || chosen.subjects.contains(&line.subject))
                && chosen.run.is_none_or(|run| run == line.run)
        };
        for line in page.iter().filter(of_subject) {
            shown += 1;
            if app.output.json {
                app.output.json_line(line)?;
            } else {
                app.output.line(&printable(&format!(
                    "{}  {}  {} (run {}){}",
                    line.at.strftime("%Y-%m-%d %H:%M"),
                    line.decision,
                    line.subject,
                    line.run,
                    line.note
                        .as_deref()
                        .map(|note| format!(": {note}"))
                        .unwrap_or_default()
                )))?;
            }
        }
    }
    if !app.output.json && shown == 0 {
        app.output.line("No decision was taken yet.")?;
    }
    Ok(Outcome::Done)
}

fn rule(
    app: &App,
    chosen: &Chosen,
    decision: Decision,
    note: Option<String>,
) -> Result<Outcome, CliError> {
    // A missing database is a mistake here, not something to make.
    app.open_to_read("quarantine")?;
    let store = app.open_to_write("quarantine")?;
    let ledger = ledger(&store);
    let ruling = Ruling {
        decision,
        note,
        at: Timestamp::now(),
    };
    let (mut matched, mut changed) = (0, 0);
    each_page(&*ledger, chosen, |page| {
        let places: Vec<RequestCursor> = page.iter().map(|request| request.cursor).collect();
        matched += places.len() as u64;
        changed += ledger.rule(&places, &ruling)?;
        Ok(())
    })?;
    if app.output.json {
        app.output.document(&Document {
            version: 1,
            decision,
            matched,
            changed,
        })?;
        return Ok(Outcome::Done);
    }
    match decision {
        Decision::Retry => app.output.line(&format!(
            "{} lifted; the next tandem analyze asks them again",
            count(changed)
        ))?,
        Decision::Drop => app.output.line(&format!(
            "{} dropped, {} were already; this content is not asked again, tandem quarantine retry lifts it",
            count(changed),
            count(matched - changed)
        ))?,
    }
    Ok(Outcome::Done)
}
