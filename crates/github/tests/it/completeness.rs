//! Everything is read, once, and again only what changed.

use github::Scope;
use standin::{Happening, Script, Sizes};

use crate::common::{Bench, repository};

fn acme() -> Scope {
    Scope::Owner("acme".to_owned())
}

#[tokio::test(start_paused = true)]
async fn every_list_is_followed_to_its_end() {
    let specs = [repository("acme/shop", 60), repository("acme/site", 7)];
    let bench = Bench::new(1, Sizes::nested(), &specs, Script::default());
    let report = bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    assert_eq!((report.read, report.repositories), (67, 2));
    let longest = (1..=60)
        .filter_map(|number| bench.shelf.record(0, number)?.commits)
        .map(|commits| commits.len())
        .max();
    assert!(
        longest > Some(100),
        "no list of more than two pages: {longest:?}"
    );
    for number in 1..=60 {
        assert_eq!(bench.shelf.gap(0, number), None);
        let record = bench.shelf.record(0, number).expect("stored");
        assert_eq!(record.gaps(), Some(Vec::new()), "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_sync_costs_what_changed() {
    let specs: Vec<_> = (0..40)
        .map(|index| repository(&format!("acme/r{index:02}"), 30))
        .collect();
    let bench = Bench::new(2, Sizes::small(), &specs, Script::default());
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    tokio::time::advance(std::time::Duration::from_hours(1)).await;

    bench.standin.reset_counts();
    bench.run(&acme()).await.expect("nothing new");
    let idle = bench.standin.counts().total();
    assert_eq!(
        idle, 1,
        "one page of repositories says that nothing changed"
    );

    for index in 0..5 {
        bench.standin.happen(&Happening::Touch(index, 3));
        bench.standin.happen(&Happening::Open(index));
    }
    bench.standin.reset_counts();
    let report = bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    let counts = bench.standin.counts();
    assert_eq!(report.changed_repositories, 5);
    // One list of repositories; for each changed one a look, a group, and a look again.
    assert!(counts.total() <= 1 + 5 * 4, "{counts:?}");
    assert!(report.read <= 5 * 4, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn what_changes_during_the_walk_is_caught_up() {
    let specs = [repository("acme/shop", 350)];
    let happenings = [
        (3, Happening::Touch(0, 5)),
        (4, Happening::Open(0)),
        (6, Happening::Touch(0, 340)),
        (7, Happening::Delete(0, 11)),
        (9, Happening::Touch(0, 120)),
        (12, Happening::Touch(0, 5)),
        (15, Happening::Open(0)),
        (17, Happening::Delete(0, 320)),
    ];
    let script = Script {
        happenings: happenings.into(),
        ..Script::default()
    };
    let bench = Bench::new(3, Sizes::small(), &specs, script);
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_disappears_is_kept_and_marked() {
    let specs = [repository("acme/shop", 20)];
    let bench = Bench::new(4, Sizes::small(), &specs, Script::default());
    bench.run(&acme()).await.expect("a sync");
    tokio::time::advance(std::time::Duration::from_hours(1)).await;
    bench.standin.happen(&Happening::Delete(0, 7));
    bench.standin.happen(&Happening::Touch(0, 8));
    bench.run(&acme()).await.expect("a sync");
    let gone: Vec<u64> = bench
        .shelf
        .gone()
        .into_iter()
        .map(|(_, number)| number)
        .collect();
    assert_eq!(gone, [7]);
    assert!(bench.shelf.record(0, 7).is_some(), "it is kept");
    assert_eq!(bench.differences(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn renames_and_transfers_are_followed() {
    let specs = [repository("acme/shop", 12), repository("acme/site", 3)];
    let bench = Bench::new(5, Sizes::small(), &specs, Script::default());
    bench.run(&acme()).await.expect("a sync");
    tokio::time::advance(std::time::Duration::from_hours(1)).await;
    bench
        .standin
        .happen(&Happening::Rename(0, "acme/store".to_owned()));
    bench
        .standin
        .happen(&Happening::Rename(1, "elsewhere/site".to_owned()));
    bench.standin.happen(&Happening::Touch(0, 2));
    bench.standin.happen(&Happening::Touch(1, 1));
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    let name = |index| bench.shelf.repository(index).map(|state| state.name);
    assert_eq!(name(0).as_deref(), Some("acme/store"));
    assert_eq!(name(1).as_deref(), Some("elsewhere/site"));
    // By a name it had before.
    tokio::time::advance(std::time::Duration::from_hours(1)).await;
    bench.run(&acme()).await.expect("a sync");
    let scope = Scope::Repositories(vec!["acme/shop".to_owned()]);
    let report = bench.run(&scope).await.expect("a sync");
    assert_eq!((report.repositories, report.changed_repositories), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_vanishes_is_said_and_kept() {
    let specs = [repository("acme/shop", 5), repository("acme/site", 3)];
    let bench = Bench::new(6, Sizes::small(), &specs, Script::default());
    bench.run(&acme()).await.expect("a sync");
    bench.standin.happen(&Happening::Vanish(1));
    bench.run(&acme()).await.expect("a sync");
    let state = bench.shelf.repository(1).expect("known");
    assert!(state.trouble.is_some_and(|words| words.contains("kept")));
    assert!(bench.shelf.record(1, 2).is_some());
}

#[tokio::test(start_paused = true)]
async fn history_can_be_cut_and_later_be_had_whole() {
    let specs = [repository("acme/shop", 200)];
    let mut bench = Bench::new(7, Sizes::small(), &specs, Script::default());
    let since = bench
        .standin
        .with_world(|world| world.pull_request(0, 151))
        .and_then(|record| record.updated_at);
    bench.sync.since = since;
    let report = bench.run(&acme()).await.expect("a sync");
    assert!((49..=52).contains(&report.read), "{report:?}");
    bench.sync.since = None;
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn archived_repositories_and_forks_are_a_choice() {
    let mut specs = [
        repository("acme/old", 2),
        repository("acme/copy", 2),
        repository("acme/new", 2),
    ];
    specs[0].archived = true;
    specs[1].fork = true;
    let mut bench = Bench::new(8, Sizes::small(), &specs, Script::default());
    let report = bench.run(&acme()).await.expect("a sync");
    assert_eq!(report.repositories, 2, "forks are left out");
    bench.sync.skip_archived = true;
    bench.sync.include_forks = true;
    let report = bench.run(&acme()).await.expect("a sync");
    assert_eq!(report.repositories, 2);
    assert!(bench.shelf.record(1, 1).is_some());
}
