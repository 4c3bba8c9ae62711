//! "Is this wrong?": the card of a pull request on which its verdict is corrected.

use maud::{Markup, html};
use model::{Correction, Origin, PrKey, Verdict};
use names::Names;
use store::{Corrected, CorrectionRecord};

use super::one::origin_words;
use super::text::{hidden_line, line};
use crate::access::{Role, THIS_MACHINE, Visitor};
use crate::charts::{Cell, Table};
use crate::source::NamedTool;
use crate::view::escape_path;
use crate::words::moment;

/// Characters of a reason.
pub(super) const REASON: usize = 500;

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

/// What may be said of an origin.
pub(super) const ORIGINS: [Origin; 4] = [
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
pub(super) fn said(correction: &Correction) -> String {
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
