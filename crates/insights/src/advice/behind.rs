//! The pull requests behind a piece of advice.

use std::collections::VecDeque;

use measures::{Code, Observation};

/// Pull requests that are listed with a piece of advice; more are counted.
const LISTED: usize = 20;

/// Pull requests, oldest first: all counted, the last few named.
#[derive(Debug, Clone, Default)]
pub(super) struct Behind {
    total: u64,
    last: VecDeque<(Code, u32)>,
}

impl Behind {
    pub(super) fn push(&mut self, row: &Observation) {
        self.total += 1;
        if self.last.len() == LISTED {
            self.last.pop_front();
        }
        self.last.push_back((row.repo, row.number));
    }

    /// How many there are.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The newest of them, the newest first: repository and number.
    pub(super) fn newest(&self) -> impl Iterator<Item = (Code, u32)> {
        self.last.iter().rev().copied()
    }
}

impl FromIterator<Observation> for Behind {
    fn from_iter<T: IntoIterator<Item = Observation>>(rows: T) -> Self {
        let mut behind = Behind::default();
        for row in rows {
            behind.push(&row);
        }
        behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_are_named_and_all_are_counted() {
        let row = |number| Observation {
            number,
            ..Observation::default()
        };
        let behind: Behind = (1..=25).map(row).collect();
        assert_eq!(behind.total(), 25);
        let numbers: Vec<u32> = behind.newest().map(|it| it.1).collect();
        assert_eq!(numbers, (6..=25).rev().collect::<Vec<u32>>());
    }
}
