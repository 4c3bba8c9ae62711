//! When the searched columns are brought up to date while pages are served.

use std::sync::{Mutex, PoisonError};

/// Which versions of the data were seen and seen to.
///
/// The columns are written once the data stands still between two looks: while a verb writes, they would be
/// written again and again, and verbs that write much do it themselves at their end.
#[derive(Debug, Default)]
pub(crate) struct Upkeep {
    versions: Mutex<Versions>,
}

#[derive(Debug, Default)]
struct Versions {
    seen: Option<u64>,
    done: Option<u64>,
}

impl Upkeep {
    /// Whether it is time, at a look that finds this version of the data. At the first look it is.
    pub(crate) fn is_due(&self, version: u64) -> bool {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = versions.seen.replace(version);
        versions.done != Some(version) && seen.is_none_or(|seen| seen == version)
    }

    /// Notes that it was done for this version.
    pub(crate) fn is_done(&self, version: u64) {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.done = Some(version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_at_first_and_when_the_data_came_to_rest() {
        let upkeep = Upkeep::default();
        assert!(upkeep.is_due(3));
        // It could not be done: it stays due.
        assert!(upkeep.is_due(3));
        upkeep.is_done(3);
        assert!(!upkeep.is_due(3));
        assert!(!upkeep.is_due(4) && !upkeep.is_due(5), "it moves");
        assert!(upkeep.is_due(5), "it rests");
        upkeep.is_done(5);
        assert!(!upkeep.is_due(5));
    }
}
