//! Search held against a plain filter, its plans, and what it costs when nothing is refreshed.

use jiff::Timestamp;
use measures::{Calendar, Clock, Measures, SizeBucket};
use model::{Confidence, Evidence, Origin, PrKey, PullRequest, Role, Signal, Verdict};
use proptest::prelude::*;
use serde_json::json;
use teams::{By, TeamMapping, TeamRule};

use crate::adoption::ToolPlace;
use crate::facts::Outcome;
use crate::open::OpenOptions;
use crate::search::{
    Direction, PullRequestQuery, PullRequestRow, SearchCursor, Sort, SortBy, TimeSpan,
};
use crate::sqlite::SqliteStore;
use crate::{Store, StoreError, VerdictWrite};

const DAY: i64 = 86_400;
const START: i64 = 1_750_000_000;
const REPOS: [&str; 3] = ["acme/roof", "acme/stairs", "zoo/cage"];
const AUTHORS: [&str; 3] = ["ada", "grace", "linus"];
const TITLES: [&str; 5] = [
    "Fix the queue",
    "Add queues for late orders",
    "fix(queue): Größe ändern",
    "=cmd()",
    "",
];
const TOOLS: [&str; 3] = ["claude_code", "code", "cursor"];

/// A pull request that is made up from small numbers.
#[derive(Debug, Clone)]
struct Made {
    repo: usize,
    author: Option<usize>,
    title: usize,
    opened_day: Option<i64>,
    merged_after: Option<i64>,
    is_closed: bool,
    reviewed_after: Option<i64>,
    lines: Option<u64>,
    verdict: Option<MadeVerdict>,
}

#[derive(Debug, Clone)]
struct MadeVerdict {
    origin: Origin,
    author_tools: Vec<usize>,
    review_tools: Vec<usize>,
    signals: Vec<Signal>,
    plain_bot: bool,
    confidence: f64,
}

fn made() -> impl Strategy<Value = Made> {
    let verdict = (
        prop::sample::select(vec![
            Origin::Agent,
            Origin::Assisted,
            Origin::NoneDetected,
            Origin::Unknown,
        ]),
        prop::sample::subsequence(vec![0, 1, 2], 0..=2),
        prop::sample::subsequence(vec![0, 1, 2], 0..=1),
        prop::sample::subsequence(vec![Signal::Author, Signal::Trailer, Signal::Event], 0..=2),
        any::<bool>(),
        prop::sample::select(vec![0.0, 0.29, 0.6, 0.99, 1.0]),
    )
        .prop_map(
            |(origin, author_tools, review_tools, signals, plain_bot, confidence)| MadeVerdict {
                origin,
                author_tools,
                review_tools,
                signals,
                plain_bot,
                confidence,
            },
        );
    (
        0..REPOS.len(),
        prop::option::of(0..AUTHORS.len()),
        0..TITLES.len(),
        prop::option::weighted(0.9, 0..40_i64),
        prop::option::of(-1..4_i64),
        any::<bool>(),
        prop::option::of(0..5_i64),
        prop::option::of(prop::sample::select(vec![
            0, 9, 10, 29, 30, 150, 700, 5_000,
        ])),
        prop::option::weighted(0.8, verdict),
    )
        .prop_map(
            |(
                repo,
                author,
                title,
                opened_day,
                merged_after,
                is_closed,
                reviewed_after,
                lines,
                verdict,
            )| Made {
                repo,
                author,
                title,
                opened_day,
                merged_after,
                is_closed,
                reviewed_after,
                lines,
                verdict,
            },
        )
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

impl Made {
    fn record(&self, number: usize) -> PullRequest {
        let opened = START + self.opened_day.unwrap_or(0) * DAY;
        let merged = self.merged_after.map(|days| at(opened + days * DAY));
        let closed = if self.is_closed {
            Some(at(opened + 2 * DAY))
        } else {
            None
        };
        let reviews = self.reviewed_after.map(|days| {
            json!([{"author": "reviewer", "state": "APPROVED",
                "submitted_at": at(opened + days * DAY)}])
        });
        serde_json::from_value(json!({
            "repo": REPOS[self.repo],
            "number": number,
            "title": TITLES[self.title],
            "author": self.author.map(|author| json!({"login": AUTHORS[author]})),
            "state": if self.is_closed || merged.is_some() { "closed" } else { "open" },
            "created_at": self.opened_day.map(|_| at(opened)),
            "merged_at": merged,
            "closed_at": merged.or(closed),
            "additions": self.lines,
            "deletions": self.lines.map(|_| 0),
            "commits": [],
            "reviews": reviews,
            "comments": [],
            "events": [],
        }))
        .expect("a record")
    }

    fn write(&self, number: usize) -> Option<VerdictWrite> {
        let record = self.record(number);
        let made = self.verdict.as_ref()?;
        let slugs = |tools: &[usize]| tools.iter().map(|tool| TOOLS[*tool].to_owned()).collect();
        Some(VerdictWrite {
            key: record.key(),
            content_hash: record.content_hash(),
            measures: measures::measure(&record, &|_| false),
            verdict: Verdict {
                origin: made.origin,
                ai_authored: None,
                ai_reviewed: !made.review_tools.is_empty(),
                author_tools: slugs(&made.author_tools),
                review_tools: slugs(&made.review_tools),
                plain_bot: made.plain_bot,
                confidence: made.confidence,
                evidence: made
                    .signals
                    .iter()
                    .map(|signal| evidence(*signal))
                    .collect(),
                notes: Vec::new(),
            },
        })
    }

    fn measures(&self, number: usize) -> Option<Measures> {
        self.write(number).map(|write| write.measures)
    }

    fn outcome(&self) -> Outcome {
        match (self.merged_after, self.is_closed) {
            (Some(_), _) => Outcome::Merged,
            (None, true) => Outcome::Closed,
            (None, false) => Outcome::Open,
        }
    }

    /// Whether the query finds it, told without any column.
    fn passes(&self, number: usize, query: &PullRequestQuery) -> bool {
        let record = self.record(number);
        let measures = self.measures(number);
        let verdict = self.verdict.as_ref();
        let is_in = |span: &TimeSpan, at: Option<Timestamp>| {
            span.is_unbounded()
                || at.is_some_and(|at| {
                    span.from.is_none_or(|from| from <= at)
                        && span.before.is_none_or(|before| at < before)
                })
        };
        let team = record.owner().to_owned();
        let has_tool = |tool: &str| {
            let has = |place: ToolPlace, tools: &[usize]| {
                query.tool_place.is_none_or(|wanted| wanted == place)
                    && tools.iter().any(|known| TOOLS[*known] == tool)
            };
            verdict.is_some_and(|verdict| {
                has(ToolPlace::Author, &verdict.author_tools)
                    || has(ToolPlace::Review, &verdict.review_tools)
            })
        };
        let title = TITLES[self.title].to_lowercase();
        let has_words = |text: &str| {
            let words: Vec<&str> = title
                .split(|character: char| !character.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .collect();
            let mut wanted = text.split_whitespace().peekable();
            wanted.peek().is_some()
                && wanted.all(|wanted| words.iter().any(|word| word.starts_with(wanted)))
        };
        query.team.as_ref().is_none_or(|wanted| *wanted == team)
            && query.repo.as_ref().is_none_or(|repo| *repo == record.repo)
            && query
                .author
                .as_ref()
                .is_none_or(|author| self.author.is_some_and(|known| AUTHORS[known] == author))
            && is_in(&query.opened, record.created_at)
            && is_in(&query.merged, record.merged_at)
            && (query.origins.is_empty()
                || verdict.is_some_and(|verdict| query.origins.contains(&verdict.origin)))
            && query.ai_reviewed.is_none_or(|wanted| {
                verdict.is_some_and(|verdict| verdict.review_tools.is_empty() != wanted)
            })
            && query
                .plain_bot
                .is_none_or(|wanted| verdict.is_some_and(|verdict| verdict.plain_bot == wanted))
            && query.tool.as_ref().is_none_or(|tool| has_tool(tool))
            && (query.sizes.is_empty()
                || measures
                    .as_ref()
                    .and_then(|all| all.size_lines)
                    .is_some_and(|lines| query.sizes.contains(&SizeBucket::of(lines))))
            && (query.outcomes.is_empty() || query.outcomes.contains(&self.outcome()))
            && query.signal.is_none_or(|signal| {
                verdict.is_some_and(|verdict| verdict.signals.contains(&signal))
            })
            && query.title.as_ref().is_none_or(|text| has_words(text))
            && query.merged_without_human_review.is_none_or(|wanted| {
                measures
                    .as_ref()
                    .and_then(Measures::merged_without_human_review)
                    == Some(wanted)
            })
            && query.confidence_percent.as_ref().is_none_or(|range| {
                verdict.is_some_and(|verdict| range.contains(&((verdict.confidence * 100.0) as u8)))
            })
    }

    fn sort_value(&self, number: usize, by: SortBy) -> Option<i64> {
        let record = self.record(number);
        let measures = self.measures(number);
        let clock = |clock| measures.as_ref()?.clock(clock, &Calendar::Always);
        match by {
            SortBy::Opened => record.created_at.map(Timestamp::as_second),
            SortBy::Merged => record.merged_at.map(Timestamp::as_second),
            SortBy::Size => measures
                .as_ref()?
                .size_lines
                .map(|lines| i64::try_from(lines).expect("small")),
            SortBy::Cycle => clock(Clock::Cycle),
            SortBy::Pickup => clock(Clock::Pickup),
        }
    }
}

fn evidence(signal: Signal) -> Evidence {
    Evidence {
        tool: "cursor".into(),
        role: Role::Authored,
        signal,
        field: "title".into(),
        quote: "x".into(),
        rule: "made-up".into(),
        confidence: Confidence::High,
        offset_bytes: 0,
    }
}

fn query() -> impl Strategy<Value = PullRequestQuery> {
    let text = |values: &'static [&'static str]| {
        prop::option::weighted(0.2, prop::sample::select(values).prop_map(str::to_owned))
    };
    let span = (prop::option::of(0..40_i64), prop::option::of(0..44_i64)).prop_map(|(from, to)| {
        let moment = |day: i64| at(START + day * DAY);
        TimeSpan {
            from: from.map(moment),
            before: to.map(moment),
        }
    });
    let span = || prop_oneof![4 => Just(TimeSpan::default()), 1 => span.clone()];
    let who = (
        text(&["acme", "zoo", "nobody"]),
        text(&["acme/roof", "zoo/cage", "no/thing"]),
        text(&["ada", "linus", "nobody"]),
        text(&["fix", "queue ord", "größe", "que fix", "zebra", "= +"]),
        text(&["claude_code", "code", "cursor", "nothing"]),
    );
    let what = (
        prop_oneof![3 => Just(vec![]), 1 => prop::sample::subsequence(
            vec![Origin::Agent, Origin::NoneDetected, Origin::Unknown], 1..=2)],
        prop_oneof![3 => Just(vec![]), 1 => prop::sample::subsequence(
            vec![SizeBucket::Xs, SizeBucket::M, SizeBucket::Xxl], 1..=2)],
        prop_oneof![3 => Just(vec![]), 1 => prop::sample::subsequence(
            vec![Outcome::Open, Outcome::Closed, Outcome::Merged], 1..=2)],
        prop::option::weighted(
            0.2,
            prop::sample::select(vec![Signal::Author, Signal::Event]),
        ),
        prop::option::weighted(
            0.3,
            prop::sample::select(vec![ToolPlace::Author, ToolPlace::Review]),
        ),
        prop::option::weighted(
            0.2,
            (0..100_u8, 0..=100_u8).prop_map(|(low, high)| low..=high),
        ),
    );
    let flags = prop::array::uniform3(prop::option::weighted(0.2, any::<bool>()));
    let sort = (
        prop::sample::select(vec![
            SortBy::Opened,
            SortBy::Merged,
            SortBy::Size,
            SortBy::Cycle,
            SortBy::Pickup,
        ]),
        prop::sample::select(vec![Direction::Ascending, Direction::Descending]),
    );
    (who, what, flags, span(), span(), sort).prop_map(
        |(who, what, flags, opened, merged, (by, direction))| PullRequestQuery {
            team: who.0,
            repo: who.1,
            author: who.2,
            title: who.3,
            tool: who.4,
            opened,
            merged,
            origins: what.0,
            sizes: what.1,
            outcomes: what.2,
            signal: what.3,
            tool_place: what.4,
            confidence_percent: what.5,
            ai_reviewed: flags[0],
            plain_bot: flags[1],
            merged_without_human_review: flags[2],
            corrected: None,
            sort: Sort { by, direction },
        },
    )
}

/// The keys that a query finds, by a plain filter and a plain sort; equal ones as they came, or the
/// other way round.
fn expected(all: &[Made], query: &PullRequestQuery) -> Vec<PrKey> {
    let mut found: Vec<(usize, &Made)> = (1..)
        .zip(all)
        .filter(|(number, made)| made.passes(*number, query))
        .collect();
    let value = |(number, made): &(usize, &Made)| made.sort_value(*number, query.sort.by);
    let key = |one: &(usize, &Made)| {
        let turn = |number: i64| match query.sort.direction {
            Direction::Ascending => number,
            Direction::Descending => -number,
        };
        let number = i64::try_from(one.0).expect("small");
        value(one).map_or((1, 0, turn(number)), |value| (0, turn(value), turn(number)))
    };
    found.sort_by_key(key);
    found
        .into_iter()
        .map(|(number, made)| made.record(number).key())
        .collect()
}

fn found(store: &SqliteStore, query: &PullRequestQuery, limit: usize) -> Vec<PullRequestRow> {
    let mut rows = Vec::new();
    let mut after: Option<SearchCursor> = None;
    loop {
        let page = store
            .search(query, after.as_ref(), limit)
            .expect("searches");
        assert!(page.rows.len() <= limit);
        rows.extend(page.rows);
        // As an address would carry it.
        after = page
            .next
            .map(|next| next.to_string().parse().expect("a cursor"));
        if after.is_none() {
            return rows;
        }
    }
}

struct World {
    _folder: tempfile::TempDir,
    store: SqliteStore,
    all: Vec<Made>,
}

impl World {
    fn new(all: Vec<Made>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tandem.db");
        let store = SqliteStore::open(&path, &OpenOptions::write("test")).expect("opens");
        let world = World {
            _folder: folder,
            store,
            all,
        };
        world.put(0..world.all.len());
        world
    }

    fn put(&self, places: std::ops::Range<usize>) {
        let numbered = || places.clone().map(|place| (place + 1, &self.all[place]));
        let records: Vec<PullRequest> = numbered()
            .map(|(number, made)| made.record(number))
            .collect();
        self.store.upsert_pull_requests(&records).expect("stores");
        let writes: Vec<VerdictWrite> = numbered()
            .filter_map(|(number, made)| made.write(number))
            .collect();
        self.store.put_verdicts("c1", &writes).expect("stores");
    }

    fn check(&self, query: &PullRequestQuery, limit: usize) {
        let rows = found(&self.store, query, limit);
        let keys: Vec<PrKey> = rows.iter().map(|row| row.key.clone()).collect();
        assert_eq!(keys, expected(&self.all, query), "{query:?}");
        let count = self.store.count_found(query).expect("counts");
        assert_eq!(count, keys.len() as u64, "{query:?}");
        for row in &rows {
            self.check_row(row);
        }
    }

    /// A row says what other readers of the store say.
    fn check_row(&self, row: &PullRequestRow) {
        let number = usize::try_from(row.key.number).expect("small");
        let made = &self.all[number - 1];
        let signed = |value: Option<u64>| value.map(|value| i64::try_from(value).expect("small"));
        assert_eq!(row.title, TITLES[made.title]);
        assert_eq!(row.outcome, made.outcome());
        assert_eq!(row.opened_at, made.record(number).created_at);
        assert_eq!(
            signed(row.cycle_seconds),
            made.sort_value(number, SortBy::Cycle)
        );
        assert_eq!(
            signed(row.pickup_seconds),
            made.sort_value(number, SortBy::Pickup)
        );
        assert_eq!(
            signed(row.size_lines),
            made.sort_value(number, SortBy::Size)
        );
        let verdict = self.store.verdict(&row.key).expect("reads");
        assert_eq!(row.verdict.is_some(), verdict.is_some());
        if let Some(record) = verdict {
            assert_eq!(row.author_tools, record.verdict.author_tools);
            assert_eq!(row.review_tools, record.verdict.review_tools);
            assert_eq!(row.team, record.team);
            let kinds = record.verdict.evidence.iter().map(|hit| hit.signal);
            assert_eq!(row.signals, kinds.collect::<Vec<_>>());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever is asked for, before a refresh, after it, and with some changed since.
    #[test]
    fn a_search_finds_what_a_plain_filter_does(
        all in prop::collection::vec(made(), 1..40),
        changed in prop::collection::vec(made(), 0..6),
        queries in prop::collection::vec((query(), 1..9_usize), 12),
    ) {
        let mut world = World::new(all);
        world.check(&queries[0].0, queries[0].1);
        let total = world.all.len() as u64;
        prop_assert_eq!(world.store.refresh_search().expect("writes"), total);
        prop_assert_eq!(world.store.refresh_search().expect("nothing to write"), 0);
        for (query, limit) in &queries[1..6] {
            world.check(query, *limit);
        }
        // A later record of the same key; the store keeps what was known and is not now, an
        // empty title too, so only what is known everywhere changes.
        let many = changed.len().min(world.all.len());
        for (place, new) in changed.into_iter().take(many).enumerate() {
            let old = &mut world.all[place];
            if !TITLES[new.title].is_empty() {
                old.title = new.title;
            }
            old.verdict = old.verdict.as_ref().and(new.verdict).or(old.verdict.take());
        }
        world.put(0..many);
        for (query, limit) in &queries[6..] {
            world.check(query, *limit);
        }
        world.store.refresh_search().expect("writes");
        for (query, limit) in &queries {
            world.check(query, *limit);
        }
    }
}

fn simple(number: i64) -> Made {
    Made {
        repo: 0,
        author: Some(0),
        title: 0,
        opened_day: Some(number),
        merged_after: None,
        is_closed: false,
        reviewed_after: None,
        lines: None,
        verdict: None,
    }
}

#[test]
fn a_cursor_of_another_query_is_refused() {
    let world = World::new((0..5).map(simple).collect());
    let query = PullRequestQuery::default();
    let page = world.store.search(&query, None, 2).expect("searches");
    let next = page.next.expect("there is more");
    let other = PullRequestQuery {
        team: Some("acme".into()),
        ..query.clone()
    };
    let error = world.store.search(&other, Some(&next), 2);
    assert!(
        matches!(error, Err(StoreError::Invalid { .. })),
        "{error:?}"
    );
    let page = world
        .store
        .search(&query, Some(&next), 99)
        .expect("searches");
    assert_eq!((page.rows.len(), page.next), (3, None));
    let none = world.store.search(&query, None, 0).expect("searches");
    assert_eq!((none.rows.len(), none.next), (0, None));
}

#[test]
fn a_long_title_is_found_by_its_beginning_and_shown_in_part() {
    let world = World::new(vec![simple(1)]);
    let mut record = world.all[0].record(1);
    record.title = format!(
        "<script>alert('x')</script> {}zebra",
        "long ".repeat(200_000)
    );
    world.store.upsert_pull_requests(&[record]).expect("stores");
    let with_title = |text: &str| PullRequestQuery {
        title: Some(text.into()),
        ..PullRequestQuery::default()
    };
    let rows = found(&world.store, &with_title("alert long script"), 5);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].title.chars().count(), 500);
    for text in [
        "zebra", "queue", "\"", "NEAR(", "AND", "*", "alert OR", "-long",
    ] {
        let expected = usize::from(text == "-long");
        let rows = found(&world.store, &with_title(text), 5);
        assert_eq!(rows.len(), expected, "{text}");
    }
}

#[test]
fn changes_are_counted_when_something_changes() {
    let world = World::new(vec![simple(1)]);
    let store = &world.store;
    let before = store.changes().expect("counts");
    let record = world.all[0].record(1);
    store.upsert_pull_requests(&[record]).expect("stores");
    store
        .search(&PullRequestQuery::default(), None, 9)
        .expect("searches");
    store.refresh_search().expect("writes");
    assert_eq!(store.changes().expect("counts"), before);
    let rule = TeamRule {
        team: "builders".into(),
        by: By::Repository,
        pattern: "acme/roof".into(),
        from: None,
        to: None,
    };
    let mapping = TeamMapping::new(vec![rule]).expect("a mapping");
    store.set_team_mapping(&mapping).expect("stores");
    assert!(store.changes().expect("counts") > before);
    while !store.map_teams(9).expect("maps").is_last {}
    // Who moved to another team is found there, before and after a refresh.
    let builders = PullRequestQuery {
        team: Some("builders".into()),
        ..PullRequestQuery::default()
    };
    for _ in 0..2 {
        assert_eq!(store.count_found(&builders).expect("counts"), 1);
        assert_eq!(found(store, &builders, 9)[0].team, "builders");
        store.refresh_search().expect("writes");
    }
}

/// One repository takes over another that has one of its pull requests too.
#[test]
fn what_another_repository_takes_over_is_found_there_and_once() {
    let world = World::new(vec![simple(1), simple(2)]);
    let store = &world.store;
    let mut other = world.all[0].record(1);
    other.repo = "acme/attic".into();
    other.title = "Build a hatch".into();
    store.upsert_pull_requests(&[other]).expect("stores");
    store.refresh_search().expect("writes");
    let id = |repo: &str| -> i64 {
        let find = |transaction: &rusqlite::Transaction<'_>| {
            let sql = "SELECT id FROM repo WHERE name = ?1";
            Ok(transaction.query_row(sql, [repo], |row| row.get(0))?)
        };
        store.read("test", find).expect("reads")
    };
    let (from, taker) = (id("acme/roof"), id("acme/attic"));
    store
        .write("test", |transaction| {
            crate::sqlite::take_over::take_over(transaction, from, taker)
        })
        .expect("takes over");
    let of_repo = |repo: &str| PullRequestQuery {
        repo: Some(repo.into()),
        ..PullRequestQuery::default()
    };
    for _ in 0..2 {
        assert_eq!(found(store, &of_repo("acme/attic"), 1).len(), 2);
        assert_eq!(found(store, &of_repo("acme/roof"), 1), []);
        let all = PullRequestQuery::default();
        assert_eq!(store.count_found(&all).expect("counts"), 2);
        store.refresh_search().expect("writes");
    }
    store.check_integrity().expect("sound");
}

/// Walks along keys only: nothing is sorted, and no table is scanned but the narrow one of what changed.
#[test]
fn no_statement_sorts_or_scans() {
    let world = World::new(vec![simple(1)]);
    let statements = [
        super::rows::sql(),
        super::refresh::pending_sql(),
        "SELECT data FROM search_column WHERE id = ?1".to_owned(),
        "SELECT id, low, high FROM search_column WHERE id BETWEEN ?1 AND ?2 ORDER BY id".to_owned(),
        "SELECT id FROM search_pending WHERE id BETWEEN ?1 AND ?2 ORDER BY id".to_owned(),
        "SELECT min(id) FROM search_pending WHERE id > ?1".to_owned(),
    ];
    for sql in statements {
        let plan: Vec<String> = world
            .store
            .read("test", |transaction| {
                let mut prepared = transaction.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let width = prepared.parameter_count();
                let rows = prepared.query_map(
                    rusqlite::params_from_iter(std::iter::repeat_n(1_i64, width)),
                    |row| row.get::<_, String>(3),
                )?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .expect("explains");
        assert!(!plan.is_empty());
        for step in &plan {
            assert!(step.starts_with("SEARCH "), "{sql}\n{plan:#?}");
        }
    }
}
