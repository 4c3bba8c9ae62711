//! Reviews and comments: who came first, how often, in how many rounds.

use jiff::Timestamp;
use model::{PullRequest, Review, ReviewState};

use crate::people::{Account, People};

/// What the conversation of a pull request measures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReviewMeasures {
    /// First review or comment by another person, at or after the ready moment.
    pub human_at: Option<Timestamp>,
    /// The same at or after the opening: what the clock from the opening would wait for.
    pub human_from_open_at: Option<Timestamp>,
    /// First review by anyone but the author, bots included, at or after the opening. Only for
    /// showing what a bot counted as a reviewer does.
    pub anyone_from_open_at: Option<Timestamp>,
    /// First review or comment by a bot that is not the author, at or after the ready moment.
    pub bot_at: Option<Timestamp>,
    /// First approval by another person, at or after the ready moment.
    pub approved_at: Option<Timestamp>,
    /// Submitted reviews by other people; `None` when the reviews are not known.
    pub human_reviews: Option<u32>,
    /// Other people who reviewed; `None` when the reviews are not known.
    pub human_reviewers: Option<u32>,
    /// Rounds: runs of reviews by other people with at least one commit between two runs. `None`
    /// when the reviews are not known, or commit dates are needed and not known.
    pub rounds: Option<u32>,
}

/// Measures the conversation. Without `ready_at` only what counts from the opening is known.
pub fn reviews_of(
    pull_request: &PullRequest,
    people: &People<'_>,
    ready_at: Option<Timestamp>,
) -> ReviewMeasures {
    let opened_at = pull_request.created_at;
    let mut measures = ReviewMeasures::default();
    for said in remarks(pull_request) {
        let (account, at) = (said.account, said.at);
        let is_person = people.is_other_person(account);
        let is_bot = !is_person && people.is_bot(account) && !people.is_author(account);
        let from_open = opened_at.is_some_and(|opened| at >= opened);
        let from_ready = ready_at.is_some_and(|ready| at >= ready);
        if is_person && from_open {
            earliest(&mut measures.human_from_open_at, at);
        }
        if said.is_review && (is_person || is_bot) && from_open {
            earliest(&mut measures.anyone_from_open_at, at);
        }
        if is_person && from_ready {
            earliest(&mut measures.human_at, at);
            if said.approves {
                earliest(&mut measures.approved_at, at);
            }
        }
        if is_bot && from_ready {
            earliest(&mut measures.bot_at, at);
        }
    }
    if let Some(reviews) = &pull_request.reviews {
        let by_people: Vec<&Review> = reviews
            .iter()
            .filter(|review| {
                review.state != ReviewState::Pending && people.is_other_person(account_of(review))
            })
            .collect();
        let mut names: Vec<&str> = by_people
            .iter()
            .map(|review| review.author.as_deref().unwrap_or_default())
            .collect();
        names.sort_unstable();
        names.dedup();
        measures.human_reviews = Some(by_people.len() as u32);
        measures.human_reviewers = Some(names.len() as u32);
        measures.rounds = rounds(pull_request, &by_people);
    }
    measures
}

/// The logins of the other people who submitted a review, in lower case, each once and in order.
pub(crate) fn reviewers_of(pull_request: &PullRequest, people: &People<'_>) -> Vec<String> {
    let reviews = pull_request.reviews.iter().flatten();
    let mut logins: Vec<String> = reviews
        .filter(|review| {
            review.state != ReviewState::Pending && people.is_other_person(account_of(review))
        })
        .filter_map(|review| Some(review.author.as_deref()?.trim().to_ascii_lowercase()))
        .filter(|login| !login.is_empty())
        .collect();
    logins.sort_unstable();
    logins.dedup();
    logins
}

/// A review or comment with a time.
struct Said<'a> {
    account: Account<'a>,
    at: Timestamp,
    is_review: bool,
    approves: bool,
}

fn remarks(pull_request: &PullRequest) -> impl Iterator<Item = Said<'_>> {
    let reviews = pull_request.reviews.iter().flatten().filter_map(|review| {
        (review.state != ReviewState::Pending).then_some(Said {
            account: account_of(review),
            at: review.submitted_at?,
            is_review: true,
            approves: review.state == ReviewState::Approved,
        })
    });
    let comments = pull_request
        .comments
        .iter()
        .flatten()
        .filter_map(|comment| {
            Some(Said {
                account: Account {
                    login: comment.author.as_deref(),
                    id: comment.author_id,
                    is_bot: comment.is_bot,
                },
                at: comment.created_at?,
                is_review: false,
                approves: false,
            })
        });
    reviews.chain(comments)
}

fn account_of(review: &Review) -> Account<'_> {
    Account {
        login: review.author.as_deref(),
        id: review.author_id,
        is_bot: review.is_bot,
    }
}

fn earliest(known: &mut Option<Timestamp>, at: Timestamp) {
    if known.is_none_or(|known| at < known) {
        *known = Some(at);
    }
}

/// Two reviews without a commit between them are one round.
fn rounds(pull_request: &PullRequest, by_people: &[&Review]) -> Option<u32> {
    if by_people.len() <= 1 {
        return Some(by_people.len() as u32);
    }
    let mut reviewed: Vec<Timestamp> = by_people
        .iter()
        .map(|review| review.submitted_at)
        .collect::<Option<_>>()?;
    reviewed.sort_unstable();
    let commits: Vec<Timestamp> = (pull_request.commits.as_ref()?.iter())
        .map(|commit| commit.authored_at)
        .collect::<Option<_>>()?;
    let new_rounds = reviewed.windows(2).filter(|pair| {
        let [one, next] = pair else { return false };
        commits.iter().any(|at| one < at && at <= next)
    });
    Some(1 + new_rounds.count() as u32)
}
