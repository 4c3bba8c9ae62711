//! From which sizes on intervals and tests are shown: those at which they were simulated to hold.

use stats::QuantileEstimate;

use crate::wording::{FEWEST_SUFFICIENT, many};

/// Fewest people in an arm.
pub(crate) const FEWEST_PEOPLE_IN_ARM: usize = 6;
/// Fewest people where like is compared with like, in both arms together, and where pull requests are followed
/// over time, in each.
pub(crate) const FEWEST_PEOPLE: usize = 10;
/// Fewest pull requests to which it happened, and fewest to which it did not, over both arms.
pub(crate) const FEWEST_EVENTS: usize = 10;

/// Fewest people in both arms together for a difference of shares.
const FEWEST_PEOPLE_FOR_SHARES: usize = 20;

/// How large an arm is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ArmSize {
    /// Pull requests.
    pub(crate) n: usize,
    /// People to whom they belong; more than any gate asks for need not be counted.
    pub(crate) people: usize,
}

impl ArmSize {
    /// Counts the people of an arm, as far as any gate asks.
    pub(crate) fn of(people: &[u32]) -> ArmSize {
        let mut seen: Vec<u32> = Vec::with_capacity(FEWEST_PEOPLE_FOR_SHARES);
        for person in people {
            if !seen.contains(person) {
                seen.push(*person);
            }
            if seen.len() == FEWEST_PEOPLE_FOR_SHARES {
                break;
            }
        }
        ArmSize {
            n: people.len(),
            people: seen.len(),
        }
    }

    /// Whether the median of this arm has an interval that holds.
    pub(crate) fn has_interval(self) -> bool {
        self.n >= FEWEST_SUFFICIENT && self.people >= FEWEST_PEOPLE_IN_ARM
    }
}

/// Why two arms are too small to be compared as they are, if they are; `what` names an arm.
pub(crate) fn too_small(arms: [ArmSize; 2], what: &str) -> Option<String> {
    let fewest = |of: fn(&ArmSize) -> usize| arms.iter().map(of).min().unwrap_or(0);
    let (n, people) = (fewest(|arm| arm.n), fewest(|arm| arm.people));
    if n < FEWEST_SUFFICIENT {
        return Some(format!(
            "one {what} has {n} pull requests; an interval holds from {FEWEST_SUFFICIENT} on"
        ));
    }
    (people < FEWEST_PEOPLE_IN_ARM).then(|| {
        format!(
            "the pull requests of one {what} are of {people} people; an interval holds from \
             {FEWEST_PEOPLE_IN_ARM} on"
        )
    })
}

/// Why a share is too near to none or all to be compared, if it is.
pub(crate) fn too_rare(events: usize, all: usize) -> Option<String> {
    let others = all - events;
    (events.min(others) < FEWEST_EVENTS).then(|| {
        if events < others {
            format!(
                "it is so of {} of {all}, {FEWEST_EVENTS} are needed",
                many(events, "pull request")
            )
        } else {
            format!(
                "it is not so of {} of {all}, {FEWEST_EVENTS} are needed",
                many(others, "pull request")
            )
        }
    })
}

/// Why two shares cannot be compared that are of so few people, if they cannot.
pub(crate) fn too_few_for_shares(people: usize) -> Option<String> {
    (people < FEWEST_PEOPLE_FOR_SHARES).then(|| {
        format!("{people} people in both together; a difference of shares needs {FEWEST_PEOPLE_FOR_SHARES}")
    })
}

/// A median without the interval that so few rows or people cannot carry.
pub(crate) fn with_interval_if(size: ArmSize, median: QuantileEstimate) -> QuantileEstimate {
    QuantileEstimate {
        interval: median.interval.filter(|_| size.has_interval()),
        ..median
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_arms_and_rare_events_are_refused_with_the_number() {
        let large = ArmSize { n: 40, people: 9 };
        assert_eq!(too_small([large, large], "arm"), None);
        let few = ArmSize::of(&[1, 2, 1, 2, 3]);
        assert_eq!((few.n, few.people), (5, 3));
        let many: Vec<u32> = (0..500).collect();
        assert_eq!(ArmSize::of(&many).people, FEWEST_PEOPLE_FOR_SHARES);
        let why = too_small([large, few], "arm").expect("too small");
        assert!(why.contains("5 pull requests"), "{why}");
        let of_few = ArmSize { n: 30, people: 3 };
        let why = too_small([of_few, large], "week").expect("too small");
        assert!(why.contains("one week are of 3 people"), "{why}");
        assert!(!of_few.has_interval() && large.has_interval());
        assert!(too_rare(9, 100).expect("rare").contains("so of 9"));
        assert!(too_rare(95, 100).expect("rare").contains("not so of 5"));
        assert_eq!(too_rare(10, 20), None);
        assert!(
            too_few_for_shares(19)
                .expect("few")
                .starts_with("19 people")
        );
        assert_eq!(too_few_for_shares(20), None);
    }
}
