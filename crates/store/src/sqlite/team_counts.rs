//! What each team has, and what each rule decides.

use std::collections::HashMap;

use rusqlite::{Transaction, params};

use super::codes::{count, uncount};
use super::fault::Fault;
use crate::team::TeamSummary;

/// All teams, in order of name.
pub(super) fn teams(transaction: &Transaction<'_>) -> Result<Vec<TeamSummary>, Fault> {
    // Counted apart, since each has an index of its own or none.
    let people = counts(
        transaction,
        "SELECT team_id, count(DISTINCT CASE WHEN measures_version IS NULL THEN author_id \
         ELSE person_id END) FROM pr WHERE plain_bot IS NOT TRUE GROUP BY team_id",
    )?;
    let pull_requests = counts(
        transaction,
        "SELECT team_id, count(*) FROM pr GROUP BY team_id",
    )?;
    let repositories = counts(
        transaction,
        "SELECT team_id, count(*) FROM (SELECT team_id, repo_id FROM pr \
         UNION SELECT team_id, id FROM repo) GROUP BY team_id",
    )?;
    let mut prepared = transaction.prepare_cached("SELECT id, name FROM team ORDER BY name")?;
    let mut rows = prepared.query([])?;
    let mut teams = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let of = |counts: &HashMap<i64, u64>| counts.get(&id).copied().unwrap_or(0);
        let team = TeamSummary {
            team: row.get(1)?,
            repositories: of(&repositories),
            pull_requests: of(&pull_requests),
            people: of(&people),
        };
        // A team whose last repository was renamed has nothing left.
        if team.repositories > 0 {
            teams.push(team);
        }
    }
    Ok(teams)
}

/// The names of teams that have a repository or a pull request, in order.
pub(super) fn names(transaction: &Transaction<'_>) -> Result<Vec<String>, Fault> {
    let mut prepared = transaction.prepare_cached(
        "SELECT name FROM team WHERE EXISTS (SELECT 1 FROM pr WHERE pr.team_id = team.id) \
         OR id IN (SELECT team_id FROM repo) ORDER BY name",
    )?;
    let names = prepared.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// The names of repositories that belong to a team or in which it has, or had, pull requests.
pub(super) fn repositories(
    transaction: &Transaction<'_>,
    team: &str,
) -> Result<Vec<String>, Fault> {
    let mut prepared = transaction.prepare_cached(
        "WITH asked AS (SELECT id FROM team WHERE name = ?1) \
         SELECT name FROM repo WHERE team_id IN asked \
         OR id IN (SELECT repo_id FROM team_repo WHERE team_id IN asked) ORDER BY name",
    )?;
    let names = prepared.query_map([team], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// A page of the names of all repositories.
pub(super) fn repository_names(
    transaction: &Transaction<'_>,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, Fault> {
    let mut prepared = transaction
        .prepare_cached("SELECT name FROM repo WHERE name > ?1 ORDER BY name LIMIT ?2")?;
    let names = prepared.query_map(params![after.unwrap_or(""), count(limit as u64)], |row| {
        row.get(0)
    })?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// A page of the logins to which pull requests belong or that opened them.
pub(super) fn logins(
    transaction: &Transaction<'_>,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, Fault> {
    let mut prepared = transaction.prepare_cached(
        "SELECT text FROM word WHERE text > ?1 AND id IN \
         (SELECT author_id FROM pr UNION SELECT person_id FROM pr) ORDER BY text LIMIT ?2",
    )?;
    let logins = prepared.query_map(params![after.unwrap_or(""), count(limit as u64)], |row| {
        row.get(0)
    })?;
    Ok(logins.collect::<Result<_, _>>()?)
}

/// How many pull requests each rule of the mapping in force decides, by the place of the rule.
pub(super) fn decided(transaction: &Transaction<'_>) -> Result<HashMap<usize, u64>, Fault> {
    let counted = counts(
        transaction,
        "SELECT team_rule, count(*) FROM pr WHERE team_rule IS NOT NULL GROUP BY team_rule",
    )?;
    Ok(counted
        .into_iter()
        .filter_map(|(rule, count)| Some((usize::try_from(rule).ok()?, count)))
        .collect())
}

fn counts(transaction: &Transaction<'_>, sql: &str) -> Result<HashMap<i64, u64>, Fault> {
    let mut prepared = transaction.prepare_cached(sql)?;
    let mut rows = prepared.query([])?;
    let mut counts = HashMap::new();
    while let Some(row) = rows.next()? {
        counts.insert(row.get(0)?, uncount(row.get(1)?));
    }
    Ok(counts)
}
