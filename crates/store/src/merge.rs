//! Two records of one pull request become one: absent is not empty.
//!
//! The later record (by `updated_at`; the incoming one where that does not tell) gives every field
//! it knows; the earlier one fills the rest. The items of two lists are matched by what identifies
//! them, and the fields that a later item lacks are filled in too. Which items there are is decided by
//! the later list alone, unless that is known, or must be feared, to be a part: it holds fewer items
//! than its record says there are, or its record does not say how many there are while the earlier one,
//! of a sync, does. Then the items of both stay.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use model::{
    Actor, Comment, Commit, Event, ExpectedCounts, FileChange, PullRequest, Review, ReviewState,
    State,
};

/// Merges an incoming record into the stored one.
pub(crate) fn merge(stored: PullRequest, incoming: PullRequest) -> PullRequest {
    match (stored.updated_at, incoming.updated_at) {
        (Some(stored_at), Some(incoming_at)) if incoming_at < stored_at => fill(stored, incoming),
        _ => fill(incoming, stored),
    }
}

/// The later record, with the gaps filled from the earlier one.
fn fill(later: PullRequest, earlier: PullRequest) -> PullRequest {
    let was_reopened = later.state == State::Open
        && later.closed_at.is_none()
        && earlier.merged_at.is_none()
        && later.merged_at.is_none()
        && later.updated_at > earlier.updated_at
        && earlier.updated_at.is_some();
    let counts = (later.expected, earlier.expected);
    let merged_at = later.merged_at.or(earlier.merged_at);
    let closed_at = if was_reopened {
        None
    } else {
        later.closed_at.or(earlier.closed_at)
    };
    // "Open" is also what a record says that knows nothing of the state.
    let state = if later.state == State::Open && !was_reopened {
        earlier.state
    } else {
        later.state
    };
    PullRequest {
        id: later.id.or(earlier.id),
        repo: later.repo,
        number: later.number,
        language: later.language.or(earlier.language),
        title: if later.title.is_empty() {
            earlier.title
        } else {
            later.title
        },
        body: later.body.or(earlier.body),
        author: fill_author(later.author, earlier.author),
        state,
        draft: later.draft.or(earlier.draft),
        created_at: later.created_at.or(earlier.created_at),
        updated_at: later.updated_at.or(earlier.updated_at),
        closed_at,
        merged_at,
        additions: later.additions.or(earlier.additions),
        deletions: later.deletions.or(earlier.deletions),
        changed_files: later.changed_files.or(earlier.changed_files),
        head_ref: later.head_ref.or(earlier.head_ref),
        base_ref: later.base_ref.or(earlier.base_ref),
        labels: later.labels.or(earlier.labels),
        commits: lists(counts, |all| Some(all.commits)).fill(
            later.commits,
            earlier.commits,
            commit_key,
            fill_commit,
        ),
        reviews: lists(counts, |all| Some(all.reviews)).fill(
            later.reviews,
            earlier.reviews,
            review_key,
            fill_review,
        ),
        comments: lists(counts, |all| Some(all.comments)).fill(
            later.comments,
            earlier.comments,
            comment_key,
            fill_comment,
        ),
        files: lists(counts, |all| Some(all.files)).fill(
            later.files,
            earlier.files,
            |file| Some(file.path.clone()),
            fill_file,
        ),
        // Nobody counts events.
        events: lists(counts, |_| None).fill(later.events, earlier.events, event_key, fill_event),
        merged_by: fill_author(later.merged_by, earlier.merged_by),
        auto_merge: later.auto_merge.or(earlier.auto_merge),
        requested_reviewers: later.requested_reviewers.or(earlier.requested_reviewers),
        linked_issues: later.linked_issues.or(earlier.linked_issues),
        checks: later.checks.or(earlier.checks),
        expected: later.expected.or(earlier.expected),
    }
}

/// How many items two records say there are in one of their lists.
struct Lists {
    /// The later record's; `None` where it does not say.
    later: Option<u64>,
    /// Whether the earlier record says how many of everything, and the later one does not.
    only_earlier_counts: bool,
}

fn lists(
    (later, earlier): (Option<ExpectedCounts>, Option<ExpectedCounts>),
    of: impl Fn(ExpectedCounts) -> Option<u64>,
) -> Lists {
    Lists {
        later: later.and_then(of),
        only_earlier_counts: later.is_none() && earlier.is_some(),
    }
}

impl Lists {
    /// One list out of two.
    fn fill<T: PartialEq, K: Eq + Hash>(
        &self,
        later: Option<Vec<T>>,
        earlier: Option<Vec<T>>,
        key: impl Fn(&T) -> Option<K>,
        fill_item: impl Fn(&mut T, &T),
    ) -> Option<Vec<T>> {
        let Some(later) = later else {
            return earlier;
        };
        let earlier = earlier.unwrap_or_default();
        let is_part = self.only_earlier_counts
            || self
                .later
                .is_some_and(|expected| (later.len() as u64) < expected);
        Some(if is_part {
            unite(later, earlier, key, fill_item)
        } else {
            replace(later, &earlier, key, fill_item)
        })
    }
}

/// The items of both lists: the earlier ones in their order, each with what the later list says of it,
/// then those that only the later one has.
fn unite<T: PartialEq, K: Eq + Hash>(
    later: Vec<T>,
    earlier: Vec<T>,
    key: impl Fn(&T) -> Option<K>,
    fill_item: impl Fn(&mut T, &T),
) -> Vec<T> {
    let mut places: HashMap<K, VecDeque<usize>> = HashMap::with_capacity(later.len());
    for (place, item) in later.iter().enumerate() {
        if let Some(key) = key(item) {
            places.entry(key).or_default().push_back(place);
        }
    }
    let mut later: Vec<Option<T>> = later.into_iter().map(Some).collect();
    let mut united = Vec::with_capacity(earlier.len().max(later.len()));
    for item in earlier {
        let place = key(&item).and_then(|key| places.get_mut(&key)?.pop_front());
        match place.and_then(|place| later.get_mut(place)?.take()) {
            Some(mut counterpart) => {
                fill_item(&mut counterpart, &item);
                united.push(counterpart);
            }
            None => united.push(item),
        }
    }
    for item in later.into_iter().flatten() {
        // What nothing identifies is known by being the same.
        if key(&item).is_some() || !united.contains(&item) {
            united.push(item);
        }
    }
    united
}

/// The later list, each item filled from its counterpart in the earlier one.
fn replace<T, K: Eq + Hash>(
    mut later: Vec<T>,
    earlier: &[T],
    key: impl Fn(&T) -> Option<K>,
    fill_item: impl Fn(&mut T, &T),
) -> Vec<T> {
    let mut known: HashMap<K, &T> = HashMap::with_capacity(earlier.len());
    for item in earlier {
        if let Some(key) = key(item) {
            known.entry(key).or_insert(item);
        }
    }
    for item in &mut later {
        if let Some(counterpart) = key(item).and_then(|key| known.get(&key)) {
            fill_item(item, counterpart);
        }
    }
    later
}

fn fill_gap<T: Clone>(gap: &mut Option<T>, from: Option<&T>) {
    if gap.is_none() {
        *gap = from.cloned();
    }
}

/// An account that is only named later keeps what was known of it, if it is the same account.
fn fill_author(later: Option<Actor>, earlier: Option<Actor>) -> Option<Actor> {
    let Some(mut author) = later else {
        return earlier;
    };
    let Some(known) = earlier else {
        return Some(author);
    };
    let may_be_same_login =
        author.login.is_none() || known.login.is_none() || author.login == known.login;
    let may_be_same_id = author.id.is_none() || known.id.is_none() || author.id == known.id;
    if may_be_same_login && may_be_same_id {
        fill_gap(&mut author.login, known.login.as_ref());
        fill_gap(&mut author.id, known.id.as_ref());
        fill_gap(&mut author.is_bot, known.is_bot.as_ref());
    }
    Some(author)
}

fn commit_key(commit: &Commit) -> Option<String> {
    commit.sha.clone()
}

fn fill_commit(commit: &mut Commit, known: &Commit) {
    if commit.message.is_empty() {
        commit.message.clone_from(&known.message);
    }
    fill_gap(&mut commit.author_login, known.author_login.as_ref());
    fill_gap(&mut commit.committer_login, known.committer_login.as_ref());
    fill_gap(&mut commit.author_name, known.author_name.as_ref());
    fill_gap(&mut commit.author_email, known.author_email.as_ref());
    fill_gap(&mut commit.committer_name, known.committer_name.as_ref());
    fill_gap(&mut commit.committer_email, known.committer_email.as_ref());
    fill_gap(&mut commit.authored_at, known.authored_at.as_ref());
}

fn review_key(review: &Review) -> Option<(String, jiff::Timestamp)> {
    Some((review.author.clone()?, review.submitted_at?))
}

fn fill_review(review: &mut Review, known: &Review) {
    fill_gap(&mut review.author_id, known.author_id.as_ref());
    fill_gap(&mut review.is_bot, known.is_bot.as_ref());
    fill_gap(&mut review.body, known.body.as_ref());
    if review.state == ReviewState::Other {
        review.state = known.state;
    }
}

fn comment_key(comment: &Comment) -> Option<(String, jiff::Timestamp)> {
    Some((comment.author.clone()?, comment.created_at?))
}

fn fill_comment(comment: &mut Comment, known: &Comment) {
    fill_gap(&mut comment.author_id, known.author_id.as_ref());
    fill_gap(&mut comment.is_bot, known.is_bot.as_ref());
    fill_gap(&mut comment.path, known.path.as_ref());
    if comment.body.is_empty() {
        comment.body.clone_from(&known.body);
    }
}

fn fill_file(file: &mut FileChange, known: &FileChange) {
    fill_gap(&mut file.additions, known.additions.as_ref());
    fill_gap(&mut file.deletions, known.deletions.as_ref());
}

fn event_key(event: &Event) -> Option<(String, jiff::Timestamp)> {
    Some((event.event.clone(), event.created_at?))
}

fn fill_event(event: &mut Event, known: &Event) {
    fill_gap(&mut event.actor, known.actor.as_ref());
    fill_gap(&mut event.label, known.label.as_ref());
    fill_gap(&mut event.assignee, known.assignee.as_ref());
}
