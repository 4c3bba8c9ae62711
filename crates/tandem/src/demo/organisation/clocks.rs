//! Durations: lognormal by author, repository and size, with the planted effects.

use super::chance::Chance;
use super::people::Person;
use super::plan::TeamPlan;
use super::repositories::RepositoryPlan;
use super::tools::Tool;

/// Spread of ln(cycle) that nothing explains.
const RESIDUAL_DEVIATION: f64 = 0.6;
/// How ln(cycle) grows with ln(1 + lines).
const SIZE_SLOPE: f64 = 0.22;
/// Lines changed in an average pull request.
const MEDIAN_SIZE_LINES: f64 = 70.0;
/// The wait for the first review as a share of the cycle, in the median.
const PICKUP_SHARE: f64 = 0.35;
const HOUR_SECONDS: f64 = 3600.0;

/// How a pull request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Merged,
    ClosedUnmerged,
    /// Not yet ended when the demo ends.
    Open,
}

/// The moments of one pull request, in seconds since 1970. Later moments never precede earlier ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    pub(super) first_commit: i64,
    pub(super) opened: i64,
    /// Opened as a draft.
    pub(super) drafted: bool,
    /// Ready for review; `None` while it is still a draft.
    pub(super) ready: Option<i64>,
    /// First review by a person.
    pub(super) first_review: Option<i64>,
    pub(super) ended: Option<i64>,
    pub(super) ending: Ending,
}

/// What a pull request's durations depend on.
pub(super) struct Work<'a> {
    pub(super) team: &'a TeamPlan,
    pub(super) repository: &'a RepositoryPlan,
    pub(super) person: &'a Person,
    pub(super) tool: Option<Tool>,
    pub(super) size_lines: u64,
    pub(super) opened: i64,
    /// The demo's end: what would happen later has not happened.
    pub(super) until: i64,
}

/// Lines changed.
pub(super) fn draw_size(team: &TeamPlan, tool: Option<Tool>, chance: &mut Chance) -> u64 {
    let factor = if tool.is_some() {
        team.effect.size_ratio
    } else {
        1.0
    };
    let lines = chance.lognormal(MEDIAN_SIZE_LINES * factor, 1.15);
    lines.clamp(1.0, 4000.0) as u64
}

/// The moments of a pull request.
pub(super) fn draw_moments(work: &Work<'_>, chance: &mut Chance) -> Moments {
    let opens_itself = work.tool.is_some_and(Tool::opens_pull_requests);
    let coding_hours = if opens_itself {
        chance.lognormal(0.3, 0.6)
    } else {
        chance.lognormal(5.0, 1.2)
    };
    let draft_probability = match work.tool {
        Some(Tool::CopilotAgent) => 0.75,
        _ => 0.12,
    };
    let drafted = chance.happens(draft_probability);
    let draft_hours = chance.lognormal(3.0, 0.9);
    let ready = if drafted {
        work.opened + seconds(draft_hours)
    } else {
        work.opened
    };

    let effect = &work.team.effect;
    let (cycle_ratio, pickup_ratio, closed_share) = if work.tool.is_some() {
        (
            effect.cycle_ratio,
            effect.pickup_ratio,
            effect.closed_share_ai,
        )
    } else {
        (1.0, 1.0, effect.closed_share)
    };
    let size = (1.0 + work.size_lines as f64) / (1.0 + MEDIAN_SIZE_LINES);
    let cycle_hours = work.team.cycle_median_hours
        * work.repository.cycle_factor
        * cycle_ratio
        * (work.person.log_cycle + SIZE_SLOPE * size.ln()).exp()
        * chance.lognormal(1.0, RESIDUAL_DEVIATION);
    // The pickup is drawn as a share of the cycle, so that it can never be longer.
    let pickup_share = (PICKUP_SHARE * pickup_ratio / cycle_ratio) * chance.lognormal(1.0, 0.4);
    let pickup_hours = cycle_hours * pickup_share.min(0.97);

    let abandoned = chance.happens(closed_share);
    let forgotten = chance.happens(0.012);
    let reviewed = chance.happens(if abandoned { 0.6 } else { 0.95 });
    let end_hours = if abandoned {
        cycle_hours * 2.2
    } else {
        cycle_hours
    };
    let ended = Some(ready + seconds(end_hours)).filter(|ended| *ended < work.until && !forgotten);
    let ending = match (ended, abandoned) {
        (None, _) => Ending::Open,
        (Some(_), true) => Ending::ClosedUnmerged,
        (Some(_), false) => Ending::Merged,
    };
    Moments {
        first_commit: work.opened - seconds(coding_hours),
        opened: work.opened,
        drafted,
        ready: Some(ready).filter(|ready| *ready < work.until),
        first_review: Some(ready + seconds(pickup_hours))
            .filter(|review| *review < work.until && reviewed && !forgotten),
        ended,
        ending,
    }
}

/// Whole seconds, at least one.
fn seconds(hours: f64) -> i64 {
    (hours * HOUR_SECONDS).round().max(1.0) as i64
}
