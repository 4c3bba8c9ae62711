//! Pull requests of which only the existence is known.

use jiff::Timestamp;
use model::PrKey;
use serde::{Deserialize, Serialize};

/// A pull request that was seen somewhere, for instance in a public archive of events, but not read.
///
/// It counts nowhere: nothing is known of its content, which is not the same as having none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Which one.
    pub key: PrKey,
    /// Who opened it, where the sighting says so.
    pub author: Option<String>,
    /// An account that did something with it.
    pub actor: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What storing sightings did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SightingCounts {
    /// Of pull requests not heard of before.
    pub discovered: u64,
    /// Of pull requests seen before.
    pub seen_again: u64,
    /// Of pull requests that are stored with their content: nothing was written.
    pub already_read: u64,
}

impl std::ops::AddAssign for SightingCounts {
    fn add_assign(&mut self, other: Self) {
        self.discovered += other.discovered;
        self.seen_again += other.seen_again;
        self.already_read += other.already_read;
    }
}

/// What was discovered of one repository and not read since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscoveredRepository {
    /// `owner/name`.
    pub repo: String,
    /// Pull requests that are known to exist.
    pub pull_requests: u64,
    /// Accounts seen with them.
    pub actors: u64,
    /// When the first was seen first.
    pub first_seen_at: Timestamp,
    /// When the last was seen last.
    pub last_seen_at: Timestamp,
}
