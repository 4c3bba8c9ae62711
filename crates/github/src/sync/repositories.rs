//! Which repositories there are, and where those went that are no longer listed.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use super::{Scope, Synchroniser};
use crate::error::GithubError;
use crate::observer::Event;
use crate::queries;
use crate::shelf::{RepositoryId, RepositoryProgress, RepositoryState};
use crate::wire::{KnownData, MaybeRepository, OwnerData, RepositoryData, RepositoryLine};

/// Ids asked after at once.
const KNOWN_PAGE: usize = 50;

impl Synchroniser {
    /// The repositories of a scope, kept on the shelf as they are now.
    pub(super) async fn repositories(
        &self,
        scope: &Scope,
        problems: &mut Vec<(String, GithubError)>,
    ) -> Result<Vec<RepositoryState>, GithubError> {
        let known = self.shelf.repositories().map_err(GithubError::Shelf)?;
        match scope {
            Scope::Owner(owner) => self.of_owner(owner, &known).await,
            Scope::Repositories(names) => {
                let mut found: Vec<RepositoryState> = Vec::with_capacity(names.len());
                for name in names {
                    match self.named(name, &known).await {
                        Ok(state) if found.iter().any(|other| other.id == state.id) => {}
                        Ok(state) => found.push(state),
                        Err(error) if error.is_about_one_thing() && names.len() > 1 => {
                            problems.push((name.clone(), error));
                        }
                        Err(error) => return Err(error),
                    }
                }
                Ok(found)
            }
        }
    }

    /// One repository by a name it has or had.
    pub(super) async fn named(
        &self,
        name: &str,
        known: &[RepositoryState],
    ) -> Result<RepositoryState, GithubError> {
        let what = format!("repository {name}");
        let (owner, short) = name
            .split_once('/')
            .ok_or_else(|| GithubError::NotFound { what: what.clone() })?;
        let variables = json!({"owner": owner, "name": short});
        let (data, _) = self
            .or_interrupt(self.client.ask_small::<RepositoryData>(
                &what,
                &queries::repository(),
                variables,
            ))
            .await?;
        let line = data.repository.ok_or(GithubError::NotFound { what })?;
        self.keep(line, known)
    }

    async fn of_owner(
        &self,
        owner: &str,
        known: &[RepositoryState],
    ) -> Result<Vec<RepositoryState>, GithubError> {
        let what = format!("organisation {owner}");
        let mut found = Vec::new();
        let mut listed: HashSet<RepositoryId> = HashSet::new();
        let mut after: Option<String> = None;
        loop {
            self.check_interrupt()?;
            let variables = json!({"login": owner, "after": after});
            let (data, errors) = self
                .or_interrupt(self.client.ask_small::<OwnerData>(
                    &what,
                    &queries::repositories(),
                    variables,
                ))
                .await?;
            if let Some(error) = errors.first() {
                self.client.tell(&Event::Warning(&format!(
                    "{what}: some repositories cannot be seen: {}",
                    error.message
                )));
            }
            let page = data
                .repository_owner
                .ok_or_else(|| GithubError::NotFound { what: what.clone() })?
                .repositories;
            after = page.next();
            for line in page.items() {
                listed.insert(RepositoryId(line.id.clone()));
                let is_wanted = (!line.is_archived || !self.settings.skip_archived)
                    && (!line.is_fork || self.settings.include_forks);
                if is_wanted {
                    found.push(self.keep(line, known)?);
                }
            }
            if after.is_none() {
                break;
            }
        }
        let prefix = format!("{}/", owner.to_lowercase());
        // One that is no longer listed may have lost its name to one that is.
        let known = self.shelf.repositories().map_err(GithubError::Shelf)?;
        let missing: Vec<&RepositoryState> = known
            .iter()
            .filter(|state| state.name.to_lowercase().starts_with(&prefix))
            .filter(|state| !listed.contains(&state.id))
            .collect();
        found.extend(self.where_they_went(&missing, &known).await?);
        Ok(found)
    }

    /// Repositories that are no longer listed were transferred, or are gone.
    async fn where_they_went(
        &self,
        missing: &[&RepositoryState],
        known: &[RepositoryState],
    ) -> Result<Vec<RepositoryState>, GithubError> {
        let mut found = Vec::new();
        for page in missing.chunks(KNOWN_PAGE) {
            let ids: Vec<&str> = page.iter().map(|state| state.id.0.as_str()).collect();
            let asked = self
                .or_interrupt(self.client.ask_small::<KnownData>(
                    "repositories that are no longer listed",
                    &queries::known_repositories(),
                    json!({"ids": ids}),
                ))
                .await;
            let nodes = match asked {
                Ok((data, _)) => data.nodes,
                // None of them can be seen any more.
                Err(error) if error.is_about_one_thing() => Vec::new(),
                Err(error) => return Err(error),
            };
            let mut by_id: HashMap<String, RepositoryLine> = HashMap::new();
            for node in nodes.into_iter().flatten() {
                if let MaybeRepository::Repository(line) = node {
                    by_id.insert(line.id.clone(), *line);
                }
            }
            for state in page {
                if let Some(line) = by_id.remove(&state.id.0) {
                    found.push(self.keep(line, known)?);
                } else if state.trouble.is_none() {
                    let trouble =
                        "the repository is gone or can no longer be seen; what was stored is kept";
                    self.client
                        .tell(&Event::Warning(&format!("{}: {trouble}", state.name)));
                    let state = RepositoryState {
                        trouble: Some(trouble.to_owned()),
                        ..(*state).clone()
                    };
                    self.shelf
                        .put_repository(&state)
                        .map_err(GithubError::Shelf)?;
                }
            }
        }
        Ok(found)
    }

    fn keep(
        &self,
        line: RepositoryLine,
        known: &[RepositoryState],
    ) -> Result<RepositoryState, GithubError> {
        let id = RepositoryId(line.id);
        let before = known.iter().find(|state| state.id == id);
        if let Some(before) = before.filter(|before| before.name != line.name_with_owner) {
            self.client.tell(&Event::Warning(&format!(
                "{} is now {}: its pull requests go with it",
                before.name, line.name_with_owner
            )));
        }
        let (expected, last_change) = match line.pull_requests {
            Some(page) => (
                page.total_count,
                page.items().next().map(|last| last.updated_at),
            ),
            None => (0, None),
        };
        let state = RepositoryState {
            id,
            database_id: line
                .database_id
                .or_else(|| before.and_then(|before| before.database_id)),
            name: line.name_with_owner,
            archived: line.is_archived,
            fork: line.is_fork,
            private: line.is_private,
            expected,
            last_change,
            trouble: None,
            progress: before.map_or_else(RepositoryProgress::default, |before| {
                before.progress.clone()
            }),
            marks: before.map_or(0, |before| before.marks),
        };
        if before != Some(&state) {
            self.shelf
                .put_repository(&state)
                .map_err(GithubError::Shelf)?;
        }
        Ok(state)
    }
}
