//! Analyses with their answers.

use jiff::Timestamp;
use model::PrKey;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::codes::{self, count, uncount};
use super::fault::Fault;
use super::meta;
use super::pages::{PageQuery, page};
use super::pull_requests::{blob, packing};
use super::words::Ids;
use crate::analyses::{AnalysisRecord, AnalysisWrites};
use crate::document::{self, Packer, Unpacker};
use crate::error::StoreError;
use crate::selection::Selection;

/// What [`read`] wants to find in the first columns of a row.
pub(super) const ANALYSIS_COLUMNS: &str = "repo.name, pr.number, source.origin, source.run_id, source.tier, \
     source.provider, source.model, source.prompt_version, source.schema_version, \
     analysis.attempt, analysis.content_hash, analysis.answered_at_microseconds, \
     analysis.input_tokens, analysis.output_tokens, analysis.cost_pico_usd, \
     analysis.finish_reason, analysis.repaired, analysis.quote_supported, \
     analysis_answer.format, analysis_answer.data";
/// The joins that go with it, after `pr`.
pub(super) const ANALYSIS_JOIN: &str = "CROSS JOIN analysis USING (repo_id, number) \
     CROSS JOIN analysis_source AS source ON source.id = analysis.source_id \
     CROSS JOIN analysis_answer USING (repo_id, number)";

/// Stores the analyses of one transaction.
pub(super) fn put(
    transaction: &Transaction<'_>,
    analyses: &[AnalysisRecord],
) -> Result<AnalysisWrites, Fault> {
    let mut ids = Ids::new(transaction);
    let mut packer = Packer::new().map_err(packing)?;
    let mut unpacker = Unpacker::new().map_err(packing)?;
    let mut writes = AnalysisWrites::default();
    for analysis in analyses {
        let number = codes::number(&analysis.key.repo, analysis.key.number)?;
        let repo_id = match ids.known_repo(&analysis.key.repo)? {
            Some(repo_id) if is_known(transaction, repo_id, number)? => repo_id,
            _ => {
                writes.unknown += 1;
                continue;
            }
        };
        if let Some(stored) = get_with(transaction, &analysis.key, &mut unpacker)? {
            if is_same(&stored, analysis) {
                writes.unchanged += 1;
                continue;
            }
            if rank(&stored) > rank(analysis) {
                writes.superseded += 1;
                continue;
            }
        }
        replace(transaction, repo_id, number, analysis, &mut packer)?;
        writes.stored += 1;
    }
    if writes.stored > 0 {
        meta::count_change(transaction)?;
    }
    Ok(writes)
}

/// A page of analyses.
pub(super) fn list(
    transaction: &Transaction<'_>,
    selection: &Selection,
    after: Option<&PrKey>,
    limit: usize,
) -> Result<Vec<AnalysisRecord>, Fault> {
    let query = PageQuery {
        columns: ANALYSIS_COLUMNS,
        joins: ANALYSIS_JOIN,
        condition: "TRUE",
        parameters: &[],
    };
    let mut unpacker = Unpacker::new().map_err(packing)?;
    page(transaction, &query, selection, after, limit, |row| {
        read(row, &mut unpacker)
    })
}

/// The analysis of one pull request.
pub(super) fn get(
    transaction: &Transaction<'_>,
    key: &PrKey,
) -> Result<Option<AnalysisRecord>, Fault> {
    let mut unpacker = Unpacker::new().map_err(packing)?;
    get_with(transaction, key, &mut unpacker)
}

fn get_with(
    transaction: &Transaction<'_>,
    key: &PrKey,
    unpacker: &mut Unpacker,
) -> Result<Option<AnalysisRecord>, Fault> {
    let sql = format!(
        "SELECT {ANALYSIS_COLUMNS} FROM repo JOIN pr ON pr.repo_id = repo.id {ANALYSIS_JOIN} \
         WHERE repo.name = ?1 AND pr.number = ?2"
    );
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut rows = prepared.query(params![key.repo, count(key.number)])?;
    match rows.next()? {
        Some(row) => Ok(Some(read(row, unpacker)?)),
        None => Ok(None),
    }
}

/// What decides between two analyses of one pull request: the answer given last. The rest only
/// makes the choice the same in whatever order they come.
fn rank(analysis: &AnalysisRecord) -> (i64, &str, u32, u32) {
    (
        analysis.answered_at.as_microsecond(),
        &analysis.run_id,
        analysis.tier,
        analysis.attempt,
    )
}

/// Whether two records are stored as the same rows.
fn is_same(stored: &AnalysisRecord, given: &AnalysisRecord) -> bool {
    stored.answered_at.as_microsecond() == given.answered_at.as_microsecond()
        && *stored
            == AnalysisRecord {
                answered_at: stored.answered_at,
                ..given.clone()
            }
}

fn is_known(transaction: &Transaction<'_>, repo_id: i64, number: i64) -> Result<bool, Fault> {
    Ok(transaction
        .prepare_cached("SELECT 1 FROM pr WHERE repo_id = ?1 AND number = ?2")?
        .exists([repo_id, number])?)
}

fn replace(
    transaction: &Transaction<'_>,
    repo_id: i64,
    number: i64,
    analysis: &AnalysisRecord,
    packer: &mut Packer,
) -> Result<(), Fault> {
    let invalid = |what: String| {
        Fault::Store(StoreError::Invalid {
            what: format!("the analysis of {}: {what}", analysis.key),
        })
    };
    // JSON has no word for it: the answer could be written, but not read again.
    if !analysis.answer.ai.confidence.is_finite() {
        return Err(invalid("the confidence is not a number".to_owned()));
    }
    let json = document::to_json(&analysis.answer).map_err(|error| invalid(error.to_string()))?;
    transaction
        .prepare_cached(
            "INSERT INTO analysis (repo_id, number, source_id, attempt, content_hash, \
             answered_at_microseconds, input_tokens, output_tokens, cost_pico_usd, \
             finish_reason, repaired, quote_supported) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
             ON CONFLICT (repo_id, number) DO UPDATE SET source_id = excluded.source_id, \
             attempt = excluded.attempt, content_hash = excluded.content_hash, \
             answered_at_microseconds = excluded.answered_at_microseconds, \
             input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, \
             cost_pico_usd = excluded.cost_pico_usd, finish_reason = excluded.finish_reason, \
             repaired = excluded.repaired, quote_supported = excluded.quote_supported",
        )?
        .execute(params![
            repo_id,
            number,
            source_id(transaction, analysis)?,
            analysis.attempt,
            codes::hash_bytes(&analysis.content_hash)?,
            analysis.answered_at.as_microsecond(),
            count(analysis.input_tokens),
            count(analysis.output_tokens),
            count(analysis.cost_pico_usd),
            analysis.finish_reason,
            analysis.repaired,
            analysis.quote_supported,
        ])?;
    transaction
        .prepare_cached(
            "INSERT INTO analysis_answer (repo_id, number, format, data) \
             VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (repo_id, number) DO UPDATE SET format = excluded.format, \
             data = excluded.data",
        )?
        .execute(params![
            repo_id,
            number,
            document::FORMAT,
            packer.pack(&json).map_err(packing)?,
        ])?;
    Ok(())
}

/// The id of what this analysis has in common with others of its run and tier.
fn source_id(transaction: &Transaction<'_>, analysis: &AnalysisRecord) -> Result<i64, Fault> {
    let parameters = params![
        codes::analysis_origin_code(analysis.origin),
        analysis.run_id,
        analysis.tier,
        analysis.provider,
        analysis.model,
        analysis.prompt_version,
        analysis.schema_version,
    ];
    let known = transaction
        .prepare_cached(
            "SELECT id FROM analysis_source WHERE origin = ?1 AND run_id = ?2 AND tier = ?3 \
             AND provider = ?4 AND model = ?5 AND prompt_version = ?6 AND schema_version = ?7",
        )?
        .query_row(parameters, |row| row.get(0))
        .optional()?;
    match known {
        Some(id) => Ok(id),
        None => Ok(transaction
            .prepare_cached(
                "INSERT INTO analysis_source (origin, run_id, tier, provider, model, \
                 prompt_version, schema_version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .insert(parameters)?),
    }
}

/// Reads a row that begins with [`ANALYSIS_COLUMNS`].
pub(super) fn read(row: &Row<'_>, unpacker: &mut Unpacker) -> Result<AnalysisRecord, Fault> {
    let key = PrKey {
        repo: row.get(0)?,
        number: uncount(row.get(1)?),
    };
    let answered_at: i64 = row.get(11)?;
    let answer = unpacker
        .unpack(row.get(18)?, blob(row, 19)?)
        .map_err(|error| Fault::Damaged(format!("the analysis of {key}: {error}")))?;
    Ok(AnalysisRecord {
        origin: codes::analysis_origin(row.get(2)?)?,
        run_id: row.get(3)?,
        tier: row.get(4)?,
        provider: row.get(5)?,
        model: row.get(6)?,
        prompt_version: row.get(7)?,
        schema_version: row.get(8)?,
        attempt: row.get(9)?,
        content_hash: codes::hash_hex(blob(row, 10)?)?,
        answered_at: Timestamp::from_microsecond(answered_at).map_err(|_| {
            Fault::Damaged(format!(
                "the analysis of {key}: {answered_at} is not a time"
            ))
        })?,
        input_tokens: uncount(row.get(12)?),
        output_tokens: uncount(row.get(13)?),
        cost_pico_usd: uncount(row.get(14)?),
        finish_reason: row.get(15)?,
        repaired: row.get(16)?,
        quote_supported: row.get(17)?,
        answer,
        key,
    })
}
