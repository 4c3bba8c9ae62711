//! Pull requests of which only the existence is known.

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::codes::{self, count, uncount};
use super::fault::Fault;
use crate::discovered::{DiscoveredRepository, Sighting, SightingCounts};

/// Stores the sightings of one transaction. The same one twice changes nothing.
pub(super) fn put(
    transaction: &Transaction<'_>,
    sightings: &[Sighting],
) -> Result<SightingCounts, Fault> {
    let mut counts = SightingCounts::default();
    for sighting in sightings {
        let repo = &sighting.key.repo;
        let number = codes::number(repo, sighting.key.number)?;
        let is_read = transaction
            .prepare_cached(
                "SELECT 1 FROM repo JOIN pr ON pr.repo_id = repo.id \
                 WHERE repo.name = ?1 AND pr.number = ?2",
            )?
            .exists(params![repo, number])?;
        if is_read {
            counts.already_read += 1;
            continue;
        }
        let is_known = transaction
            .prepare_cached("SELECT 1 FROM discovered WHERE repo = ?1 AND number = ?2")?
            .exists(params![repo, number])?;
        transaction
            .prepare_cached(
                "INSERT INTO discovered (repo, number, author, first_seen_at, last_seen_at) \
                 VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT (repo, number) DO UPDATE SET \
                 author = coalesce(author, excluded.author), \
                 first_seen_at = min(first_seen_at, excluded.first_seen_at), \
                 last_seen_at = max(last_seen_at, excluded.last_seen_at)",
            )?
            .execute(params![
                repo,
                number,
                sighting.author,
                sighting.at.as_second()
            ])?;
        if let Some(actor) = &sighting.actor {
            transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO discovered_actor (repo, number, login) \
                     VALUES (?1, ?2, ?3)",
                )?
                .execute(params![repo, number, actor])?;
        }
        if is_known {
            counts.seen_again += 1;
        } else {
            counts.discovered += 1;
        }
    }
    Ok(counts)
}

/// A page of repositories in which something was discovered, in order of name.
pub(super) fn list(
    transaction: &Transaction<'_>,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<DiscoveredRepository>, Fault> {
    let mut prepared = transaction.prepare_cached(
        "SELECT repo, count(*), (SELECT count(DISTINCT login) FROM discovered_actor AS actor \
         WHERE actor.repo = discovered.repo), min(first_seen_at), max(last_seen_at) \
         FROM discovered WHERE repo > ?1 GROUP BY repo ORDER BY repo LIMIT ?2",
    )?;
    let mut rows = prepared.query(params![after.unwrap_or(""), count(limit as u64)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(DiscoveredRepository {
            repo: row.get(0)?,
            pull_requests: uncount(row.get(1)?),
            actors: uncount(row.get(2)?),
            first_seen_at: moment(row.get(3)?)?,
            last_seen_at: moment(row.get(4)?)?,
        });
    }
    Ok(found)
}

/// Forgets what was seen of a repository before all of it was read: the host no longer has it.
pub(super) fn forget_unread(
    transaction: &Transaction<'_>,
    repo_id: i64,
    read_at: Timestamp,
) -> Result<(), Fault> {
    for sql in [
        "DELETE FROM discovered_actor WHERE repo = (SELECT name FROM repo WHERE id = ?1) \
         AND number IN (SELECT number FROM discovered WHERE discovered.repo = discovered_actor.repo \
         AND last_seen_at <= ?2)",
        "DELETE FROM discovered WHERE repo = (SELECT name FROM repo WHERE id = ?1) \
         AND last_seen_at <= ?2",
    ] {
        transaction
            .prepare_cached(sql)?
            .execute(params![repo_id, read_at.as_second()])?;
    }
    Ok(())
}

fn moment(seconds: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_second(seconds).map_err(|_| Fault::Damaged(format!("{seconds} is not a time")))
}

/// Forgets what was discovered once it is read.
pub(super) struct Discovered<'t> {
    transaction: &'t Transaction<'t>,
    is_empty: bool,
}

impl<'t> Discovered<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>) -> Result<Self, Fault> {
        let is_empty = !transaction
            .prepare_cached("SELECT 1 FROM discovered LIMIT 1")?
            .exists([])?;
        Ok(Self {
            transaction,
            is_empty,
        })
    }

    pub(super) fn forget(&self, repo: &str, number: i64) -> Result<(), Fault> {
        if self.is_empty {
            return Ok(());
        }
        for sql in [
            "DELETE FROM discovered WHERE repo = ?1 AND number = ?2",
            "DELETE FROM discovered_actor WHERE repo = ?1 AND number = ?2",
        ] {
            self.transaction
                .prepare_cached(sql)?
                .execute(params![repo, number])?;
        }
        Ok(())
    }
}
