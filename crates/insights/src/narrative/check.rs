//! Whether a narrative says only what the facts say.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::facts::{Fact, FactUnit, Says};

/// The longest sentence, in characters.
const LONGEST: usize = 400;
/// The most sentences.
const MOST_SENTENCES: usize = 12;

/// What a model answers: sentences, each about one fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Narrative {
    /// The sentences, in order.
    pub sentences: Vec<Sentence>,
}

/// A sentence about one fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentence {
    /// The fact's id.
    pub fact: String,
    /// What is said.
    pub text: String,
}

/// Why a narrative is refused. Its text is the model's and stands in no reason.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NarrativeError {
    /// It is not JSON of the shape asked for.
    #[error("the answer has not the shape asked for")]
    Shape,
    /// No sentence, or too many, or one too long or empty.
    #[error("{0}")]
    Size(&'static str),
    /// A sentence names a fact that was not given.
    #[error("sentence {0} is about a fact that was not given")]
    UnknownFact(usize),
    /// A number that is none of the fact's.
    #[error("sentence {0} has a number that its fact does not have")]
    Number(usize),
    /// A direction against the sign, or where the fact has none.
    #[error("sentence {0} says a direction that its fact does not have")]
    Direction(usize),
    /// A cause.
    #[error("sentence {0} claims a cause")]
    Cause(usize),
    /// A negation, which could turn a sentence around.
    #[error("sentence {0} negates: it cannot be checked")]
    Negation(usize),
    /// Another team's name.
    #[error("sentence {0} names a team that its fact is not about")]
    Team(usize),
    /// A fact without a finding, not said to be one.
    #[error("sentence {0} does not say that nothing can be told, or that nothing differs")]
    Undecided(usize),
    /// A level that is told without "at least".
    #[error("sentence {0} leaves out \"at least\"")]
    AtLeast(usize),
}

const HIGHER: &[&str] = &[
    "higher",
    "more",
    "longer",
    "slower",
    "larger",
    "bigger",
    "greater",
    "rose",
    "rise",
    "rises",
    "rising",
    "grew",
    "grow",
    "grows",
    "growing",
    "increase",
    "increased",
    "increases",
    "increasing",
    "up",
    "above",
    "exceed",
    "exceeds",
    "most",
    "most-often",
    "climbed",
    "gain",
    "gained",
    "longest",
    "highest",
];
const LOWER: &[&str] = &[
    "lower",
    "less",
    "fewer",
    "shorter",
    "faster",
    "quicker",
    "sooner",
    "smaller",
    "fell",
    "fall",
    "falls",
    "falling",
    "decrease",
    "decreased",
    "decreases",
    "decreasing",
    "decline",
    "declined",
    "declines",
    "down",
    "below",
    "dropped",
    "drop",
    "drops",
    "reduced",
    "reduction",
    "reduces",
    "saved",
    "saves",
    "least-often",
    "shrank",
    "shortest",
    "lowest",
    "fewest",
];
/// Words that weigh without a direction that could be held against a sign.
const JUDGING: &[&str] = &[
    "better",
    "worse",
    "best",
    "worst",
    "improved",
    "improves",
    "improvement",
    "degraded",
    "efficient",
    "productive",
    "productivity",
    "success",
    "successful",
    "failed",
    "failure",
];
const CAUSES: &[&str] = &[
    "cause",
    "because",
    "due to",
    "leads to",
    "led to",
    "lead to",
    "thanks to",
    "results in",
    "resulted in",
    "drives",
    "driven by",
    "makes ",
    "made them",
    "impact",
    "effect of",
    "owing to",
    "so that",
    "responsible",
];
const NEGATIONS: &[&str] = &[
    "not", "no", "never", "neither", "nor", "without", "hardly", "barely", "isn't", "doesn't",
    "cannot", "can't", "n't", "unlike", "except", "nothing", "none", "opposite", "contrary",
];
/// Numbers in words cannot be held against numbers.
const NUMBER_WORDS: &[&str] = &[
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "hundred",
    "hundreds",
    "thousand",
    "thousands",
    "million",
    "half",
    "halves",
    "halved",
    "twice",
    "double",
    "doubled",
    "doubles",
    "triple",
    "tripled",
    "thrice",
    "quarter",
    "quarters",
    "third",
    "thirds",
    "fifth",
    "tenth",
    "tenfold",
    "twofold",
    "dozen",
    "dozens",
    "majority",
    "minority",
];

/// Reads an answer and holds every sentence against its fact.
///
/// Rounding: a number may be written with any of zero to three decimals if it is the fact's value, an end
/// of its interval, or its n, rounded to these decimals (away from zero at the half); a ratio also as the
/// change in percent that it stands for. Thousands may be set off by commas. "95 %" may name the interval.
/// Signs are not numbers: directions are held against them in words.
pub fn read_narrative(json: &str, facts: &[Fact]) -> Result<Narrative, NarrativeError> {
    let narrative: Narrative = serde_json::from_str(json).map_err(|_| NarrativeError::Shape)?;
    if narrative.sentences.is_empty() {
        return Err(NarrativeError::Size("there is no sentence"));
    }
    if narrative.sentences.len() > MOST_SENTENCES {
        return Err(NarrativeError::Size("there are more than 12 sentences"));
    }
    for (place, sentence) in (1..).zip(&narrative.sentences) {
        let fact = facts.iter().find(|fact| fact.id == sentence.fact);
        let fact = fact.ok_or(NarrativeError::UnknownFact(place))?;
        check(place, &sentence.text, fact, facts)?;
    }
    Ok(narrative)
}

fn check(place: usize, text: &str, fact: &Fact, facts: &[Fact]) -> Result<(), NarrativeError> {
    if text.trim().is_empty()
        || text.chars().count() > LONGEST
        || text.chars().any(char::is_control)
    {
        return Err(NarrativeError::Size(
            "a sentence is empty, longer than 400 characters, or has control characters",
        ));
    }
    let mut lower = text.to_lowercase();
    for team in facts.iter().filter_map(|fact| fact.team.as_deref()) {
        if lower.contains(&team.to_lowercase()) && fact.team.as_deref() != Some(team) {
            return Err(NarrativeError::Team(place));
        }
    }
    // Its own name may have digits and words of any kind in it.
    if let Some(team) = &fact.team {
        lower = lower.replace(&team.to_lowercase(), " ");
    }
    if CAUSES.iter().any(|word| lower.contains(word)) {
        return Err(NarrativeError::Cause(place));
    }
    // What must be said, and what belongs to the vocabulary, is taken out before words are looked at.
    let mut rest = lower.clone();
    for phrase in [
        "none detected",
        "not ai-reviewed",
        "merged without another person having looked",
        "merged without a human review",
        "95 %",
        "95%",
    ] {
        rest = rest.replace(phrase, " ");
    }
    let undecided: &[&str] = match fact.says {
        Says::NotEnoughData => &["not enough data"],
        Says::NoDifference => &["no meaningful difference", "no difference"],
        Says::Higher | Says::Lower | Says::Level => &[],
    };
    if !undecided.is_empty() && !undecided.iter().any(|phrase| rest.contains(phrase)) {
        return Err(NarrativeError::Undecided(place));
    }
    for phrase in undecided {
        rest = rest.replace(phrase, " ");
    }
    if fact.id == "adoption" {
        if !rest.contains("at least") {
            return Err(NarrativeError::AtLeast(place));
        }
        rest = rest.replace("at least", " ");
    }
    let words: Vec<&str> = rest
        .split(|one: char| !(one.is_alphanumeric() || matches!(one, '\'' | '-' | '.' | ',')))
        .map(|word| word.trim_matches(|one: char| matches!(one, '.' | ',' | '-' | '\'')))
        .filter(|word| !word.is_empty())
        .collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if has(NEGATIONS) || rest.contains("n't") {
        return Err(NarrativeError::Negation(place));
    }
    let (higher, lower_word) = (has(HIGHER), has(LOWER));
    let fits = match fact.says {
        Says::Higher => higher && !lower_word,
        Says::Lower => lower_word && !higher,
        Says::NoDifference | Says::NotEnoughData | Says::Level => !higher && !lower_word,
    };
    if !fits || has(JUDGING) {
        return Err(NarrativeError::Direction(place));
    }
    if has(NUMBER_WORDS) || !numbers_fit(&words, fact) {
        return Err(NarrativeError::Number(place));
    }
    Ok(())
}

/// Whether every word with a digit in it is a number of the fact.
fn numbers_fit(words: &[&str], fact: &Fact) -> bool {
    words
        .iter()
        .filter(|word| word.chars().any(char::is_numeric))
        .all(|word| {
            let plain = word.replace(',', "");
            let plain = plain.strip_prefix('x').unwrap_or(&plain);
            let is_number =
                !plain.is_empty() && plain.chars().all(|one| one.is_ascii_digit() || one == '.');
            let decimals = plain
                .split_once('.')
                .map_or(0, |(_, decimals)| decimals.len());
            let Ok(value) = plain.parse::<f64>() else {
                return false;
            };
            is_number
                && decimals <= 3
                && allowed(fact).any(|given| is_rounded(value, given, decimals))
        })
}

/// The numbers of a fact, without signs.
fn allowed(fact: &Fact) -> impl Iterator<Item = f64> + '_ {
    let given = [Some(fact.value), fact.low, fact.high]
        .into_iter()
        .flatten();
    let changes = given
        .clone()
        .filter(|_| fact.unit == FactUnit::Ratio)
        .map(|ratio| (ratio - 1.0) * 100.0);
    given.chain(changes).chain([fact.n as f64]).map(f64::abs)
}

/// Whether `written` is `given` rounded to so many decimals; the half may go either way, since a half
/// has been rounded before.
fn is_rounded(written: f64, given: f64, decimals: usize) -> bool {
    let unit = 10_f64.powi(-i32::try_from(decimals).unwrap_or(3));
    (written - given).abs() <= unit * 0.5 + 1e-9
}
