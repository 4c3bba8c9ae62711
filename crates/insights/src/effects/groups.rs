//! Which groups, such as people or repositories, hold rows of which arm.

/// The groups of either arm, each once, in ascending order.
pub(crate) struct ArmGroups {
    with_ai: Vec<u32>,
    without_ai: Vec<u32>,
}

impl ArmGroups {
    /// Takes the group of each row with AI, and of each without.
    pub(crate) fn of_arms((with_ai, without_ai): (&[u32], &[u32])) -> Self {
        ArmGroups {
            with_ai: each_once(with_ai),
            without_ai: each_once(without_ai),
        }
    }

    /// How many groups an arm has.
    pub(crate) fn in_arm(&self, with_ai: bool) -> usize {
        if with_ai {
            self.with_ai.len()
        } else {
            self.without_ai.len()
        }
    }

    /// How many groups hold both arms.
    pub(crate) fn switching(&self) -> usize {
        let in_other = |group: &&u32| self.without_ai.binary_search(group).is_ok();
        self.with_ai.iter().filter(in_other).count()
    }

    /// How many groups there are.
    pub(crate) fn count(&self) -> usize {
        self.with_ai.len() + self.without_ai.len() - self.switching()
    }
}

/// Different codes in ascending order.
pub(crate) fn each_once(codes: &[u32]) -> Vec<u32> {
    let mut codes = codes.to_vec();
    codes.sort_unstable();
    codes.dedup();
    codes.shrink_to_fit();
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_with_both_arms_are_counted_once() {
        let groups = ArmGroups::of_arms((&[3, 1, 3, 7], &[7, 9, 3, 3]));
        assert_eq!((groups.in_arm(true), groups.in_arm(false)), (3, 3));
        assert_eq!((groups.switching(), groups.count()), (2, 4));
    }
}
