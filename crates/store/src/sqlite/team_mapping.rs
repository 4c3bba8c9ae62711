//! The team mapping in force, and bringing what is stored in line with it.

use rusqlite::{Transaction, params};
use teams::TeamMapping;

use super::codes::count;
use super::fault::Fault;
use super::meta;
use super::team_of::{Deciding, MAPPING, STORED, Stored, mapping};
use crate::error::StoreError;
use crate::team::{MappedPage, TeamsInForce};

/// Where the last mapped pull request is kept while some are not: `repo_id number`.
const MAPPED_TO: &str = "team_mapping_at";
/// Before the first pull request.
const BEGINNING: (i64, i64) = (i64::MIN, i64::MIN);

/// The mapping in force.
pub(super) fn in_force(transaction: &Transaction<'_>) -> Result<TeamsInForce, Fault> {
    Ok(TeamsInForce {
        mapping: mapping(transaction)?,
        is_applied: meta::get(transaction, MAPPED_TO)?.is_none(),
    })
}

/// Puts a mapping in force; pull requests that come from now on have their team by it, those stored
/// once [`map_page`] came to them. False when it was in force already.
pub(super) fn set_mapping(
    transaction: &Transaction<'_>,
    mapping: &TeamMapping,
) -> Result<bool, Fault> {
    let json = to_json(mapping)?;
    let former = meta::get(transaction, MAPPING)?;
    let is_same = match &former {
        Some(former) => *former == json,
        None => mapping.is_empty(),
    };
    if is_same {
        return Ok(false);
    }
    meta::set(transaction, MAPPING, &json)?;
    let mut deciding = Deciding::new(transaction)?;
    let mut prepared = transaction.prepare("SELECT id, name FROM repo")?;
    let mut rows = prepared.query([])?;
    while let Some(row) = rows.next()? {
        let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
        let team_id = deciding.team_of_repository(&name)?;
        transaction
            .prepare_cached("UPDATE repo SET team_id = ?2 WHERE id = ?1")?
            .execute([id, team_id])?;
    }
    put_place(transaction, BEGINNING)?;
    meta::count_change(transaction)?;
    Ok(true)
}

/// Gives the next pull requests their team by the mapping in force.
pub(super) fn map_page(transaction: &Transaction<'_>, limit: usize) -> Result<MappedPage, Fault> {
    let Some(place) = meta::get(transaction, MAPPED_TO)? else {
        return Ok(MappedPage {
            is_last: true,
            ..MappedPage::default()
        });
    };
    let after = read_place(&place)?;
    let mut deciding = Deciding::new(transaction)?;
    let (mut page, last) = map_rows(&mut deciding, after, i64::MAX, limit)?;
    if page.moved > 0 {
        meta::count_change(transaction)?;
    }
    if let Some(last) = last {
        put_place(transaction, last)?;
    } else {
        page.is_last = true;
        tidy(transaction)?;
    }
    Ok(page)
}

/// Gives all pull requests of a repository, and itself, their team again, after its name changed.
pub(super) fn map_repository(transaction: &Transaction<'_>, repo_id: i64) -> Result<(), Fault> {
    const ROWS: usize = 10_000;
    let mut deciding = Deciding::new(transaction)?;
    let name: String = transaction
        .prepare_cached("SELECT name FROM repo WHERE id = ?1")?
        .query_row([repo_id], |row| row.get(0))?;
    let team_id = deciding.team_of_repository(&name)?;
    transaction
        .prepare_cached("UPDATE repo SET team_id = ?2 WHERE id = ?1")?
        .execute([repo_id, team_id])?;
    let mut after = Some((repo_id, i64::MIN));
    while let Some(place) = after {
        after = map_rows(&mut deciding, place, repo_id, ROWS)?.1;
    }
    Ok(())
}

/// Maps at most `limit` pull requests after a place, none in repositories after `last_repo`; gives
/// the place of the last one, `None` when there was none.
fn map_rows(
    deciding: &mut Deciding<'_>,
    after: (i64, i64),
    last_repo: i64,
    limit: usize,
) -> Result<(MappedPage, Option<(i64, i64)>), Fault> {
    let sql = format!(
        "{STORED} WHERE (pr.repo_id, pr.number) > (?1, ?2) AND pr.repo_id <= ?3 \
         ORDER BY pr.repo_id, pr.number LIMIT ?4"
    );
    let mut found = Vec::with_capacity(limit.min(1_000));
    {
        let mut prepared = deciding.transaction().prepare_cached(&sql)?;
        let mut rows = prepared.query(params![after.0, after.1, last_repo, count(limit as u64)])?;
        while let Some(row) = rows.next()? {
            found.push(Stored::read(row)?);
        }
    }
    let mut page = MappedPage::default();
    for stored in &found {
        page.looked_at += 1;
        page.moved += u64::from(deciding.map(stored)?);
    }
    let last = found.last().map(|stored| (stored.repo_id, stored.number));
    Ok((page, last))
}

/// What is left to do when every pull request has its team by the mapping.
fn tidy(transaction: &Transaction<'_>) -> Result<(), Fault> {
    transaction.execute_batch(
        "DELETE FROM team_repo;
         INSERT INTO team_repo SELECT DISTINCT team_id, repo_id FROM pr;
         DELETE FROM team WHERE NOT EXISTS (SELECT 1 FROM pr WHERE pr.team_id = team.id)
             AND NOT EXISTS (SELECT 1 FROM repo WHERE repo.team_id = team.id);
         DELETE FROM meta WHERE name = 'team_mapping_at';",
    )?;
    Ok(())
}

fn to_json(mapping: &TeamMapping) -> Result<String, Fault> {
    mapping.to_json().map_err(|error| {
        Fault::Store(StoreError::Invalid {
            what: format!("the team mapping cannot be written as JSON: {error}"),
        })
    })
}

fn put_place(transaction: &Transaction<'_>, (repo_id, number): (i64, i64)) -> Result<(), Fault> {
    meta::set(transaction, MAPPED_TO, &format!("{repo_id} {number}"))
}

fn read_place(text: &str) -> Result<(i64, i64), Fault> {
    text.split_once(' ')
        .and_then(|(repo_id, number)| Some((repo_id.parse().ok()?, number.parse().ok()?)))
        .ok_or_else(|| Fault::Damaged(format!("'{text}' is not a place among pull requests")))
}
