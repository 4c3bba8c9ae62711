//! From a query to a test on numbers.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction};

use super::columns::{
    self, AI_REVIEWED, CORRECTED, Column, Facets, PLAIN_BOT, Range, UNKNOWN, origin_facet,
    outcome_facet, signal_bit, size_facet,
};
use super::titles;
use crate::adoption::ToolPlace;
use crate::search::{PullRequestQuery, TimeSpan};
use crate::sqlite::fault::Fault;

/// A query in the numbers of one database.
pub(super) struct Filter {
    /// Bits of the facets that must be as given.
    fixed: u32,
    fixed_to: u32,
    /// Allowed values, as bits; all of them where nothing is asked.
    origins: u32,
    outcomes: u32,
    sizes: u32,
    unreviewed: u32,
    signals: Option<u32>,
    confidence: Option<RangeInclusive<u8>>,
    opened: Option<Range>,
    merged: Option<Range>,
    author: Option<u32>,
    team: Option<u32>,
    repo: Option<u32>,
    tools: Option<Tools>,
    ids: Option<Ids>,
}

/// Which joined words have the tool, and where to look for them.
struct Tools {
    words: Vec<u32>,
    place: Option<ToolPlace>,
}

impl Filter {
    /// Translates a query. `None` where nothing can be found: it names what is not in the database.
    pub(super) fn of(
        transaction: &Transaction<'_>,
        query: &PullRequestQuery,
    ) -> Result<Option<Self>, Fault> {
        let mut filter = Self {
            fixed: 0,
            fixed_to: 0,
            origins: any_of(&query.origins, |origin| origin_facet(*origin)),
            outcomes: any_of(&query.outcomes, |outcome| outcome_facet(*outcome)),
            sizes: any_of(&query.sizes, |size| size_facet(*size)),
            unreviewed: match query.merged_without_human_review {
                None => u32::MAX,
                Some(yes) => 1 << (1 + u32::from(yes)),
            },
            signals: query.signal.map(signal_bit),
            confidence: query.confidence_percent.clone(),
            opened: bounds(&query.opened),
            merged: bounds(&query.merged),
            author: None,
            team: None,
            repo: None,
            tools: None,
            ids: None,
        };
        filter.fix(AI_REVIEWED, query.ai_reviewed);
        filter.fix(PLAIN_BOT, query.plain_bot);
        if query.ai_reviewed.is_some() || query.plain_bot.is_some() {
            // Without a verdict neither is known.
            filter.origins &= !1;
        }
        filter.fix(CORRECTED, query.corrected);
        let named = [
            (&query.author, &mut filter.author, WORD),
            (&query.team, &mut filter.team, TEAM),
            (&query.repo, &mut filter.repo, REPO),
        ];
        for (name, id, sql) in named {
            let Some(name) = name else { continue };
            *id = id_of(transaction, sql, name)?;
            if id.is_none() {
                return Ok(None);
            }
        }
        if let Some(tool) = &query.tool {
            filter.tools = Some(Tools {
                words: tool_words(transaction, tool)?,
                place: query.tool_place,
            });
        }
        if let Some(text) = &query.title {
            let Some(expression) = titles::match_expression(text) else {
                return Ok(None);
            };
            filter.ids = Some(Ids::matching(transaction, &expression)?);
        }
        Ok(Some(filter))
    }

    /// The columns that it looks at.
    pub(super) fn columns(&self) -> Vec<Column> {
        let mut columns = vec![Column::Facets];
        let mut want = |is_wanted: bool, column: Column| {
            if is_wanted {
                columns.push(column);
            }
        };
        want(self.opened.is_some(), Column::Opened);
        want(self.merged.is_some(), Column::Merged);
        want(self.author.is_some(), Column::Author);
        want(self.team.is_some(), Column::Team);
        want(self.repo.is_some(), Column::Repo);
        let place = self.tools.as_ref().map(|tools| tools.place);
        let wants_place = |wanted: ToolPlace| {
            place.is_some_and(|place| place.is_none_or(|place| place == wanted))
        };
        want(wants_place(ToolPlace::Author), Column::AuthorTools);
        want(wants_place(ToolPlace::Review), Column::ReviewTools);
        columns
    }

    /// The spans of time that must hold, by column.
    pub(super) fn spans(&self) -> impl Iterator<Item = (Column, Range)> {
        let opened = self.opened.map(|span| (Column::Opened, span));
        let merged = self.merged.map(|span| (Column::Merged, span));
        opened.into_iter().chain(merged)
    }

    /// Whether a pull request passes; `value` gives what its columns hold.
    pub(super) fn accepts(&self, id: u32, value: impl Fn(Column) -> u32) -> bool {
        self.accepts_facets(value(Column::Facets)) && self.accepts_rest(id, value)
    }

    /// Whether its small facts pass: the first half of the test, and of many queries all of it.
    pub(super) fn accepts_facets(&self, facets: u32) -> bool {
        let is_there = facets != UNKNOWN && facets & self.fixed == self.fixed_to;
        let facets = Facets(facets);
        // Most pull requests pass most of these: testing all costs less than guessing which fails.
        let has = |allowed: u32, facet: u32| allowed >> facet & 1;
        let allowed = has(self.origins, facets.origin())
            & has(self.outcomes, facets.outcome())
            & has(self.sizes, facets.size())
            & has(self.unreviewed, facets.unreviewed());
        is_there
            && allowed == 1
            && (self.signals).is_none_or(|signal| facets.signals() & signal != 0)
            && (self.confidence.as_ref()).is_none_or(|range| {
                facets.has_verdict() && range.contains(&(facets.confidence() as u8))
            })
    }

    /// Whether the rest passes.
    pub(super) fn accepts_rest(&self, id: u32, value: impl Fn(Column) -> u32) -> bool {
        let is_in = |span: Option<Range>, column: Column| {
            span.is_none_or(|span| is_within(span, value(column)))
        };
        is_in(self.opened, Column::Opened)
            && is_in(self.merged, Column::Merged)
            && (self.author).is_none_or(|author| value(Column::Author) == author)
            && (self.team).is_none_or(|team| value(Column::Team) == team)
            && (self.repo).is_none_or(|repo| value(Column::Repo) == repo)
            && (self.tools.as_ref()).is_none_or(|tools| tools.accept(&value))
            && (self.ids.as_ref()).is_none_or(|ids| ids.contains(id))
    }

    fn fix(&mut self, bit: u32, wanted: Option<bool>) {
        if let Some(is_set) = wanted {
            self.fixed |= bit;
            if is_set {
                self.fixed_to |= bit;
            }
        }
    }
}

impl Tools {
    fn accept(&self, value: impl Fn(Column) -> u32) -> bool {
        let has = |place: ToolPlace, column: Column| {
            self.place.is_none_or(|wanted| wanted == place) && self.words.contains(&value(column))
        };
        has(ToolPlace::Author, Column::AuthorTools) || has(ToolPlace::Review, Column::ReviewTools)
    }
}

/// The bits of the allowed values.
fn any_of<T>(wanted: &[T], facet: impl Fn(&T) -> u32) -> u32 {
    if wanted.is_empty() {
        return u32::MAX;
    }
    wanted.iter().fold(0, |bits, one| bits | 1 << facet(one))
}

/// From the first second to the last.
fn bounds(span: &TimeSpan) -> Option<Range> {
    if span.is_unbounded() {
        return None;
    }
    let clip = |seconds: i64| u32::try_from(seconds.max(0)).unwrap_or(UNKNOWN - 1);
    // A span may begin within a second, in which nothing is known to have happened before it.
    let first = span.from.map_or(0, |from| clip(ceiling(from)));
    let end = span.before.map_or(UNKNOWN, |before| clip(ceiling(before)));
    Some(match end.checked_sub(1) {
        Some(last) => (first, last.min(UNKNOWN - 1)),
        None => (1, 0),
    })
}

fn ceiling(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

fn is_within((first, last): Range, value: u32) -> bool {
    value != UNKNOWN && first <= value && value <= last
}

const WORD: &str = "SELECT id FROM word WHERE text = ?1";
const TEAM: &str = "SELECT id FROM team WHERE name = ?1";
const REPO: &str = "SELECT id FROM repo WHERE name = ?1";

/// The id of what has a name.
fn id_of(transaction: &Transaction<'_>, sql: &str, name: &str) -> Result<Option<u32>, Fault> {
    Ok(transaction
        .prepare_cached(sql)?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// The joined words that have a tool.
fn tool_words(transaction: &Transaction<'_>, tool: &str) -> Result<Vec<u32>, Fault> {
    let mut prepared = transaction.prepare_cached(
        "SELECT word.id FROM tool_set JOIN word ON word.id = tool_set.word_id \
         WHERE instr(',' || word.text || ',', ',' || ?1 || ',') > 0",
    )?;
    let ids = prepared.query_map([tool], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// A set of ids of documents: a bit each.
struct Ids {
    bits: Vec<u64>,
}

impl Ids {
    /// Those whose titles match an expression of FTS5.
    fn matching(transaction: &Transaction<'_>, expression: &str) -> Result<Self, Fault> {
        let mut prepared =
            transaction.prepare_cached("SELECT rowid FROM title_word WHERE title_word MATCH ?1")?;
        let mut rows = prepared.query([expression])?;
        let mut bits = Vec::new();
        while let Some(row) = rows.next()? {
            let id = columns::document_id(row.get(0)?)? as usize;
            if bits.len() <= id / 64 {
                bits.resize(id / 64 + 1, 0);
            }
            bits[id / 64] |= 1 << (id % 64);
        }
        Ok(Self { bits })
    }

    fn contains(&self, id: u32) -> bool {
        let id = id as usize;
        self.bits
            .get(id / 64)
            .is_some_and(|word| word & (1 << (id % 64)) != 0)
    }
}
