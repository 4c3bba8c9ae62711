//! Months of teams and of repositories: counts and medians, made in one walk over the rows.

use std::collections::HashMap;

use measures::{Code, Metric, Observation, Observations};
use stats::median;

use crate::effects::{Reading, scaled_value_of};
use crate::months::month_index;

/// Fewest pull requests with a value for a median of a month.
pub(super) const FEWEST_IN_CELL: usize = 5;

/// The metrics of which medians are kept.
pub(super) const PANEL_METRICS: [Metric; 3] = [Metric::Cycle, Metric::Pickup, Metric::ReviewRounds];

/// What is counted of a unit in a month.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    /// Pull requests by people and agents.
    pub(super) all: u32,
    /// Those in which AI wrote or helped.
    pub(super) with_ai: u32,
    /// Those that an AI tool reviewed.
    pub(super) ai_reviewed: u32,
    /// Values on the scale of comparisons, in the order of [`PANEL_METRICS`].
    values: [Vec<f64>; PANEL_METRICS.len()],
}

impl Cell {
    /// The median on the scale of comparisons; `None` below five values.
    pub(super) fn median(&self, metric: Metric) -> Option<f64> {
        let place = PANEL_METRICS.iter().position(|one| *one == metric)?;
        let values = self.values.get(place)?;
        if values.len() < FEWEST_IN_CELL {
            return None;
        }
        median(values).ok()
    }
}

/// Cells by unit (the place of its name) and month of opening. Complete months only.
#[derive(Debug, Clone, Default)]
pub(super) struct Panel {
    /// In order of unit, then month.
    pub(super) cells: Vec<(u32, u32, Cell)>,
}

/// What a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Team,
    Repository,
}

impl Unit {
    fn of(self, row: &Observation) -> Code {
        match self {
            Unit::Team => row.team,
            Unit::Repository => row.repo,
        }
    }
}

impl Panel {
    pub(super) fn new(observations: &Observations, unit: Unit, reading: &Reading) -> Panel {
        let current = month_index(reading.now);
        let mut places: HashMap<(u32, u32), usize> = HashMap::new();
        let mut cells: Vec<(u32, u32, Cell)> = Vec::new();
        for row in observations.rows.iter().filter(|row| !row.plain_bot) {
            let (Some(code), Some(opened)) = (unit.of(row).index(), row.opened.seconds()) else {
                continue;
            };
            let month = month_index(opened);
            if month >= current {
                continue;
            }
            let key = (code as u32, month);
            let place = *places.entry(key).or_insert_with(|| {
                cells.push((key.0, key.1, Cell::default()));
                cells.len() - 1
            });
            let Some((_, _, cell)) = cells.get_mut(place) else {
                continue;
            };
            cell.all += 1;
            cell.with_ai += u32::from(row.arm() == Some(measures::Arm::Ai));
            cell.ai_reviewed += u32::from(row.ai_reviewed);
            for (values, metric) in cell.values.iter_mut().zip(PANEL_METRICS) {
                values.extend(scaled_value_of(metric, row, reading));
            }
        }
        cells.sort_unstable_by_key(|(unit, month, _)| (*unit, *month));
        Panel { cells }
    }

    /// The months of each unit, in order.
    pub(super) fn units(&self) -> impl Iterator<Item = &[(u32, u32, Cell)]> {
        self.cells.chunk_by(|one, other| one.0 == other.0)
    }
}

/// The first of two months in a row in each of which at least a share has it; months below five
/// pull requests tell nothing. The flag says whether that is the first month that tells, so that the
/// start may lie before the record.
pub(super) fn first_of_two(
    months: &[(u32, u32, Cell)],
    share: f64,
    count: fn(&Cell) -> u32,
) -> Option<(u32, bool)> {
    let telling: Vec<(u32, bool)> = months
        .iter()
        .filter(|(_, _, cell)| cell.all as usize >= FEWEST_IN_CELL)
        .map(|(_, month, cell)| {
            let is_above = f64::from(count(cell)) >= share * f64::from(cell.all);
            (*month, is_above)
        })
        .collect();
    let first = telling.first()?.0;
    telling.windows(2).find_map(|pair| {
        let [(month, above), (next, next_above)] = pair else {
            return None;
        };
        (*above && *next_above && *next == *month + 1).then_some((*month, *month == first))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(month: u32, all: u32, with_ai: u32) -> (u32, u32, Cell) {
        let cell = Cell {
            all,
            with_ai,
            ..Cell::default()
        };
        (0, month, cell)
    }

    #[test]
    fn adoption_takes_two_months_in_a_row() {
        let start = |months: &[(u32, u32, Cell)]| first_of_two(months, 0.1, |cell| cell.with_ai);
        let once = [month(1, 20, 0), month(2, 20, 5), month(3, 20, 0)];
        assert_eq!(start(&once), None);
        let twice = [month(1, 20, 0), month(2, 20, 2), month(3, 20, 3)];
        assert_eq!(start(&twice), Some((2, false)));
        let gap = [month(1, 20, 0), month(2, 20, 2), month(4, 20, 3)];
        assert_eq!(start(&gap), None);
        let small = [month(1, 20, 0), month(2, 4, 4), month(3, 4, 4)];
        assert_eq!(start(&small), None);
        let always = [month(1, 10, 1), month(2, 10, 9)];
        assert_eq!(start(&always), Some((1, true)));
    }
}
