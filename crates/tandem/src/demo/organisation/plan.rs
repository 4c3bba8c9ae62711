//! The plan: what is planted in each team.

use serde::Serialize;

use super::repositories::{self, RepositoryPlan};
use super::tools::{Reviewer, Tool};

/// How AI authorship rises in a team: a logistic curve over the months.
#[derive(Debug, Clone, Copy)]
pub(super) struct Curve {
    /// Share before anyone adopts, 0 to 1.
    pub(super) floor: f64,
    /// Share in the long run, 0 to 1.
    pub(super) ceiling: f64,
    /// Month, from 0, at which half of the rise is done.
    pub(super) midpoint_month: f64,
    /// Months that the steep part takes.
    pub(super) scale_months: f64,
}

impl Curve {
    /// The share in a month, 0 to 1.
    pub(super) fn share(&self, month_index: usize) -> f64 {
        let steps = (month_index as f64 - self.midpoint_month) / self.scale_months;
        self.floor + (self.ceiling - self.floor) / (1.0 + (-steps).exp())
    }
}

/// What is planted in a team about delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EffectKind {
    /// AI changes a clock.
    Effect,
    /// AI changes nothing.
    Null,
    /// Within repositories AI goes one way, pooled the other.
    Simpson,
    /// AI changes nothing, and is too rare for anyone to say so.
    TooFew,
}

/// The planted effects of AI authorship, within author, repository and size.
#[derive(Debug, Clone, Copy)]
pub(super) struct EffectPlan {
    pub(super) kind: EffectKind,
    /// Factor on the cycle clock.
    pub(super) cycle_ratio: f64,
    /// Factor on the pickup clock.
    pub(super) pickup_ratio: f64,
    /// Factor on lines changed.
    pub(super) size_ratio: f64,
    /// Probability that people's work is closed unmerged.
    pub(super) closed_share: f64,
    /// Probability that AI's work is closed unmerged.
    pub(super) closed_share_ai: f64,
}

/// Nothing planted.
const NO_EFFECT: EffectPlan = EffectPlan {
    kind: EffectKind::Null,
    cycle_ratio: 1.0,
    pickup_ratio: 1.0,
    size_ratio: 1.0,
    closed_share: 0.08,
    closed_share_ai: 0.08,
};

/// A tool in a team's mix, between two months (from included, until excluded).
#[derive(Debug, Clone, Copy)]
pub(super) struct Spell<T> {
    pub(super) tool: T,
    pub(super) weight: f64,
    pub(super) from: usize,
    pub(super) until: usize,
}

impl<T> Spell<T> {
    /// Whether the tool is in use in the month.
    pub(super) fn covers(&self, month_index: usize) -> bool {
        (self.from..self.until).contains(&month_index)
    }
}

const fn spell<T: Copy>(tool: T, weight: f64, from: usize, until: usize) -> Spell<T> {
    Spell {
        tool,
        weight,
        from,
        until,
    }
}

const fn always<T: Copy>(tool: T, weight: f64) -> Spell<T> {
    spell(tool, weight, 0, usize::MAX)
}

/// How descriptions look in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum House {
    /// Headings: what, why, tests.
    Headings,
    /// A few sentences.
    Brief,
    /// A template with check boxes and a statement on AI.
    Template,
}

/// What is fixed about a team.
#[derive(Debug, Clone, Copy)]
pub(super) struct TeamPlan {
    /// The owner of its repositories.
    pub(super) name: &'static str,
    /// Pull requests a month, bots included.
    pub(super) monthly: f64,
    /// Median cycle of an average author, repository and size.
    pub(super) cycle_median_hours: f64,
    pub(super) house: House,
    pub(super) curve: Curve,
    /// How far the keenest author is from the average, 0 to 1.
    pub(super) affinity_spread: f64,
    pub(super) tools: &'static [Spell<Tool>],
    pub(super) reviewers: &'static [Spell<Reviewer>],
    pub(super) repositories: &'static [RepositoryPlan],
    pub(super) effect: EffectPlan,
}

/// The six teams of Quillfern, a parcel company that does not exist.
pub(super) const TEAMS: [TeamPlan; 6] = [
    TeamPlan {
        name: "quillfern-checkout",
        monthly: 36.0,
        cycle_median_hours: 15.0,
        house: House::Headings,
        curve: Curve {
            floor: 0.02,
            ceiling: 0.66,
            midpoint_month: 6.0,
            scale_months: 1.7,
        },
        affinity_spread: 0.4,
        tools: &[
            always(Tool::ClaudeCode, 0.5),
            always(Tool::Cursor, 0.25),
            spell(Tool::Codex, 0.25, 9, usize::MAX),
            spell(Tool::OpenCode, 0.08, 12, usize::MAX),
        ],
        reviewers: &[spell(Reviewer::CodeRabbit, 0.93, 4, usize::MAX)],
        repositories: repositories::CHECKOUT,
        effect: EffectPlan {
            kind: EffectKind::Effect,
            cycle_ratio: 0.72,
            pickup_ratio: 1.0,
            ..NO_EFFECT
        },
    },
    TeamPlan {
        name: "quillfern-platform",
        monthly: 32.0,
        cycle_median_hours: 20.0,
        house: House::Brief,
        curve: Curve {
            floor: 0.01,
            ceiling: 0.56,
            midpoint_month: 8.0,
            scale_months: 1.9,
        },
        affinity_spread: 0.4,
        tools: &[
            always(Tool::CopilotAssistant, 0.25),
            always(Tool::CopilotAgent, 0.2),
            always(Tool::Codex, 0.3),
            always(Tool::ClaudeCode, 0.2),
            always(Tool::Aider, 0.1),
        ],
        reviewers: &[
            spell(Reviewer::CopilotReview, 0.9, 6, usize::MAX),
            spell(Reviewer::CodexReview, 0.6, 13, usize::MAX),
        ],
        repositories: repositories::PLATFORM,
        effect: NO_EFFECT,
    },
    TeamPlan {
        name: "quillfern-mobile",
        monthly: 31.0,
        cycle_median_hours: 18.0,
        house: House::Headings,
        curve: Curve {
            floor: 0.02,
            ceiling: 0.52,
            midpoint_month: 5.5,
            scale_months: 1.8,
        },
        affinity_spread: 0.15,
        tools: &[
            always(Tool::Cursor, 0.55),
            always(Tool::ClaudeCode, 0.3),
            always(Tool::CopilotAssistant, 0.15),
        ],
        reviewers: &[],
        repositories: repositories::MOBILE,
        effect: EffectPlan {
            kind: EffectKind::Simpson,
            cycle_ratio: 1.4,
            pickup_ratio: 1.4,
            ..NO_EFFECT
        },
    },
    TeamPlan {
        name: "quillfern-data",
        monthly: 27.0,
        cycle_median_hours: 24.0,
        house: House::Headings,
        curve: Curve {
            floor: 0.03,
            ceiling: 0.6,
            midpoint_month: 8.5,
            scale_months: 1.6,
        },
        affinity_spread: 0.35,
        tools: &[
            always(Tool::Codex, 0.5),
            always(Tool::Devin, 0.25),
            always(Tool::ClaudeCode, 0.2),
            spell(Tool::Windsurf, 0.3, 0, 12),
        ],
        reviewers: &[
            spell(Reviewer::Cubic, 0.92, 3, 11),
            spell(Reviewer::Greptile, 0.9, 12, usize::MAX),
        ],
        repositories: repositories::DATA,
        effect: EffectPlan {
            kind: EffectKind::Effect,
            cycle_ratio: 0.7,
            pickup_ratio: 0.7,
            size_ratio: 1.4,
            ..NO_EFFECT
        },
    },
    TeamPlan {
        name: "quillfern-search",
        monthly: 25.0,
        cycle_median_hours: 17.0,
        house: House::Brief,
        curve: Curve {
            floor: 0.05,
            ceiling: 0.5,
            midpoint_month: 7.0,
            scale_months: 2.4,
        },
        affinity_spread: 0.4,
        tools: &[
            always(Tool::ClaudeCode, 0.5),
            always(Tool::Jules, 0.2),
            always(Tool::Devin, 0.15),
            always(Tool::Cursor, 0.2),
        ],
        reviewers: &[spell(Reviewer::GeminiCodeAssist, 0.9, 9, usize::MAX)],
        repositories: repositories::SEARCH,
        effect: EffectPlan {
            closed_share_ai: 0.2,
            ..NO_EFFECT
        },
    },
    TeamPlan {
        name: "quillfern-ledger",
        monthly: 23.0,
        cycle_median_hours: 28.0,
        house: House::Template,
        curve: Curve {
            floor: 0.005,
            ceiling: 0.08,
            midpoint_month: 12.0,
            scale_months: 1.5,
        },
        affinity_spread: 0.3,
        tools: &[
            always(Tool::ClaudeCode, 0.7),
            always(Tool::CopilotAssistant, 0.3),
        ],
        reviewers: &[],
        repositories: repositories::LEDGER,
        effect: EffectPlan {
            kind: EffectKind::TooFew,
            ..NO_EFFECT
        },
    },
];
