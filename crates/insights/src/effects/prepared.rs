//! What all comparisons of a report share.

use measures::Observations;

use super::ordered::{Entry, UNKNOWN};
use super::outcome::{Outcome, Reading};
use super::table::Table;

/// Observations packed, and how they are read.
pub(crate) struct Prepared<'o> {
    pub(crate) table: Table<'o>,
    pub(crate) reading: Reading,
}

impl<'o> Prepared<'o> {
    /// Packs the observations.
    pub(crate) fn new(observations: &'o Observations, reading: &Reading) -> Self {
        Prepared {
            table: Table::new(observations),
            reading: reading.clone(),
        }
    }
}

/// The values of a metric in what had happened by a moment.
///
/// A duration that was known by then is the same today, as sizes and counts are, whose growth is not
/// stored: the order of today's values is the order of these.
pub(crate) struct Past {
    pub(crate) now: i64,
    values: Vec<u32>,
}

impl Past {
    /// Reads all rows as of `now`; `today` are the values of today.
    pub(crate) fn new(prepared: &Prepared<'_>, outcome: Outcome, today: &[u32], now: i64) -> Self {
        let reading = Reading {
            now,
            ..prepared.reading.clone()
        };
        let rows = prepared.table.observations.rows.iter().zip(today);
        let values = rows.map(|(row, today)| {
            if *today == UNKNOWN {
                // What is not known today was not known then.
                return UNKNOWN;
            }
            // Of most, everything had happened: they need no copy.
            let value = if row.happened_before(now) {
                outcome.value(row, &reading)
            } else {
                let past = row.as_of(now);
                past.and_then(|past| outcome.value(&past, &reading))
            };
            value.unwrap_or(UNKNOWN)
        });
        Past {
            now,
            values: values.collect(),
        }
    }

    /// Those of some rows that had a value, in their order.
    pub(crate) fn of(&self, entries: &[Entry]) -> Vec<Entry> {
        let then = entries.iter().map(|entry| Entry {
            value: self.values[entry.row as usize],
            ..*entry
        });
        then.filter(|entry| entry.value != UNKNOWN).collect()
    }
}
