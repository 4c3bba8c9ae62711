//! Upserts: absent is not empty, later wins, twice is once.

mod common;

use common::{at, bare, full, open};
use model::{
    Actor, Comment, CommentKind, Commit, ExpectedCounts, FileChange, PrKey, PullRequest, State,
};
use proptest::prelude::*;
use store::{Selection, Store, StoreError, UpsertCounts};

/// What is stored after upserting the records one by one.
fn stored_after(records: &[PullRequest]) -> PullRequest {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    for record in records {
        store
            .upsert_pull_requests(std::slice::from_ref(record))
            .expect("stores");
    }
    let stored = store
        .pull_request(&records[0].key())
        .expect("reads")
        .expect("is there");
    assert_eq!(stored.content_hash, stored.pull_request.content_hash());
    stored.pull_request
}

fn counts(inserted: u64, updated: u64, unchanged: u64) -> UpsertCounts {
    UpsertCounts {
        inserted,
        updated,
        unchanged,
    }
}

#[test]
fn importing_twice_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let records = [
        full("acme/stairs", 1),
        full("acme/stairs", 2),
        full("b/c", 1),
    ];
    assert_eq!(
        store.upsert_pull_requests(&records).expect("stores"),
        counts(3, 0, 0)
    );
    assert_eq!(
        store.upsert_pull_requests(&records).expect("stores"),
        counts(0, 0, 3)
    );
    let mut changed = records[1].clone();
    changed.title = "Add two steps".into();
    assert_eq!(
        store.upsert_pull_requests(&[changed]).expect("stores"),
        counts(0, 1, 0)
    );
}

#[test]
fn what_is_not_known_erases_nothing() {
    let record = full("acme/stairs", 1);
    assert_eq!(
        stored_after(&[record.clone(), bare("acme/stairs", 1)]),
        record
    );
    assert_eq!(
        stored_after(&[bare("acme/stairs", 1), record.clone()]),
        record
    );
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store
        .upsert_pull_requests(std::slice::from_ref(&record))
        .expect("stores");
    assert_eq!(
        store
            .upsert_pull_requests(&[bare("acme/stairs", 1)])
            .expect("stores"),
        counts(0, 0, 1)
    );
}

#[test]
fn what_is_known_to_be_empty_empties() {
    let mut later = bare("acme/stairs", 1);
    later.comments = Some(Vec::new());
    later.body = Some(String::new());
    let stored = stored_after(&[full("acme/stairs", 1), later]);
    assert_eq!(stored.comments, Some(Vec::new()));
    assert_eq!(stored.body.as_deref(), Some(""));
}

#[test]
fn gaps_within_the_items_of_a_list_are_filled() {
    let record = full("acme/stairs", 1);
    let mut later = record.clone();
    let known = record.commits.clone().expect("commits");
    later.commits = Some(vec![
        Commit {
            author_email: None,
            committer_name: None,
            message: String::new(),
            ..known[0].clone()
        },
        Commit {
            sha: Some("f".repeat(40)),
            author_email: None,
            ..known[0].clone()
        },
    ]);
    later.author = Some(Actor {
        login: Some("ada".into()),
        id: None,
        is_bot: None,
    });
    let stored = stored_after(&[record.clone(), later]);
    let commits = stored.commits.expect("commits");
    assert_eq!(commits[0], known[0]);
    assert_eq!(commits[1].author_email, None, "another commit");
    assert_eq!(stored.author, record.author);
}

/// The same record as a sync has it: with the host's counts of what it holds.
fn synced(mut record: PullRequest) -> PullRequest {
    fn length<T>(list: Option<&Vec<T>>) -> u64 {
        list.map_or(0, |list| list.len() as u64)
    }
    record.expected = Some(ExpectedCounts {
        commits: length(record.commits.as_ref()),
        reviews: length(record.reviews.as_ref()),
        comments: length(record.comments.as_ref()),
        files: length(record.files.as_ref()),
    });
    record
}

fn comment(author: Option<&str>, second: i64, body: &str) -> Comment {
    Comment {
        author: author.map(str::to_owned),
        author_id: None,
        is_bot: None,
        created_at: Some(at(second)),
        kind: CommentKind::Issue,
        path: None,
        body: body.into(),
    }
}

#[test]
fn a_file_that_knows_a_part_takes_nothing_from_what_was_synced() {
    let mut whole = full("acme/stairs", 1);
    whole.comments = Some(vec![
        comment(Some("ada"), 1, "one"),
        comment(Some("bob"), 2, "2"),
        comment(Some("bob"), 2, "two again"),
    ]);
    let whole = synced(whole);
    let mut page = full("acme/stairs", 1);
    page.updated_at = None;
    page.events = Some(Vec::new());
    page.comments = Some(vec![
        comment(Some("bob"), 2, "two"),
        comment(None, 3, "three"),
        comment(Some("eve"), 4, "four"),
    ]);
    let merged = stored_after(&[whole.clone(), page.clone()]);
    let bodies: Vec<&str> = (merged.comments.iter().flatten())
        .map(|comment| comment.body.as_str())
        .collect();
    assert_eq!(bodies, ["one", "two", "two again", "three", "four"]);
    assert_eq!(merged.events, whole.events);
    assert_eq!(merged.expected, whole.expected);
    // Twice is once, also for those that nothing identifies.
    assert_eq!(
        stored_after(&[whole.clone(), page.clone(), page.clone()]),
        merged
    );
    // The next sync says what there is.
    let mut again = whole.clone();
    again.updated_at = Some(at(1_800_000_000));
    assert_eq!(stored_after(&[whole, page, again.clone()]), again);
}

#[test]
fn a_list_that_is_known_to_be_cut_short_takes_nothing_away() {
    let mut first = full("acme/stairs", 1);
    first.files = Some(vec![file("a"), file("b")]);
    let mut second = first.clone();
    second.updated_at = Some(at(1_800_000_000));
    second.files = Some(vec![file("b"), file("c")]);
    second.expected = Some(ExpectedCounts {
        files: 3,
        ..synced(second.clone()).expected.expect("counted")
    });
    let merged = stored_after(&[first, second]);
    assert_eq!(merged.files, Some(vec![file("a"), file("b"), file("c")]));
}

fn file(path: &str) -> FileChange {
    FileChange {
        path: path.into(),
        additions: Some(1),
        deletions: None,
    }
}

#[test]
fn another_account_inherits_nothing() {
    let record = full("acme/stairs", 1);
    let mut later = record.clone();
    later.author = Some(Actor {
        login: Some("grace".into()),
        id: None,
        is_bot: None,
    });
    assert_eq!(stored_after(&[record, later.clone()]).author, later.author);
}

#[test]
fn a_closed_one_can_be_reopened_but_a_merged_one_not() {
    let mut closed = full("acme/stairs", 1);
    closed.merged_at = None;
    let mut reopened = closed.clone();
    reopened.state = State::Open;
    reopened.closed_at = None;
    reopened.updated_at = Some(at(1_800_000_000));
    for order in [
        [closed.clone(), reopened.clone()],
        [reopened.clone(), closed.clone()],
    ] {
        let stored = stored_after(&order);
        assert_eq!((stored.state, stored.closed_at), (State::Open, None));
    }
    let merged = full("acme/stairs", 1);
    for order in [
        [merged.clone(), reopened.clone()],
        [reopened, merged.clone()],
    ] {
        let stored = stored_after(&order);
        assert_eq!(
            (stored.state, stored.closed_at),
            (State::Closed, merged.closed_at)
        );
        assert_eq!(stored.merged_at, merged.merged_at);
    }
}

#[test]
fn a_number_that_is_too_large_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let error = store
        .upsert_pull_requests(&[bare("acme/stairs", u64::MAX)])
        .expect_err("too large");
    assert!(matches!(error, StoreError::Invalid { .. }));
    assert!(
        error
            .to_string()
            .contains("acme/stairs#18446744073709551615")
    );
}

/// All rows that a reader can see.
fn everything(store: &dyn Store) -> Vec<PullRequest> {
    let mut all = Vec::new();
    let mut after: Option<PrKey> = None;
    loop {
        let page = store
            .pull_requests(&Selection::all(), after.as_ref(), 3)
            .expect("reads");
        let facts = store
            .facts(&Selection::all(), after.as_ref(), 3)
            .expect("reads");
        let keys: Vec<PrKey> = page.iter().map(|item| item.pull_request.key()).collect();
        assert_eq!(keys, facts.iter().map(store::Fact::key).collect::<Vec<_>>());
        let Some(last) = keys.last() else {
            return all;
        };
        after = Some(last.clone());
        all.extend(page.into_iter().map(|item| item.pull_request));
    }
}

/// Leaves a part of a record: each bit of `mask` takes one field away.
fn part(record: &PullRequest, mask: u16) -> PullRequest {
    let keep = |bit: u16| mask & (1 << bit) == 0;
    let mut part = record.clone();
    part.id = part.id.filter(|_| keep(0));
    part.body = part.body.filter(|_| keep(1));
    part.author = part.author.filter(|_| keep(2));
    part.commits = part.commits.filter(|_| keep(3));
    part.reviews = part.reviews.filter(|_| keep(4));
    part.comments = part.comments.filter(|_| keep(5));
    part.files = part.files.filter(|_| keep(6));
    part.additions = part.additions.filter(|_| keep(7));
    part.merged_at = part.merged_at.filter(|_| keep(8));
    part.draft = part.draft.filter(|_| keep(9));
    part.updated_at = part.updated_at.filter(|_| keep(10));
    if !keep(11) {
        part.title = String::new();
    }
    if !keep(12) {
        part.state = State::Open;
        part.closed_at = None;
    }
    part
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever order and duplication, and however cut into calls.
    #[test]
    fn order_and_duplication_do_not_matter(
        picks in prop::collection::vec((0_usize..9, any::<bool>()), 1..40),
    ) {
        let records: Vec<PullRequest> = (0..9)
            .map(|index| full(["a/x", "b/y", "b/x"][index % 3], 1 + index as u64 / 3))
            .collect();
        let once = tempfile::tempdir().expect("a folder");
        let other = tempfile::tempdir().expect("a folder");
        let (once, other) = (open(once.path()), open(other.path()));
        let mut seen: Vec<PullRequest> = Vec::new();
        let mut call = Vec::new();
        for (index, ends_call) in &picks {
            let record = records[*index].clone();
            if !seen.contains(&record) {
                seen.push(record.clone());
            }
            call.push(record);
            if *ends_call {
                other.upsert_pull_requests(&call).expect("stores");
                call.clear();
            }
        }
        other.upsert_pull_requests(&call).expect("stores");
        seen.sort_by_key(PullRequest::key);
        once.upsert_pull_requests(&seen).expect("stores");
        prop_assert_eq!(everything(&once), seen.clone());
        prop_assert_eq!(everything(&other), seen);
    }

    /// The parts of one record, in any order, make the record.
    #[test]
    fn parts_of_one_record_add_up(masks in prop::collection::vec(any::<u16>(), 1..6)) {
        let record = full("acme/stairs", 1);
        let mut parts: Vec<PullRequest> = masks.iter().map(|mask| part(&record, *mask)).collect();
        let forth = stored_after(&parts);
        parts.reverse();
        prop_assert_eq!(&stored_after(&parts), &forth);
        parts.insert(parts.len() / 2, record.clone());
        prop_assert_eq!(stored_after(&parts), record);
    }

    /// Of complete records with different times the latest stays, in whatever order they come.
    #[test]
    fn the_latest_of_complete_records_stays(
        ages in Just((0_i64..5).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let versions: Vec<PullRequest> = ages
            .iter()
            .map(|age| {
                let mut version = full("acme/stairs", 1);
                version.title = format!("Version {age}");
                version.updated_at = Some(at(1_800_000_000 + age));
                version.labels = Some(Vec::new());
                version
            })
            .collect();
        prop_assert_eq!(stored_after(&versions).title, "Version 4");
    }
}
