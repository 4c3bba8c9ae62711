//! Every question that speaks of a team goes by the team of the pull request.

mod common;

use std::collections::BTreeSet;

use common::{analysis, at, bare, full, map, open, rule, verdict_write, versions};
use github::{Page, RepositoryId, RepositoryProgress, RepositoryState, Shelf, Whole};
use measures::Observations;
use model::{Actor, FileChange, Origin, PrKey, PullRequest};
use proptest::prelude::*;
use store::{
    CandidateOrder, CandidateQuery, Clock, Freshness, SatisfiedBy, Selection, Sighting,
    SqliteStore, Store, VerdictWrite,
};
use teams::{By, TeamMapping, TeamRule};

fn by(author: &str, repo: &str, number: u64, file: &str) -> PullRequest {
    PullRequest {
        author: Some(Actor {
            login: Some(author.into()),
            id: None,
            is_bot: Some(author.ends_with("[bot]")),
        }),
        files: Some(vec![FileChange {
            path: file.into(),
            additions: None,
            deletions: None,
        }]),
        ..full(repo, number)
    }
}

fn records() -> Vec<PullRequest> {
    vec![
        by("ada", "acme/mono", 1, "web/a.ts"),
        by("bob", "acme/mono", 2, "pay/b.rs"),
        by("bob", "acme/mono", 3, "x.rs"),
        by("ada", "acme/roof", 4, "x.rs"),
        by("eve", "zoo/cage", 5, "pay/c.rs"),
    ]
}

fn rules() -> Vec<TeamRule> {
    vec![
        rule("web", By::Author, "ada"),
        rule("pay", By::Path, "acme/mono:pay/"),
        rule("keepers", By::Repository, "zoo/*"),
    ]
}

fn team_of(store: &SqliteStore, repo: &str, number: u64) -> String {
    let key = PrKey {
        repo: repo.into(),
        number,
    };
    let stored = store.pull_request(&key).expect("reads").expect("is there");
    stored.team
}

/// The numbers that each kind of question gives for a team.
fn asked(store: &SqliteStore, team: &str) -> Vec<BTreeSet<u64>> {
    let selection = Selection::team(team);
    let of = |keys: Vec<PrKey>| keys.into_iter().map(|key| key.number).collect();
    let page = store.pull_requests(&selection, None, 9).expect("reads");
    assert!(page.iter().all(|stored| stored.team == team));
    let facts = store.facts(&selection, None, 9).expect("reads");
    assert!(facts.iter().all(|fact| &*fact.team == team));
    let verdicts = store.verdicts(&selection, None, 9).expect("reads");
    assert!(verdicts.iter().all(|record| record.team == team));
    let candidates = |order| {
        let query = CandidateQuery {
            versions: versions(),
            selection: selection.clone(),
            freshness: Freshness::MissingOnly,
            satisfied_by: SatisfiedBy::Anyone,
            order,
        };
        let found = store.candidates(&query, None, 9).expect("reads");
        assert!(found.iter().all(|one| one.stored.team == team));
        of(found
            .iter()
            .map(|one| one.stored.pull_request.key())
            .collect())
    };
    let mut observations = Observations::default();
    let mut after = None;
    loop {
        after = store
            .observations(&selection, after, 2, &mut observations)
            .expect("reads");
        if after.is_none() {
            break;
        }
    }
    for row in &observations.rows {
        assert_eq!(observations.teams.name(row.team), Some(team));
    }
    vec![
        of(page.iter().map(|one| one.pull_request.key()).collect()),
        of(facts.iter().map(store::Fact::key).collect()),
        of(verdicts.iter().map(|record| record.key.clone()).collect()),
        candidates(CandidateOrder::ByKey),
        candidates(CandidateOrder::NewestFirst),
        observations
            .rows
            .iter()
            .map(|row| u64::from(row.number))
            .collect(),
    ]
}

fn detect(store: &SqliteStore) {
    let waiting = store
        .undetected("c1", &Selection::all(), None, 10)
        .expect("reads");
    let writes: Vec<VerdictWrite> = waiting
        .iter()
        .map(|stored| verdict_write(stored, Origin::Assisted))
        .collect();
    store.put_verdicts("c1", &writes).expect("stores");
}

/// All the ways of asking agree, and what they give is this.
fn check(store: &SqliteStore, expect: &[(&str, &[u64])]) {
    for (team, numbers) in expect {
        let numbers: BTreeSet<u64> = numbers.iter().copied().collect();
        for found in asked(store, team) {
            assert_eq!(found, numbers, "{team}");
        }
        let selection = Selection::team(*team);
        let coverage = store.coverage(&versions(), &selection).expect("counts");
        assert_eq!(coverage.total, numbers.len() as u64, "{team}");
        let adoption = store.adoption(Clock::Created, &selection).expect("counts");
        let counted: u64 = adoption.cells.iter().map(|cell| cell.count).sum();
        assert_eq!(counted, numbers.len() as u64, "{team}");
        assert!(adoption.cells.iter().all(|cell| cell.team == *team));
        assert!(adoption.tools.iter().all(|cell| cell.team == *team));
    }
    let found = store.teams().expect("reads");
    let found: Vec<(&str, u64)> = found
        .iter()
        .map(|team| (team.team.as_str(), team.pull_requests))
        .filter(|(_, count)| *count > 0)
        .collect();
    let expect: Vec<(&str, u64)> = expect
        .iter()
        .map(|(team, numbers)| (*team, numbers.len() as u64))
        .collect();
    assert_eq!(found, expect);
    let all = store
        .coverage(&versions(), &Selection::all())
        .expect("counts");
    let by_team: Vec<(&str, u64)> = all
        .by_team
        .iter()
        .map(|team| (team.team.as_str(), team.total))
        .collect();
    assert_eq!(by_team, expect);
}

const MAPPED: &[(&str, &[u64])] = &[
    ("acme", &[3]),
    ("keepers", &[5]),
    ("pay", &[2]),
    ("web", &[1, 4]),
];

#[test]
fn the_mapping_holds_for_what_is_stored_and_for_what_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store.upsert_pull_requests(&records()).expect("stores");
    detect(&store);
    check(&store, &[("acme", &[1, 2, 3, 4]), ("zoo", &[5])]);
    map(&store, rules());
    check(&store, MAPPED);
    // Back to the owners, and nothing is left of it.
    map(&store, Vec::new());
    check(&store, &[("acme", &[1, 2, 3, 4]), ("zoo", &[5])]);
    assert_eq!(store.team_names().expect("reads"), ["acme", "zoo"]);

    let other = tempfile::tempdir().expect("a folder");
    let store = open(other.path());
    map(&store, rules());
    store.upsert_pull_requests(&records()).expect("stores");
    detect(&store);
    check(&store, MAPPED);
    assert_eq!(
        store.pull_requests_by_team_rule().expect("counts"),
        [(0, 2), (1, 1), (2, 1)].into_iter().collect()
    );
}

#[test]
fn the_same_mapping_again_is_no_work_and_an_unfinished_one_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store.upsert_pull_requests(&records()).expect("stores");
    let mapping = TeamMapping::new(rules()).expect("rules");
    assert!(store.set_team_mapping(&mapping).expect("stores"));
    assert!(!store.teams_in_force().expect("reads").is_applied);
    let page = store.map_teams(2).expect("maps");
    assert_eq!((page.looked_at, page.moved, page.is_last), (2, 2, false));
    // As after a crash: another process goes on.
    drop(store);
    let store = open(folder.path());
    assert!(!store.set_team_mapping(&mapping).expect("stores"));
    // What comes meanwhile has its team at once, and meets the mapping again without harm.
    store
        .upsert_pull_requests(&[by("ada", "zoo/cage", 9, "x")])
        .expect("stores");
    assert_eq!(team_of(&store, "zoo/cage", 9), "web");
    while !store.map_teams(2).expect("maps").is_last {}
    let in_force = store.teams_in_force().expect("reads");
    assert!(in_force.is_applied);
    assert_eq!(in_force.mapping.rules(), rules());
    assert_eq!(team_of(&store, "zoo/cage", 5), "keepers");
    assert_eq!(team_of(&store, "zoo/cage", 9), "web");
    let page = store.map_teams(2).expect("maps");
    assert_eq!((page.looked_at, page.is_last), (0, true));
}

#[test]
fn an_agents_pull_request_moves_to_the_team_of_who_asked_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    map(&store, rules());
    let mut asked = by("devin-ai-integration[bot]", "acme/mono", 1, "pay/x.rs");
    asked.body = Some("Requested by: @ada".into());
    store
        .upsert_pull_requests(&[asked.clone(), bare("acme/mono", 2)])
        .expect("stores");
    assert_eq!(team_of(&store, "acme/mono", 1), "pay");
    detect(&store);
    assert_eq!(team_of(&store, "acme/mono", 1), "web");
    // It stays there when the record changes, and goes back when nobody is known to have asked.
    asked.title = "Another title".into();
    store
        .upsert_pull_requests(std::slice::from_ref(&asked))
        .expect("stores");
    assert_eq!(team_of(&store, "acme/mono", 1), "web");
    asked.body = Some("On my own".into());
    store.upsert_pull_requests(&[asked]).expect("stores");
    detect(&store);
    assert_eq!(team_of(&store, "acme/mono", 1), "pay");
    let people: Vec<(String, u64)> = store
        .teams()
        .expect("reads")
        .into_iter()
        .map(|team| (team.team, team.people))
        .collect();
    assert_eq!(people, [("acme".to_owned(), 0), ("pay".to_owned(), 0)]);
}

#[test]
fn what_changes_in_a_record_changes_its_team() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    map(&store, rules());
    let mut record = bare("acme/mono", 1);
    store
        .upsert_pull_requests(std::slice::from_ref(&record))
        .expect("stores");
    assert_eq!(team_of(&store, "acme/mono", 1), "acme");
    record.files = by("x", "acme/mono", 1, "pay/z.rs").files;
    store.upsert_pull_requests(&[record]).expect("stores");
    assert_eq!(team_of(&store, "acme/mono", 1), "pay");
    assert_eq!(asked(&store, "pay")[0], BTreeSet::from([1]));
    assert_eq!(asked(&store, "acme")[0], BTreeSet::new());
}

fn repository(name: &str) -> RepositoryState {
    RepositoryState {
        database_id: None,
        marks: 0,
        id: RepositoryId("R_1".into()),
        name: name.into(),
        archived: false,
        fork: false,
        private: false,
        expected: 1,
        last_change: None,
        trouble: None,
        progress: RepositoryProgress::default(),
    }
}

#[test]
fn a_renamed_repository_takes_its_pull_requests_to_its_new_team() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    map(&store, vec![rule("keepers", By::Repository, "zoo/cage")]);
    store
        .put_repository(&repository("zoo/cage"))
        .expect("stores");
    let page = Page {
        again: Vec::new(),
        whole: vec![Whole {
            record: full("zoo/cage", 1),
            gap: None,
        }],
        unreadable: Vec::new(),
        gone: Vec::new(),
    };
    store
        .put_page(&RepositoryId("R_1".into()), &page)
        .expect("stores");
    assert_eq!(team_of(&store, "zoo/cage", 1), "keepers");
    store
        .put_repository(&repository("ark/cabin"))
        .expect("stores");
    assert_eq!(team_of(&store, "ark/cabin", 1), "ark");
    assert_eq!(store.sync_status().expect("reads")[0].team, "ark");
    assert_eq!(store.team_names().expect("reads"), ["ark"]);
    assert_eq!(asked(&store, "ark")[0], BTreeSet::from([1]));
}

#[test]
fn what_was_paid_moves_with_the_pull_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store
        .upsert_pull_requests(&[
            by("ada", "acme/mono", 1, "x"),
            by("bob", "acme/mono", 2, "x"),
        ])
        .expect("stores");
    let path = folder.path().join("tandem.db");
    let sqlite = rusqlite::Connection::open(path).expect("opens");
    sqlite
        .execute_batch(
            "INSERT INTO batch_task VALUES (1, 't');
             INSERT INTO batch_run (id, task_id, prompt_version, schema_version, spec_format, \
             spec, state, started_at) VALUES (1, 1, 'p', 's', 1, '{}', 'finished', 0);",
        )
        .expect("a run");
    for seq in 1..=2 {
        sqlite
            .execute(
                "INSERT INTO batch_request (run_id, seq, task_id, custom_id, subject, belongs_to, \
                 content_hash, payload_bytes, prompt_tokens, prior_attempts, tier, \
                 max_completion_tokens, effort) \
                 VALUES (1, ?1, 1, ?1, 'acme/mono#' || ?1, 'acme', '', 0, 0, 0, 0, 1, 0)",
                [seq],
            )
            .expect("a request");
    }
    map(&store, rules());
    let groups: Vec<String> = sqlite
        .prepare("SELECT belongs_to FROM batch_request ORDER BY seq")
        .expect("prepares")
        .query_map([], |row| row.get(0))
        .expect("reads")
        .collect::<Result<_, _>>()
        .expect("reads");
    assert_eq!(groups, ["web", "acme"]);
}

#[test]
fn a_sighting_is_no_pull_request_and_is_forgotten_when_it_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store
        .upsert_pull_requests(&[full("acme/roof", 1)])
        .expect("stores");
    let sighting = |repo: &str, number, actor: &str, second| Sighting {
        key: PrKey {
            repo: repo.into(),
            number,
        },
        author: (actor == "ada").then(|| actor.to_owned()),
        actor: Some(actor.to_owned()),
        at: at(second),
    };
    let seen = [
        sighting("acme/roof", 1, "ada", 5),
        sighting("acme/roof", 2, "bob", 9),
        sighting("acme/roof", 2, "ada", 7),
        sighting("zoo/cage", 1, "eve", 3),
    ];
    let counts = store.put_sightings(&seen).expect("stores");
    assert_eq!(
        (counts.discovered, counts.seen_again, counts.already_read),
        (2, 1, 1)
    );
    let before = store.discovered(None, 9).expect("reads");
    let counts = store.put_sightings(&seen).expect("stores");
    assert_eq!((counts.discovered, counts.seen_again), (0, 3));
    assert_eq!(store.discovered(None, 9).expect("reads"), before);
    let roof = &before[0];
    assert_eq!(
        (roof.repo.as_str(), roof.pull_requests, roof.actors),
        ("acme/roof", 1, 2)
    );
    assert_eq!((roof.first_seen_at, roof.last_seen_at), (at(7), at(9)));
    assert_eq!(
        store.discovered(Some("acme/roof"), 9).expect("reads").len(),
        1
    );

    let statistics = store.statistics().expect("counts");
    assert_eq!((statistics.pull_requests, statistics.repositories), (1, 1));
    assert_eq!(store.team_names().expect("reads"), ["acme"]);

    store
        .upsert_pull_requests(&[bare("acme/roof", 2)])
        .expect("stores");
    let left = store.discovered(None, 9).expect("reads");
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].repo, "zoo/cage");
}

fn any_rule() -> impl Strategy<Value = TeamRule> {
    let pattern = prop_oneof![
        prop::sample::select(vec!["ada", "bob", "eve"]).prop_map(|login| (By::Author, login)),
        prop::sample::select(vec!["pay/", "*.rs", "acme/mono:web"])
            .prop_map(|path| (By::Path, path)),
        prop::sample::select(vec!["acme/mono", "acme/*", "zoo/cage"])
            .prop_map(|repo| (By::Repository, repo)),
    ];
    (0..4, pattern, prop::option::of(1_i8..29)).prop_map(|(team, (by, pattern), day)| TeamRule {
        from: day.map(|day| jiff::civil::date(2023, 11, day)),
        ..rule(&format!("t{team}"), by, pattern)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever was in force before, stored pull requests end with the teams of those that came
    /// under the mapping.
    #[test]
    fn mapping_what_is_stored_is_the_same_as_storing_under_the_mapping(
        former in prop::collection::vec(any_rule(), 0..4),
        now in prop::collection::vec(any_rule(), 0..6),
        page in 1_usize..4,
    ) {
        let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
        let mapped = open(folders[0].path());
        map(&mapped, former);
        mapped.upsert_pull_requests(&records()).expect("stores");
        let mapping = TeamMapping::new(now.clone()).expect("rules");
        mapped.set_team_mapping(&mapping).expect("stores");
        while !mapped.map_teams(page).expect("maps").is_last {}
        let fresh = open(folders[1].path());
        map(&fresh, now);
        fresh.upsert_pull_requests(&records()).expect("stores");
        let teams = |store: &SqliteStore| store.facts(&Selection::all(), None, 9).expect("reads");
        prop_assert_eq!(teams(&mapped), teams(&fresh));
        prop_assert_eq!(
            mapped.pull_requests_by_team_rule().expect("counts"),
            fresh.pull_requests_by_team_rule().expect("counts")
        );
        prop_assert_eq!(mapped.teams().expect("reads").len(), fresh.teams().expect("reads").len());
    }
}

#[test]
fn an_analysis_counts_for_the_team_of_its_pull_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    map(&store, rules());
    let records = records();
    store.upsert_pull_requests(&records).expect("stores");
    store
        .put_analyses(&[analysis(&records[1])])
        .expect("stores");
    let of = |team: &str| {
        let coverage = store
            .coverage(&versions(), &Selection::team(team))
            .expect("counts");
        (coverage.total, coverage.analyzed)
    };
    assert_eq!((of("pay"), of("web"), of("acme")), ((1, 1), (2, 0), (1, 0)));
    let read = store
        .analyses(&Selection::team("pay"), None, 9)
        .expect("reads");
    assert_eq!(read.len(), 1);
}
