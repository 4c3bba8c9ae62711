//! Coverage, counted in one pass over the narrow rows.

use rusqlite::{ToSql, Transaction};

use super::candidates::{ANALYSIS_JOIN, MATCHES};
use super::codes::{self, uncount};
use super::fault::Fault;
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
        "SELECT repo.team, count(*), sum(source.id IS NOT NULL), \
         sum(coalesce({MATCHES}, FALSE)), sum(pr.empty_body), \
         sum(pr.empty_body AND coalesce({MATCHES}, FALSE)) \
         FROM repo CROSS JOIN pr ON pr.repo_id = repo.id {ANALYSIS_JOIN} \
         WHERE {SELECTED} GROUP BY repo.team"
    );
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut rows = prepared.query(parameters)?;
    let mut teams = Vec::new();
    while let Some(row) = rows.next()? {
        let total = uncount(row.get(1)?);
        let with_analysis = uncount(row.get(2)?);
        let analyzed = uncount(row.get(3)?);
        let counts = CoverageCounts {
            analyzed,
            stale: with_analysis - analyzed,
            waiting: total - with_analysis,
            quarantined: 0,
            empty_body: uncount(row.get(4)?),
            empty_body_analyzed: uncount(row.get(5)?),
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
