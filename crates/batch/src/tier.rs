//! One step of the cascade: provider, model, settings.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::models::Catalogue;
use crate::money::TokenPrice;
use crate::provider::{Profile, SYNC_SUFFIX};

/// The cap on completion tokens when nothing else is said. Hidden reasoning counts inside it; caps
/// below about 1,500 fail often on reasoning models.
pub const DEFAULT_MAX_COMPLETION_TOKENS: u32 = 4096;

/// The default cascade: a small model first, the strong fallback of the written specification second.
pub const DEFAULT_TIERS: [&str; 2] = ["groq:openai/gpt-oss-20b", "groq:llama-3.3-70b-versatile"];

/// A model at a provider, written `provider:model`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ModelRef {
    /// The provider's name, for instance `groq`.
    pub provider: String,
    /// The model's id there, for instance `openai/gpt-oss-20b`.
    pub model: String,
}

impl ModelRef {
    /// Whether the provider is a host by plain, synchronous calls: its name ends in `-sync`.
    pub fn is_synchronous(&self) -> bool {
        self.provider.ends_with(SYNC_SUFFIX)
    }

    /// The name of the host: the provider's without `-sync`.
    pub fn host(&self) -> &str {
        self.provider
            .strip_suffix(SYNC_SUFFIX)
            .unwrap_or(&self.provider)
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.provider, self.model)
    }
}

impl FromStr for ModelRef {
    type Err = TierError;

    fn from_str(text: &str) -> Result<ModelRef, TierError> {
        match text.split_once(':') {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => Ok(ModelRef {
                provider: provider.to_owned(),
                model: model.to_owned(),
            }),
            _ => Err(TierError::Reference(text.to_owned())),
        }
    }
}

/// One step of the cascade. The temperature is always 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierSpec {
    /// Whom to ask, and which model.
    #[serde(flatten)]
    pub reference: ModelRef,
    /// The cap on completion tokens, hidden reasoning included.
    pub max_completion_tokens: u32,
    /// The largest cap a budget retry may raise to.
    pub max_output_tokens: u32,
    /// How hard to think; `None` where the model has no such setting.
    pub reasoning_effort: Option<Effort>,
    /// How the host is asked for JSON.
    pub response: ResponseMode,
    /// How long the host may take.
    pub completion_window: CompletionWindow,
    /// The prices of the day the run was planned; the engine fills them in from the catalogue.
    pub price: Option<TierPrice>,
}

/// The prices of a tier on the day its run was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierPrice {
    /// What is charged: the price through the Batch API, or by plain calls where the host is asked so.
    pub batch: TokenPrice,
    /// By plain, synchronous calls.
    pub sync: TokenPrice,
}

/// Whose price list a host's calls are charged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Billing {
    /// The one for the Batch API.
    Batch,
    /// The one for plain calls.
    Synchronous,
    /// None: what the table of models does not price costs nothing.
    Free,
}

impl TierSpec {
    /// The tier for a model with the settings that suit its capabilities: strict schema and low effort
    /// where the catalogue knows them, JSON mode else; the default cap; a window of 24 hours.
    pub fn for_model(reference: ModelRef, catalogue: &Catalogue) -> TierSpec {
        let known = catalogue.model(&reference);
        let max_output_tokens = known.map_or(32_768, |model| model.max_output_tokens);
        TierSpec {
            max_completion_tokens: DEFAULT_MAX_COMPLETION_TOKENS.min(max_output_tokens),
            max_output_tokens,
            reasoning_effort: known
                .is_some_and(|model| model.reasoning_effort)
                .then_some(Effort::Low),
            response: if known.is_some_and(|model| model.strict_schema) {
                ResponseMode::StrictSchema
            } else {
                ResponseMode::JsonObject
            },
            completion_window: CompletionWindow::default(),
            price: None,
            reference,
        }
    }

    /// The tier written `provider:model`, with the settings of [`TierSpec::for_model`].
    ///
    /// # Errors
    /// When the text is not of that form.
    pub fn parse(text: &str, catalogue: &Catalogue) -> Result<TierSpec, TierError> {
        Ok(TierSpec::for_model(text.parse()?, catalogue))
    }

    /// This tier with the prices of a day, as far as the catalogue has them. What is charged is the
    /// Batch price, and the synchronous one for a model by plain calls (see
    /// [`ModelRef::is_synchronous`]); [`TierSpec::billed`] knows hosts that differ.
    pub fn priced_on(self, day: Date, catalogue: &Catalogue) -> TierSpec {
        let is_synchronous = self.reference.is_synchronous();
        let price = catalogue
            .model(&self.reference)
            .and_then(|model| model.price_on(day))
            .map(|price| TierPrice {
                batch: if is_synchronous {
                    price.sync
                } else {
                    price.batch_or_sync()
                },
                sync: price.sync,
            });
        TierSpec { price, ..self }
    }

    /// This priced tier by the price list that counts at its host.
    pub fn billed(self, billing: Billing) -> TierSpec {
        let price = match (billing, self.price) {
            (Billing::Batch, price) => price,
            (Billing::Free, None) => Some(TierPrice {
                batch: TokenPrice::default(),
                sync: TokenPrice::default(),
            }),
            (Billing::Synchronous | Billing::Free, price) => price.map(|price| TierPrice {
                batch: price.sync,
                sync: price.sync,
            }),
        };
        TierSpec { price, ..self }
    }

    /// This tier with what suits its host: a window it offers, and its way to JSON where the catalogue
    /// says nothing about the model.
    pub fn suited_to(self, profile: &Profile, catalogue: &Catalogue) -> TierSpec {
        let is_known = catalogue.model(&self.reference).is_some();
        TierSpec {
            response: if is_known {
                self.response
            } else {
                profile.response
            },
            completion_window: if profile.windows.offers(&self.completion_window) {
                self.completion_window
            } else {
                profile.windows.usual()
            },
            ..self
        }
    }

    /// The same settings with another model, as far as the other can: used for successors.
    pub fn with_model(&self, reference: ModelRef, catalogue: &Catalogue) -> TierSpec {
        let fresh = TierSpec::for_model(reference, catalogue);
        TierSpec {
            max_completion_tokens: self.max_completion_tokens.min(fresh.max_output_tokens),
            completion_window: self.completion_window.clone(),
            ..fresh
        }
    }
}

/// How hard a reasoning model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Least hidden reasoning.
    Low,
    /// The hosts' default.
    Medium,
    /// Most hidden reasoning.
    High,
}

impl Effort {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
        }
    }
}

impl FromStr for Effort {
    type Err = TierError;

    fn from_str(text: &str) -> Result<Effort, TierError> {
        match text {
            "low" => Ok(Effort::Low),
            "medium" => Ok(Effort::Medium),
            "high" => Ok(Effort::High),
            _ => Err(TierError::Effort(text.to_owned())),
        }
    }
}

/// How the host is asked for JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// Constrained decoding after the task's schema.
    StrictSchema,
    /// Some JSON object; the schema is spelt out in the system prompt.
    JsonObject,
    /// Plain text; the schema is spelt out in the system prompt.
    Text,
}

/// How long the host may take, from an hour to 7 days; written `24h` or `7d`. Hosts offer some of
/// these: see [`crate::provider::Windows`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CompletionWindow {
    text: String,
    hours: u32,
}

impl CompletionWindow {
    /// The window as the provider is told.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The window in hours.
    pub fn hours(&self) -> u32 {
        self.hours
    }
}

impl Default for CompletionWindow {
    fn default() -> CompletionWindow {
        CompletionWindow {
            text: "24h".to_owned(),
            hours: 24,
        }
    }
}

impl FromStr for CompletionWindow {
    type Err = TierError;

    fn from_str(text: &str) -> Result<CompletionWindow, TierError> {
        let refused = || TierError::Window(text.to_owned());
        let (number, hours_per_unit) = if let Some(number) = text.strip_suffix('h') {
            (number, 1)
        } else if let Some(number) = text.strip_suffix('d') {
            (number, 24)
        } else {
            return Err(refused());
        };
        let count: u32 = number.parse().map_err(|_| refused())?;
        let hours = count.checked_mul(hours_per_unit).ok_or_else(refused)?;
        if !(1..=168).contains(&hours) {
            return Err(refused());
        }
        Ok(CompletionWindow {
            text: text.to_owned(),
            hours,
        })
    }
}

impl TryFrom<String> for CompletionWindow {
    type Error = TierError;

    fn try_from(text: String) -> Result<CompletionWindow, TierError> {
        text.parse()
    }
}

impl From<CompletionWindow> for String {
    fn from(window: CompletionWindow) -> String {
        window.text
    }
}

impl fmt::Display for CompletionWindow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Settings of a tier that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TierError {
    /// Not `provider:model`.
    #[error("tier {0:?} is not of the form provider:model, for instance groq:openai/gpt-oss-20b")]
    Reference(String),
    /// Not a window hosts offer.
    #[error("completion window {0:?} is not between 1h and 7d")]
    Window(String),
    /// Not an effort.
    #[error("reasoning effort {0:?} is not low, medium or high")]
    Effort(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_take_the_settings_their_model_can() {
        let catalogue = Catalogue::embedded();
        let small = TierSpec::parse(DEFAULT_TIERS[0], &catalogue).unwrap();
        assert_eq!(small.response, ResponseMode::StrictSchema);
        assert_eq!(small.reasoning_effort, Some(Effort::Low));
        let llama = TierSpec::parse(DEFAULT_TIERS[1], &catalogue).unwrap();
        assert_eq!(llama.response, ResponseMode::JsonObject);
        assert_eq!(llama.reasoning_effort, None);
        assert_eq!(llama.reference.model, "llama-3.3-70b-versatile");
        assert!(TierSpec::parse("openai/gpt-oss-20b", &catalogue).is_err());
    }

    #[test]
    fn plain_calls_cost_the_plain_price() {
        let catalogue = Catalogue::embedded();
        let day = jiff::civil::date(2026, 11, 23);
        let check = |text: &str, billing: Billing, charged: Option<&str>| {
            let tier = TierSpec::parse(text, &catalogue)
                .unwrap()
                .priced_on(day, &catalogue)
                .billed(billing);
            let price = tier
                .price
                .map(|price| price.batch.cost(1_000_000, 0).to_string());
            assert_eq!(price.as_deref(), charged, "{text}");
        };
        check("groq:openai/gpt-oss-20b", Billing::Batch, Some("$0.0375"));
        check(
            "groq:openai/gpt-oss-20b",
            Billing::Synchronous,
            Some("$0.075"),
        );
        // The name alone says so, to those that do not know the host.
        check(
            "groq-sync:openai/gpt-oss-20b",
            Billing::Batch,
            Some("$0.075"),
        );
        check("ollama:any", Billing::Batch, None);
        check("ollama:any", Billing::Free, Some("$0.00"));
    }

    #[test]
    fn a_model_by_plain_calls_is_the_same_model() {
        let catalogue = Catalogue::embedded();
        let sync = TierSpec::parse("groq-sync:openai/gpt-oss-20b", &catalogue).unwrap();
        assert_eq!(sync.response, ResponseMode::StrictSchema);
        assert_eq!(sync.reasoning_effort, Some(Effort::Low));
        assert_eq!(sync.reference.host(), "groq");
        assert!(sync.reference.is_synchronous());
    }

    #[test]
    fn hosts_suit_their_tiers() {
        let catalogue = Catalogue::embedded();
        let suited = |text: &str, name: &str, window: &str| {
            let mut tier = TierSpec::parse(text, &catalogue).unwrap();
            tier.completion_window = window.parse().unwrap();
            tier.suited_to(&Profile::named(name).unwrap(), &catalogue)
        };
        let local = suited("ollama:some-model", "ollama", "24h");
        assert_eq!(local.response, ResponseMode::StrictSchema);
        let openai = suited("openai:some-model", "openai", "7d");
        assert_eq!(openai.response, ResponseMode::JsonObject);
        assert_eq!(openai.completion_window.as_str(), "24h");
        let groq = suited("groq:openai/gpt-oss-20b", "groq", "7d");
        assert_eq!(groq.response, ResponseMode::StrictSchema);
        assert_eq!(groq.completion_window.as_str(), "7d");
    }

    #[test]
    fn windows_reach_from_an_hour_to_a_week() {
        let hours = |text: &str| {
            text.parse::<CompletionWindow>()
                .map(|window| window.hours())
        };
        assert_eq!(hours("24h"), Ok(24));
        assert_eq!(hours("7d"), Ok(168));
        assert_eq!(hours("2d"), Ok(48));
        assert_eq!(hours("1h"), Ok(1));
        for refused in [
            "0h",
            "8d",
            "169h",
            "",
            "h",
            "1w",
            "-24h",
            "99999999999h",
            "4294967295d",
        ] {
            assert!(hours(refused).is_err(), "{refused}");
        }
    }
}
