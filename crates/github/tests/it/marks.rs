//! What is marked is read again, and nothing else.

use std::time::Duration;

use github::{Marked, Scope};
use standin::{Fault, FaultRule, Happening, Script, Sizes};

use crate::common::{Bench, repository};

fn acme() -> Scope {
    Scope::Owner("acme".to_owned())
}

#[tokio::test(start_paused = true)]
async fn marked_pull_requests_are_read_without_a_walk() {
    let specs = [repository("acme/shop", 150), repository("acme/site", 20)];
    let bench = Bench::new(51, Sizes::small(), &specs, Script::default());
    bench.run(&acme()).await.expect("a sync");
    tokio::time::advance(Duration::from_hours(1)).await;
    bench.standin.reset_counts();
    for number in (3..100).step_by(2) {
        bench.shelf.mark(0, Marked::PullRequest(number));
    }
    bench.shelf.mark(0, Marked::PullRequest(9_999));
    let report = bench.run(&acme()).await.expect("a sync");
    let calls = bench.standin.counts().calls;
    assert_eq!((report.read, bench.shelf.marked()), (49, 0));
    assert_eq!((calls["Numbers"], calls["Whole"]), (3, 2), "{calls:?}");
    assert_eq!(calls.get("Changes"), None, "{calls:?}");
    assert_eq!(bench.shelf.gone(), []);
    assert_eq!(bench.differences(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_the_walk_reads_is_not_read_twice() {
    let bench = Bench::new(
        52,
        Sizes::small(),
        &[repository("acme/shop", 80)],
        Script::default(),
    );
    bench.run(&acme()).await.expect("a sync");
    tokio::time::advance(Duration::from_hours(1)).await;
    for number in [5, 6, 7] {
        bench.standin.happen(&Happening::Touch(0, number));
        bench.shelf.mark(0, Marked::PullRequest(number));
    }
    bench.shelf.mark(0, Marked::PullRequest(40));
    bench.standin.reset_counts();
    bench.run(&acme()).await.expect("a sync");
    let calls = bench.standin.counts().calls;
    assert_eq!(
        (calls["Numbers"], bench.shelf.marked()),
        (1, 0),
        "{calls:?}"
    );
    assert_eq!(calls["Whole"], 2, "{calls:?}");
    assert_eq!(bench.differences(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_marked_repository_is_walked_over_although_it_tells_nothing_new() {
    let bench = Bench::new(
        53,
        Sizes::small(),
        &[repository("acme/shop", 80)],
        Script::default(),
    );
    bench.run(&acme()).await.expect("a sync");
    tokio::time::advance(Duration::from_hours(1)).await;
    bench.standin.happen(&Happening::Delete(0, 7));
    bench.run(&acme()).await.expect("nothing new");
    assert_eq!(bench.shelf.gone(), []);
    bench.shelf.mark(0, Marked::Repository);
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.shelf.gone().len(), 1);
    assert_eq!(bench.shelf.marked(), 0);
}

#[tokio::test(start_paused = true)]
async fn marks_outlive_a_sync_that_fails() {
    let bench = Bench::new(
        54,
        Sizes::small(),
        &[repository("acme/shop", 80)],
        Script::default(),
    );
    bench.run(&acme()).await.expect("a sync");
    tokio::time::advance(Duration::from_hours(1)).await;
    bench.shelf.mark(0, Marked::PullRequest(11));
    bench.standin.follow(Script {
        faults: vec![FaultRule {
            operation: Some("Numbers"),
            calls: (1..100).collect(),
            fault: Fault::Dropped,
        }],
        ..Script::default()
    });
    bench.run(&acme()).await.expect_err("the host is away");
    assert_eq!(bench.shelf.marked(), 1);
    bench.standin.follow(Script::default());
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.shelf.marked(), 0);
}
