//! Random scenarios: faults of lines, batches and calls, kills at random steps, any number of tiers.
//!
//! `BATCH_SCENARIOS` sets how many are played and `BATCH_SEED` the first seed; a failure names its own.
//! `BATCH_SHOW=1` prints the scenario.

mod common;

use std::sync::Arc;
use std::time::Instant;

use batch::MemoryLedger;
use batch::ledger::Ledger;
use common::random::{Tally, everything, play};

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

#[test]
fn random_scenarios_lose_no_request_and_no_cent() {
    let first = number("BATCH_SEED", 1);
    let scenarios = number("BATCH_SCENARIOS", 10_000);
    let seeds: Vec<u64> = (first..first + scenarios).collect();
    let started = Instant::now();
    let played =
        common::parallel::play_all(&seeds, |seed| play(*seed, Arc::new(MemoryLedger::new())));
    let mut tally = Tally::new();
    let mut failed = Vec::new();
    for (seed, met) in seeds.iter().zip(played) {
        match met {
            Some(met) => {
                for (name, times) in met {
                    *tally.entry(name).or_default() += times;
                }
            }
            None => failed.push(*seed),
        }
    }
    let elapsed = started.elapsed();
    assert!(
        failed.is_empty(),
        "seeds {failed:?} failed; play one again with\n  \
         BATCH_SEED={} BATCH_SCENARIOS=1 BATCH_SHOW=1 cargo test -p batch --test scenarios -- --nocapture",
        failed[0]
    );
    println!(
        "seeds {first} to {}: {scenarios} scenarios in {elapsed:.1?}",
        first + scenarios - 1
    );
    for (name, times) in &tally {
        println!("{times:>8}  {name}");
    }
    // A smaller number of scenarios need not meet everything.
    if scenarios >= 10_000 {
        let missed: Vec<String> = everything()
            .into_iter()
            .filter(|name| !tally.contains_key(name))
            .collect();
        assert!(missed.is_empty(), "never met: {missed:?}");
    }
}

/// The same on a ledger that is a file: what the engine asks of a ledger holds there too.
#[test]
fn random_scenarios_on_a_durable_ledger() {
    let first = number("BATCH_SEED", 1);
    let seeds: Vec<u64> = (first..first + number("BATCH_DURABLE_SCENARIOS", 300)).collect();
    let played = common::parallel::play_all(&seeds, |seed| {
        let seed = *seed;
        async move {
            let folder = tempfile::tempdir().expect("a folder");
            let options = store::OpenOptions::write("test");
            let opened = store::SqliteStore::open(&folder.path().join("ledger.db"), &options);
            let ledger: Arc<dyn Ledger> = Arc::new(opened.expect("a database"));
            play(seed, ledger).await
        }
    });
    let failed: Vec<u64> = seeds
        .iter()
        .zip(&played)
        .filter(|(_, met)| met.is_none())
        .map(|(seed, _)| *seed)
        .collect();
    println!("seeds {first} to {}", first + seeds.len() as u64 - 1);
    assert!(
        failed.is_empty(),
        "seeds {failed:?} failed; play one again with\n  \
         BATCH_SEED={} BATCH_DURABLE_SCENARIOS=1 BATCH_SHOW=1 cargo test -p batch --test scenarios durable -- --nocapture",
        failed[0]
    );
}
