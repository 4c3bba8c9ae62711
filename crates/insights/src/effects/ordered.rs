//! The rows that have a value in a metric, sorted once for all arms and teams.

use super::EffectUnit;
use super::outcome::Outcome;
use super::packed::{Flags, Stratum};
use super::table::Table;

/// Bits that a pass of the sort looks at: their table stays in the nearest cache.
const DIGIT_BITS: u32 = 11;
/// Below this many rows comparing is quicker than counting.
const FEWEST_COUNTED: usize = 4_096;

/// What stands for a value that is not known.
pub(crate) const UNKNOWN: u32 = u32::MAX;

/// A row with its value, and what every comparison asks of it: read one after the other, where looking each
/// up would wait for memory.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Entry {
    pub(crate) value: u32,
    /// Its place in the table.
    pub(crate) row: u32,
    pub(crate) person: u32,
    pub(crate) stratum: Stratum,
    pub(crate) team: u32,
    pub(crate) month: u16,
    pub(crate) flags: Flags,
}

impl Entry {
    fn new(table: &Table<'_>, row: u32, value: u32) -> Self {
        let packed = table.row(row);
        Entry {
            value,
            row,
            person: packed.person,
            stratum: packed.stratum,
            team: packed.team,
            month: packed.month,
            flags: packed.flags,
        }
    }
}

/// Rows whose value is known: for ratios in the order of value, then person, then row; for shares in that
/// of the rows. The rows of an arm or a team are in the same order, so that nothing has to sort them again.
pub(crate) fn ordered(table: &Table<'_>, outcome: Outcome, values: &[u32]) -> Vec<Entry> {
    match outcome.unit() {
        EffectUnit::Ratio => sorted(table, values),
        EffectUnit::Points => {
            let known = (0..).zip(values).filter(|it| *it.1 != UNKNOWN);
            known
                .map(|(row, value)| Entry::new(table, row, *value))
                .collect()
        }
    }
}

/// Sorts the rows that have a value.
pub(crate) fn sorted(table: &Table<'_>, values: &[u32]) -> Vec<Entry> {
    let by_person = table.by_person().iter();
    let keys = by_person.filter_map(|row| {
        let value = values[*row as usize];
        (value != UNKNOWN).then(|| u64::from(value) << 32 | u64::from(*row))
    });
    let keys = sorted_by_value(keys.collect());
    keys.into_iter()
        .map(|key| Entry::new(table, key as u32, (key >> 32) as u32))
        .collect()
}

/// Entries by team, each team's in their order.
pub(crate) struct ByTeam {
    entries: Vec<Entry>,
    /// Where each team begins, and in the end where the last one ends.
    starts: Vec<usize>,
}

impl ByTeam {
    /// Puts the entries of each team together; those without a team are left out.
    pub(crate) fn new(entries: &[Entry], teams: usize) -> Self {
        let mut starts = vec![0; teams + 1];
        let of_teams = || entries.iter().filter(|it| (it.team as usize) < teams);
        for entry in of_teams() {
            starts[entry.team as usize + 1] += 1;
        }
        for team in 0..teams {
            starts[team + 1] += starts[team];
        }
        let mut places = starts.clone();
        let mut by_team = vec![Entry::default(); starts[teams]];
        for entry in of_teams() {
            let place = &mut places[entry.team as usize];
            by_team[*place] = *entry;
            *place += 1;
        }
        ByTeam {
            entries: by_team,
            starts,
        }
    }

    /// The entries of a team.
    pub(crate) fn of(&self, team: usize) -> &[Entry] {
        match (self.starts.get(team), self.starts.get(team + 1)) {
            (Some(start), Some(end)) => &self.entries[*start..*end],
            _ => &[],
        }
    }
}

/// Sorts by the upper half; what is equal there keeps its order.
fn sorted_by_value(mut keys: Vec<u64>) -> Vec<u64> {
    if keys.len() < FEWEST_COUNTED {
        keys.sort_by_key(|key| key >> 32);
        return keys;
    }
    let largest = keys.iter().copied().max().unwrap_or(0);
    let mut spare = vec![0; keys.len()];
    let mut shift = 32;
    while shift < u64::BITS && largest >> shift > 0 {
        let digit = |key: u64| (key >> shift) as usize & ((1 << DIGIT_BITS) - 1);
        let mut places = [0_u32; 1 << DIGIT_BITS];
        for key in &keys {
            places[digit(*key)] += 1;
        }
        let mut start = 0;
        for place in &mut places {
            start += std::mem::replace(place, start);
        }
        for key in &keys {
            let place = &mut places[digit(*key)];
            spare[*place as usize] = *key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut spare);
        shift += DIGIT_BITS;
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stand_by_team_in_their_order() {
        let entry = |row, team| Entry {
            row,
            team,
            ..Entry::default()
        };
        let entries = [entry(0, 1), entry(1, u32::MAX), entry(2, 0), entry(3, 1)];
        let by_team = ByTeam::new(&entries, 2);
        let rows = |team| -> Vec<u32> { by_team.of(team).iter().map(|it| it.row).collect() };
        assert_eq!((rows(0), rows(1), rows(2)), (vec![2], vec![0, 3], vec![]));
    }

    #[test]
    fn counting_sorts_as_comparing_does() {
        for (rows, spread) in [
            (10, 5),
            (6_000, 3),
            (6_000, 40_000_000),
            (9_000, u32::MAX - 1),
        ] {
            let keys: Vec<u64> = (0..rows)
                .map(|row: u32| {
                    let value = row.wrapping_mul(2_654_435_761) % spread;
                    u64::from(value) << 32 | u64::from(rows - row)
                })
                .collect();
            let mut want = keys.clone();
            want.sort_by_key(|key| key >> 32);
            assert_eq!(sorted_by_value(keys), want);
        }
    }
}
