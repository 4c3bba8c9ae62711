//! "This is wrong": corrections of a verdict, made and withdrawn on the page of its pull request.

use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use model::{Correction, Origin, PrKey, Verdict};
use names::Names;
use serde::Deserialize;
use store::{Corrected, CorrectionRecord, Decision};

use super::filter::given;
use super::one::origin_words;
use super::text::{hidden_line, line};
use crate::access::{Role, THIS_MACHINE, Visitor};
use crate::charts::{Cell, Table};
use crate::error::PageError;
use crate::pages::writing;
use crate::site::Site;
use crate::source::NamedTool;
use crate::view::escape_path;
use crate::words::moment;

/// Characters of a reason.
const REASON: usize = 500;

/// Decisions that are listed.
const LISTED: usize = 50;

/// What is known of corrections of one verdict.
pub(super) struct Corrections {
    /// All decisions, the latest first.
    pub(super) decisions: Vec<CorrectionRecord>,
    /// What a correction may name.
    pub(super) tools: Vec<NamedTool>,
    /// Whether anything can be written here.
    pub(super) are_taken: bool,
}

/// The card, for a pull request that has a verdict.
pub(super) fn card(
    key: &PrKey,
    standing: Option<&Corrected>,
    corrections: &Corrections,
    names: &Names,
    visitor: &Visitor,
) -> Markup {
    let may_change = corrections.are_taken && visitor.role >= Role::Admin;
    let address = format!("/pull-requests/{}/{}", escape_path(&key.repo), key.number);
    html! {
        section.card.wide.corrections id="correction" {
            h2 { "Is this wrong?" }
            @if let Some(Corrected { record, automatic }) = standing {
                p { strong { "Corrected" } " by " (who(&record.by, names)) ", " time datetime=(record.at) { (moment(record.at)) } ": "
                    (record.correction.as_ref().map(said).unwrap_or_default()) "." }
                p { q { (hidden_line(&record.note, REASON, names)) } }
                p.note { "Without the correction: " (verdict_words(automatic)) ". It outranks signatures and models until it is withdrawn, and counts as a label for precision and recall." }
            } @else {
                p.note { "A correction outranks signatures and models, is kept with its reason, and counts as a label for precision and recall." }
            }
            @if may_change {
                @if standing.is_some() { (withdrawal(&address, &visitor.csrf)) }
                (form(&address, corrections, standing.is_some(), &visitor.csrf))
            } @else if corrections.are_taken {
                p.note { "Whoever has the role admin can correct it." }
            }
            (history(&corrections.decisions, names))
        }
    }
}

fn withdrawal(address: &str, csrf: &str) -> Markup {
    html! {
        details.withdrawal {
            summary { "Withdraw the correction" }
            form method="post" action={ (address) "/withdraw" } {
                input type="hidden" name="csrf" value=(csrf);
                label { span { "Why" } input type="text" name="note" maxlength=(REASON) required; }
                p { button.danger type="submit" { "Withdraw" } }
            }
        }
    }
}

fn form(address: &str, corrections: &Corrections, is_corrected: bool, csrf: &str) -> Markup {
    let (reviewers, authors): (Vec<&NamedTool>, Vec<&NamedTool>) =
        corrections.tools.iter().partition(|tool| tool.is_reviewer);
    let options = |tools: &[&NamedTool]| {
        html! { @for tool in tools { option value=(tool.slug) { (tool.name) } } }
    };
    let tools =
        |name: &str, label: &str, first: Markup, usual: &[&NamedTool], others: &[&NamedTool]| {
            html! {
                label { span { (label) }
                    select name=(name) {
                        (first)
                        optgroup label="Usual" { (options(usual)) }
                        optgroup label="Others" { (options(others)) }
                    }
                }
            }
        };
    let as_it_is = html! { option value="" { "Leave as it is" } option value="none" { "No tool" } };
    let no_other = html! { option value="" { "No other" } };
    html! {
        details.correct {
            summary { @if is_corrected { "Correct it otherwise" } @else { "This is wrong" } }
            form method="post" action={ (address) "/correct" } {
                input type="hidden" name="csrf" value=(csrf);
                div.fields {
                    label { span { "It was" }
                        select name="origin" {
                            option value="" { "Leave as it is" }
                            @for origin in ORIGINS { option value=(origin.as_str()) { (correction_words(origin)) } }
                        }
                    }
                    (tools("tool", "Tool that wrote or helped", as_it_is.clone(), &authors, &reviewers))
                    (tools("second_tool", "And", no_other, &authors, &reviewers))
                    label { span { "Reviewed by AI" }
                        select name="reviewed" {
                            option value="" { "Leave as it is" }
                            option value="yes" { "yes" }
                            option value="no" { "no" }
                        }
                    }
                    (tools("review_tool", "Tool that reviewed", as_it_is, &reviewers, &authors))
                    label.long { span { "Why: what is known that the traces do not show" }
                        input type="text" name="note" maxlength=(REASON) required; }
                }
                p { button type="submit" { "Correct" } }
                p.note { "What is left as it is stays with signatures and models. More than two tools: " code { "tandem correct" } "." }
            }
        }
    }
}

fn history(decisions: &[CorrectionRecord], names: &Names) -> Markup {
    if decisions.is_empty() {
        return html! {};
    }
    let mut table = Table::new(&["When", "Who", "What", "Why"]);
    for decision in decisions.iter().take(LISTED) {
        table.row(vec![
            Cell::text(moment(decision.at)),
            Cell::text(who(&decision.by, names)),
            Cell::text(
                decision
                    .correction
                    .as_ref()
                    .map_or_else(|| "withdrawn".to_owned(), said),
            ),
            Cell::text(html! { bdi { (hidden_line(&decision.note, REASON, names)) } }),
        ]);
    }
    html! {
        details.history {
            summary { "What was decided about it (" (decisions.len()) ")" }
            (table)
            @if decisions.len() > LISTED { p.note { "The last " (LISTED) "; " code { "tandem correct --history" } " has all." } }
        }
    }
}

const ORIGINS: [Origin; 4] = [
    Origin::Agent,
    Origin::Assisted,
    Origin::NoneDetected,
    Origin::Unknown,
];

/// What an origin is called where a person says it rather than the traces.
fn correction_words(origin: Origin) -> &'static str {
    match origin {
        Origin::NoneDetected => "made without AI, as far as known",
        Origin::Unknown => "not to be told",
        other => origin_words(other),
    }
}

/// Who decided, where names are shown.
fn who(by: &str, names: &Names) -> String {
    if names.are_shown() || by == THIS_MACHINE {
        line(by, 60)
    } else {
        "somebody".to_owned()
    }
}

fn list(tools: &[String]) -> String {
    if tools.is_empty() {
        "none".to_owned()
    } else {
        line(&tools.join(", "), 200)
    }
}

/// What a correction says, in a few words.
fn said(correction: &Correction) -> String {
    let mut parts = Vec::new();
    if let Some(origin) = correction.origin {
        parts.push(correction_words(origin).to_owned());
    }
    if let Some(tools) = &correction.author_tools {
        parts.push(format!("tools: {}", list(tools)));
    }
    if let Some(is_reviewed) = correction.ai_reviewed {
        let word = if is_reviewed { "yes" } else { "no" };
        parts.push(format!("reviewed by AI: {word}"));
    }
    if let Some(tools) = &correction.review_tools {
        parts.push(format!("review tools: {}", list(tools)));
    }
    parts.join("; ")
}

/// What a verdict says, in a few words.
fn verdict_words(verdict: &Verdict) -> String {
    let mut words = origin_words(verdict.origin).to_owned();
    if !verdict.author_tools.is_empty() {
        words.push_str(&format!(", tools: {}", list(&verdict.author_tools)));
    }
    if verdict.ai_reviewed {
        words.push_str(&format!(
            ", reviewed by AI: {}",
            list(&verdict.review_tools)
        ));
    }
    words
}

/// What the form says. Empty values are left as they are.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Said {
    csrf: String,
    note: Option<String>,
    origin: Option<String>,
    tool: Option<String>,
    second_tool: Option<String>,
    reviewed: Option<String>,
    review_tool: Option<String>,
}

fn refuse<T>(words: impl Into<String>) -> Result<T, PageError> {
    Err(PageError::BadRequest(words.into()))
}

impl Said {
    /// The reason, which has to be given.
    fn reason(&self) -> Result<String, PageError> {
        match given(self.note.as_ref()) {
            None => refuse("Say why: the reason is kept with the decision."),
            Some(note) => Ok(line(note, REASON)),
        }
    }

    fn correction(&self, known: &[NamedTool]) -> Result<Correction, PageError> {
        let origin = match given(self.origin.as_ref()) {
            None => None,
            Some(word) => match ORIGINS.into_iter().find(|one| one.as_str() == word) {
                Some(origin) => Some(origin),
                None => return refuse(format!("'{}' is not an origin.", line(word, 40))),
            },
        };
        let ai_reviewed = match given(self.reviewed.as_ref()) {
            None => None,
            Some("yes") => Some(true),
            Some("no") => Some(false),
            Some(word) => return refuse(format!("'{}' is not yes or no.", line(word, 40))),
        };
        let correction = Correction {
            origin,
            author_tools: chosen(&[&self.tool, &self.second_tool], known)?,
            ai_reviewed,
            review_tools: chosen(&[&self.review_tool], known)?,
        };
        if correction.is_empty() {
            return refuse("Nothing is said to be wrong: say what is right.");
        }
        Ok(correction)
    }
}

/// The tools of some choices; `None` where nothing was chosen.
fn chosen(
    choices: &[&Option<String>],
    known: &[NamedTool],
) -> Result<Option<Vec<String>>, PageError> {
    let words: Vec<&str> = choices
        .iter()
        .filter_map(|choice| given(choice.as_ref()))
        .collect();
    if words.is_empty() {
        return Ok(None);
    }
    let mut tools: Vec<String> = Vec::new();
    for word in words {
        if word == "none" {
            continue;
        }
        if !known.iter().any(|tool| tool.slug == word) {
            return refuse(format!("No tool is called '{}'.", line(word, 40)));
        }
        tools.push(word.to_owned());
    }
    tools.sort_unstable();
    tools.dedup();
    Ok(Some(tools))
}

type PullRequestPath = Path<(String, String, u64)>;

/// `POST /pull-requests/{owner}/{name}/{number}/correct`.
pub(super) async fn correct(
    State(site): State<Site>,
    visitor: Visitor,
    Path((owner, name, number)): PullRequestPath,
    Form(said): Form<Said>,
) -> Result<Response, PageError> {
    if let Err(refused) = visitor.may_change(&said.csrf) {
        return Ok(*refused);
    }
    let correction = said.correction(site.source.tools())?;
    let key = PrKey {
        repo: format!("{owner}/{name}"),
        number,
    };
    decide(&site, &visitor, key, Some(correction), said.reason()?).await
}

/// `POST /pull-requests/{owner}/{name}/{number}/withdraw`.
pub(super) async fn withdraw(
    State(site): State<Site>,
    visitor: Visitor,
    Path((owner, name, number)): PullRequestPath,
    Form(said): Form<Said>,
) -> Result<Response, PageError> {
    if let Err(refused) = visitor.may_change(&said.csrf) {
        return Ok(*refused);
    }
    let key = PrKey {
        repo: format!("{owner}/{name}"),
        number,
    };
    decide(&site, &visitor, key, None, said.reason()?).await
}

/// Keeps a decision; the store writes it into the log in the same transaction.
async fn decide(
    site: &Site,
    visitor: &Visitor,
    key: PrKey,
    correction: Option<Correction>,
    note: String,
) -> Result<Response, PageError> {
    let address = format!(
        "/pull-requests/{}/{}#correction",
        escape_path(&key.repo),
        key.number
    );
    let decision = Decision {
        key,
        correction,
        by: visitor.name.clone(),
        note,
        at: Timestamp::now(),
    };
    let is_changed = writing::write(site, move |store| store.decide(&decision)).await?;
    if !is_changed {
        return refuse("No correction stands: somebody else withdrew it.");
    }
    Ok(Redirect::to(&address).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<NamedTool> {
        ["cursor", "devin", "bugbot"]
            .into_iter()
            .map(|slug| NamedTool {
                slug: slug.to_owned(),
                name: slug.to_owned(),
                is_reviewer: slug == "bugbot",
            })
            .collect()
    }

    fn said_by(pairs: &[(&str, &str)]) -> Said {
        let mut object: serde_json::Map<String, serde_json::Value> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        object.insert("csrf".to_owned(), "x".into());
        serde_json::from_value(object.into()).expect("a form")
    }

    #[test]
    fn a_form_becomes_a_correction() {
        let form = said_by(&[
            ("origin", "assisted"),
            ("tool", "devin"),
            ("second_tool", "cursor"),
            ("reviewed", ""),
            ("review_tool", "none"),
            ("note", " seen "),
        ]);
        let correction = form.correction(&known()).expect("sound");
        assert_eq!(
            correction,
            Correction {
                origin: Some(Origin::Assisted),
                author_tools: Some(vec!["cursor".into(), "devin".into()]),
                ai_reviewed: None,
                review_tools: Some(Vec::new()),
            }
        );
        assert_eq!(form.reason().expect("given"), "seen");
        assert_eq!(
            said(&correction),
            "made with AI's help; tools: cursor, devin; review tools: none"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for pairs in [
            &[][..],
            &[("origin", "human")],
            &[("tool", "nosuch")],
            &[("reviewed", "maybe")],
        ] {
            assert!(said_by(pairs).correction(&known()).is_err(), "{pairs:?}");
        }
        assert!(said_by(&[("note", "  ")]).reason().is_err());
    }
}
