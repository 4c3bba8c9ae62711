//! The rules tier: deterministic analyses without any model, labelled as rules.

use analysis::{PROMPT_VERSION, RULES_MODEL, SCHEMA_VERSION};
use jiff::Timestamp;
use serde::Serialize;
use store::{AnalysisOrigin, AnalysisRecord, Store, StoredPullRequest};

use crate::app::App;
use crate::error::{CliError, Outcome};
use crate::output::count;
use crate::progress::count_bar;
use crate::wiring::candidates::{Candidates, Wanted};
use crate::wiring::database::PAGE;

#[derive(Serialize)]
struct Document {
    version: u32,
    end: &'static str,
    tier: &'static str,
    requests: u64,
    answered: u64,
    cost_usd: f64,
}

/// Answers by rules.
pub(super) fn run(
    app: &App,
    store: &std::sync::Arc<dyn Store>,
    detector: &detect::Detector,
    wanted: Wanted,
) -> Result<Outcome, CliError> {
    let bar = count_bar(
        &app.output,
        wanted.limit.unwrap_or(store.statistics()?.pull_requests),
    );
    bar.set_message("analyze by rules");
    let mut candidates = Candidates::new(std::sync::Arc::clone(store), wanted);
    let mut answered: u64 = 0;
    loop {
        let page: Vec<StoredPullRequest> = std::iter::from_fn(|| candidates.next())
            .take(PAGE)
            .collect();
        if page.is_empty() {
            break;
        }
        let records: Vec<AnalysisRecord> =
            page.iter().map(|stored| record(detector, stored)).collect();
        store.put_analyses(&records)?;
        answered += records.len() as u64;
        bar.inc(records.len() as u64);
    }
    candidates.finish()?;
    bar.finish_and_clear();
    if app.output.json {
        app.output.document(&Document {
            version: 1,
            end: "finished",
            tier: RULES_MODEL,
            requests: answered,
            answered,
            cost_usd: 0.0,
        })?;
    } else {
        app.output.line(&format!(
            "{} pull requests analysed by rules; no model was asked and nothing left this machine",
            count(answered)
        ))?;
    }
    app.output.note("next: tandem coverage");
    Ok(Outcome::Done)
}

fn record(detector: &detect::Detector, stored: &StoredPullRequest) -> AnalysisRecord {
    let evidence = detector.evidence(&stored.pull_request);
    AnalysisRecord {
        key: stored.pull_request.key(),
        origin: AnalysisOrigin::Rules,
        run_id: RULES_MODEL.to_owned(),
        tier: 0,
        provider: RULES_MODEL.to_owned(),
        model: RULES_MODEL.to_owned(),
        attempt: 1,
        prompt_version: PROMPT_VERSION.to_string(),
        schema_version: SCHEMA_VERSION.to_string(),
        content_hash: stored.content_hash.clone(),
        finish_reason: None,
        input_tokens: 0,
        output_tokens: 0,
        cost_pico_usd: 0,
        answered_at: Timestamp::now(),
        repaired: None,
        quote_supported: None,
        answer: analysis::rules::analyse(&stored.pull_request, &evidence),
    }
}
