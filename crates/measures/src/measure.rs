//! From a record to its measures.

use jiff::Timestamp;
use model::{ChangeType, PullRequest};

use crate::calendar::Calendar;
use crate::change_type::change_type_of_title;
use crate::clocks::{Clock, Point, seconds_between};
use crate::people::{Account, People};
use crate::reverts::{Revert, revert_of, title_code};
use crate::reviews::{ReviewMeasures, reviewers_of, reviews_of};
use crate::size::size_lines;
use crate::timeline::{Timeline, timeline_of};

/// The version of these definitions. Stored beside measures, which are made anew when it rises.
pub const VERSION: u32 = 2;

/// What one pull request measures: raw moments and counts, from which clocks follow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measures {
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When it was merged.
    pub merged_at: Option<Timestamp>,
    /// Ready and draft.
    pub timeline: Timeline,
    /// The earliest commit, at the latest the opening; `None` where no commit has a date.
    pub first_commit_at: Option<Timestamp>,
    /// Reviews and comments.
    pub reviews: ReviewMeasures,
    /// The logins, in lower case, of the other people who submitted a review, each once and in order;
    /// empty where the reviews are not known, or only by deleted accounts.
    pub reviewers: Vec<String>,
    /// Lines changed, without lock, vendored and generated files.
    pub size_lines: Option<u64>,
    /// Files changed.
    pub changed_files: Option<u64>,
    /// What the title says it is.
    pub change_type: Option<ChangeType>,
    /// The person to whom it belongs: the author, or who asked an agent for it.
    pub person: Option<String>,
    /// Whether its own author or requester merged it; `None` where no event tells.
    pub self_merged: Option<bool>,
    /// Whether merging was left to the host; `None` where the events are not known.
    pub auto_merged: Option<bool>,
    /// What it takes back, if it is a revert.
    pub revert: Option<Revert>,
    /// A code for the title, by which a revert finds it.
    pub title_code: u32,
}

/// Measures a record. `is_bot` says which accounts are bots beyond those that the host or their own
/// login marks.
pub fn measure(pull_request: &PullRequest, is_bot: &dyn Fn(Account<'_>) -> bool) -> Measures {
    let people = People::of(pull_request, is_bot);
    let timeline = timeline_of(pull_request);
    Measures {
        opened_at: pull_request.created_at,
        merged_at: pull_request.merged_at,
        first_commit_at: first_commit_at(pull_request),
        reviews: reviews_of(pull_request, &people, timeline.ready_at),
        reviewers: reviewers_of(pull_request, &people),
        timeline,
        size_lines: size_lines(pull_request),
        changed_files: pull_request
            .changed_files
            .or_else(|| Some(pull_request.files.as_ref()?.len() as u64)),
        change_type: change_type_of_title(&pull_request.title),
        person: people.person().map(str::to_owned),
        self_merged: self_merged(pull_request, &people),
        auto_merged: auto_merged(pull_request),
        revert: revert_of(pull_request),
        title_code: title_code(&pull_request.title),
    }
}

impl Measures {
    /// A duration in seconds by a calendar.
    pub fn clock(&self, clock: Clock, calendar: &Calendar) -> Option<i64> {
        let (start, end) = clock.points();
        seconds_between(self.at(start), self.at(end), calendar)
    }

    /// Whether it was merged although no other person had said a word; `None` when it is not merged
    /// or the reviews are not known.
    pub fn merged_without_human_review(&self) -> Option<bool> {
        self.merged_at?;
        self.reviews.human_reviews?;
        self.timeline.ready_at?;
        Some(self.at(Point::PickedUp).is_none())
    }

    fn at(&self, point: Point) -> Option<i64> {
        let not_after_end = |at: &Timestamp| self.timeline.ended_at.is_none_or(|end| *at <= end);
        let at = match point {
            Point::FirstCommit => self.first_commit_at,
            Point::Opened => self.opened_at,
            Point::Ready => self.timeline.ready_at,
            Point::PickedUp => self.reviews.human_at.filter(not_after_end),
            Point::PickedUpFromOpen => self.reviews.human_from_open_at.filter(not_after_end),
            Point::ReviewedByAnyone => self.reviews.anyone_from_open_at,
            Point::BotReviewed => self.reviews.bot_at,
            Point::Approved => self.reviews.approved_at,
            Point::Merged => self.merged_at,
        };
        at.map(Timestamp::as_second)
    }
}

fn first_commit_at(pull_request: &PullRequest) -> Option<Timestamp> {
    let commits = pull_request.commits.iter().flatten();
    let earliest = commits.filter_map(|commit| commit.authored_at).min()?;
    Some(
        pull_request
            .created_at
            .map_or(earliest, |opened| earliest.min(opened)),
    )
}

fn self_merged(pull_request: &PullRequest, people: &People<'_>) -> Option<bool> {
    pull_request.merged_at?;
    let mut events = pull_request.events.iter().flatten();
    let merger = events
        .find(|event| event.event == "merged" && event.actor.is_some())
        .and_then(|event| event.actor.as_deref())?;
    let account = Account {
        login: Some(merger),
        ..Account::default()
    };
    Some(!people.is_bot(account) && !people.is_other_person(account))
}

fn auto_merged(pull_request: &PullRequest) -> Option<bool> {
    let events = pull_request.events.as_ref()?;
    Some(events.iter().any(|event| {
        matches!(
            event.event.as_str(),
            "auto_merge_enabled"
                | "auto_squash_enabled"
                | "auto_rebase_enabled"
                | "added_to_merge_queue"
        )
    }))
}
