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
use super::marks::Marks;
use crate::error::GithubError;
use crate::fetch::{Fetched, whole};
use crate::observer::Event;
use crate::queries;
use crate::shelf::{Page, RepositoryProgress, RepositoryState, Walk, Whole};
use crate::wire::{Changed, ChangesNode, Connection, NodeData};

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
        let mut marks = self.marks(&repository)?;
        let mut seen: HashSet<(String, Timestamp)> = HashSet::new();
        let mut read = 0;
        let mut total = repository.expected;
        // Where a webhook told of all that changed, there is nothing to walk over.
        let is_walked = marks.is_repository_marked() || self.has_unread(&repository);
        for _ in 0..if is_walked { LOOKS } else { 0 } {
            let walked = self
                .walk(&repository, &mut progress, &mut seen, &mut read, &mut marks)
                .await?;
            total = walked.total;
            if walked.read == 0 {
                break;
            }
        }
        read += self.heed(&repository, marks).await?;
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
        marks: &mut Marks,
    ) -> Result<Walked, GithubError> {
        // Nothing that is still to come can share the second of a watermark.
        let (watermark, since) = (progress.watermark, progress.since);
        let is_old = |changed: &Changed| {
            watermark.is_some_and(|watermark| changed.updated_at <= watermark)
                || since.is_some_and(|since| changed.updated_at < since)
        };
        let page_size = if progress.watermark.is_some() {
            NEWS_PAGE
        } else {
            PAGE
        };
        let is_first_look = seen.is_empty();
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
            let reached = listed.iter().any(is_old);
            let wanted: Vec<Changed> = listed
                .into_iter()
                .filter(|changed| !is_old(changed))
                .filter(|changed| seen.insert((changed.id.clone(), changed.updated_at)))
                .collect();
            self.read_and_keep(repository, &wanted, read).await?;
            marks.note_read(&wanted);
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
            // Of what the first look read, only what the next lists again needs to be remembered.
            if is_first_look && seen.len() > 4 * PAGE {
                seen.retain(|(_, at)| newest.is_some_and(|newest| *at > newest));
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
    pub(super) async fn read_and_keep(
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
                Fetched::Record(record, lack) => {
                    let mut record = *record;
                    // The walk knows the repository by its id; the record follows its present name.
                    record.repo.clone_from(&repository.name);
                    if lack.as_ref().is_some_and(|lack| lack.may_come) {
                        page.again.push(record.number);
                    }
                    let gap = lack.map(|lack| lack.words);
                    page.whole.push(Whole { record, gap });
                }
                Fetched::Gone(id) => page.gone.extend(number_of(&id)),
                Fetched::Unreadable(id, reason) => {
                    if let Some(number) = number_of(&id) {
                        self.client.tell(&Event::Warning(&format!(
                            "{}#{number} cannot be read: {reason}",
                            repository.name
                        )));
                        page.again.push(number);
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
}
