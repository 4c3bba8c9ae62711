//! The catalogue of models: limits, capabilities, dated prices, retirements.

use jiff::civil::Date;
use serde::Deserialize;

use crate::money::TokenPrice;
use crate::tier::ModelRef;

const EMBEDDED: &str = include_str!("../models.toml");

/// Everything known of the models, from the embedded `models.toml` and the user's own file.
#[derive(Debug, Clone)]
pub struct Catalogue {
    as_of: Date,
    models: Vec<Model>,
}

/// One model at one provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The provider's name and the model's id there.
    pub reference: ModelRef,
    /// Tokens of prompt and completion together.
    pub context_tokens: u32,
    /// The largest `max_completion_tokens`.
    pub max_output_tokens: u32,
    /// Whether `strict: true` JSON Schema output works.
    pub strict_schema: bool,
    /// Whether `reasoning_effort` low, medium and high are understood.
    pub reasoning_effort: bool,
    /// From when on the host no longer serves it.
    pub retired: Option<Date>,
    /// The id at the same provider that takes its place.
    pub successor: Option<String>,
    /// Prices with the day from which they count, oldest first.
    pub prices: Vec<DatedPrice>,
    /// The file it stands in.
    pub source: String,
    /// The day on which that file's facts were last looked at.
    pub as_of: Date,
}

/// A price and the day from which it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DatedPrice {
    /// The first day.
    pub from: Date,
    /// The price of a plain, synchronous call.
    pub sync: TokenPrice,
    /// The price through the Batch API; `None` where none is established.
    pub batch: Option<TokenPrice>,
}

impl DatedPrice {
    /// The price through the Batch API; the synchronous price where none is established.
    pub fn batch_or_sync(&self) -> TokenPrice {
        self.batch.unwrap_or(self.sync)
    }
}

impl Model {
    /// The newest price on or before a day; the oldest where the day is before all.
    pub fn price_on(&self, day: Date) -> Option<&DatedPrice> {
        self.prices
            .iter()
            .rev()
            .find(|price| price.from <= day)
            .or(self.prices.first())
    }

    /// Whether the catalogue says that it is gone on a day.
    pub fn is_retired_on(&self, day: Date) -> bool {
        self.retired.is_some_and(|retired| retired <= day)
    }
}

impl Catalogue {
    /// The catalogue this version was built with.
    pub fn embedded() -> Catalogue {
        // A test reads the embedded file, so that the empty catalogue below never occurs.
        parse(EMBEDDED, "models.toml").unwrap_or(Catalogue {
            as_of: Date::constant(2026, 8, 18),
            models: Vec::new(),
        })
    }

    /// This catalogue with the entries of another file in the same shape taking precedence.
    ///
    /// # Errors
    /// When the text is not TOML of that shape; the error names `source_name`.
    pub fn with_overrides(
        mut self,
        text: &str,
        source_name: &str,
    ) -> Result<Catalogue, CatalogueError> {
        let overrides = parse(text, source_name)?;
        self.as_of = overrides.as_of;
        for model in overrides.models {
            self.models
                .retain(|known| known.reference != model.reference);
            self.models.push(model);
        }
        Ok(self)
    }

    /// The day on which the facts were last looked at.
    pub fn as_of(&self) -> Date {
        self.as_of
    }

    /// What is known of a model. A model by plain calls is the host's own, unless the table has an entry
    /// for it under the name with `-sync`.
    pub fn model(&self, reference: &ModelRef) -> Option<&Model> {
        let at = |provider: &str| {
            self.models.iter().find(|model| {
                model.reference.provider == provider && model.reference.model == reference.model
            })
        };
        at(&reference.provider).or_else(|| at(reference.host()))
    }

    /// All models.
    pub fn models(&self) -> &[Model] {
        &self.models
    }
}

/// A model file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// It is not TOML of the right shape.
    #[error("{source_name} is not a list of models")]
    Shape {
        /// The file.
        source_name: String,
        /// Where and why.
        #[source]
        error: Box<toml::de::Error>,
    },
    /// A price is not an amount of money.
    #[error("{source_name}: price of {model}")]
    Price {
        /// The file.
        source_name: String,
        /// The model with the bad price.
        model: String,
        /// Why.
        #[source]
        error: crate::money::MoneyError,
    },
    /// The file was written for another version of this library.
    #[error("{source_name} has version {version}, this library reads version 1")]
    Version {
        /// The file.
        source_name: String,
        /// Its version.
        version: u32,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileShape {
    version: u32,
    as_of: toml::value::Datetime,
    #[serde(default)]
    model: Vec<ModelShape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelShape {
    provider: String,
    id: String,
    context_tokens: u32,
    max_output_tokens: u32,
    #[serde(default)]
    strict_schema: bool,
    #[serde(default)]
    reasoning_effort: bool,
    retired: Option<toml::value::Datetime>,
    successor: Option<String>,
    #[serde(default)]
    price: Vec<PriceShape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceShape {
    from: toml::value::Datetime,
    input: f64,
    output: f64,
    batch_input: Option<f64>,
    batch_output: Option<f64>,
}

fn parse(text: &str, source_name: &str) -> Result<Catalogue, CatalogueError> {
    let file: FileShape = toml::from_str(text).map_err(|error| CatalogueError::Shape {
        source_name: source_name.to_owned(),
        error: Box::new(error),
    })?;
    if file.version != 1 {
        return Err(CatalogueError::Version {
            source_name: source_name.to_owned(),
            version: file.version,
        });
    }
    let as_of = civil(file.as_of);
    let mut models = Vec::with_capacity(file.model.len());
    for shape in file.model {
        let mut prices = Vec::with_capacity(shape.price.len());
        for price in &shape.price {
            let dated = dated_price(price).map_err(|error| CatalogueError::Price {
                source_name: source_name.to_owned(),
                model: shape.id.clone(),
                error,
            })?;
            prices.push(dated);
        }
        prices.sort_by_key(|price| price.from);
        models.push(Model {
            reference: ModelRef {
                provider: shape.provider,
                model: shape.id,
            },
            context_tokens: shape.context_tokens,
            max_output_tokens: shape.max_output_tokens,
            strict_schema: shape.strict_schema,
            reasoning_effort: shape.reasoning_effort,
            retired: shape.retired.map(civil),
            successor: shape.successor,
            prices,
            source: source_name.to_owned(),
            as_of,
        });
    }
    Ok(Catalogue { as_of, models })
}

fn dated_price(shape: &PriceShape) -> Result<DatedPrice, crate::money::MoneyError> {
    let batch = match (shape.batch_input, shape.batch_output) {
        (Some(input), Some(output)) => Some(TokenPrice::per_million(input, output)?),
        _ => None,
    };
    Ok(DatedPrice {
        from: civil(shape.from),
        sync: TokenPrice::per_million(shape.input, shape.output)?,
        batch,
    })
}

fn civil(datetime: toml::value::Datetime) -> Date {
    // TOML dates are valid by construction; a time without a date counts from the beginning.
    datetime
        .date
        .and_then(|date| {
            Date::new(
                i16::try_from(date.year).ok()?,
                i8::try_from(date.month).ok()?,
                i8::try_from(date.day).ok()?,
            )
            .ok()
        })
        .unwrap_or(Date::constant(1970, 1, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groq(model: &str) -> ModelRef {
        ModelRef {
            provider: "groq".to_owned(),
            model: model.to_owned(),
        }
    }

    #[test]
    fn embedded_file_reads_and_knows_the_retirement() {
        let catalogue = parse(EMBEDDED, "models.toml").unwrap();
        let llama = catalogue.model(&groq("llama-3.3-70b-versatile")).unwrap();
        assert!(!llama.is_retired_on(Date::constant(2026, 8, 15)));
        assert!(llama.is_retired_on(Date::constant(2026, 8, 16)));
        let successor = groq(llama.successor.as_deref().unwrap());
        assert!(catalogue.model(&successor).unwrap().strict_schema);
    }

    #[test]
    fn batch_is_half_of_synchronous_where_it_is_established() {
        for model in Catalogue::embedded().models() {
            for price in &model.prices {
                if let Some(batch) = price.batch {
                    assert_eq!(
                        batch.input.times(2),
                        price.sync.input,
                        "{}",
                        model.reference
                    );
                    assert_eq!(batch.output.times(2), price.sync.output);
                }
            }
        }
    }

    #[test]
    fn a_users_file_takes_precedence_and_dates_decide() {
        let own = r#"
            version = 1
            as_of = 2026-11-01
            [[model]]
            provider = "groq"
            id = "openai/gpt-oss-20b"
            context_tokens = 1000
            max_output_tokens = 500
            price = [
                { from = 2026-10-01, input = 2.0, output = 4.0 },
                { from = 2026-01-01, input = 1.0, output = 2.0 },
            ]
        "#;
        let catalogue = Catalogue::embedded()
            .with_overrides(own, "own.toml")
            .unwrap();
        let model = catalogue.model(&groq("openai/gpt-oss-20b")).unwrap();
        let on = |month, day| {
            model
                .price_on(Date::constant(2026, month, day))
                .unwrap()
                .batch_or_sync()
                .cost(1_000_000, 0)
                .to_string()
        };
        assert_eq!(on(9, 30), "$1.00");
        assert_eq!(on(10, 1), "$2.00");
        assert_eq!(
            catalogue.models().len(),
            Catalogue::embedded().models().len()
        );
    }

    #[test]
    fn unknown_keys_and_bad_prices_are_refused_with_the_files_name() {
        let unknown = "version = 1\nas_of = 2026-11-01\ncolour = 3";
        let error = Catalogue::embedded()
            .with_overrides(unknown, "own.toml")
            .unwrap_err();
        assert_eq!(error.to_string(), "own.toml is not a list of models");
        let negative = "version = 1\nas_of = 2026-11-01\n[[model]]\nprovider='x'\nid='y'\ncontext_tokens=1\nmax_output_tokens=1\nprice=[{from=2026-01-01,input=-1.0,output=1.0}]";
        let error = Catalogue::embedded()
            .with_overrides(negative, "own.toml")
            .unwrap_err();
        assert_eq!(error.to_string(), "own.toml: price of y");
    }
}
