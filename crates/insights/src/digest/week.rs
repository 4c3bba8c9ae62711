//! Weeks by ISO 8601, in UTC.

use std::str::FromStr;

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::Serialize;

/// Seconds of a week.
const WEEK_SECONDS: i64 = 7 * 86_400;

/// A week from Monday to Sunday, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Week {
    /// Its name, `2026-W21`.
    pub name: String,
    /// Its Monday, `2026-05-18`.
    pub first_day: String,
    /// Its Sunday.
    pub last_day: String,
    /// Its first second since 1970.
    #[serde(skip)]
    pub start: i64,
    /// The first second after it.
    #[serde(skip)]
    pub end: i64,
}

/// A text that names no week.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a week; write it as 2026-W21")]
pub struct WeekError(pub String);

impl Week {
    /// The last week that is over at a moment in seconds since 1970.
    pub fn last_full(now: i64) -> Result<Week, WeekError> {
        Week::of(now - WEEK_SECONDS)
    }

    /// The week of a moment.
    pub fn of(seconds: i64) -> Result<Week, WeekError> {
        let at = Timestamp::from_second(seconds).map_err(|_| WeekError(seconds.to_string()))?;
        let date = Offset::UTC.to_datetime(at).date();
        let week = date.iso_week_date();
        Week::new(week.year(), week.week())
    }

    fn new(year: i16, week: i8) -> Result<Week, WeekError> {
        let name = format!("{year:04}-W{week:02}");
        let wrong = || WeekError(name.clone());
        let monday = ISOWeekDate::new(year, week, Weekday::Monday)
            .map_err(|_| wrong())?
            .date();
        let sunday = monday.checked_add(6.days()).map_err(|_| wrong())?;
        let start = first_second(monday).ok_or_else(wrong)?;
        Ok(Week {
            first_day: monday.to_string(),
            last_day: sunday.to_string(),
            start,
            end: start + WEEK_SECONDS,
            name,
        })
    }

    /// The week before.
    #[must_use]
    pub fn before(&self) -> Week {
        // A moment inside it; only a week at the beginning of all time has none before.
        Week::of(self.start - 1).unwrap_or_else(|_| self.clone())
    }
}

fn first_second(day: Date) -> Option<i64> {
    let midnight = day.to_datetime(jiff::civil::Time::midnight());
    Some(Offset::UTC.to_timestamp(midnight).ok()?.as_second())
}

impl FromStr for Week {
    type Err = WeekError;

    fn from_str(text: &str) -> Result<Week, WeekError> {
        let wrong = || WeekError(text.to_owned());
        let (year, week) = text.split_once("-W").ok_or_else(wrong)?;
        if year.len() != 4 || week.len() != 2 {
            return Err(wrong());
        }
        let year = year.parse().map_err(|_| wrong())?;
        let week = week.parse().map_err(|_| wrong())?;
        Week::new(year, week).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_run_from_monday_to_sunday_and_over_the_year() {
        for (name, first, last, before) in [
            ("2026-W21", "2026-05-18", "2026-05-24", "2026-W20"),
            ("2026-W01", "2025-12-29", "2026-01-04", "2025-W52"),
            ("2026-W53", "2026-12-28", "2027-01-03", "2026-W52"),
        ] {
            let week: Week = name.parse().expect(name);
            assert_eq!(
                (week.first_day.as_str(), week.last_day.as_str()),
                (first, last)
            );
            assert_eq!(week.before().name, before);
            assert_eq!(Week::of(week.start).expect("a week"), week);
            assert_eq!(Week::of(week.end - 1).expect("a week"), week);
            assert_eq!(Week::last_full(week.end).expect("a week"), week);
        }
        for wrong in ["2026-21", "2026-W54", "2025-W53", "26-W01", "2026-W1", ""] {
            assert!(wrong.parse::<Week>().is_err(), "{wrong}");
        }
    }
}
