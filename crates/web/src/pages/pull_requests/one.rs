//! One pull request.

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use insights::wording::duration_text;
use maud::{Markup, html};
use measures::{Calendar, Measures, Metric, SizeBucket};
use model::{Confidence, Evidence, Origin, PrKey, PullRequest, Role, Signal, State as Standing};
use names::Names;
use serde::Serialize;
use store::{AnalysisOrigin, AnalysisRecord, StoredPullRequest, VerdictRecord};

use super::correction::{self, Corrections};
use super::text::{block, hidden_line, line};
use super::timeline::{self, anchor, marks_of};
use crate::access::Visitor;
use crate::charts::{Cell, Table};
use crate::error::PageError;
use crate::layout::{Frame, Tab, page};
use crate::settings::Settings;
use crate::site::Site;
use crate::view::escape_path;
use crate::words::{count, dollars, moment};

/// Characters of a title.
pub(super) const TITLE: usize = 200;

/// Bytes of the description, beside what is marked.
const BODY: usize = 6_000;

/// Pieces of evidence that are shown.
const EVIDENCE: usize = 100;

/// Labels that are shown.
const LABELS: usize = 30;

/// Everything that is known of it.
struct Known {
    stored: StoredPullRequest,
    verdict: Option<VerdictRecord>,
    analysis: Option<AnalysisRecord>,
    measures: Measures,
    names: Names,
    corrections: Corrections,
}

/// `/pull-requests/{owner}/{name}/{number}`.
pub(super) async fn page_of_one(
    State(site): State<Site>,
    visitor: Visitor,
    Path((owner, name, number)): Path<(String, String, String)>,
) -> Result<Response, PageError> {
    let Ok(number) = number.parse::<u64>() else {
        return Err(PageError::NotFound(
            "A pull request is named by its number.".to_owned(),
        ));
    };
    let key = PrKey {
        repo: format!("{owner}/{name}"),
        number,
    };
    let people = site.settings.people;
    let asked = key.clone();
    let found = site
        .ask(move |source| {
            let store = source.store();
            let Some(stored) = store.pull_request(&asked)? else {
                return Ok(None);
            };
            let is_bot = |account: measures::Account<'_>| source.is_bot(account);
            Ok(Some(Known {
                verdict: store.verdict(&asked)?,
                corrections: Corrections {
                    decisions: store.decisions(&asked)?,
                    tools: source.tools().to_vec(),
                    are_taken: !source.tools().is_empty(),
                },
                analysis: store.analysis(&asked)?,
                measures: measures::measure(&stored.pull_request, &is_bot),
                names: Names::of(&stored.pull_request, &is_bot, people),
                stored,
            }))
        })
        .await?;
    let Some(known) = found else {
        return Err(PageError::NotFound(format!(
            "{} is not in the database.",
            line(&key.to_string(), 120)
        )));
    };
    let title = format!("{}#{number}", line(&key.repo, 100));
    let body = body(&site.settings, &known, &visitor);
    Ok(Html(page(&Frame::plain(&title, Tab::PullRequests), body).into_string()).into_response())
}

fn body(settings: &Settings, known: &Known, visitor: &Visitor) -> Markup {
    let record = &known.stored.pull_request;
    let evidence = known
        .verdict
        .as_ref()
        .map_or(&[][..], |one| &one.verdict.evidence);
    html! {
        p.pr-title { bdi { (hidden_line(&record.title, TITLE, &known.names)) } }
        div.grid {
            (facts(settings, known))
            (verdict(known))
            (clocks(&known.measures))
            (analysis(known))
            @if let Some(verdict) = &known.verdict {
                (correction::card(&record.key(), verdict.corrected.as_ref(), &known.corrections, &known.names, visitor))
            }
        }
        (evidence_card(evidence, &known.names))
        section.card id="description" {
            h2 { "Description" }
            @match record.body.as_deref().filter(|body| !body.trim().is_empty()) {
                Some(text) => (block(text, BODY, &marks_of(evidence, "body", text), &known.names)),
                None => p.note { "It has none." },
            }
        }
        (timeline::card(record, evidence, &known.names))
    }
}

fn host_address(settings: &Settings, record: &PullRequest) -> String {
    format!(
        "{}/{}/pull/{}",
        settings.host,
        escape_path(&record.repo),
        record.number
    )
}

/// What became of it, in a word.
fn outcome(record: &PullRequest) -> &'static str {
    match (record.merged_at, record.state, record.draft) {
        (Some(_), _, _) => "merged",
        (None, Standing::Closed, _) => "closed without a merge",
        (None, Standing::Open, Some(true)) => "open, a draft",
        (None, Standing::Open, _) => "open",
    }
}

fn facts(settings: &Settings, known: &Known) -> Markup {
    let record = &known.stored.pull_request;
    let author = record
        .author
        .as_ref()
        .and_then(|author| author.login.as_deref());
    let labels = record.labels.as_deref().unwrap_or_default();
    let measures = &known.measures;
    let team = &known.stored.team;
    let branch = |name: Option<&String>| {
        name.map_or_else(
            || "–".to_owned(),
            |name| line(&known.names.branch(name), 120),
        )
    };
    html! {
        section.card id="facts" {
            h2 { "Facts" }
            dl.facts {
                dt { "At the host" } dd { a href=(host_address(settings, record)) rel="noreferrer external" { (line(&known.stored.pull_request.key().to_string(), 120)) } }
                dt { "Team" } dd { a href=(crate::view::team_path(team)) { (line(team, 100)) } }
                dt { "Is" } dd { (outcome(record)) }
                dt { "Author" } dd { (known.names.call(author)) }
                @for (name, at) in [("Opened", record.created_at), ("Merged", record.merged_at), ("Closed", record.closed_at.filter(|_| record.merged_at.is_none()))] {
                    @if let Some(at) = at { dt { (name) } dd { time datetime=(at) { (moment(at)) } } }
                }
                dt { "Size" } dd { @match measures.size_lines {
                    Some(lines) => { (count(lines)) " lines without generated files (" (SizeBucket::of(lines).as_str()) ")" },
                    None => "not known",
                } @if let Some(files) = measures.changed_files { ", " (count(files)) @if files == 1 { " file" } @else { " files" } } }
                @if let (Some(added), Some(deleted)) = (record.additions, record.deletions) {
                    dt { "Lines" } dd { "+" (count(added)) " −" (count(deleted)) " lines" }
                }
                dt { "Branch" } dd { (branch(record.head_ref.as_ref())) " → " (branch(record.base_ref.as_ref())) }
                @if !labels.is_empty() { dt { "Labels" } dd { @for (index, label) in labels.iter().take(LABELS).enumerate() {
                    span.badge.label id={ "labels-" (index) } { (line(&label.0, 60)) } " "
                } } }
            }
        }
    }
}

/// What an origin is called.
pub(super) fn origin_words(origin: Origin) -> &'static str {
    match origin {
        Origin::Agent => "made by an agent",
        Origin::Assisted => "made with AI's help",
        Origin::NoneDetected => "none detected",
        Origin::Unknown => "unknown",
    }
}

fn verdict(known: &Known) -> Markup {
    let Some(record) = &known.verdict else {
        return html! { section.card { h2 { "Verdict" } p { "There is none yet: " code { "tandem detect" } " draws it." } } };
    };
    let verdict = &record.verdict;
    html! {
        section.card.verdict data-origin=(verdict.origin.as_str()) {
            h2 { "Verdict" }
            p.big { (origin_words(verdict.origin)) @if record.corrected.is_some() { a.badge href="#correction" { "corrected" } } }
            @if verdict.origin == Origin::NoneDetected { p.note { "What leaves no trace is not seen: this does not say that a person wrote it alone." } }
            dl.facts {
                dt { "Confidence" } dd { (format!("{:.2}", verdict.confidence)) }
                @if !verdict.author_tools.is_empty() { dt { "Tools" } dd { (verdict.author_tools.join(", ")) } }
                dt { "Reviewed by AI" } dd { @if verdict.ai_reviewed { "yes: " (verdict.review_tools.join(", ")) } @else { "none detected" } }
                @if verdict.plain_bot { dt { "Automation" } dd { "opened by a plain bot; in no share" } }
                dt { "Why" } dd { @if record.corrected.is_some() { a href="#correction" { "a person's correction" } ", beside " } (why(verdict.evidence.as_slice(), known.analysis.is_some())) }
            }
            @for note in &verdict.notes { p.note { (hidden_line(note, 400, &known.names)) } }
            @if !record.content_is_current { p.warning { "The pull request changed since: " code { "tandem detect" } " looks again." } }
        }
    }
}

fn why(evidence: &[Evidence], has_analysis: bool) -> String {
    let of = |confidence: Confidence| {
        evidence
            .iter()
            .filter(|hit| hit.confidence == confidence)
            .count()
    };
    match (
        of(Confidence::High),
        of(Confidence::Medium),
        of(Confidence::Low),
    ) {
        (0, 0, 0) if has_analysis => {
            "no signature hit; the analysis decides where it can".to_owned()
        }
        (0, 0, 0) => "no signature hit".to_owned(),
        (high, medium, low) => {
            let parts = [(high, "hard"), (medium, "medium"), (low, "weak")];
            let told: Vec<String> = parts
                .iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, word)| format!("{number} {word}"))
                .collect();
            let pieces = if evidence.len() == 1 {
                "piece"
            } else {
                "pieces"
            };
            format!("{} {pieces} of evidence", told.join(", "))
        }
    }
}

fn clocks(measures: &Measures) -> Markup {
    let mut table = Table::new(&["Clock", ">Duration"]);
    for metric in Metric::all() {
        let seconds = metric
            .clock()
            .and_then(|clock| measures.clock(clock, &Calendar::Always));
        if let Some(seconds) = seconds {
            table.row(vec![
                Cell::link(
                    metric.definition().title,
                    Some(format!("/methods#metric-{metric}")),
                ),
                Cell::number(duration_text(seconds as f64)),
            ]);
        }
    }
    html! {
        section.card {
            h2 { "Clocks" }
            @if table.is_empty() { p.note { "None can be told: it is open, or the record has no dates." } }
            @else { (table) p.note { "Around the clock, weekends included." } }
        }
    }
}

/// The word that JSON has for a value of an enumeration, as people write it.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word.replace('_', " "),
        _ => String::new(),
    }
}

fn analysis(known: &Known) -> Markup {
    let Some(record) = &known.analysis else {
        return html! { section.card { h2 { "Analysis" } p.note { "No model has read it yet." } } };
    };
    let answer = &record.answer;
    let names = &known.names;
    let is_current = record.content_hash == known.stored.content_hash;
    html! {
        section.card {
            h2 { "Analysis" }
            p { strong { (hidden_line(&answer.summary.title, 150, names)) } span.badge { (word(&answer.summary.change_type)) } }
            p { (hidden_line(&answer.summary.description, 800, names)) }
            ul { @for insight in &answer.health.insights { li { (hidden_line(insight, 300, names)) } } }
            dl.facts {
                dt { "AI, it says" } dd { (word(&answer.ai.role)) @if !answer.ai.tools.is_empty() { ": " (line(&answer.ai.tools.join(", "), 200)) }
                    " (confidence " (format!("{:.2}", answer.ai.confidence)) ")" }
                @if let Some(quote) = &answer.ai.quote {
                    dt { "Quote" } dd { q { (hidden_line(quote, 300, names)) } " "
                        @match record.quote_supported {
                            Some(true) => span.badge { "stands in the input" },
                            Some(false) => span.badge.bad { "not in the input" },
                            None => {},
                        } }
                }
                dt { "Review friction" } dd { (word(&answer.health.review_friction)) }
                dt { "Scope" } dd { (word(&answer.health.scope)) }
                dt { "Risk" } dd { (word(&answer.health.risk_level)) }
                @if record.origin == AnalysisOrigin::Rules {
                    dt { "By" } dd { "rules; no model was asked" }
                } @else {
                    dt { "By" } dd { (line(&record.provider, 60)) ":" (line(&record.model, 100)) ", tier " (record.tier) ", attempt " (record.attempt) }
                    dt { "Run" } dd { @match record.run_id.parse::<i64>() {
                        Ok(run) => a href={ "/runs/" (run) } { (run) },
                        Err(_) => (line(&record.run_id, 60)),
                    } }
                    dt { "Tokens" } dd { (count(record.input_tokens)) " in, " (count(record.output_tokens)) " out" }
                    dt { "Cost" } dd { (dollars(record.cost_pico_usd as f64 / 1e12)) }
                    @if let Some(repaired) = &record.repaired { dt { "Repaired" } dd { (line(repaired, 200)) } }
                }
                dt { "Answered" } dd { (moment(record.answered_at)) }
            }
            @if !is_current { p.warning { "The pull request changed since it was read; the answer no longer counts for the verdict." } }
        }
    }
}

fn role_words(role: Role) -> &'static str {
    match role {
        Role::Authored => "authored",
        Role::Assisted => "assisted",
        Role::Reviewed => "reviewed",
    }
}

/// What a kind of evidence is called.
pub(super) fn signal_words(signal: Signal) -> String {
    let word = word(&signal);
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn evidence_card(evidence: &[Evidence], names: &Names) -> Markup {
    let mut table = Table::new(&["Tool", "Role", "Kind", "Sure", "Quote", "Where", "Rule"]);
    for hit in evidence.iter().take(EVIDENCE) {
        let quote = hidden_line(&hit.quote, 200, names);
        table.row(vec![
            Cell::text(&hit.tool),
            Cell::text(role_words(hit.role)),
            Cell::text(signal_words(hit.signal)),
            Cell::text(word(&hit.confidence)),
            Cell::text(html! { mark { bdi { (quote) } } }),
            Cell::link(&hit.field, Some(format!("#{}", anchor(&hit.field)))),
            Cell::text(&hit.rule),
        ]);
    }
    html! {
        section.card {
            h2 { "Evidence" }
            @if evidence.is_empty() { p.note { "No signature hit." } } @else { (table) }
            @if evidence.len() > EVIDENCE { p.note { "The first " (EVIDENCE) " of " (count(evidence.len() as u64)) "." } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_counts_evidence_by_strength() {
        assert_eq!(why(&[], false), "no signature hit");
        let hit = |confidence| Evidence {
            tool: "cursor".to_owned(),
            role: Role::Assisted,
            signal: Signal::Trailer,
            field: "body".to_owned(),
            quote: "q".to_owned(),
            rule: "r".to_owned(),
            confidence,
            offset_bytes: 0,
        };
        let all = [
            hit(Confidence::High),
            hit(Confidence::Low),
            hit(Confidence::High),
        ];
        assert_eq!(why(&all, true), "2 hard, 1 weak pieces of evidence");
        assert_eq!(signal_words(Signal::CommitIdentity), "Commit identity");
    }
}
