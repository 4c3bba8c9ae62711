//! What the prompts of a run are made of, in tokens and money.

use std::collections::BTreeMap;

use analysis::{Context, Section};
use batch::RunSpec;
use batch::engine::{Estimate, PartEstimate};

use crate::output::{count, dollars};
use crate::wiring::question::Questions;

/// The columns of [`PromptParts::rows`].
pub(crate) const COLUMNS: [&str; 8] = [
    "Part",
    ">Tokens low",
    ">Likely",
    ">High",
    ">A request",
    ">Cost low",
    ">Likely",
    ">High",
];

/// Tokens of the prompts of many requests, by what they are for. They add up to the requests' own
/// counts.
#[derive(Debug, Default)]
pub(crate) struct PromptParts {
    system: u64,
    schema: u64,
    sections: BTreeMap<Section, u64>,
    frame: u64,
}

impl PromptParts {
    /// Adds one request.
    pub(crate) fn add(&mut self, questions: &Questions<'_>, context: &Context) {
        self.system += questions.system_tokens();
        self.schema += questions.schema_tokens();
        let mut left = context.total_tokens;
        for (section, tokens) in &context.section_tokens {
            // Counted one by one, sections can come to a token more than the whole.
            let tokens = left.min(*tokens);
            left -= tokens;
            *self.sections.entry(*section).or_default() += tokens;
        }
        self.frame += left;
    }

    /// The parts in the order of the prompt, with the estimate for each, answers last.
    pub(crate) fn estimates(&self, spec: &RunSpec, estimate: &Estimate) -> Vec<PartEstimate> {
        let mut parts = vec![
            ("system prompt", self.system),
            ("answer schema", self.schema),
        ];
        parts.extend(
            self.sections
                .iter()
                .map(|(section, tokens)| (section.name(), *tokens)),
        );
        parts.push(("frame", self.frame));
        estimate.by_part(spec, &parts)
    }

    /// The rows of a table for people.
    pub(crate) fn rows(&self, spec: &RunSpec, estimate: &Estimate) -> Vec<Vec<String>> {
        let row = |part: &PartEstimate| {
            let money = |amount: batch::engine::Dollars| dollars(amount.0.as_usd());
            vec![
                part.part.clone(),
                count(part.tokens.low),
                count(part.tokens.likely),
                count(part.tokens.high),
                count(part.tokens.low.checked_div(estimate.requests).unwrap_or(0)),
                money(part.cost.low),
                money(part.cost.likely),
                money(part.cost.high),
            ]
        };
        self.estimates(spec, estimate).iter().map(row).collect()
    }
}
