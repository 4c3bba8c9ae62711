//! The walk over a pull request that collects evidence.
//!
//! The place decides the role: the account that opened the change is its author, and what it writes
//! below is no review; the same account on another's change is a reviewer.

mod hits;
mod people;
mod prose;

use jiff::Timestamp;
use model::{Evidence, PullRequest};

use crate::catalogue::rows::Place;
use crate::detector::Detector;
use crate::identity::{AccountClaim, AccountMatch};
use crate::text::engine::Candidates;
use crate::text::regions::Markup;
use hits::Hits;

/// How patterns are chosen for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    /// Those whose literal is in the text.
    Prefiltered,
    /// All of them: the plain way, to compare with.
    #[cfg(test)]
    OneByOne,
}

/// Who opened the pull request, as far as the catalogue knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthorKind {
    /// Plain automation.
    PlainBot,
    /// A bot that is neither plain automation nor an authoring tool of the catalogue.
    UnlistedBot,
    /// A tool, a person, or nobody known.
    Other,
}

/// What a walk found.
pub(crate) struct Findings {
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) author: AuthorKind,
}

/// The state of one walk.
pub(crate) struct Collector<'d, 'r> {
    detector: &'d Detector,
    search: Search,
    hits: Hits,
    candidates: Candidates,
    /// The account row that opened the change.
    author_account: Option<usize>,
    author: AuthorKind,
    author_known: bool,
    /// The identity fields of the last commit, where none of them is a tool's.
    strangers: Option<[&'r Option<String>; 6]>,
    /// Whether the present commit's identities hit anything.
    found_identity: bool,
}

/// A text and where it stands.
#[derive(Clone, Copy)]
struct Text<'t> {
    text: &'t str,
    place: Place,
    markup: Option<Markup>,
    time: Option<Timestamp>,
}

impl<'d, 'r> Collector<'d, 'r> {
    pub(crate) fn new(detector: &'d Detector, search: Search) -> Self {
        Collector {
            detector,
            search,
            hits: Hits::default(),
            candidates: Candidates::default(),
            author_account: None,
            author: AuthorKind::Other,
            author_known: false,
            strangers: None,
            found_identity: false,
        }
    }

    pub(crate) fn run(mut self, pull_request: &'r PullRequest) -> Findings {
        let opened_at = opened_at(pull_request);
        self.read_author(pull_request, opened_at);
        if let Some(branch) = &pull_request.head_ref {
            let start = branch_start(branch);
            self.read_text(
                pull_request,
                Text {
                    text: branch.get(start..).unwrap_or(branch),
                    place: Place::Branch,
                    markup: None,
                    time: opened_at,
                },
                start,
                || "head_ref".to_owned(),
            );
        }
        self.read_text(
            pull_request,
            Text {
                text: &pull_request.title,
                place: Place::Title,
                markup: None,
                time: opened_at,
            },
            0,
            || "title".to_owned(),
        );
        if let Some(body) = &pull_request.body {
            self.read_text(
                pull_request,
                Text {
                    text: body,
                    place: Place::Body,
                    markup: Some(Markup::Markdown),
                    time: opened_at,
                },
                0,
                || "body".to_owned(),
            );
        }
        for (index, label) in pull_request.labels.iter().flatten().enumerate() {
            self.read_text(
                pull_request,
                Text {
                    text: &label.0,
                    place: Place::Label,
                    markup: None,
                    time: opened_at,
                },
                0,
                || format!("labels[{index}]"),
            );
        }
        for (index, commit) in pull_request.commits.iter().flatten().enumerate() {
            let time = commit.authored_at.or(opened_at);
            self.read_commit_identities(index, commit, time);
            self.read_text(
                pull_request,
                Text {
                    text: &commit.message,
                    place: Place::Commit,
                    markup: Some(Markup::Plain),
                    time,
                },
                0,
                || format!("commits[{index}].message"),
            );
        }
        for (index, event) in pull_request.events.iter().flatten().enumerate() {
            let time = event.created_at.or(opened_at);
            self.read_text(
                pull_request,
                Text {
                    text: &event.event,
                    place: Place::Event,
                    markup: None,
                    time,
                },
                0,
                || format!("events[{index}].event"),
            );
            self.read_assignment(index, event, time);
        }
        self.read_conversation(pull_request, opened_at);
        Findings {
            evidence: self.hits.into_evidence(),
            author: self.author,
        }
    }

    fn read_conversation(&mut self, pull_request: &PullRequest, opened_at: Option<Timestamp>) {
        for (index, review) in pull_request.reviews.iter().flatten().enumerate() {
            let claim = AccountClaim {
                id: review.author_id,
                login: review.author.as_deref(),
                is_bot: review.is_bot,
            };
            let time = review.submitted_at.or(opened_at);
            self.read_reviewer("reviews", index, claim, time);
            if let Some(body) = &review.body {
                let text = comment_text(body, time);
                self.read_text(pull_request, text, 0, || format!("reviews[{index}].body"));
            }
        }
        for (index, comment) in pull_request.comments.iter().flatten().enumerate() {
            let claim = AccountClaim {
                id: comment.author_id,
                login: comment.author.as_deref(),
                is_bot: comment.is_bot,
            };
            let time = comment.created_at.or(opened_at);
            self.read_reviewer("comments", index, claim, time);
            let text = comment_text(&comment.body, time);
            self.read_text(pull_request, text, 0, || format!("comments[{index}].body"));
        }
    }

    fn account(&self, claim: AccountClaim<'_>) -> Option<AccountMatch> {
        self.detector.account_index.find(claim)
    }
}

fn comment_text(body: &str, time: Option<Timestamp>) -> Text<'_> {
    Text {
        text: body,
        place: Place::Comment,
        markup: Some(Markup::Markdown),
        time,
    }
}

/// When the change came about, as near as the record knows.
fn opened_at(pull_request: &PullRequest) -> Option<Timestamp> {
    (pull_request.created_at)
        .or(pull_request.merged_at)
        .or(pull_request.closed_at)
        .or(pull_request.updated_at)
}

/// Where the branch's own name begins, after `refs/heads/` and a fork's `owner:`.
fn branch_start(head_ref: &str) -> usize {
    const PREFIX: &str = "refs/heads/";
    let after_owner = match head_ref.split_once(':') {
        Some((owner, _)) if !owner.contains('/') => owner.len() + 1,
        _ => 0,
    };
    let rest = head_ref.get(after_owner..).unwrap_or_default();
    if rest.starts_with(PREFIX) {
        after_owner + PREFIX.len()
    } else {
        after_owner
    }
}
