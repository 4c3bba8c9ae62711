//! `batch run --dry-run`: what would be asked, of whom, for how much. Nothing leaves this machine.

use batch::engine::Estimate;
use batch::{ResponseMode, RunSpec, TierSpec, strict_form};
use serde::Serialize;

use super::ask::Command;
use super::index::Index;
use crate::app::App;
use crate::config::Config;
use crate::error::{CliError, Outcome};
use crate::output::count;
use crate::verbs::analyze::estimate_text;
use crate::wiring::engine::models;
use crate::wiring::in_service::{in_service, today};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    dry_run: bool,
    questions: u64,
    answered_before: u64,
    bad_lines: u64,
    tiers: Vec<Tier>,
    #[serde(flatten)]
    estimate: &'a Estimate,
}

/// How a tier would be asked.
#[derive(Serialize)]
struct Tier {
    model: String,
    response: ResponseMode,
    /// Why the schema is no constraint there, where the model could have one.
    not_strict: Option<String>,
    /// Places of the schema that are checked here only.
    checked_here: Vec<String>,
}

/// Estimates a run.
pub(super) fn run(
    app: &App,
    config: &Config,
    command: &Command<'_>,
    known: &Index,
) -> Result<Outcome, CliError> {
    let catalogue = models(config)?;
    let (tiers, warnings) = in_service(config, command.tiers.clone(), &catalogue, today())?;
    for warning in &warnings {
        app.output.warning(warning);
    }
    let spec = RunSpec {
        task: command.task.clone(),
        tiers,
        budget: None,
        doubt: None,
    };
    let mut unread = None;
    let (mut requests, mut input_tokens) = (0_u64, 0_u64);
    let wanted = |id, question| !known.has(id, question);
    for request in command
        .questions
        .requests(&command.asking, wanted, &mut unread)?
    {
        requests += 1;
        input_tokens += u64::from(request.prompt_tokens);
    }
    if let Some(error) = unread {
        return Err(error);
    }
    let estimate = Estimate::new(&spec, requests, input_tokens);
    let modes: Vec<Tier> = spec.tiers.iter().map(|tier| mode(tier, command)).collect();
    if app.output.json {
        app.output.document(&Document {
            version: 1,
            dry_run: true,
            questions: command.survey.index.len(),
            answered_before: command.survey.index.len() - requests,
            bad_lines: command.survey.bad.len() as u64,
            tiers: modes,
            estimate: &estimate,
        })?;
        return Ok(Outcome::Done);
    }
    let names: Vec<&str> = modes.iter().map(|tier| tier.model.as_str()).collect();
    app.output.line(&format!(
        "Would ask {}: {}",
        names.join(", then "),
        estimate_text(&estimate)
    ))?;
    let before = command.survey.index.len() - requests;
    if before > 0 {
        app.output.line(&format!(
            "{} questions have their answer already",
            count(before)
        ))?;
    }
    for tier in &modes {
        app.output
            .line(&format!("  {}: {}", tier.model, words(tier)))?;
    }
    app.output.line("Nothing was sent.")?;
    Ok(Outcome::Done)
}

fn mode(tier: &TierSpec, command: &Command<'_>) -> Tier {
    let model = tier.reference.to_string();
    match (tier.response, strict_form(&command.task.schema.schema)) {
        (ResponseMode::StrictSchema, Ok(form)) => Tier {
            model,
            response: ResponseMode::StrictSchema,
            not_strict: None,
            checked_here: form.left_out,
        },
        (ResponseMode::StrictSchema, Err(misfit)) => Tier {
            model,
            response: ResponseMode::JsonObject,
            not_strict: Some(misfit.to_string()),
            checked_here: Vec::new(),
        },
        (response, _) => Tier {
            model,
            response,
            not_strict: None,
            checked_here: Vec::new(),
        },
    }
}

fn words(tier: &Tier) -> String {
    match (tier.response, &tier.not_strict, tier.checked_here.len()) {
        (ResponseMode::StrictSchema, _, 0) => "constrained by the schema".to_owned(),
        (ResponseMode::StrictSchema, _, _) => format!(
            "constrained by the schema; checked here only: {}",
            tier.checked_here.join(", ")
        ),
        (_, Some(reason), _) => {
            format!("JSON mode, the schema in words: strict mode does not take it ({reason})")
        }
        (_, None, _) => "JSON mode, the schema in words".to_owned(),
    }
}
