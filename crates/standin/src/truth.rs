//! The truth: made-up pull requests, each from its seed, so that a hundred thousand need no memory.

use jiff::{SignedDuration, Timestamp};
use model::{
    Actor, Comment, CommentKind, Commit, Event, ExpectedCounts, FileChange, Label, PullRequest,
    Review, ReviewState, State,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The moment at which made-up repositories begin.
pub(crate) const EPOCH_SECONDS: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z

/// How long lists are at most.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Commits, files, events.
    pub many: u64,
    /// Reviews, comments, labels.
    pub some: u64,
    /// Review threads, and comments in each.
    pub threads: u64,
}

impl Sizes {
    /// Lists of a page or less.
    pub fn small() -> Sizes {
        Sizes {
            many: 4,
            some: 3,
            threads: 2,
        }
    }

    /// Some lists of several pages at every level.
    pub fn nested() -> Sizes {
        Sizes {
            many: 160,
            some: 70,
            threads: 34,
        }
    }
}

const PEOPLE: [&str; 6] = ["ada", "grace", "edsger", "barbara", "donald", "frances"];
const BOTS: [(&str, u64); 3] = [
    ("dependabot", 49_699_333),
    ("coderabbitai", 136_622_811),
    ("copilot-swe-agent", 198_982_749),
];

/// A made-up pull request.
#[derive(Debug, Clone)]
pub(crate) struct Truth {
    /// As a whole sync must have it.
    pub(crate) record: PullRequest,
    /// The comments in the conversation.
    pub(crate) conversation: Vec<Comment>,
    /// The comments on the diff, by thread.
    pub(crate) threads: Vec<Vec<Comment>>,
}

/// Makes the pull request with a number, changed `version` times.
pub(crate) fn make(
    seed: u64,
    repository: usize,
    name: &str,
    number: u64,
    version: u64,
    updated_at: Timestamp,
    sizes: Sizes,
) -> Truth {
    let stream = (repository as u64) << 40 | number;
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let created_at = created_at(number);
    let mut clock = created_at;
    let mut tick = |rng: &mut ChaCha8Rng| {
        clock = clock
            .checked_add(SignedDuration::from_secs(rng.random_range(1..30)))
            .unwrap_or(clock);
        clock
    };
    let length = |rng: &mut ChaCha8Rng, most: u64| {
        // Most lists are short and some are long, as they are.
        let most = if rng.random_bool(0.1) {
            most
        } else {
            most.min(4)
        };
        rng.random_range(0..=most)
    };
    let author = who(&mut rng);
    let outcome = rng.random_range(0..4);
    let commits: Vec<Commit> = (0..=length(&mut rng, sizes.many))
        .map(|index| commit(&mut rng, repository, number, index, created_at))
        .collect();
    let files: Vec<FileChange> = (0..length(&mut rng, sizes.many))
        .map(|index| FileChange {
            path: format!("src/part_{}/file_{index}.rs", index % 7),
            additions: Some(rng.random_range(0..200)),
            deletions: Some(rng.random_range(0..100)),
        })
        .collect();
    let reviews: Vec<Review> = (0..length(&mut rng, sizes.some))
        .map(|index| {
            let author = who(&mut rng);
            Review {
                author: author.as_ref().and_then(|author| author.login.clone()),
                author_id: author.as_ref().and_then(|author| author.id),
                is_bot: author.as_ref().and_then(|author| author.is_bot),
                state: [
                    ReviewState::Approved,
                    ReviewState::Commented,
                    ReviewState::ChangesRequested,
                ][rng.random_range(0..3)],
                submitted_at: Some(tick(&mut rng)),
                body: Some(format!("Review {index} of {number}.")),
            }
        })
        .collect();
    let mut conversation: Vec<Comment> = (0..length(&mut rng, sizes.some))
        .map(|index| comment(&mut rng, None, number, index, &mut tick))
        .collect();
    let threads: Vec<Vec<Comment>> = (0..length(&mut rng, sizes.threads))
        .map(|thread| {
            let path = format!("src/part_{}/file_{thread}.rs", thread % 7);
            (0..=length(&mut rng, sizes.threads + sizes.some))
                .map(|index| comment(&mut rng, Some(path.clone()), number, index, &mut tick))
                .collect()
        })
        .collect();
    // What changed a pull request were comments, and nothing but them and what follows from them.
    conversation
        .extend((1..=version).map(|change| later_comment(&mut rng.clone(), number, change)));
    let comments: Vec<Comment> = conversation
        .iter()
        .chain(threads.iter().flatten())
        .cloned()
        .collect();
    let mut events: Vec<Event> = (0..length(&mut rng, sizes.many))
        .map(|index| event(&mut rng, index, &mut tick))
        .collect();
    let ended_at = (outcome < 3).then(|| tick(&mut rng));
    let merged_at = ended_at.filter(|_| outcome < 2);
    let merged_by = merged_at.and_then(|_| who(&mut rng));
    if merged_at.is_some() {
        events.push(Event {
            event: "merged".to_owned(),
            actor: merged_by.as_ref().and_then(|actor| actor.login.clone()),
            created_at: merged_at,
            label: None,
            assignee: None,
        });
    }
    let expected = ExpectedCounts {
        commits: commits.len() as u64,
        reviews: reviews.len() as u64,
        comments: comments.len() as u64,
        files: files.len() as u64,
    };
    let record = PullRequest {
        id: Some(format!("PR_{repository}_{number}")),
        repo: name.to_owned(),
        number,
        language: Some("Rust".to_owned()),
        title: format!("Change {number}, version {version}"),
        body: Some(if rng.random_bool(0.1) {
            String::new()
        } else {
            format!("What change {number} is about.\r\n\r\nVersion {version}. \u{1f980}")
        }),
        author,
        state: if ended_at.is_some() {
            State::Closed
        } else {
            State::Open
        },
        draft: Some(outcome == 3 && rng.random_bool(0.3)),
        created_at: Some(created_at),
        updated_at: Some(updated_at),
        closed_at: ended_at,
        merged_at,
        additions: Some(files.iter().filter_map(|file| file.additions).sum()),
        deletions: Some(files.iter().filter_map(|file| file.deletions).sum()),
        changed_files: Some(expected.files),
        head_ref: Some(format!("feature/{number}")),
        base_ref: Some("main".to_owned()),
        labels: Some(
            (0..length(&mut rng, sizes.some))
                .map(|index| Label(format!("label-{index}")))
                .collect(),
        ),
        requested_reviewers: Some(
            (0..length(&mut rng, 12))
                .map(|index| {
                    if index % 3 == 2 {
                        format!("@acme/team-{index}")
                    } else {
                        PEOPLE[index as usize % PEOPLE.len()].to_owned()
                    }
                })
                .collect(),
        ),
        linked_issues: Some(
            (0..length(&mut rng, 12))
                .map(|index| format!("acme/tracker#{}", 900_000 + index))
                .collect(),
        ),
        checks: rng.random_bool(0.7).then(|| "success".to_owned()),
        auto_merge: Some(rng.random_bool(0.2)),
        merged_by,
        expected: Some(expected),
        commits: Some(commits),
        files: Some(files),
        reviews: Some(reviews),
        comments: Some(comments),
        events: Some(events),
    };
    Truth {
        record,
        conversation,
        threads,
    }
}

/// When a pull request was opened: one each minute.
pub(crate) fn created_at(number: u64) -> Timestamp {
    let seconds = EPOCH_SECONDS + i64::try_from(number).unwrap_or(0) * 60;
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A person, a bot, or a deleted account.
fn who(rng: &mut ChaCha8Rng) -> Option<Actor> {
    match rng.random_range(0..10) {
        0 => None,
        1..=2 => {
            let (login, id) = BOTS[rng.random_range(0..BOTS.len())];
            Some(Actor {
                login: Some(login.to_owned()),
                id: Some(id),
                is_bot: Some(true),
            })
        }
        _ => {
            let index = rng.random_range(0..PEOPLE.len());
            Some(Actor {
                login: Some(PEOPLE[index].to_owned()),
                id: Some(1_000 + index as u64),
                is_bot: Some(false),
            })
        }
    }
}

fn commit(
    rng: &mut ChaCha8Rng,
    repository: usize,
    number: u64,
    index: u64,
    at: Timestamp,
) -> Commit {
    let person = PEOPLE[rng.random_range(0..PEOPLE.len())];
    let trailer = if rng.random_bool(0.2) {
        "\n\nCo-authored-by: Claude <noreply@anthropic.com>"
    } else {
        ""
    };
    let has_account = rng.random_bool(0.8);
    Commit {
        sha: Some(format!("{repository:08x}{number:016x}{index:016x}")),
        message: format!("Step {index} of {number}{trailer}"),
        author_login: has_account.then(|| person.to_owned()),
        committer_login: None,
        author_name: Some(person.to_uppercase()),
        author_email: Some(format!("{person}@example.org")),
        committer_name: Some("GitHub".to_owned()),
        committer_email: Some("noreply@github.com".to_owned()),
        authored_at: Some(at),
    }
}

fn comment(
    rng: &mut ChaCha8Rng,
    path: Option<String>,
    number: u64,
    index: u64,
    tick: &mut impl FnMut(&mut ChaCha8Rng) -> Timestamp,
) -> Comment {
    let author = who(rng);
    Comment {
        author: author.as_ref().and_then(|author| author.login.clone()),
        author_id: author.as_ref().and_then(|author| author.id),
        is_bot: author.as_ref().and_then(|author| author.is_bot),
        created_at: Some(tick(rng)),
        kind: if path.is_some() {
            CommentKind::Review
        } else {
            CommentKind::Issue
        },
        path,
        body: format!("Comment {index} on {number}."),
    }
}

/// The comment by which a pull request was changed for the nth time, a day after the one before.
fn later_comment(rng: &mut ChaCha8Rng, number: u64, change: u64) -> Comment {
    let days = i64::try_from(change).unwrap_or(0);
    let at = created_at(number)
        .checked_add(SignedDuration::from_hours(24 * days))
        .unwrap_or(Timestamp::MAX);
    comment(rng, None, number, 1_000 + change, &mut |_| at)
}

fn event(
    rng: &mut ChaCha8Rng,
    index: u64,
    tick: &mut impl FnMut(&mut ChaCha8Rng) -> Timestamp,
) -> Event {
    let name = [
        "labeled",
        "ready_for_review",
        "convert_to_draft",
        "review_requested",
        "assigned",
    ][rng.random_range(0..5)];
    Event {
        event: name.to_owned(),
        actor: who(rng).and_then(|actor| actor.login),
        created_at: Some(tick(rng)),
        label: (name == "labeled").then(|| format!("label-{index}")),
        assignee: matches!(name, "review_requested" | "assigned")
            .then(|| PEOPLE[index as usize % PEOPLE.len()].to_owned()),
    }
}
