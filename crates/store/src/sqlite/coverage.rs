//! Coverage, counted in one pass over the narrow rows.

use rusqlite::{ToSql, Transaction};

use super::candidates::{ANALYSIS_JOIN, MATCHES};
use super::codes::{self, uncount};
use super::fault::Fault;
use super::held::QUARANTINED;
use super::pages::{SELECTED, selection_parameters};
use crate::analyses::Versions;
use crate::coverage::{Coverage, CoverageCounts, TierCoverage};
use crate::selection::Selection;

/// Counts the coverage of a selection.
pub(super) fn get(
    transaction: &Transaction<'_>,
    versions: &Versions,
    selection: &Selection,
) -> Result<Coverage, Fault> {
    let mut parameters: Vec<(&str, &dyn ToSql)> =
        vec![(":prompt", &versions.prompt), (":schema", &versions.schema)];
    parameters.extend(selection_parameters(selection));
    Ok(Coverage::from_counts(
        teams(transaction, &parameters)?,
        tiers(transaction, &parameters)?,
    ))
}

fn teams(
    transaction: &Transaction<'_>,
    parameters: &[(&str, &dyn ToSql)],
) -> Result<Vec<(String, CoverageCounts)>, Fault> {
    let sql = format!(
        "SELECT team, count(*), \
         sum(standing = 0), sum(standing = 1), sum(standing = 2), sum(standing = 3), \
         sum(empty_body), sum(empty_body AND standing = 0) \
         FROM (SELECT team.name AS team, pr.empty_body, \
               CASE WHEN coalesce({MATCHES}, FALSE) THEN 0 WHEN {QUARANTINED} THEN 3 \
               WHEN source.id IS NOT NULL THEN 1 ELSE 2 END AS standing \
               FROM repo CROSS JOIN pr ON pr.repo_id = repo.id \
               JOIN team ON team.id = pr.team_id {ANALYSIS_JOIN} WHERE {SELECTED}) \
         GROUP BY team"
    );
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut rows = prepared.query(parameters)?;
    let mut teams = Vec::new();
    while let Some(row) = rows.next()? {
        let number = |column: usize| -> Result<u64, Fault> { Ok(uncount(row.get(column)?)) };
        let counts = CoverageCounts {
            analyzed: number(2)?,
            stale: number(3)?,
            waiting: number(4)?,
            quarantined: number(5)?,
            empty_body: number(6)?,
            empty_body_analyzed: number(7)?,
        };
        teams.push((row.get(0)?, counts));
    }
    Ok(teams)
}

fn tiers(
    transaction: &Transaction<'_>,
    parameters: &[(&str, &dyn ToSql)],
) -> Result<Vec<TierCoverage>, Fault> {
    let sql = format!(
        "SELECT source.tier, source.origin, source.provider, source.model, count(*) \
         FROM repo CROSS JOIN pr ON pr.repo_id = repo.id {ANALYSIS_JOIN} \
         WHERE {SELECTED} AND {MATCHES} \
         GROUP BY source.tier, source.origin, source.provider, source.model \
         ORDER BY source.tier, source.provider, source.model, source.origin"
    );
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut rows = prepared.query(parameters)?;
    let mut tiers = Vec::new();
    while let Some(row) = rows.next()? {
        tiers.push(TierCoverage {
            tier: row.get(0)?,
            origin: codes::analysis_origin(row.get(1)?)?,
            provider: row.get(2)?,
            model: row.get(3)?,
            analyzed: uncount(row.get(4)?),
        });
    }
    Ok(tiers)
}
