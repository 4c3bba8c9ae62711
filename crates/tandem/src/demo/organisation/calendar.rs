//! Months and hours: when pull requests are opened.

use jiff::{Timestamp, civil::Date};

use super::chance::Chance;

/// How many months the demo covers, the last one partial.
pub(super) const MONTHS: usize = 18;
const DAY_SECONDS: i64 = 86_400;

/// One calendar month (UTC) of the demo, cut at the demo's end.
#[derive(Debug, Clone)]
pub(super) struct Month {
    /// 0 for the first month of the demo.
    pub(super) index: usize,
    /// `2026-05`.
    pub(super) label: String,
    /// Its days before the demo's end, first to last.
    pub(super) days: Vec<Date>,
    /// Share of the month that lies before the demo's end, 0 to 1.
    pub(super) elapsed: f64,
}

/// The months up to the day before `today`, oldest first.
pub(super) fn months_until(today: Date) -> Vec<Month> {
    let last_day = today.yesterday().unwrap_or(today);
    let mut firsts = vec![last_day.first_of_month()];
    while firsts.len() < MONTHS {
        let newest = firsts[firsts.len() - 1];
        firsts.push(newest.yesterday().unwrap_or(newest).first_of_month());
    }
    firsts.reverse();
    let mut months = Vec::with_capacity(MONTHS);
    for (index, first) in firsts.into_iter().enumerate() {
        let mut days = vec![first];
        while let Ok(next) = days[days.len() - 1].tomorrow() {
            if next > last_day || next.month() != first.month() {
                break;
            }
            days.push(next);
        }
        months.push(Month {
            index,
            label: format!("{:04}-{:02}", first.year(), first.month()),
            elapsed: days.len() as f64 / f64::from(first.days_in_month()),
            days,
        });
    }
    months
}

impl Month {
    /// A moment at which somebody opens a pull request, in seconds since 1970: mostly on
    /// weekdays, mostly in working hours.
    pub(super) fn working_moment(&self, chance: &mut Chance) -> i64 {
        let weights: Vec<f64> = self
            .days
            .iter()
            .map(|day| match day.weekday().to_monday_one_offset() {
                1 => 0.95,
                5 => 0.85,
                6 | 7 => 0.06,
                _ => 1.0,
            })
            .collect();
        let day = self.days[chance.weighted(&weights)];
        let hour = (13.2 + 3.1 * chance.normal()).clamp(5.5, 22.5);
        midnight(day) + (hour * 3600.0) as i64 + chance.between(0, 59).cast_signed()
    }
}

/// Midnight UTC at the start of a day, in seconds since 1970.
pub(super) fn midnight(day: Date) -> i64 {
    day.duration_since(Date::constant(1970, 1, 1)).as_secs() / DAY_SECONDS * DAY_SECONDS
}

/// A moment given in seconds since 1970.
pub(super) fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eighteen_months_end_the_day_before_today() {
        let months = months_until(Date::constant(2026, 11, 23));
        assert_eq!(months.len(), MONTHS);
        assert_eq!(months[0].label, "2025-06");
        assert_eq!(months[17].label, "2026-11");
        assert_eq!(months[17].days.len(), 22);
        assert_eq!(months[8].label, "2026-02");
        assert_eq!(months[8].days.len(), 28);
        assert!((months[8].elapsed - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_first_of_a_month_closes_the_month_before() {
        let months = months_until(Date::constant(2028, 3, 1));
        assert_eq!(months[17].label, "2028-02");
        assert_eq!(months[17].days.len(), 29);
    }

    #[test]
    fn midnight_is_a_multiple_of_a_day() {
        assert_eq!(midnight(Date::constant(1970, 1, 2)), 86_400);
        assert_eq!(
            moment(midnight(Date::constant(2026, 11, 23))).to_string(),
            "2026-11-23T00:00:00Z"
        );
    }
}
