//! The command line: every verb and option, with the words a user reads in `--help`.

mod batch;
mod calibrate;
mod compare;
mod correct;
mod costs;
mod digest;
mod export;
mod import;
mod insights;
mod quarantine;
mod report;
mod serve;
mod sync;
mod teams;

use std::net::SocketAddr;
use std::path::PathBuf;

pub(crate) use self::batch::{
    BatchArguments, BatchCommand, BatchJob, BatchPlanOptions, BatchRunArguments,
};
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use calibrate::CalibrateArguments;
pub(crate) use compare::CompareArguments;
pub(crate) use correct::{CorrectArguments, OriginChoice};
pub(crate) use costs::{CostsArguments, Side};
pub(crate) use digest::{DigestArguments, DigestFormat};
pub(crate) use export::{ExportArguments, ExportFormat, TableChoice};
pub(crate) use import::{FormatChoice, ImportArguments};
pub(crate) use insights::{
    AdoptionArguments, CalendarChoice, ClockOptions, EffectsArguments, ExposureChoice,
    InsightsArguments, InsightsPart, MonthChoice, NarrativeOptions, PeriodOptions,
};
pub(crate) use quarantine::{QuarantineArguments, QuarantineCommand, QuarantineOptions};
pub(crate) use report::{ReportArguments, ReportFormat};
pub(crate) use serve::ServeArguments;
pub(crate) use sync::SyncArguments;
pub(crate) use teams::TeamsArguments;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
Start here:
  tandem demo                          the whole job on a made-up organisation, no key needed
  tandem import prs.jsonl.gz           real pull requests from files
  tandem detect                        find AI tools by their signatures, free
  tandem analyze --limit 500 --with-fallback
  tandem coverage

Exit codes: 0 done, 1 internal, 2 wrong use or input, 3 configuration,
4 finished but some requests have no answer, 5 stopped by the budget, 130 interrupted (resumable).";

/// How much of your work is made with AI, what that goes along with, and what to do about it.
///
/// Tandem reads pull requests, finds the AI in them (signatures first, then language models through
/// half-price Batch APIs), and reports adoption honestly: always as a lower bound, with its uncertainty.
#[derive(Debug, Parser)]
#[command(
    name = "tandem",
    version,
    styles = STYLES,
    after_help = AFTER_HELP,
    propagate_version = false,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// What every verb understands.
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    /// The verb.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every verb understands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalOptions {
    /// The database: a file, or a URL. Default: tandem.db in the data folder
    #[arg(
        long,
        global = true,
        value_name = "PATH|URL",
        env = "TANDEM_DATABASE_URL",
        hide_env_values = true
    )]
    pub(crate) db: Option<String>,
    /// The configuration. Default: tandem.toml beside the database
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON on stdout: one document, or JSON lines where it streams
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing on stderr but warnings and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Draw no progress bars
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// Write events of runs for machines as JSON lines into FILE; - for stderr
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
    /// Stop a run at the next safe point when stdin ends, as if interrupted. For programs that begin runs
    #[arg(long, global = true, hide = true)]
    pub(crate) stop_with_stdin: bool,
    /// When to use colour; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// At a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorChoice {
    /// Tells every stream of this process.
    pub(crate) fn apply(self) {
        match self {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::AlwaysAnsi,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do the whole job on a made-up organisation with known truth, on the bundled emulator
    Demo(DemoArguments),
    /// Read pull requests from files: JSON, GitHub's objects and backups, GH Archive, CSV
    Import(ImportArguments),
    /// Read pull requests from GitHub: whole, and again only what changed
    Sync(SyncArguments),
    /// Show the teams, the rules by which pull requests are theirs, and rules that match nothing
    Teams(TeamsArguments),
    /// Find AI tools by their signatures; free, and again only for what changed
    Detect(DetectArguments),
    /// Ask language models about pull requests through half-price batches
    Analyze(AnalyzeArguments),
    /// Learn from a sample from which confidence on the first tier's answers can be trusted
    Calibrate(CalibrateArguments),
    /// List analysis runs, look into one, resume or cancel it
    Runs(RunsArguments),
    /// Show what was paid, by run, tier, shard, team, month, model or request
    Costs(CostsArguments),
    /// Show what always failed and is not asked again by itself; lift it, or drop it
    Quarantine(QuarantineArguments),
    /// Show how many pull requests have a current analysis, and why the others have none
    Coverage(CoverageArguments),
    /// Show AI adoption by team and month, and the tools
    Adoption(AdoptionArguments),
    /// Show what AI goes along with: adoption, delivery, review, with their uncertainty
    Insights(InsightsArguments),
    /// Compare pull requests with and without AI, team by team, adjusted for who and where
    Effects(EffectsArguments),
    /// Write the report into one file, for a browser, a printer or a wiki
    Report(ReportArguments),
    /// Say what changed in the week; write it, mail it, or post it
    Digest(DigestArguments),
    /// Write tables for other programs: CSV, JSON lines, or Parquet by month
    Export(ExportArguments),
    /// Serve the dashboard: pages for people, on this machine
    Serve(ServeArguments),
    /// Print what is said of each pull request, with the evidence
    Verdicts(VerdictsArguments),
    /// Say that a verdict is wrong: what you say outranks it, is kept and can be withdrawn
    Correct(CorrectArguments),
    /// Ask several models about the same pull requests, and say what tells them apart
    Compare(CompareArguments),
    /// Hold the verdicts against known truth: a file of it, or your corrections
    Evaluate(EvaluateArguments),
    /// Put any JSONL of questions through the same cascade, with a JSON Schema for the answers
    Batch(BatchArguments),
    /// Serve a local Batch API that behaves as Groq's does (an emulator, for tests and trials)
    Emulate(EmulateArguments),
    /// Check what is configured, reachable and missing, and say what to do next
    Doctor(DoctorArguments),
    /// Print shell completions
    Completions(CompletionsArguments),
}

/// Which pull requests a verb is about.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SelectionOptions {
    /// Only this team (by default the repository's owner; tandem teams lists them)
    #[arg(long, value_name = "TEAM")]
    pub(crate) team: Option<String>,
    /// Only this repository
    #[arg(long, value_name = "OWNER/NAME")]
    pub(crate) repo: Option<String>,
}

/// `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Keep the database at this path instead of a temporary folder
    #[arg(long, value_name = "FILE")]
    pub(crate) keep: Option<PathBuf>,
    /// The seed of everything made up
    #[arg(long, default_value_t = 7, value_name = "N")]
    pub(crate) seed: u64,
}

/// `detect`.
#[derive(Debug, Args)]
pub(crate) struct DetectArguments {
    /// Which pull requests
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
    /// Judge every pull request again, not only the new and changed ones
    #[arg(long)]
    pub(crate) all: bool,
    /// Add signatures from this TOML file this once; those in detect.signatures of the
    /// configuration count for every verb, analyze among them
    #[arg(long, value_name = "FILE")]
    pub(crate) signatures: Vec<PathBuf>,
}

/// `analyze`.
#[derive(Debug, Args)]
pub(crate) struct AnalyzeArguments {
    /// Which pull requests
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
    /// At most this many pull requests, newest first
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Send what the first tier could not answer to the second tier
    #[arg(long)]
    pub(crate) with_fallback: bool,
    /// Also send sound but doubtful answers to the second tier (little confidence, a quote that is not
    /// in the input, a contradiction to the signatures); implies --with-fallback
    #[arg(long)]
    pub(crate) escalate_doubt: bool,
    /// Also renew analyses of pull requests that changed, or of an older prompt
    #[arg(long)]
    pub(crate) stale: bool,
    /// Plan and estimate only: nothing leaves this machine
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// With --dry-run, print exactly what would leave this machine
    #[arg(long, requires = "dry_run")]
    pub(crate) show: bool,
    /// Spend at most this much, in US dollars
    #[arg(long, value_name = "USD", value_parser = parse_usd)]
    pub(crate) budget: Option<f64>,
    /// Use this provider's default tiers: groq, or rules (no model, free)
    #[arg(long, value_name = "NAME", conflicts_with = "tiers")]
    pub(crate) provider: Option<String>,
    /// The tiers, cheapest first: provider:model,provider:model. Providers: groq, openai, azure,
    /// doubleword, anthropic, mistral by batches; ollama, vllm, llamacpp, and NAME-sync for any of
    /// the OpenAI shape, by plain calls; others by configuration
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) tiers: Vec<String>,
    /// How long the provider may take, of the windows it offers: for groq 24h to 7d
    #[arg(long, value_name = "DURATION")]
    pub(crate) window: Option<String>,
    /// Wait for the answers (the default)
    #[arg(long, overrides_with = "no_wait")]
    pub(crate) wait: bool,
    /// Submit the first tier and leave; `tandem runs resume ID` collects
    #[arg(long, overrides_with = "wait")]
    pub(crate) no_wait: bool,
    /// Do not ask before spending money
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// `runs`.
#[derive(Debug, Args)]
pub(crate) struct RunsArguments {
    /// What to do; without it, list the runs
    #[command(subcommand)]
    pub(crate) command: Option<RunsCommand>,
}

/// `runs ...`.
#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List the runs, newest first (the default)
    List,
    /// Show one run: tiers, failures by kind, tokens, money, shards
    Show {
        /// The run's id
        id: String,
        /// List the requests that have no answer, with their reasons
        #[arg(long)]
        failed: bool,
    },
    /// Go on with a run that was stopped, interrupted or left with --no-wait
    Resume {
        /// The run's id
        id: String,
        /// Spend at most this much in all, in US dollars, instead of the run's own budget
        #[arg(long, value_name = "USD", value_parser = parse_usd)]
        budget: Option<f64>,
    },
    /// Cancel a run and its remote batches; answers that are there are kept
    Cancel {
        /// The run's id
        id: String,
    },
}

/// `coverage`.
#[derive(Debug, Args)]
pub(crate) struct CoverageArguments {
    /// Only this team
    #[arg(long, value_name = "TEAM")]
    pub(crate) team: Option<String>,
}

/// `verdicts`.
#[derive(Debug, Args)]
pub(crate) struct VerdictsArguments {
    /// Which pull requests
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
    /// Only this pull request: OWNER/NAME#NUMBER
    #[arg(value_name = "PULL_REQUEST")]
    pub(crate) pull_request: Option<String>,
}

/// `evaluate`.
#[derive(Debug, Args)]
pub(crate) struct EvaluateArguments {
    /// JSONL of known truth, plain, .gz or .zst
    #[arg(long, value_name = "FILE", required_unless_present = "corrections")]
    pub(crate) truth: Option<PathBuf>,
    /// Take the corrections that stand for the truth. They are made where errors are seen, so they
    /// make verdicts look worse than they are
    #[arg(long, conflicts_with = "truth")]
    pub(crate) corrections: bool,
}

/// `emulate`.
#[derive(Debug, Args)]
pub(crate) struct EmulateArguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8790", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// A scenario of faults, in TOML
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// Set one key of the scenario, in TOML (server.serve_retired=true); may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Add a fault, for instance missing=0.01, openai/gpt-oss-20b:truncated=0.2, batch.expires=1 or
    /// http.rate_limited=0.1; may be repeated
    #[arg(long = "fault", value_name = "[MODEL:]KIND=RATE")]
    pub(crate) faults: Vec<String>,
    /// The seed of everything random
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Write one JSON line per answer that would be billed
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// Print the default scenario with every key explained, and stop
    #[arg(long)]
    pub(crate) print_scenario: bool,
}

/// `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Print the default configuration with every key explained, and stop
    #[arg(long)]
    pub(crate) print_config: bool,
    /// Ask nobody outside this machine
    #[arg(long)]
    pub(crate) offline: bool,
    /// Look whether this organisation can be synced; may be repeated. Those synced before are looked
    /// at without being named
    #[arg(long = "org", value_name = "OWNER")]
    pub(crate) owners: Vec<String>,
}

/// `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Reads a sum of dollars: `5`, `5.00` or `$5`.
fn parse_usd(text: &str) -> Result<f64, String> {
    let digits = text.trim().trim_start_matches('$');
    match digits.parse::<f64>() {
        Ok(usd) if usd.is_finite() && usd >= 0.0 => Ok(usd),
        _ => Err("expected dollars, such as 5.00".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn dollars_are_read_with_or_without_the_sign() {
        assert_eq!(parse_usd("$5"), Ok(5.0));
        assert_eq!(parse_usd("0.25"), Ok(0.25));
        assert!(parse_usd("-1").is_err());
        assert!(parse_usd("nan").is_err());
        assert!(parse_usd("five").is_err());
    }
}
