//! Joining the signatures' verdict with a model's claim.

use std::sync::LazyLock;

use model::{AiClaim, ClaimedRole, Confidence, Origin, Role, Verdict};

use crate::catalogue::{Catalogue, Position, ToolNames};
use crate::verdict::ai_authored;

/// A claim of lower confidence does not decide what evidence leaves open.
pub const MIN_CLAIM_CONFIDENCE: f64 = 0.7;

/// The confidence left to a verdict of medium evidence that a model denies.
const DENIED_CONFIDENCE: f64 = 0.6;

/// Whether the text that a claim quotes stands in what the model was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuoteSupport {
    /// It does.
    Supported,
    /// It does not: the claim rests on nothing.
    NotFound,
    /// The claim quotes nothing.
    NoQuote,
}

impl QuoteSupport {
    /// Looks a quote up in the input. White space is compared loosely, since models join lines;
    /// letters are not. A blank quote is no quote.
    pub fn of(quote: Option<&str>, input: &str) -> Self {
        let Some(quote) = quote.filter(|quote| !quote.trim().is_empty()) else {
            return QuoteSupport::NoQuote;
        };
        if input.contains(quote) || on_one_line(input).contains(&on_one_line(quote)) {
            QuoteSupport::Supported
        } else {
            QuoteSupport::NotFound
        }
    }
}

/// Joins a verdict from signatures with a model's claim, with the built-in names of tools.
///
/// The one table by which evidence and model meet; the first row that fits applies. "Decided" means
/// that evidence of medium or high confidence set the origin to agent or assisted.
///
/// | # | the verdict | the claim | result |
/// |---|---|---|---|
/// | 1 | plain bot | any | stays; the claim is set aside, with a note when it says AI |
/// | 2 | any | confidence not in 0..=1, or its parts contradict each other | stays; note |
/// | 3 | decided | AI wrote or helped, quote supported | stays; notes on another role or on tools without evidence |
/// | 4 | decided | AI wrote or helped, quote missing or not found | stays; note that the claim is unsupported |
/// | 5 | decided, high | no AI | stays as it is; note: evidence outranks the model |
/// | 6 | decided, medium only | no AI | stays, its confidence at most 0.6; note |
/// | 7 | undecided | AI wrote or helped, quote missing or not found | stays; note |
/// | 8 | undecided | AI wrote or helped, quote supported, confidence below [`MIN_CLAIM_CONFIDENCE`] | stays; note |
/// | 9 | undecided | AI wrote or helped, quote supported, confidence enough | origin as claimed, tools as claimed, confidence the claim's but at most that of medium evidence; note |
/// | 10 | none detected | no AI | stays: they agree |
/// | 11 | unknown | no AI | stays unknown: a model does not see what the record lacks |
/// | 12 | reviewed by AI | a tool only reviewed | review stays; the origin goes by rows 5, 6, 10, 11; note on tools without evidence |
/// | 13 | not reviewed | a tool only reviewed, quote supported, confidence enough | `ai_reviewed` and the tools as claimed; origin by rows 5, 6, 10, 11; note |
/// | 14 | not reviewed | a tool only reviewed, otherwise | not taken; origin by rows 5, 6, 10, 11; note |
///
/// Above the table stands a user: while a [`model::Correction`] of the verdict stands, it is applied to the
/// result of the table, whatever that is; the result is kept beside it and holds again when the correction
/// is withdrawn. The store does so with every verdict that it is given.
///
/// Tools are named by the catalogue's slugs; a name that no tool bears is dropped with a note, so
/// that a hallucinated tool never reaches a table. Evidence is never removed.
pub fn join(verdict: Verdict, claim: &AiClaim, quote: QuoteSupport) -> Verdict {
    static BUILTIN_NAMES: LazyLock<ToolNames> = LazyLock::new(|| {
        // The built-in files are valid; a test says so.
        Catalogue::builtin().map_or_else(|_| ToolNames::default(), |built| ToolNames::new(&built))
    });
    joined(verdict, claim, quote, &BUILTIN_NAMES)
}

pub(crate) fn joined(
    mut verdict: Verdict,
    claim: &AiClaim,
    quote: QuoteSupport,
    names: &ToolNames,
) -> Verdict {
    if verdict.plain_bot {
        if claim.is_assisted {
            note(
                &mut verdict,
                "a model's claim of AI was set aside: plain automation opened this",
            );
        }
        return verdict;
    }
    let says = match Says::read(claim) {
        Ok(says) => says,
        Err(reason) => {
            note(
                &mut verdict,
                format!("a model's claim was set aside: {reason}"),
            );
            return verdict;
        }
    };
    match says {
        Says::Wrote(origin) => joined_with_yes(verdict, claim, origin, quote, names),
        Says::Reviewed => {
            let verdict = joined_with_no(verdict, claim.confidence);
            joined_with_review(verdict, claim, quote, names)
        }
        Says::Nothing => joined_with_no(verdict, claim.confidence),
    }
}

/// How a model's claim and the signatures contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disagreement {
    /// Evidence says that AI wrote or helped, the model says that none did: rows 5 and 6 of [`join`].
    Denied,
    /// The model says that AI wrote or helped, and the signatures found nothing: rows 7 to 9 of [`join`].
    Unseen,
}

/// Says whether a model's claim contradicts what the signatures say, by the table of [`join`].
///
/// `verdict` is the signatures' own, not yet joined. Where they leave the origin unknown, or where plain
/// automation opened the pull request, there is nothing to contradict; a claim that contradicts itself
/// contradicts nothing else.
pub fn disagreement(verdict: &Verdict, claim: &AiClaim) -> Option<Disagreement> {
    if verdict.plain_bot {
        return None;
    }
    match (Says::read(claim).ok()?, verdict.origin) {
        (Says::Nothing | Says::Reviewed, Origin::Agent | Origin::Assisted) => {
            Some(Disagreement::Denied)
        }
        (Says::Wrote(_), Origin::NoneDetected) => Some(Disagreement::Unseen),
        _ => None,
    }
}

/// What a consistent claim says.
enum Says {
    /// AI wrote the change or helped.
    Wrote(Origin),
    /// AI reviewed only.
    Reviewed,
    /// No AI.
    Nothing,
}

impl Says {
    fn read(claim: &AiClaim) -> Result<Self, &'static str> {
        if !(0.0..=1.0).contains(&claim.confidence) {
            return Err("its confidence is not between 0 and 1");
        }
        match (claim.is_assisted, claim.role) {
            (true, ClaimedRole::Authored) => Ok(Says::Wrote(Origin::Agent)),
            (true, ClaimedRole::Assisted) => Ok(Says::Wrote(Origin::Assisted)),
            (_, ClaimedRole::Reviewed) => Ok(Says::Reviewed),
            (false, ClaimedRole::None) => Ok(Says::Nothing),
            (true, ClaimedRole::None) => Err("it says AI but gives it no role"),
            (false, ClaimedRole::Authored | ClaimedRole::Assisted) => {
                Err("it gives AI a role but says there was none")
            }
        }
    }
}

/// Rows 3, 4 and 7 to 9.
fn joined_with_yes(
    mut verdict: Verdict,
    claim: &AiClaim,
    origin: Origin,
    quote: QuoteSupport,
    names: &ToolNames,
) -> Verdict {
    if let Some(problem) = unsupported(quote) {
        note(
            &mut verdict,
            format!("a model's claim of AI was set aside: {problem}"),
        );
        return verdict;
    }
    let tools = known_tools(&mut verdict, claim, Position::Author, names);
    if is_decided(&verdict) {
        if origin != verdict.origin {
            let text = format!(
                "evidence says {}, a model says {}: evidence outranks it",
                verdict.origin.as_str(),
                origin.as_str()
            );
            note(&mut verdict, text);
        }
        let unseen: Vec<String> = (tools.into_iter())
            .filter(|tool| !verdict.author_tools.contains(tool))
            .collect();
        if !unseen.is_empty() {
            let list = unseen.join(", ");
            note(
                &mut verdict,
                format!("a model also names {list}, for which there is no evidence"),
            );
        }
        return verdict;
    }
    if claim.confidence < MIN_CLAIM_CONFIDENCE {
        let text = format!(
            "a model's claim of AI was set aside: its confidence {:.2} is below {MIN_CLAIM_CONFIDENCE:.2}",
            claim.confidence
        );
        note(&mut verdict, text);
        return verdict;
    }
    note(
        &mut verdict,
        format!(
            "{} by a model's claim with a supported quote; no signature decides",
            origin.as_str()
        ),
    );
    verdict.origin = origin;
    verdict.ai_authored = ai_authored(origin);
    verdict.author_tools = tools;
    verdict.confidence = claim.confidence.min(Confidence::Medium.score());
    verdict
}

/// Rows 5, 6, 10 and 11.
fn joined_with_no(mut verdict: Verdict, claim_confidence: f64) -> Verdict {
    if !is_decided(&verdict) {
        return verdict;
    }
    if is_hard(&verdict) {
        note(
            &mut verdict,
            format!(
                "a model sees no AI authoring (confidence {claim_confidence:.2}): hard evidence outranks it"
            ),
        );
    } else {
        note(
            &mut verdict,
            format!(
                "a model sees no AI authoring (confidence {claim_confidence:.2}): the evidence stays, with less confidence"
            ),
        );
        verdict.confidence = verdict.confidence.min(DENIED_CONFIDENCE);
    }
    verdict
}

/// Rows 12 to 14.
fn joined_with_review(
    mut verdict: Verdict,
    claim: &AiClaim,
    quote: QuoteSupport,
    names: &ToolNames,
) -> Verdict {
    let tools = known_tools(&mut verdict, claim, Position::Reviewer, names);
    if verdict.ai_reviewed {
        let unseen: Vec<String> = (tools.into_iter())
            .filter(|tool| !verdict.review_tools.contains(tool))
            .collect();
        if !unseen.is_empty() {
            let list = unseen.join(", ");
            note(
                &mut verdict,
                format!("a model also names the reviewer {list}, for which there is no evidence"),
            );
        }
        return verdict;
    }
    let problem = unsupported(quote).map(str::to_owned).or_else(|| {
        (claim.confidence < MIN_CLAIM_CONFIDENCE).then(|| {
            format!(
                "its confidence {:.2} is below {MIN_CLAIM_CONFIDENCE:.2}",
                claim.confidence
            )
        })
    });
    if let Some(problem) = problem {
        note(
            &mut verdict,
            format!("a model's claim of an AI review was set aside: {problem}"),
        );
        return verdict;
    }
    note(
        &mut verdict,
        "reviewed by AI by a model's claim with a supported quote",
    );
    verdict.ai_reviewed = true;
    verdict.review_tools = tools;
    verdict
}

fn unsupported(quote: QuoteSupport) -> Option<&'static str> {
    match quote {
        QuoteSupport::Supported => None,
        QuoteSupport::NotFound => Some("its quote is not in the input"),
        QuoteSupport::NoQuote => Some("it quotes nothing"),
    }
}

/// Slugs of the claimed tools, sorted, each once; unknown names become a note.
fn known_tools(
    verdict: &mut Verdict,
    claim: &AiClaim,
    position: Position,
    names: &ToolNames,
) -> Vec<String> {
    let mut slugs = Vec::new();
    let mut unknown = Vec::new();
    for name in &claim.tools {
        match names.resolve(name, position) {
            Some(slug) => slugs.push(slug.to_owned()),
            None => unknown.push(name.chars().take(40).collect::<String>()),
        }
    }
    slugs.sort_unstable();
    slugs.dedup();
    if !unknown.is_empty() {
        unknown.truncate(5);
        let list = unknown.join("`, `");
        note(
            verdict,
            format!("dropped what a model calls a tool and the catalogue does not know: `{list}`"),
        );
    }
    slugs
}

fn is_decided(verdict: &Verdict) -> bool {
    matches!(verdict.origin, Origin::Agent | Origin::Assisted)
}

/// Whether authoring evidence of high confidence is among the evidence.
fn is_hard(verdict: &Verdict) -> bool {
    verdict
        .evidence
        .iter()
        .any(|hit| hit.role != Role::Reviewed && hit.confidence == Confidence::High)
}

fn note(verdict: &mut Verdict, text: impl Into<String>) {
    verdict.notes.push(text.into());
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "join_tests.rs"]
mod tests;
