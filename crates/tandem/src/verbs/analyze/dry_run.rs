//! `analyze --dry-run`: what would be asked, of whom, for how much. Nothing leaves this machine.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use analysis::secrets::MaskCounts;
use batch::engine::{Estimate, PartEstimate};
use batch::policy::first_variant;
use batch::provider::RequestTemplate;
use batch::{RunSpec, Settings, TierSpec};
use detect::Detector;
use secrecy::SecretString;
use serde::Serialize;
use store::Store;

use crate::app::App;
use crate::cli::AnalyzeArguments;
use crate::config::Config;
use crate::error::{CliError, Outcome};
use crate::output::{count, safe_json};
use crate::verbs::analyze::estimate_text;
use crate::wiring::candidates::{Candidates, Wanted};
use crate::wiring::engine::models as model_table;
use crate::wiring::hosts::{connected, spool};
use crate::wiring::in_service::{in_service, today};
use crate::wiring::prompt_parts::{COLUMNS, PromptParts};
use crate::wiring::question::{Questions, task};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    dry_run: bool,
    tiers: Vec<String>,
    #[serde(flatten)]
    estimate: &'a Estimate,
    parts: Vec<PartEstimate>,
    shortened: u64,
    masked: u64,
}

/// Counts what the rules tier would answer.
pub(super) fn rules(
    app: &App,
    store: &Arc<dyn Store>,
    wanted: Wanted,
) -> Result<Outcome, CliError> {
    let mut candidates = Candidates::new(Arc::clone(store), wanted);
    let mut requests: u64 = 0;
    while candidates.next().is_some() {
        requests += 1;
    }
    candidates.finish()?;
    if app.output.json {
        app.output.document(&serde_json::json!({
            "version": 1, "dry_run": true, "tiers": ["rules"], "requests": requests,
        }))?;
    } else {
        app.output.line(&format!(
            "{} pull requests would be analysed by rules, free; nothing would leave this machine",
            count(requests)
        ))?;
    }
    Ok(Outcome::Done)
}

/// Estimates a run; with `--show`, prints every line as it would be sent.
pub(super) fn models(
    app: &App,
    config: &Config,
    store: &Arc<dyn Store>,
    detector: &Detector,
    wanted: Wanted,
    tiers: Vec<TierSpec>,
    arguments: &AnalyzeArguments,
) -> Result<Outcome, CliError> {
    let catalogue = model_table(config)?;
    let (tiers, warnings) = in_service(config, tiers, &catalogue, today())?;
    for warning in &warnings {
        app.output.warning(warning);
    }
    let doubt = super::doubts(app, config, store.as_ref(), &tiers, arguments)?;
    let spec = RunSpec {
        task: task(),
        tiers,
        budget: None,
        doubt,
    };
    let questions = Questions::new(detector);
    let mut lines = match spec.tiers.first() {
        Some(tier) if arguments.show => Some(Lines::new(app, config, &spec.task, tier)?),
        _ => None,
    };
    let mut candidates = Candidates::new(Arc::clone(store), wanted);
    let (mut requests, mut input_tokens, mut shortened, mut masked) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut parts = PromptParts::default();
    for stored in candidates.by_ref() {
        let (request, context) = questions.ask(&stored);
        requests += 1;
        parts.add(&questions, &context);
        input_tokens += u64::from(request.prompt_tokens);
        shortened += u64::from(!context.cuts.is_empty());
        masked += total(&context.masked);
        if let Some(lines) = &mut lines {
            lines.write(&request)?;
        }
    }
    candidates.finish()?;
    if let Some(lines) = lines {
        lines.finish()?;
    }
    let estimate = Estimate::new(&spec, requests, input_tokens);
    let names: Vec<String> = spec
        .tiers
        .iter()
        .map(|tier| tier.reference.to_string())
        .collect();
    if arguments.show {
        // stdout is the lines themselves; the estimate is said beside them.
        app.output.note(&estimate_text(&estimate));
    } else if app.output.json {
        app.output.document(&Document {
            version: 1,
            dry_run: true,
            tiers: names,
            estimate: &estimate,
            parts: parts.estimates(&spec, &estimate),
            shortened,
            masked,
        })?;
    } else {
        app.output.line(&format!(
            "Would ask {}: {}",
            names.join(", then "),
            estimate_text(&estimate)
        ))?;
        app.output.table(&COLUMNS, &parts.rows(&spec, &estimate))?;
        app.output.line(&format!(
            "{} texts would be shortened to their token budget, {} secrets and personal addresses masked; nothing was sent",
            count(shortened),
            count(masked)
        ))?;
        app.output
            .note("--show prints exactly what would leave this machine");
    }
    Ok(Outcome::Done)
}

fn total(masked: &MaskCounts) -> u64 {
    masked.values().sum()
}

/// Writes request lines as a provider would get them at the first tier.
struct Lines {
    frame: batch::provider::LineFrame,
    output: BufWriter<std::io::Stdout>,
}

impl Lines {
    fn new(
        app: &App,
        config: &Config,
        task: &batch::Task,
        tier: &TierSpec,
    ) -> Result<Self, CliError> {
        let name = tier.reference.provider.as_str();
        // A key in name only, and no call: the provider only says how it writes a line.
        let key = Some(SecretString::from(String::new()));
        let settings = Settings::production();
        let provider = connected(config, name, key, &settings, spool(app, name)?)?;
        let variant = first_variant(1, tier);
        let frame = provider.frame(&RequestTemplate {
            task,
            model: &tier.reference.model,
            max_completion_tokens: variant.max_completion_tokens,
            effort: variant.effort,
            response: tier.response,
        });
        Ok(Lines {
            frame,
            output: BufWriter::new(std::io::stdout()),
        })
    }

    fn write(&mut self, request: &batch::NewRequest) -> Result<(), CliError> {
        let mut line = Vec::new();
        self.frame
            .render(&request.custom_id, &request.payload, &mut line);
        // The very request, but for how characters that act on a terminal are written.
        let line = String::from_utf8_lossy(&line);
        self.output.write_all(safe_json(&line).as_bytes())?;
        Ok(())
    }

    fn finish(mut self) -> Result<(), CliError> {
        Ok(self.output.flush()?)
    }
}
