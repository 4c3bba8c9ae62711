//! The sample: the same pull requests for every model and every time, chosen by hashes.

use std::collections::BTreeMap;
use std::path::Path;

use detect::evaluation::{Label, TruthRecord};
use intake::{JsonLines, Options, Source};
use model::PrKey;
use store::{Selection, Store};

use crate::error::{CliError, ErrorKind};
use crate::wiring::database::PAGE;

/// A sampled pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sampled {
    /// Its key.
    pub(super) key: PrKey,
    /// Whether AI took part, where the truth says so.
    pub(super) truth: Option<bool>,
}

/// The `limit` pull requests with the smallest ranks, in the order of their ranks: a random order
/// that seed and key decide.
struct Smallest {
    seed: u64,
    limit: usize,
    kept: BTreeMap<([u8; 16], PrKey), Option<bool>>,
}

impl Smallest {
    fn rank(&self, key: &PrKey) -> [u8; 16] {
        let mut rank = [0; 16];
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(key.to_string().as_bytes());
        hasher.finalize_xof().fill(&mut rank);
        rank
    }

    /// The place a key would have, if it would be kept.
    fn place(&self, key: &PrKey) -> Option<([u8; 16], PrKey)> {
        let place = (self.rank(key), key.clone());
        let is_full = self.kept.len() >= self.limit;
        let is_late = self
            .kept
            .last_key_value()
            .is_some_and(|(last, _)| place > *last);
        (!(is_full && is_late)).then_some(place)
    }

    fn keep(&mut self, place: ([u8; 16], PrKey), truth: Option<bool>) {
        self.kept.insert(place, truth);
        while self.kept.len() > self.limit {
            self.kept.pop_last();
        }
    }

    fn finish(self) -> Vec<Sampled> {
        let kept = self.kept.into_iter();
        kept.map(|((_, key), truth)| Sampled { key, truth })
            .collect()
    }
}

/// Samples among the selected pull requests, or among those that a truth file knows.
pub(super) fn sample(
    store: &dyn Store,
    selection: &Selection,
    truth: Option<&Path>,
    limit: u64,
    seed: u64,
) -> Result<Vec<Sampled>, CliError> {
    let mut smallest = Smallest {
        seed,
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
        kept: BTreeMap::new(),
    };
    if let Some(truth) = truth {
        among_truth(store, selection, truth, &mut smallest)?;
        return Ok(smallest.finish());
    }
    let mut after = None;
    loop {
        let page = store.facts(selection, after.as_ref(), PAGE)?;
        for fact in &page {
            let key = PrKey {
                repo: fact.repo.to_string(),
                number: fact.number,
            };
            if let Some(place) = smallest.place(&key) {
                smallest.keep(place, None);
            }
            after = Some(key);
        }
        if page.is_empty() {
            return Ok(smallest.finish());
        }
    }
}

fn among_truth(
    store: &dyn Store,
    selection: &Selection,
    truth: &Path,
    smallest: &mut Smallest,
) -> Result<(), CliError> {
    let source = Source::from_argument(&truth.to_string_lossy());
    let lines = JsonLines::<TruthRecord>::open(&source, Options::default())
        .map_err(|error| CliError::new(ErrorKind::Input, error))?;
    for line in lines {
        let record = line
            .map_err(|error| {
                CliError::new(ErrorKind::Input, error)
                    .hint("a line of truth has at least repo, number, agent and ai_authored")
            })?
            .value;
        let is_ai = match record.label() {
            Label::Ai(_) => true,
            Label::Person => false,
            Label::Unknown => continue,
        };
        if record.weak {
            continue;
        }
        let key = record.key();
        let is_wanted = selection.repo.as_ref().is_none_or(|repo| *repo == key.repo);
        let Some(place) = smallest.place(&key).filter(|_| is_wanted) else {
            continue;
        };
        // Only what would be kept is looked up.
        let stored = store.pull_request(&key)?;
        let is_there = stored.is_some_and(|stored| {
            selection
                .team
                .as_ref()
                .is_none_or(|team| *team == stored.team)
        });
        if is_there {
            smallest.keep(place, Some(is_ai));
        }
    }
    Ok(())
}
