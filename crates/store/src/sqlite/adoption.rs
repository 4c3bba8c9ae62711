//! Counts of verdicts by team, month and tool.

use rusqlite::Transaction;

use super::codes::{self, uncount};
use super::fault::Fault;
use super::pages::{SELECTED, selection_parameters};
use crate::adoption::{Adoption, AdoptionCell, Clock, ToolCell};
use crate::selection::Selection;
use crate::verdicts::EvidenceCount;

/// Counts the verdicts of a selection.
pub(super) fn get(
    transaction: &Transaction<'_>,
    clock: Clock,
    selection: &Selection,
) -> Result<Adoption, Fault> {
    let counted = Counted::by(clock);
    Ok(Adoption {
        cells: cells(transaction, &counted, selection)?,
        tools: tools(transaction, &counted, selection)?,
        undetected: undetected(transaction, &counted, selection)?,
    })
}

/// Counts the evidence of a selection by kind, role and confidence; plain bots are left out.
pub(super) fn evidence(
    transaction: &Transaction<'_>,
    selection: &Selection,
) -> Result<Vec<EvidenceCount>, Fault> {
    // Counted for each pull request first, so that nothing grows with hits.
    let sql = format!(
        "SELECT signal, role, confidence, count(*), sum(hits) FROM (          SELECT evidence.signal, evidence.role, evidence.confidence, count(*) AS hits \
         FROM repo CROSS JOIN pr ON pr.repo_id = repo.id \
         CROSS JOIN evidence ON evidence.repo_id = pr.repo_id AND evidence.number = pr.number \
         WHERE {SELECTED} AND NOT pr.plain_bot \
         GROUP BY pr.repo_id, pr.number, 1, 2, 3) \
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    );
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut rows = prepared.query(selection_parameters(selection).as_slice())?;
    let mut counts = Vec::new();
    while let Some(row) = rows.next()? {
        counts.push(EvidenceCount {
            signal: codes::signal(row.get(0)?)?,
            role: codes::role(row.get(1)?)?,
            confidence: codes::confidence(row.get(2)?)?,
            pull_requests: uncount(row.get(3)?),
            hits: uncount(row.get(4)?),
        });
    }
    Ok(counts)
}

/// Which pull requests are counted, and under which month.
struct Counted {
    month: &'static str,
    condition: &'static str,
}

impl Counted {
    fn by(clock: Clock) -> Self {
        match clock {
            Clock::Created => Self {
                month: "strftime('%Y-%m', pr.created_at, 'unixepoch')",
                condition: "TRUE",
            },
            Clock::Merged => Self {
                month: "strftime('%Y-%m', pr.merged_at, 'unixepoch')",
                condition: "pr.merged_at IS NOT NULL",
            },
        }
    }
}

fn cells(
    transaction: &Transaction<'_>,
    counted: &Counted,
    selection: &Selection,
) -> Result<Vec<AdoptionCell>, Fault> {
    let Counted { month, condition } = counted;
    let sql = format!(
        "SELECT team.name, {month} AS month, pr.origin, pr.ai_reviewed, pr.plain_bot, count(*) \
         FROM repo CROSS JOIN pr ON pr.repo_id = repo.id JOIN team ON team.id = pr.team_id \
         WHERE {SELECTED} AND {condition} AND pr.origin IS NOT NULL \
         GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
    );
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut rows = prepared.query(selection_parameters(selection).as_slice())?;
    let mut cells = Vec::new();
    while let Some(row) = rows.next()? {
        cells.push(AdoptionCell {
            team: row.get(0)?,
            month: row.get(1)?,
            origin: codes::origin(row.get(2)?)?,
            ai_reviewed: row.get(3)?,
            plain_bot: row.get(4)?,
            count: uncount(row.get(5)?),
        });
    }
    Ok(cells)
}

fn tools(
    transaction: &Transaction<'_>,
    counted: &Counted,
    selection: &Selection,
) -> Result<Vec<ToolCell>, Fault> {
    let Counted { month, condition } = counted;
    let sql = format!(
        "SELECT team.name, {month} AS month, verdict_tool.tool, verdict_tool.place, count(*) \
         FROM repo CROSS JOIN pr ON pr.repo_id = repo.id \
         JOIN team ON team.id = pr.team_id \
         CROSS JOIN verdict_tool ON verdict_tool.repo_id = pr.repo_id \
         AND verdict_tool.number = pr.number \
         WHERE {SELECTED} AND {condition} AND NOT pr.plain_bot \
         GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    );
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut rows = prepared.query(selection_parameters(selection).as_slice())?;
    let mut cells = Vec::new();
    while let Some(row) = rows.next()? {
        cells.push(ToolCell {
            team: row.get(0)?,
            month: row.get(1)?,
            tool: row.get(2)?,
            place: codes::place(row.get(3)?)?,
            count: uncount(row.get(4)?),
        });
    }
    Ok(cells)
}

fn undetected(
    transaction: &Transaction<'_>,
    counted: &Counted,
    selection: &Selection,
) -> Result<u64, Fault> {
    let Counted { condition, .. } = counted;
    let sql = format!(
        "SELECT count(*) FROM repo CROSS JOIN pr ON pr.repo_id = repo.id \
         WHERE {SELECTED} AND {condition} AND pr.origin IS NULL"
    );
    let count: i64 = transaction
        .prepare_cached(&sql)?
        .query_row(selection_parameters(selection).as_slice(), |row| row.get(0))?;
    Ok(uncount(count))
}
