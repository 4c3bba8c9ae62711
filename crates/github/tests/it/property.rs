//! Whatever goes wrong and whatever changes meanwhile, the shelf ends as the truth is.

use std::time::Duration;

use github::Scope;
use proptest::prelude::*;
use standin::{Fault, FaultRule, Happening, Script, Sizes};

use crate::common::{Bench, repository};

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Status(502)),
        Just(Fault::Status(503)),
        Just(Fault::Status(500)),
        Just(Fault::Timeout),
        Just(Fault::Dropped),
        Just(Fault::Garbage),
        Just(Fault::OutOfTimeInside),
        (1_u64..3_000).prop_map(|seconds| Fault::RateLimited {
            resets_in: Duration::from_secs(seconds)
        }),
        (1_u64..3_000).prop_map(|seconds| Fault::RateLimitedInside {
            resets_in: Duration::from_secs(seconds)
        }),
        proptest::option::of(1_u64..200).prop_map(|seconds| Fault::Secondary {
            retry_after: seconds.map(Duration::from_secs)
        }),
    ]
}

fn rule() -> impl Strategy<Value = FaultRule> {
    let operation = prop_oneof![
        Just(None),
        Just(Some("Changes")),
        Just(Some("Whole")),
        Just(Some("More")),
        Just(Some("Thread")),
        Just(Some("Repositories")),
        Just(Some("Present")),
        Just(Some("Numbers")),
    ];
    (
        operation,
        proptest::collection::vec(1_u64..40, 1..4),
        fault(),
    )
        .prop_map(|(operation, calls, fault)| FaultRule {
            operation,
            calls,
            fault,
        })
}

fn happening() -> impl Strategy<Value = (u64, Happening)> {
    let what = prop_oneof![
        4 => (0_usize..3, 1_u64..130).prop_map(|(index, number)| Happening::Touch(index, number)),
        2 => (0_usize..3).prop_map(Happening::Open),
        1 => (0_usize..3, 1_u64..130).prop_map(|(index, number)| Happening::Delete(index, number)),
        1 => (0_usize..3).prop_map(|index| Happening::Rename(index, format!("acme/renamed{index}"))),
    ];
    (1_u64..60, what)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_shelf_ends_as_the_truth_is(
        seed in any::<u64>(),
        faults in proptest::collection::vec(rule(), 0..6),
        happenings in proptest::collection::vec(happening(), 0..12),
        heavy_above in proptest::option::of(1_usize..20),
        killed_at in proptest::option::of(1_u64..30),
        sizes in prop_oneof![7 => Just(Sizes::small()), 1 => Just(Sizes::nested())],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let specs = [
                repository("acme/shop", 110),
                repository("acme/site", 30),
                repository("acme/empty", 0),
            ];
            let script = Script { faults, happenings, heavy_above, ..Script::default() };
            let bench = Bench::new(seed, sizes, &specs, script);
            bench.shelf.fail_at(killed_at);
            let scope = Scope::Owner("acme".to_owned());
            // Killed, or stopped by faults, it goes on; twice is enough for what is scripted here.
            for _ in 0..3 {
                let _ = bench.run(&scope).await;
                bench.shelf.fail_at(None);
                tokio::time::advance(Duration::from_secs(30)).await;
            }
            // At the end a sync without faults: what is still to be done, it does.
            bench.standin.follow(Script::default());
            bench.run(&scope).await.expect("a sync without faults");
            prop_assert_eq!(bench.differences(), Vec::<String>::new());
            bench.standin.with_world(|world| {
                for (id, number) in bench.shelf.gone() {
                    let index: usize = id.0.trim_start_matches("R_").parse().expect("an index");
                    assert!(!world.numbers(index).contains(&number), "{number} is there");
                }
            });
            Ok(())
        })?;
    }
}
