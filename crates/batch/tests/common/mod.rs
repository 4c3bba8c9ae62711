//! A cascade on the emulator, in one process and on a clock that jumps.
#![allow(dead_code, reason = "each test file uses its own part")]

mod hosts;
mod killer;
mod transport;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use batch::ledger::{FailedRequest, Ledger, ShardFilter, Takeover};
use batch::{
    Accepted, Answer, AnswerCheck, AnswerSchema, AnswerSink, CancellationToken, Candidate,
    Catalogue, Doubt, DoubtSpec, Engine, EngineError, EngineParts, Event, MemoryLedger, Money,
    NewRequest, Observer, Oversized, Payload, Plan, RunId, RunReport, RunSpec, Settings, Shrunk,
    SinkError, Task, TierSpec, TimerClock,
};
use emulator::{
    Emulator, EmulatorConfig, LogRecord, LogTarget, Scenario, SchemaAnswerer, SharedLog,
};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) use killer::{KillAt, Spell};
pub(crate) use transport::RouterTransport;

/// The time at which every test starts: after the retirements of August.
pub(crate) const START: &str = "2026-11-23T12:00:00Z";
pub(crate) const SMALL: &str = "groq:openai/gpt-oss-20b";
pub(crate) const LARGE: &str = "groq:openai/gpt-oss-120b";

/// Everything that outlives a killed process: the host, the ledger and the stored answers.
pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) log: SharedLog,
    pub(crate) ledger: Arc<MemoryLedger>,
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
                assert!(replaces || earlier == *answer, "{earlier:?} {answer:?}");
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
            ledger: Arc::new(MemoryLedger::new()),
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
            catalogue: Arc::new(Catalogue::embedded()),
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

    pub(crate) fn stored(&self) -> BTreeMap<String, Answer> {
        lock(&self.answers.stored).clone()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        lock(&self.warnings).clone()
    }

    pub(crate) fn failures(&self, run: RunId) -> Vec<FailedRequest> {
        self.ledger.failures(run, None, 100_000).expect("lists")
    }

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
        let request = http::Request::builder()
            .uri(format!("/openai/v1/batches/{batch_id}"))
            .header("authorization", "Bearer test-key")
            .body(axum::body::Body::empty())
            .expect("a request");
        let response = self
            .emulator
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
        let mut visible = Money::ZERO;
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
            if shows_usage(&record, shard) {
                visible += shard
                    .price
                    .cost(record.prompt_tokens, record.completion_tokens);
            }
        }
        assert!(totals.cost_usd <= visible, "more money than the host's");
        visible
    }
}

/// Whether the client sees the tokens of an answer that the host bills.
fn shows_usage(record: &LogRecord, shard: &batch::ledger::Shard) -> bool {
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
    !hidden.contains(&record.outcome.as_str())
        && (shard.output_file_id.is_some() || shard.error_file_id.is_some())
        && shard.remote_status.as_deref() != Some("gone")
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
            .map(|tier| {
                hosts::suited(TierSpec::parse(tier, &Catalogue::embedded()).expect("a tier"))
            })
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
