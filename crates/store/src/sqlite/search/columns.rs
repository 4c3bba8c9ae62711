//! The columns that are searched: numbers of 32 bits, by chunks of pull requests.

use measures::{Calendar, Clock, Moment, Observation, SizeBucket};
use model::{Origin, Signal};
use rusqlite::{Row, Transaction, params};

use crate::facts::Outcome;
use crate::search::SortBy;
use crate::sqlite::codes;
use crate::sqlite::fault::Fault;

/// Pull requests of a chunk. Tests make small ones, so that a few pull requests lie in several.
pub(super) const CHUNK_ROWS: u32 = if cfg!(test) { 8 } else { 4_096 };
/// Stands for "not known". In [`Column::Facets`]: no such pull request.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// A column, by its place in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Small facts, packed; see [`Facets`].
    Facets,
    /// When it was opened, in seconds since 1970.
    Opened,
    /// When it was merged.
    Merged,
    /// Lines.
    Size,
    /// Seconds.
    Cycle,
    /// Seconds.
    Pickup,
    /// `word.id` of the author's login.
    Author,
    /// `repo.id`.
    Repo,
    /// `word.id` of the tools behind the origin together.
    AuthorTools,
    /// `word.id` of the tools that reviewed together.
    ReviewTools,
    /// `team.id`.
    Team,
}

impl Column {
    /// All, by their places.
    pub(super) const ALL: [Column; 11] = [
        Column::Facets,
        Column::Opened,
        Column::Merged,
        Column::Size,
        Column::Cycle,
        Column::Pickup,
        Column::Author,
        Column::Repo,
        Column::AuthorTools,
        Column::ReviewTools,
        Column::Team,
    ];

    /// The column that an order goes by.
    pub(super) fn of_sort(by: SortBy) -> Self {
        match by {
            SortBy::Opened => Column::Opened,
            SortBy::Merged => Column::Merged,
            SortBy::Size => Column::Size,
            SortBy::Cycle => Column::Cycle,
            SortBy::Pickup => Column::Pickup,
        }
    }

    /// The id of its first chunk in `search_column`.
    pub(super) fn first_id(self) -> i64 {
        (self as i64) << 32
    }

    fn id(self, chunk: u32) -> i64 {
        self.first_id() | i64::from(chunk)
    }
}

/// The least and the largest value.
pub(super) type Range = (u32, u32);

/// The values of one pull request, by [`Column`].
pub(super) type Values = [u32; Column::ALL.len()];

/// Small facts in one number: from the lowest bit, outcome 2, origin 3 (0 none, else its code + 1),
/// reviewed by AI 1, plain bot 1, merged without human review 2 (0 not known, 1 no, 2 yes), corrected 1,
/// size 3 (0 not known, else its place + 1), confidence in hundredths 7, kinds of evidence 12.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facets(pub(super) u32);

const ORIGIN_AT: u32 = 2;
pub(super) const AI_REVIEWED: u32 = 1 << 5;
pub(super) const PLAIN_BOT: u32 = 1 << 6;
const UNREVIEWED_AT: u32 = 7;
pub(super) const CORRECTED: u32 = 1 << 9;
const SIZE_AT: u32 = 10;
const CONFIDENCE_AT: u32 = 13;
const SIGNALS_AT: u32 = 20;

impl Facets {
    pub(super) fn outcome(self) -> u32 {
        self.0 & 3
    }

    pub(super) fn origin(self) -> u32 {
        (self.0 >> ORIGIN_AT) & 7
    }

    /// 0 not known, 1 no, 2 yes.
    pub(super) fn unreviewed(self) -> u32 {
        (self.0 >> UNREVIEWED_AT) & 3
    }

    pub(super) fn size(self) -> u32 {
        (self.0 >> SIZE_AT) & 7
    }

    pub(super) fn confidence(self) -> u32 {
        (self.0 >> CONFIDENCE_AT) & 127
    }

    pub(super) fn signals(self) -> u32 {
        self.0 >> SIGNALS_AT
    }

    pub(super) fn has_verdict(self) -> bool {
        self.origin() != 0
    }
}

/// The value of [`Facets::outcome`].
pub(super) fn outcome_facet(outcome: Outcome) -> u32 {
    codes::outcome_code(outcome) as u32
}

/// The value of [`Facets::origin`].
pub(super) fn origin_facet(origin: Origin) -> u32 {
    codes::origin_code(origin) as u32 + 1
}

/// The value of [`Facets::size`].
pub(super) fn size_facet(bucket: SizeBucket) -> u32 {
    match bucket {
        SizeBucket::Xs => 1,
        SizeBucket::S => 2,
        SizeBucket::M => 3,
        SizeBucket::L => 4,
        SizeBucket::Xl => 5,
        SizeBucket::Xxl => 6,
    }
}

/// The bit of a kind of evidence in [`Facets::signals`] and in `pr.signals`.
pub(in crate::sqlite) fn signal_bit(signal: Signal) -> u32 {
    1 << codes::signal_code(signal)
}

/// What [`Searched::read`] wants to find in a row, over `pr`.
pub(super) const SEARCHED_COLUMNS: &str = "pr.outcome, pr.created_at, pr.merged_at, pr.closed_at, pr.origin, pr.ai_reviewed, \
     pr.plain_bot, pr.confidence, pr.signals, pr.ready_at, pr.human_review_at, pr.human_reviews, \
     pr.size_lines, pr.author_id, pr.repo_id, pr.author_tools_id, pr.review_tools_id, pr.team_id, pr.corrected";

/// How many columns [`SEARCHED_COLUMNS`] are.
pub(super) const SEARCHED_WIDTH: usize = 19;

/// What is searched of one pull request.
pub(super) struct Searched {
    pub(super) outcome: Outcome,
    pub(super) size_lines: Option<u64>,
    pub(super) cycle_seconds: Option<u64>,
    pub(super) pickup_seconds: Option<u64>,
    pub(super) unreviewed: Option<bool>,
    pub(super) signals: u32,
    pub(super) values: Values,
}

impl Searched {
    /// Reads [`SEARCHED_COLUMNS`]. Clocks and the like are those of an observation, so that a list
    /// shows and sorts by what the statistics count.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let outcome = codes::outcome(row.get(0)?)?;
        let moment = |column: usize| -> Result<Moment, Fault> { Ok(Moment::new(row.get(column)?)) };
        let closed: Option<i64> = row.get(3)?;
        let observation = Observation {
            opened: moment(1)?,
            merged: moment(2)?,
            closed: Moment::new(closed.filter(|_| outcome == Outcome::Closed)),
            ready: moment(9)?,
            human_review: moment(10)?,
            human_reviews: narrow(row.get(11)?),
            ..Observation::default()
        };
        let clock = |clock: Clock| -> Option<u64> {
            observation
                .clock(clock, &Calendar::Always)
                .and_then(|seconds| u64::try_from(seconds).ok())
        };
        let size_lines = row.get::<_, Option<i64>>(12)?.map(codes::uncount);
        let (cycle_seconds, pickup_seconds) = (clock(Clock::Cycle), clock(Clock::Pickup));
        let unreviewed = observation.merged_without_human_review();
        let origin = row
            .get::<_, Option<i64>>(4)?
            .map(codes::origin)
            .transpose()?;
        let flag = |column: usize, bit: u32| -> Result<u32, Fault> {
            let is_set = row.get::<_, Option<bool>>(column)?.unwrap_or(false);
            Ok(if is_set { bit } else { 0 })
        };
        let confidence = row.get::<_, Option<f64>>(7)?.map_or(0, |confidence| {
            (confidence * 100.0).clamp(0.0, 100.0) as u32
        });
        let signals = row.get::<_, Option<u32>>(8)?.unwrap_or(0);
        let size = size_lines.map_or(0, |lines| size_facet(SizeBucket::of(lines)));
        let facets = outcome_facet(outcome)
            | origin.map_or(0, origin_facet) << ORIGIN_AT
            | flag(5, AI_REVIEWED)?
            | flag(6, PLAIN_BOT)?
            | flag(18, CORRECTED)?
            | unreviewed.map_or(0, |yes| 1 + u32::from(yes)) << UNREVIEWED_AT
            | size << SIZE_AT
            | confidence << CONFIDENCE_AT
            | signals << SIGNALS_AT;
        let seconds = |seconds: Option<u64>| seconds.map_or(UNKNOWN, clipped);
        Ok(Self {
            outcome,
            size_lines,
            cycle_seconds,
            pickup_seconds,
            unreviewed,
            signals,
            values: [
                facets,
                narrow(observation.opened.seconds()),
                narrow(observation.merged.seconds()),
                size_lines.map_or(UNKNOWN, clipped),
                seconds(cycle_seconds),
                seconds(pickup_seconds),
                narrow(row.get(13)?),
                narrow(row.get(14)?),
                narrow(row.get(15)?),
                narrow(row.get(16)?),
                narrow(row.get(17)?),
            ],
        })
    }
}

/// What does not fit is the largest number that does.
fn clipped(value: u64) -> u32 {
    u32::try_from(value).map_or(UNKNOWN - 1, |value| value.min(UNKNOWN - 1))
}

/// An id or a time; what does not fit is not known.
fn narrow(value: Option<i64>) -> u32 {
    value
        .and_then(|value| u32::try_from(value).ok())
        .unwrap_or(UNKNOWN)
}

/// The id of a document in 32 bits: more than four thousand million do not fit into one file.
pub(super) fn document_id(id: i64) -> Result<u32, Fault> {
    u32::try_from(id)
        .ok()
        .filter(|id| *id < UNKNOWN)
        .ok_or_else(|| Fault::Damaged(format!("{id} is not the id of a document")))
}

/// The chunk of a pull request, and its place within.
pub(super) fn place(id: u32) -> (u32, usize) {
    (id / CHUNK_ROWS, (id % CHUNK_ROWS) as usize)
}

/// The ids of a chunk: the first, and the last.
pub(super) fn ids(chunk: u32) -> (i64, i64) {
    let first = i64::from(chunk) * i64::from(CHUNK_ROWS);
    (first, first + i64::from(CHUNK_ROWS) - 1)
}

/// Reads one column of a chunk into `into`, which is empty where there is no such chunk. Columns may
/// be shorter than a chunk.
pub(super) fn load(
    transaction: &Transaction<'_>,
    column: Column,
    chunk: u32,
    into: &mut Vec<u32>,
) -> Result<(), Fault> {
    into.clear();
    let mut prepared =
        transaction.prepare_cached("SELECT data FROM search_column WHERE id = ?1")?;
    let mut rows = prepared.query([column.id(chunk)])?;
    let Some(row) = rows.next()? else {
        return Ok(());
    };
    let data = row
        .get_ref(0)?
        .as_blob()
        .map_err(|error| Fault::Damaged(error.to_string()))?;
    let (numbers, rest) = data.as_chunks::<4>();
    if !rest.is_empty() || numbers.len() > CHUNK_ROWS as usize {
        return Err(Fault::Damaged(format!(
            "chunk {chunk} of the searched column {column:?} has {} bytes",
            data.len()
        )));
    }
    into.extend(numbers.iter().map(|bytes| u32::from_le_bytes(*bytes)));
    Ok(())
}

/// Writes one column of a chunk.
pub(super) fn store(
    transaction: &Transaction<'_>,
    column: Column,
    chunk: u32,
    values: &[u32],
) -> Result<(), Fault> {
    let known = || values.iter().filter(|value| **value != UNKNOWN);
    let data: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO search_column (id, low, high, data) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            column.id(chunk),
            known().min(),
            known().max(),
            data
        ])?;
    Ok(())
}

/// The least and the largest known value of each chunk of a column, in order of chunk; `None` for a
/// chunk in which none is known.
pub(super) fn zones(
    transaction: &Transaction<'_>,
    column: Column,
) -> Result<Vec<(u32, Option<Range>)>, Fault> {
    let mut prepared = transaction.prepare_cached(
        "SELECT id, low, high FROM search_column WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    )?;
    let first = column.first_id();
    let mut rows = prepared.query([first, first | i64::from(u32::MAX)])?;
    let mut zones = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let low: Option<u32> = row.get(1)?;
        zones.push(((id - first) as u32, low.zip(row.get(2)?)));
    }
    Ok(zones)
}
