//! Group codes as they come, made dense.

/// Group codes renumbered 0, 1, 2, ... in the order of the codes themselves, so that the order of
/// the rows does not matter.
#[derive(Debug, Clone)]
pub(crate) struct DenseCodes {
    /// The code of each row, below `groups`.
    pub(crate) codes: Vec<u32>,
    /// How many different codes there are.
    pub(crate) groups: usize,
}

impl DenseCodes {
    /// Renumbers `codes`.
    pub(crate) fn new(codes: &[u32]) -> Self {
        let largest = codes.iter().copied().max().unwrap_or(0) as usize;
        // A table is quickest while it is not much larger than the column.
        if largest <= 4 * codes.len() + 1024 {
            let mut renumbered = vec![u32::MAX; largest + 1];
            for &code in codes {
                renumbered[code as usize] = 0;
            }
            let mut groups = 0;
            for slot in &mut renumbered {
                if *slot == 0 {
                    *slot = groups;
                    groups += 1;
                }
            }
            let codes = codes
                .iter()
                .map(|&code| renumbered[code as usize])
                .collect();
            return DenseCodes {
                codes,
                groups: groups as usize,
            };
        }
        let mut distinct = codes.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let position = |code: &u32| distinct.partition_point(|it| it < code) as u32;
        DenseCodes {
            codes: codes.iter().map(position).collect(),
            groups: distinct.len(),
        }
    }

    /// Counts the rows of each group.
    pub(crate) fn sizes(&self) -> Vec<u32> {
        let mut sizes = vec![0; self.groups];
        for &code in &self.codes {
            sizes[code as usize] += 1;
        }
        sizes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_renumbered_by_value() {
        for codes in [
            vec![7, 3, 7, 9],
            vec![4_000_000_000, 5, 4_000_000_000, u32::MAX],
        ] {
            let dense = DenseCodes::new(&codes);
            assert_eq!(dense.codes, [1, 0, 1, 2]);
            assert_eq!(dense.groups, 3);
            assert_eq!(dense.sizes(), [1, 2, 1]);
        }
        assert_eq!(DenseCodes::new(&[]).groups, 0);
    }
}
