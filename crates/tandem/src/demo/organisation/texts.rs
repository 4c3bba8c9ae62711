//! Titles, branch names and descriptions.

use super::chance::Chance;
use super::languages::capitalised;
use super::plan::House;
use super::repositories::RepositoryPlan;
use super::vocabulary::{EDGES, FEATURES, POINTS, REASONS, THINGS, TRIALS, fill};

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Feature,
    Fix,
    Refactor,
    Performance,
    Tests,
    Docs,
    Chore,
}

const KINDS: [(Kind, f64); 7] = [
    (Kind::Feature, 0.3),
    (Kind::Fix, 0.28),
    (Kind::Refactor, 0.15),
    (Kind::Performance, 0.06),
    (Kind::Tests, 0.08),
    (Kind::Docs, 0.06),
    (Kind::Chore, 0.07),
];

/// What a pull request is about.
#[derive(Debug, Clone)]
pub(super) struct Idea {
    pub(super) kind: Kind,
    /// The part of the repository, with hyphens.
    pub(super) component: &'static str,
    pub(super) thing: &'static str,
    pub(super) edge: &'static str,
    /// In the imperative, lower-case: the title without prefix.
    pub(super) subject: String,
    /// The number on the team's board.
    ticket: u64,
}

impl Idea {
    /// Thinks of a change to the repository.
    pub(super) fn draw(plan: &RepositoryPlan, chance: &mut Chance) -> Self {
        let weights = KINDS.map(|(_, weight)| weight);
        let kind = KINDS[chance.weighted(&weights)].0;
        let component = chance.pick(plan.components);
        let thing = chance.pick(THINGS);
        let edge = chance.pick(EDGES);
        let feature = chance.pick(FEATURES);
        let part = spoken(component);
        let subject = match kind {
            Kind::Feature => match chance.between(0, 3) {
                0 => format!("add {feature} to {part}"),
                1 => format!("{part}: add {feature}"),
                2 => format!("support {} in {part}", bare(feature)),
                _ => format!("offer {feature} in {part}"),
            },
            Kind::Fix => match chance.between(0, 3) {
                0 => format!("keep {part} working when {edge}"),
                1 => format!("do not fail in {part} when {edge}"),
                2 => format!("fix the {thing} of {part} when {edge}"),
                _ => format!("correct the {thing} of {part}"),
            },
            Kind::Refactor => match chance.between(0, 2) {
                0 => format!("extract the {thing} from {part}"),
                1 => format!("simplify the {thing} of {part}"),
                _ => format!("split {part} from its {thing}"),
            },
            Kind::Performance => match chance.between(0, 1) {
                0 => format!("make the {thing} of {part} cheaper"),
                _ => format!("run the {thing} of {part} once per batch"),
            },
            Kind::Tests => format!("test {part} for when {edge}"),
            Kind::Docs => match chance.between(0, 1) {
                0 => format!("document the {thing} of {part}"),
                _ => format!("explain what {part} does when {edge}"),
            },
            Kind::Chore => match chance.between(0, 2) {
                0 => format!("remove the unused {thing} of {part}"),
                1 => format!("tidy up {part}"),
                _ => format!("move {part} to the new linter settings"),
            },
        };
        Idea {
            kind,
            component,
            thing,
            edge,
            subject,
            ticket: chance.between(1200, 9800),
        }
    }

    /// The title: a conventional commit, an issue key, or a plain sentence.
    pub(super) fn title(&self, chance: &mut Chance) -> String {
        match chance.weighted(&[0.5, 0.15, 0.35]) {
            0 => match chance.between(0, 2) {
                0 => format!("{}: {}", self.prefix(), self.subject),
                _ => format!("{}({}): {}", self.prefix(), self.component, self.subject),
            },
            1 => format!("QF-{}: {}", self.ticket, capitalised(&self.subject)),
            _ => capitalised(&self.subject),
        }
    }

    /// The head branch a person would choose.
    pub(super) fn branch(&self, login: &str, chance: &mut Chance) -> String {
        let topic = self.topic();
        match chance.between(0, 3) {
            0 => format!("{}/{topic}", login.trim_end_matches("_qf")),
            1 => format!("qf-{}-{topic}", self.ticket),
            2 => topic,
            _ => format!("{}/{topic}", self.prefix()),
        }
    }

    /// The conventional-commit type.
    pub(super) fn prefix(&self) -> &'static str {
        match self.kind {
            Kind::Feature => "feat",
            Kind::Fix => "fix",
            Kind::Refactor => "refactor",
            Kind::Performance => "perf",
            Kind::Tests => "test",
            Kind::Docs => "docs",
            Kind::Chore => "chore",
        }
    }

    /// Subject of a commit after the first.
    pub(super) fn follow_up(&self, chance: &mut Chance) -> String {
        let thing = chance.pick(THINGS);
        let edge = chance.pick(EDGES);
        match chance.between(0, 5) {
            0 => format!("Add a test for when {edge}"),
            1 => format!("Move the {thing}"),
            2 => "Address review".to_owned(),
            3 => format!("{}: rename the {thing}", self.prefix()),
            4 => "Fix the build".to_owned(),
            _ => format!("Handle the case that {edge}"),
        }
    }

    /// A description in the manner of the house.
    pub(super) fn body(&self, house: House, chance: &mut Chance) -> String {
        let what = format!("{}.", capitalised(&self.subject));
        let why = self.say(REASONS, chance);
        let trial = self.say(TRIALS, chance);
        let points: Vec<String> = (0..chance.between(1, 4))
            .map(|_| format!("- {}", self.say(POINTS, chance)))
            .collect();
        let points = points.join("\n");
        match (house, chance.weighted(&[0.6, 0.25, 0.15])) {
            (House::Template, _) => format!(
                "## Change\n\n{what} {why}\n\n{points}\n\n## Checks\n\n- [x] {trial}\n- [ ] Migration needed\n- [x] Release note written"
            ),
            (_, 2) => format!("{what} {why}"),
            (House::Headings, 0) | (House::Brief, 1) => {
                format!(
                    "## What\n\n{what}\n\n{points}\n\n## Why\n\n{why}\n\n## How I tried it\n\n{trial}"
                )
            }
            _ => format!("{what} {why}\n\n{points}\n\n{trial}"),
        }
    }

    /// A sentence of the list, filled with this idea's words or with others.
    pub(super) fn say(&self, sentences: &[&str], chance: &mut Chance) -> String {
        let sentence = chance.pick(sentences);
        let thing = if chance.happens(0.5) {
            self.thing
        } else {
            chance.pick(THINGS)
        };
        let edge = if chance.happens(0.5) {
            self.edge
        } else {
            chance.pick(EDGES)
        };
        fill(sentence, &spoken(self.component), thing, edge)
    }

    fn topic(&self) -> String {
        let words: Vec<&str> = self
            .subject
            .split([' ', ':'])
            .filter(|word| !word.is_empty())
            .take(5)
            .collect();
        words
            .join("-")
            .chars()
            .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
            .collect::<String>()
            .to_lowercase()
    }
}

/// `refund-flow` as `refund flow`.
pub(super) fn spoken(component: &str) -> String {
    component.replace('-', " ")
}

/// A noun without its article.
fn bare(noun: &str) -> &str {
    noun.trim_start_matches("an ").trim_start_matches("a ")
}
