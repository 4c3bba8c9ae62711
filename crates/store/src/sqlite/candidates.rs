//! Pull requests that want an analysis.

use model::PrKey;
use rusqlite::{Row, ToSql, Transaction};

use super::codes::{count, seconds};
use super::fault::Fault;
use super::held::{CLAIMED, QUARANTINED};
use super::pages::{PageQuery, SELECTED, page, selection_parameters};
use super::pull_requests::{STORED_COLUMNS, STORED_JOIN, packing, read_stored};
use crate::analyses::{
    Candidate, CandidateOrder, CandidateQuery, CandidateReason, Freshness, SatisfiedBy,
};
use crate::document::Unpacker;
use crate::selection::Cursor;

/// The analysis of a pull request, if it has one.
pub(super) const ANALYSIS_JOIN: &str = "LEFT JOIN analysis ON analysis.repo_id = pr.repo_id AND analysis.number = pr.number \
     LEFT JOIN analysis_source AS source ON source.id = analysis.source_id";
/// Whether it has one that counts; wants `:models_only`.
const HAS: &str = "(source.id IS NOT NULL AND (NOT :models_only OR source.origin = 1))";
/// Whether an analysis that is there is of the present content, prompt and schema; wants `:prompt`
/// and `:schema`. NULL where there is none.
pub(super) const MATCHES: &str = "(analysis.content_hash = pr.content_hash \
     AND source.prompt_version = :prompt AND source.schema_version = :schema)";

/// A page of candidates. What an open request has claimed or what is quarantined is left out.
pub(super) fn list(
    transaction: &Transaction<'_>,
    query: &CandidateQuery,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Vec<Candidate>, Fault> {
    let models_only = query.satisfied_by == SatisfiedBy::ModelOnly;
    let wanted = match query.freshness {
        Freshness::MissingOnly => format!("NOT {HAS}"),
        Freshness::MissingOrStale => format!("NOT ({HAS} AND {MATCHES})"),
        Freshness::StaleOnly => format!("{HAS} AND NOT {MATCHES}"),
    };
    let columns = format!("{STORED_COLUMNS}, {HAS}");
    let joins = format!("{STORED_JOIN} {ANALYSIS_JOIN}");
    let wanted = format!("{wanted} AND NOT {QUARANTINED} AND NOT {CLAIMED}");
    let parameters: [(&str, &dyn ToSql); 3] = [
        (":models_only", &models_only),
        (":prompt", &query.versions.prompt),
        (":schema", &query.versions.schema),
    ];
    let search = Search {
        transaction,
        query,
        columns: &columns,
        joins: &joins,
        wanted: &wanted,
        parameters: &parameters,
    };
    let mut unpacker = Unpacker::new().map_err(packing)?;
    match query.order {
        CandidateOrder::ByKey => search.by_key(
            "TRUE",
            after.map(|cursor| &cursor.key),
            limit,
            &mut unpacker,
        ),
        CandidateOrder::NewestFirst => {
            let mut found = Vec::new();
            // Those without a time come last; a cursor without a time is among them.
            let is_among_untimed = after.is_some_and(|cursor| cursor.created_at.is_none());
            if !is_among_untimed {
                found = search.timed(after, limit, &mut unpacker)?;
            }
            let rest = limit - found.len();
            if rest > 0 {
                let key = after.filter(|_| is_among_untimed).map(|cursor| &cursor.key);
                found.extend(search.by_key("pr.created_at IS NULL", key, rest, &mut unpacker)?);
            }
            Ok(found)
        }
    }
}

struct Search<'a> {
    transaction: &'a Transaction<'a>,
    query: &'a CandidateQuery,
    columns: &'a str,
    joins: &'a str,
    wanted: &'a str,
    parameters: &'a [(&'a str, &'a dyn ToSql)],
}

impl Search<'_> {
    /// In order of key, with one more condition.
    fn by_key(
        &self,
        condition: &str,
        after: Option<&PrKey>,
        limit: usize,
        unpacker: &mut Unpacker,
    ) -> Result<Vec<Candidate>, Fault> {
        let condition = format!("{condition} AND {}", self.wanted);
        let query = PageQuery {
            columns: self.columns,
            joins: self.joins,
            condition: &condition,
            parameters: self.parameters,
        };
        page(
            self.transaction,
            &query,
            &self.query.selection,
            after,
            limit,
            |row| read(row, unpacker),
        )
    }

    /// Those with a time, latest first: a walk backwards along the index by time, or by team and time,
    /// in which only pull requests of the same second are sorted.
    fn timed(
        &self,
        after: Option<&Cursor>,
        limit: usize,
        unpacker: &mut Unpacker,
    ) -> Result<Vec<Candidate>, Fault> {
        let from = if after.is_some() {
            "pr.created_at <= :after_time AND (pr.created_at < :after_time \
             OR (repo.name, pr.number) > (:after_repo, :after_number))"
        } else {
            "pr.created_at IS NOT NULL"
        };
        let Self {
            columns,
            joins,
            wanted,
            ..
        } = self;
        let (index, of_team) = match self.query.selection.team {
            Some(_) => (
                "pr_by_team",
                "pr.team_id = (SELECT id FROM team WHERE name = :team)",
            ),
            None => ("pr_by_created", "TRUE"),
        };
        let sql = format!(
            "SELECT {columns} FROM pr INDEXED BY {index} \
             CROSS JOIN repo ON repo.id = pr.repo_id {joins} \
             WHERE {of_team} AND {from} AND {SELECTED} AND ({wanted}) \
             ORDER BY pr.created_at DESC, repo.name, pr.number LIMIT :limit"
        );
        let limit = count(limit as u64);
        let mut parameters: Vec<(&str, &dyn ToSql)> = self.parameters.to_vec();
        parameters.extend(selection_parameters(&self.query.selection));
        parameters.push((":limit", &limit));
        let (after_time, after_repo, after_number);
        if let Some(cursor) = after {
            after_time = seconds(cursor.created_at);
            after_repo = &cursor.key.repo;
            after_number = count(cursor.key.number);
            parameters.push((":after_time", &after_time));
            parameters.push((":after_repo", after_repo));
            parameters.push((":after_number", &after_number));
        }
        let mut prepared = self.transaction.prepare_cached(&sql)?;
        let mut rows = prepared.query(parameters.as_slice())?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row, unpacker)?);
        }
        Ok(found)
    }
}

/// Reads a row of [`STORED_COLUMNS`] and [`HAS`].
fn read(row: &Row<'_>, unpacker: &mut Unpacker) -> Result<Candidate, Fault> {
    let has: bool = row.get(6)?;
    Ok(Candidate {
        stored: read_stored(row, unpacker)?,
        reason: if has {
            CandidateReason::Stale
        } else {
            CandidateReason::Missing
        },
    })
}
