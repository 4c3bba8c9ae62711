//! Pages of dossiers: a walk along an index, and for each part one statement a page.

mod walk;

use std::collections::HashMap;

use model::{Evidence, PrKey, Verdict};
use rusqlite::{Row, ToSql, Transaction};

use crate::adoption::ToolPlace;
use crate::document::Unpacker;
use crate::dossiers::{Dossier, DossierCursor, DossierFacts, DossierPage, DossierQuery};
use crate::sqlite::analyses::{self, ANALYSIS_COLUMNS, ANALYSIS_JOIN};
use crate::sqlite::codes::{self, time, uncount};
use crate::sqlite::corrections;
use crate::sqlite::fault::Fault;
use crate::sqlite::pull_requests::{STORED_COLUMNS, STORED_JOIN, blob, packing, read_stored};
use crate::sqlite::search::{self, LIST_JOINS, LIST_WIDTH, list_columns};
use crate::sqlite::verdicts::{EVIDENCE_COLUMNS, read_evidence_row};
use crate::verdicts::VerdictRecord;
use walk::{Walk, end_of_page};

/// What stands in a dossier beside the row of a list.
const FACT_COLUMNS: &str = "pr.content_hash, language.text, pr.updated_at, pr.additions, \
     pr.deletions, pr.changed_files, pr.commit_count, pr.review_count, pr.comment_count, \
     pr.ready_at, pr.first_commit_at, pr.human_review_at, pr.approved_at, pr.human_reviews, \
     pr.human_reviewers, pr.review_rounds, pr.change_type, reviewers.text, catalogue.text, \
     pr.detected_hash IS pr.content_hash, pr.repo_id";
const FACT_JOINS: &str = "LEFT JOIN word AS language ON language.id = pr.language_id \
     LEFT JOIN word AS reviewers ON reviewers.id = pr.reviewers_id \
     LEFT JOIN word AS catalogue ON catalogue.id = pr.catalogue_id";

/// A page after a place. It may be shorter than `limit`, also empty, where it is not the last one.
pub(super) fn page(
    transaction: &Transaction<'_>,
    query: &DossierQuery,
    after: Option<&DossierCursor>,
    limit: usize,
) -> Result<DossierPage, Fault> {
    let Some(walk) = Walk::of(transaction, query)? else {
        return Ok(nothing());
    };
    let start = after.copied().unwrap_or_else(|| walk.start());
    let mut heads = walk.heads(transaction, start, limit)?;
    let next = match heads.last() {
        Some(last) if heads.len() == limit.max(1) => Some(last.place),
        // Those with a time follow those without.
        _ if start.created_at.is_none() => Some(DossierCursor::before_all_at(Some(walk.from))),
        _ => None,
    };
    if let Some(last) = heads.last().map(|head| head.place) {
        let stretch = Stretch { start, last };
        let mut places = HashMap::with_capacity(heads.len());
        for (place, head) in heads.iter().enumerate() {
            places.insert((head.place.repo_id, head.place.number), place);
        }
        let mut page = Page {
            transaction,
            walk: &walk,
            stretch,
            places,
            heads: &mut heads,
        };
        if query.parts.verdict {
            page.add_verdicts()?;
        }
        if query.parts.analysis {
            page.add_analyses()?;
        }
        if query.parts.document {
            page.add_documents()?;
        }
    }
    Ok(DossierPage {
        dossiers: heads.into_iter().map(|head| head.dossier).collect(),
        next,
    })
}

fn nothing() -> DossierPage {
    DossierPage {
        dossiers: Vec::new(),
        next: None,
    }
}

/// From after one place to another.
#[derive(Clone, Copy)]
struct Stretch {
    start: DossierCursor,
    last: DossierCursor,
}

/// A dossier in the making.
struct Head {
    place: DossierCursor,
    catalogue_version: Option<String>,
    content_is_current: bool,
    dossier: Dossier,
}

impl Walk {
    /// The rows of the page.
    fn heads(
        &self,
        transaction: &Transaction<'_>,
        start: DossierCursor,
        limit: usize,
    ) -> Result<Vec<Head>, Fault> {
        // The lower end is where the walk starts.
        let end = if start.created_at.is_some() {
            "pr.created_at < :before"
        } else {
            "TRUE"
        };
        let sql = format!(
            "SELECT {}, {FACT_COLUMNS} {} \
             ORDER BY pr.created_at, pr.repo_id, pr.number LIMIT :limit",
            list_columns(),
            self.source(
                start,
                &format!("CROSS JOIN title ON title.id = pr.document_id {LIST_JOINS} {FACT_JOINS}"),
                end,
            )
        );
        let limit = codes::count(limit.max(1) as u64);
        let mut heads = Vec::new();
        self.run(transaction, &sql, start, &[(":limit", &limit)], |row| {
            heads.push(read_head(row)?);
            Ok(())
        })?;
        Ok(heads)
    }
}

fn read_head(row: &Row<'_>) -> Result<Head, Fault> {
    const FIRST: usize = LIST_WIDTH;
    let listed = search::read_listed(row)?;
    let number_at = |column: usize| -> Result<Option<u64>, Fault> {
        Ok(row.get::<_, Option<i64>>(FIRST + column)?.map(uncount))
    };
    let time_at = |column: usize| time(row.get(FIRST + column)?);
    let reviewers: Option<String> = row.get(FIRST + 17)?;
    let facts = DossierFacts {
        content_hash: codes::hash_hex(blob(row, FIRST)?)?,
        language: row.get(FIRST + 1)?,
        updated_at: time_at(2)?,
        additions: number_at(3)?,
        deletions: number_at(4)?,
        changed_files: number_at(5)?,
        commits: number_at(6)?,
        reviews: number_at(7)?,
        comments: number_at(8)?,
        ready_at: time_at(9)?,
        first_commit_at: time_at(10)?,
        human_review_at: time_at(11)?,
        approved_at: time_at(12)?,
        human_reviews: number_at(13)?,
        human_reviewers: number_at(14)?,
        review_rounds: number_at(15)?,
        change_type: row
            .get::<_, Option<i64>>(FIRST + 16)?
            .map(codes::change_type)
            .transpose()?,
        reviewers: search::joined_words(reviewers),
    };
    Ok(Head {
        place: DossierCursor {
            created_at: codes::seconds(listed.opened_at),
            repo_id: row.get(FIRST + 20)?,
            number: codes::count(listed.key.number),
        },
        catalogue_version: row.get(FIRST + 18)?,
        content_is_current: row.get(FIRST + 19)?,
        dossier: Dossier {
            row: listed,
            facts,
            verdict: None,
            analysis: None,
            document: None,
        },
    })
}

/// A page to which parts are added.
struct Page<'p, 't> {
    transaction: &'p Transaction<'t>,
    walk: &'p Walk,
    stretch: Stretch,
    places: HashMap<(i64, i64), usize>,
    heads: &'p mut Vec<Head>,
}

impl Page<'_, '_> {
    /// Reads rows of `columns` that belong to the pull requests of the page. `order` says in which order
    /// those of one pull request come.
    fn each(
        &mut self,
        columns: &str,
        joins: &str,
        order: &str,
        mut add: impl FnMut(&mut Head, &Row<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let Stretch { start, last } = self.stretch;
        let sql = format!(
            "SELECT {columns}, pr.repo_id, pr.number {} {order}",
            self.walk.source(start, joins, end_of_page(start))
        );
        let last: [(&str, &dyn ToSql); 3] = [
            (":last_at", &last.created_at),
            (":last_repo", &last.repo_id),
            (":last_number", &last.number),
        ];
        let (places, heads) = (&self.places, &mut *self.heads);
        self.walk.run(self.transaction, &sql, start, &last, |row| {
            let width = row.as_ref().column_count();
            let key = (row.get(width - 2)?, row.get(width - 1)?);
            let head = places.get(&key).and_then(|place| heads.get_mut(*place));
            head.map_or(Ok(()), |head| add(head, row))
        })
    }

    fn add_verdicts(&mut self) -> Result<(), Fault> {
        for head in self.heads.iter_mut() {
            head.begin_verdict(self.transaction)?;
        }
        self.each(
            "verdict_tool.place, verdict_tool.tool",
            "CROSS JOIN verdict_tool ON verdict_tool.repo_id = pr.repo_id \
             AND verdict_tool.number = pr.number",
            "ORDER BY pr.created_at, pr.repo_id, pr.number, verdict_tool.place, verdict_tool.tool",
            |head, row| {
                let Some(verdict) = head.verdict() else {
                    return Ok(());
                };
                match codes::place(row.get(0)?)? {
                    ToolPlace::Author => verdict.author_tools.push(row.get(1)?),
                    ToolPlace::Review => verdict.review_tools.push(row.get(1)?),
                }
                Ok(())
            },
        )?;
        self.each(
            EVIDENCE_COLUMNS,
            "CROSS JOIN evidence ON evidence.repo_id = pr.repo_id AND evidence.number = pr.number",
            "ORDER BY pr.created_at, pr.repo_id, pr.number, evidence.ordinal",
            |head, row| {
                let hit: Evidence = read_evidence_row(row)?;
                if let Some(verdict) = head.verdict() {
                    verdict.evidence.push(hit);
                }
                Ok(())
            },
        )?;
        self.each(
            "verdict_note.note",
            "CROSS JOIN verdict_note ON verdict_note.repo_id = pr.repo_id \
             AND verdict_note.number = pr.number",
            "ORDER BY pr.created_at, pr.repo_id, pr.number, verdict_note.ordinal",
            |head, row| {
                if let Some(verdict) = head.verdict() {
                    verdict.notes.push(row.get(0)?);
                }
                Ok(())
            },
        )
    }

    fn add_analyses(&mut self) -> Result<(), Fault> {
        let mut unpacker = Unpacker::new().map_err(packing)?;
        self.each(
            ANALYSIS_COLUMNS,
            &format!("CROSS JOIN repo ON repo.id = pr.repo_id {ANALYSIS_JOIN}"),
            "",
            |head, row| {
                head.dossier.analysis = Some(analyses::read(row, &mut unpacker)?);
                Ok(())
            },
        )
    }

    fn add_documents(&mut self) -> Result<(), Fault> {
        let mut unpacker = Unpacker::new().map_err(packing)?;
        self.each(
            STORED_COLUMNS,
            &format!("CROSS JOIN repo ON repo.id = pr.repo_id {STORED_JOIN}"),
            "",
            |head, row| {
                let stored = read_stored(row, &mut unpacker)?;
                head.dossier.document = Some(stored.pull_request);
                Ok(())
            },
        )
    }
}

impl Head {
    /// What the row tells of the verdict. Corrections are few, so each is looked up.
    fn begin_verdict(&mut self, transaction: &Transaction<'_>) -> Result<(), Fault> {
        let row = &self.dossier.row;
        let (Some(fact), Some(catalogue_version)) = (row.verdict, self.catalogue_version.take())
        else {
            return Ok(());
        };
        let corrected = if row.corrected {
            corrections::standing(transaction, self.place.repo_id, self.place.number)?
        } else {
            None
        };
        self.dossier.verdict = Some(VerdictRecord {
            key: PrKey {
                repo: row.key.repo.clone(),
                number: row.key.number,
            },
            team: row.team.clone(),
            catalogue_version,
            content_is_current: self.content_is_current,
            verdict: Verdict {
                origin: fact.origin,
                ai_authored: fact.ai_authored,
                ai_reviewed: fact.ai_reviewed,
                author_tools: Vec::new(),
                review_tools: Vec::new(),
                plain_bot: fact.plain_bot,
                confidence: fact.confidence,
                evidence: Vec::new(),
                notes: Vec::new(),
            },
            corrected,
        });
        Ok(())
    }

    fn verdict(&mut self) -> Option<&mut Verdict> {
        let record = self.dossier.verdict.as_mut()?;
        Some(&mut record.verdict)
    }
}
