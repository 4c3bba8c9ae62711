//! What webhooks told of.

use github::ShelfError;
use github::webhook::{Concerns, Delivery, Inbox, Named, Taken};
use jiff::Timestamp;
use model::PullRequest;
use rusqlite::{OptionalExtension, Transaction, params};

use super::codes::count;
use super::fault::Fault;
use super::{SqliteStore, marks, pull_requests};

/// Deliveries are remembered this long: GitHub sends one again for three days at most.
const KEPT_SECONDS: i64 = 7 * 86_400;
/// And so many at most; some 150 bytes each.
const KEPT_MAX: i64 = 100_000;

impl Inbox for SqliteStore {
    fn take(&self, deliveries: &[Delivery]) -> Result<Vec<Taken>, ShelfError> {
        let now = Timestamp::now().as_second();
        self.write("store what webhooks told of", |transaction| {
            let mut taken = Vec::with_capacity(deliveries.len());
            for delivery in deliveries {
                taken.push(take(transaction, delivery, now)?);
            }
            prune(transaction, now)?;
            Ok(taken)
        })
        .map_err(ShelfError::new)
    }
}

fn take(transaction: &Transaction<'_>, delivery: &Delivery, now: i64) -> Result<Taken, Fault> {
    let is_new = transaction
        .prepare_cached(
            "INSERT INTO webhook_delivery (delivery, digest, received_at) VALUES (?1, ?2, ?3) \
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![delivery.id, delivery.digest, now])?;
    if is_new == 0 {
        return Ok(Taken::Repeated);
    }
    let (named, number, says) = match &delivery.concerns {
        Concerns::Nothing => return Ok(Taken::Unknown),
        Concerns::Repository(named) => (named, marks::REPOSITORY, None),
        Concerns::PullRequest {
            repository,
            number,
            says,
        } => (repository, count(*number), says.as_deref()),
    };
    let Some((repo_id, name)) = find(transaction, named)? else {
        return Ok(Taken::Unknown);
    };
    if let Some(says) = says {
        store(transaction, repo_id, name, says)?;
    }
    marks::set(transaction, repo_id, number)?;
    Ok(Taken::Marked)
}

/// The repository by the host's ids, whatever it is called there now. By its name only where its number
/// was never told: names change hands.
fn find(transaction: &Transaction<'_>, named: &Named) -> Result<Option<(i64, String)>, Fault> {
    let database_id = named.database_id.map(count);
    Ok(transaction
        .prepare_cached(
            "SELECT s.repo_id, repo.name FROM sync_repo s JOIN repo ON repo.id = s.repo_id \
             WHERE s.node_id = ?1 OR s.database_id = ?2 \
             OR (s.database_id IS NULL AND repo.name = ?3) \
             ORDER BY s.node_id = ?1 DESC, s.database_id IS ?2 DESC LIMIT 1",
        )?
        .query_row(params![named.node_id, database_id, named.name], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?)
}

/// Stores what a delivery says of a pull request, where that is newer than what is known. An older
/// delivery that comes late, or again, has nothing to add to a record that was read whole.
fn store(
    transaction: &Transaction<'_>,
    repo_id: i64,
    name: String,
    says: &PullRequest,
) -> Result<(), Fault> {
    let known: Option<Option<i64>> = transaction
        .prepare_cached("SELECT updated_at FROM pr WHERE repo_id = ?1 AND number = ?2")?
        .query_row([repo_id, count(says.number)], |row| row.get(0))
        .optional()?;
    let said = says.updated_at.map(Timestamp::as_second);
    let is_newer = match known {
        None => true,
        Some(known) => said.is_some() && said > known,
    };
    if is_newer {
        let record = PullRequest {
            repo: name,
            ..says.clone()
        };
        pull_requests::upsert(transaction, &[record])?;
    }
    Ok(())
}

fn prune(transaction: &Transaction<'_>, now: i64) -> Result<(), Fault> {
    transaction
        .prepare_cached("DELETE FROM webhook_delivery WHERE received_at < ?1")?
        .execute([now - KEPT_SECONDS])?;
    transaction
        .prepare_cached(
            "DELETE FROM webhook_delivery WHERE id <= (SELECT max(id) FROM webhook_delivery) - ?1",
        )?
        .execute([KEPT_MAX])?;
    Ok(())
}
