//! Months in UTC, counted and named.

use jiff::Timestamp;

/// Months since year 0 in UTC; 0 for what is no time.
pub fn month_index(seconds: i64) -> u32 {
    Timestamp::from_second(seconds).map_or(0, |timestamp| {
        let date = jiff::tz::Offset::UTC.to_datetime(timestamp);
        let months = i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
        u32::try_from(months).unwrap_or(0)
    })
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
