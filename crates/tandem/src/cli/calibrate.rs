//! `calibrate`: the target, the labels and the money.

use clap::Args;

use super::{SelectionOptions, parse_usd};

/// `calibrate`.
#[derive(Debug, Args)]
pub(crate) struct CalibrateArguments {
    /// Which pull requests
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
    /// The least share of tier 1's answers that are kept and that tier 2 agrees with ("is there AI?")
    #[arg(long, default_value_t = 0.95, value_name = "SHARE", value_parser = parse_share)]
    pub(crate) target: f64,
    /// The most probability with which the target may be missed
    #[arg(long, default_value_t = 0.05, value_name = "SHARE", value_parser = parse_share)]
    pub(crate) delta: f64,
    /// Ask tier 2 about at most this many pull requests; labels of earlier calibrations count
    #[arg(long, default_value_t = 300, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) label_budget: u32,
    /// Tier 1 and tier 2: provider:model,provider:model
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) tiers: Vec<String>,
    /// Spend at most this much, in US dollars
    #[arg(long, value_name = "USD", value_parser = parse_usd)]
    pub(crate) budget: Option<f64>,
    /// Plan and estimate only: nothing leaves this machine
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask before spending money
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// A share that is neither nothing nor all.
fn parse_share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("not a share between 0 and 1, such as 0.95".to_owned()),
    }
}
