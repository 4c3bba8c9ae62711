//! Which questions there are, in 32 bytes each: so much of them, and no more, is held in memory.

/// A question, by hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its id.
    pub(super) id: IdHash,
    /// What is asked: messages, system prompts and schema.
    pub(super) question: u64,
    /// The line it stands on, from 1.
    pub(super) line: u64,
}

/// Half of the hash of an id: two ids of one job do not share it by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IdHash(u128);

impl IdHash {
    /// The hash of an id.
    pub(super) fn of(id: &str) -> Self {
        let mut bytes = [0; 16];
        let mut hasher = blake3::Hasher::new();
        hasher.update(id.as_bytes()).finalize_xof().fill(&mut bytes);
        IdHash(u128::from_le_bytes(bytes))
    }
}

/// Questions, found by id.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: Vec<Entry>,
}

impl Index {
    /// An index of these entries, in any order. The later of two entries with one id counts.
    pub(super) fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable_by_key(|entry| (entry.id, std::cmp::Reverse(entry.line)));
        entries.dedup_by_key(|entry| entry.id);
        Index { entries }
    }

    /// An index of entries whose ids must differ.
    ///
    /// # Errors
    /// The lines of the first pair, by line, that share an id.
    pub(super) fn of_distinct(mut entries: Vec<Entry>) -> Result<Self, (u64, u64)> {
        entries.sort_unstable_by_key(|entry| (entry.id, entry.line));
        let pairs = entries.iter().zip(entries.iter().skip(1));
        let repeated = pairs
            .filter(|(first, second)| first.id == second.id)
            .map(|(first, second)| (first.line, second.line))
            .min_by_key(|(_, second)| *second);
        match repeated {
            Some(lines) => Err(lines),
            None => Ok(Index { entries }),
        }
    }

    /// The entry of an id.
    pub(super) fn get(&self, id: IdHash) -> Option<&Entry> {
        let place = self.entries.binary_search_by_key(&id, |entry| entry.id);
        place.ok().and_then(|place| self.entries.get(place))
    }

    /// Whether this very question is in it.
    pub(super) fn has(&self, id: IdHash, question: u64) -> bool {
        self.get(id).is_some_and(|entry| entry.question == question)
    }

    /// All entries.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many.
    pub(super) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// How many of them are, as they are, in another index too.
    pub(super) fn found_in(&self, other: &Index) -> u64 {
        let found = self.entries.iter();
        found
            .filter(|entry| other.has(entry.id, entry.question))
            .count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, question: u64, line: u64) -> Entry {
        Entry {
            id: IdHash::of(id),
            question,
            line,
        }
    }

    #[test]
    fn entries_are_found_and_the_later_one_counts() {
        let index = Index::new(vec![entry("a", 1, 1), entry("b", 2, 2), entry("a", 3, 3)]);
        assert_eq!(index.len(), 2);
        assert!(index.has(IdHash::of("a"), 3) && !index.has(IdHash::of("a"), 1));
        assert!(index.get(IdHash::of("c")).is_none());
        let other = Index::new(vec![entry("a", 3, 1), entry("b", 9, 2)]);
        assert_eq!(index.found_in(&other), 1);
    }

    #[test]
    fn the_first_repetition_is_named_with_both_lines() {
        let entries = vec![
            entry("a", 1, 1),
            entry("b", 1, 2),
            entry("b", 1, 5),
            entry("a", 1, 9),
        ];
        assert_eq!(Index::of_distinct(entries).err(), Some((2, 5)));
        assert!(Index::of_distinct(vec![entry("a", 1, 1), entry("b", 1, 2)]).is_ok());
    }
}
