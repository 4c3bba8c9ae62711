//! Observations: the narrow rows, packed for statistics.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use measures::{Code, Dictionary, Measures, Moment, Observation, Observations};
use rusqlite::{Row, Transaction, named_params, params};

use super::SqliteStore;
use super::codes::{self, count, seconds};
use super::fault::Fault;
use super::words::{Ids, Texts};
use crate::error::StoreError;
use crate::facts::Outcome;
use crate::observations::ObservationCursor;
use crate::selection::Selection;

const FLAG_REVERT: i64 = 1;
const FLAG_OPENED_AS_DRAFT: i64 = 1 << 1;
const FLAG_SELF_MERGED: i64 = 1 << 2;
const FLAG_AUTO_MERGED: i64 = 1 << 3;

/// A walk along the primary key: no repository name is looked at, and nothing is sorted.
const PAGE: &str = "SELECT repo_id, number, outcome, created_at, closed_at, merged_at, origin, \
     ai_reviewed, plain_bot, confidence, measures_version, measure_flags, person_id, \
     author_tools_id, review_tools_id, ready_at, first_commit_at, human_review_at, \
     human_review_from_open_at, anyone_review_at, bot_review_at, approved_at, draft_seconds, \
     size_lines, measured_files, human_reviews, review_rounds, change_type, title_code, \
     reverts_number, reverts_title, team_id, reviewers_id, language_id \
     FROM pr WHERE (repo_id, number) > (:repo_id, :number) AND repo_id <= :last_repo_id \
     ORDER BY repo_id, number LIMIT :limit";

/// How many ranges of repositories each thread reads, about: enough that none waits long for the others.
const RANGES_FOR_A_THREAD: usize = 4;

/// Threads that read; SQLite gains little from more.
const MOST_THREADS: usize = 4;

/// Adds a page of observations to those given; returns where to go on, `None` at the end.
pub(super) fn page(
    transaction: &Transaction<'_>,
    selection: &Selection,
    after: Option<ObservationCursor>,
    limit: usize,
    into: &mut Observations,
) -> Result<Option<ObservationCursor>, Fault> {
    let start = after.unwrap_or(ObservationCursor {
        repo_id: i64::MIN,
        number: i64::MIN,
    });
    walk(
        transaction,
        selection,
        start,
        i64::MAX,
        count(limit as u64),
        into,
    )
}

/// Adds the pull requests after `start`, up to the end of a repository; at most `limit`, all where it is
/// negative. Returns the last one looked at.
fn walk(
    transaction: &Transaction<'_>,
    selection: &Selection,
    start: ObservationCursor,
    last_repo_id: i64,
    limit: i64,
    into: &mut Observations,
) -> Result<Option<ObservationCursor>, Fault> {
    let selected = Selected::of(transaction, selection, into)?;
    let mut names = Names {
        texts: Texts::new(transaction),
        people: ById::default(),
        tools: ById::default(),
        reviewer_sets: ById::default(),
        languages: ById::default(),
    };
    let mut last = None;
    let mut prepared = transaction.prepare_cached(PAGE)?;
    let mut rows = prepared.query(named_params! {
        ":repo_id": start.repo_id,
        ":number": start.number,
        ":last_repo_id": last_repo_id,
        ":limit": limit,
    })?;
    while let Some(row) = rows.next()? {
        let at = ObservationCursor {
            repo_id: row.get(0)?,
            number: row.get(1)?,
        };
        last = Some(at);
        let team_id: i64 = row.get(31)?;
        let (Some(repo), Some(team)) = (
            selected.repos.get(&at.repo_id),
            selected.teams.get(&team_id),
        ) else {
            continue;
        };
        let observation = read(row, *repo, *team, &mut names, into)?;
        into.rows.push(observation);
    }
    Ok(last)
}

/// Reads all observations of a selection: ranges of repositories side by side, each on a connection of its
/// own, put together in their order.
pub(super) fn all(store: &SqliteStore, selection: &Selection) -> Result<Observations, StoreError> {
    const DOING: &str = "read observations";
    let repo_ids = store.read(DOING, |transaction| {
        let mut prepared = transaction
            .prepare_cached("SELECT id FROM repo WHERE ?1 IS NULL OR name = ?1 ORDER BY id")?;
        let ids = prepared.query_map([&selection.repo], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<Vec<i64>>>()?)
    })?;
    let threads = thread::available_parallelism().map_or(1, |it| it.get().min(MOST_THREADS));
    let in_range = repo_ids
        .len()
        .div_ceil(threads * RANGES_FOR_A_THREAD)
        .max(1);
    let ranges: Vec<&[i64]> = repo_ids.chunks(in_range).collect();
    let next = AtomicUsize::new(0);
    let read_ranges = || -> Result<Vec<(usize, Observations)>, StoreError> {
        let mut read = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some([first, .., last] | [first @ last]) = ranges.get(place) else {
                return Ok(read);
            };
            let start = ObservationCursor {
                repo_id: *first,
                number: i64::MIN,
            };
            let mut of_range = Observations::default();
            store.read(DOING, |transaction| {
                walk(transaction, selection, start, *last, -1, &mut of_range)
            })?;
            read.push((place, of_range));
        }
    };
    let read = thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads.min(ranges.len()))
            .map(|_| scope.spawn(read_ranges))
            .collect();
        let mut read = read_ranges()?;
        for helper in helpers {
            match helper.join() {
                Ok(more) => read.extend(more?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok::<_, StoreError>(read)
    });
    let mut read = read?;
    read.sort_unstable_by_key(|(place, _)| *place);
    let mut observations = Observations::default();
    let rows = read.iter().map(|(_, of_range)| of_range.rows.len()).sum();
    observations.rows.reserve_exact(rows);
    for (_, of_range) in read {
        observations.append(of_range);
    }
    Ok(observations)
}

/// The codes of the repositories and teams of a selection, by their ids.
struct Selected {
    repos: ById,
    teams: ById,
}

/// Codes by ids, which are small numbers that nobody chose: they need no hash that withstands an attack.
type ById = HashMap<i64, Code, BuildHasherDefault<IdHasher>>;

/// Spreads an id over 64 bits by multiplying with an odd number.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_i64(i64::from(*byte));
        }
    }

    fn write_i64(&mut self, id: i64) {
        self.0 = (self.0 ^ id as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl Selected {
    fn of(
        transaction: &Transaction<'_>,
        selection: &Selection,
        into: &mut Observations,
    ) -> Result<Self, Fault> {
        Ok(Self {
            repos: codes_of(
                transaction,
                "SELECT id, name FROM repo WHERE ?1 IS NULL OR name = ?1",
                selection.repo.as_deref(),
                &mut into.repos,
            )?,
            teams: codes_of(
                transaction,
                "SELECT id, name FROM team WHERE (?1 IS NULL OR name = ?1) \
                 AND EXISTS (SELECT 1 FROM pr WHERE pr.team_id = team.id)",
                selection.team.as_deref(),
                &mut into.teams,
            )?,
        })
    }
}

fn codes_of(
    transaction: &Transaction<'_>,
    sql: &str,
    only: Option<&str>,
    into: &mut Dictionary,
) -> Result<ById, Fault> {
    let mut prepared = transaction.prepare_cached(sql)?;
    let mut rows = prepared.query([only])?;
    let mut codes = ById::default();
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        codes.insert(row.get(0)?, into.code(&name));
    }
    Ok(codes)
}

/// From the store's ids of words to codes, each looked up once a page.
struct Names<'t> {
    texts: Texts<'t>,
    people: ById,
    tools: ById,
    reviewer_sets: ById,
    languages: ById,
}

impl Names<'_> {
    fn person(&mut self, id: Option<i64>, into: &mut Dictionary) -> Result<Code, Fault> {
        code_of(id, &mut self.people, &mut self.texts, into)
    }

    fn tool(&mut self, id: Option<i64>, into: &mut Dictionary) -> Result<Code, Fault> {
        code_of(id, &mut self.tools, &mut self.texts, into)
    }

    fn reviewer_set(&mut self, id: Option<i64>, into: &mut Dictionary) -> Result<Code, Fault> {
        code_of(id, &mut self.reviewer_sets, &mut self.texts, into)
    }

    fn language(&mut self, id: Option<i64>, into: &mut Dictionary) -> Result<Code, Fault> {
        code_of(id, &mut self.languages, &mut self.texts, into)
    }
}

fn code_of(
    id: Option<i64>,
    known: &mut ById,
    texts: &mut Texts<'_>,
    into: &mut Dictionary,
) -> Result<Code, Fault> {
    let Some(id) = id else {
        return Ok(Code::NONE);
    };
    if let Some(code) = known.get(&id) {
        return Ok(*code);
    }
    let code = texts
        .get(Some(id))?
        .map_or(Code::NONE, |text| into.code(&text));
    known.insert(id, code);
    Ok(code)
}

fn read(
    row: &Row<'_>,
    repo: Code,
    team: Code,
    names: &mut Names<'_>,
    into: &mut Observations,
) -> Result<Observation, Fault> {
    let moment = |column: usize| -> Result<Moment, Fault> { Ok(Moment::new(row.get(column)?)) };
    let small = |column: usize| -> Result<u32, Fault> {
        let value: Option<i64> = row.get(column)?;
        // What does not fit is the largest number that does; the one above it means "not known".
        Ok(value.map_or(u32::MAX, |value| {
            u32::try_from(value.max(0)).map_or(u32::MAX - 1, |value| value.min(u32::MAX - 1))
        }))
    };
    let flags: i64 = row.get::<_, Option<i64>>(11)?.unwrap_or(0);
    let closed: Option<i64> = row.get(4)?;
    let is_closed = codes::outcome(row.get(2)?)? == Outcome::Closed;
    let code_or_none = |column: usize| -> Result<u32, Fault> {
        let value: Option<i64> = row.get(column)?;
        Ok(value
            .and_then(|value| u32::try_from(value).ok())
            .unwrap_or(0))
    };
    Ok(Observation {
        team,
        repo,
        person: names.person(row.get(12)?, &mut into.people)?,
        author_tools: names.tool(row.get(13)?, &mut into.tools)?,
        review_tools: names.tool(row.get(14)?, &mut into.tools)?,
        reviewers: names.reviewer_set(row.get(32)?, &mut into.reviewer_sets)?,
        language: names.language(row.get(33)?, &mut into.languages)?,
        number: u32::try_from(row.get::<_, i64>(1)?).unwrap_or(u32::MAX),
        opened: moment(3)?,
        ready: moment(15)?,
        first_commit: moment(16)?,
        human_review: moment(17)?,
        human_review_from_open: moment(18)?,
        anyone_review: moment(19)?,
        bot_review: moment(20)?,
        approved: moment(21)?,
        merged: moment(5)?,
        closed: Moment::new(closed.filter(|_| is_closed)),
        reverted: Moment::default(),
        draft_seconds: small(22)?,
        size_lines: small(23)?,
        changed_files: small(24)?,
        human_reviews: small(25)?,
        review_rounds: small(26)?,
        title_code: code_or_none(28)?,
        reverts_number: code_or_none(29)?,
        reverts_title: code_or_none(30)?,
        confidence_percent: row
            .get::<_, Option<f64>>(9)?
            .map_or(0, |confidence| (confidence * 100.0).clamp(0.0, 100.0) as u8),
        origin: row
            .get::<_, Option<i64>>(6)?
            .map(codes::origin)
            .transpose()?,
        change_type: row
            .get::<_, Option<i64>>(27)?
            .map(codes::change_type)
            .transpose()?,
        ai_reviewed: row.get::<_, Option<bool>>(7)?.unwrap_or(false),
        plain_bot: row.get::<_, Option<bool>>(8)?.unwrap_or(false),
        is_revert: flags & FLAG_REVERT != 0,
        opened_as_draft: flags & FLAG_OPENED_AS_DRAFT != 0,
        self_merged: flags & FLAG_SELF_MERGED != 0,
        auto_merged: flags & FLAG_AUTO_MERGED != 0,
        measured: row.get::<_, Option<i64>>(10)?.is_some(),
    })
}

/// Writes measures into the row of a pull request that is known to be there.
pub(super) fn put_measures(
    transaction: &Transaction<'_>,
    ids: &mut Ids<'_>,
    repo_id: i64,
    number: i64,
    measures: &Measures,
) -> Result<(), Fault> {
    let person_id = measures
        .person
        .as_deref()
        .map(|person| ids.word(person))
        .transpose()?;
    let reviewers_id = if measures.reviewers.is_empty() {
        None
    } else {
        Some(ids.word(&measures.reviewers.join(","))?)
    };
    let revert = measures.revert.as_ref();
    let reviews = &measures.reviews;
    transaction
        .prepare_cached(
            "UPDATE pr SET measures_version = ?3, measure_flags = ?4, person_id = ?5, \
             ready_at = ?6, first_commit_at = ?7, human_review_at = ?8, \
             human_review_from_open_at = ?9, anyone_review_at = ?10, bot_review_at = ?11, \
             approved_at = ?12, draft_seconds = ?13, size_lines = ?14, measured_files = ?15, \
             human_reviews = ?16, human_reviewers = ?17, review_rounds = ?18, change_type = ?19, \
             title_code = ?20, reverts_number = ?21, reverts_title = ?22, reviewers_id = ?23 \
             WHERE repo_id = ?1 AND number = ?2",
        )?
        .execute(params![
            repo_id,
            number,
            measures::VERSION,
            flags(measures),
            person_id,
            seconds(measures.timeline.ready_at),
            seconds(measures.first_commit_at),
            seconds(reviews.human_at),
            seconds(reviews.human_from_open_at),
            seconds(reviews.anyone_from_open_at),
            seconds(reviews.bot_at),
            seconds(reviews.approved_at),
            measures.timeline.draft_seconds.map(count),
            measures.size_lines.map(count),
            measures.changed_files.map(count),
            reviews.human_reviews,
            reviews.human_reviewers,
            reviews.rounds,
            measures.change_type.map(codes::change_type_code),
            measures.title_code,
            revert.and_then(|revert| revert.number).map(count),
            revert
                .and_then(|revert| revert.title.as_deref())
                .map(measures::title_code),
            reviewers_id,
        ])?;
    Ok(())
}

fn flags(measures: &Measures) -> i64 {
    let flag = |is_set: bool, flag: i64| if is_set { flag } else { 0 };
    flag(measures.revert.is_some(), FLAG_REVERT)
        | flag(
            measures.timeline.opened_as_draft == Some(true),
            FLAG_OPENED_AS_DRAFT,
        )
        | flag(measures.self_merged == Some(true), FLAG_SELF_MERGED)
        | flag(measures.auto_merged == Some(true), FLAG_AUTO_MERGED)
}
