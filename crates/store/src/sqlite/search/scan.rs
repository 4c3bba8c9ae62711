//! The walk over chunks.

use std::collections::{BinaryHeap, HashMap};

use rusqlite::Transaction;

use super::columns::{self, Column, Range, UNKNOWN, Values};
use super::filter::Filter;
use super::refresh::each_pending;
use crate::search::{Direction, Sort};
use crate::sqlite::fault::Fault;

/// All ids.
const EVERYTHING: (i64, i64) = (0, i64::MAX);

/// An order in which a place is a number: the rank of the value, then that of the id. Of equal values,
/// those that came later are first where the latest are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    column: Column,
    direction: Direction,
}

impl Order {
    pub(super) fn of(sort: Sort) -> Self {
        Self {
            column: Column::of_sort(sort.by),
            direction: sort.direction,
        }
    }

    /// The place of a pull request.
    fn place(self, value: u32, id: u32) -> u64 {
        u64::from(self.rank(value)) << 32 | u64::from(self.turned(id))
    }

    /// The pull request at a place.
    pub(super) fn id(self, place: u64) -> u32 {
        // Turning twice gives what was there.
        self.turned(place as u32)
    }

    /// What is not known comes last, both ways.
    fn rank(self, value: u32) -> u32 {
        if value == UNKNOWN {
            return UNKNOWN;
        }
        match self.direction {
            Direction::Ascending => value,
            Direction::Descending => UNKNOWN - 1 - value,
        }
    }

    fn turned(self, id: u32) -> u32 {
        match self.direction {
            Direction::Ascending => id,
            Direction::Descending => UNKNOWN - id,
        }
    }

    /// The best place that a chunk with these values can have.
    fn best_of(self, zone: Option<Range>) -> u64 {
        let rank = zone.map_or(UNKNOWN, |(low, high)| match self.direction {
            Direction::Ascending => self.rank(low),
            Direction::Descending => self.rank(high),
        });
        u64::from(rank) << 32
    }
}

/// The best places so far.
pub(super) struct Best {
    after: Option<u64>,
    wanted: usize,
    /// The worst on top.
    heap: BinaryHeap<u64>,
}

impl Best {
    /// Wants at least one place.
    pub(super) fn new(after: Option<u64>, wanted: usize) -> Self {
        Self {
            after,
            wanted: wanted.max(1),
            heap: BinaryHeap::new(),
        }
    }

    fn offer(&mut self, place: u64) {
        if self.after.is_some_and(|after| place <= after) || !self.can_take(place) {
            return;
        }
        if self.heap.len() == self.wanted {
            self.heap.pop();
        }
        self.heap.push(place);
    }

    /// Whether a place as good as this, or a worse one, could still be among the best.
    fn can_take(&self, place: u64) -> bool {
        self.heap.len() < self.wanted || self.heap.peek().is_some_and(|worst| place < *worst)
    }

    /// The places in order.
    pub(super) fn into_places(self) -> Vec<u64> {
        self.heap.into_sorted_vec()
    }
}

/// Offers all that passes the filter and can be among the best.
pub(super) fn walk(
    transaction: &Transaction<'_>,
    filter: &Filter,
    order: Order,
    best: &mut Best,
) -> Result<(), Fault> {
    each_pending(transaction, EVERYTHING, |id, searched| {
        if filter.accepts(id, |column| searched.values[column as usize]) {
            best.offer(order.place(searched.values[order.column as usize], id));
        }
        Ok(())
    })?;
    let mut chunks: Vec<(u64, u32)> = columns::zones(transaction, order.column)?
        .into_iter()
        .map(|(chunk, zone)| (order.best_of(zone), chunk))
        .collect();
    chunks.sort_unstable();
    let spans = Spans::of(transaction, filter)?;
    let mut wanted = filter.columns();
    if !wanted.contains(&order.column) {
        wanted.push(order.column);
    }
    let mut chunk_values = Chunk::default();
    for (bound, chunk) in chunks {
        if !best.can_take(bound) {
            break;
        }
        if !spans.can_pass(chunk) {
            continue;
        }
        chunk_values.load(transaction, chunk, &wanted)?;
        chunk_values.each(filter, |id, values| {
            best.offer(order.place(values(order.column), id));
        });
    }
    Ok(())
}

/// Counts what passes the filter.
pub(super) fn count(transaction: &Transaction<'_>, filter: &Filter) -> Result<u64, Fault> {
    let mut found = 0;
    each_pending(transaction, EVERYTHING, |id, searched| {
        found += u64::from(filter.accepts(id, |column| searched.values[column as usize]));
        Ok(())
    })?;
    let spans = Spans::of(transaction, filter)?;
    let wanted = filter.columns();
    let mut chunk_values = Chunk::default();
    for (chunk, _) in columns::zones(transaction, Column::Facets)? {
        if spans.can_pass(chunk) {
            chunk_values.load(transaction, chunk, &wanted)?;
            chunk_values.each(filter, |_, _| found += 1);
        }
    }
    Ok(found)
}

/// In which chunks something can lie within the spans of time.
struct Spans {
    /// Each span with what the chunks hold.
    spans: Vec<(Range, HashMap<u32, Range>)>,
}

impl Spans {
    fn of(transaction: &Transaction<'_>, filter: &Filter) -> Result<Self, Fault> {
        let mut spans = Vec::new();
        for (column, span) in filter.spans() {
            let zones = columns::zones(transaction, column)?;
            let known = zones
                .into_iter()
                .filter_map(|(chunk, zone)| Some((chunk, zone?)));
            spans.push((span, known.collect()));
        }
        Ok(Self { spans })
    }

    fn can_pass(&self, chunk: u32) -> bool {
        self.spans.iter().all(|((first, last), zones)| {
            zones
                .get(&chunk)
                .is_some_and(|(low, high)| low <= last && first <= high)
        })
    }
}

/// The columns of one chunk that are looked at. Keeps its buffers between chunks.
#[derive(Default)]
struct Chunk {
    number: u32,
    values: [Vec<u32>; Column::ALL.len()],
    /// Ids that changed since the chunk was written, in order.
    pending: Vec<u32>,
}

impl Chunk {
    fn load(
        &mut self,
        transaction: &Transaction<'_>,
        chunk: u32,
        wanted: &[Column],
    ) -> Result<(), Fault> {
        self.number = chunk;
        for column in wanted {
            columns::load(
                transaction,
                *column,
                chunk,
                &mut self.values[*column as usize],
            )?;
        }
        self.pending.clear();
        let (first, last) = columns::ids(chunk);
        let mut prepared = transaction.prepare_cached(
            "SELECT id FROM search_pending WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        let mut rows = prepared.query([first, last])?;
        while let Some(row) = rows.next()? {
            self.pending.push(columns::document_id(row.get(0)?)?);
        }
        Ok(())
    }

    /// Calls `each` for what passes the filter and did not change since.
    fn each(&self, filter: &Filter, mut each: impl FnMut(u32, &dyn Fn(Column) -> u32)) {
        let first = columns::ids(self.number).0 as u32;
        for (slot, facets) in self.values[Column::Facets as usize].iter().enumerate() {
            if !filter.accepts_facets(*facets) {
                continue;
            }
            let id = first + slot as u32;
            let value = |column: Column| {
                let values: &Vec<u32> = &self.values[column as usize];
                values.get(slot).copied().unwrap_or(UNKNOWN)
            };
            if filter.accepts_rest(id, value) && !self.is_pending(id) {
                each(id, &value);
            }
        }
    }

    fn is_pending(&self, id: u32) -> bool {
        !self.pending.is_empty() && self.pending.binary_search(&id).is_ok()
    }
}

const _: () = assert!(std::mem::size_of::<Values>() == 4 * Column::ALL.len());
