//! Many pull requests: what the first sync takes, and that the next costs what changed.
//!
//! `scripts/sync-scale` runs the large one and shows its figures.

use std::time::{Duration, Instant};

use standin::{Happening, Script};

use crate::common::{Bench, acme, repository};

/// What a sync took.
#[derive(Debug)]
struct Figures {
    read: u64,
    calls: u64,
    points: u64,
    /// Of this machine: the stand-in, the client and the database in one process.
    seconds: f64,
    /// By the clock of the stand-in, which limits and responses take.
    simulated: Duration,
    peak_mib: u64,
}

/// A hundred thousand points are no obstacle; the limit a minute stays.
fn script() -> Script {
    Script {
        points_per_hour: Some(1_000_000),
        ..Script::default()
    }
}

async fn measured(bench: &Bench) -> Figures {
    bench.standin.reset_counts();
    let begin = Instant::now();
    let simulated = tokio::time::Instant::now();
    let report = bench.run(&acme()).await.expect("a sync");
    let counts = bench.standin.counts();
    assert_eq!(
        (report.calls, report.points),
        (counts.total(), counts.points)
    );
    Figures {
        read: report.read,
        calls: report.calls,
        points: report.points,
        seconds: begin.elapsed().as_secs_f64(),
        simulated: simulated.elapsed(),
        peak_mib: peak_mib(),
    }
}

/// The most memory this process ever had. 0 where the system does not tell.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    peak.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1_024
}

/// Touches `changes` pull requests, spread over the repository, and opens a tenth as many.
fn change(bench: &Bench, all: u64, changes: u64) {
    for change in 0..changes {
        if change % 10 == 9 {
            bench.standin.happen(&Happening::Open(0));
        } else {
            let number = 1 + change * (all / changes);
            bench.standin.happen(&Happening::Touch(0, number));
        }
    }
}

fn show(what: &str, figures: &Figures) {
    println!(
        "{what}: {} pull requests read, {} calls, {} points, {:.1} s of this machine, {} by GitHub's \
         limits, peak {} MiB",
        figures.read,
        figures.calls,
        figures.points,
        figures.seconds,
        humane(figures.simulated),
        figures.peak_mib
    );
}

fn humane(time: Duration) -> String {
    format!("{}:{:02} min", time.as_secs() / 60, time.as_secs() % 60)
}

/// The first sync of `all` pull requests, and further ones with some changes each.
async fn story(all: u64) -> (Figures, Vec<(u64, Figures)>) {
    let specs = [repository("acme/shop", all), repository("acme/site", 20)];
    let bench = Bench::new(71, &specs, script());
    let first = measured(&bench).await;
    show("first sync", &first);
    let mut later = Vec::new();
    for changes in [0, 50, 500] {
        tokio::time::advance(Duration::from_hours(1)).await;
        change(&bench, all, changes);
        let figures = measured(&bench).await;
        show(&format!("with {changes} changes"), &figures);
        later.push((changes, figures));
    }
    let status = bench.store.sync_status().expect("reads");
    let shop = &status[0].pull_requests;
    assert_eq!((shop.expected, shop.stored), (all + 55, all + 55));
    // All of them is what the large one would take longest for.
    let step = usize::try_from(all / 200).expect("small").max(1);
    bench.standin.with_world(|world| {
        for number in world.numbers(0).into_iter().step_by(step) {
            let truth = world.pull_request(0, number).expect("is there");
            let stored = bench.stored("acme/shop", number).expect("is stored");
            assert_eq!(stored.title, truth.title, "{number}");
            assert_eq!(stored.expected, truth.expected, "{number}");
        }
    });
    (first, later)
}

fn check(all: u64, first: &Figures, later: &[(u64, Figures)]) {
    // A list of ids for a hundred, four groups of 25, and further pages of some three long lists.
    assert!((all + 20..=all + 30).contains(&first.read), "{first:?}");
    assert!(first.calls <= 20 + all / 100 * 9, "{first:?}");
    for (changes, figures) in later {
        // One list of repositories; for every fifty a list of ids, two groups, and now and then a long
        // list; a look at the top again, which lists once more what changed within the last seconds.
        let most = 6 + changes / 50 * 6;
        assert!(figures.calls <= most, "{changes}: {figures:?}");
        // What changed within the last seconds of a sync is read again by the next.
        assert!(
            (*changes..=changes + changes / 10).contains(&figures.read),
            "{changes}: {figures:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_sync_costs_what_changed_whatever_there_is() {
    let all = 3_000;
    let (first, later) = story(all).await;
    check(all, &first, &later);
}

#[tokio::test(start_paused = true)]
#[ignore = "takes minutes: scripts/sync-scale runs it"]
async fn a_hundred_thousand() {
    let all = std::env::var("TANDEM_SYNC_SCALE")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000);
    let (first, later) = story(all).await;
    check(all, &first, &later);
    let few = &later[1].1;
    println!(
        "50 changes cost {} calls, the first sync {}: {:.0} times less",
        few.calls,
        first.calls,
        first.calls as f64 / few.calls as f64
    );
    assert!(
        first.peak_mib < 300,
        "memory grows with pull requests: {first:?}"
    );
}
