//! Factors of few groups put together, so that a row looks into fewer tables.

use crate::codes::DenseCodes;

/// The most combinations of groups that are looked up together: their table stays in a near cache.
const MOST_CELLS: usize = 4_096;

/// Factors that are looked up together: a cell for each combination of their groups.
#[derive(Debug, Clone)]
pub(crate) struct Bundle {
    /// The cell of each row that is used.
    pub(crate) codes: Vec<u32>,
    pub(crate) members: Vec<Member>,
}

/// A factor of a bundle.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) factor: usize,
    /// Where its groups begin among those of all factors.
    pub(crate) start: usize,
    /// The group of each cell, counted among those of all factors.
    pub(crate) group_of_cell: Vec<u32>,
}

impl Bundle {
    pub(crate) fn cells(&self) -> usize {
        self.members.first().map_or(0, |it| it.group_of_cell.len())
    }

    /// The sum of the effects of a cell's groups.
    pub(crate) fn cell_effects<const N: usize>(&self, effects: &[[f64; N]]) -> Vec<[f64; N]> {
        let mut of_cells = vec![[0.0; N]; self.cells()];
        for member in &self.members {
            for (slot, &group) in of_cells.iter_mut().zip(&member.group_of_cell) {
                add(slot, &effects[group as usize]);
            }
        }
        of_cells
    }
}

/// Puts factors of few groups together; `starts` tells where the groups of each factor begin.
pub(crate) fn bundles_of(factors: Vec<DenseCodes>, starts: &[usize]) -> Vec<Bundle> {
    let most_cells = factors
        .first()
        .map_or(0, |factor| factor.codes.len().min(MOST_CELLS));
    let mut given: Vec<(usize, DenseCodes)> = factors.into_iter().enumerate().collect();
    given.sort_by_key(|(_, factor)| factor.groups);
    let mut bundles: Vec<Bundle> = Vec::new();
    for (factor, codes) in given {
        let groups = codes.groups;
        let start = starts[factor];
        let member = |group_of_cell| Member {
            factor,
            start,
            group_of_cell,
        };
        let last = bundles.last_mut();
        let Some(bundle) = last.filter(|it| it.cells().saturating_mul(groups) <= most_cells) else {
            let all = start as u32..(start + groups) as u32;
            bundles.push(Bundle {
                codes: codes.codes,
                members: vec![member(all.collect())],
            });
            continue;
        };
        // Each cell becomes one for each group of the new factor.
        for (cell, code) in bundle.codes.iter_mut().zip(&codes.codes) {
            *cell = *cell * groups as u32 + code;
        }
        let cells = bundle.cells();
        for known in &mut bundle.members {
            let repeated = known.group_of_cell.iter();
            known.group_of_cell = repeated
                .flat_map(|group| std::iter::repeat_n(*group, groups))
                .collect();
        }
        let groups = (0..cells).flat_map(|_| start as u32..(start + groups) as u32);
        bundle.members.push(member(groups.collect()));
    }
    bundles
}

/// Adds lane by lane.
pub(crate) fn add<const N: usize>(target: &mut [f64; N], addend: &[f64; N]) {
    for (value, addend) in target.iter_mut().zip(addend) {
        *value += addend;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row finds its own groups again through its cells.
    #[test]
    fn cells_tell_the_groups_of_a_row() {
        let rows = 9_000_u32;
        let columns: Vec<Vec<u32>> = [7, 300, 12, 24]
            .into_iter()
            .map(|groups| (0..rows).map(|row| row * row % 1_009 % groups).collect())
            .collect();
        let factors: Vec<DenseCodes> = columns.iter().map(|it| DenseCodes::new(it)).collect();
        let starts = [0, 7, 307, 319];
        let bundles = bundles_of(factors.clone(), &starts);
        let members =
            |bundle: &Bundle| -> Vec<usize> { bundle.members.iter().map(|it| it.factor).collect() };
        let together: Vec<Vec<usize>> = bundles.iter().map(members).collect();
        assert_eq!(together, [vec![0, 2, 3], vec![1]]);
        for bundle in &bundles {
            for member in &bundle.members {
                let codes = &factors[member.factor].codes;
                for (cell, code) in bundle.codes.iter().zip(codes) {
                    let found = member.group_of_cell[*cell as usize] as usize;
                    assert_eq!(found, member.start + *code as usize);
                }
            }
        }
    }
}
