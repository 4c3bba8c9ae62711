//! From evidence to a verdict.

use model::{Confidence, Evidence, Origin, PullRequest, Role, Verdict};

use crate::collect::{AuthorKind, Findings};

/// What a look through every window that matters is worth when nothing was found. A convention:
/// absence of evidence stays a lower bound.
const NONE_DETECTED_CONFIDENCE: f64 = 0.6;

/// The same when doubtful evidence was found.
const DOUBTFUL_CONFIDENCE: f64 = 0.4;

/// Builds the verdict; the table is in the crate's documentation.
pub(crate) fn verdict_of(
    pull_request: &PullRequest,
    findings: Findings,
    is_reviewer: impl Fn(&str) -> bool,
) -> Verdict {
    let Findings { evidence, author } = findings;
    let authored = strongest(&evidence, Role::Authored);
    let assisted = strongest(&evidence, Role::Assisted);
    let reviewed = strongest(&evidence, Role::Reviewed);
    let mut notes = Vec::new();

    let (origin, confidence) = if author == AuthorKind::PlainBot {
        notes.push("opened by plain automation: left out of adoption".to_owned());
        (Origin::NoneDetected, Confidence::High.score())
    } else if let Some(confidence) = authored.filter(|&found| decides(found)) {
        (Origin::Agent, confidence.score())
    } else if let Some(confidence) = assisted.filter(|&found| decides(found)) {
        (Origin::Assisted, confidence.score())
    } else if author == AuthorKind::UnlistedBot {
        notes.push(
            "opened by a bot that no signature names: neither AI nor a person is known".to_owned(),
        );
        (Origin::Unknown, 0.0)
    } else if !is_complete(pull_request) {
        notes.push(
            "the commits, or the body and one of author and branch, are not known".to_owned(),
        );
        (Origin::Unknown, 0.0)
    } else if authored.or(assisted).is_some() {
        notes.push("only evidence of low confidence was found: shown, but not enough".to_owned());
        (Origin::NoneDetected, DOUBTFUL_CONFIDENCE)
    } else {
        (Origin::NoneDetected, NONE_DETECTED_CONFIDENCE)
    };

    let author_tools = match origin {
        // A suggestion taken from a review is help; beside an agent's own work it says nothing of
        // who made the change.
        Origin::Agent => tools(&evidence, |hit| {
            hit.role == Role::Authored || (hit.role == Role::Assisted && !is_reviewer(&hit.tool))
        }),
        Origin::Assisted => tools(&evidence, |hit| hit.role == Role::Assisted),
        Origin::NoneDetected | Origin::Unknown => Vec::new(),
    };
    Verdict {
        origin,
        ai_authored: ai_authored(origin),
        ai_reviewed: reviewed.is_some_and(decides),
        author_tools,
        review_tools: tools(&evidence, |hit| hit.role == Role::Reviewed),
        plain_bot: author == AuthorKind::PlainBot,
        confidence,
        evidence,
        notes,
    }
}

/// `Some(true)` for agent and assisted, `Some(false)` for none detected, `None` for unknown.
pub(crate) fn ai_authored(origin: Origin) -> Option<bool> {
    match origin {
        Origin::Agent | Origin::Assisted => Some(true),
        Origin::NoneDetected => Some(false),
        Origin::Unknown => None,
    }
}

/// Whether enough windows were open to say that nothing was found.
///
/// Commits carry most signatures of assistance, so they must be known, if only to be none. Beside
/// them the body must be known; or, since some hosts write an empty body as an unknown one, both
/// the author and the branch.
fn is_complete(pull_request: &PullRequest) -> bool {
    let author_known = (pull_request.author.as_ref())
        .is_some_and(|author| author.login.is_some() || author.id.is_some());
    let branch_known = pull_request.head_ref.is_some();
    pull_request.commits.is_some()
        && (pull_request.body.is_some() || (author_known && branch_known))
}

/// Whether evidence of this confidence decides a verdict.
fn decides(confidence: Confidence) -> bool {
    confidence >= Confidence::Medium
}

fn strongest(evidence: &[Evidence], role: Role) -> Option<Confidence> {
    (evidence.iter())
        .filter(|hit| hit.role == role)
        .map(|hit| hit.confidence)
        .max()
}

/// Slugs of the tools with wanted evidence that decides, sorted, each once.
fn tools(evidence: &[Evidence], wanted: impl Fn(&Evidence) -> bool) -> Vec<String> {
    let mut slugs: Vec<String> = (evidence.iter())
        .filter(|hit| wanted(hit) && decides(hit.confidence))
        .map(|hit| hit.tool.clone())
        .collect();
    slugs.sort_unstable();
    slugs.dedup();
    slugs
}
