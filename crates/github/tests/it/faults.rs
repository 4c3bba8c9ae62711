//! Each fault by itself: what it costs, and that nothing is lost.

use std::time::Duration;

use github::Scope;
use standin::{Fault, FaultRule, Script, Sizes};

use crate::common::{Bench, repository};

fn acme() -> Scope {
    Scope::Owner("acme".to_owned())
}

fn at(operation: &'static str, calls: &[u64], fault: Fault) -> FaultRule {
    FaultRule {
        operation: Some(operation),
        calls: calls.to_vec(),
        fault,
    }
}

#[tokio::test(start_paused = true)]
async fn one_fault_at_each_operation_changes_nothing() {
    let faults = [
        Fault::Status(502),
        Fault::Status(500),
        Fault::Timeout,
        Fault::Dropped,
        Fault::Garbage,
        Fault::OutOfTimeInside,
        Fault::RateLimited {
            resets_in: Duration::from_mins(20),
        },
        Fault::RateLimitedInside {
            resets_in: Duration::from_mins(20),
        },
        Fault::Secondary {
            retry_after: Some(Duration::from_secs(90)),
        },
        Fault::Secondary { retry_after: None },
    ];
    for fault in faults {
        for operation in ["Repositories", "Changes", "Whole", "More", "Thread"] {
            let script = Script {
                faults: vec![at(operation, &[1, 2], fault.clone())],
                ..Script::default()
            };
            let bench = Bench::new(11, Sizes::nested(), &[repository("acme/shop", 14)], script);
            bench
                .run(&acme())
                .await
                .unwrap_or_else(|error| panic!("{fault:?} at {operation}: {error}"));
            assert_eq!(
                bench.differences(),
                Vec::<String>::new(),
                "{fault:?} at {operation}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_too_heavy_is_asked_for_in_smaller_groups() {
    let script = Script {
        heavy_above: Some(3),
        ..Script::default()
    };
    let bench = Bench::new(12, Sizes::small(), &[repository("acme/shop", 90)], script);
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    let calls = bench.standin.counts().calls["Whole"];
    // 30 groups of three, a few refusals, and now and then a try with more.
    assert!((30..75).contains(&calls), "{calls}");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_too_heavy_alone_is_read_in_small_pages() {
    let script = Script {
        heavy_alone: vec!["PR_0_17".to_owned()],
        ..Script::default()
    };
    let bench = Bench::new(13, Sizes::nested(), &[repository("acme/shop", 30)], script);
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_read_does_not_keep_the_others() {
    let script = Script {
        unreadable: vec!["PR_0_17".to_owned()],
        ..Script::default()
    };
    let bench = Bench::new(14, Sizes::small(), &[repository("acme/shop", 30)], script);
    let report = bench.run(&acme()).await.expect("a sync");
    assert_eq!(report.read, 29);
    assert_eq!(bench.differences(), ["acme/shop#17 is missing"]);
    assert_eq!(bench.shelf.gap(0, 17).as_deref(), Some("status 502"));
    let warnings = bench.notes.warnings.lock().expect("not poisoned").clone();
    assert!(
        warnings.iter().any(|words| words.contains("acme/shop#17")),
        "{warnings:?}"
    );

    // The next sync tries it again and nothing else, and does not list what is there.
    tokio::time::advance(Duration::from_hours(1)).await;
    bench.standin.reset_counts();
    bench.run(&acme()).await.expect("a sync");
    let calls = bench.standin.counts().calls;
    assert_eq!((calls["Numbers"], calls["Whole"]), (1, 6), "{calls:?}");
    assert_eq!(calls.get("Present"), None, "{calls:?}");
    assert_eq!(calls.get("Changes"), None, "{calls:?}");

    // When the host has recovered, it is read.
    bench.standin.follow(Script::default());
    tokio::time::advance(Duration::from_hours(1)).await;
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    assert_eq!((bench.shelf.marked(), bench.shelf.gap(0, 17)), (0, None));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_an_error_left_out_is_unknown_and_named() {
    for list in ["commits", "comments", "reviews", "files"] {
        let script = Script {
            faults: vec![at("Whole", &[1], Fault::ListLost(list))],
            ..Script::default()
        };
        let bench = Bench::new(15, Sizes::small(), &[repository("acme/shop", 3)], script);
        bench.run(&acme()).await.expect("a sync");
        let number = (1..=3)
            .find(|number| bench.shelf.gap(0, *number).is_some())
            .expect("one has a gap");
        let gap = bench.shelf.gap(0, number).unwrap_or_default();
        assert!(gap.contains(list), "{gap}");
        let record = bench.shelf.record(0, number).expect("stored");
        let is_unknown = match list {
            "commits" => record.commits.is_none(),
            "comments" => record.comments.is_none(),
            "reviews" => record.reviews.is_none(),
            _ => record.files.is_none(),
        };
        assert!(is_unknown, "{list} is known although it was lost");
        assert_eq!(record.gaps(), None);
        // What failed once may come another time: the next sync asks for it again.
        tokio::time::advance(Duration::from_hours(1)).await;
        let report = bench.run(&acme()).await.expect("a sync");
        assert_eq!((report.read, bench.shelf.marked()), (1, 0));
        assert_eq!(bench.differences(), Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_stays_away_ends_the_sync_and_the_next_goes_on() {
    let script = Script {
        faults: vec![FaultRule {
            operation: Some("Whole"),
            calls: (5..200).collect(),
            fault: Fault::Dropped,
        }],
        ..Script::default()
    };
    let bench = Bench::new(16, Sizes::small(), &[repository("acme/shop", 320)], script);
    let error = bench.run(&acme()).await.expect_err("the host is away");
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    let before = bench.shelf.pages();
    assert!(before >= 4, "{before} groups were kept");
    bench.standin.follow(Script::default());
    bench.standin.reset_counts();
    let report = bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    // What a page of the walk held is read once more at most.
    assert!(report.read <= 320, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_crash_repeats_one_page_at_most() {
    for write in 1..16 {
        let bench = Bench::new(
            17,
            Sizes::small(),
            &[repository("acme/shop", 230)],
            Script::default(),
        );
        bench.shelf.fail_at(Some(write));
        let first = bench.run(&acme()).await;
        if first.is_ok() {
            continue;
        }
        bench.shelf.fail_at(None);
        let second = bench.run(&acme()).await.expect("goes on");
        assert_eq!(
            bench.differences(),
            Vec::<String>::new(),
            "killed at write {write}"
        );
        let read_before = bench.shelf.pages() * 25;
        assert!(
            read_before <= 230 + 100 + 25 * 5,
            "write {write}: {read_before}, {second:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn clocks_may_differ() {
    for ahead in [-7_200, 7_200] {
        let script = Script {
            clock_ahead_seconds: ahead,
            points_per_hour: Some(40),
            ..Script::default()
        };
        let bench = Bench::new(18, Sizes::small(), &[repository("acme/shop", 300)], script);
        bench.run(&acme()).await.expect("a sync");
        assert_eq!(bench.differences(), Vec::<String>::new());
    }
}
