//! A cascade on the emulator, in one process and on a clock that jumps.
#![allow(dead_code, reason = "each test file uses its own part")]

mod books;
mod hosts;
mod killer;
pub(crate) mod parallel;
pub(crate) mod random;
mod transport;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use batch::ledger::{FailedRequest, Ledger, Takeover};
use batch::{
    Accepted, Answer, AnswerCheck, AnswerSchema, AnswerSink, CancellationToken, Candidate,
    Catalogue, Doubt, DoubtSpec, Engine, EngineError, EngineParts, Event, MemoryLedger, Money,
    NewRequest, Observer, Oversized, Payload, Plan, RunId, RunReport, RunSpec, Settings, Shrunk,
    SinkError, Task, TierSpec, TimerClock,
};
use emulator::{Emulator, EmulatorConfig, LogTarget, Scenario, SchemaAnswerer, SharedLog};
use serde_json::{Value, json};

pub(crate) use killer::{KillAt, Spell};
pub(crate) use transport::RouterTransport;

/// The time at which every test starts: after the retirements of August.
pub(crate) const START: &str = "2026-11-23T12:00:00Z";
pub(crate) const SMALL: &str = "groq:openai/gpt-oss-20b";
pub(crate) const LARGE: &str = "groq:openai/gpt-oss-120b";

/// Read once for all worlds.
static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Arc::new(Catalogue::embedded()));

/// Everything that outlives a killed process: the host, the ledger and the stored answers.
pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) log: SharedLog,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) warnings: Arc<Mutex<Vec<String>>>,
    pub(crate) settings: Settings,
    pub(crate) transport: Arc<RouterTransport>,
    pub(crate) clock: Arc<TimerClock>,
    /// Where hosts by plain calls keep their shards; it outlives a killed process too.
    pub(crate) spool: tempfile::TempDir,
}

/// The answers stored so far.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) stored: Mutex<BTreeMap<String, Answer>>,
    /// Stores fail while this is set.
    pub(crate) is_broken: Mutex<bool>,
}

impl AnswerSink for Answers {
    fn store(&self, answers: &[Answer]) -> Result<(), SinkError> {
        if *lock(&self.is_broken) {
            return Err("the disk is full".into());
        }
        let mut stored = lock(&self.stored);
        for answer in answers {
            if let Some(earlier) = stored.insert(answer.custom_id.clone(), answer.clone()) {
                // After a crash the same answer may come again, never another one; a doubted one may be
                // replaced by that of a later tier.
                let replaces = earlier.doubt.is_some() && answer.tier > earlier.tier;
                // What is being cancelled is no longer doubted.
                let undoubted = Answer {
                    doubt: None,
                    ..earlier.clone()
                };
                assert!(
                    replaces || earlier == *answer || undoubted == *answer,
                    "{earlier:?} {answer:?}"
                );
            }
        }
        Ok(())
    }
}

/// Demands the two members of the schema.
pub(crate) struct Check;

impl AnswerCheck for Check {
    fn check(&self, candidate: Candidate<'_>) -> Result<(), String> {
        assert!(candidate.payload.text().contains("question"));
        let value: Value =
            serde_json::from_str(candidate.json).map_err(|error| error.to_string())?;
        let object = value.as_object().ok_or("not an object")?;
        if !object.get("answer").is_some_and(Value::is_string) {
            return Err("answer is not text".to_owned());
        }
        if !object.get("score").is_some_and(Value::is_i64) {
            return Err("score is not a whole number".to_owned());
        }
        Ok(())
    }

    fn shrink(&self, oversized: Oversized<'_>) -> Option<Shrunk> {
        (oversized.prompt_tokens > 20).then(|| Shrunk {
            payload: Payload::user("question, shorter"),
            prompt_tokens: 20,
        })
    }

    /// Doubts one answer of three, chosen by the number in the request's id.
    fn doubt(&self, accepted: Accepted<'_>) -> Option<Doubt> {
        let custom_id = accepted.candidate.custom_id;
        let number: u64 = custom_id.trim_start_matches("request-").parse().ok()?;
        number.is_multiple_of(3).then(|| Doubt {
            reason: "third".to_owned(),
            score: 0.25,
        })
    }
}

impl World {
    /// A world with a scenario given as TOML and as settings such as `server.serve_retired=true`.
    pub(crate) fn new(toml: &str, settings: &[&str]) -> World {
        let mut all = vec!["tokens=\"estimate\"".to_owned()];
        all.extend(settings.iter().map(|setting| (*setting).to_owned()));
        let scenario = Scenario::parse_with(toml, &all).expect("a scenario");
        World::of(scenario, 7)
    }

    /// A world with faults given as flags, and without the usual 4 % of the small model.
    pub(crate) fn with_faults(faults: &[&str]) -> World {
        let mut scenario = Scenario::parse_with(
            "",
            &[
                "tokens=\"estimate\"".to_owned(),
                "models.\"openai/gpt-oss-20b\".failure_rate=0.0".to_owned(),
            ],
        )
        .expect("a scenario");
        for fault in faults {
            scenario.add_fault(fault).expect("a fault");
        }
        World::of(scenario, 7)
    }

    pub(crate) fn of(scenario: Scenario, seed: u64) -> World {
        World::on(Arc::new(MemoryLedger::new()), scenario, seed)
    }

    /// A world with a ledger of its own kind.
    pub(crate) fn on(ledger: Arc<dyn Ledger>, scenario: Scenario, seed: u64) -> World {
        let log = SharedLog::default();
        let start: jiff::Timestamp = START.parse().expect("a time");
        let emulator = Emulator::new(
            EmulatorConfig {
                seed,
                log: Some(LogTarget::Shared(log.clone())),
                workers: 1,
                start_unix_ms: u64::try_from(start.as_millisecond()).ok(),
                ..EmulatorConfig::new(scenario)
            },
            Arc::new(SchemaAnswerer),
        )
        .expect("an emulator");
        World {
            transport: Arc::new(RouterTransport::new(emulator.router())),
            emulator,
            log,
            ledger,
            answers: Arc::default(),
            warnings: Arc::default(),
            settings: Settings {
                shards: batch::ShardSettings {
                    max_requests: 10,
                    gather: Duration::from_mins(1),
                    ..Settings::production().shards
                },
                ..Settings::production()
            },
            clock: Arc::new(TimerClock::starting_at(start)),
            spool: tempfile::tempdir().expect("a folder"),
        }
    }

    /// An engine as a new process would make it.
    pub(crate) fn engine(&self, kill: Option<KillAt>) -> Engine {
        self.engine_with(kill, CancellationToken::new())
    }

    pub(crate) fn engine_with(&self, kill: Option<KillAt>, interrupt: CancellationToken) -> Engine {
        Engine::new(EngineParts {
            ledger: self.ledger.clone(),
            providers: hosts::providers(self),
            catalogue: Arc::clone(&CATALOGUE),
            sink: self.answers.clone(),
            check: Arc::new(Check),
            observer: Arc::new(Ears {
                warnings: self.warnings.clone(),
                kill: kill.map(Spell::new),
            }),
            clock: self.clock.clone(),
            interrupt,
            settings: self.settings.clone(),
        })
    }

    /// Plans a run of so many requests.
    pub(crate) fn plan(&self, tiers: &[&str], requests: u64) -> Plan {
        self.engine(None)
            .plan(spec(tiers, None), (1..=requests).map(request))
            .expect("plans")
    }

    /// Plans a run and works on it to its end.
    pub(crate) async fn run(&self, tiers: &[&str], requests: u64) -> RunReport {
        let run = self.plan(tiers, requests).run;
        self.engine(None).run(run).await.expect("runs")
    }

    /// Works on a run as a process that is killed at a point; `None` when it was killed.
    pub(crate) async fn run_killed(
        &self,
        run: RunId,
        kill: KillAt,
    ) -> Option<Result<RunReport, EngineError>> {
        let engine = self.engine(Some(kill));
        let worked = tokio::spawn(async move { engine.resume(run, Takeover::Now).await }).await;
        worked.ok()
    }

    /// Cancels a run as a process that is killed at a point; `None` when it was killed.
    pub(crate) async fn cancel_killed(
        &self,
        run: RunId,
        kill: KillAt,
    ) -> Option<Result<RunReport, EngineError>> {
        let engine = self.engine(Some(kill));
        let worked = tokio::spawn(async move { engine.cancel(run, Takeover::Now).await }).await;
        worked.ok()
    }

    pub(crate) fn stored(&self) -> BTreeMap<String, Answer> {
        lock(&self.answers.stored).clone()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        lock(&self.warnings).clone()
    }

    pub(crate) fn failures(&self, run: RunId) -> Vec<FailedRequest> {
        self.ledger.failures(run, None, 100_000).expect("lists")
    }
}

struct Ears {
    warnings: Arc<Mutex<Vec<String>>>,
    kill: Option<Spell>,
}

impl Observer for Ears {
    fn event(&self, event: &Event<'_>) {
        if let Event::Warning(words) = event {
            lock(&self.warnings).push((*words).to_owned());
        }
        if let (Some(spell), Event::Step { step, moment, .. }) = (&self.kill, event) {
            spell.reach(*step, *moment);
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn spec(tiers: &[&str], budget: Option<Money>) -> RunSpec {
    RunSpec {
        task: Task {
            name: "test".to_owned(),
            system: "Answer in JSON.".to_owned(),
            schema: AnswerSchema {
                name: "answer".to_owned(),
                schema: json!({
                    "type": "object",
                    "properties": {
                        "answer": {"type": "string"},
                        "score": {"type": "integer"}
                    },
                    "required": ["answer", "score"],
                    "additionalProperties": false
                }),
            },
            prompt_version: "p1".to_owned(),
            schema_version: "s1".to_owned(),
            expected_output_tokens: 200,
        },
        tiers: tiers
            .iter()
            .map(|tier| hosts::suited(TierSpec::parse(tier, &CATALOGUE).expect("a tier")))
            .collect(),
        budget,
        doubt: None,
    }
}

/// The same, where a third of the answers is doubted.
pub(crate) fn doubting_spec(tiers: &[&str], budget: Option<Money>) -> RunSpec {
    RunSpec {
        doubt: Some(DoubtSpec {
            expected_share: 1.0 / 3.0,
            rules: Value::Null,
        }),
        ..spec(tiers, budget)
    }
}

pub(crate) fn request(number: u64) -> NewRequest {
    NewRequest {
        custom_id: format!("request-{number:04}"),
        subject: format!("subject {number}"),
        group: format!("group {}", number % 3),
        content_hash: format!("hash {number}"),
        payload: Payload::user(&format!("question {number}: how many?")),
        prompt_tokens: 60,
    }
}
