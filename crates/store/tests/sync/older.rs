//! A sync into databases from before there was one.

use std::time::Duration;

use github::{Marked, RepositoryId};
use standin::{Happening, Script};

use crate::common::{Bench, acme, repository};

/// Dumps of the versions: 3 has imported pull requests only, the last before the sync is 5.
const DUMPS: [&str; 3] = [
    include_str!("../regression/v1.sql"),
    include_str!("../regression/v3.sql"),
    include_str!("../regression/v5.sql"),
];

#[tokio::test(start_paused = true)]
async fn an_older_database_is_brought_up_to_date_and_synced_into() {
    for dump in DUMPS {
        // The dumps hold acme/stairs#1 and zoo/cage#2.
        let bench = Bench::new(61, &[repository("acme/stairs", 5)], Script::default()).on(dump);
        assert!(bench.stored("acme/stairs", 1).is_some());
        let analysed = bench.store.statistics().expect("counts").analyses;
        bench.run(&acme()).await.expect("a sync");
        // What GitHub says is later than what was imported, and takes its place.
        for number in 1..=5 {
            let truth = bench
                .standin
                .with_world(|world| world.pull_request(0, number));
            assert_eq!(
                bench
                    .stored("acme/stairs", number)
                    .map(|record| record.title),
                truth.map(|record| record.title)
            );
        }
        assert!(bench.stored("zoo/cage", 2).is_some());
        assert_eq!(bench.store.statistics().expect("counts").analyses, analysed);
        bench.store.check_integrity().expect("sound");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_synced_before_there_were_marks_goes_on() {
    // A database of version 6, as the release before webhooks left it.
    let dump = include_str!("../regression/v6.sql").to_owned()
        + "INSERT INTO sync_repo VALUES (1, 'R_0', 0, 0, 0, 1, 1, NULL, 1, NULL, NULL, NULL, 1);\n\
           INSERT INTO sync_pr (repo_id, number, read_at, gap) VALUES (1, 3, 1, 'status 502');";
    let bench = Bench::new(62, &[repository("acme/stairs", 5)], Script::default()).on(&dump);
    let shelf = std::sync::Arc::clone(&bench.store).shelf();
    let id = RepositoryId("R_0".to_owned());
    let before = &shelf.repositories().expect("reads")[0];
    assert_eq!((before.database_id, before.marks), (None, 0));
    assert_eq!(shelf.numbers(&id, None, 9).expect("reads"), [1, 3]);
    bench.run(&acme()).await.expect("a sync");
    let after = &shelf.repositories().expect("reads")[0];
    assert_eq!((after.database_id, after.marks), (Some(70_000), 0));
    assert_eq!(shelf.numbers(&id, None, 9).expect("reads"), [1, 2, 3, 4, 5]);
    assert_eq!(bench.store.sync_gaps("acme/stairs").expect("reads"), []);
    // From now on marks are kept.
    tokio::time::advance(Duration::from_hours(1)).await;
    bench.standin.happen(&Happening::Touch(0, 2));
    let page = github::Page {
        again: vec![4],
        ..github::Page::default()
    };
    shelf.put_page(&id, &page).expect("stores");
    let marks = shelf.marks(&id).expect("reads");
    assert_eq!(marks.len(), 1);
    assert_eq!(marks[0].what, Marked::PullRequest(4));
    shelf.put_page(&id, &page).expect("stores");
    shelf.clear_marks(&id, &marks).expect("stores");
    assert_eq!(
        shelf.marks(&id).expect("reads").len(),
        1,
        "it was set again"
    );
    let status = &bench.store.sync_status().expect("reads")[0];
    assert_eq!(status.to_read_again, 1);
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(shelf.marks(&id).expect("reads"), []);
}
