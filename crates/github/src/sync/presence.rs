//! Whether the shelf holds what the host has: counts first, numbers only where the counts differ.

use serde_json::json;

use super::Synchroniser;
use crate::error::GithubError;
use crate::queries;
use crate::shelf::{Page, RepositoryState};
use crate::wire::{NodeData, PresentNode};

/// Stored numbers read at once.
const NUMBERS_PAGE: usize = 1_000;

impl Synchroniser {
    /// Compares what is stored of a repository with the `total` the host counts. Where they differ,
    /// what the host no longer has is marked, and what the shelf lacks is read; returns how many.
    ///
    /// Holds the numbers of one repository, 8 bytes each, and only where the counts differ.
    pub(super) async fn compare_presence(
        &self,
        repository: &RepositoryState,
        total: u64,
    ) -> Result<u64, GithubError> {
        let mut stored = 0;
        self.each_stored(repository, |_| stored += 1)?;
        if stored == total {
            return Ok(0);
        }
        let mut present = self.present(repository).await?;
        present.sort_unstable();
        present.dedup();
        let mut gone = Vec::new();
        let mut is_stored = vec![false; present.len()];
        self.each_stored(repository, |number| match present.binary_search(&number) {
            Ok(position) => is_stored[position] = true,
            Err(_) => gone.push(number),
        })?;
        let lacking: Vec<u64> = present
            .iter()
            .zip(is_stored)
            .filter(|(_, is_stored)| !is_stored)
            .map(|(number, _)| *number)
            .collect();
        if !gone.is_empty() {
            let page = Page {
                gone,
                ..Page::default()
            };
            self.shelf
                .put_page(&repository.id, &page)
                .map_err(GithubError::Shelf)?;
        }
        self.by_numbers(repository, &lacking).await
    }

    async fn present(&self, repository: &RepositoryState) -> Result<Vec<u64>, GithubError> {
        let what = format!("pull requests of {}", repository.name);
        let mut numbers = Vec::new();
        let mut after: Option<String> = None;
        loop {
            self.check_interrupt()?;
            let (data, _) = self
                .or_interrupt(self.client.ask_small::<NodeData<PresentNode>>(
                    &what,
                    &queries::present(),
                    json!({"id": repository.id.0, "after": after}),
                ))
                .await?;
            let page = data
                .node
                .and_then(|node| node.pull_requests)
                .ok_or_else(|| GithubError::NotFound { what: what.clone() })?;
            after = page.next();
            numbers.extend(page.items().map(|present| present.number));
            if after.is_none() {
                return Ok(numbers);
            }
        }
    }

    fn each_stored(
        &self,
        repository: &RepositoryState,
        mut each: impl FnMut(u64),
    ) -> Result<(), GithubError> {
        let mut after = None;
        loop {
            let page = self
                .shelf
                .numbers(&repository.id, after, NUMBERS_PAGE)
                .map_err(GithubError::Shelf)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(*last);
            page.into_iter().for_each(&mut each);
        }
    }
}
