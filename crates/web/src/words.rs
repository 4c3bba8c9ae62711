//! Numbers and moments as people read them. What needs the words of statistics is in
//! `insights::wording`, so that pages and tables say it the same way.

use jiff::Timestamp;
use stats::Proportion;

/// A whole number with thin separators: `12,345`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share as `12.3 %`, or a dash where there is nothing to divide by.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// A proportion with its interval: `12.3 % (10.1–14.8)`.
pub(crate) fn proportion(proportion: Option<Proportion>) -> String {
    let Some((one, share)) = proportion.and_then(|one| Some((one, one.share?))) else {
        return "–".to_owned();
    };
    match one.interval {
        Some(interval) => format!(
            "{:.1} % ({:.1}–{:.1})",
            share * 100.0,
            interval.low * 100.0,
            interval.high * 100.0
        ),
        None => percent(Some(share)),
    }
}

/// A moment to the minute, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// How long ago, roughly.
pub(crate) fn ago(seconds: i64) -> String {
    match seconds {
        ..90 => "just now".to_owned(),
        90..5_400 => format!("{} minutes ago", seconds / 60),
        5_400..172_800 => format!("{} hours ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_separators() {
        assert_eq!(count(7), "7");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(12_345_678), "12,345,678");
    }

    #[test]
    fn ages_are_rough() {
        assert_eq!(ago(5), "just now");
        assert_eq!(ago(600), "10 minutes ago");
        assert_eq!(ago(7_200), "2 hours ago");
        assert_eq!(ago(864_000), "10 days ago");
    }
}
