//! Tiers as a run would find them today, by the table of models alone.

use batch::{Catalogue, ModelRef, TierSpec};
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

use crate::config::Config;
use crate::error::CliError;
use crate::wiring::hosts::profile;

/// Today in UTC, by which prices and retirements count.
pub(crate) fn today() -> Date {
    Timestamp::now().to_zoned_datetime(TimeZone::UTC).date()
}

/// Puts the successors that the table names in the place of retired models, as a run would do after
/// asking the host, and prices everything at the table of that day. Gives a warning for each.
///
/// # Errors
/// Exit code 3 for a provider that is not known.
pub(crate) fn in_service(
    config: &Config,
    tiers: Vec<TierSpec>,
    catalogue: &Catalogue,
    day: Date,
) -> Result<(Vec<TierSpec>, Vec<String>), CliError> {
    let mut warnings = Vec::new();
    let mut priced = Vec::with_capacity(tiers.len());
    for mut tier in tiers {
        let billing = profile(config, &tier.reference.provider)?.billing();
        let known = catalogue.model(&tier.reference);
        let successor = known
            .filter(|model| model.is_retired_on(day))
            .and_then(|model| model.successor.clone());
        if let Some(successor) = successor {
            warnings.push(format!(
                "{} is retired by the table of models; the estimate is for {successor}",
                tier.reference.model
            ));
            let reference = ModelRef {
                provider: tier.reference.provider.clone(),
                model: successor,
            };
            tier = tier.with_model(reference, catalogue);
        }
        priced.push(tier.priced_on(day, catalogue).billed(billing));
    }
    Ok((priced, warnings))
}
