//! An optional narrative by a model, which may use only the numbers it is given and is checked for that.
//!
//! The model sees [`facts`](facts()) and nothing else of the report; it answers with sentences, each about one
//! fact; [`read_narrative`] refuses the whole where one sentence has a number, a direction, a cause or a
//! team that its fact does not have. What it cannot refuse is dull or pointless prose: the plain text stands
//! beside it.

mod check;
mod facts;
#[cfg(test)]
mod tests;

pub use check::{Narrative, NarrativeError, Sentence, read_narrative};
pub use facts::{Fact, FactUnit, Says, facts};

/// What the model is told.
pub const NARRATIVE_PROMPT: &str = include_str!("prompt.txt");

/// The JSON Schema of an answer.
pub const NARRATIVE_SCHEMA: &str = r#"{
  "type": "object",
  "properties": {
    "sentences": {
      "type": "array",
      "minItems": 1,
      "maxItems": 12,
      "items": {
        "type": "object",
        "properties": {
          "fact": {"type": "string"},
          "text": {"type": "string", "maxLength": 400}
        },
        "required": ["fact", "text"],
        "additionalProperties": false
      }
    }
  },
  "required": ["sentences"],
  "additionalProperties": false
}"#;

/// The first words of [`NARRATIVE_PROMPT`], by which an emulator knows what it is asked.
pub const NARRATIVE_MARK: &str = "You write a short narrative from given facts.";

/// A narrative by rule: what an honest, plain writer would say of the facts. The emulator answers with it.
pub fn plain_narrative(facts: &[Fact]) -> Narrative {
    let sentences = facts.iter().take(6).map(|fact| Sentence {
        fact: fact.id.clone(),
        text: plain_sentence(fact),
    });
    Narrative {
        sentences: sentences.collect(),
    }
}

fn plain_sentence(fact: &Fact) -> String {
    let unit = match fact.unit {
        FactUnit::Ratio => " times",
        FactUnit::Points => " points",
        FactUnit::Percent => " %",
        FactUnit::Count => "",
    };
    let about = &fact.about;
    let whose = fact.team.as_deref().unwrap_or("all teams");
    let interval = match (fact.low, fact.high) {
        (Some(low), Some(high)) => {
            format!(" (95 % interval {:.2} to {:.2})", low.abs(), high.abs())
        }
        _ => String::new(),
    };
    let value = format!("{:.2}", fact.value.abs());
    match fact.says {
        Says::Higher => format!("{whose}: a higher value of {about}: {value}{unit}{interval}."),
        Says::Lower => format!("{whose}: a lower value of {about}: {value}{unit}{interval}."),
        Says::NoDifference => {
            format!("{whose}: no meaningful difference in {about}: {value}{unit}{interval}.")
        }
        Says::NotEnoughData => format!("{whose}: not enough data on {about}."),
        Says::Level => format!("{whose}: {about}: {value}{unit}{interval}."),
    }
}
