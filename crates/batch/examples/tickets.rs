//! Sorts support tickets into queues: a cheap model first, a stronger one for what it cannot answer.
//!
//! ```console
//! $ cargo run -p batch --example tickets
//! ```
//!
//! It starts the emulator, so it needs no key and no network and costs nothing. For the real host,
//! replace the address by the profile's own and the key by yours.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use batch::engine::RunReport;
use batch::provider::{OpenAiShaped, Profile, Provider};
use batch::transport::HttpTransport;
use batch::{
    Answer, AnswerSchema, Candidate, Catalogue, Engine, EngineParts, MemoryLedger, MemorySink,
    Money, NewRequest, RunSpec, Settings, Task, TierSpec, Wait,
};
use emulator::{EmulatorConfig, EmulatorHandle, Scenario, SchemaAnswerer};
use serde_json::{Value, json};

const TICKETS: [&str; 5] = [
    "The parcel never came.",
    "I was charged twice in May.",
    "The app closes when I open my basket.",
    "Where do I find the invoice?",
    "The box was open and empty.",
];

/// What the tickets came to.
pub(crate) struct Sorted {
    /// The run, with its tokens, money and failures.
    pub(crate) report: RunReport,
    /// An answer for each ticket.
    pub(crate) answers: Vec<Answer>,
}

/// Sorts five hundred tickets at the host with this address.
pub(crate) async fn sort(base_url: &str, key: &str) -> Result<Sorted, Box<dyn Error>> {
    // Questions: one task, and as many requests as there are tickets. They are read as an iterator, so
    // they may come from a file or a database cursor.
    let task = Task::new(
        "tickets",
        "Sort the ticket into a queue.",
        AnswerSchema {
            name: "ticket".to_owned(),
            schema: json!({
                "type": "object",
                "properties": {
                    "queue": {"enum": ["delivery", "billing", "software"]},
                    "reason": {"type": "string"}
                },
                "required": ["queue", "reason"],
                "additionalProperties": false
            }),
        },
    );
    let requests = (1..=500).zip(TICKETS.into_iter().cycle());
    let requests =
        requests.map(|(number, text)| NewRequest::user(&format!("ticket-{number}"), text, &task));

    // Whom to ask, where answers go, and what they must be beyond the schema's shape.
    let mut settings = Settings::production();
    settings.poll.initial = std::time::Duration::from_millis(50);
    settings.wait = Wait::UntilDone;
    let groq: Arc<dyn Provider> = Arc::new(OpenAiShaped::new(
        Profile::groq().at(base_url),
        Some(key.into()),
        Arc::new(HttpTransport::new()?),
        settings.retry.clone(),
    ));
    let sink = Arc::new(MemorySink::default());
    let check = |candidate: Candidate<'_>| {
        let answer: Value =
            serde_json::from_str(candidate.json).map_err(|error| error.to_string())?;
        match answer["queue"].as_str() {
            Some("delivery" | "billing" | "software") => Ok(()),
            _ => Err("queue: there is no such queue".to_owned()),
        }
    };
    let engine = Engine::new(EngineParts {
        settings,
        ..EngineParts::new(
            Arc::new(MemoryLedger::new()),
            [groq],
            sink.clone(),
            Arc::new(check),
        )
    });

    // The cascade, with a budget that is kept before anything is sent.
    let catalogue = Catalogue::embedded();
    let spec = RunSpec {
        tiers: vec![
            TierSpec::parse("groq:openai/gpt-oss-20b", &catalogue)?,
            TierSpec::parse("groq:openai/gpt-oss-120b", &catalogue)?,
        ],
        budget: Some(Money::from_usd(1.0)?),
        doubt: None,
        task: task.clone(),
    };
    let plan = engine.plan(spec, requests)?;
    let report = engine.run(plan.run).await?;
    Ok(Sorted {
        report,
        answers: sink.take(),
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // reqwest leaves the choice of cryptography to the program.
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "another provider is installed")?;
    let config = EmulatorConfig::new(Scenario::default());
    let emulator = EmulatorHandle::start(config, Arc::new(SchemaAnswerer)).await?;
    let sorted = sort(&emulator.base_url(), "any").await?;
    let mut queues: BTreeMap<String, u32> = BTreeMap::new();
    for answer in &sorted.answers {
        let value: Value = serde_json::from_str(&answer.json)?;
        let queue = value["queue"].as_str().unwrap_or_default().to_owned();
        *queues.entry(queue).or_default() += 1;
    }
    for (queue, tickets) in queues {
        println!("{queue:<10} {tickets}");
    }
    for tier in &sorted.report.summary.tiers {
        println!(
            "tier {} ({}): {} asked, {} answered, {}",
            tier.tier, tier.model, tier.requests, tier.answered, tier.cost_usd
        );
    }
    Ok(())
}
