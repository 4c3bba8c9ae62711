//! Which groups, such as people or repositories, hold rows of which arm.

/// How many groups have rows in either arm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ArmGroups {
    with_ai: usize,
    without_ai: usize,
    switching: usize,
}

impl ArmGroups {
    /// Takes the group of each row with AI, and of each without; groups lie below `groups`.
    pub(crate) fn of_arms(
        with_ai: impl Iterator<Item = u32>,
        without_ai: impl Iterator<Item = u32>,
        groups: usize,
    ) -> Self {
        let mut arms_of = vec![0_u8; groups];
        for group in with_ai {
            arms_of[group as usize] |= 1;
        }
        for group in without_ai {
            arms_of[group as usize] |= 2;
        }
        let mut counts = ArmGroups::default();
        for arms in arms_of {
            counts.with_ai += usize::from(arms & 1);
            counts.without_ai += usize::from(arms >> 1);
            counts.switching += usize::from(arms == 3);
        }
        counts
    }

    /// How many groups an arm has.
    pub(crate) fn in_arm(self, with_ai: bool) -> usize {
        if with_ai {
            self.with_ai
        } else {
            self.without_ai
        }
    }

    /// How many groups hold both arms.
    pub(crate) fn switching(self) -> usize {
        self.switching
    }

    /// How many groups there are.
    pub(crate) fn count(self) -> usize {
        self.with_ai + self.without_ai - self.switching
    }
}

/// How many different codes there are.
pub(crate) fn distinct(codes: &[u32]) -> usize {
    let mut codes = codes.to_vec();
    codes.sort_unstable();
    codes.dedup();
    codes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_with_both_arms_are_counted_once() {
        let (with_ai, without_ai) = ([3, 1, 3, 7], [7, 9, 3, 3]);
        let groups = ArmGroups::of_arms(with_ai.into_iter(), without_ai.into_iter(), 10);
        assert_eq!((groups.in_arm(true), groups.in_arm(false)), (3, 3));
        assert_eq!((groups.switching(), groups.count()), (2, 4));
        assert_eq!(distinct(&[4, 2, 4]), 2);
    }
}
