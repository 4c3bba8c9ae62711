//! Verdicts, analyses, candidates, coverage and adoption.

mod common;

use common::{analysis, at, bare, full, map, open, rule, verdict, verdict_write, versions};
use jiff::Timestamp;
use model::{Origin, PrKey, PullRequest};
use proptest::prelude::*;
use store::{
    AdoptionCell, AnalysisOrigin, AnalysisRecord, CandidateOrder, CandidateQuery, CandidateReason,
    Clock, Coverage, Cursor, Freshness, SatisfiedBy, Selection, SqliteStore, Store, StoreError,
    ToolPlace, VerdictWrite,
};
use teams::By;

fn key(repo: &str, number: u64) -> PrKey {
    PrKey {
        repo: repo.into(),
        number,
    }
}

/// Three pull requests of `acme`, one of `zoo`.
fn filled(store: &SqliteStore) -> Vec<PullRequest> {
    let records = vec![
        full("acme/roof", 7),
        full("acme/stairs", 1),
        full("acme/stairs", 2),
        full("zoo/cage", 1),
    ];
    store.upsert_pull_requests(&records).expect("stores");
    records
}

#[test]
fn verdicts_come_back_and_know_when_the_content_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    filled(&store);
    let all = Selection::all();
    let waiting = store.undetected("c1", &all, None, 10).expect("reads");
    assert_eq!(waiting.len(), 4);
    let mut writes: Vec<VerdictWrite> = waiting
        .iter()
        .map(|stored| verdict_write(stored, Origin::Assisted))
        .collect();
    writes.push(VerdictWrite {
        key: key("acme/stairs", 99),
        ..writes[0].clone()
    });
    let outcome = store.put_verdicts("c1", &writes).expect("stores");
    assert_eq!((outcome.stored, outcome.unknown), (4, 1));
    assert_eq!(store.undetected("c1", &all, None, 10).expect("reads"), []);
    assert_eq!(
        store.undetected("c2", &all, None, 10).expect("reads").len(),
        4
    );

    let page = store
        .verdicts(&Selection::team("acme"), Some(&key("acme/roof", 7)), 10)
        .expect("reads");
    let keys: Vec<&PrKey> = page.iter().map(|record| &record.key).collect();
    assert_eq!(keys, [&key("acme/stairs", 1), &key("acme/stairs", 2)]);
    assert!(
        page.iter()
            .all(|record| record.verdict == verdict(Origin::Assisted)
                && record.content_is_current
                && record.catalogue_version == "c1")
    );

    let mut changed = full("acme/stairs", 1);
    changed.body = Some("Rewritten.".into());
    store.upsert_pull_requests(&[changed]).expect("stores");
    let again = store.undetected("c1", &all, None, 10).expect("reads");
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].pull_request.key(), key("acme/stairs", 1));
    let stale = store.verdict(&key("acme/stairs", 1)).expect("reads");
    assert!(stale.is_some_and(|record| !record.content_is_current));

    // A new verdict takes the place of everything of the old one.
    let plain = model::Verdict {
        author_tools: Vec::new(),
        review_tools: Vec::new(),
        evidence: Vec::new(),
        notes: Vec::new(),
        ai_reviewed: false,
        ..verdict(Origin::NoneDetected)
    };
    let write = VerdictWrite {
        verdict: plain.clone(),
        ..verdict_write(&again[0], Origin::Agent)
    };
    store.put_verdicts("c1", &[write]).expect("stores");
    let record = store.verdict(&key("acme/stairs", 1)).expect("reads");
    assert_eq!(record.map(|record| record.verdict), Some(plain));
    let facts = store.facts(&all, None, 10).expect("reads");
    let origins: Vec<Option<Origin>> = facts
        .iter()
        .map(|fact| fact.verdict.map(|verdict| verdict.origin))
        .collect();
    assert_eq!(origins[1], Some(Origin::NoneDetected));
    assert_eq!(origins[0], Some(Origin::Assisted));
}

#[test]
fn what_could_not_be_read_again_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let records = filled(&store);
    let stored = store
        .pull_request(&records[0].key())
        .expect("reads")
        .expect("is there");
    let mut write = verdict_write(&stored, Origin::Agent);
    write.verdict.confidence = f64::NAN;
    assert!(matches!(
        store.put_verdicts("c1", &[write.clone()]),
        Err(StoreError::Invalid { .. })
    ));
    write.verdict.confidence = 0.5;
    write.content_hash = "beef".into();
    assert!(matches!(
        store.put_verdicts("c1", &[write]),
        Err(StoreError::Invalid { .. })
    ));
    let mut record = analysis(&records[0]);
    record.answer.ai.confidence = f64::INFINITY;
    assert!(matches!(
        store.put_analyses(&[record]),
        Err(StoreError::Invalid { .. })
    ));
}

#[test]
fn facts_are_those_of_the_document() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let records = [full("acme/stairs", 1), bare("acme/stairs", 2)];
    store.upsert_pull_requests(&records).expect("stores");
    let facts = store.facts(&Selection::all(), None, 10).expect("reads");
    let (known, unknown) = (&facts[0], &facts[1]);
    assert_eq!(known.key(), records[0].key());
    assert_eq!(
        (known.author.as_deref(), known.language.as_deref()),
        (Some("ada"), Some("Rust"))
    );
    assert_eq!(known.outcome, store::Outcome::Merged);
    assert_eq!(known.created_at, records[0].created_at);
    assert_eq!(
        (known.additions, known.commits, known.empty_body),
        (Some(30), Some(1), false)
    );
    assert_eq!(unknown.outcome, store::Outcome::Open);
    assert_eq!(
        (unknown.commits, unknown.draft, unknown.created_at),
        (None, None, None)
    );
    assert!(unknown.empty_body && unknown.author.is_none() && unknown.verdict.is_none());
}

#[test]
fn an_analysis_is_stored_once_and_the_last_answer_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let records = filled(&store);
    let first = analysis(&records[0]);
    let put = |record: &AnalysisRecord| {
        let writes = store
            .put_analyses(std::slice::from_ref(record))
            .expect("stores");
        (
            writes.stored,
            writes.unchanged,
            writes.superseded,
            writes.unknown,
        )
    };
    assert_eq!(put(&first), (1, 0, 0, 0));
    assert_eq!(put(&first), (0, 1, 0, 0));
    let earlier = AnalysisRecord {
        answered_at: at(1_700_000_000),
        ..first.clone()
    };
    assert_eq!(put(&earlier), (0, 0, 1, 0));
    let foreign = AnalysisRecord {
        key: key("acme/roof", 99),
        ..first.clone()
    };
    assert_eq!(put(&foreign), (0, 0, 0, 1));
    assert_eq!(
        store.analysis(&first.key).expect("reads"),
        Some(first.clone())
    );
    let later = AnalysisRecord {
        answered_at: at(1_800_000_000),
        tier: 2,
        repaired: Some("a trailing comma".into()),
        quote_supported: None,
        ..first.clone()
    };
    assert_eq!(put(&later), (1, 0, 0, 0));
    let all = store.analyses(&Selection::all(), None, 10).expect("reads");
    assert_eq!(all, [later]);
}

/// The keys of all candidates, read in pages, each with why.
fn candidates(
    store: &dyn Store,
    query: &CandidateQuery,
    limit: usize,
) -> Vec<(PrKey, CandidateReason)> {
    let mut found = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = store
            .candidates(query, after.as_ref(), limit)
            .expect("reads");
        assert!(page.len() <= limit);
        let Some(last) = page.last() else {
            return found;
        };
        after = Some(last.cursor());
        found.extend(
            page.iter()
                .map(|candidate| (candidate.stored.pull_request.key(), candidate.reason)),
        );
    }
}

#[test]
fn candidates_are_what_has_no_current_analysis() {
    use CandidateReason::{Missing, Stale};
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let records = filled(&store);
    let stale = AnalysisRecord {
        prompt_version: "p0".into(),
        ..analysis(&records[1])
    };
    let by_rules = AnalysisRecord {
        origin: AnalysisOrigin::Rules,
        ..analysis(&records[2])
    };
    store
        .put_analyses(&[analysis(&records[0]), stale, by_rules])
        .expect("stores");
    let missing = CandidateQuery::missing(versions());
    let (one, two, zoo) = (records[1].key(), records[2].key(), records[3].key());
    let check = |query: CandidateQuery, expect: &[(&PrKey, CandidateReason)]| {
        for limit in [1, 2, 10] {
            for order in [CandidateOrder::ByKey, CandidateOrder::NewestFirst] {
                let query = CandidateQuery {
                    order,
                    ..query.clone()
                };
                let mut found = candidates(&store, &query, limit);
                found.sort_by(|left, right| left.0.cmp(&right.0));
                let found: Vec<(&PrKey, CandidateReason)> =
                    found.iter().map(|(key, why)| (key, *why)).collect();
                assert_eq!(found, expect, "{order:?} in pages of {limit}");
            }
        }
    };
    check(missing.clone(), &[(&zoo, Missing)]);
    check(
        CandidateQuery {
            satisfied_by: SatisfiedBy::ModelOnly,
            ..missing.clone()
        },
        &[(&two, Missing), (&zoo, Missing)],
    );
    check(
        CandidateQuery {
            freshness: Freshness::MissingOrStale,
            ..missing.clone()
        },
        &[(&one, Stale), (&zoo, Missing)],
    );
    check(
        CandidateQuery {
            freshness: Freshness::StaleOnly,
            ..missing.clone()
        },
        &[(&one, Stale)],
    );
    check(
        CandidateQuery {
            selection: Selection::team("acme"),
            ..missing
        },
        &[],
    );
}

#[test]
fn the_newest_come_first_and_the_undated_last() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let dated = |repo: &str, number: u64, second: Option<i64>| {
        let mut record = bare(repo, number);
        record.created_at = second.map(at);
        record
    };
    // Stored in an order that is neither that of the keys nor that of the times.
    let records = [
        dated("z/z", 1, Some(50)),
        dated("b/b", 2, None),
        dated("b/b", 1, Some(50)),
        dated("a/a", 3, Some(10)),
        dated("a/a", 9, None),
        dated("a/a", 10, Some(50)),
        dated("a/a", 2, Some(90)),
    ];
    store.upsert_pull_requests(&records).expect("stores");
    let expect: Vec<PrKey> = [
        ("a/a", 2),
        ("a/a", 10),
        ("b/b", 1),
        ("z/z", 1),
        ("a/a", 3),
        ("a/a", 9),
        ("b/b", 2),
    ]
    .map(|(repo, number)| key(repo, number))
    .to_vec();
    for limit in 1..=8 {
        let found = candidates(&store, &CandidateQuery::missing(versions()), limit);
        let found: Vec<PrKey> = found.into_iter().map(|(key, _)| key).collect();
        assert_eq!(found, expect, "in pages of {limit}");
    }
}

fn sums(coverage: &Coverage) -> (u64, u64, u64, u64, u64) {
    (
        coverage.total,
        coverage.analyzed,
        coverage.stale,
        coverage.waiting,
        coverage.empty_body,
    )
}

#[test]
fn coverage_adds_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let records = filled(&store);
    let mut empty = full("zoo/cage", 2);
    empty.body = Some(" \n".into());
    store
        .upsert_pull_requests(std::slice::from_ref(&empty))
        .expect("stores");
    let stale = AnalysisRecord {
        schema_version: "s0".into(),
        ..analysis(&records[1])
    };
    let second = AnalysisRecord {
        tier: 2,
        ..analysis(&records[3])
    };
    store
        .put_analyses(&[analysis(&records[0]), stale, second, analysis(&empty)])
        .expect("stores");
    let all = Selection::all();
    let coverage = store.coverage(&versions(), &all).expect("counts");
    assert_eq!(sums(&coverage), (5, 3, 1, 1, 1));
    assert_eq!(coverage.rates.of_all, Some(0.6));
    assert_eq!(coverage.rates.of_nonempty, Some(0.5));
    let teams: Vec<(&str, u64, u64)> = coverage
        .by_team
        .iter()
        .map(|team| (team.team.as_str(), team.total, team.analyzed))
        .collect();
    assert_eq!(teams, [("acme", 3, 1), ("zoo", 2, 2)]);
    let tiers: Vec<(u32, u64)> = coverage
        .by_tier
        .iter()
        .map(|tier| (tier.tier, tier.analyzed))
        .collect();
    assert_eq!(tiers, [(1, 2), (2, 1)]);

    // A change makes the analysis stale, and nothing else.
    let mut changed = records[0].clone();
    changed.title = "Another roof".into();
    store.upsert_pull_requests(&[changed]).expect("stores");
    let coverage = store.coverage(&versions(), &all).expect("counts");
    assert_eq!(sums(&coverage), (5, 2, 2, 1, 1));

    // Repositories can change the team.
    map(&store, vec![rule("keepers", By::Repository, "zoo/*")]);
    let keepers = store
        .coverage(&versions(), &Selection::team("keepers"))
        .expect("counts");
    assert_eq!(sums(&keepers), (2, 2, 0, 0, 1));
    let teams = store.teams().expect("reads");
    let teams: Vec<(&str, u64, u64)> = teams
        .iter()
        .map(|team| (team.team.as_str(), team.repositories, team.pull_requests))
        .collect();
    assert_eq!(teams, [("acme", 2, 3), ("keepers", 1, 2)]);
}

#[test]
fn adoption_counts_each_cell() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    filled(&store);
    let mut open_one = full("acme/stairs", 3);
    open_one.merged_at = None;
    open_one.created_at = Some(at(1_714_608_000));
    store.upsert_pull_requests(&[open_one]).expect("stores");
    let all = Selection::all();
    let waiting = store.undetected("c1", &all, None, 10).expect("reads");
    let mut writes: Vec<VerdictWrite> = waiting
        .iter()
        .take(4)
        .map(|stored| verdict_write(stored, Origin::Agent))
        .collect();
    writes[0].verdict.plain_bot = true;
    store.put_verdicts("c1", &writes).expect("stores");

    let adoption = store.adoption(Clock::Created, &all).expect("counts");
    let cell = |month: &str, plain_bot, count| AdoptionCell {
        team: "acme".into(),
        month: Some(month.into()),
        origin: Origin::Agent,
        ai_reviewed: true,
        plain_bot,
        count,
    };
    assert_eq!(
        adoption.cells,
        [
            cell("2023-11", false, 2),
            cell("2023-11", true, 1),
            cell("2024-05", false, 1)
        ]
    );
    assert_eq!(adoption.undetected, 1);
    let tools: Vec<(&str, ToolPlace, u64)> = adoption
        .tools
        .iter()
        .filter(|cell| cell.month.as_deref() == Some("2023-11"))
        .map(|cell| (cell.tool.as_str(), cell.place, cell.count))
        .collect();
    assert_eq!(
        tools,
        [
            ("bugbot", ToolPlace::Review, 2),
            ("claude_code", ToolPlace::Author, 2),
            ("coderabbit", ToolPlace::Review, 2)
        ]
    );
    let merged = store.adoption(Clock::Merged, &all).expect("counts");
    assert_eq!(
        merged.cells,
        [cell("2023-11", false, 2), cell("2023-11", true, 1)]
    );
}

#[test]
fn statistics_count_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let records = filled(&store);
    store
        .put_analyses(&[analysis(&records[0])])
        .expect("stores");
    let statistics = store.statistics().expect("counts");
    assert_eq!(
        (
            statistics.pull_requests,
            statistics.repositories,
            statistics.teams,
            statistics.verdicts,
            statistics.analyses
        ),
        (4, 3, 2, 0, 1)
    );
    assert_eq!(statistics.earliest, records[1].created_at);
    assert_eq!(statistics.latest, records[0].created_at);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// Answers collected in any order and any number of times leave the same row.
    #[test]
    fn the_order_of_answers_does_not_matter(
        answers in prop::collection::vec((0_i64..4, 1_u32..3, 1_u32..4), 1..8),
        order in any::<u64>(),
    ) {
        let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
        let stores = [open(folders[0].path()), open(folders[1].path())];
        let record = full("acme/stairs", 1);
        let answers: Vec<AnalysisRecord> = answers
            .into_iter()
            .map(|(microsecond, tier, attempt)| AnalysisRecord {
                answered_at: Timestamp::from_microsecond(microsecond).expect("a time"),
                tier,
                attempt,
                ..analysis(&record)
            })
            .collect();
        let mut shuffled = answers.clone();
        let turn = usize::try_from(order % answers.len() as u64).expect("small");
        shuffled.rotate_left(turn);
        shuffled.extend(answers.iter().rev().cloned());
        for (store, answers) in stores.iter().zip([&answers, &shuffled]) {
            store.upsert_pull_requests(std::slice::from_ref(&record)).expect("stores");
            store.put_analyses(answers).expect("stores");
        }
        let rows = stores.map(|store| store.analyses(&Selection::all(), None, 9).expect("reads"));
        prop_assert_eq!(&rows[0], &rows[1]);
        prop_assert_eq!(rows[0].len(), 1);
    }
}

#[test]
fn observations_come_back_as_they_were_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    filled(&store);
    let read = |selection: &Selection| {
        let mut observations = measures::Observations::default();
        let mut after = None;
        loop {
            after = store
                .observations(selection, after, 3, &mut observations)
                .expect("reads");
            if after.is_none() {
                return observations;
            }
        }
    };
    // Whole, too, by ranges of repositories side by side: names come in the same order.
    let whole = |selection: &Selection| {
        let (pages, whole) = (
            read(selection),
            store.all_observations(selection).expect("reads"),
        );
        let text = |all: &measures::Observations| {
            let dictionaries = [
                &all.teams,
                &all.repos,
                &all.people,
                &all.tools,
                &all.reviewer_sets,
                &all.languages,
            ];
            let names = dictionaries.map(|it| it.names().to_vec());
            format!("{names:?} {:?}", all.rows)
        };
        assert_eq!(text(&pages), text(&whole));
    };
    whole(&Selection::all());
    let before = read(&Selection::all());
    assert_eq!(before.rows.len(), 4);
    assert!(
        before
            .rows
            .iter()
            .all(|row| !row.measured && row.origin.is_none())
    );

    let waiting = store
        .undetected("c1", &Selection::all(), None, 10)
        .expect("reads");
    let writes: Vec<VerdictWrite> = waiting
        .iter()
        .map(|stored| verdict_write(stored, Origin::Assisted))
        .collect();
    store.put_verdicts("c1", &writes).expect("stores");
    whole(&Selection::all());
    let observations = read(&Selection::all());
    assert_eq!(observations.rows.len(), 4);
    for row in &observations.rows {
        let repo = observations.repos.name(row.repo).expect("a repository");
        let write = writes
            .iter()
            .find(|write| write.key == key(repo, u64::from(row.number)))
            .expect("was written");
        let measures = &write.measures;
        let seconds = |time: Option<Timestamp>| time.map(Timestamp::as_second);
        assert!(row.measured);
        assert_eq!(row.origin, Some(Origin::Assisted));
        assert_eq!(row.ready.seconds(), seconds(measures.timeline.ready_at));
        assert_eq!(
            row.human_review.seconds(),
            seconds(measures.reviews.human_at)
        );
        assert_eq!(
            row.approved.seconds(),
            seconds(measures.reviews.approved_at)
        );
        assert_eq!(row.size_lines().map(u64::from), measures.size_lines);
        assert_eq!(row.review_rounds(), measures.reviews.rounds);
        assert_eq!(row.change_type, measures.change_type);
        assert_eq!(
            observations.people.name(row.person),
            measures.person.as_deref()
        );
        let reviewers = measures.reviewers.join(",");
        assert_eq!(
            observations.reviewer_sets.name(row.reviewers),
            Some(reviewers.as_str()).filter(|it| !it.is_empty())
        );
        assert_eq!(
            observations.tools.name(row.author_tools),
            Some("claude_code")
        );
        assert_eq!(
            observations.tools.name(row.review_tools),
            Some("bugbot,coderabbit")
        );
        for clock in [measures::Clock::Cycle, measures::Clock::Pickup] {
            let calendar = measures::Calendar::Always;
            assert_eq!(
                row.clock(clock, &calendar),
                measures.clock(clock, &calendar)
            );
        }
    }
    assert!(
        writes
            .iter()
            .any(|write| !write.measures.reviewers.is_empty()),
        "somebody reviewed"
    );
    let of_zoo = read(&Selection::team("zoo"));
    assert_eq!(of_zoo.rows.len(), 1);
    assert_eq!(of_zoo.teams.name(of_zoo.rows[0].team), Some("zoo"));
}
