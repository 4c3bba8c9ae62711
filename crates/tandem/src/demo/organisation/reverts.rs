//! Reverts of work merged before.

use model::PullRequest;

use super::chance::Chance;
use super::clocks::{Ending, Moments};

/// Share of people's pull requests that revert the one merged before.
const REVERT_SHARE: f64 = 0.02;

/// The work merged last in a repository: what a revert needs to know.
#[derive(Debug, Clone)]
pub(super) struct MergedWork {
    number: u64,
    title: String,
    sha: String,
    merged: i64,
}

impl MergedWork {
    /// The record as work to revert, if it was merged.
    pub(super) fn of(record: &PullRequest, moments: &Moments, chance: &mut Chance) -> Option<Self> {
        let merged = moments.ended.filter(|_| moments.ending == Ending::Merged)?;
        Some(MergedWork {
            number: record.number,
            title: record.title.clone(),
            sha: chance.hex(40),
            merged,
        })
    }

    /// Whether a person who opens a pull request at this moment reverts this work.
    pub(super) fn is_reverted(&self, opened: i64, chance: &mut Chance) -> bool {
        chance.happens(REVERT_SHARE) && self.merged < opened
    }

    /// Writes the revert into the record.
    pub(super) fn write_revert(&self, record: &mut PullRequest) {
        record.title = format!("Revert \"{}\"", self.title);
        record.body = Some(format!(
            "Reverts {}#{}.\n\nThis reverts commit {}.",
            record.repo, self.number, self.sha
        ));
        record.head_ref = Some(format!("revert-{}-main", self.number));
        if let Some(first) = record.commits.get_or_insert_default().first_mut() {
            first.message = format!("{}\n\nThis reverts commit {}.", record.title, self.sha);
        }
    }
}
