//! Whose work a pull request is: a person's, or AI's with what it left behind.

use super::chance::Chance;
use super::people::{NAMED_LIKE_A_BOT, NAMED_LIKE_A_TOOL, Person};
use super::plan::Spell;
use super::signals::choose_marks;
use super::tools::{Mark, Tool};
use super::traps::Trap;
use super::truth::Trace;
use super::writer::Slot;

/// Share of AI work by people's hands that leaves no trace at all.
const SILENT_SHARE: f64 = 0.1;
/// Share of AI work by people's hands that only a sentence discloses.
const PROSE_SHARE: f64 = 0.08;

/// Whose work it is, and what AI had to do with it.
pub(super) enum Hand {
    /// A person's, perhaps with something in it that looks like AI.
    Person(Option<Trap>),
    /// AI's, in part or in whole.
    Ai {
        tool: Tool,
        trace: Trace,
        /// Empty unless the trace is a signature.
        marks: Vec<Mark>,
    },
}

impl Hand {
    /// Which of the team's tools, what trace and which marks.
    pub(super) fn draw_ai(slot: &Slot<'_>, chance: &mut Chance) -> Self {
        let spells = slot.team.plan.tools.iter();
        let current: Vec<&Spell<Tool>> = spells
            .filter(|spell| spell.covers(slot.month.index))
            .collect();
        let weights: Vec<f64> = current.iter().map(|spell| spell.weight).collect();
        let tool = current[chance.weighted(&weights)].tool;
        let shares = [SILENT_SHARE, PROSE_SHARE, 1.0 - SILENT_SHARE - PROSE_SHARE];
        let trace = match chance.weighted(&shares) {
            // An agent's own account cannot hide.
            _ if tool.opens_pull_requests() => Trace::Signed,
            0 => Trace::Silent,
            1 => Trace::Prose,
            _ => Trace::Signed,
        };
        let marks = if trace == Trace::Signed {
            choose_marks(tool, slot.opened, chance)
        } else {
            Vec::new()
        };
        Hand::Ai { tool, trace, marks }
    }

    /// The tool, where it is AI's.
    pub(super) fn tool(&self) -> Option<Tool> {
        match self {
            Hand::Person(_) => None,
            Hand::Ai { tool, .. } => Some(*tool),
        }
    }

    /// What AI left behind.
    pub(super) fn trace(&self) -> Option<Trace> {
        match self {
            Hand::Person(_) => None,
            Hand::Ai { trace, .. } => Some(*trace),
        }
    }

    /// Whether something must stand in the description.
    pub(super) fn needs_body(&self) -> bool {
        match self {
            Hand::Person(trap) => trap.is_some_and(Trap::needs_body),
            Hand::Ai { tool, trace, marks } => {
                tool.opens_pull_requests() || *trace == Trace::Prose || marks.contains(&Mark::Body)
            }
        }
    }

    /// The name of the hard negative. People who are named like a tool or a bot are one by
    /// themselves.
    pub(super) fn trap_name(&self, person: &Person) -> Option<&'static str> {
        match self {
            Hand::Ai { .. } => None,
            Hand::Person(Some(trap)) => Some(trap.name()),
            Hand::Person(None) if NAMED_LIKE_A_TOOL.contains(&person.given) => {
                Some("named_like_a_tool")
            }
            Hand::Person(None) => NAMED_LIKE_A_BOT
                .iter()
                .any(|family| person.name.ends_with(family))
                .then_some("named_like_a_bot"),
        }
    }

    /// Why the truth is what it is, in words.
    pub(super) fn basis(&self) -> &'static str {
        match self.trace() {
            Some(Trace::Signed) => "planted: AI with a signature",
            Some(Trace::Prose) => "planted: AI disclosed in prose only",
            Some(Trace::Silent) => "planted: AI without a trace",
            None => "planted: person",
        }
    }
}
