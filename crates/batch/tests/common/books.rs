//! The books: what must hold between the ledger, the stored answers and the host after a run.

use std::collections::BTreeSet;

use batch::ledger::{Shard, ShardFilter};
use batch::{Money, RunReport};
use emulator::LogRecord;
use serde_json::Value;
use tower::ServiceExt;

use super::World;

impl World {
    /// The batches that the host answered for and says it does not know.
    pub(crate) async fn forgotten(&self) -> BTreeSet<String> {
        let answered: BTreeSet<String> = self
            .log
            .records()
            .into_iter()
            .filter_map(|record| record.batch_id)
            .collect();
        let mut forgotten = BTreeSet::new();
        for batch_id in answered {
            // The scenario's faults hit this question too; it is asked until it is answered.
            let is_gone = loop {
                if let Some(batch) = self.ask_after(&batch_id).await {
                    break batch.get("status").is_none();
                }
            };
            if is_gone {
                forgotten.insert(batch_id);
            }
        }
        forgotten
    }

    /// The host's reply about a batch: the batch, or an error that names it.
    async fn ask_after(&self, batch_id: &str) -> Option<Value> {
        self.ask(&format!("/openai/v1/batches/{batch_id}")).await
    }

    /// The host's reply to a question, where it is JSON with a status that answers it.
    pub(crate) async fn ask(&self, path: &str) -> Option<Value> {
        let request = http::Request::builder()
            .uri(path)
            .header("authorization", "Bearer test-key")
            .body(axum::body::Body::empty())
            .expect("a request");
        let response = self
            .transport
            .router()
            .oneshot(request)
            .await
            .expect("answers");
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20)
            .await
            .ok()?;
        let reply: Value = serde_json::from_slice(&body).ok()?;
        (status.is_success() || status == http::StatusCode::NOT_FOUND).then_some(reply)
    }

    /// The result files that were gone before they could be read, as the engine told.
    fn gone_files(&self) -> BTreeSet<String> {
        self.warnings()
            .iter()
            .filter_map(|words| {
                let (_, rest) = words.split_once("the result file ")?;
                Some(rest.split_once(" is gone")?.0.to_owned())
            })
            .collect()
    }

    /// Demands that the host has one batch for each shard that was sent, and no other: nothing was
    /// submitted twice, not even where it cost nothing.
    pub(crate) async fn check_batches(&self, report: &RunReport) {
        let shards = self
            .ledger
            .shards(report.run, ShardFilter::All)
            .expect("lists");
        let known: Vec<&str> = shards
            .iter()
            .filter_map(|shard| shard.batch_id.as_deref())
            .collect();
        let mut created = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self
                .ask(&format!("/openai/v1/batches{cursor}"))
                .await
                .expect("a list");
            for batch in page["data"].as_array().expect("batches") {
                created.push(batch["id"].as_str().expect("an id").to_owned());
            }
            match page["paging"]["next_cursor"].as_str() {
                Some(next) => cursor = format!("?cursor={next}"),
                None => break,
            }
        }
        created.sort();
        let mut known: Vec<String> = known.into_iter().map(str::to_owned).collect();
        known.sort();
        assert_eq!(created, known, "batches at the host and in the ledger");
    }

    /// Demands what holds after every finished run: each request has one outcome, the stored answers
    /// are those the ledger counts, every batch the host answered for belongs to one shard, and the
    /// money is what the host would bill.
    pub(crate) fn check_books(&self, report: &RunReport) {
        let visible = self.check_requests(report, &BTreeSet::new());
        let cost = report.summary.totals.cost_usd;
        assert_eq!(cost, visible, "the ledger's money and the host's");
    }

    /// As [`World::check_books`], where the host bills answers that nobody can read.
    ///
    /// Batches that the host forgot before anybody had written their ids down may be in no shard.
    pub(crate) fn check_requests(&self, report: &RunReport, forgotten: &BTreeSet<String>) -> Money {
        let totals = &report.summary.totals;
        let run = report.run;
        assert_eq!(
            totals.requests,
            totals.answered + totals.failed + totals.open
        );
        let answered: BTreeSet<String> = self.stored().into_keys().collect();
        let failed: BTreeSet<String> = self
            .failures(run)
            .into_iter()
            .map(|request| request.custom_id)
            .collect();
        assert!(answered.is_disjoint(&failed), "both answered and failed");
        assert_eq!(answered.len() as u64, totals.answered);
        assert_eq!(failed.len() as u64, totals.failed);

        let shards = self.ledger.shards(run, ShardFilter::All).expect("lists");
        let batches: BTreeSet<&str> = shards
            .iter()
            .filter_map(|shard| shard.batch_id.as_deref())
            .collect();
        let created = shards.iter().filter(|shard| shard.batch_id.is_some());
        assert_eq!(batches.len(), created.count(), "two shards share a batch");
        let gone_files = self.gone_files();
        let mut visible = Money::ZERO;
        // What the host wrote for answers whose usage nobody could read.
        let mut hidden = Money::ZERO;
        let mut answered_by_batch = BTreeSet::new();
        for record in self.log.records() {
            let batch_id = record.batch_id.clone().expect("a batch");
            if forgotten.contains(&batch_id) {
                continue;
            }
            let shard = shards
                .iter()
                .find(|shard| shard.batch_id.as_ref() == Some(&batch_id))
                .unwrap_or_else(|| panic!("{batch_id} was paid for and is in no shard"));
            if record.outcome != "duplicate" {
                let custom_id = record.custom_id.clone();
                assert!(
                    answered_by_batch.insert((batch_id, custom_id)),
                    "answered twice: {record:?}"
                );
            }
            if shows_usage(&record, shard, &gone_files) {
                visible += shard
                    .price
                    .cost(record.prompt_tokens, record.completion_tokens);
            } else if record.outcome != "duplicate" && !is_like_unreached(&record, shard) {
                hidden += shard.price.cost(0, record.completion_tokens);
            }
        }
        assert!(totals.cost_usd <= visible, "more money than the host's");
        assert!(
            hidden <= totals.possible_cost_usd,
            "the host may charge {hidden}, the ledger knows of {}",
            totals.possible_cost_usd
        );
        visible
    }
}

/// Whether a batch was stopped before its end and shows nothing of an answer: it is billed, but nothing
/// tells it from the requests that were not reached.
fn is_like_unreached(record: &LogRecord, shard: &Shard) -> bool {
    let has_files = shard.output_file_id.is_some() || shard.error_file_id.is_some();
    let has_no_line = record.outcome == "missing" || !has_files;
    match shard.remote_status.as_deref() {
        Some("expired" | "cancelled") => has_no_line,
        Some("failed") => has_no_line && shard.output_file_id.is_none(),
        _ => false,
    }
}

/// Whether the client sees the tokens of an answer that the host bills.
fn shows_usage(record: &LogRecord, shard: &Shard, gone_files: &BTreeSet<String>) -> bool {
    let hidden = [
        "json_empty",
        "json_max_tokens",
        "max_tokens_message",
        "json_partial",
        "json_mismatch",
        "missing",
        "null_id",
        "body_list",
        "body_number",
        "garbage",
    ];
    // Answers with usage stand in the output file.
    let is_readable = |id: &String| !gone_files.contains(id);
    !hidden.contains(&record.outcome.as_str())
        && shard.output_file_id.as_ref().is_some_and(is_readable)
        && shard.remote_status.as_deref() != Some("gone")
}
