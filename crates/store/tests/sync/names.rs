//! Names change hands; pull requests stay with their repository.

use std::time::Duration;

use standin::{Happening, Script};
use store::Selection;

use crate::common::{Bench, acme, repository};

fn rename(index: usize, name: &str) -> Happening {
    Happening::Rename(index, name.to_owned())
}

async fn synced(seed: u64) -> Bench {
    let specs = [repository("acme/one", 9), repository("acme/two", 7)];
    let bench = Bench::new(seed, &specs, Script::default());
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    tokio::time::advance(Duration::from_hours(1)).await;
    bench
}

fn names(bench: &Bench) -> Vec<(String, u64)> {
    let status = bench.store.sync_status().expect("reads");
    status
        .into_iter()
        .map(|line| (line.repo, line.pull_requests.stored))
        .collect()
}

fn pairs(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_new_repository_may_have_the_name_of_a_renamed_one() {
    let bench = synced(1).await;
    // In the order of names, the new one is listed before the one it has the name from, and after.
    for (index, name) in [(0, "acme/zero"), (1, "acme/zz")] {
        let before = bench
            .standin
            .with_world(|world| world.name(index).to_owned());
        bench.standin.happen(&rename(index, name));
        bench.standin.create(&repository(&before, 4));
        bench.run(&acme()).await.expect("a sync");
        assert_eq!(bench.differences(), Vec::<String>::new(), "{name}");
        tokio::time::advance(Duration::from_hours(1)).await;
    }
    let expected = [
        ("acme/one", 4),
        ("acme/two", 4),
        ("acme/zero", 9),
        ("acme/zz", 7),
    ];
    assert_eq!(names(&bench), pairs(&expected));
    bench.store.check_integrity().expect("sound");
}

#[tokio::test(start_paused = true)]
async fn two_repositories_may_swap_their_names() {
    let bench = synced(2).await;
    bench.standin.happen(&rename(0, "acme/other"));
    bench.standin.happen(&rename(1, "acme/one"));
    bench.standin.happen(&rename(0, "acme/two"));
    bench.standin.happen(&Happening::Touch(0, 3));
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    assert_eq!(names(&bench), pairs(&[("acme/one", 7), ("acme/two", 9)]));
    // And back, by their names instead of the owner's list.
    tokio::time::advance(Duration::from_hours(1)).await;
    bench.standin.happen(&rename(0, "acme/other"));
    bench.standin.happen(&rename(1, "acme/two"));
    bench.standin.happen(&rename(0, "acme/one"));
    let scope = github::Scope::Repositories(vec!["acme/one".to_owned(), "acme/two".to_owned()]);
    bench.run(&scope).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    assert_eq!(names(&bench), pairs(&[("acme/one", 9), ("acme/two", 7)]));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_came_from_files_is_the_same_repository() {
    let bench = synced(3).await;
    // Number 2 was imported with a label that GitHub no longer has, number 90 is not there any more.
    let mut known = bench.stored("acme/one", 2).expect("stored");
    "elsewhere/one".clone_into(&mut known.repo);
    known.comments = None;
    let mut other = known.clone();
    other.number = 90;
    let imported = [known, other];
    bench.store.upsert_pull_requests(&imported).expect("stores");
    bench.standin.happen(&rename(0, "elsewhere/one"));
    bench.standin.happen(&Happening::Touch(0, 5));
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    let statistics = bench.store.statistics().expect("counts");
    assert_eq!(
        (statistics.repositories, statistics.pull_requests),
        (2, 9 + 7 + 1)
    );
    let gaps = bench.store.sync_gaps("elsewhere/one").expect("reads");
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0].number, 90);
    bench.store.check_integrity().expect("sound");
}

#[tokio::test(start_paused = true)]
async fn the_first_sync_adopts_what_came_from_files() {
    let specs = [repository("acme/one", 9)];
    let bench = Bench::new(4, &specs, Script::default());
    let record = bench.standin.with_world(|world| world.pull_request(0, 3));
    let mut record = record.expect("is there");
    record.comments = None;
    bench.store.upsert_pull_requests(&[record]).expect("stores");
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    let page = bench
        .store
        .pull_requests(&Selection::all(), None, 99)
        .expect("reads");
    assert_eq!(page.len(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_lost_its_name_and_is_gone_keeps_its_pull_requests() {
    let bench = synced(5).await;
    bench.standin.happen(&Happening::Vanish(0));
    bench.standin.create(&repository("acme/one", 3));
    bench.run(&acme()).await.expect("a sync");
    let status = bench.store.sync_status().expect("reads");
    let gone = status.iter().find(|line| line.trouble.is_some());
    let gone = gone.expect("said");
    assert!(gone.repo.starts_with("acme/one (formerly"), "{}", gone.repo);
    assert_eq!(gone.pull_requests.stored, 9);
    assert_eq!(
        bench.stored("acme/one", 3).map(|record| record.number),
        Some(3)
    );
    assert_eq!(bench.stored("acme/one", 8), None);
}
