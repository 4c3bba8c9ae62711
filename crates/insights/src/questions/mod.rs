//! What leaders ask beyond adoption, comparisons and advice: who has started, where the time goes, whether
//! reviewers keep up, what is merged unseen, quality, size, outcomes, and which work suits AI.
//!
//! Numbers here describe; they are not adjusted for who and where unless a field says so. What could
//! name a person (fewer than five pull requests, or five reviewers) is `None`.

mod detection;
mod endings;
mod events;
mod load;
mod panel;
mod quality;
mod sizes;
mod starts;
mod unseen;
mod waits;
mod work;

use measures::{Clock, Observations};
use serde::Serialize;

use crate::effects::Reading;
pub use detection::{ConfidenceTiers, DetectionCard};
pub use endings::{Endings, ToolEndings};
pub use events::{EventEffect, EventKind, EventMonth, EventRatio, EventReport, EventStart};
pub use load::{BusiestTenth, LaggedCorrelation, Load, LoadMonth, ReviewerLoad};
use panel::{Panel, Unit};
pub use quality::{Odds, Quality, QualitySign};
pub use sizes::{BucketCount, MonthSizes, OriginSizes, Sizes};
pub use starts::TeamStart;
pub use unseen::{Unseen, UnseenPullRequest, UnseenShare};
pub use waits::{CycleSplit, FirstReviewCurves, StageMedian, StageMedians, StepPoint, WaitCurve};
pub use work::{WorkAxis, WorkCell, WorkMatrix};

/// The answers, each by the number of the question it answers.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Questions {
    /// 3: which teams have started, which lead; the highest share of late first.
    pub starts: Vec<TeamStart>,
    /// 12 and 8: what changed when teams adopted AI, and repositories an AI reviewer.
    pub events: Vec<EventReport>,
    /// 5: where the time goes; all together, then the teams where there are several.
    pub cycle_split: Vec<CycleSplit>,
    /// 5: how long the first look by a person takes, as curves.
    pub first_review: FirstReviewCurves,
    /// 8: how fast bots answer; apart, never mixed with people. `None` below five.
    pub bot_latency: Option<StageMedian>,
    /// 6: whether reviewers keep up.
    pub reviewer_load: ReviewerLoad,
    /// 7: what is merged without a person having looked.
    pub unseen: Unseen,
    /// 9: reverts and repeated rounds; each sign for all together, then the teams.
    pub quality: Vec<Quality>,
    /// 10: whether pull requests are getting bigger.
    pub sizes: Sizes,
    /// 11: what became of them, by tool.
    pub endings: ToolEndings,
    /// 13: which work suits AI: by kind of change, by language, by repository.
    pub work: Vec<WorkMatrix>,
    /// 14: what the detection rests on.
    pub detection: DetectionCard,
}

/// Answers all of them.
pub fn answer(observations: &Observations, reading: &Reading) -> Questions {
    let (teams, repositories) = rayon::join(
        || Panel::new(observations, Unit::Team, reading),
        || Panel::new(observations, Unit::Repository, reading),
    );
    let ((starts, events, reviewer_load, unseen), (cycle_split, first_review, rest)) = rayon::join(
        || {
            (
                starts::starts(observations, &teams),
                events::events(observations, &teams, &repositories),
                load::reviewer_load(observations, &teams, reading),
                unseen::unseen(observations),
            )
        },
        || {
            (
                waits::cycle_splits(observations, reading),
                waits::first_review_curves(observations, reading),
                (
                    quality::quality(observations, reading),
                    sizes::sizes(observations, reading),
                    endings::endings(observations, reading),
                    work::work(observations, reading),
                    detection::detection(observations),
                ),
            )
        },
    );
    let (quality, sizes, endings, work, detection) = rest;
    Questions {
        starts,
        events,
        cycle_split,
        first_review,
        bot_latency: waits::stage_median(observations.rows.iter().filter_map(|row| {
            let seconds = row.clock(Clock::BotLatency, &reading.calendar)?;
            Some(seconds as f64)
        })),
        reviewer_load,
        unseen,
        quality,
        sizes,
        endings,
        work,
        detection,
    }
}
