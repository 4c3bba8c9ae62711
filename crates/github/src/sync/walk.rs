//! The walk over a repository: what changed last comes first, down to the watermark.
//!
//! A pull request that changes during the walk moves to its top, behind our back. So after a walk the
//! top is looked at again, until nothing is newer than what was read.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Synchroniser;
use crate::error::GithubError;
use crate::fetch::{Fetched, whole};
use crate::observer::Event;
use crate::queries;
use crate::shelf::{Page, RepositoryProgress, RepositoryState, Walk, Whole};
use crate::wire::{Changed, ChangesNode, Connection, NodeData, NumberNode};

/// Ids read by one page of a first walk, and of a walk down to a watermark.
const PAGE: usize = 100;
const NEWS_PAGE: usize = 50;
/// Pull requests read and stored together.
const STORED_TOGETHER: usize = 25;
/// How often the top is looked at again after a walk.
const LOOKS: usize = 12;
/// A change so near to the host's present may be followed by another within the same second.
const UNSETTLED: SignedDuration = SignedDuration::from_secs(5);

/// What a walk came to.
#[derive(Debug, Clone, Copy, Default)]
struct Walked {
    /// Pull requests read.
    read: u64,
    /// Pull requests the host counts.
    total: u64,
}

impl Synchroniser {
    /// Reads what changed in a repository.
    pub(super) async fn repository(&self, repository: RepositoryState) -> Result<(), GithubError> {
        self.client.tell(&Event::RepositoryStarted {
            name: &repository.name,
            expected: repository.expected,
        });
        let mut progress = self.reaching_back(&repository);
        let mut seen: HashSet<(String, Timestamp)> = HashSet::new();
        let mut read = 0;
        let mut total = repository.expected;
        for _ in 0..LOOKS {
            let walked = self
                .walk(&repository, &mut progress, &mut seen, &mut read)
                .await?;
            total = walked.total;
            if walked.read == 0 {
                break;
            }
        }
        if progress.since.is_none() {
            read += self.compare_presence(&repository, total).await?;
        }
        progress.finished_at = Some(self.client.host_now());
        self.put_progress(&repository.id, &progress)?;
        self.client.tell(&Event::RepositoryFinished {
            name: &repository.name,
            read,
        });
        Ok(())
    }

    /// The progress so far, unless more history is wanted now than was before.
    fn reaching_back(&self, repository: &RepositoryState) -> RepositoryProgress {
        let progress = repository.progress.clone();
        let wanted = self.settings.since;
        let is_new = progress == RepositoryProgress::default();
        let reaches_back = match (progress.since, wanted) {
            (None, _) => true,
            (Some(stored), Some(wanted)) => stored <= wanted,
            (Some(_), None) => false,
        };
        if is_new || !reaches_back {
            return RepositoryProgress {
                since: wanted,
                ..RepositoryProgress::default()
            };
        }
        progress
    }

    /// One walk.
    async fn walk(
        &self,
        repository: &RepositoryState,
        progress: &mut RepositoryProgress,
        seen: &mut HashSet<(String, Timestamp)>,
        read: &mut u64,
    ) -> Result<Walked, GithubError> {
        let down_to = progress.watermark.max(progress.since);
        let page_size = if progress.watermark.is_some() {
            NEWS_PAGE
        } else {
            PAGE
        };
        let mut walk = progress.walk.clone();
        let mut newest = walk.as_ref().map(|walk| walk.newest);
        let mut walked = Walked::default();
        loop {
            self.check_interrupt()?;
            let cursor = walk.as_ref().map(|walk| walk.cursor.clone());
            let page = self
                .changes(repository, page_size, cursor.as_deref())
                .await?;
            if newest.is_none() {
                let first = page.nodes.iter().flatten().flatten().next();
                newest = first.map(|first| self.settled(first.updated_at));
            }
            let next = page.next();
            walked.total = page.total_count;
            let listed: Vec<Changed> = page.items().collect();
            let reached = listed
                .iter()
                .any(|changed| down_to.is_some_and(|down_to| changed.updated_at < down_to));
            let wanted: Vec<Changed> = listed
                .into_iter()
                .filter(|changed| down_to.is_none_or(|down_to| changed.updated_at >= down_to))
                .filter(|changed| seen.insert((changed.id.clone(), changed.updated_at)))
                .collect();
            self.read_and_keep(repository, &wanted, read).await?;
            walked.read += wanted.len() as u64;
            match (next, newest) {
                (Some(cursor), Some(newest)) if !reached => {
                    let step = Walk { newest, cursor };
                    progress.walk = Some(step.clone());
                    self.put_progress(&repository.id, progress)?;
                    walk = Some(step);
                }
                _ => break,
            }
            // Only what may lie at the edge of a page needs to be remembered.
            if seen.len() > 4 * PAGE {
                seen.clear();
            }
        }
        progress.walk = None;
        progress.watermark = newest.max(progress.watermark);
        self.put_progress(&repository.id, progress)?;
        Ok(walked)
    }

    /// A watermark that later changes cannot share.
    fn settled(&self, newest: Timestamp) -> Timestamp {
        let host_now = self.client.host_now();
        newest.min(host_now.checked_sub(UNSETTLED).unwrap_or(newest))
    }

    async fn changes(
        &self,
        repository: &RepositoryState,
        first: usize,
        after: Option<&str>,
    ) -> Result<Connection<Changed>, GithubError> {
        let what = format!("pull requests of {}", repository.name);
        let variables = json!({"id": repository.id.0, "first": first, "after": after});
        let (data, _) = self
            .or_interrupt(self.client.ask_small::<NodeData<ChangesNode>>(
                &what,
                &queries::changes(),
                variables,
            ))
            .await?;
        data.node
            .and_then(|node| node.pull_requests)
            .ok_or(GithubError::NotFound { what })
    }

    /// Reads pull requests in groups and keeps each group when it is there.
    async fn read_and_keep(
        &self,
        repository: &RepositoryState,
        wanted: &[Changed],
        read: &mut u64,
    ) -> Result<(), GithubError> {
        let what = format!("pull requests of {}", repository.name);
        let groups: Vec<&[Changed]> = wanted.chunks(STORED_TOGETHER).collect();
        let mut reading = stream::iter(groups)
            .map(|group| {
                let what = &what;
                async move {
                    let ids: Vec<String> = group.iter().map(|changed| changed.id.clone()).collect();
                    let fetched = self
                        .or_interrupt(whole(&self.client, &self.pace, what, &ids))
                        .await?;
                    Ok::<_, GithubError>((group, fetched))
                }
            })
            .buffer_unordered(self.client.concurrency());
        while let Some(group) = reading.next().await {
            let (group, fetched) = group?;
            *read += fetched.len() as u64;
            self.keep_page(repository, group, fetched)?;
            self.client.tell(&Event::Stored {
                name: &repository.name,
                read: *read,
            });
        }
        Ok(())
    }

    fn keep_page(
        &self,
        repository: &RepositoryState,
        group: &[Changed],
        fetched: Vec<Fetched>,
    ) -> Result<(), GithubError> {
        let number_of = |id: &str| {
            group
                .iter()
                .find(|changed| changed.id == id)
                .map(|changed| changed.number)
        };
        let mut page = Page::default();
        for one in fetched {
            match one {
                Fetched::Record(record, gap) => {
                    let mut record = *record;
                    // The walk knows the repository by its id; the record follows its present name.
                    record.repo.clone_from(&repository.name);
                    page.whole.push(Whole { record, gap });
                }
                Fetched::Gone(id) => page.gone.extend(number_of(&id)),
                Fetched::Unreadable(id, reason) => {
                    if let Some(number) = number_of(&id) {
                        self.client.tell(&Event::Warning(&format!(
                            "{}#{number} cannot be read: {reason}",
                            repository.name
                        )));
                        page.unreadable.push((number, reason));
                    }
                }
            }
        }
        self.read
            .fetch_add(page.whole.len() as u64, Ordering::Relaxed);
        let stored = self
            .shelf
            .put_page(&repository.id, &page)
            .map_err(GithubError::Shelf)?;
        self.stored.fetch_add(stored, Ordering::Relaxed);
        Ok(())
    }

    /// Reads pull requests of which only the numbers are known.
    pub(super) async fn by_numbers(
        &self,
        repository: &RepositoryState,
        numbers: &[u64],
    ) -> Result<(), GithubError> {
        let mut wanted = Vec::new();
        let mut gone = Vec::new();
        for number in numbers {
            self.check_interrupt()?;
            let what = format!("{}#{number}", repository.name);
            let asked = self
                .or_interrupt(self.client.ask_small::<NodeData<NumberNode>>(
                    &what,
                    &queries::number(),
                    json!({"id": repository.id.0, "number": number}),
                ))
                .await;
            match asked {
                Ok((data, _)) => match data.node.and_then(|node| node.pull_request) {
                    Some(changed) => wanted.push(changed),
                    None => gone.push(*number),
                },
                Err(GithubError::NotFound { .. }) => gone.push(*number),
                Err(error) => return Err(error),
            }
        }
        let mut read = 0;
        self.read_and_keep(repository, &wanted, &mut read).await?;
        if !gone.is_empty() {
            let page = Page {
                gone,
                ..Page::default()
            };
            self.shelf
                .put_page(&repository.id, &page)
                .map_err(GithubError::Shelf)?;
        }
        Ok(())
    }
}
