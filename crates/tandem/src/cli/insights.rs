//! `insights`, `effects` and `adoption`: the period, the metric and how to show it.

use clap::{Args, ValueEnum};
use insights::months::month_of_name;
use jiff::civil::Date;
use measures::Metric;
use serde::Deserialize;

/// Which pull requests, and by which months.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PeriodOptions {
    /// Only this team
    #[arg(long, value_name = "TEAM")]
    pub(crate) team: Option<String>,
    /// Only pull requests opened in this month or later
    #[arg(long, value_name = "YYYY-MM", value_parser = parse_month)]
    pub(crate) from: Option<Month>,
    /// Only pull requests opened in this month or earlier
    #[arg(long, value_name = "YYYY-MM", value_parser = parse_month)]
    pub(crate) to: Option<Month>,
}

/// A month as it was given, and counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Month {
    pub(crate) name: String,
    pub(crate) index: u32,
}

/// Which seconds a clock counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CalendarChoice {
    /// All of them
    #[default]
    All,
    /// Those of Monday to Friday
    Weekdays,
    /// Monday to Friday, 9 to 18
    Business,
}

/// How clocks are read. What is not given comes from `[clocks]` in the configuration.
#[derive(Debug, Clone, Args)]
pub(crate) struct ClockOptions {
    /// Which seconds count; all unless asked otherwise
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(crate) calendar: Option<CalendarChoice>,
    /// The time zone of weekdays and business hours, for instance Europe/Berlin; UTC unless given
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
    /// A day that does not count with weekdays and business hours; may be repeated
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_day)]
    pub(crate) holiday: Vec<Date>,
}

/// `insights`.
#[derive(Debug, Args)]
pub(crate) struct InsightsArguments {
    /// Which pull requests
    #[command(flatten)]
    pub(crate) period: PeriodOptions,
    /// Only this metric; may be repeated
    #[arg(long, value_name = "METRIC", value_parser = parse_metric)]
    pub(crate) metric: Vec<Metric>,
    /// Print only this part; may be repeated. --json has all of them
    #[arg(long, value_enum, value_name = "PART", conflicts_with = "explain")]
    pub(crate) only: Vec<InsightsPart>,
    /// Print Markdown, for a page or a message
    #[arg(long, conflicts_with = "explain")]
    pub(crate) markdown: bool,
    /// Say what a metric is, how it is compared, what is left out and how many are left at each step
    #[arg(long, value_name = "METRIC", value_parser = parse_metric)]
    pub(crate) explain: Option<Metric>,
    /// How clocks are read
    #[command(flatten)]
    pub(crate) clock: ClockOptions,
    /// In a model's words
    #[command(flatten)]
    pub(crate) narrative: NarrativeOptions,
}

/// Whether a model writes about the report.
#[derive(Debug, Clone, Args)]
pub(crate) struct NarrativeOptions {
    /// Let a model write a few sentences from the report's numbers, which alone leave this machine; each
    /// number and direction is checked, and what does not fit is refused
    #[arg(long, conflicts_with_all = ["explain", "metric"])]
    pub(crate) narrative: bool,
    /// With --narrative: the tiers, provider:model,provider:model; those of the configuration otherwise
    #[arg(
        long,
        value_name = "A,B",
        value_delimiter = ',',
        requires = "narrative"
    )]
    pub(crate) tiers: Vec<String>,
    /// With --narrative: do not ask before spending money
    #[arg(long, short, requires = "narrative")]
    pub(crate) yes: bool,
}

/// A part of the page that `insights` prints, in the order of printing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InsightsPart {
    /// How much AI, by team
    Adoption,
    /// Which teams have started, and how far they are
    Starts,
    /// What to do next, and what became of the advice of the month before
    Advice,
    /// What AI goes along with, in sentences
    Findings,
    /// What changed when teams adopted AI, or repositories an AI reviewer
    Events,
    /// Where the time goes
    Time,
    /// Whether reviewers keep up
    Reviewers,
    /// What is merged without another person having looked
    Unseen,
    /// Reverts and repeated rounds
    Quality,
    /// How large pull requests are
    Sizes,
    /// What became of each tool's work
    Outcomes,
    /// Which work suits AI
    Work,
    /// What the detection rests on
    Detection,
    /// Every comparison, with its numbers
    Comparisons,
}

/// Which use of AI is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExposureChoice {
    /// AI wrote or helped to write
    #[default]
    Authored,
    /// An AI tool reviewed
    Reviewed,
}

/// `effects`.
#[derive(Debug, Args)]
pub(crate) struct EffectsArguments {
    /// Which pull requests
    #[command(flatten)]
    pub(crate) period: PeriodOptions,
    /// Only this metric; may be repeated. Default: cycle and pickup
    #[arg(long, value_name = "METRIC", value_parser = parse_metric)]
    pub(crate) metric: Vec<Metric>,
    /// Which use of AI is compared
    #[arg(long, value_enum, default_value_t = ExposureChoice::Authored, value_name = "WHICH")]
    pub(crate) of: ExposureChoice,
    /// Also try other definitions, to see whether the answer hangs on one
    #[arg(long)]
    pub(crate) sensitivity: bool,
    /// Say what a metric is, how it is compared, what is left out and how many are left at each step
    #[arg(long, value_name = "METRIC", value_parser = parse_metric)]
    pub(crate) explain: Option<Metric>,
    /// How clocks are read
    #[command(flatten)]
    pub(crate) clock: ClockOptions,
}

/// Which moment puts a pull request into a month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MonthChoice {
    /// When it was opened
    #[default]
    Created,
    /// When it was merged; others are left out
    Merged,
}

/// `adoption`.
#[derive(Debug, Args)]
pub(crate) struct AdoptionArguments {
    /// Which pull requests
    #[command(flatten)]
    pub(crate) period: PeriodOptions,
    /// Which moment puts a pull request into a month
    #[arg(long, value_enum, default_value_t = MonthChoice::Created, value_name = "WHICH")]
    pub(crate) by: MonthChoice,
}

fn parse_month(text: &str) -> Result<Month, String> {
    month_of_name(text)
        .map(|index| Month {
            name: text.to_owned(),
            index,
        })
        .ok_or_else(|| "expected a month such as 2026-05".to_owned())
}

fn parse_day(text: &str) -> Result<Date, String> {
    text.parse()
        .map_err(|_| "expected a day such as 2026-12-25".to_owned())
}

fn parse_metric(text: &str) -> Result<Metric, String> {
    text.parse()
}
