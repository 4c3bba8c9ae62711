//! Which time counts: all of it, or only working time.

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

const DAY_SECONDS: i64 = 86_400;
const WORKING_DAYS_A_WEEK: i64 = 5;

/// Which seconds a duration counts. All of them unless asked otherwise; whoever shows a duration by
/// another calendar says so ([`Calendar::label`]).
#[derive(Debug, Clone, Default)]
pub enum Calendar {
    /// Every second.
    #[default]
    Always,
    /// Seconds of working days, in local time.
    Working(WorkingTime),
}

/// Working time: days of the week, hours of the day, holidays.
#[derive(Debug, Clone)]
pub struct WorkingTime {
    zone: TimeZone,
    /// Seconds of the day at which work begins and ends.
    hours: (i64, i64),
    /// Holidays that fall on a working day, as days since 1970, in order.
    holidays: Vec<i64>,
}

impl Calendar {
    /// Leaves out Saturdays, Sundays and holidays of a time zone.
    pub fn weekdays(zone: TimeZone, holidays: &[Date]) -> Self {
        Calendar::working(zone, (0, DAY_SECONDS), holidays)
    }

    /// Counts 9 to 18 o'clock from Monday to Friday of a time zone, without the holidays.
    pub fn business_hours(zone: TimeZone, holidays: &[Date]) -> Self {
        Calendar::working(zone, (9 * 3_600, 18 * 3_600), holidays)
    }

    fn working(zone: TimeZone, hours: (i64, i64), holidays: &[Date]) -> Self {
        let mut days: Vec<i64> = holidays
            .iter()
            .map(|date| days_since_1970(*date))
            .filter(|day| is_weekday(*day))
            .collect();
        days.sort_unstable();
        days.dedup();
        Calendar::Working(WorkingTime {
            zone,
            hours,
            holidays: days,
        })
    }

    /// What a chart says that uses this calendar, with its time zone and how many holidays it leaves out;
    /// `None` for all time.
    pub fn label(&self) -> Option<String> {
        let Calendar::Working(time) = self else {
            return None;
        };
        let which = if time.hours == (0, DAY_SECONDS) {
            "weekends left out"
        } else {
            "business hours only (Monday to Friday, 9 to 18)"
        };
        let zone = time.zone.iana_name().unwrap_or("fixed offset");
        let holidays = match time.holidays.len() {
            0 => "no holidays".to_owned(),
            1 => "1 holiday left out".to_owned(),
            several => format!("{several} holidays left out"),
        };
        Some(format!("{which}, {zone}, {holidays}"))
    }

    /// Counted seconds from one moment to another (seconds since 1970, UTC); `None`, never clamped,
    /// when the second lies before the first.
    pub fn seconds_between(&self, start: i64, end: i64) -> Option<i64> {
        if end < start {
            return None;
        }
        match self {
            Calendar::Always => Some(end - start),
            Calendar::Working(time) => Some(time.before(end)? - time.before(start)?),
        }
    }
}

impl WorkingTime {
    /// Working seconds from 1970 to a moment, in local time.
    fn before(&self, moment: i64) -> Option<i64> {
        let timestamp = Timestamp::from_second(moment).ok()?;
        let local = moment + i64::from(self.zone.to_offset(timestamp).seconds());
        let day = local.div_euclid(DAY_SECONDS);
        let second = local.rem_euclid(DAY_SECONDS);
        let (from, until) = self.hours;
        let past_holidays = self.holidays.iter().take_while(|holiday| **holiday < day);
        let holidays = i64::try_from(past_holidays.count()).ok()?;
        let whole_days = (weekdays_before(day) - holidays) * (until - from);
        let works_today = is_weekday(day) && self.holidays.binary_search(&day).is_err();
        let today = if works_today {
            (second - from).clamp(0, until - from)
        } else {
            0
        };
        Some(whole_days + today)
    }
}

fn days_since_1970(date: Date) -> i64 {
    let start = jiff::civil::date(1970, 1, 1);
    start
        .until(date)
        .map_or(0, |span| i64::from(span.get_days()))
}

/// Monday is 0; the first of January 1970 was a Thursday.
fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

fn is_weekday(day: i64) -> bool {
    weekday(day) < WORKING_DAYS_A_WEEK
}

/// Weekdays from 1970 to a day, without that day.
fn weekdays_before(day: i64) -> i64 {
    let since_monday = day + 3;
    let weeks = since_monday.div_euclid(7);
    // Three weekdays of the first week lie before 1970.
    weeks * WORKING_DAYS_A_WEEK + weekday(day).min(WORKING_DAYS_A_WEEK) - 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a time").as_second()
    }

    #[test]
    fn only_working_time_counts() {
        let utc = || TimeZone::UTC;
        let all = Calendar::Always;
        let weekdays = Calendar::weekdays(utc(), &[]);
        let office = Calendar::business_hours(utc(), &[jiff::civil::date(2026, 6, 8)]);
        // Friday evening to Tuesday morning; Monday the 8th is a holiday.
        let (start, end) = (at("2026-06-05T17:00:00Z"), at("2026-06-09T10:00:00Z"));
        assert_eq!(all.seconds_between(start, end), Some(89 * 3600));
        assert_eq!(weekdays.seconds_between(start, end), Some(41 * 3600));
        assert_eq!(office.seconds_between(start, end), Some(2 * 3600));
        let with_holiday = Calendar::weekdays(utc(), &[jiff::civil::date(2026, 6, 8)]);
        assert_eq!(with_holiday.seconds_between(start, end), Some(17 * 3600));
        let (saturday, sunday) = (at("2026-06-06T08:00:00Z"), at("2026-06-07T20:00:00Z"));
        assert_eq!(weekdays.seconds_between(saturday, sunday), Some(0));
        for calendar in [all, weekdays, office] {
            assert_eq!(calendar.seconds_between(end, start), None, "never clamped");
        }
    }

    #[test]
    fn what_is_left_out_is_said() {
        // The sixth of June 2026 is a Saturday and leaves nothing out.
        let days = [jiff::civil::date(2026, 6, 6), jiff::civil::date(2026, 6, 8)];
        let label = |calendar: Calendar| calendar.label();
        assert_eq!(label(Calendar::Always), None);
        assert_eq!(
            label(Calendar::weekdays(TimeZone::UTC, &[])).as_deref(),
            Some("weekends left out, UTC, no holidays")
        );
        assert_eq!(
            label(Calendar::business_hours(TimeZone::UTC, &days)).as_deref(),
            Some("business hours only (Monday to Friday, 9 to 18), UTC, 1 holiday left out")
        );
    }

    #[test]
    fn working_time_is_local_time() {
        let tokyo = TimeZone::fixed(jiff::tz::offset(9));
        let office = Calendar::business_hours(tokyo, &[]);
        // 08:00 to 11:00 in Tokyo, on a Wednesday.
        let (start, end) = (at("2026-06-02T23:00:00Z"), at("2026-06-03T02:00:00Z"));
        assert_eq!(office.seconds_between(start, end), Some(2 * 3600));
    }

    #[test]
    fn counting_whole_days_agrees_with_walking_over_them() {
        let mut walked = 0;
        for day in 0..800 {
            assert_eq!(weekdays_before(day), walked, "day {day}");
            walked += i64::from(is_weekday(day));
        }
    }
}
