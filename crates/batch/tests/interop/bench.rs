//! An engine on a foreign server, with real sockets and the real clock, in quick settings.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use batch::ledger::Ledger;
use batch::provider::{Connection, OpenAiShaped, Profile, Provider, connect};
use batch::transport::{HttpTransport, Transport};
use batch::{
    CancellationToken, Catalogue, Engine, EngineError, EngineParts, Event, FailureKind,
    MemoryLedger, NewRequest, Observer, Payload, PollSettings, RetrySettings, RunId, RunReport,
    Settings, ShardSettings, StallSettings, SystemClock,
};

use crate::common::{Answers, Check, LARGE, SMALL, lock, request, spec};

/// No run of these tests may take longer.
const LONGEST_RUN: Duration = Duration::from_mins(3);

pub(crate) struct Bench {
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) warnings: Arc<Mutex<Vec<String>>>,
    pub(crate) settings: Settings,
    pub(crate) tiers: Vec<&'static str>,
    provider: Arc<dyn Provider>,
}

/// The real transport.
pub(crate) fn transport() -> Arc<HttpTransport> {
    // Another test of this process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Arc::new(HttpTransport::new().expect("a transport"))
}

/// Settings for servers on this machine.
pub(crate) fn quick() -> Settings {
    let production = Settings::production();
    Settings {
        shards: ShardSettings {
            gather: Duration::from_millis(200),
            ..production.shards
        },
        poll: PollSettings {
            initial: Duration::from_millis(50),
            max: Duration::from_millis(300),
            factor: 1.5,
        },
        retry: RetrySettings {
            base: Duration::from_millis(50),
            max: Duration::from_millis(500),
            adoption_grace: Duration::from_millis(500),
            ..production.retry
        },
        stall: StallSettings {
            after: Duration::from_mins(1),
            cancel_wait: Duration::from_secs(5),
            gone_grace: Duration::from_secs(1),
            ..production.stall
        },
        deadline: Some(LONGEST_RUN),
        ..production
    }
}

/// A server of OpenAI's habits under the name by which the catalogue knows the models.
pub(crate) fn openai_habits(base_url: &str) -> Profile {
    Profile {
        name: "groq".to_owned(),
        ..Profile::openai()
    }
    .at(base_url)
}

impl Bench {
    /// An engine on a server of the OpenAI shape.
    pub(crate) fn openai_shaped(profile: Profile, transport: Arc<dyn Transport>) -> Bench {
        let key = Some("some-key".to_owned().into());
        let provider = OpenAiShaped::new(profile, key, transport, quick().retry);
        Bench::on(Arc::new(provider), &[SMALL, LARGE])
    }

    /// An engine on a server that stands for another provider of the table.
    pub(crate) fn named(name: &'static str, base_url: &str, tiers: &[&'static str]) -> Bench {
        let profile = Profile::named(name).expect("a host").at(base_url);
        let connection = Connection {
            key: Some("some-key".to_owned().into()),
            transport: transport(),
            retry: quick().retry,
            // Only hosts that are asked by plain calls use it.
            spool: Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop/spool"),
            clock: Arc::new(SystemClock),
        };
        Bench::on(connect(profile, connection).expect("connects"), tiers)
    }

    /// An engine on any provider.
    pub(crate) fn on(provider: Arc<dyn Provider>, tiers: &[&'static str]) -> Bench {
        Bench {
            ledger: Arc::new(MemoryLedger::new()),
            answers: Arc::default(),
            warnings: Arc::default(),
            settings: quick(),
            tiers: tiers.to_vec(),
            provider,
        }
    }

    /// Another engine on the same ledger and server.
    pub(crate) fn again(&self) -> Bench {
        Bench {
            ledger: Arc::clone(&self.ledger),
            answers: Arc::clone(&self.answers),
            warnings: Arc::clone(&self.warnings),
            settings: self.settings.clone(),
            tiers: self.tiers.clone(),
            provider: Arc::clone(&self.provider),
        }
    }

    pub(crate) fn provider(&self) -> &dyn Provider {
        &*self.provider
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine::new(EngineParts {
            ledger: self.ledger.clone(),
            providers: [(self.provider.name().to_owned(), Arc::clone(&self.provider))].into(),
            catalogue: Arc::new(Catalogue::embedded()),
            sink: self.answers.clone(),
            check: Arc::new(Check),
            observer: Arc::new(Warnings(self.warnings.clone())),
            clock: Arc::new(SystemClock),
            interrupt: CancellationToken::new(),
            settings: self.settings.clone(),
        })
    }

    /// Plans a run of one request for each word, which stands in its question.
    pub(crate) fn plan(&self, words: &[&str]) -> RunId {
        let requests = (1..).zip(words).map(|(number, word)| NewRequest {
            payload: Payload::user(&format!("question {number}: {word}")),
            ..request(number)
        });
        let planned = self.engine().plan(spec(&self.tiers, None), requests);
        planned.expect("plans").run
    }

    /// Plans a run and works on it to its end.
    pub(crate) async fn run(&self, words: &[&str]) -> RunReport {
        self.try_run(words).await.expect("runs")
    }

    pub(crate) async fn try_run(&self, words: &[&str]) -> Result<RunReport, EngineError> {
        let run = self.plan(words);
        let report = self.engine().run(run).await?;
        self.check_books(&report, words.len());
        Ok(report)
    }

    /// Demands that every request has its one outcome.
    pub(crate) fn check_books(&self, report: &RunReport, requests: usize) {
        let totals = &report.summary.totals;
        assert_eq!(totals.requests, requests as u64);
        assert_eq!(totals.open, 0, "{report:#?}");
        let answered: BTreeSet<String> = lock(&self.answers.stored).keys().cloned().collect();
        let failures = self.ledger.failures(report.run, None, 10_000);
        let failed: BTreeSet<String> = failures
            .expect("lists")
            .into_iter()
            .map(|request| request.custom_id)
            .collect();
        assert!(answered.is_disjoint(&failed), "both answered and failed");
        assert_eq!(answered.len() as u64, totals.answered);
        assert_eq!(failed.len() as u64, totals.failed);
        assert_eq!(answered.len() + failed.len(), requests);
    }

    /// What a tier did not answer, by kind.
    pub(crate) fn failed(report: &RunReport, tier: usize) -> Vec<(FailureKind, u64)> {
        let tier = &report.summary.tiers[tier - 1];
        tier.failed
            .iter()
            .map(|(kind, count)| (*kind, *count))
            .collect()
    }

    pub(crate) fn warned(&self, part: &str) -> bool {
        lock(&self.warnings)
            .iter()
            .any(|warning| warning.contains(part))
    }
}

struct Warnings(Arc<Mutex<Vec<String>>>);

impl Observer for Warnings {
    fn event(&self, event: &Event<'_>) {
        if let Event::Warning(words) = event {
            lock(&self.0).push((*words).to_owned());
        }
    }
}
