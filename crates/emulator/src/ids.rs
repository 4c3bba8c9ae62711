//! Ids in the providers' shapes, time first: a prefix and 26 lower-case base-32 signs, or a UUID.

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
        let value = self.value();
        let mut id = String::with_capacity(prefix.len() + 26);
        id.push_str(prefix);
        for place in (0..26).rev() {
            let sign = (value >> (place * 5)) & 31;
            id.push(char::from(SIGNS[sign as usize]));
        }
        id
    }

    /// Makes the next id in the shape of a UUID, which sorts by time as well.
    pub(crate) fn next_uuid(&self) -> String {
        let digits = format!("{:032x}", self.value());
        let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
        parts
            .map(|(from, to)| digits.get(from..to).unwrap_or_default())
            .join("-")
    }

    /// 48 bits of time, 32 of the number, 48 of chance.
    fn value(&self) -> u128 {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        // The number takes part as it is, so that two ids of one millisecond never collide.
        let random = (u128::from(number & 0xffff_ffff) << 48)
            | u128::from(self.draws.bits("ids", number) >> 16);
        (u128::from(self.clock.unix_ms()) << 80) | random
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

    #[tokio::test(start_paused = true)]
    async fn uuids_have_their_shape_and_sort_by_time() {
        let ids = Ids::new(Clock::start(Some(1_736_472_501_000)), Draws::new(0));
        let first = ids.next_uuid();
        let second = ids.next_uuid();
        let lengths: Vec<usize> = first.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{first}");
        assert!(first < second, "{first} {second}");
    }
}
