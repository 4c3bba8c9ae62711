//! Chance that can be repeated: every draw is a pure function of seed, purpose and position.
//!
//! Rates are spread evenly where that is asked for: a rate of 1 in 25 then hits exactly one of any
//! 25 consecutive positions, as the published samples of 25 do.

/// Parts of a whole in which rates are counted.
const PARTS: u64 = 1_000_000;

/// A source of draws for one seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draws {
    seed: u64,
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed: mix(seed ^ 0x7461_6e64_656d_2165),
        }
    }

    /// Returns 64 bits for a purpose and a position.
    pub(crate) fn bits(self, purpose: &str, position: u64) -> u64 {
        mix(self.stream(purpose) ^ mix(position.wrapping_add(0x9e37_79b9_7f4a_7c15)))
    }

    /// Returns a number from 0 up to but without `bound`; 0 for a bound of 0.
    pub(crate) fn below(self, purpose: &str, position: u64, bound: u64) -> u64 {
        if bound == 0 {
            0
        } else {
            self.bits(purpose, position) % bound
        }
    }

    /// Says whether a rate hits a position, independently of its neighbours.
    pub(crate) fn random_hit(self, purpose: &str, position: u64, rate: f64) -> bool {
        self.below(purpose, position, PARTS) < parts(rate)
    }

    /// Says whether a rate hits a position such that the hits lie evenly; if so, returns which hit
    /// it is, counted from 0.
    pub(crate) fn even_hit(self, purpose: &str, position: u64, rate: f64) -> Option<u64> {
        let rate = parts(rate);
        if rate == 0 {
            return None;
        }
        // The start is a whole number of steps, so that every rate 1/n repeats with period n.
        let period = PARTS / rate;
        let start = rate * self.below(purpose, u64::MAX, period);
        let sum = |steps: u64| {
            (u128::from(steps) * u128::from(rate) + u128::from(start)) / u128::from(PARTS)
        };
        let before = sum(position);
        let after = sum(position + 1);
        (after > before).then_some(before as u64)
    }

    /// Returns a number from 0 to 999 for a position; any 1,000 consecutive positions give each
    /// number once, and neighbours lie far apart.
    pub(crate) fn even_thousandth(self, purpose: &str, position: u64) -> u64 {
        let start = self.below(purpose, u64::MAX, 1000);
        // 617 is coprime to 1000 and close to its golden section.
        (start + (position % 1000) * 617) % 1000
    }

    /// Shuffles a slice.
    pub(crate) fn shuffle<T>(self, purpose: &str, position: u64, items: &mut [T]) {
        let mut state = self.bits(purpose, position);
        for end in (1..items.len()).rev() {
            state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
            let chosen = (state % (end as u64 + 1)) as usize;
            items.swap(end, chosen);
        }
    }

    fn stream(self, purpose: &str) -> u64 {
        let mut state = self.seed;
        for byte in purpose.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        mix(state)
    }
}

/// Turns a rate from 0 to 1 into parts per million.
fn parts(rate: f64) -> u64 {
    (rate.clamp(0.0, 1.0) * PARTS as f64).round() as u64
}

/// The finaliser of SplitMix64.
fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_window_of_25_has_one_hit_at_four_percent() {
        for seed in 0..50 {
            let draws = Draws::new(seed);
            let hits: Vec<bool> = (0..500)
                .map(|at| draws.even_hit("model", at, 0.04).is_some())
                .collect();
            for window in hits.windows(25) {
                assert_eq!(window.iter().filter(|hit| **hit).count(), 1, "seed {seed}");
            }
        }
    }

    #[test]
    fn the_hit_of_four_percent_moves_with_the_seed() {
        let first_hits: std::collections::BTreeSet<usize> = (0..200)
            .map(|seed| {
                let draws = Draws::new(seed);
                (0..25)
                    .position(|at| draws.even_hit("model", at, 0.04).is_some())
                    .expect("a hit")
            })
            .collect();
        assert!(first_hits.len() > 20, "{first_hits:?}");
    }

    #[test]
    fn hits_are_numbered_without_gaps() {
        let draws = Draws::new(3);
        let numbers: Vec<u64> = (0..1000)
            .filter_map(|at| draws.even_hit("x", at, 0.073))
            .collect();
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
        assert!((72..=74).contains(&numbers.len()));
    }

    #[test]
    fn rates_of_zero_and_one() {
        let draws = Draws::new(9);
        assert!((0..100).all(|at| draws.even_hit("x", at, 0.0).is_none()));
        assert!((0..100).all(|at| draws.even_hit("x", at, 1.0) == Some(at)));
        assert!((0..100).all(|at| !draws.random_hit("x", at, 0.0)));
        assert!((0..100).all(|at| draws.random_hit("x", at, 1.0)));
    }

    #[test]
    fn thousandths_cover_the_thousand() {
        let draws = Draws::new(1);
        let mut seen: Vec<u64> = (7..1007).map(|at| draws.even_thousandth("x", at)).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn shuffles_keep_every_item() {
        let mut items: Vec<u32> = (0..100).collect();
        Draws::new(4).shuffle("x", 0, &mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
