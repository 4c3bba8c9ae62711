//! Corrections of verdicts. While one stands, the rows of the verdict hold the corrected one, so that
//! every count and list goes by it; the automatic one is kept beside it.

use jiff::Timestamp;
use model::{Correction, PrKey, Verdict};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::codes::{self, count, uncount};
use super::fault::Fault;
use super::pages::{PageQuery, page};
use super::words::Ids;
use super::{audit, meta, verdicts};
use crate::corrections::{AuditEntry, Corrected, CorrectedPullRequest, CorrectionRecord, Decision};
use crate::error::StoreError;
use crate::selection::Selection;

/// Decisions about one pull request that are told.
const HISTORY: usize = 1_000;

/// Keeps a decision and brings the verdict in line; false when there was nothing to withdraw.
pub(super) fn decide(transaction: &Transaction<'_>, decision: &Decision) -> Result<bool, Fault> {
    let invalid = |what: String| {
        Err(Fault::Store(StoreError::Invalid {
            what: format!("{}: {what}", decision.key),
        }))
    };
    let Some(stored) = verdicts::get(transaction, &decision.key)? else {
        return invalid("there is no verdict to correct".to_owned());
    };
    let standing = stored.corrected;
    if let Some(correction) = &decision.correction {
        if correction.is_empty() {
            return invalid("the correction says nothing".to_owned());
        }
        if let Some(problem) = correction.contradiction() {
            return invalid(problem.to_owned());
        }
    } else if standing.is_none() {
        return Ok(false);
    }
    let (repo_id, number) = place(transaction, &decision.key)?;
    let automatic = standing
        .as_ref()
        .map_or(&stored.verdict, |standing| &standing.automatic);
    let correction_id = transaction
        .prepare_cached(
            "INSERT INTO correction (repo_id, number, made_at, made_by, note, is_withdrawal, \
             correction) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .insert(params![
            repo_id,
            number,
            decision.at.as_microsecond(),
            decision.by,
            decision.note,
            decision.correction.is_none(),
            to_json(
                decision
                    .correction
                    .as_ref()
                    .unwrap_or(&Correction::default())
            )?,
        ])?;
    let holds = if let Some(correction) = &decision.correction {
        let holds = correction.applied_to(automatic);
        let are_tools_named =
            (correction.author_tools.as_ref()).is_some_and(|tools| !tools.is_empty());
        if are_tools_named && holds.ai_authored != Some(true) {
            return invalid(
                "tools that wrote or helped are named, but nothing says that AI took part: give the \
                 origin too"
                    .to_owned(),
            );
        }
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO corrected (repo_id, number, correction_id, automatic) \
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![repo_id, number, correction_id, to_json(automatic)?])?;
        holds
    } else {
        transaction
            .prepare_cached("DELETE FROM corrected WHERE repo_id = ?1 AND number = ?2")?
            .execute([repo_id, number])?;
        automatic.clone()
    };
    let mut ids = Ids::new(transaction);
    verdicts::replace(transaction, &mut ids, repo_id, number, &holds)?;
    transaction
        .prepare_cached("UPDATE pr SET corrected = ?3 WHERE repo_id = ?1 AND number = ?2")?
        .execute(params![repo_id, number, decision.correction.is_some()])?;
    audit::append(
        transaction,
        &AuditEntry {
            at: decision.at,
            who: decision.by.clone(),
            action: if decision.correction.is_some() {
                "correct".to_owned()
            } else {
                "withdraw".to_owned()
            },
            subject: decision.key.to_string(),
            old: Some(summary(&stored.verdict)),
            new: Some(summary(&holds)),
        },
    )?;
    meta::count_change(transaction)?;
    Ok(true)
}

/// What the log keeps of a verdict.
fn summary(verdict: &Verdict) -> Value {
    json!({
        "origin": verdict.origin,
        "ai_reviewed": verdict.ai_reviewed,
        "author_tools": verdict.author_tools,
        "review_tools": verdict.review_tools,
    })
}

/// The verdict to keep in the rows for one that signatures and models say now: where a correction
/// stands, the corrected one, and the other beside it.
pub(super) fn heed(
    transaction: &Transaction<'_>,
    repo_id: i64,
    number: i64,
    automatic: &Verdict,
) -> Result<Option<Verdict>, Fault> {
    let json: Option<String> = transaction
        .prepare_cached(
            "SELECT correction.correction FROM corrected \
             JOIN correction ON correction.id = corrected.correction_id \
             WHERE corrected.repo_id = ?1 AND corrected.number = ?2",
        )?
        .query_row([repo_id, number], |row| row.get(0))
        .optional()?;
    let Some(json) = json else { return Ok(None) };
    transaction
        .prepare_cached("UPDATE corrected SET automatic = ?3 WHERE repo_id = ?1 AND number = ?2")?
        .execute(params![repo_id, number, to_json(automatic)?])?;
    let correction: Correction = from_json(&json)?;
    Ok(Some(correction.applied_to(automatic)))
}

/// The correction of one pull request that stands.
pub(super) fn standing(
    transaction: &Transaction<'_>,
    repo_id: i64,
    number: i64,
) -> Result<Option<Corrected>, Fault> {
    let mut prepared = transaction.prepare_cached(&format!(
        "SELECT {RECORD_COLUMNS}, corrected.automatic FROM corrected \
         JOIN correction ON correction.id = corrected.correction_id \
         WHERE corrected.repo_id = ?1 AND corrected.number = ?2"
    ))?;
    let mut rows = prepared.query([repo_id, number])?;
    match rows.next()? {
        Some(row) => Ok(Some(read_corrected(row, 0)?)),
        None => Ok(None),
    }
}

/// All decisions about a pull request, the latest first.
pub(super) fn history(
    transaction: &Transaction<'_>,
    key: &PrKey,
) -> Result<Vec<CorrectionRecord>, Fault> {
    let mut prepared = transaction.prepare_cached(&format!(
        "SELECT {RECORD_COLUMNS} FROM repo \
         JOIN correction ON correction.repo_id = repo.id AND correction.number = ?2 \
         WHERE repo.name = ?1 ORDER BY correction.id DESC LIMIT ?3"
    ))?;
    let mut rows = prepared.query(params![key.repo, count(key.number), count(HISTORY as u64)])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(read_record(row, 0)?);
    }
    Ok(records)
}

/// A page of pull requests with a correction that stands.
pub(super) fn list(
    transaction: &Transaction<'_>,
    selection: &Selection,
    after: Option<&PrKey>,
    limit: usize,
) -> Result<Vec<CorrectedPullRequest>, Fault> {
    let columns = format!("repo.name, pr.number, {RECORD_COLUMNS}, corrected.automatic");
    let query = PageQuery {
        columns: &columns,
        joins: "JOIN corrected ON corrected.repo_id = pr.repo_id AND corrected.number = pr.number \
                JOIN correction ON correction.id = corrected.correction_id",
        condition: "TRUE",
        parameters: &[],
    };
    page(transaction, &query, selection, after, limit, |row| {
        Ok(CorrectedPullRequest {
            key: PrKey {
                repo: row.get(0)?,
                number: uncount(row.get(1)?),
            },
            corrected: read_corrected(row, 2)?,
        })
    })
}

const RECORD_COLUMNS: &str = "correction.id, correction.is_withdrawal, correction.correction, \
     correction.made_by, correction.note, correction.made_at";

fn read_record(row: &Row<'_>, first: usize) -> Result<CorrectionRecord, Fault> {
    let is_withdrawal: bool = row.get(first + 1)?;
    let json: String = row.get(first + 2)?;
    let at: i64 = row.get(first + 5)?;
    Ok(CorrectionRecord {
        id: uncount(row.get(first)?),
        correction: if is_withdrawal {
            None
        } else {
            Some(from_json(&json)?)
        },
        by: row.get(first + 3)?,
        note: row.get(first + 4)?,
        at: Timestamp::from_microsecond(at)
            .map_err(|_| Fault::Damaged(format!("{at} is not a time")))?,
    })
}

fn read_corrected(row: &Row<'_>, first: usize) -> Result<Corrected, Fault> {
    let automatic: String = row.get(first + 6)?;
    Ok(Corrected {
        record: read_record(row, first)?,
        automatic: from_json(&automatic)?,
    })
}

fn place(transaction: &Transaction<'_>, key: &PrKey) -> Result<(i64, i64), Fault> {
    let number = codes::number(&key.repo, key.number)?;
    let repo_id = transaction
        .prepare_cached("SELECT id FROM repo WHERE name = ?1")?
        .query_row([&key.repo], |row| row.get(0))?;
    Ok((repo_id, number))
}

fn to_json(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| {
        Fault::Store(StoreError::Invalid {
            what: format!("a correction cannot be written as JSON: {error}"),
        })
    })
}

fn from_json<T: DeserializeOwned>(json: &str) -> Result<T, Fault> {
    serde_json::from_str(json).map_err(|error| Fault::Damaged(format!("a correction: {error}")))
}
