//! `batch`: the cascade for any file of questions.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::parse_usd;

/// `batch`.
#[derive(Debug, Args)]
pub(crate) struct BatchArguments {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: BatchCommand,
}

/// `batch ...`.
#[derive(Debug, Subcommand)]
pub(crate) enum BatchCommand {
    /// Ask every question of a JSONL file; the same command again goes on where it stopped
    Run(BatchRunArguments),
    /// Go on with a run that was stopped, interrupted or left with --no-wait
    Resume {
        /// The run's id; without it, every run that is open
        id: Option<String>,
        /// Which job
        #[command(flatten)]
        job: BatchJob,
        /// Spend at most this much in all, in US dollars, instead of the run's own budget
        #[arg(long, value_name = "USD", value_parser = parse_usd)]
        budget: Option<f64>,
    },
    /// Cancel a run and its remote batches; answers that are there are kept
    Cancel {
        /// The run's id; without it, every run that is open
        id: Option<String>,
        /// Which job
        #[command(flatten)]
        job: BatchJob,
    },
}

/// The files of a job.
#[derive(Debug, Args)]
pub(crate) struct BatchJob {
    /// Where answers go, as JSON lines. Its ledger stands beside it (FILE.ledger.db), unless --db
    /// names another; TANDEM_DATABASE_URL does not count here
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Write the questions without an answer here, with their reasons
    #[arg(long, value_name = "FILE")]
    pub(crate) failures: Option<PathBuf>,
}

/// `batch run`.
#[derive(Debug, Args)]
pub(crate) struct BatchRunArguments {
    /// JSONL of {custom_id, prompt or messages, system?}, plain, .gz or .zst; - reads stdin
    #[arg(value_name = "QUESTIONS")]
    pub(crate) questions: PathBuf,
    /// The JSON Schema of an answer; every answer is held against all of it
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: PathBuf,
    /// Which files
    #[command(flatten)]
    pub(crate) job: BatchJob,
    /// How to ask
    #[command(flatten)]
    pub(crate) plan: BatchPlanOptions,
    /// Ask again what was answered before its question, system prompt or schema changed
    #[arg(long)]
    pub(crate) renew: bool,
    /// Ask again what failed too often with the same content
    #[arg(long)]
    pub(crate) retry_quarantined: bool,
    /// Go on without lines that are no questions, instead of refusing the file
    #[arg(long)]
    pub(crate) skip_bad_lines: bool,
    /// Plan and estimate only: nothing leaves this machine and no file is written
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Submit the first tier and leave; the same command again, or `tandem batch resume`, collects
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Do not ask before spending money
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// How questions are asked.
#[derive(Debug, Args)]
pub(crate) struct BatchPlanOptions {
    /// A file with a system prompt for all questions
    #[arg(long, value_name = "FILE")]
    pub(crate) system: Option<PathBuf>,
    /// The tiers, cheapest first: provider:model,provider:model. Default: those of the configuration
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) tiers: Vec<String>,
    /// Spend at most this much, in US dollars
    #[arg(long, value_name = "USD", value_parser = parse_usd)]
    pub(crate) budget: Option<f64>,
    /// How long the provider may take: 24h to 7d
    #[arg(long, value_name = "DURATION")]
    pub(crate) window: Option<String>,
    /// Completion tokens of a usual answer, hidden reasoning included; only for the estimate
    #[arg(long, value_name = "N", default_value_t = 400)]
    pub(crate) answer_tokens: u32,
    /// The cap on completion tokens of the first attempt, hidden reasoning included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(16..))]
    pub(crate) max_tokens: Option<u32>,
}
