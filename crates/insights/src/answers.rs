//! The three questions of a reader in a hurry, answered from a report.

use measures::Metric;
use schemars::JsonSchema;
use serde::Serialize;
use stats::Proportion;

use crate::Report;
use crate::effects::{Comparison, Finding};
use crate::wording::{count_text, effect_text, finding_words};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// The question.
    pub question: &'static str,
    /// The answer in a few words.
    pub headline: String,
    /// The same with its uncertainty, in a sentence.
    pub sentence: String,
}

/// A fragment as a sentence: it begins with a capital and ends with a full stop.
pub fn full_sentence(text: &str) -> String {
    let text = text.trim();
    let mut characters = text.chars();
    let mut sentence: String = match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => return String::new(),
    };
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// How much, what it goes along with, what to do next.
pub fn answers(report: &Report) -> [Answer; 3] {
    [how_much(report), what_with(report), what_next(report)]
}

fn how_much(report: &Report) -> Answer {
    let overall = &report.adoption_by_created.overall;
    let share = |proportion: Option<Proportion>| {
        proportion
            .and_then(|one| one.share)
            .map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
    };
    let interval =
        overall
            .of_all
            .and_then(|one| one.interval)
            .map_or_else(String::new, |interval| {
                format!(
                    " (95 % interval {:.1}-{:.1})",
                    interval.low * 100.0,
                    interval.high * 100.0
                )
            });
    Answer {
        question: "How much is made with AI?",
        headline: format!("at least {}", share(overall.of_all)),
        sentence: format!(
            "At least {}{interval} of {} pull requests carry a trace of an AI author; AI reviewed {}.",
            share(overall.of_all),
            count_text(overall.pull_requests),
            share(overall.reviewed_of_all),
        ),
    }
}

fn what_with(report: &Report) -> Answer {
    let question = "What does it go along with?";
    let together = report
        .authorship
        .iter()
        .find(|one| one.metric == Metric::Cycle && one.team.is_none());
    let Some(one) = together else {
        return Answer {
            question,
            headline: "not enough data".to_owned(),
            sentence: "Nothing was compared.".to_owned(),
        };
    };
    let warning = if one.simpson.is_some() {
        " Pooled and adjusted figures point in opposite directions: where AI is used differs from where it is not."
    } else {
        ""
    };
    Answer {
        question,
        headline: headline(one),
        sentence: format!("{}{warning}", full_sentence(&one.sentence)),
    }
}

/// The effect in a few words, or that there is none to tell.
fn headline(one: &Comparison) -> String {
    let title = one.metric.definition().title;
    match (one.finding, one.headline) {
        (Finding::NotEnoughData, _) if one.is_unconfirmed() => format!("{title}: not confirmed"),
        (Finding::NotEnoughData, _) | (_, None) => format!("{title}: not enough data"),
        (Finding::NoMeaningfulChange, Some(_)) => format!("{title}: no difference"),
        (_, Some(headline)) => format!(
            "{title}: {} {}",
            effect_text(one.unit, headline.value),
            finding_words(one)
        ),
    }
}

fn what_next(report: &Report) -> Answer {
    let weightiest = report
        .advice
        .teams
        .iter()
        .filter_map(|team| Some((team, team.advice.first()?)))
        .max_by(|(_, one), (_, other)| one.weight.total_cmp(&other.weight));
    let question = "What to do next?";
    match weightiest {
        Some((team, advice)) => Answer {
            question,
            headline: advice.title.clone(),
            sentence: format!(
                "{}: {} Next: {}",
                team.team,
                full_sentence(&advice.statement),
                advice.next_step
            ),
        },
        None => Answer {
            question,
            headline: "nothing urgent".to_owned(),
            sentence: format!(
                "No rule of advice fires on the last full month ({}). Rules need a full month and enough pull requests.",
                report.advice.month
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_become_sentences() {
        for (text, expected) in [
            (
                "cycle time: not enough data",
                "Cycle time: not enough data.",
            ),
            ("Done.", "Done."),
            ("  ", ""),
        ] {
            assert_eq!(full_sentence(text), expected);
        }
    }
}
