//! `insights`, `effects` and `adoption`: the period, the metric and how to show it.

use clap::{Args, ValueEnum};
use insights::months::month_of_name;
use measures::Metric;

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum CalendarChoice {
    /// All of them
    #[default]
    All,
    /// Those of Monday to Friday
    Weekdays,
    /// Monday to Friday, 9 to 18
    Business,
}

/// How clocks are read.
#[derive(Debug, Clone, Args)]
pub(crate) struct ClockOptions {
    /// Which seconds count; all unless asked otherwise
    #[arg(long, value_enum, default_value_t = CalendarChoice::All, value_name = "WHICH")]
    pub(crate) calendar: CalendarChoice,
    /// The time zone of weekdays and business hours, for instance Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) time_zone: String,
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
    /// Print Markdown, for a page or a message
    #[arg(long, conflicts_with = "explain")]
    pub(crate) markdown: bool,
    /// Say what a metric is, how it is compared, what is left out and how many are left at each step
    #[arg(long, value_name = "METRIC", value_parser = parse_metric)]
    pub(crate) explain: Option<Metric>,
    /// How clocks are read
    #[command(flatten)]
    pub(crate) clock: ClockOptions,
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

fn parse_metric(text: &str) -> Result<Metric, String> {
    text.parse()
}
