//! Deliveries in any order, twice, lost and forged: after the next sync the store is as the truth.

use std::sync::Arc;
use std::time::Duration;

use github::webhook::{
    Concerns, Delivery, Head, Inbox, Receiver, Refusal, Taken, read, sign, verify,
};
use github::{Marked, RepositoryId, Silent};
use model::PullRequest;
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::value::RawValue;
use standin::{Happening, Post, Script, Told};

use crate::common::{Bench, acme, repository};

fn rest(object: &RawValue) -> Option<PullRequest> {
    intake::rest_pull_request(object.get()).ok()
}

fn secret() -> SecretString {
    SecretString::from("a secret of the webhook")
}

fn delivery(id: &str, post: &Post) -> Delivery {
    read(Some(id), Some(post.event), post.body.as_bytes(), rest).expect("understood")
}

fn inbox(bench: &Bench) -> Arc<dyn Inbox> {
    Arc::clone(&bench.store).inbox()
}

fn post(bench: &Bench, told: Told) -> Post {
    bench
        .standin
        .with_world(|world| world.post(told))
        .expect("is there")
}

async fn synced(seed: u64) -> Bench {
    let specs = [repository("acme/shop", 40), repository("acme/site", 8)];
    let bench = Bench::new(seed, &specs, Script::default());
    bench.run(&acme()).await.expect("a sync");
    tokio::time::advance(Duration::from_hours(1)).await;
    bench
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_stored_at_once_and_read_whole_by_the_next_sync() {
    let bench = synced(81).await;
    bench.standin.happen(&Happening::Open(0));
    let number = bench
        .standin
        .with_world(|world| world.numbers(0).len() as u64);
    let opened = delivery("d-1", &post(&bench, Told::PullRequest(0, number)));
    let inbox = inbox(&bench);
    assert_eq!(
        inbox.take(std::slice::from_ref(&opened)).expect("takes"),
        [Taken::Marked]
    );
    let said = bench.stored("acme/shop", number).expect("stored");
    assert_eq!(said.title, format!("Change {number}, version 0"));
    assert_eq!(
        said.commits, None,
        "one delivery says nothing of the commits"
    );
    let status = &bench.store.sync_status().expect("reads")[0];
    assert_eq!(status.to_read_again, 1);

    // Again, under another id, and again.
    assert_eq!(
        inbox.take(std::slice::from_ref(&opened)).expect("takes"),
        [Taken::Repeated]
    );
    let replayed = Delivery {
        id: "d-2".to_owned(),
        ..opened
    };
    assert_eq!(inbox.take(&[replayed]).expect("takes"), [Taken::Repeated]);

    // A comment on an old one is read as well; nothing else is.
    let comment = delivery("d-3", &post(&bench, Told::Comment(0, 3)));
    inbox.take(&[comment]).expect("takes");
    bench.standin.reset_counts();
    let report = bench.run(&acme()).await.expect("a sync");
    assert!(report.read <= 3, "{report:?}");
    assert_eq!(bench.differences(), Vec::<String>::new());
    let status = &bench.store.sync_status().expect("reads")[0];
    assert_eq!(status.to_read_again, 0);
}

#[tokio::test(start_paused = true)]
async fn an_older_delivery_that_comes_late_changes_nothing() {
    let bench = synced(82).await;
    let late = delivery("late", &post(&bench, Told::PullRequest(0, 7)));
    bench.standin.happen(&Happening::Touch(0, 7));
    let newer = delivery("newer", &post(&bench, Told::PullRequest(0, 7)));
    let inbox = inbox(&bench);
    inbox.take(&[newer, late]).expect("takes");
    let stored = bench.stored("acme/shop", 7).expect("stored");
    assert_eq!(stored.title, "Change 7, version 1");
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_repository_is_known_by_its_ids_whatever_it_is_called() {
    let bench = synced(83).await;
    // Renamed and told under the new name; then told by a host that writes node ids in the old form.
    bench
        .standin
        .happen(&Happening::Rename(0, "acme/store".to_owned()));
    bench.standin.happen(&Happening::Touch(0, 4));
    let renamed = post(&bench, Told::Renamed(0));
    let mut touched = post(&bench, Told::PullRequest(0, 4));
    touched.body = touched
        .body
        .replace("\"R_0\"", "\"MDEwOlJlcG9zaXRvcnk3MDAwMA==\"");
    let both = [delivery("d-1", &renamed), delivery("d-2", &touched)];
    let taken = inbox(&bench).take(&both).expect("takes");
    assert_eq!(taken, [Taken::Marked, Taken::Marked]);
    assert_eq!(
        bench.stored("acme/shop", 4).expect("stored").title,
        "Change 4, version 1",
        "it stays in its repository, which the next sync renames"
    );
    let shelf = Arc::clone(&bench.store).shelf();
    let marks = shelf.marks(&RepositoryId("R_0".to_owned())).expect("reads");
    let marked: Vec<Marked> = marks.iter().map(|mark| mark.what).collect();
    assert_eq!(marked, [Marked::Repository, Marked::PullRequest(4)]);

    // One that nobody synced has no place yet, not even under a name that somebody else had.
    let mut foreign = post(&bench, Told::PullRequest(1, 2));
    foreign.body = foreign
        .body
        .replace("\"R_1\"", "\"R_99\"")
        .replace("70001", "70099");
    let foreign = delivery("d-3", &foreign);
    assert_eq!(
        inbox(&bench).take(&[foreign]).expect("takes"),
        [Taken::Unknown]
    );
    bench.run(&acme()).await.expect("a sync");
    assert_eq!(bench.differences(), Vec::<String>::new());
    assert_eq!(bench.store.statistics().expect("counts").repositories, 2);
}

#[tokio::test(start_paused = true)]
async fn the_receiver_stores_what_is_signed() {
    let bench = synced(84).await;
    bench.standin.happen(&Happening::Touch(0, 9));
    let post = post(&bench, Told::PullRequest(0, 9));
    let secrets = vec![SecretString::from("the next one"), secret()];
    let receiver = Receiver::new(secrets, rest, inbox(&bench), Arc::new(Silent)).expect("a thread");
    let body = post.body.as_bytes();
    let signature = sign(&secret(), body);
    let head = Head {
        signature: Some(&signature),
        id: Some("d-1"),
        event: Some(post.event),
    };
    let mut tampered = body.to_vec();
    tampered[20] ^= 1;
    assert_eq!(receiver.receive(head, &tampered), Err(Refusal::Signature));
    let unsigned = Head {
        signature: None,
        ..head
    };
    assert_eq!(receiver.receive(unsigned, body), Err(Refusal::Signature));
    receiver.receive(head, body).expect("taken");
    // Dropping it waits until everything is stored.
    drop(receiver);
    let stored = bench.stored("acme/shop", 9).expect("stored");
    assert_eq!(stored.title, "Change 9, version 1");
}

/// What happens, what is told of it, and what becomes of that on the way.
#[derive(Debug, Clone)]
struct Step {
    happening: Happening,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Arrives,
    ArrivesTwice,
    ComesLate(usize),
    IsLost,
    IsForged,
}

fn step() -> impl Strategy<Value = Step> {
    let happening = prop_oneof![
        6 => (0_usize..2, 1_u64..45).prop_map(|(index, number)| Happening::Touch(index, number)),
        3 => (0_usize..2).prop_map(Happening::Open),
        1 => (0_usize..2, 1_u64..45).prop_map(|(index, number)| Happening::Delete(index, number)),
        1 => (0_usize..2, 0_u8..3)
            .prop_map(|(index, turn)| Happening::Rename(index, format!("acme/r{index}{turn}"))),
    ];
    let fate = prop_oneof![
        4 => Just(Fate::Arrives),
        1 => Just(Fate::ArrivesTwice),
        2 => (0_usize..64).prop_map(Fate::ComesLate),
        2 => Just(Fate::IsLost),
        1 => Just(Fate::IsForged),
    ];
    (happening, fate).prop_map(|(happening, fate)| Step { happening, fate })
}

/// What the host tells of a happening.
fn told(bench: &Bench, happening: &Happening) -> Vec<Post> {
    let all = match happening {
        Happening::Touch(index, number) => vec![
            Told::PullRequest(*index, *number),
            Told::Comment(*index, *number),
            Told::Review(*index, *number),
            Told::ReviewComment(*index, *number),
        ],
        Happening::Open(index) => {
            let newest = bench
                .standin
                .with_world(|world| world.numbers(*index).last().copied());
            newest
                .map(|number| Told::PullRequest(*index, number))
                .into_iter()
                .chain([Told::Push(*index)])
                .collect()
        }
        Happening::Rename(index, _) => vec![Told::Renamed(*index)],
        _ => Vec::new(),
    };
    bench.standin.with_world(|world| {
        all.into_iter()
            .filter_map(|told| world.post(told))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_becomes_of_deliveries_the_store_ends_as_the_truth_is(
        seed in any::<u64>(),
        steps in proptest::collection::vec(step(), 0..24),
        sync_after in proptest::option::of(0_usize..24),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let bench = synced(seed).await;
            let inbox = inbox(&bench);
            let mut late: Vec<(usize, Delivery)> = Vec::new();
            for (at, step) in steps.iter().enumerate() {
                bench.standin.happen(&step.happening);
                for (part, post) in told(&bench, &step.happening).iter().enumerate() {
                    let body = post.body.as_bytes();
                    let signature = match step.fate {
                        Fate::IsForged => sign(&SecretString::from("guessed"), body),
                        _ => sign(&secret(), body),
                    };
                    if verify(&[secret()], Some(&signature), body).is_err() {
                        assert_eq!(step.fate, Fate::IsForged);
                        continue;
                    }
                    let delivery = delivery(&format!("d-{at}-{part}"), post);
                    match step.fate {
                        Fate::Arrives => {
                            inbox.take(&[delivery]).expect("takes");
                        }
                        Fate::ArrivesTwice => {
                            let taken = inbox.take(&[delivery.clone(), delivery]).expect("takes");
                            assert_eq!(taken[1], Taken::Repeated);
                        }
                        Fate::ComesLate(place) => late.push((place, delivery)),
                        Fate::IsLost | Fate::IsForged => {}
                    }
                }
                tokio::time::advance(Duration::from_secs(20)).await;
                if sync_after == Some(at) {
                    bench.run(&acme()).await.expect("a sync");
                }
            }
            late.sort_by_key(|(place, _)| *place);
            let late: Vec<Delivery> = late.into_iter().map(|(_, delivery)| delivery).collect();
            inbox.take(&late).expect("takes");
            bench.run(&acme()).await.expect("a sync");
            prop_assert_eq!(bench.differences(), Vec::<String>::new());
            // That one disappeared is noticed with the next thing that changes.
            let deletes = steps
                .iter()
                .any(|step| matches!(step.happening, Happening::Delete(..)));
            let status = bench.store.sync_status().expect("reads");
            for line in status {
                prop_assert_eq!(line.to_read_again, 0);
                if !deletes {
                    prop_assert_eq!(line.pull_requests.stored, line.pull_requests.expected);
                }
            }
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_about_pull_requests_is_taken_and_means_nothing() {
    for (event, body) in [
        ("ping", "{\"zen\":\"Speak like a human.\"}"),
        ("star", "{}"),
    ] {
        let delivery = read(Some("d"), Some(event), body.as_bytes(), rest).expect("understood");
        assert_eq!(delivery.concerns, Concerns::Nothing, "{event}");
    }
}
