//! When a signature means what it says.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::Confidence;

use crate::catalogue::rows::{Dates, Doubt};

/// What a hit is worth on its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worth {
    /// What its row says.
    Full,
    /// Nothing at all.
    Nothing,
    /// This much for good.
    Reduced(Confidence),
    /// This much, unless other evidence of the same tool supports it.
    Doubtful(Option<Confidence>),
}

/// What a hit of a row with these dates is worth at a time.
///
/// A time that is not known proves nothing either way: it lies in no valid span's outside, and it
/// cannot be shown to lie outside a doubtful span.
pub(crate) fn worth(dates: Option<&Dates>, time: Option<Timestamp>) -> Worth {
    let Some(dates) = dates else {
        return Worth::Full;
    };
    let day = time.map(|time| TimeZone::UTC.to_datetime(time).date());
    if let Some(day) = day
        && !within(day, dates.valid_from, dates.valid_until)
    {
        return match confidence_of(dates.outside) {
            Some(confidence) => Worth::Reduced(confidence),
            None => Worth::Nothing,
        };
    }
    let has_doubt = dates.doubt_from.is_some() || dates.doubt_until.is_some();
    if has_doubt && day.is_none_or(|day| within(day, dates.doubt_from, dates.doubt_until)) {
        return Worth::Doubtful(confidence_of(dates.inside));
    }
    Worth::Full
}

fn within(day: Date, from: Option<Date>, until: Option<Date>) -> bool {
    from.is_none_or(|from| day >= from) && until.is_none_or(|until| day <= until)
}

fn confidence_of(doubt: Doubt) -> Option<Confidence> {
    match doubt {
        Doubt::Ignored => None,
        Doubt::Low => Some(Confidence::Low),
        Doubt::Medium => Some(Confidence::Medium),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn days_are_utc_and_inclusive() {
        let dates = Dates {
            valid_from: Some("2021-06-29".parse().expect("a date")),
            valid_until: None,
            outside: Doubt::Ignored,
            doubt_from: Some("2026-04-22".parse().expect("a date")),
            doubt_until: Some("2026-05-06".parse().expect("a date")),
            inside: Doubt::Low,
        };
        let cases = [
            (Some(at("2021-06-28T23:59:59Z")), Worth::Nothing),
            (Some(at("2021-06-29T00:00:00Z")), Worth::Full),
            (Some(at("2026-04-21T23:59:59Z")), Worth::Full),
            (
                Some(at("2026-04-22T00:00:00Z")),
                Worth::Doubtful(Some(Confidence::Low)),
            ),
            (
                Some(at("2026-05-07T01:59:59+02:00")),
                Worth::Doubtful(Some(Confidence::Low)),
            ),
            (Some(at("2026-05-07T00:00:00Z")), Worth::Full),
            (None, Worth::Doubtful(Some(Confidence::Low))),
        ];
        for (time, expected) in cases {
            assert_eq!(worth(Some(&dates), time), expected, "{time:?}");
        }
        assert_eq!(worth(None, None), Worth::Full);
    }
}
