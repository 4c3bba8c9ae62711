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
        DenseCodes::of_column(codes.to_vec())
    }

    /// Renumbers codes in their place: with a million rows each copy counts.
    pub(crate) fn of_column(mut codes: Vec<u32>) -> Self {
        // Tables are quickest while they are not much larger than the column. Codes often stand in for
        // something else at the upper end, so that there is one for either end.
        let reach = 4 * codes.len() + 1024;
        let largest = codes.iter().copied().max().unwrap_or(0) as usize;
        if largest <= reach {
            return DenseCodes::of_small(codes, largest);
        }
        let from_top = |code: u32| (u32::MAX - code) as usize;
        let (mut largest_low, mut depth) = (0, 0);
        for &code in &codes {
            if code as usize <= reach {
                largest_low = largest_low.max(code as usize + 1);
            } else {
                depth = depth.max(from_top(code) + 1);
            }
        }
        if depth <= reach {
            let mut low = vec![u32::MAX; largest_low];
            let mut top = vec![u32::MAX; depth];
            for &code in &codes {
                let slot = low.get_mut(code as usize);
                if let Some(slot) = slot.or_else(|| top.get_mut(from_top(code))) {
                    *slot = 0;
                }
            }
            let mut groups = 0;
            for slot in low.iter_mut().chain(top.iter_mut().rev()) {
                if *slot == 0 {
                    *slot = groups;
                    groups += 1;
                }
            }
            for code in &mut codes {
                let slot = low.get(*code as usize);
                let slot = slot.or_else(|| top.get(from_top(*code)));
                *code = slot.copied().unwrap_or(0);
            }
            return DenseCodes {
                codes,
                groups: groups as usize,
            };
        }
        let mut distinct = codes.clone();
        distinct.sort_unstable();
        distinct.dedup();
        for code in &mut codes {
            *code = distinct.partition_point(|it| it < code) as u32;
        }
        DenseCodes {
            codes,
            groups: distinct.len(),
        }
    }

    /// Renumbers codes none of which is larger than `largest`, which a table can hold.
    fn of_small(mut codes: Vec<u32>, largest: usize) -> Self {
        if codes.is_empty() {
            return DenseCodes { codes, groups: 0 };
        }
        let mut table = vec![0_u32; largest + 1];
        for &code in &codes {
            table[code as usize] = 1;
        }
        let mut groups = 0;
        for slot in &mut table {
            let is_used = *slot;
            *slot = groups;
            groups += is_used;
        }
        let groups = groups as usize;
        // They may be dense already.
        if groups < table.len() {
            for code in &mut codes {
                *code = table[*code as usize];
            }
        }
        DenseCodes { codes, groups }
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
            vec![1, 0, 1, 2],
            vec![90_000, 5, 90_000, 4_000_000_000],
            vec![4_000_000_000, 5, 4_000_000_000, u32::MAX],
            vec![u32::MAX - 1, 5, u32::MAX - 1, u32::MAX],
        ] {
            let dense = DenseCodes::new(&codes);
            assert_eq!(dense.codes, [1, 0, 1, 2]);
            assert_eq!(dense.groups, 3);
            assert_eq!(dense.sizes(), [1, 2, 1]);
        }
        assert_eq!(DenseCodes::new(&[]).groups, 0);
    }
}
