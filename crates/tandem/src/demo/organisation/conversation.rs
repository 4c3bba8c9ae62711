//! Reviews, comments and events: by people, by AI reviewers, by plain bots.

use model::{Comment, CommentKind, Event, PullRequest, Review, ReviewState};

use super::calendar::moment;
use super::chance::Chance;
use super::clocks::{Ending, Moments};
use super::people::Person;
use super::teams::Team;
use super::texts::Idea;
use super::tools::{LoginForm, Reviewer, Tool};
use super::vocabulary::{ANSWERS, APPROVALS, BOT_FINDINGS, REQUESTS};

/// What people write: reviews, answers, remarks.
pub(super) fn add_people(
    team: &Team,
    person: &Person,
    idea: &Idea,
    moments: &Moments,
    record: &mut PullRequest,
    chance: &mut Chance,
) {
    let Some(first_review) = moments.first_review else {
        return;
    };
    let first = team.colleague(person, chance);
    let second = team.colleague(person, chance);
    let merged = moments.ending == Ending::Merged;
    let size = record.size_lines().unwrap_or(0);
    let rounds = 1 + i64::from(chance.happens(0.45)) + i64::from(size > 200 && chance.happens(0.5));
    // Without an end there is only the first round.
    let (rounds, end) = moments
        .ended
        .map_or((1, first_review), |ended| (rounds, ended));
    let files: Vec<String> = record
        .files
        .iter()
        .flatten()
        .map(|file| file.path.clone())
        .collect();
    for round in 0..rounds {
        let at = first_review + (end - first_review) * round / rounds;
        let last = round + 1 == rounds;
        let state = match (merged && last, chance.weighted(&[0.5, 0.5])) {
            (true, _) => ReviewState::Approved,
            (false, 0) => ReviewState::Commented,
            (false, _) => ReviewState::ChangesRequested,
        };
        let approves = state == ReviewState::Approved;
        let reviewer = if round == 1 { second } else { first };
        let on_the_diff = !approves && !files.is_empty() && chance.happens(0.6);
        let body = match (approves, on_the_diff) {
            (true, _) => chance.pick(APPROVALS).to_owned(),
            (false, true) => String::new(),
            (false, false) => idea.say(REQUESTS, chance),
        };
        record.reviews.get_or_insert_default().push(Review {
            author: Some(reviewer.login.clone()),
            author_id: Some(reviewer.id),
            is_bot: Some(false),
            state,
            submitted_at: Some(moment(at)),
            body: Some(body),
        });
        if on_the_diff {
            let file = chance.between(0, files.len() as u64 - 1) as usize;
            record.comments.get_or_insert_default().push(Comment {
                author: Some(reviewer.login.clone()),
                author_id: Some(reviewer.id),
                is_bot: Some(false),
                created_at: Some(moment(at)),
                kind: CommentKind::Review,
                path: files.get(file).cloned(),
                body: idea.say(REQUESTS, chance),
            });
            let answered = at + (end - at) / 3;
            if moments.ended.is_some() && chance.happens(0.7) {
                record.comments.get_or_insert_default().push(Comment {
                    author: Some(person.login.clone()),
                    author_id: Some(person.id),
                    is_bot: Some(false),
                    created_at: Some(moment(answered)),
                    kind: CommentKind::Issue,
                    path: None,
                    body: chance.pick(ANSWERS).to_owned(),
                });
            }
        }
    }
}

/// When an AI reviewer comes: some minutes after the pull request is ready, and not after its end.
pub(super) fn ai_review_moment(moments: &Moments, until: i64, chance: &mut Chance) -> Option<i64> {
    let at = moments.ready? + (chance.lognormal(4.0, 0.5) * 60.0) as i64;
    Some(at).filter(|at| *at < moments.ended.unwrap_or(until).min(until))
}

/// What an AI reviewer writes.
pub(super) fn add_ai_review(
    reviewer: Reviewer,
    form: LoginForm,
    idea: &Idea,
    at: i64,
    record: &mut PullRequest,
    chance: &mut Chance,
) {
    let (login, id) = reviewer.account();
    let (author, author_id) = (Some(form.app_login(login)), form.id(Some(id)));
    let paths: Vec<String> = record
        .files
        .iter()
        .flatten()
        .map(|file| file.path.clone())
        .collect();
    let findings = chance.between(0, 3).min(paths.len() as u64);
    record.reviews.get_or_insert_default().push(Review {
        author: author.clone(),
        author_id,
        is_bot: Some(true),
        state: ReviewState::Commented,
        submitted_at: Some(moment(at)),
        body: Some(format!(
            "**{findings} of {} changed files commented.** {}",
            paths.len(),
            idea.say(BOT_FINDINGS, chance)
        )),
    });
    for path in paths.iter().take(findings as usize) {
        record.comments.get_or_insert_default().push(Comment {
            author: author.clone(),
            author_id,
            is_bot: Some(true),
            created_at: Some(moment(at)),
            kind: CommentKind::Review,
            path: Some(path.clone()),
            body: idea.say(BOT_FINDINGS, chance),
        });
    }
    if let (Some(heading), Some(body)) = (reviewer.summary_heading(), record.body.as_mut())
        && !body.trim().is_empty()
        && chance.happens(0.5)
    {
        // The bot writes into the description: still a reviewer, not an author.
        body.extend(["\n\n", heading, "\n\n- ", &idea.subject]);
        if reviewer == Reviewer::Cubic {
            body.extend(["\n\nWritten for commit ", &chance.hex(40), "."]);
        }
    }
}

/// The coding agent looks over its own work: the author speaking, no review tool.
pub(super) fn add_self_review(
    tool: Tool,
    form: LoginForm,
    moments: &Moments,
    record: &mut PullRequest,
    chance: &mut Chance,
) {
    if tool != Tool::CopilotAgent || !chance.happens(0.4) {
        return;
    }
    if let Some(review) = moments.first_review {
        let at = review + moments.ended.map_or(0, |ended| (ended - review) / 5);
        record.reviews.get_or_insert_default().push(Review {
            author: Some(form.app_login("copilot-swe-agent")),
            author_id: form.id(Some(198_982_749)),
            is_bot: Some(true),
            state: ReviewState::Commented,
            submitted_at: Some(moment(at)),
            body: Some("I have pushed a commit that answers the remarks above.".to_owned()),
        });
    }
}

/// Reports of plain bots.
pub(super) fn add_plain_bot_report(
    form: LoginForm,
    moments: &Moments,
    until: i64,
    record: &mut PullRequest,
    chance: &mut Chance,
) {
    let at = moments.opened + 60 * chance.between(3, 25).cast_signed();
    if !chance.happens(0.3) || at >= moments.ended.unwrap_or(until).min(until) {
        return;
    }
    let (login, id, report) = match chance.between(0, 1) {
        0 => (
            "codecov",
            None,
            format!(
                "Coverage of the changed lines: {} %.",
                chance.between(61, 98)
            ),
        ),
        _ => (
            "github-actions",
            Some(41_898_282),
            format!("Artifact size changes by {} kB.", chance.between(0, 90)),
        ),
    };
    record.comments.get_or_insert_default().push(Comment {
        author: Some(form.app_login(login)),
        author_id: form.id(id),
        is_bot: Some(true),
        created_at: Some(moment(at)),
        kind: CommentKind::Issue,
        path: None,
        body: report,
    });
}

/// Timeline events: labels, ready for review, the end.
pub(super) fn add_events(person: &Person, moments: &Moments, record: &mut PullRequest) {
    let mut events = Vec::new();
    let mut push = |event: &str, at: i64, label: Option<String>| {
        events.push(Event {
            event: event.to_owned(),
            actor: Some(person.login.clone()),
            created_at: Some(moment(at)),
            label,
            assignee: None,
        });
    };
    for label in record.labels.iter().flatten() {
        push("labeled", moments.opened, Some(label.0.clone()));
    }
    if let (true, Some(ready)) = (moments.drafted, moments.ready) {
        push("ready_for_review", ready, None);
    }
    if let Some(ended) = moments.ended {
        if moments.ending == Ending::Merged {
            push("merged", ended, None);
        }
        push("closed", ended, None);
    }
    record.events.get_or_insert_default().extend(events);
}

/// Puts reviews and comments in order of time.
pub(super) fn sort(record: &mut PullRequest) {
    if let Some(reviews) = record.reviews.as_mut() {
        reviews.sort_by_key(|review| review.submitted_at);
    }
    if let Some(comments) = record.comments.as_mut() {
        comments.sort_by_key(|comment| comment.created_at);
    }
}
