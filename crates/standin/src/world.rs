//! Repositories and what happens to them.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use model::PullRequest;

use crate::truth::{self, Sizes, Truth};

/// A repository to make.
#[derive(Debug, Clone)]
pub struct RepositorySpec {
    /// `owner/name`.
    pub name: String,
    /// How many pull requests it has.
    pub pull_requests: u64,
    /// Whether it is archived.
    pub archived: bool,
    /// Whether it is a fork.
    pub fork: bool,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// Somebody comments: the pull request changes and moves to the top.
    Touch(usize, u64),
    /// A pull request is opened.
    Open(usize),
    /// A pull request disappears.
    Delete(usize, u64),
    /// A repository is renamed or transferred.
    Rename(usize, String),
    /// A repository disappears.
    Vanish(usize),
}

pub(crate) struct Repository {
    pub(crate) name: String,
    pub(crate) former_names: Vec<String>,
    pub(crate) archived: bool,
    pub(crate) fork: bool,
    pub(crate) vanished: bool,
    /// The next number.
    next: u64,
    /// How often and when those were changed that were.
    changed: HashMap<u64, (u64, Timestamp)>,
    deleted: BTreeSet<u64>,
    /// All that are there, by their last change.
    pub(crate) by_change: BTreeSet<(Timestamp, u64)>,
}

/// Everything the stand-in holds.
pub struct World {
    seed: u64,
    sizes: Sizes,
    pub(crate) repositories: Vec<Repository>,
}

impl World {
    /// Makes repositories.
    pub fn new(seed: u64, sizes: Sizes, specs: &[RepositorySpec]) -> World {
        World {
            seed,
            sizes,
            repositories: specs.iter().map(Repository::new).collect(),
        }
    }

    /// Makes one more repository. It takes over a name that another had before.
    pub fn create(&mut self, spec: &RepositorySpec) {
        self.repositories.push(Repository::new(spec));
    }

    /// Lets something happen, at the host's time `at`.
    pub fn happen(&mut self, happening: &Happening, at: Timestamp) {
        match happening {
            Happening::Touch(index, number) => {
                let repository = &mut self.repositories[*index];
                if *number == 0 || *number >= repository.next || repository.deleted.contains(number)
                {
                    return;
                }
                let before = repository.change_of(*number);
                repository.by_change.remove(&(before, *number));
                let entry = repository.changed.entry(*number).or_insert((0, at));
                *entry = (entry.0 + 1, at);
                repository.by_change.insert((at, *number));
            }
            Happening::Open(index) => {
                let repository = &mut self.repositories[*index];
                let number = repository.next;
                repository.next += 1;
                repository.changed.insert(number, (0, at));
                repository.by_change.insert((at, number));
            }
            Happening::Delete(index, number) => {
                let repository = &mut self.repositories[*index];
                let before = repository.change_of(*number);
                if repository.by_change.remove(&(before, *number)) {
                    repository.deleted.insert(*number);
                }
            }
            Happening::Rename(index, name) => {
                let repository = &mut self.repositories[*index];
                let former = std::mem::replace(&mut repository.name, name.clone());
                repository.former_names.push(former);
            }
            Happening::Vanish(index) => self.repositories[*index].vanished = true,
        }
    }

    /// How many repositories there are.
    pub fn len(&self) -> usize {
        self.repositories.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.repositories.is_empty()
    }

    /// The name of a repository now.
    pub fn name(&self, repository: usize) -> &str {
        &self.repositories[repository].name
    }

    /// The numbers of the pull requests that are there, ascending.
    pub fn numbers(&self, repository: usize) -> Vec<u64> {
        let mut numbers: Vec<u64> = (self.repositories[repository].by_change.iter())
            .map(|(_, number)| *number)
            .collect();
        numbers.sort_unstable();
        numbers
    }

    /// A pull request as a whole sync must have it.
    pub fn pull_request(&self, repository: usize, number: u64) -> Option<PullRequest> {
        self.truth(repository, number).map(|truth| truth.record)
    }

    pub(crate) fn truth(&self, index: usize, number: u64) -> Option<Truth> {
        let repository = self
            .repositories
            .get(index)
            .filter(|found| !found.vanished)?;
        let updated_at = repository.change_of(number);
        repository.by_change.get(&(updated_at, number))?;
        let version = repository
            .changed
            .get(&number)
            .map_or(0, |(version, _)| *version);
        Some(truth::make(
            self.seed,
            index,
            &repository.name,
            number,
            version,
            updated_at,
            self.sizes,
        ))
    }

    pub(crate) fn changed_at(&self, index: usize, number: u64) -> Timestamp {
        self.repositories[index].change_of(number)
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<usize> {
        let matches = |candidate: &str| candidate.eq_ignore_ascii_case(name);
        let present = |repository: &&Repository| !repository.vanished;
        let position = |test: &dyn Fn(&Repository) -> bool| {
            self.repositories
                .iter()
                .position(|repository| present(&repository) && test(repository))
        };
        position(&|repository| matches(&repository.name)).or_else(|| {
            position(&|repository| repository.former_names.iter().any(|name| matches(name)))
        })
    }
}

impl Repository {
    fn new(spec: &RepositorySpec) -> Repository {
        Repository {
            name: spec.name.clone(),
            former_names: Vec::new(),
            archived: spec.archived,
            fork: spec.fork,
            vanished: false,
            next: spec.pull_requests + 1,
            changed: HashMap::new(),
            deleted: BTreeSet::new(),
            by_change: (1..=spec.pull_requests)
                .map(|number| (first_change(number), number))
                .collect(),
        }
    }

    fn change_of(&self, number: u64) -> Timestamp {
        self.changed
            .get(&number)
            .map_or_else(|| first_change(number), |(_, at)| *at)
    }
}

/// Changes lie an hour after the opening; every third shares its second with the one before.
fn first_change(number: u64) -> Timestamp {
    let shared = if number % 3 == 2 { number - 1 } else { number };
    truth::created_at(shared)
        .checked_add(SignedDuration::from_hours(1))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}
