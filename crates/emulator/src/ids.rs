//! Ids in the provider's shape: a prefix and 26 lower-case base-32 signs, time first.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Clock;
use crate::draw::Draws;

/// Crockford's base 32: no i, l, o, u.
const SIGNS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Makes ids. The same seed and the same times give the same ids.
#[derive(Debug)]
pub(crate) struct Ids {
    clock: Clock,
    draws: Draws,
    made: AtomicU64,
}

impl Ids {
    pub(crate) fn new(clock: Clock, draws: Draws) -> Self {
        Self {
            clock,
            draws,
            made: AtomicU64::new(0),
        }
    }

    /// Makes the next id with a prefix such as `file_`.
    pub(crate) fn next(&self, prefix: &str) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        // The number takes part as it is, so that two ids of one millisecond never collide.
        let random = (u128::from(number & 0xffff_ffff) << 48)
            | u128::from(self.draws.bits("ids", number) >> 16);
        let value = (u128::from(self.clock.unix_ms()) << 80) | random;
        let mut id = String::with_capacity(prefix.len() + 26);
        id.push_str(prefix);
        for place in (0..26).rev() {
            let sign = (value >> (place * 5)) & 31;
            id.push(char::from(SIGNS[sign as usize]));
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ids_have_the_documented_shape_and_differ() {
        let ids = Ids::new(Clock::start(Some(1_736_472_501_000)), Draws::new(0));
        let first = ids.next("file_");
        let second = ids.next("file_");
        assert_ne!(first, second);
        assert!(first.starts_with("file_01jh6x76"), "{first}");
        assert_eq!(first.len(), "file_01jh6x76wtemjr74t1fh0faj5t".len());
    }
}
