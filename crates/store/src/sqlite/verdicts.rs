//! Verdicts with their evidence.

use model::{Evidence, PrKey, Verdict};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::codes::{self, count, uncount};
use super::corrections;
use super::facts::read_verdict;
use super::fault::Fault;
use super::meta;
use super::observations;
use super::pages::{PageQuery, page};
use super::search::signal_bit;
use super::team_of::Deciding;
use super::words::Ids;
use crate::adoption::ToolPlace;
use crate::error::StoreError;
use crate::selection::Selection;
use crate::verdicts::{VerdictRecord, VerdictWrite, VerdictWrites};

const VERDICT_COLUMNS: &str = "pr.repo_id, repo.name, pr.number, team.name, word.text, \
     pr.detected_hash IS pr.content_hash, pr.origin, pr.ai_authored, pr.ai_reviewed, \
     pr.plain_bot, pr.confidence, pr.corrected";
const VERDICT_JOIN: &str = "JOIN word ON word.id = pr.catalogue_id \
     JOIN team ON team.id = pr.team_id";
/// What [`read_evidence_row`] wants to find in the first columns of a row.
pub(super) const EVIDENCE_COLUMNS: &str = "evidence.tool, evidence.role, evidence.signal, evidence.field, \
     evidence.quote, evidence.rule, evidence.confidence, evidence.offset_bytes";

/// Stores the verdicts of one transaction.
pub(super) fn put(
    transaction: &Transaction<'_>,
    catalogue_version: &str,
    verdicts: &[VerdictWrite],
) -> Result<VerdictWrites, Fault> {
    let mut ids = Ids::new(transaction);
    let mut teams = Deciding::new(transaction)?;
    let catalogue_id = ids.word(catalogue_version)?;
    let mut writes = VerdictWrites::default();
    for write in verdicts {
        let repo_id = ids.known_repo(&write.key.repo)?;
        let number = codes::number(&write.key.repo, write.key.number)?;
        // SQLite keeps NaN as NULL: it could be written, but not read again.
        if write.verdict.confidence.is_nan() {
            return Err(Fault::Store(StoreError::Invalid {
                what: format!(
                    "the verdict on {}: the confidence is not a number",
                    write.key
                ),
            }));
        }
        let mut corrected = None;
        let is_known = match repo_id {
            Some(repo_id) => {
                corrected = corrections::heed(transaction, repo_id, number, &write.verdict)?;
                let verdict = corrected.as_ref().unwrap_or(&write.verdict);
                let tools = tool_ids(transaction, &mut ids, verdict)?;
                let source = Source {
                    catalogue_id,
                    detected_hash: codes::hash_bytes(&write.content_hash)?,
                };
                put_columns(transaction, repo_id, number, tools, verdict, Some(&source))?
            }
            None => false,
        };
        match repo_id {
            Some(repo_id) if is_known => {
                let verdict = corrected.as_ref().unwrap_or(&write.verdict);
                put_rows(transaction, repo_id, number, verdict)?;
                observations::put_measures(
                    transaction,
                    &mut ids,
                    repo_id,
                    number,
                    &write.measures,
                )?;
                if teams.looks_at_people() {
                    teams.person_found(repo_id, number)?;
                }
                writes.stored += 1;
            }
            _ => writes.unknown += 1,
        }
    }
    if writes.stored > 0 {
        meta::count_change(transaction)?;
    }
    Ok(writes)
}

/// A page of verdicts.
pub(super) fn list(
    transaction: &Transaction<'_>,
    selection: &Selection,
    after: Option<&PrKey>,
    limit: usize,
) -> Result<Vec<VerdictRecord>, Fault> {
    let query = PageQuery {
        columns: VERDICT_COLUMNS,
        joins: VERDICT_JOIN,
        condition: "pr.origin IS NOT NULL",
        parameters: &[],
    };
    page(transaction, &query, selection, after, limit, |row| {
        read(transaction, row)
    })
}

/// The verdict on one pull request.
pub(super) fn get(
    transaction: &Transaction<'_>,
    key: &PrKey,
) -> Result<Option<VerdictRecord>, Fault> {
    let sql = format!(
        "SELECT {VERDICT_COLUMNS} FROM repo JOIN pr ON pr.repo_id = repo.id {VERDICT_JOIN} \
         WHERE repo.name = ?1 AND pr.number = ?2 AND pr.origin IS NOT NULL"
    );
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut rows = prepared.query(params![key.repo, count(key.number)])?;
    match rows.next()? {
        Some(row) => Ok(Some(read(transaction, row)?)),
        None => Ok(None),
    }
}

/// Writes a verdict in place of the one that is there, as drawn from the same.
pub(super) fn replace(
    transaction: &Transaction<'_>,
    ids: &mut Ids<'_>,
    repo_id: i64,
    number: i64,
    verdict: &Verdict,
) -> Result<(), Fault> {
    let tools = tool_ids(transaction, ids, verdict)?;
    put_columns(transaction, repo_id, number, tools, verdict, None)?;
    put_rows(transaction, repo_id, number, verdict)
}

/// What a verdict was drawn from.
struct Source {
    catalogue_id: i64,
    detected_hash: [u8; 32],
}

fn tool_ids(
    transaction: &Transaction<'_>,
    ids: &mut Ids<'_>,
    verdict: &Verdict,
) -> Result<ToolIds, Fault> {
    Ok(ToolIds {
        author: joined(transaction, ids, &verdict.author_tools)?,
        review: joined(transaction, ids, &verdict.review_tools)?,
    })
}

/// The words for the tools of a verdict.
#[derive(Debug, Clone, Copy)]
struct ToolIds {
    author: Option<i64>,
    review: Option<i64>,
}

/// The word for tools together, `claude_code,cursor`; none for no tool.
fn joined(
    transaction: &Transaction<'_>,
    ids: &mut Ids<'_>,
    tools: &[String],
) -> Result<Option<i64>, Fault> {
    if tools.is_empty() {
        return Ok(None);
    }
    let id = ids.word(&tools.join(","))?;
    transaction
        .prepare_cached("INSERT OR IGNORE INTO tool_set (word_id) VALUES (?1)")?
        .execute([id])?;
    Ok(Some(id))
}

/// Writes the columns of the fact row; false when there is no such pull request. Without a source, what
/// the verdict was drawn from stays as it is.
fn put_columns(
    transaction: &Transaction<'_>,
    repo_id: i64,
    number: i64,
    tools: ToolIds,
    verdict: &Verdict,
    source: Option<&Source>,
) -> Result<bool, Fault> {
    let known: Option<i64> = transaction
        .prepare_cached(
            "UPDATE pr SET origin = ?3, ai_authored = ?4, ai_reviewed = ?5, plain_bot = ?6, \
             confidence = ?7, catalogue_id = coalesce(?8, catalogue_id), \
             detected_hash = coalesce(?9, detected_hash), author_tools_id = ?10, \
             review_tools_id = ?11, signals = ?12 \
             WHERE repo_id = ?1 AND number = ?2 RETURNING number",
        )?
        .query_row(
            params![
                repo_id,
                number,
                codes::origin_code(verdict.origin),
                verdict.ai_authored,
                verdict.ai_reviewed,
                verdict.plain_bot,
                verdict.confidence,
                source.map(|source| source.catalogue_id),
                source.map(|source| source.detected_hash),
                tools.author,
                tools.review,
                signals(verdict),
            ],
            |row| row.get(0),
        )
        .optional()?;
    Ok(known.is_some())
}

/// The kinds of evidence, a bit each.
fn signals(verdict: &Verdict) -> u32 {
    let bits = verdict.evidence.iter().map(|hit| signal_bit(hit.signal));
    bits.fold(0, |all, bit| all | bit)
}

/// Writes evidence, tools and notes in place of earlier ones.
fn put_rows(
    transaction: &Transaction<'_>,
    repo_id: i64,
    number: i64,
    verdict: &Verdict,
) -> Result<(), Fault> {
    for sql in [
        "DELETE FROM evidence WHERE repo_id = ?1 AND number = ?2",
        "DELETE FROM verdict_tool WHERE repo_id = ?1 AND number = ?2",
        "DELETE FROM verdict_note WHERE repo_id = ?1 AND number = ?2",
    ] {
        transaction
            .prepare_cached(sql)?
            .execute([repo_id, number])?;
    }
    for (ordinal, evidence) in (0_i64..).zip(&verdict.evidence) {
        transaction
            .prepare_cached(
                "INSERT INTO evidence (repo_id, number, ordinal, tool, role, signal, field, \
                 quote, rule, confidence, offset_bytes) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                repo_id,
                number,
                ordinal,
                evidence.tool,
                codes::role_code(evidence.role),
                codes::signal_code(evidence.signal),
                evidence.field,
                evidence.quote,
                evidence.rule,
                codes::confidence_code(evidence.confidence),
                count(evidence.offset_bytes),
            ])?;
    }
    for (place, tools) in [
        (ToolPlace::Author, &verdict.author_tools),
        (ToolPlace::Review, &verdict.review_tools),
    ] {
        for tool in tools {
            transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO verdict_tool (repo_id, number, place, tool) \
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![repo_id, number, codes::place_code(place), tool])?;
        }
    }
    for (ordinal, note) in (0_i64..).zip(&verdict.notes) {
        transaction
            .prepare_cached(
                "INSERT INTO verdict_note (repo_id, number, ordinal, note) \
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![repo_id, number, ordinal, note])?;
    }
    Ok(())
}

/// Reads a row of [`VERDICT_COLUMNS`] and what belongs to it.
fn read(transaction: &Transaction<'_>, row: &Row<'_>) -> Result<VerdictRecord, Fault> {
    let repo_id: i64 = row.get(0)?;
    let number: i64 = row.get(2)?;
    let Some(fact) = read_verdict(row, 6)? else {
        return Err(Fault::Damaged("a verdict has no origin".to_owned()));
    };
    let (author_tools, review_tools) = read_tools(transaction, repo_id, number)?;
    let corrected = if row.get(11)? {
        corrections::standing(transaction, repo_id, number)?
    } else {
        None
    };
    Ok(VerdictRecord {
        corrected,
        key: PrKey {
            repo: row.get(1)?,
            number: uncount(number),
        },
        team: row.get(3)?,
        catalogue_version: row.get(4)?,
        content_is_current: row.get(5)?,
        verdict: Verdict {
            origin: fact.origin,
            ai_authored: fact.ai_authored,
            ai_reviewed: fact.ai_reviewed,
            author_tools,
            review_tools,
            plain_bot: fact.plain_bot,
            confidence: fact.confidence,
            evidence: read_evidence(transaction, repo_id, number)?,
            notes: read_notes(transaction, repo_id, number)?,
        },
    })
}

fn read_tools(
    transaction: &Transaction<'_>,
    repo_id: i64,
    number: i64,
) -> Result<(Vec<String>, Vec<String>), Fault> {
    let mut prepared = transaction.prepare_cached(
        "SELECT place, tool FROM verdict_tool WHERE repo_id = ?1 AND number = ?2 \
         ORDER BY place, tool",
    )?;
    let mut rows = prepared.query([repo_id, number])?;
    let (mut author, mut review) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        match codes::place(row.get(0)?)? {
            ToolPlace::Author => author.push(row.get(1)?),
            ToolPlace::Review => review.push(row.get(1)?),
        }
    }
    Ok((author, review))
}

fn read_evidence(
    transaction: &Transaction<'_>,
    repo_id: i64,
    number: i64,
) -> Result<Vec<Evidence>, Fault> {
    let mut prepared = transaction.prepare_cached(&format!(
        "SELECT {EVIDENCE_COLUMNS} FROM evidence WHERE repo_id = ?1 AND number = ?2 ORDER BY ordinal"
    ))?;
    let mut rows = prepared.query([repo_id, number])?;
    let mut evidence = Vec::new();
    while let Some(row) = rows.next()? {
        evidence.push(read_evidence_row(row)?);
    }
    Ok(evidence)
}

/// Reads a row that begins with [`EVIDENCE_COLUMNS`].
pub(super) fn read_evidence_row(row: &Row<'_>) -> Result<Evidence, Fault> {
    Ok(Evidence {
        tool: row.get(0)?,
        role: codes::role(row.get(1)?)?,
        signal: codes::signal(row.get(2)?)?,
        field: row.get(3)?,
        quote: row.get(4)?,
        rule: row.get(5)?,
        confidence: codes::confidence(row.get(6)?)?,
        offset_bytes: uncount(row.get(7)?),
    })
}

fn read_notes(
    transaction: &Transaction<'_>,
    repo_id: i64,
    number: i64,
) -> Result<Vec<String>, Fault> {
    let mut prepared = transaction.prepare_cached(
        "SELECT note FROM verdict_note WHERE repo_id = ?1 AND number = ?2 ORDER BY ordinal",
    )?;
    let mut rows = prepared.query([repo_id, number])?;
    let mut notes = Vec::new();
    while let Some(row) = rows.next()? {
        notes.push(row.get(0)?);
    }
    Ok(notes)
}
