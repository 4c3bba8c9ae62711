//! `compare`: the same pull requests to several models.

use std::path::PathBuf;

use clap::Args;

use super::{SelectionOptions, parse_usd};

/// `compare`.
#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// The models, as provider:model,provider:model
    #[arg(long, value_name = "A,B", value_delimiter = ',', required = true)]
    pub(crate) models: Vec<String>,
    /// How many pull requests each model is asked about
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) limit: u64,
    /// Ask by plain calls at the synchronous price, for latencies as a person meets them
    #[arg(long)]
    pub(crate) sync: bool,
    /// JSONL of known truth: sample among its pull requests, and hold the claims against it
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: Option<PathBuf>,
    /// Which pull requests
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
    /// The seed of the sample: the same seed, the same pull requests
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// The share of requests that a cascade should answer, from 0.5 up to 1, which is not reached
    #[arg(long, value_name = "SHARE", default_value_t = 0.99, value_parser = parse_reliability)]
    pub(crate) reliability: f64,
    /// Spend at most this much on what is asked now, in US dollars
    #[arg(long, value_name = "USD", value_parser = parse_usd)]
    pub(crate) budget: Option<f64>,
    /// Do not ask before spending money
    #[arg(long, short)]
    pub(crate) yes: bool,
}

fn parse_reliability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.5..1.0).contains(&share) => Ok(share),
        _ => Err("expected a share such as 0.99".to_owned()),
    }
}
