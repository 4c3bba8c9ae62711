//! Looks models up before anything is paid.

use std::collections::BTreeMap;

use crate::engine::{Engine, EngineError};
use crate::settings::ModelCheck;
use crate::tier::{ModelRef, TierSpec};

/// The tiers as they can be asked today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    /// The tiers, with successors in the place of retired models.
    pub tiers: Vec<TierSpec>,
    /// What the user should know, for instance that a model gave way to its successor.
    pub warnings: Vec<String>,
}

impl Engine {
    /// Looks the tiers' models up at their hosts, or in the catalogue alone where the settings say so.
    /// A model that is not served gives way to the successor the catalogue names, with a warning.
    ///
    /// # Errors
    /// A model that is not served and has no successor, a provider that is not set up or not reachable,
    /// a wrong key.
    pub async fn preflight(&self, tiers: &[TierSpec]) -> Result<Preflight, EngineError> {
        let mut served: BTreeMap<String, Option<Vec<String>>> = BTreeMap::new();
        let mut warnings = Vec::new();
        let mut resolved: Vec<TierSpec> = Vec::with_capacity(tiers.len());
        for tier in tiers {
            let name = &tier.reference.provider;
            let provider = self.provider(name)?;
            if !served.contains_key(name) {
                let models = match self.parts.settings.model_check {
                    ModelCheck::Live => provider.models().await.map_err(EngineError::Provider)?,
                    ModelCheck::CatalogueOnly => None,
                };
                served.insert(name.clone(), models.filter(|models| !models.is_empty()));
            }
            let listed = served.get(name).and_then(Option::as_deref);
            let reference = self.model_today(&tier.reference, listed)?;
            if reference == tier.reference {
                resolved.push(tier.clone());
                continue;
            }
            warnings.push(self.retirement_note(&tier.reference, &reference));
            let day = self.today();
            let successor = tier
                .with_model(reference, &self.parts.catalogue)
                .priced_on(day, &self.parts.catalogue)
                .billed(provider.billing());
            if resolved
                .iter()
                .any(|earlier| earlier.reference == successor.reference)
            {
                warnings.push(format!("{} is asked at two tiers", successor.reference));
            }
            resolved.push(successor);
        }
        Ok(Preflight {
            tiers: resolved,
            warnings,
        })
    }

    /// The model itself where it is served, or else the first of its successors that is.
    fn model_today(
        &self,
        wanted: &ModelRef,
        listed: Option<&[String]>,
    ) -> Result<ModelRef, EngineError> {
        let day = self.today();
        let catalogue = &self.parts.catalogue;
        let mut candidate = wanted.clone();
        // Chains of successors are short; the bound only ends a circle in a user's file.
        for _ in 0..8 {
            let known = catalogue.model(&candidate);
            let is_served = match listed {
                Some(models) => models.contains(&candidate.model),
                None => known.is_none_or(|model| !model.is_retired_on(day)),
            };
            if is_served {
                return Ok(candidate);
            }
            match known.and_then(|model| model.successor.clone()) {
                Some(successor) => candidate.model = successor,
                None => break,
            }
        }
        let hint = match (
            catalogue.model(wanted).and_then(|model| model.retired),
            listed,
        ) {
            (Some(retired), _) => format!("; it was retired on {retired}"),
            (None, Some(models)) => {
                let shown: Vec<&str> = models.iter().take(8).map(String::as_str).collect();
                format!("; it serves {}", shown.join(", "))
            }
            (None, None) => String::new(),
        };
        Err(EngineError::NoModel {
            provider: wanted.provider.clone(),
            model: wanted.model.clone(),
            hint,
        })
    }

    fn retirement_note(&self, wanted: &ModelRef, instead: &ModelRef) -> String {
        let known = self.parts.catalogue.model(wanted);
        match known.and_then(|model| model.retired) {
            Some(day) => format!(
                "{} was retired on {day}; {} takes its place",
                wanted.model, instead.model
            ),
            None => format!(
                "{} is not served; {} takes its place",
                wanted.model, instead.model
            ),
        }
    }
}
