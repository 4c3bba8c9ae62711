//! Months in UTC, counted and named.

const DAY_SECONDS: i64 = 86_400;

/// Months since year 0 in UTC; 0 for what is no time.
///
/// Asked for every pull request several times over, hence by arithmetic: with years that begin in March
/// the leap day is the last, and months have 153 days in every five. Source: H. Hinnant, "chrono-compatible
/// low-level date algorithms" (2013), `civil_from_days`.
pub fn month_index(seconds: i64) -> u32 {
    // Days since the first of March of year 0.
    let days = seconds.div_euclid(DAY_SECONDS) + 719_468;
    let Ok(days) = u32::try_from(days) else {
        return 0;
    };
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    (era * 400 + year_of_era) * 12 + month_from_march + 2
}

/// `2026-05` of a [`month_index`].
pub fn month_name(index: u32) -> String {
    format!("{:04}-{:02}", index / 12, index % 12 + 1)
}

/// The second since 1970 at which a month begins, in UTC.
pub fn first_second_of(index: u32) -> Option<i64> {
    let year = i16::try_from(index / 12).ok()?;
    let month = i8::try_from(index % 12 + 1).ok()?;
    let date = jiff::civil::Date::new(year, month, 1).ok()?;
    let start = jiff::tz::Offset::UTC
        .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
        .ok()?;
    Some(start.as_second())
}

/// The [`month_index`] of `2026-05`.
pub fn month_of_name(name: &str) -> Option<u32> {
    let (year, month) = name.split_once('-')?;
    if year.len() != 4 || month.len() != 2 {
        return None;
    }
    let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
    (1..=12).contains(&month).then(|| year * 12 + month - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        let utc = jiff::tz::Offset::UTC;
        for hour in (-20 * 365 * 24..150 * 365 * 24_i64).step_by(7) {
            let seconds = hour * 3_600;
            let timestamp = jiff::Timestamp::from_second(seconds).expect("in range");
            let date = utc.to_datetime(timestamp);
            let want = i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
            assert_eq!(
                i64::from(month_index(seconds)),
                i64::from(want),
                "{timestamp}"
            );
        }
        assert_eq!(month_index(i64::MIN / 2), 0);
    }

    #[test]
    fn months_are_named_and_read_back() {
        let may = month_index(1_777_593_600);
        assert_eq!(month_name(may), "2026-05");
        assert_eq!(first_second_of(may), Some(1_777_593_600));
        assert_eq!(month_of_name("2026-05"), Some(may));
        assert_eq!(month_name(month_index(1_777_593_599)), "2026-04");
        for wrong in ["2026-13", "2026-0", "26-05", "2026"] {
            assert_eq!(month_of_name(wrong), None, "{wrong}");
        }
    }
}
