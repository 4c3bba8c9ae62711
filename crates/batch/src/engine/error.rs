//! Why the engine stopped.

use crate::ledger::{LedgerError, RunId, RunState};
use crate::provider::{ProviderError, ProviderErrorKind};
use crate::sink::SinkError;

/// Why the engine stopped. The run, where there is one, can be resumed after the cause is gone.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A tier names a provider nobody set up.
    #[error("no provider named {name:?} is set up; is its key missing?")]
    NoProvider {
        /// The name.
        name: String,
    },
    /// A run needs one tier or more.
    #[error("no tier is given")]
    NoTier,
    /// The host does not serve a model, and nothing is known to take its place.
    #[error("{provider} does not serve the model {model}{hint}")]
    NoModel {
        /// The provider.
        provider: String,
        /// The model.
        model: String,
        /// What to do, with a leading `; `.
        hint: String,
    },
    /// The host does not offer a tier's completion window.
    #[error("{provider} does not offer the completion window {window}; it offers {offered}")]
    Window {
        /// The provider.
        provider: String,
        /// The window asked for.
        window: String,
        /// The windows it offers.
        offered: String,
    },
    /// A budget is given, but the price of a model is not known.
    #[error(
        "the price of {model} is not known, so no budget can be kept; add it to the model file"
    )]
    NoPrice {
        /// Provider and model.
        model: String,
    },
    /// Model, key, balance or address is wrong: the host said so for a batch or a line.
    #[error("{provider} refuses the run: {message}")]
    Configuration {
        /// The provider.
        provider: String,
        /// The host's words.
        message: String,
    },
    /// A call to a host failed, for good or for too long.
    #[error("a call to a provider failed")]
    Provider(#[source] ProviderError),
    /// A request cannot be sent as it is.
    #[error("request {custom_id:?}: {reason}")]
    Request {
        /// The request.
        custom_id: String,
        /// Why.
        reason: String,
    },
    /// The run's state does not allow it.
    #[error("run {run} is {state}")]
    State {
        /// The run.
        run: RunId,
        /// Its state.
        state: RunState,
    },
    /// The ledger failed.
    #[error("the ledger failed")]
    Ledger(#[from] LedgerError),
    /// The caller's storage of answers failed.
    #[error("the answers could not be stored")]
    Sink(#[source] SinkError),
}

impl EngineError {
    /// Whether only the user can help: keys, models, addresses, money.
    pub fn is_configuration(&self) -> bool {
        match self {
            EngineError::NoProvider { .. }
            | EngineError::NoTier
            | EngineError::NoModel { .. }
            | EngineError::NoPrice { .. }
            | EngineError::Window { .. }
            | EngineError::Configuration { .. } => true,
            EngineError::Provider(error) => {
                error.kind.is_configuration()
                    || matches!(
                        error.kind,
                        ProviderErrorKind::Unreachable | ProviderErrorKind::NotFound
                    )
            }
            EngineError::Request { .. }
            | EngineError::State { .. }
            | EngineError::Ledger(_)
            | EngineError::Sink(_) => false,
        }
    }
}
