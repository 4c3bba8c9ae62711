//! The shelf of a sync: repositories by the host's id, pages of pull requests, gaps.

use github::{
    Mark, Page, RepositoryId, RepositoryProgress, RepositoryState, Shelf, ShelfError, Walk, Whole,
};
use jiff::Timestamp;
use model::PullRequest;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::SqliteStore;
use super::codes::{count, seconds, time, uncount};
use super::fault::Fault;
use super::take_over::take_over;
use super::team_of::Deciding;
use super::{marks, pull_requests, team_mapping};
use crate::error::StoreError;
use crate::sync::{ExpectedAgainstStored, RepositorySync, SyncGap};

/// How many gaps of a repository are named.
const GAPS_NAMED: i64 = 20;

impl Shelf for SqliteStore {
    fn repositories(&self) -> Result<Vec<RepositoryState>, ShelfError> {
        self.read("read the synced repositories", repositories)
            .map_err(ShelfError::new)
    }

    fn put_repository(&self, repository: &RepositoryState) -> Result<(), ShelfError> {
        self.write("store a repository", |transaction| {
            put_repository(transaction, repository)
        })
        .map_err(ShelfError::new)
    }

    fn put_progress(
        &self,
        repository: &RepositoryId,
        progress: &RepositoryProgress,
    ) -> Result<(), ShelfError> {
        self.write("store how far the sync came", |transaction| {
            put_progress(transaction, repository, progress)
        })
        .map_err(ShelfError::new)
    }

    fn put_page(&self, repository: &RepositoryId, page: &Page) -> Result<u64, ShelfError> {
        self.write("store pull requests", |transaction| {
            put_page(transaction, repository, page)
        })
        .map_err(ShelfError::new)
    }

    fn numbers(
        &self,
        repository: &RepositoryId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, ShelfError> {
        self.read("read the numbers of stored pull requests", |transaction| {
            numbers(transaction, repository, after, limit)
        })
        .map_err(ShelfError::new)
    }

    fn marks(&self, repository: &RepositoryId) -> Result<Vec<Mark>, ShelfError> {
        self.read("read what is to be read again", |transaction| {
            marks::list(transaction, repo_id(transaction, repository)?)
        })
        .map_err(ShelfError::new)
    }

    fn clear_marks(&self, repository: &RepositoryId, heeded: &[Mark]) -> Result<(), ShelfError> {
        self.write("store what was read again", |transaction| {
            marks::clear(transaction, repo_id(transaction, repository)?, heeded)
        })
        .map_err(ShelfError::new)
    }
}

fn repositories(transaction: &Transaction<'_>) -> Result<Vec<RepositoryState>, Fault> {
    let mut prepared = transaction.prepare_cached(
        "SELECT s.node_id, repo.name, s.archived, s.fork, s.private, s.expected, s.last_change, \
         s.trouble, s.watermark, s.since, s.walk_newest, s.walk_cursor, s.finished_at, \
         s.database_id, (SELECT count(*) FROM sync_mark m WHERE m.repo_id = s.repo_id) \
         FROM sync_repo s JOIN repo ON repo.id = s.repo_id ORDER BY repo.name",
    )?;
    let mut rows = prepared.query([])?;
    let mut states = Vec::new();
    while let Some(row) = rows.next()? {
        states.push(state(row)?);
    }
    Ok(states)
}

fn state(row: &Row<'_>) -> Result<RepositoryState, Fault> {
    let walk = match (time(row.get(10)?)?, row.get::<_, Option<String>>(11)?) {
        (Some(newest), Some(cursor)) => Some(Walk { newest, cursor }),
        _ => None,
    };
    Ok(RepositoryState {
        id: RepositoryId(row.get(0)?),
        name: row.get(1)?,
        archived: row.get(2)?,
        fork: row.get(3)?,
        private: row.get(4)?,
        expected: uncount(row.get(5)?),
        last_change: time(row.get(6)?)?,
        trouble: row.get(7)?,
        progress: RepositoryProgress {
            watermark: time(row.get(8)?)?,
            since: time(row.get(9)?)?,
            walk,
            finished_at: time(row.get(12)?)?,
        },
        database_id: row.get::<_, Option<i64>>(13)?.map(uncount),
        marks: uncount(row.get(14)?),
    })
}

fn repo_id(transaction: &Transaction<'_>, id: &RepositoryId) -> Result<i64, Fault> {
    let found = transaction
        .prepare_cached("SELECT repo_id FROM sync_repo WHERE node_id = ?1")?
        .query_row([&id.0], |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| {
        Fault::Store(StoreError::Invalid {
            what: format!("the repository {} was never stored", id.0),
        })
    })
}

fn put_repository(transaction: &Transaction<'_>, state: &RepositoryState) -> Result<(), Fault> {
    let known: Option<(i64, String)> = transaction
        .prepare_cached(
            "SELECT s.repo_id, repo.name FROM sync_repo s JOIN repo ON repo.id = s.repo_id \
             WHERE s.node_id = ?1",
        )?
        .query_row([&state.id.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let repo_id = match known {
        Some((repo_id, name)) if name == state.name => repo_id,
        Some((repo_id, _)) => {
            make_way(transaction, &state.name, Some(repo_id))?;
            rename(transaction, repo_id, &state.name)?;
            repo_id
        }
        None => match make_way(transaction, &state.name, None)? {
            // Pull requests of that name came from files before: they are the same repository.
            Some(imported) => imported,
            None => Deciding::new(transaction)?.new_repository(&state.name)?,
        },
    };
    transaction
        .prepare_cached(
            "INSERT INTO sync_repo (repo_id, node_id, archived, fork, private, expected, \
             last_change, trouble, database_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
             ON CONFLICT (repo_id) DO UPDATE SET archived = excluded.archived, \
             fork = excluded.fork, private = excluded.private, expected = excluded.expected, \
             last_change = excluded.last_change, trouble = excluded.trouble, \
             database_id = excluded.database_id",
        )?
        .execute(params![
            repo_id,
            state.id.0,
            state.archived,
            state.fork,
            state.private,
            count(state.expected),
            seconds(state.last_change),
            state.trouble,
            state.database_id.map(count),
        ])?;
    Ok(())
}

/// Frees a name for the repository `taker`. What came from files under it is the same repository: it
/// is given to whoever asks, or taken over by the taker. Any other steps aside under a name that says
/// so, until its own is known.
fn make_way(
    transaction: &Transaction<'_>,
    name: &str,
    taker: Option<i64>,
) -> Result<Option<i64>, Fault> {
    let holder: Option<(i64, bool)> = transaction
        .prepare_cached(
            "SELECT repo.id, s.repo_id IS NOT NULL FROM repo \
             LEFT JOIN sync_repo s ON s.repo_id = repo.id WHERE repo.name = ?1",
        )?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match holder {
        None => Ok(None),
        Some((id, _)) if Some(id) == taker => Ok(Some(id)),
        Some((id, false)) => match taker {
            None => Ok(Some(id)),
            Some(taker) => {
                take_over(transaction, id, taker)?;
                Ok(None)
            }
        },
        Some((id, true)) => {
            transaction
                .prepare_cached("UPDATE repo SET name = ?2 WHERE id = ?1")?
                .execute(params![id, format!("{name} (formerly, {id})")])?;
            Ok(None)
        }
    }
}

/// Renames a repository. Its pull requests have their team by the new name.
fn rename(transaction: &Transaction<'_>, repo_id: i64, now: &str) -> Result<(), Fault> {
    transaction
        .prepare_cached("UPDATE repo SET name = ?2 WHERE id = ?1")?
        .execute(params![repo_id, now])?;
    team_mapping::map_repository(transaction, repo_id)
}

fn put_progress(
    transaction: &Transaction<'_>,
    id: &RepositoryId,
    progress: &RepositoryProgress,
) -> Result<(), Fault> {
    let repo_id = repo_id(transaction, id)?;
    let walk = progress.walk.as_ref();
    transaction
        .prepare_cached(
            "UPDATE sync_repo SET watermark = ?2, since = ?3, walk_newest = ?4, walk_cursor = ?5, \
             finished_at = ?6 WHERE repo_id = ?1",
        )?
        .execute(params![
            repo_id,
            seconds(progress.watermark),
            seconds(progress.since),
            walk.map(|walk| walk.newest.as_second()),
            walk.map(|walk| walk.cursor.as_str()),
            seconds(progress.finished_at),
        ])?;
    Ok(())
}

fn put_page(transaction: &Transaction<'_>, id: &RepositoryId, page: &Page) -> Result<u64, Fault> {
    let repo_id = repo_id(transaction, id)?;
    let now = Timestamp::now().as_second();
    let repo: String = transaction
        .prepare_cached("SELECT name FROM repo WHERE id = ?1")?
        .query_row([repo_id], |row| row.get(0))?;
    let records: Vec<PullRequest> = page
        .whole
        .iter()
        .map(|whole| PullRequest {
            repo: repo.clone(),
            ..whole.record.clone()
        })
        .collect();
    let counts = pull_requests::upsert(transaction, &records)?;
    for whole in &page.whole {
        put_counts(transaction, repo_id, now, whole)?;
    }
    for (number, reason) in &page.unreadable {
        transaction
            .prepare_cached(
                "INSERT INTO sync_pr (repo_id, number, read_at, gap) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (repo_id, number) DO UPDATE SET read_at = excluded.read_at, \
                 gap = excluded.gap",
            )?
            .execute(params![repo_id, count(*number), now, reason])?;
    }
    for number in &page.gone {
        // One that was never stored leaves nothing that could be kept.
        transaction
            .prepare_cached(
                "INSERT INTO sync_pr (repo_id, number, read_at, gone_at) SELECT ?1, ?2, ?3, ?3 \
                 WHERE EXISTS (SELECT 1 FROM pr WHERE repo_id = ?1 AND number = ?2) \
                 OR EXISTS (SELECT 1 FROM sync_pr WHERE repo_id = ?1 AND number = ?2) \
                 ON CONFLICT (repo_id, number) DO UPDATE SET gone_at = excluded.gone_at \
                 WHERE gone_at IS NULL",
            )?
            .execute(params![repo_id, count(*number), now])?;
    }
    for number in &page.again {
        marks::set(transaction, repo_id, count(*number))?;
    }
    Ok(counts.inserted + counts.updated)
}

fn put_counts(
    transaction: &Transaction<'_>,
    repo_id: i64,
    now: i64,
    whole: &Whole,
) -> Result<(), Fault> {
    fn length<T>(list: Option<&Vec<T>>) -> Option<i64> {
        list.map(|list| count(list.len() as u64))
    }
    let record = &whole.record;
    let expected = record.expected;
    let host =
        |read: fn(&model::ExpectedCounts) -> u64| expected.as_ref().map(|all| count(read(all)));
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO sync_pr (repo_id, number, read_at, gap, gone_at, \
             expected_commits, stored_commits, expected_reviews, stored_reviews, \
             expected_comments, stored_comments, expected_files, stored_files) \
             VALUES (?1, ?2, ?3, ?4, NULL, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            repo_id,
            count(record.number),
            now,
            whole.gap,
            host(|all| all.commits),
            length(record.commits.as_ref()),
            host(|all| all.reviews),
            length(record.reviews.as_ref()),
            host(|all| all.comments),
            length(record.comments.as_ref()),
            host(|all| all.files),
            length(record.files.as_ref()),
        ])?;
    Ok(())
}

fn numbers(
    transaction: &Transaction<'_>,
    id: &RepositoryId,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<u64>, Fault> {
    let repo_id = repo_id(transaction, id)?;
    let page = |sql: &str| -> Result<Vec<u64>, Fault> {
        let mut prepared = transaction.prepare_cached(sql)?;
        let rows = prepared.query_map(
            params![repo_id, after.map_or(-1, count), count(limit as u64)],
            |row| row.get::<_, i64>(0),
        )?;
        let mut numbers = Vec::new();
        for number in rows {
            numbers.push(uncount(number?));
        }
        Ok(numbers)
    };
    let mut numbers = page(
        "SELECT pr.number FROM pr LEFT JOIN sync_pr s \
         ON s.repo_id = pr.repo_id AND s.number = pr.number \
         WHERE pr.repo_id = ?1 AND pr.number > ?2 AND s.gone_at IS NULL \
         ORDER BY pr.number LIMIT ?3",
    )?;
    // Those that could never be read are few, and an index holds them.
    let unreadable = page(
        "SELECT s.number FROM sync_pr s WHERE s.repo_id = ?1 AND s.number > ?2 \
         AND s.gap IS NOT NULL AND s.gone_at IS NULL AND NOT EXISTS \
         (SELECT 1 FROM pr WHERE pr.repo_id = s.repo_id AND pr.number = s.number) \
         ORDER BY s.number LIMIT ?3",
    )?;
    if !unreadable.is_empty() {
        numbers.extend(unreadable);
        numbers.sort_unstable();
        numbers.truncate(limit);
    }
    Ok(numbers)
}

/// What is expected against what is stored, by repository.
pub(super) fn status(transaction: &Transaction<'_>) -> Result<Vec<RepositorySync>, Fault> {
    let mut prepared = transaction.prepare_cached(
        "SELECT repo.name, team.name, s.archived, s.fork, s.finished_at, s.since, \
         s.walk_cursor IS NOT NULL, s.trouble, s.expected, \
         (SELECT count(*) FROM pr LEFT JOIN sync_pr p ON p.repo_id = pr.repo_id \
          AND p.number = pr.number WHERE pr.repo_id = s.repo_id AND p.gone_at IS NULL), \
         c.gone, c.incomplete, c.expected_commits, c.stored_commits, c.expected_reviews, \
         c.stored_reviews, c.expected_comments, c.stored_comments, c.expected_files, \
         c.stored_files, \
         (SELECT count(*) FROM sync_mark m WHERE m.repo_id = s.repo_id AND m.number > 0) \
         FROM sync_repo s JOIN repo ON repo.id = s.repo_id \
         JOIN team ON team.id = repo.team_id \
         LEFT JOIN (SELECT repo_id, sum(gone_at IS NOT NULL) AS gone, \
             sum(gap IS NOT NULL AND gone_at IS NULL) AS incomplete, \
             sum(expected_commits) AS expected_commits, sum(stored_commits) AS stored_commits, \
             sum(expected_reviews) AS expected_reviews, sum(stored_reviews) AS stored_reviews, \
             sum(expected_comments) AS expected_comments, sum(stored_comments) AS stored_comments, \
             sum(expected_files) AS expected_files, sum(stored_files) AS stored_files \
             FROM sync_pr GROUP BY repo_id) c ON c.repo_id = s.repo_id \
         ORDER BY repo.name",
    )?;
    let mut rows = prepared.query([])?;
    let mut status = Vec::new();
    while let Some(row) = rows.next()? {
        let number = |index: usize| -> Result<u64, Fault> {
            Ok(uncount(
                row.get::<_, Option<i64>>(index)?.unwrap_or_default(),
            ))
        };
        let pair = |index: usize| -> Result<ExpectedAgainstStored, Fault> {
            Ok(ExpectedAgainstStored {
                expected: number(index)?,
                stored: number(index + 1)?,
            })
        };
        status.push(RepositorySync {
            repo: row.get(0)?,
            team: row.get(1)?,
            archived: row.get(2)?,
            fork: row.get(3)?,
            finished_at: time(row.get(4)?)?,
            since: time(row.get(5)?)?,
            unfinished: row.get(6)?,
            trouble: row.get(7)?,
            pull_requests: pair(8)?,
            gone: number(10)?,
            incomplete: number(11)?,
            commits: pair(12)?,
            reviews: pair(14)?,
            comments: pair(16)?,
            files: pair(18)?,
            to_read_again: number(20)?,
        });
    }
    Ok(status)
}

/// Pull requests that lack something, some of each kind.
pub(super) fn gaps(transaction: &Transaction<'_>, repo: &str) -> Result<Vec<SyncGap>, Fault> {
    let mut prepared = transaction.prepare_cached(
        "SELECT p.number, CASE WHEN p.gone_at IS NOT NULL THEN 'GitHub no longer has it; it is kept' \
         ELSE p.gap END FROM sync_pr p JOIN repo ON repo.id = p.repo_id \
         WHERE repo.name = ?1 AND (p.gap IS NOT NULL OR p.gone_at IS NOT NULL) \
         ORDER BY p.number LIMIT ?2",
    )?;
    let mut rows = prepared.query(params![repo, GAPS_NAMED])?;
    let mut gaps = Vec::new();
    while let Some(row) = rows.next()? {
        gaps.push(SyncGap {
            repo: repo.to_owned(),
            number: uncount(row.get(0)?),
            reason: row.get(1)?,
        });
    }
    Ok(gaps)
}
