//! `tandem emulate`: a local Batch API for tests and trials.

use std::collections::BTreeMap;
use std::sync::Arc;

use analysis::rules;
use emulator::{
    Answered, Answerer, ChatRequest, Emulator, EmulatorConfig, LogTarget, Role, Scenario,
};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::app::App;
use crate::cli::EmulateArguments;
use crate::demo::doubtful::Doubtful;
use crate::demo::emulated_narrative;
use crate::error::{CliError, ErrorKind, Outcome};
use crate::wiring::interrupt::interrupted;

/// The line printed once the emulator listens.
#[derive(Serialize)]
struct Ready<'a> {
    emulator: bool,
    listening: String,
    base_url: String,
    seed: u64,
    log: Option<&'a std::path::Path>,
}

/// Answers questions about pull requests by the rules tier; leaves others to the emulator.
pub(crate) struct RulesAnswerer;

impl Answerer for RulesAnswerer {
    fn answer(&self, request: &ChatRequest) -> Answered {
        if is_narrative(request) {
            let honest = question_of(request).and_then(emulated_narrative::honest);
            return honest.map_or(Answered::NotMine, Answered::Text);
        }
        let context = question_of(request).and_then(rules::analyse_context);
        // Serialising an analysis cannot fail; were it to, the emulator's own answer is as good.
        match context.map(|analysis| serde_json::to_string(&analysis)) {
            Some(Ok(text)) => Answered::Text(text),
            _ => Answered::NotMine,
        }
    }
}

/// Answers as [`RulesAnswerer`] does, and is wrong as often as the scenario says, model by model.
struct FallibleAnswerer {
    wrong_rates: BTreeMap<String, f64>,
}

impl Answerer for FallibleAnswerer {
    fn answer(&self, request: &ChatRequest) -> Answered {
        let wrong_rate = self.wrong_rates.get(&request.model).copied();
        let Some(wrong_rate) = wrong_rate.filter(|rate| *rate > 0.0) else {
            return RulesAnswerer.answer(request);
        };
        if is_narrative(request) {
            // There is one narrative, not a share of many: a model that is ever wrong is wrong here.
            let lie = question_of(request).and_then(emulated_narrative::lying);
            return lie.map_or(Answered::NotMine, Answered::Text);
        }
        let doubtful = Doubtful {
            model: &request.model,
            wrong_rate,
        };
        let answer = question_of(request).and_then(|question| {
            let analysis = rules::analyse_context(question)?;
            serde_json::to_string(&doubtful.spoil(question, analysis)).ok()
        });
        answer.map_or(Answered::NotMine, Answered::Text)
    }
}

/// Whether a narrative of a report is asked for.
fn is_narrative(request: &ChatRequest) -> bool {
    let mut messages = request.messages.iter();
    messages.any(|message| {
        message.role == Role::System && emulated_narrative::is_asked(&message.content)
    })
}

/// The last words of the user.
fn question_of(request: &ChatRequest) -> Option<&str> {
    let mut newest_first = request.messages.iter().rev();
    newest_first
        .find(|message| message.role == Role::User)
        .map(|message| message.content.as_str())
}

/// Serves until interrupted.
pub(crate) fn run(app: &App, arguments: &EmulateArguments) -> Result<Outcome, CliError> {
    if arguments.print_scenario {
        app.output.line(Scenario::default_toml().trim_end())?;
        return Ok(Outcome::Done);
    }
    let mut config = EmulatorConfig::new(scenario(arguments)?);
    config.seed = arguments.seed.unwrap_or(config.seed);
    config.log = arguments.log.clone().map(LogTarget::File);
    let seed = config.seed;
    let wrong_rates = config
        .scenario
        .models
        .iter()
        .map(|(model, rules)| (model.clone(), rules.wrong_rate))
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let emulator = Emulator::new(config, Arc::new(FallibleAnswerer { wrong_rates }))
            .map_err(|error| CliError::new(ErrorKind::Internal, error))?;
        let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
            CliError::input(format!("cannot listen on {}: {error}", arguments.listen))
                .hint("choose another address with --listen, for instance 127.0.0.1:0")
        })?;
        let address = listener.local_addr()?;
        if app.output.json {
            app.output.json_line(&Ready {
                emulator: true,
                listening: address.to_string(),
                base_url: format!("http://{address}/openai/v1"),
                seed,
                log: arguments.log.as_deref(),
            })?;
        } else {
            app.output.line(&emulator.banner(address))?;
            app.output.hint(&format!(
                "TANDEM_GROQ_BASE_URL=http://{address}/openai/v1 GROQ_API_KEY=any tandem analyze --limit 25 --with-fallback"
            ));
        }
        emulator.serve(listener, interrupted()).await?;
        app.output.note("the emulator has stopped");
        Ok(Outcome::Done)
    })
}

fn scenario(arguments: &EmulateArguments) -> Result<Scenario, CliError> {
    let (name, text) = match &arguments.scenario {
        None => ("the default scenario".to_owned(), String::new()),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                CliError::input(format!(
                    "cannot read the scenario {}: {error}",
                    path.display()
                ))
            })?;
            (format!("the scenario {}", path.display()), text)
        }
    };
    let wrong = |error: emulator::ScenarioError| {
        CliError::new(ErrorKind::Input, error)
            .context(format!("{name} cannot be used"))
            .hint("tandem emulate --print-scenario prints every key with its default")
    };
    let mut scenario = Scenario::parse_with(&text, &arguments.settings).map_err(wrong)?;
    for fault in &arguments.faults {
        scenario.add_fault(fault).map_err(wrong)?;
    }
    Ok(scenario)
}
