//! The command line of `costs`.

use batch::costs::CostsBy;
use clap::{Args, ValueEnum};
use jiff::civil::Date;

/// `costs`.
#[derive(Debug, Args)]
pub(crate) struct CostsArguments {
    /// From which side to sum up
    #[arg(long, value_enum, default_value_t = Side::Run, value_name = "SIDE")]
    pub(crate) by: Side,
    /// Only what was recorded on this day (UTC) or later: YYYY-MM-DD, or a month: YYYY-MM
    #[arg(long, value_name = "DATE", value_parser = first_day)]
    pub(crate) from: Option<Date>,
    /// Only what was recorded until the end of this day or month
    #[arg(long, value_name = "DATE", value_parser = last_day)]
    pub(crate) to: Option<Date>,
    /// Only this team, as it was when the question was asked
    #[arg(long, value_name = "TEAM")]
    pub(crate) team: Option<String>,
    /// Show the table of prices with its dates instead
    #[arg(long, conflicts_with_all = ["by", "from", "to", "team"])]
    pub(crate) prices: bool,
}

/// The side from which costs are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// A line for each run
    Run,
    /// A line for each step of the cascade
    Tier,
    /// A line for each batch file
    Shard,
    /// A line for each team
    Team,
    /// A line for each month
    Month,
    /// A line for each model
    Model,
    /// A line for each request, streaming
    Request,
}

impl Side {
    /// The side in the words of the ledger; `None` for single requests.
    pub(crate) fn to_costs_by(self) -> Option<CostsBy> {
        match self {
            Side::Run => Some(CostsBy::Run),
            Side::Tier => Some(CostsBy::Tier),
            Side::Shard => Some(CostsBy::Shard),
            Side::Team => Some(CostsBy::Group),
            Side::Month => Some(CostsBy::Month),
            Side::Model => Some(CostsBy::Model),
            Side::Request => None,
        }
    }

    /// The word on the command line and in documents.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Side::Run => "run",
            Side::Tier => "tier",
            Side::Shard => "shard",
            Side::Team => "team",
            Side::Month => "month",
            Side::Model => "model",
            Side::Request => "request",
        }
    }
}

fn first_day(text: &str) -> Result<Date, String> {
    day_or_month(text).map(|(day, _)| day)
}

fn last_day(text: &str) -> Result<Date, String> {
    day_or_month(text).map(|(_, day)| day)
}

/// The first and the last day of what was written.
fn day_or_month(text: &str) -> Result<(Date, Date), String> {
    if let Ok(day) = text.parse::<Date>() {
        return Ok((day, day));
    }
    match format!("{text}-01").parse::<Date>() {
        Ok(first) => Ok((first, first.last_of_month())),
        Err(_) => Err("expected a day such as 2026-05-31, or a month such as 2026-05".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_days_or_whole_months() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(first_day("2026-02-10"), Ok(day("2026-02-10")));
        assert_eq!(first_day("2026-02"), Ok(day("2026-02-01")));
        assert_eq!(last_day("2026-02"), Ok(day("2026-02-28")));
        for wrong in ["2026", "2026-13", "yesterday", ""] {
            assert!(first_day(wrong).is_err(), "{wrong}");
        }
    }
}
