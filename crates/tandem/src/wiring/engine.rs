//! The cascade, set up from the command line, the configuration and the environment.

use std::sync::Arc;
use std::time::Duration;

use batch::provider::{Dialect, ProviderError, ProviderErrorKind, SYNC_SUFFIX};
use batch::{
    AnswerCheck, AnswerSink, CancellationToken, Catalogue, CompletionWindow, DEFAULT_TIERS, Engine,
    EngineError, EngineParts, Ledger, LedgerError, Providers, Settings, SystemClock, TierSpec,
    Wait,
};
use detect::Detector;
use store::Store;

use crate::app::App;
use crate::config::Config;
use crate::error::{CliError, ErrorKind};
use crate::wiring::answers::Answers;
use crate::wiring::doubt::DoubtRules;
use crate::wiring::hosts::{is_local, profile, providers};
use crate::wiring::observer::RunObserver;

/// The most that a poll of a server on this machine waits.
const LOCAL_POLL_MAX: Duration = Duration::from_secs(1);

/// The table of models: the built-in one under the user's.
pub(crate) fn models(config: &Config) -> Result<Catalogue, CliError> {
    let embedded = Catalogue::embedded();
    let Some(path) = &config.models_file else {
        return Ok(embedded);
    };
    let path = config.resolve(path);
    let name = path.display().to_string();
    let text = std::fs::read_to_string(&path).map_err(|error| {
        CliError::configuration(format!("cannot read the models file {name}: {error}"))
    })?;
    embedded
        .with_overrides(&text, &name)
        .map_err(|error| CliError::new(ErrorKind::Configuration, error))
}

/// Reads tiers as the user wrote them, `provider:model`, with the settings that suit model and host. A
/// completion window that the user names must be one that the hosts offer.
pub(crate) fn tiers(
    config: &Config,
    texts: &[String],
    window: Option<&str>,
    models: &Catalogue,
) -> Result<Vec<TierSpec>, CliError> {
    let window: Option<CompletionWindow> =
        window
            .map(str::parse)
            .transpose()
            .map_err(|error: batch::TierError| {
                CliError::new(ErrorKind::Input, error)
                    .hint("windows are written as hours or days, such as 24h or 7d")
            })?;
    let mut tiers = Vec::with_capacity(texts.len());
    for text in texts {
        let mut tier = TierSpec::parse(text.trim(), models).map_err(|error| {
            CliError::new(ErrorKind::Input, error)
                .hint("write a tier as provider:model, for instance groq:openai/gpt-oss-20b")
        })?;
        let profile = profile(config, &tier.reference.provider)?;
        if let Some(window) = &window {
            if !profile.windows.offers(window) {
                return Err(CliError::input(format!(
                    "{} does not offer the completion window {window}",
                    profile.name
                ))
                .hint(format!("it offers {}", profile.windows)));
            }
            tier.completion_window = window.clone();
        }
        tiers.push(tier.suited_to(&profile, models));
    }
    Ok(tiers)
}

/// The tiers a provider has by default, cheapest first.
pub(crate) fn default_tiers(provider: &str) -> Result<Vec<String>, CliError> {
    match provider {
        "groq" => Ok(DEFAULT_TIERS
            .iter()
            .map(|tier| (*tier).to_owned())
            .collect()),
        other => Err(CliError::input(format!(
            "no default tiers are known for the provider '{other}'"
        ))
        .hint(format!(
            "name them: --tiers {other}:MODEL,{other}:STRONGER_MODEL"
        ))),
    }
}

/// The tiers of the configuration, or the default ones; the rules tier, which costs nothing, is left
/// out.
pub(crate) fn configured_tiers(
    config: &Config,
    models: &Catalogue,
) -> Result<Vec<TierSpec>, CliError> {
    let mut texts = match &config.analyze.tiers {
        Some(tiers) => tiers.clone(),
        None => default_tiers("groq")?,
    };
    texts.retain(|tier| tier != "rules");
    tiers(config, &texts, None, models)
}

/// Settings for the hosts that the tiers name.
pub(crate) fn settings(config: &Config, tiers: &[TierSpec], wait: Wait) -> Settings {
    let mut settings = Settings {
        wait,
        ..Settings::production()
    };
    if let Some(requests) = config.analyze.requests_per_shard {
        settings.shards.max_requests = u32::try_from(requests).unwrap_or(u32::MAX).max(1);
    }
    // Shards by plain calls are on this machine too.
    let all_local = tiers.iter().all(|tier| {
        profile(config, &tier.reference.provider)
            .is_ok_and(|profile| profile.dialect == Dialect::Chat || is_local(&profile.base_url))
    });
    if all_local {
        settings = local(settings);
    }
    if let Some(seconds) = config.analyze.poll_interval_seconds {
        let pause = Duration::try_from_secs_f64(seconds).unwrap_or(settings.poll.initial);
        settings.poll.initial = pause;
        settings.poll.max = settings.poll.max.max(pause);
    }
    settings
}

/// Shorter pauses, for a server on this machine, where a wait of minutes helps nobody.
pub(crate) fn local(mut settings: Settings) -> Settings {
    settings.poll.initial = Duration::from_millis(50);
    settings.poll.max = LOCAL_POLL_MAX;
    settings.shards.gather = Duration::from_secs(2);
    settings.retry.outage = Duration::from_secs(20);
    settings
}

/// What an engine works with, beside the store.
pub(crate) struct Setup {
    /// Whom tiers may ask.
    pub(crate) providers: Providers,
    /// How to go about it.
    pub(crate) settings: Settings,
    /// What is known of models.
    pub(crate) models: Catalogue,
}

impl Setup {
    /// The set-up for these tiers by configuration and environment.
    pub(crate) fn new(
        app: &App,
        config: &Config,
        tiers: &[TierSpec],
        wait: Wait,
    ) -> Result<Self, CliError> {
        let settings = settings(config, tiers, wait);
        Ok(Setup {
            providers: providers(app, config, tiers, &settings)?,
            models: models(config)?,
            settings,
        })
    }

    /// An engine over the store's ledger that doubts nothing.
    pub(crate) fn engine(
        self,
        app: &App,
        store: &Arc<dyn Store>,
        detector: Arc<Detector>,
        interrupt: CancellationToken,
    ) -> Result<Engine, CliError> {
        self.doubting_engine(app, store, detector, None, interrupt)
    }

    /// An engine over the store's ledger that doubts answers by these rules.
    pub(crate) fn doubting_engine(
        self,
        app: &App,
        store: &Arc<dyn Store>,
        detector: Arc<Detector>,
        doubts: Option<DoubtRules>,
        interrupt: CancellationToken,
    ) -> Result<Engine, CliError> {
        let answers = Arc::new(Answers::new(Arc::clone(store), detector, doubts));
        self.engine_for(app, ledger(store), answers.clone(), answers, interrupt)
    }

    /// An engine for any task: answers are held against `check` and go to `sink`.
    pub(crate) fn engine_for(
        self,
        app: &App,
        ledger: Arc<dyn Ledger>,
        sink: Arc<dyn AnswerSink>,
        check: Arc<dyn AnswerCheck>,
        interrupt: CancellationToken,
    ) -> Result<Engine, CliError> {
        Ok(Engine::new(EngineParts {
            ledger,
            providers: self.providers,
            catalogue: Arc::new(self.models),
            sink,
            check,
            observer: Arc::new(RunObserver::new(app)?),
            clock: Arc::new(SystemClock),
            interrupt,
            settings: self.settings,
        }))
    }
}

/// The ledger in the same database.
pub(crate) fn ledger(store: &Arc<dyn Store>) -> Arc<dyn Ledger> {
    Arc::clone(store).ledger()
}

impl From<LedgerError> for CliError {
    fn from(error: LedgerError) -> Self {
        match &error {
            LedgerError::NoSuchRun(_) => {
                CliError::new(ErrorKind::Input, error).hint("tandem runs lists them")
            }
            LedgerError::Busy { .. } => CliError::new(ErrorKind::Input, error)
                .hint("wait until it is done, or stop it; nothing was changed"),
            _ => CliError::new(ErrorKind::Internal, error),
        }
    }
}

impl From<EngineError> for CliError {
    fn from(error: EngineError) -> Self {
        let kind = if error.is_configuration() {
            ErrorKind::Configuration
        } else if matches!(error, EngineError::State { .. }) {
            ErrorKind::Input
        } else {
            ErrorKind::Internal
        };
        match error {
            EngineError::Ledger(error) => CliError::from(error),
            EngineError::Provider(error) => {
                let hint = provider_hint(&error);
                CliError::new(kind, error).hint(hint)
            }
            EngineError::NoModel { .. } => CliError::new(kind, error)
                .hint("name other tiers with --tiers, or in analyze.tiers of the configuration"),
            EngineError::NoPrice { .. } => CliError::new(kind, error)
                .hint("models_file in the configuration names a table with more models and prices")
                .hint("without --budget the run needs no price"),
            EngineError::Window { .. } => CliError::new(kind, error)
                .hint("choose another with --window, or analyze.window of the configuration"),
            EngineError::Configuration { .. } => {
                CliError::new(kind, error).hint("tandem doctor checks key, address and models")
            }
            other => CliError::new(kind, other),
        }
    }
}

/// What the user can do about a failed call.
fn provider_hint(error: &ProviderError) -> String {
    let upper = error.provider.to_uppercase().replace('-', "_");
    let host = error
        .provider
        .strip_suffix(SYNC_SUFFIX)
        .unwrap_or(&error.provider);
    let key_stem = host.to_uppercase().replace('-', "_");
    match error.kind {
        ProviderErrorKind::Auth => {
            format!("check the key in {key_stem}_API_KEY or key_file, and what it is allowed to do")
        }
        ProviderErrorKind::Balance => {
            format!("the account at {} needs money or quota", error.provider)
        }
        ProviderErrorKind::NotFound => {
            format!(
                "check TANDEM_{upper}_BASE_URL or providers.{}.base_url",
                error.provider
            )
        }
        ProviderErrorKind::Unreachable => format!(
            "check the network, and TANDEM_{upper}_BASE_URL where it is set; tandem doctor asks again"
        ),
        ProviderErrorKind::RateLimited | ProviderErrorKind::Unavailable => {
            "the provider is busy or away: try again later".to_owned()
        }
        ProviderErrorKind::Rejected | ProviderErrorKind::Malformed => {
            "tandem doctor checks whether the address is the provider's".to_owned()
        }
    }
}
