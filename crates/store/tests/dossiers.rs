//! Dossiers: the same that every other way of reading says, in the order of opening, page by page.

mod common;

use common::{analysis, at, bare, full, map, open, rule, verdict_write};
use jiff::Timestamp;
use model::{Correction, Origin, PullRequest};
use store::{
    Decision, Dossier, DossierParts, DossierQuery, PullRequestQuery, Selection, SqliteStore, Store,
    TimeSpan,
};
use teams::By;

const REPOS: [&str; 3] = ["acme/stairs", "acme/doors", "bolt/roof"];
const ALL: DossierParts = DossierParts {
    verdict: true,
    analysis: true,
    document: true,
};

/// Forty pull requests in three repositories: some opened in the same second, some of which the time is
/// not known, some not detected, some analysed, one corrected.
fn filled(store: &SqliteStore) {
    let records: Vec<PullRequest> = (1..=40_u64)
        .map(|number| {
            let repo = REPOS[(number % 3) as usize];
            if number % 7 == 0 {
                return bare(repo, number);
            }
            let mut record = full(repo, number);
            record.created_at = Some(at(1_700_000_000 - (number / 4).cast_signed() * 86_400));
            record
        })
        .collect();
    store.upsert_pull_requests(&records).expect("stores");
    for record in &records {
        let stored = store
            .pull_request(&record.key())
            .expect("reads")
            .expect("is there");
        if record.number % 5 != 0 {
            let origin = [Origin::Agent, Origin::NoneDetected][(record.number % 2) as usize];
            store
                .put_verdicts("c1", &[verdict_write(&stored, origin)])
                .expect("stores");
        }
        if record.number % 4 == 0 {
            store
                .put_analyses(&[analysis(&stored.pull_request)])
                .expect("stores");
        }
    }
    let key = records[0].key();
    store
        .decide(&Decision {
            key,
            correction: Some(Correction {
                origin: Some(Origin::Assisted),
                ..Correction::default()
            }),
            by: "ada".into(),
            note: "seen".into(),
            at: at(1_760_000_000),
        })
        .expect("stores");
    map(store, vec![rule("Roofers", By::Repository, "bolt/roof")]);
}

fn walked(store: &SqliteStore, query: &DossierQuery, limit: usize) -> Vec<Dossier> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = store.dossiers(query, after.as_ref(), limit).expect("reads");
        assert!(page.dossiers.len() <= limit);
        all.extend(page.dossiers);
        let Some(next) = page.next else { return all };
        after = Some(next);
    }
}

fn opened(dossiers: &[Dossier]) -> Vec<Option<Timestamp>> {
    dossiers.iter().map(|one| one.row.opened_at).collect()
}

#[test]
fn a_dossier_says_what_every_other_way_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    filled(&store);
    let query = DossierQuery {
        parts: ALL,
        ..DossierQuery::default()
    };
    let all = walked(&store, &query, 1_000);
    assert_eq!(all.len(), 40);
    let listed = store
        .search(&PullRequestQuery::default(), None, 100)
        .expect("finds");
    let facts = store.facts(&Selection::all(), None, 100).expect("reads");
    for one in &all {
        let key = &one.row.key;
        assert!(listed.rows.contains(&one.row), "{key}");
        assert_eq!(one.verdict, store.verdict(key).expect("reads"), "{key}");
        assert_eq!(one.analysis, store.analysis(key).expect("reads"), "{key}");
        let stored = store.pull_request(key).expect("reads").expect("is there");
        assert_eq!(one.facts.content_hash, stored.content_hash);
        assert_eq!(one.document.as_ref(), Some(&stored.pull_request), "{key}");
        let fact = facts
            .iter()
            .find(|fact| fact.key() == *key)
            .expect("is there");
        assert_eq!(one.facts.language.as_deref(), fact.language.as_deref());
        assert_eq!(
            (
                one.facts.updated_at,
                one.facts.additions,
                one.facts.deletions
            ),
            (fact.updated_at, fact.additions, fact.deletions)
        );
        assert_eq!(
            (one.facts.commits, one.facts.reviews, one.facts.comments),
            (fact.commits, fact.reviews, fact.comments)
        );
    }
    let corrected: Vec<u64> = all
        .iter()
        .filter(|one| {
            one.verdict
                .as_ref()
                .is_some_and(|it| it.corrected.is_some())
        })
        .map(|one| one.row.key.number)
        .collect();
    assert_eq!(corrected, [1]);
    assert!(all.iter().any(|one| one.analysis.is_some()));

    let rows_alone = walked(&store, &DossierQuery::default(), 1_000);
    assert!(
        rows_alone.iter().all(|one| {
            one.verdict.is_none() && one.analysis.is_none() && one.document.is_none()
        })
    );
}

#[test]
fn pages_of_any_size_give_the_same_in_the_order_of_opening() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    filled(&store);
    let query = DossierQuery {
        parts: ALL,
        ..DossierQuery::default()
    };
    let all = walked(&store, &query, 1_000);
    let times = opened(&all);
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times.iter().filter(|time| time.is_none()).count(), 5);
    for limit in [1, 2, 5, 7, 39, 40] {
        assert_eq!(walked(&store, &query, limit), all, "{limit}");
    }
}

#[test]
fn teams_repositories_and_months_narrow_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    filled(&store);
    let all = walked(&store, &DossierQuery::default(), 1_000);
    let span = TimeSpan {
        from: Some(at(1_700_000_000 - 6 * 86_400)),
        before: Some(at(1_700_000_000 - 2 * 86_400)),
    };
    let selections = [
        Selection::all(),
        Selection::team("Roofers"),
        Selection::team("acme"),
        Selection::repo("acme/doors"),
        Selection {
            team: Some("Roofers".into()),
            repo: Some("acme/doors".into()),
        },
        Selection::team("nobody"),
        Selection::repo("no/where"),
    ];
    for selection in selections {
        for span in [TimeSpan::default(), span] {
            let query = DossierQuery {
                selection: selection.clone(),
                opened: span,
                parts: DossierParts::default(),
            };
            let expected: Vec<&Dossier> = all
                .iter()
                .filter(|one| {
                    let row = &one.row;
                    let in_span = span.is_unbounded()
                        || row.opened_at.is_some_and(|time| {
                            span.from <= Some(time) && Some(time) < span.before
                        });
                    in_span
                        && selection.team.as_ref().is_none_or(|team| *team == row.team)
                        && selection
                            .repo
                            .as_ref()
                            .is_none_or(|repo| *repo == row.key.repo)
                })
                .collect();
            for limit in [3, 100] {
                let found = walked(&store, &query, limit);
                assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query:?}");
            }
        }
    }
}
