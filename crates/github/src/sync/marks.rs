//! What is to be read again whatever the watermark says: because a webhook told of it, or because the
//! host could not give all of it the last time.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::Synchroniser;
use crate::error::GithubError;
use crate::queries::{self, NUMBERS_AT_ONCE};
use crate::shelf::{Mark, Marked, Page, RepositoryState};
use crate::wire::{Changed, NodeData, NumbersNode};

/// Numbers whose pull requests are read before the next are asked after.
const READ_TOGETHER: usize = 100;

/// The marks of a repository as they were before it was read, and which are still to be heeded.
///
/// Holds some 40 bytes for each, and there is at most one for each pull request.
pub(super) struct Marks {
    all: Vec<Mark>,
    left: BTreeSet<u64>,
}

impl Marks {
    /// Whether the repository itself is marked.
    pub(super) fn is_repository_marked(&self) -> bool {
        self.all.iter().any(|mark| mark.what == Marked::Repository)
    }

    /// Notes what was read since the marks were looked at.
    pub(super) fn note_read(&mut self, read: &[Changed]) {
        for changed in read {
            self.left.remove(&changed.number);
        }
    }
}

/// What became of numbers that were asked after.
#[derive(Default)]
struct Found {
    there: Vec<Changed>,
    gone: Vec<u64>,
    unreadable: Vec<(u64, String)>,
}

impl Synchroniser {
    pub(super) fn marks(&self, repository: &RepositoryState) -> Result<Marks, GithubError> {
        if repository.marks == 0 {
            return Ok(Marks {
                all: Vec::new(),
                left: BTreeSet::new(),
            });
        }
        let all = self
            .shelf
            .marks(&repository.id)
            .map_err(GithubError::Shelf)?;
        let left = all
            .iter()
            .filter_map(|mark| match mark.what {
                Marked::PullRequest(number) => Some(number),
                Marked::Repository => None,
            })
            .collect();
        Ok(Marks { all, left })
    }

    /// Reads what is marked and was not read by the walk, and takes the marks away; how many were read.
    pub(super) async fn heed(
        &self,
        repository: &RepositoryState,
        marks: Marks,
    ) -> Result<u64, GithubError> {
        if marks.all.is_empty() {
            return Ok(0);
        }
        // What cannot be had again is marked anew by reading it, and such a mark is not cleared here.
        let left: Vec<u64> = marks.left.into_iter().collect();
        let read = self.by_numbers(repository, &left).await?;
        self.shelf
            .clear_marks(&repository.id, &marks.all)
            .map_err(GithubError::Shelf)?;
        Ok(read)
    }

    /// Reads pull requests of which only the numbers are known; how many were read.
    pub(super) async fn by_numbers(
        &self,
        repository: &RepositoryState,
        numbers: &[u64],
    ) -> Result<u64, GithubError> {
        let mut read = 0;
        for together in numbers.chunks(READ_TOGETHER) {
            let mut found = Found::default();
            for asked in together.chunks(NUMBERS_AT_ONCE) {
                self.check_interrupt()?;
                self.ask_after(repository, asked, &mut found).await?;
            }
            self.read_and_keep(repository, &found.there, &mut read)
                .await?;
            if !found.gone.is_empty() || !found.unreadable.is_empty() {
                let page = Page {
                    again: found.unreadable.iter().map(|(number, _)| *number).collect(),
                    gone: found.gone,
                    unreadable: found.unreadable,
                    ..Page::default()
                };
                self.shelf
                    .put_page(&repository.id, &page)
                    .map_err(GithubError::Shelf)?;
            }
        }
        Ok(read)
    }

    /// Asks for the ids of some pull requests.
    async fn ask_after(
        &self,
        repository: &RepositoryState,
        numbers: &[u64],
        found: &mut Found,
    ) -> Result<(), GithubError> {
        let Some(last) = numbers.last() else {
            return Ok(());
        };
        let what = format!("pull requests of {}", repository.name);
        let mut variables = Map::new();
        variables.insert("id".to_owned(), Value::from(repository.id.0.clone()));
        for place in 0..NUMBERS_AT_ONCE {
            let number = numbers.get(place).unwrap_or(last);
            variables.insert(format!("n{place}"), Value::from(*number));
        }
        let (data, errors) = self
            .or_interrupt(self.client.ask_small::<NodeData<NumbersNode>>(
                &what,
                &queries::numbers(),
                Value::Object(variables),
            ))
            .await?;
        let mut places: HashMap<String, Option<Changed>> =
            data.node.ok_or(GithubError::NotFound { what })?.places;
        for (place, number) in numbers.iter().enumerate() {
            let name = format!("n{place}");
            if let Some(changed) = places.remove(&name).flatten() {
                found.there.push(changed);
                continue;
            }
            let error = errors
                .iter()
                .find(|error| error.field() == Some(name.as_str()));
            match error {
                Some(error) if error.kind.as_deref() != Some("NOT_FOUND") => {
                    found.unreadable.push((*number, error.message.clone()));
                }
                _ => found.gone.push(*number),
            }
        }
        Ok(())
    }
}
