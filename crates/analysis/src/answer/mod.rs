//! From a model's words to an analysis that can be relied on.

mod quote;
mod shape;
mod slug;

use model::{Analysis, ClaimedRole};
use serde::Serialize;

pub use slug::tool_slug;

pub(crate) use quote::MINIMUM_QUOTE_CHARS;

/// Most tools, languages and frameworks that an answer may name.
const MAX_NAMES: usize = 8;
const MAX_NAME_CHARS: usize = 60;
const MAX_TITLE_CHARS: usize = 100;
const MAX_DESCRIPTION_CHARS: usize = 500;
const MAX_QUOTE_CHARS: usize = 500;
const MAX_INSIGHTS: usize = 3;
const MAX_INSIGHT_CHARS: usize = 200;

/// An answer that passed every check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckedAnalysis {
    /// The answer, normalised: tool names as slugs, other names in lower case, lists without
    /// repetition, texts without control characters and surrounding blanks, an empty quote as none.
    pub analysis: Analysis,
    /// Whether the quote stands in the pull request's own words. Also true where there is nothing
    /// to support: role `none` without a quote. A claim of AI without a quote is unsupported.
    pub quote_supported: bool,
}

/// What is wrong with an answer. Fields are named as in `ai.tools[1]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The text is not one JSON document.
    #[error("answer is not valid JSON at line {line}, column {column}: {reason}")]
    Malformed {
        /// Line of the text, from 1.
        line: usize,
        /// Column of the line, from 1; 0 where the text is empty.
        column: usize,
        /// What the parser expected.
        reason: String,
    },
    /// The document breaks the schema.
    #[error("answer breaks the schema at `{path}`: {reason}")]
    Schema {
        /// The field; `.` for the document itself.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The document fits the schema and breaks a rule that the schema cannot say.
    #[error("answer breaks a rule at `{path}`: {reason}")]
    Rule {
        /// The field.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads and checks a model's answer.
///
/// `json` must be one JSON document and nothing else. `context_text` is the text of the
/// [`Context`](crate::Context) that was asked about; the quote is looked for in the pull request's
/// own words in it, never in our labels. A quote that is not found fails nothing and is marked.
///
/// # Errors
///
/// [`AnswerError::Malformed`] for text that is not JSON, [`AnswerError::Schema`] for everything
/// that the strict schema rejects and for repeated fields, [`AnswerError::Rule`] for values out of
/// range, lengths (in characters), and claims that contradict themselves.
pub fn parse_answer(json: &str, context_text: &str) -> Result<CheckedAnalysis, AnswerError> {
    let document: serde_json::Value = serde_json::from_str(json).map_err(malformed)?;
    shape::check(crate::schema::shared(), &document)?;
    // Read from the text again: a map would hide a field that is given twice.
    let mut reader = serde_json::Deserializer::from_str(json);
    let mut analysis: Analysis =
        serde_path_to_error::deserialize(&mut reader).map_err(|error| AnswerError::Schema {
            path: error.path().to_string(),
            reason: shape::shown(&error.into_inner().to_string()),
        })?;
    normalise(&mut analysis);
    check_claim(&analysis)?;
    check_texts(&analysis)?;
    let claim = &analysis.ai;
    let quote_supported = match &claim.quote {
        Some(words) => quote::stands_in(words, context_text),
        None => claim.role == ClaimedRole::None,
    };
    Ok(CheckedAnalysis {
        analysis,
        quote_supported,
    })
}

fn malformed(error: serde_json::Error) -> AnswerError {
    AnswerError::Malformed {
        line: error.line(),
        column: error.column(),
        reason: shape::shown(&error.to_string()),
    }
}

/// Brings what means the same into one form.
pub(crate) fn normalise(analysis: &mut Analysis) {
    let claim = &mut analysis.ai;
    claim.tools = distinct(claim.tools.iter().map(|name| tool_slug(name)).collect());
    claim.quote = claim
        .quote
        .take()
        .map(|words| crate::text::printable(&words))
        .filter(|words| !words.is_empty());
    let tech = &mut analysis.tech;
    tech.languages = lower_case(&tech.languages);
    tech.frameworks = lower_case(&tech.frameworks);
    tech.categories = distinct(std::mem::take(&mut tech.categories));
    let summary = &mut analysis.summary;
    summary.title = crate::text::one_line(&summary.title);
    summary.description = crate::text::printable(&summary.description);
    for insight in &mut analysis.health.insights {
        *insight = crate::text::one_line(insight);
    }
}

fn lower_case(names: &[String]) -> Vec<String> {
    distinct(
        names
            .iter()
            .map(|name| crate::text::one_line(name).to_lowercase())
            .collect(),
    )
}

/// Keeps the first of equal values.
fn distinct<T: PartialEq>(values: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(values.len());
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

/// Checks that the claim about AI does not contradict itself.
fn check_claim(analysis: &Analysis) -> Result<(), AnswerError> {
    let claim = &analysis.ai;
    if !claim.confidence.is_finite() || !(0.0..=1.0).contains(&claim.confidence) {
        return rule(
            "ai.confidence",
            format!("{} is not between 0 and 1", claim.confidence),
        );
    }
    let made = matches!(claim.role, ClaimedRole::Authored | ClaimedRole::Assisted);
    if made != claim.is_assisted {
        let expected = if made { "true" } else { "false" };
        return rule(
            "ai.is_assisted",
            format!("must be {expected} for this role"),
        );
    }
    if claim.role == ClaimedRole::None && !claim.tools.is_empty() {
        return rule(
            "ai.tools",
            "names tools although the role is none".to_owned(),
        );
    }
    check_names("ai.tools", &claim.tools)?;
    if let Some(words) = &claim.quote {
        check_length("ai.quote", words, MAX_QUOTE_CHARS)?;
    }
    Ok(())
}

/// Checks lists and lengths.
fn check_texts(analysis: &Analysis) -> Result<(), AnswerError> {
    check_names("tech.languages", &analysis.tech.languages)?;
    check_names("tech.frameworks", &analysis.tech.frameworks)?;
    check_length("summary.title", &analysis.summary.title, MAX_TITLE_CHARS)?;
    check_length(
        "summary.description",
        &analysis.summary.description,
        MAX_DESCRIPTION_CHARS,
    )?;
    let insights = &analysis.health.insights;
    if insights.len() > MAX_INSIGHTS {
        return rule(
            "health.insights",
            format!("has {} entries, at most {MAX_INSIGHTS}", insights.len()),
        );
    }
    for (index, insight) in insights.iter().enumerate() {
        check_length(
            &format!("health.insights[{index}]"),
            insight,
            MAX_INSIGHT_CHARS,
        )?;
    }
    Ok(())
}

fn check_names(path: &str, names: &[String]) -> Result<(), AnswerError> {
    if names.len() > MAX_NAMES {
        return rule(
            path,
            format!("has {} entries, at most {MAX_NAMES}", names.len()),
        );
    }
    for (index, name) in names.iter().enumerate() {
        check_length(&format!("{path}[{index}]"), name, MAX_NAME_CHARS)?;
    }
    Ok(())
}

/// Checks a text's length in characters, not bytes.
fn check_length(path: &str, text: &str, limit_chars: usize) -> Result<(), AnswerError> {
    let chars = text.chars().count();
    if chars == 0 {
        return rule(path, "is empty".to_owned());
    }
    if chars > limit_chars {
        return rule(
            path,
            format!("has {chars} characters, at most {limit_chars}"),
        );
    }
    Ok(())
}

fn rule(path: &str, reason: String) -> Result<(), AnswerError> {
    Err(AnswerError::Rule {
        path: path.to_owned(),
        reason,
    })
}
