//! Whole pull requests by their ids: in groups as large as the host bears, each list to its end.

use std::sync::atomic::{AtomicUsize, Ordering};

use model::PullRequest;
use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::error::GithubError;
use crate::queries;
use crate::reading::PartError;
use crate::record::{Draft, add, add_thread_comments, begin};
use crate::wire::{MoreNode, NodeData, PullRequestNode, ThreadCommentsNode, WholeData};

/// The most pull requests of one query.
const GROUP_MAX: usize = 25;
/// Groups that must succeed before a larger one is tried.
const CALM_GROUPS: usize = 8;
/// How often a pull request that changes while it is read is begun again.
const REREADS: usize = 3;

/// What became of an id.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// The pull request, and what could not be had of it, where that is so.
    Record(Box<PullRequest>, Option<Lack>),
    /// It is no longer there.
    Gone(String),
    /// It is there but cannot be read.
    Unreadable(String, String),
}

/// What a record lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lack {
    /// In words.
    pub(crate) words: String,
    /// Whether the host may have it another time: a failure, not a refusal or a limit of its own.
    pub(crate) may_come: bool,
}

impl Lack {
    fn for_good(words: String) -> Lack {
        Lack {
            words,
            may_come: false,
        }
    }
}

/// How much is asked for at once. Halved when the host gives up on a query, restored slowly.
#[derive(Debug)]
pub(crate) struct Pace {
    group: AtomicUsize,
    calm: AtomicUsize,
}

/// First pages of the lists: usual ones, and small ones for pull requests that are too heavy alone.
#[derive(Debug, Clone, Copy)]
struct FirstPages {
    many: u32,
    some: u32,
    few: u32,
}

const USUAL: FirstPages = FirstPages {
    many: 50,
    some: 30,
    few: 10,
};
const SMALL: FirstPages = FirstPages {
    many: 5,
    some: 3,
    few: 1,
};

impl Pace {
    pub(crate) fn new() -> Pace {
        Pace {
            group: AtomicUsize::new(GROUP_MAX),
            calm: AtomicUsize::new(0),
        }
    }

    fn group(&self) -> usize {
        self.group.load(Ordering::Relaxed).max(1)
    }

    fn slower(&self, than: usize) {
        self.calm.store(0, Ordering::Relaxed);
        let half = (than / 2).max(1);
        self.group.fetch_min(half, Ordering::Relaxed);
    }

    fn calm(&self) {
        if self.calm.fetch_add(1, Ordering::Relaxed) + 1 >= CALM_GROUPS {
            self.calm.store(0, Ordering::Relaxed);
            let group = self.group();
            self.group
                .store((group + group / 2 + 1).min(GROUP_MAX), Ordering::Relaxed);
        }
    }
}

/// Reads pull requests, in the order of their ids.
pub(crate) async fn whole(
    client: &Client,
    pace: &Pace,
    what: &str,
    ids: &[String],
) -> Result<Vec<Fetched>, GithubError> {
    let mut fetched = Vec::with_capacity(ids.len());
    let mut left = ids;
    let mut failed_alone = 0;
    while !left.is_empty() {
        let size = pace.group().min(left.len());
        let (group, after) = left.split_at(size);
        let pages = if failed_alone >= 2 { SMALL } else { USUAL };
        match ask(client, what, group, pages).await? {
            Reply::Data(data, errors) => {
                pace.calm();
                failed_alone = 0;
                for (position, (id, node)) in group.iter().zip(data.nodes).enumerate() {
                    let about: Vec<&PartError> = errors
                        .iter()
                        .filter(|error| error.index() == Some(position))
                        .collect();
                    fetched.push(one(client, what, id, node, &about).await?);
                }
                left = after;
            }
            Reply::TooHeavy(_) if size > 1 => pace.slower(size),
            Reply::TooHeavy(words) => {
                pace.slower(1);
                failed_alone += 1;
                if failed_alone >= 6 {
                    // One that cannot be read must not keep the others from being read.
                    fetched.push(Fetched::Unreadable(group[0].clone(), words));
                    failed_alone = 0;
                    left = after;
                } else {
                    client.pause(failed_alone).await;
                }
            }
        }
    }
    Ok(fetched)
}

async fn ask(
    client: &Client,
    what: &str,
    ids: &[String],
    pages: FirstPages,
) -> Result<Reply<WholeData>, GithubError> {
    let variables = json!({
        "ids": ids,
        "many": pages.many,
        "some": pages.some,
        "few": pages.few,
        "timelineTypes": queries::TIMELINE_TYPES,
    });
    client.ask(what, &queries::whole(), variables).await
}

async fn one(
    client: &Client,
    what: &str,
    id: &str,
    node: Option<PullRequestNode>,
    errors: &[&PartError],
) -> Result<Fetched, GithubError> {
    let mut node = node;
    let mut words: Option<String> = errors.first().map(|error| error.message.clone());
    let is_refused = errors
        .iter()
        .any(|error| error.kind.as_deref() == Some("FORBIDDEN"));
    for _ in 0..REREADS {
        let Some(draft) = node.and_then(begin) else {
            let is_gone = errors
                .iter()
                .all(|error| error.kind.as_deref() == Some("NOT_FOUND"));
            return Ok(if is_gone {
                Fetched::Gone(id.to_owned())
            } else {
                Fetched::Unreadable(id.to_owned(), words.unwrap_or_default())
            });
        };
        match complete(client, what, id, draft).await? {
            Completed::Whole(record) => {
                return Ok(Fetched::Record(record, words.map(Lack::for_good)));
            }
            Completed::Partial(record, mut lack) => {
                if let Some(words) = words {
                    lack.words = format!("{}: {words}", lack.words);
                }
                lack.may_come &= !is_refused;
                return Ok(Fetched::Record(record, Some(lack)));
            }
            Completed::Gone => return Ok(Fetched::Gone(id.to_owned())),
            Completed::Changed(record) => {
                // It changed while its pages were read: the pages need not go together.
                let again = [id.to_owned()];
                match ask(client, what, &again, USUAL).await? {
                    Reply::Data(mut data, _) => {
                        node = data.nodes.pop().flatten();
                        words = None;
                    }
                    Reply::TooHeavy(_) => node = None,
                }
                if node.is_none() {
                    // What there is of it, rather than nothing.
                    let lack = Lack {
                        words: "it changed while it was read".to_owned(),
                        may_come: true,
                    };
                    return Ok(Fetched::Record(record, Some(lack)));
                }
            }
        }
    }
    Ok(Fetched::Unreadable(
        id.to_owned(),
        "it changed each time it was read".to_owned(),
    ))
}

enum Completed {
    Whole(Box<PullRequest>),
    Partial(Box<PullRequest>, Lack),
    Changed(Box<PullRequest>),
    Gone,
}

/// Follows every list to its end.
async fn complete(
    client: &Client,
    what: &str,
    id: &str,
    draft: Draft,
) -> Result<Completed, GithubError> {
    let mut draft = draft;
    while draft.rest.has_lists() {
        let rest = std::mem::take(&mut draft.rest);
        draft.rest.thread_comments.clone_from(&rest.thread_comments);
        let mut variables = json!({"id": id, "timelineTypes": queries::TIMELINE_TYPES});
        let lists = [
            ("commits", &rest.commits),
            ("files", &rest.files),
            ("reviews", &rest.reviews),
            ("comments", &rest.comments),
            ("threads", &rest.threads),
            ("labels", &rest.labels),
            ("requests", &rest.requests),
            ("issues", &rest.issues),
            ("timeline", &rest.timeline),
        ];
        for (name, after) in lists {
            variables[name] = Value::from(after.is_some());
            variables[format!("{name}After")] = Value::from(after.clone());
        }
        let (data, _) = client
            .ask_small::<NodeData<MoreNode>>(what, &queries::more(), variables)
            .await?;
        let Some(node) = data.node else {
            return Ok(Completed::Gone);
        };
        if node.updated_at != draft.record.updated_at {
            return Ok(Completed::Changed(Box::new(draft.record)));
        }
        add(&mut draft, node.lists);
    }
    for (thread, after) in std::mem::take(&mut draft.rest.thread_comments) {
        let mut after = Some(after);
        while let Some(cursor) = after.take() {
            let variables = json!({"id": thread, "after": cursor});
            let (data, _) = client
                .ask_small::<NodeData<ThreadCommentsNode>>(what, &queries::thread(), variables)
                .await?;
            if let Some(page) = data.node.and_then(|node| node.comments) {
                after = add_thread_comments(&mut draft.record, page);
            }
        }
    }
    let record = Box::new(draft.record);
    if draft.missing.is_empty() {
        return Ok(match record.gaps() {
            // Fewer than the host counts, although every page was read: a change in between, or a
            // limit of the host's own (3,000 files).
            Some(gaps) if !gaps.is_empty() => {
                let lists: Vec<&str> = gaps.iter().map(|gap| gap.list).collect();
                Completed::Partial(
                    record,
                    Lack::for_good(format!("fewer {} than GitHub counts", lists.join(", "))),
                )
            }
            _ => Completed::Whole(record),
        });
    }
    Ok(Completed::Partial(
        record,
        Lack {
            words: format!("GitHub did not send: {}", draft.missing.join(", ")),
            may_come: true,
        },
    ))
}
