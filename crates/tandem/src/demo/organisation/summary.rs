//! What was planted, counted: for comparison with what Tandem finds.

use std::collections::BTreeMap;

use model::{PullRequest, Role};
use serde::Serialize;

use super::calendar::Month;
use super::plan::{EffectKind, Spell};
use super::teams::Team;
use super::truth::{PlantedTruth, Trace};

/// Counts and effects over the whole organisation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PlantedSummary {
    /// The seed it was grown from.
    pub(crate) seed: u64,
    /// The day on which the demo ends; nothing happens on it or later.
    pub(crate) today: String,
    /// All pull requests, plain bots included.
    pub(crate) pull_requests: u64,
    /// Those by plain bots, which leave every denominator.
    pub(crate) plain_bots: u64,
    /// Those made with AI, whatever it left behind.
    pub(crate) ai_authored: u64,
    /// Of those: with a signature.
    pub(crate) signed: u64,
    /// Of those: only with a sentence in the description.
    pub(crate) prose_only: u64,
    /// Of those: without any trace.
    pub(crate) silent: u64,
    /// Those that an AI tool reviewed.
    pub(crate) ai_reviewed: u64,
    /// Those without description.
    pub(crate) empty_bodies: u64,
    /// Adoption by team and month, in that order.
    pub(crate) adoption: Vec<PlantedAdoption>,
    /// Authoring tools by slug.
    pub(crate) tools: BTreeMap<String, PlantedTool>,
    /// Reviewed pull requests by slug of the review tool.
    pub(crate) review_tools: BTreeMap<String, u64>,
    /// Hard negatives by name.
    pub(crate) traps: BTreeMap<String, u64>,
    /// Which tools each team had, from when and until when.
    pub(crate) installations: Vec<PlantedInstallation>,
    /// What AI authorship does to delivery, by team.
    pub(crate) effects: Vec<PlantedEffect>,
}

/// A tool in the hands of a team.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PlantedInstallation {
    /// The team.
    pub(crate) team: String,
    /// Slug of the tool.
    pub(crate) tool: String,
    /// `authored` or `reviewed`.
    pub(crate) role: Role,
    /// The first month, `2026-05`.
    pub(crate) from: String,
    /// The first month without it; `None` where it is in use to the end.
    pub(crate) until: Option<String>,
}

/// Planted adoption of one team in one month of creation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PlantedAdoption {
    /// The team.
    pub(crate) team: String,
    /// `2026-05`.
    pub(crate) month: String,
    /// Pull requests without plain bots.
    pub(crate) pull_requests: u64,
    /// Of these, made with AI.
    pub(crate) ai_authored: u64,
    /// Of those, with a signature.
    pub(crate) signed: u64,
    /// The team's curve: the probability of AI authorship, 0 to 1.
    pub(crate) curve_share: f64,
    /// The mean probability over the pull requests that were opened, 0 to 1; 0 where none was.
    pub(crate) expected_share: f64,
}

/// Pull requests of one authoring tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct PlantedTool {
    /// All.
    pub(crate) pull_requests: u64,
    /// Those with a signature.
    pub(crate) signed: u64,
}

/// The planted effects of AI authorship in one team.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PlantedEffect {
    /// The team.
    pub(crate) team: String,
    /// What kind of case it is.
    pub(crate) kind: EffectKind,
    /// Factor on the cycle clock within author, repository and size.
    pub(crate) cycle_ratio: f64,
    /// Factor on the pickup clock within author, repository and size.
    pub(crate) pickup_ratio: f64,
    /// Factor on lines changed.
    pub(crate) size_ratio: f64,
    /// Factor that an AI review has on human pickup: always 1, nothing is planted.
    pub(crate) ai_review_pickup_ratio: f64,
    /// Probability of being closed unmerged, people's work.
    pub(crate) closed_share: f64,
    /// Probability of being closed unmerged, AI's work.
    pub(crate) closed_share_ai: f64,
    /// Ratio of the geometric mean cycles of merged pull requests, AI to people, as they came out
    /// without any adjustment; `None` without both.
    pub(crate) pooled_cycle_ratio: Option<f64>,
}

/// Counts pull requests as they stream by.
pub(super) struct Tally {
    summary: PlantedSummary,
    /// Sums by team: of ln(cycle) and of one, by people and by AI.
    cycles: BTreeMap<String, [(f64, f64); 2]>,
}

impl Tally {
    /// Starts with nothing counted.
    pub(super) fn new(seed: u64, today: String) -> Self {
        Tally {
            summary: PlantedSummary {
                seed,
                today,
                pull_requests: 0,
                plain_bots: 0,
                ai_authored: 0,
                signed: 0,
                prose_only: 0,
                silent: 0,
                ai_reviewed: 0,
                empty_bodies: 0,
                adoption: Vec::new(),
                tools: BTreeMap::new(),
                review_tools: BTreeMap::new(),
                traps: BTreeMap::new(),
                installations: Vec::new(),
                effects: Vec::new(),
            },
            cycles: BTreeMap::new(),
        }
    }

    /// Opens the cell of a team and month; later records count into it.
    pub(super) fn open_cell(&mut self, team: &Team, month_index: usize, month: &str) {
        self.summary.adoption.push(PlantedAdoption {
            team: team.name().to_owned(),
            month: month.to_owned(),
            pull_requests: 0,
            ai_authored: 0,
            signed: 0,
            curve_share: team.plan.curve.share(month_index),
            expected_share: 0.0,
        });
    }

    /// Counts one pull request.
    pub(super) fn count(&mut self, record: &PullRequest, truth: &PlantedTruth) {
        let summary = &mut self.summary;
        summary.pull_requests += 1;
        summary.plain_bots += u64::from(truth.plain_bot);
        summary.ai_reviewed += u64::from(!truth.review_ai.is_empty());
        summary.empty_bodies += u64::from(record.has_empty_body());
        for slug in &truth.review_ai {
            *summary.review_tools.entry(slug.clone()).or_default() += 1;
        }
        if let Some(trap) = &truth.trap {
            *summary.traps.entry(trap.clone()).or_default() += 1;
        }
        if truth.plain_bot {
            return;
        }
        let signed = u64::from(truth.trace == Some(Trace::Signed));
        summary.ai_authored += u64::from(truth.ai_authored);
        summary.signed += signed;
        summary.prose_only += u64::from(truth.trace == Some(Trace::Prose));
        summary.silent += u64::from(truth.trace == Some(Trace::Silent));
        if let Some(slug) = &truth.tool {
            let tool = summary.tools.entry(slug.clone()).or_default();
            tool.pull_requests += 1;
            tool.signed += signed;
        }
        if let Some(cell) = summary.adoption.last_mut() {
            cell.pull_requests += 1;
            cell.ai_authored += u64::from(truth.ai_authored);
            cell.signed += signed;
            // A sum until the end, when it is divided.
            cell.expected_share += truth.planted_share.unwrap_or(0.0);
        }
        if let (Some(start), Some(merged)) = (ready_second(record), record.merged_at) {
            let cycle_seconds = (merged.as_second() - start) as f64;
            let sums = self.cycles.entry(truth.team.clone()).or_default();
            let arm = &mut sums[usize::from(truth.ai_authored)];
            arm.0 += cycle_seconds.ln();
            arm.1 += 1.0;
        }
    }

    /// The summary.
    pub(super) fn finish(mut self, teams: &[Team], months: &[Month]) -> PlantedSummary {
        for cell in &mut self.summary.adoption {
            cell.expected_share /= cell.pull_requests.max(1) as f64;
        }
        for team in teams {
            self.summary
                .installations
                .extend(installations(team, months));
            let effect = &team.plan.effect;
            let [people, ai] = self.cycles.get(team.name()).copied().unwrap_or_default();
            let both = people.1 > 0.0 && ai.1 > 0.0;
            self.summary.effects.push(PlantedEffect {
                team: team.name().to_owned(),
                kind: effect.kind,
                cycle_ratio: effect.cycle_ratio,
                pickup_ratio: effect.pickup_ratio,
                size_ratio: effect.size_ratio,
                ai_review_pickup_ratio: 1.0,
                closed_share: effect.closed_share,
                closed_share_ai: effect.closed_share_ai,
                pooled_cycle_ratio: both.then(|| (ai.0 / ai.1 - people.0 / people.1).exp()),
            });
        }
        self.summary
    }
}

/// The tools of a team, each once, authors first.
fn installations(team: &Team, months: &[Month]) -> Vec<PlantedInstallation> {
    let authors = team
        .plan
        .tools
        .iter()
        .map(|spell| (spell.tool.slug(), Role::Authored, span(spell)));
    let reviewers = team
        .plan
        .reviewers
        .iter()
        .map(|spell| (spell.tool.slug(), Role::Reviewed, span(spell)));
    let mut installed: Vec<(&str, Role, (usize, usize))> = Vec::new();
    for (slug, role, (from, until)) in authors.chain(reviewers) {
        // Two forms of one product are one tool.
        match installed
            .iter_mut()
            .find(|known| (known.0, known.1) == (slug, role))
        {
            Some(known) => known.2 = (known.2.0.min(from), known.2.1.max(until)),
            None => installed.push((slug, role, (from, until))),
        }
    }
    let label = |index: usize| months.get(index).map(|month| month.label.clone());
    installed
        .into_iter()
        .map(|(slug, role, (from, until))| PlantedInstallation {
            team: team.name().to_owned(),
            tool: slug.to_owned(),
            role,
            from: label(from).unwrap_or_default(),
            until: label(until),
        })
        .collect()
}

fn span<T>(spell: &Spell<T>) -> (usize, usize) {
    (spell.from, spell.until)
}

/// When a record was ready for review, in seconds since 1970.
pub(super) fn ready_second(record: &PullRequest) -> Option<i64> {
    let events = record.events.iter().flatten();
    let readied = events
        .filter(|event| event.event == "ready_for_review")
        .find_map(|event| event.created_at);
    readied
        .or(record.created_at)
        .map(jiff::Timestamp::as_second)
}
