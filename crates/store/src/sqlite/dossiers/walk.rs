//! A walk along an index over opening times.

use rusqlite::{OptionalExtension, Row, ToSql, Transaction};

use crate::dossiers::{DossierCursor, DossierQuery};
use crate::sqlite::fault::Fault;

/// Along which index, and what is passed over.
pub(super) struct Walk {
    team_id: Option<i64>,
    repo_id: Option<i64>,
    /// Opened at this second or later.
    pub(super) from: i64,
    /// Opened before this second.
    before: i64,
    is_bounded: bool,
}

impl Walk {
    /// `None` where there is no such team or repository.
    pub(super) fn of(
        transaction: &Transaction<'_>,
        query: &DossierQuery,
    ) -> Result<Option<Self>, Fault> {
        let id = |sql: &str, name: &String| {
            let mut prepared = transaction.prepare_cached(sql)?;
            prepared.query_row([name], |row| row.get(0)).optional()
        };
        let mut walk = Walk {
            team_id: None,
            repo_id: None,
            from: query
                .opened
                .from
                .map_or(i64::MIN, jiff::Timestamp::as_second),
            before: query
                .opened
                .before
                .map_or(i64::MAX, jiff::Timestamp::as_second),
            is_bounded: !query.opened.is_unbounded(),
        };
        if let Some(name) = &query.selection.team {
            walk.team_id = id("SELECT id FROM team WHERE name = ?1", name)?;
            if walk.team_id.is_none() {
                return Ok(None);
            }
        }
        if let Some(name) = &query.selection.repo {
            walk.repo_id = id("SELECT id FROM repo WHERE name = ?1", name)?;
            if walk.repo_id.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(walk))
    }

    pub(super) fn start(&self) -> DossierCursor {
        DossierCursor::before_all_at(self.is_bounded.then_some(self.from))
    }

    /// `FROM` and `WHERE` over `pr`: what lies after `start`. Wants the parameters of [`Self::run`].
    ///
    /// With a team the walk goes along the index of its pull requests; otherwise along that of all, whose
    /// entries tell the repository, so that those of others cost no look at their rows.
    ///
    /// `end` is the one upper end of the range: of two, SQLite takes one for the index, perhaps the farther,
    /// and then every page would look at all that follows it.
    pub(super) fn source(&self, start: DossierCursor, joins: &str, end: &str) -> String {
        let index = if self.team_id.is_some() {
            "pr_by_team"
        } else {
            "pr_by_created"
        };
        let team = if self.team_id.is_some() {
            "pr.team_id = :team_id"
        } else {
            ":team_id IS NULL"
        };
        let range = if start.created_at.is_some() {
            "(pr.created_at, pr.repo_id, pr.number) > (:created_at, :repo_after, :number_after) \
             AND :from IS NOT NULL AND :before IS NOT NULL"
        } else {
            "pr.created_at IS NULL AND (pr.repo_id, pr.number) > (:repo_after, :number_after) \
             AND :created_at IS NULL AND :from IS NOT NULL AND :before IS NOT NULL"
        };
        format!(
            "FROM pr INDEXED BY {index} {joins} WHERE {range} AND {end} AND {team} \
             AND (:repo_id IS NULL OR pr.repo_id = :repo_id)"
        )
    }

    pub(super) fn run(
        &self,
        transaction: &Transaction<'_>,
        sql: &str,
        start: DossierCursor,
        more: &[(&str, &dyn ToSql)],
        mut each: impl FnMut(&Row<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut parameters: Vec<(&str, &dyn ToSql)> = vec![
            (":team_id", &self.team_id),
            (":repo_id", &self.repo_id),
            (":from", &self.from),
            (":before", &self.before),
            (":created_at", &start.created_at),
            (":repo_after", &start.repo_id),
            (":number_after", &start.number),
        ];
        parameters.extend_from_slice(more);
        let mut prepared = transaction.prepare_cached(sql)?;
        let mut rows = prepared.query(parameters.as_slice())?;
        while let Some(row) = rows.next()? {
            each(row)?;
        }
        Ok(())
    }
}

/// The last pull request of a page, for [`Walk::source`].
pub(super) fn end_of_page(start: DossierCursor) -> &'static str {
    if start.created_at.is_some() {
        "(pr.created_at, pr.repo_id, pr.number) <= (:last_at, :last_repo, :last_number)"
    } else {
        "(pr.repo_id, pr.number) <= (:last_repo, :last_number) AND :last_at IS NULL"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::OpenOptions;
    use crate::sqlite::SqliteStore;

    /// A part of a page reads what lies between its first and its last pull request, and sorts no page.
    #[test]
    fn a_part_of_a_page_is_a_stretch_of_the_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tandem.db");
        let store = SqliteStore::open(&path, &OpenOptions::write("test")).expect("opens");
        let joins = "CROSS JOIN evidence ON evidence.repo_id = pr.repo_id \
             AND evidence.number = pr.number";
        for team_id in [None, Some(1)] {
            let walk = Walk {
                team_id,
                repo_id: None,
                from: i64::MIN,
                before: i64::MAX,
                is_bounded: false,
            };
            for (created_at, both_ends) in [
                (
                    Some(7),
                    "(created_at,repo_id,number)>(?,?,?) AND (created_at,repo_id,number)<(?,?,?)",
                ),
                (
                    None,
                    "created_at=? AND (repo_id,number)>(?,?) AND (repo_id,number)<(?,?)",
                ),
            ] {
                let start = DossierCursor::before_all_at(created_at);
                let sql = format!(
                    "EXPLAIN QUERY PLAN SELECT evidence.tool {} \
                     ORDER BY pr.created_at, pr.repo_id, pr.number, evidence.ordinal",
                    walk.source(start, joins, end_of_page(start))
                );
                let mut plan = Vec::new();
                let last: [(&str, &dyn ToSql); 3] = [
                    (":last_at", &created_at),
                    (":last_repo", &9),
                    (":last_number", &9),
                ];
                store
                    .read("explain", |transaction| {
                        walk.run(transaction, &sql, start, &last, |row| {
                            plan.push(row.get::<_, String>(3)?);
                            Ok(())
                        })
                    })
                    .expect("explains");
                assert!(plan[0].contains(both_ends), "{plan:?}");
                assert!(
                    !plan.iter().any(|step| step.contains("FOR ORDER BY")),
                    "{plan:?}"
                );
            }
        }
    }
}
