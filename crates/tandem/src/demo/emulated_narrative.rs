//! Narratives of an emulator: honest ones by rule, and lies on purpose.

use insights::narrative::{Fact, NARRATIVE_MARK, Says, Sentence, plain_narrative};

/// Whether a system prompt asks for a narrative.
pub(crate) fn is_asked(system: &str) -> bool {
    system.starts_with(NARRATIVE_MARK)
}

/// An honest narrative of the facts in a question; `None` where there are none.
pub(crate) fn honest(question: &str) -> Option<String> {
    let facts: Vec<Fact> = serde_json::from_str(question).ok()?;
    serde_json::to_string(&plain_narrative(&facts)).ok()
}

/// The same with one lie in its last sentence: a direction turned around, or a number that nobody gave.
pub(crate) fn lying(question: &str) -> Option<String> {
    let facts: Vec<Fact> = serde_json::from_str(question).ok()?;
    let mut narrative = plain_narrative(&facts);
    let last = narrative.sentences.last_mut()?;
    let fact = facts.iter().find(|fact| fact.id == last.fact)?;
    *last = Sentence {
        fact: last.fact.clone(),
        text: match fact.says {
            Says::Higher => last.text.replace("higher", "lower"),
            Says::Lower => last.text.replace("lower", "higher"),
            _ => format!("{} That is 99.9 % of them.", last.text),
        },
    };
    serde_json::to_string(&narrative).ok()
}
