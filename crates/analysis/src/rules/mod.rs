//! The rules tier: an analysis without any model, from evidence, files, titles and clocks.
//!
//! It exists so that the whole chain works without a key, and as the answerer of the emulator. Its
//! answers are deterministic and always labelled [`RULES_MODEL`], never as a model's.

mod health;
mod kind;
mod summary;

use model::{
    AiClaim, Analysis, ClaimedRole, Confidence, Evidence, PullRequest, Role, Tech, TechCategory,
};

use crate::answer::MINIMUM_QUOTE_CHARS;
use crate::facts::{Facts, Mark, Scrubber};
use crate::secrets::Masker;

/// The name under which rule answers are recorded in place of a model's.
pub const RULES_MODEL: &str = "rules";

/// Analyses a pull request by rules.
///
/// `evidence` is what the signatures found. Authoring or assisting evidence of at least medium
/// confidence makes `is_assisted` true; reviewing evidence alone gives the role `reviewed`; prose
/// decides nothing. The answer passes [`parse_answer`](crate::parse_answer).
pub fn analyse(pull_request: &PullRequest, evidence: &[Evidence]) -> Analysis {
    let quotes = evidence.iter().map(|hit| hit.quote.as_str());
    let mut scrubber = Scrubber {
        masker: Masker::keeping_addresses_in(quotes),
    };
    from_facts(&Facts::gather(pull_request, evidence, &mut scrubber))
}

/// Analyses a rendered context by rules; `None` when the text is not a whole context of ours.
///
/// Gives the same answer as [`analyse`] does for the record that the context was built from, at
/// every budget.
pub fn analyse_context(context_text: &str) -> Option<Analysis> {
    Facts::from_context(context_text).map(|facts| from_facts(&facts))
}

fn from_facts(facts: &Facts) -> Analysis {
    let change_type = kind::change_type(facts);
    let mut analysis = Analysis {
        ai: claim(facts),
        tech: tech(facts),
        summary: summary::summary(facts, change_type),
        health: health::health(facts, change_type),
    };
    // The same form that a model's answer is brought into.
    crate::answer::normalise(&mut analysis);
    analysis
}

/// The claim that the evidence supports.
fn claim(facts: &Facts) -> AiClaim {
    let with_role = |role: Role| {
        facts
            .evidence
            .iter()
            .filter(move |mark| mark.role == role && mark.confidence >= Confidence::Medium)
    };
    for (role, claimed) in [
        (Role::Authored, ClaimedRole::Authored),
        (Role::Assisted, ClaimedRole::Assisted),
        (Role::Reviewed, ClaimedRole::Reviewed),
    ] {
        let marks: Vec<&Mark> = with_role(role).collect();
        let Some(strongest) = marks.iter().max_by_key(|mark| mark.confidence) else {
            continue;
        };
        let mut tools: Vec<String> = marks.iter().map(|mark| mark.tool.clone()).collect();
        tools.sort();
        tools.dedup();
        return AiClaim {
            is_assisted: role != Role::Reviewed,
            role: claimed,
            tools,
            confidence: strongest.confidence.score(),
            quote: quote_of(&marks),
        };
    }
    // Nothing found is weak ground for "no AI", and a weak hit makes it weaker.
    let weak_hit = !facts.evidence.is_empty();
    AiClaim {
        is_assisted: false,
        role: ClaimedRole::None,
        tools: Vec::new(),
        confidence: if weak_hit { 0.4 } else { 0.5 },
        quote: None,
    }
}

/// The first quote, strongest marks first, that is long enough to prove something.
fn quote_of(marks: &[&Mark]) -> Option<String> {
    let mut by_strength: Vec<&&Mark> = marks.iter().collect();
    by_strength.sort_by_key(|mark| std::cmp::Reverse(mark.confidence));
    by_strength
        .into_iter()
        .map(|mark| mark.quote.as_str())
        .find(|quote| {
            quote.chars().filter(|one| !one.is_whitespace()).count() >= MINIMUM_QUOTE_CHARS
        })
        .map(str::to_owned)
}

fn tech(facts: &Facts) -> Tech {
    let mut languages: Vec<String> = facts
        .languages
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    if languages.is_empty() && facts.areas.is_empty() {
        // No file is known; the repository's language is the best guess there is.
        languages.extend(
            facts
                .repository_language
                .as_ref()
                .map(|name| name.to_lowercase()),
        );
    }
    let mut categories: Vec<TechCategory> = facts.areas.iter().map(|(area, _)| *area).collect();
    if categories.is_empty() {
        categories.extend(kind::area_of_title(facts));
    }
    Tech {
        languages,
        frameworks: facts
            .frameworks
            .iter()
            .map(|(name, _)| name.clone())
            .collect(),
        categories,
    }
}
