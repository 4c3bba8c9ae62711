//! Measures of many pull requests, packed for statistics.

use std::collections::HashMap;
use std::sync::Arc;

use model::{ChangeType, Origin};

use crate::calendar::Calendar;
use crate::clocks::{Clock, Point, seconds_between};

/// How long after its merge a revert counts against a pull request.
const REVERT_WINDOW_SECONDS: i64 = 30 * 86_400;

/// Places of a table that tells numbers and titles which no revert means.
const MARKS: usize = 1 << 16;

/// A moment in seconds since 1970 in 32 bits, or not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u32);

impl Moment {
    /// Packs a moment. What lies before 1970 or after 2106 is not known.
    pub fn new(seconds: Option<i64>) -> Self {
        Moment(
            seconds
                .and_then(|seconds| u32::try_from(seconds).ok())
                .unwrap_or(0),
        )
    }

    /// Seconds since 1970.
    #[inline]
    pub fn seconds(self) -> Option<i64> {
        (self.0 != 0).then_some(i64::from(self.0))
    }
}

/// A name by its place in a [`Dictionary`], or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u32);

impl Code {
    /// No name.
    pub const NONE: Code = Code(u32::MAX);

    /// The place of the name.
    #[inline]
    pub fn index(self) -> Option<usize> {
        (self != Code::NONE).then_some(self.0 as usize)
    }
}

impl Default for Code {
    fn default() -> Self {
        Code::NONE
    }
}

/// Names by their codes, each once.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    names: Vec<Arc<str>>,
    codes: HashMap<Arc<str>, u32>,
}

impl Dictionary {
    /// The code of a name, new or known.
    pub fn code(&mut self, name: &str) -> Code {
        if let Some(code) = self.codes.get(name) {
            return Code(*code);
        }
        let code = self.names.len() as u32;
        let name: Arc<str> = Arc::from(name);
        self.names.push(Arc::clone(&name));
        self.codes.insert(name, code);
        Code(code)
    }

    /// The codes of the names of another, in the order of its codes.
    fn codes_of(&mut self, other: &Dictionary) -> Vec<Code> {
        other.names.iter().map(|name| self.code(name)).collect()
    }

    /// The name of a code.
    pub fn name(&self, code: Code) -> Option<&str> {
        self.names.get(code.index()?).map(AsRef::as_ref)
    }

    /// All names, in the order of their codes.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }
}

/// Which side of a comparison a pull request is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arm {
    /// AI made it or helped to.
    Ai,
    /// None detected: not "human".
    NoneDetected,
}

/// The numbers of one pull request. `u32::MAX` stands for "not known" in counts; use the methods.
#[derive(Debug, Clone, Copy)]
pub struct Observation {
    /// The team, in [`Observations::teams`].
    pub team: Code,
    /// The repository, in [`Observations::repos`].
    pub repo: Code,
    /// The person to whom it belongs, in [`Observations::people`].
    pub person: Code,
    /// The tools that wrote or helped, as one name joined by commas, in [`Observations::tools`].
    pub author_tools: Code,
    /// The tools that reviewed, likewise.
    pub review_tools: Code,
    /// The other people who submitted a review, as one name joined by commas, in
    /// [`Observations::reviewer_sets`].
    pub reviewers: Code,
    /// The main language of the repository, in [`Observations::languages`].
    pub language: Code,
    /// The number within the repository.
    pub number: u32,
    /// Opened.
    pub opened: Moment,
    /// Ready for review.
    pub ready: Moment,
    /// First commit.
    pub first_commit: Moment,
    /// First review by another person, from ready.
    pub human_review: Moment,
    /// The same, from the opening.
    pub human_review_from_open: Moment,
    /// First review by anyone, from the opening.
    pub anyone_review: Moment,
    /// First review by a bot, from ready.
    pub bot_review: Moment,
    /// First approval by another person.
    pub approved: Moment,
    /// Merged.
    pub merged: Moment,
    /// Closed without a merge.
    pub closed: Moment,
    /// When a merged revert of it was opened; see [`Observations::link_reverts`].
    pub reverted: Moment,
    /// Seconds as a draft.
    pub draft_seconds: u32,
    /// Lines, without generated files.
    pub size_lines: u32,
    /// Files.
    pub changed_files: u32,
    /// Reviews by other people.
    pub human_reviews: u32,
    /// Rounds of review.
    pub review_rounds: u32,
    /// Code of the title.
    pub title_code: u32,
    /// Number of the pull request it reverts, or 0.
    pub reverts_number: u32,
    /// Code of the title it reverts, or 0.
    pub reverts_title: u32,
    /// Confidence of the verdict, in hundredths.
    pub confidence_percent: u8,
    /// What the verdict says; `None` before detection.
    pub origin: Option<Origin>,
    /// What the title says it is.
    pub change_type: Option<ChangeType>,
    /// An AI tool reviewed.
    pub ai_reviewed: bool,
    /// Opened by plain automation.
    pub plain_bot: bool,
    /// It is a revert.
    pub is_revert: bool,
    /// It was opened as a draft.
    pub opened_as_draft: bool,
    /// Its own author merged it.
    pub self_merged: bool,
    /// Merging was left to the host.
    pub auto_merged: bool,
    /// Whether it has been measured by the present definitions.
    pub measured: bool,
}

impl Default for Observation {
    fn default() -> Self {
        Observation {
            team: Code::NONE,
            repo: Code::NONE,
            person: Code::NONE,
            author_tools: Code::NONE,
            review_tools: Code::NONE,
            reviewers: Code::NONE,
            language: Code::NONE,
            number: 0,
            opened: Moment::default(),
            ready: Moment::default(),
            first_commit: Moment::default(),
            human_review: Moment::default(),
            human_review_from_open: Moment::default(),
            anyone_review: Moment::default(),
            bot_review: Moment::default(),
            approved: Moment::default(),
            merged: Moment::default(),
            closed: Moment::default(),
            reverted: Moment::default(),
            draft_seconds: u32::MAX,
            size_lines: u32::MAX,
            changed_files: u32::MAX,
            human_reviews: u32::MAX,
            review_rounds: u32::MAX,
            title_code: 0,
            reverts_number: 0,
            reverts_title: 0,
            confidence_percent: 0,
            origin: None,
            change_type: None,
            ai_reviewed: false,
            plain_bot: false,
            is_revert: false,
            opened_as_draft: false,
            self_merged: false,
            auto_merged: false,
            measured: false,
        }
    }
}

/// A count that may not be known.
#[inline]
fn known(count: u32) -> Option<u32> {
    (count != u32::MAX).then_some(count)
}

impl Observation {
    /// A duration in seconds by a calendar; `None` where an end is missing or before the start.
    #[inline]
    pub fn clock(&self, clock: Clock, calendar: &Calendar) -> Option<i64> {
        let (start, end) = clock.points();
        seconds_between(self.at(start), self.at(end), calendar)
    }

    /// Lines changed.
    pub fn size_lines(&self) -> Option<u32> {
        known(self.size_lines)
    }

    /// Files changed.
    pub fn changed_files(&self) -> Option<u32> {
        known(self.changed_files)
    }

    /// Rounds of review by other people.
    pub fn review_rounds(&self) -> Option<u32> {
        known(self.review_rounds)
    }

    /// Reviews by other people.
    pub fn human_reviews(&self) -> Option<u32> {
        known(self.human_reviews)
    }

    /// Seconds as a draft.
    pub fn draft_seconds(&self) -> Option<u32> {
        known(self.draft_seconds)
    }

    /// When it ended: merged, or closed without.
    #[inline]
    pub fn ended(&self) -> Option<i64> {
        self.merged.seconds().or_else(|| self.closed.seconds())
    }

    /// Whether it is over: merged or closed.
    pub fn is_ended(&self) -> bool {
        self.ended().is_some()
    }

    /// Whether it was merged, of those that are over.
    pub fn is_merged_of_ended(&self) -> Option<bool> {
        self.is_ended().then(|| self.merged.seconds().is_some())
    }

    /// Whether no other person had said a word when it was merged; see
    /// [`crate::Measures::merged_without_human_review`].
    pub fn merged_without_human_review(&self) -> Option<bool> {
        self.merged.seconds()?;
        self.human_reviews()?;
        self.ready.seconds()?;
        Some(self.at(Point::PickedUp).is_none())
    }

    /// Whether a revert of it was opened within 30 days of its merge. `None` when it is not merged,
    /// or the 30 days are not over by `now` and nothing has happened yet.
    pub fn reverted_within_30_days(&self, now: i64) -> Option<bool> {
        let merged = self.merged.seconds()?;
        match self.reverted.seconds() {
            Some(at) if (0..=REVERT_WINDOW_SECONDS).contains(&(at - merged)) => Some(true),
            _ => (now - merged >= REVERT_WINDOW_SECONDS).then_some(false),
        }
    }

    /// The side it is on in a comparison of AI authorship; `None` for plain bots and where the
    /// record does not tell.
    #[inline]
    pub fn arm(&self) -> Option<Arm> {
        if self.plain_bot {
            return None;
        }
        match self.origin? {
            Origin::Agent | Origin::Assisted => Some(Arm::Ai),
            Origin::NoneDetected => Some(Arm::NoneDetected),
            Origin::Unknown => None,
        }
    }

    /// Whether all that is known of it had happened before a moment: then [`Observation::as_of`] it is the
    /// same.
    #[inline]
    pub fn happened_before(&self, now: i64) -> bool {
        // Moments that are not known are the earliest there are; `|` asks all of them at once.
        let later = [
            self.opened,
            self.ready,
            self.human_review,
            self.human_review_from_open,
            self.anyone_review,
            self.bot_review,
            self.approved,
            self.merged,
            self.closed,
            self.reverted,
        ]
        .iter()
        .fold(false, |later, at| later | (i64::from(at.0) >= now));
        !later && self.opened.seconds().is_some()
    }

    /// What was known of it at a moment: what had happened by then. `None` if it was not opened yet.
    ///
    /// Counts (reviews, rounds, size) are those of today: when they grew is not stored.
    #[inline]
    pub fn as_of(&self, now: i64) -> Option<Observation> {
        let before = |moment: Moment| match moment.seconds() {
            Some(at) if at < now => moment,
            _ => Moment::default(),
        };
        let is_opened = self.opened.seconds().is_some_and(|opened| opened < now);
        is_opened.then(|| Observation {
            ready: before(self.ready),
            human_review: before(self.human_review),
            human_review_from_open: before(self.human_review_from_open),
            anyone_review: before(self.anyone_review),
            bot_review: before(self.bot_review),
            approved: before(self.approved),
            merged: before(self.merged),
            closed: before(self.closed),
            reverted: before(self.reverted),
            ..*self
        })
    }

    #[inline]
    fn at(&self, point: Point) -> Option<i64> {
        let end = self.ended();
        let not_after_end = |at: &i64| end.is_none_or(|end| *at <= end);
        match point {
            Point::FirstCommit => self.first_commit.seconds(),
            Point::Opened => self.opened.seconds(),
            Point::Ready => self.ready.seconds(),
            Point::PickedUp => self.human_review.seconds().filter(not_after_end),
            Point::PickedUpFromOpen => {
                (self.human_review_from_open.seconds()).filter(not_after_end)
            }
            Point::ReviewedByAnyone => self.anyone_review.seconds(),
            Point::BotReviewed => self.bot_review.seconds(),
            Point::Approved => self.approved.seconds(),
            Point::Merged => self.merged.seconds(),
        }
    }
}

/// Observations with the names that their codes stand for.
///
/// The one thing of Tandem that grows with the number of pull requests: medians and regressions
/// need every value. It is some 130 bytes each, and no text.
#[derive(Debug, Clone, Default)]
pub struct Observations {
    /// Teams.
    pub teams: Dictionary,
    /// Repositories.
    pub repos: Dictionary,
    /// People.
    pub people: Dictionary,
    /// Tools, as joined names.
    pub tools: Dictionary,
    /// Sets of people who reviewed, as joined names: for counting, never for showing.
    pub reviewer_sets: Dictionary,
    /// Main languages of repositories.
    pub languages: Dictionary,
    /// One row a pull request.
    pub rows: Vec<Observation>,
}

impl Observations {
    /// Adds the rows of others after its own, their codes turned into its own.
    pub fn append(&mut self, mut others: Observations) {
        let teams = self.teams.codes_of(&others.teams);
        let repos = self.repos.codes_of(&others.repos);
        let people = self.people.codes_of(&others.people);
        let tools = self.tools.codes_of(&others.tools);
        let reviewer_sets = self.reviewer_sets.codes_of(&others.reviewer_sets);
        let languages = self.languages.codes_of(&others.languages);
        let own = |codes: &[Code], code: Code| {
            let known = code.index().and_then(|index| codes.get(index));
            known.copied().unwrap_or(Code::NONE)
        };
        for row in &mut others.rows {
            row.team = own(&teams, row.team);
            row.repo = own(&repos, row.repo);
            row.person = own(&people, row.person);
            row.author_tools = own(&tools, row.author_tools);
            row.review_tools = own(&tools, row.review_tools);
            row.reviewers = own(&reviewer_sets, row.reviewers);
            row.language = own(&languages, row.language);
        }
        self.rows.append(&mut others.rows);
    }

    /// Finds the originals of reverts and marks them as reverted. A revert finds its original by
    /// number, else by the title it quotes, within the repository. Returns the reverts that found
    /// nothing.
    pub fn link_reverts(&mut self) -> u64 {
        let mut by_number: HashMap<(Code, u32), Moment> = HashMap::new();
        let mut by_title: HashMap<(Code, u32), Moment> = HashMap::new();
        let mut reverts: u64 = 0;
        for row in self.rows.iter().filter(|row| row.is_revert) {
            // A revert that was closed took nothing back.
            if row.merged.seconds().is_none() {
                continue;
            }
            reverts += 1;
            if row.reverts_number != 0 {
                keep_first(&mut by_number, (row.repo, row.reverts_number), row.opened);
            } else if row.reverts_title != 0 {
                keep_first(&mut by_title, (row.repo, row.reverts_title), row.opened);
            }
        }
        if reverts == 0 {
            return 0;
        }
        // Few rows are meant by a revert: most are told apart without asking a map.
        let mut may_be_meant = vec![false; MARKS];
        for (_, number) in by_number.keys() {
            may_be_meant[*number as usize % MARKS] = true;
        }
        for (_, title) in by_title.keys() {
            may_be_meant[*title as usize % MARKS] = true;
        }
        let mut linked: u64 = 0;
        for row in &mut self.rows {
            let is_marked = |key: u32| may_be_meant[key as usize % MARKS];
            if !is_marked(row.number) && !is_marked(row.title_code) {
                continue;
            }
            let found = by_number.remove(&(row.repo, row.number)).or_else(|| {
                let at = *by_title.get(&(row.repo, row.title_code))?;
                (row.merged.seconds()? <= at.seconds()?).then_some(at)
            });
            if let Some(at) = found {
                row.reverted = at;
                linked += 1;
            }
        }
        reverts.saturating_sub(linked)
    }
}

fn keep_first(map: &mut HashMap<(Code, u32), Moment>, key: (Code, u32), at: Moment) {
    map.entry(key)
        .and_modify(|known| *known = (*known).min(at))
        .or_insert(at);
}
