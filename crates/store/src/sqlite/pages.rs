//! Pages in the order of repository name, then number.

use model::PrKey;
use rusqlite::{Row, ToSql, Transaction};

use super::codes;
use super::fault::Fault;
use crate::selection::Selection;

/// The pull requests of a selection; wants the parameters of [`selection_parameters`].
///
/// The first condition passes over whole repositories in which the team has nothing.
pub(super) const SELECTED: &str = "(:team IS NULL OR repo.id IN (SELECT repo_id FROM team_repo \
     WHERE team_id = (SELECT id FROM team WHERE name = :team))) \
     AND (:team IS NULL OR pr.team_id = (SELECT id FROM team WHERE name = :team)) \
     AND (:repo IS NULL OR repo.name = :repo)";

/// Which pull requests a page is taken from, and what of them.
pub(super) struct PageQuery<'a> {
    /// What is selected, over `repo`, `pr` and the joined tables.
    pub(super) columns: &'a str,
    /// Further joins; empty for none.
    pub(super) joins: &'a str,
    /// What must hold beside the selection.
    pub(super) condition: &'a str,
    /// The named parameters of `columns`, `joins` and `condition`.
    pub(super) parameters: &'a [(&'a str, &'a dyn ToSql)],
}

/// The parameters of [`SELECTED`].
pub(super) fn selection_parameters(selection: &Selection) -> [(&'static str, &dyn ToSql); 2] {
    [(":team", &selection.team), (":repo", &selection.repo)]
}

/// Reads one page.
///
/// It goes on within the last repository first, then over the later ones: each of the two statements
/// is a walk along an index, so that a page costs the same wherever it begins. `CROSS JOIN` is
/// SQLite's way to fix the order of the loops.
pub(super) fn page<T>(
    transaction: &Transaction<'_>,
    query: &PageQuery<'_>,
    selection: &Selection,
    after: Option<&PrKey>,
    limit: usize,
    mut read: impl FnMut(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut items = Vec::new();
    let after_repo = after.map_or("", |key| key.repo.as_str());
    if let Some(key) = after {
        let after_number = codes::count(key.number);
        let from: [(&str, &dyn ToSql); 1] = [(":after_number", &after_number)];
        let sql = statement(
            query,
            "repo.name = :after_repo AND pr.number > :after_number",
        );
        run(
            transaction,
            &sql,
            query,
            selection,
            after_repo,
            &from,
            limit,
            &mut |row| {
                items.push(read(row)?);
                Ok(())
            },
        )?;
    }
    let rest = limit.saturating_sub(items.len());
    if rest > 0 {
        let sql = statement(query, "repo.name > :after_repo");
        run(
            transaction,
            &sql,
            query,
            selection,
            after_repo,
            &[],
            rest,
            &mut |row| {
                items.push(read(row)?);
                Ok(())
            },
        )?;
    }
    Ok(items)
}

fn statement(query: &PageQuery<'_>, from: &str) -> String {
    let PageQuery {
        columns,
        joins,
        condition,
        ..
    } = query;
    format!(
        "SELECT {columns} FROM repo CROSS JOIN pr ON pr.repo_id = repo.id {joins} \
         WHERE {from} AND {SELECTED} AND ({condition}) \
         ORDER BY repo.name, pr.number LIMIT :limit"
    )
}

#[expect(
    clippy::too_many_arguments,
    reason = "the two halves of `page` differ in the middle three only"
)]
fn run(
    transaction: &Transaction<'_>,
    sql: &str,
    query: &PageQuery<'_>,
    selection: &Selection,
    after_repo: &str,
    from: &[(&str, &dyn ToSql)],
    limit: usize,
    each: &mut dyn FnMut(&Row<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let limit = codes::count(limit as u64);
    let mut parameters: Vec<(&str, &dyn ToSql)> = query.parameters.to_vec();
    parameters.extend(selection_parameters(selection));
    parameters.extend_from_slice(from);
    parameters.push((":after_repo", &after_repo));
    parameters.push((":limit", &limit));
    let mut prepared = transaction.prepare_cached(sql)?;
    let mut rows = prepared.query(parameters.as_slice())?;
    while let Some(row) = rows.next()? {
        each(row)?;
    }
    Ok(())
}
