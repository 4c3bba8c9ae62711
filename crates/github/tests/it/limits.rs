//! Limits are kept, waits are said.

use std::time::Duration;

use github::Scope;
use standin::{Script, Sizes};

use crate::common::{Bench, repository};

#[tokio::test(start_paused = true)]
async fn it_stops_before_the_hour_is_used_up_and_goes_on_after() {
    let script = Script {
        points_per_hour: Some(60),
        ..Script::default()
    };
    let mut bench = Bench::new(21, Sizes::small(), &[repository("acme/shop", 600)], script);
    bench.settings.floor_points = 20;
    let begin = tokio::time::Instant::now();
    bench
        .run(&Scope::Owner("acme".to_owned()))
        .await
        .expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    let pauses = bench.notes.pauses.lock().expect("not poisoned").clone();
    assert!(!pauses.is_empty());
    assert!(pauses[0].reason.contains("hourly limit"), "{pauses:?}");
    let hours = begin.elapsed().as_secs() / 3600;
    let points = bench.standin.counts().points;
    // 40 of 60 points an hour.
    assert!(
        hours >= points / 60 && hours <= points / 30 + 1,
        "{hours} h, {points} points"
    );
    // Not one call was answered by a limit.
    assert!(bench.standin.counts().total() < 200);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_too_long_ends_the_sync() {
    let script = Script {
        points_per_hour: Some(30),
        ..Script::default()
    };
    let mut bench = Bench::new(22, Sizes::small(), &[repository("acme/shop", 600)], script);
    bench.settings.floor_points = 10;
    bench.settings.max_wait = Some(Duration::from_mins(5));
    let error = bench
        .run(&Scope::Owner("acme".to_owned()))
        .await
        .expect_err("too long");
    assert!(error.to_string().contains("used up until"), "{error}");
}
