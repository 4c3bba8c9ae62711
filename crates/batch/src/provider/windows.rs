//! The completion windows a host offers.

use std::fmt;

use serde::Deserialize;

use crate::tier::{CompletionWindow, TierError};

/// The completion windows a host offers. Where there are none, the host has no such thing and a tier's
/// window says only how long its answers are waited for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Windows(Vec<WindowRange>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct WindowRange {
    shortest: CompletionWindow,
    longest: CompletionWindow,
}

impl Windows {
    /// Windows written one by one, `24h`, or as ranges, `24h..7d`.
    ///
    /// # Errors
    /// When a window cannot be read.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Windows, TierError> {
        let mut ranges = Vec::with_capacity(texts.len());
        for text in texts {
            let text = text.as_ref();
            let (shortest, longest) = text.split_once("..").unwrap_or((text, text));
            ranges.push(WindowRange {
                shortest: shortest.parse()?,
                longest: longest.parse()?,
            });
        }
        Ok(Windows(ranges))
    }

    /// Whether a window is offered.
    pub fn offers(&self, window: &CompletionWindow) -> bool {
        self.0.is_empty() || self.0.iter().any(|range| range.holds(window))
    }

    /// The window to ask for where the user names none: a day if that is offered.
    pub fn usual(&self) -> CompletionWindow {
        let day = CompletionWindow::default();
        match self.0.first() {
            Some(first) if !self.offers(&day) => first.shortest.clone(),
            _ => day,
        }
    }

    /// The host's own word for a window it offers: `24h` where the user wrote `1d`.
    pub fn word_for<'a>(&'a self, window: &'a CompletionWindow) -> &'a str {
        let single = self
            .0
            .iter()
            .find(|range| range.shortest == range.longest && range.holds(window));
        single.map_or(window.as_str(), |range| range.shortest.as_str())
    }
}

impl WindowRange {
    fn holds(&self, window: &CompletionWindow) -> bool {
        (self.shortest.hours()..=self.longest.hours()).contains(&window.hours())
    }
}

impl TryFrom<Vec<String>> for Windows {
    type Error = TierError;

    fn try_from(texts: Vec<String>) -> Result<Windows, TierError> {
        Windows::parse(&texts)
    }
}

impl fmt::Display for Windows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return formatter.write_str("any");
        }
        for (place, range) in self.0.iter().enumerate() {
            if place > 0 {
                formatter.write_str(" or ")?;
            }
            if range.shortest == range.longest {
                write!(formatter, "{}", range.shortest)?;
            } else {
                write!(formatter, "{} to {}", range.shortest, range.longest)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_single_in_ranges_and_none() {
        let check = |texts: &[&str], window: &str, offered: bool, word: &str| {
            let windows = Windows::parse(texts).unwrap();
            let window: CompletionWindow = window.parse().unwrap();
            assert_eq!(windows.offers(&window), offered, "{texts:?} {window}");
            assert_eq!(windows.word_for(&window), word, "{texts:?} {window}");
        };
        check(&["24h"], "24h", true, "24h");
        check(&["24h"], "1d", true, "24h");
        check(&["24h"], "48h", false, "48h");
        check(&["24h..7d"], "7d", true, "7d");
        check(&["24h..7d"], "23h", false, "23h");
        check(&["1h", "24h"], "1h", true, "1h");
        check(&["1h", "24h"], "2h", false, "2h");
        check(&[], "3h", true, "3h");
        assert!(Windows::parse(&["24h..soon"]).is_err());
    }

    #[test]
    fn the_usual_window_is_a_day_where_that_is_offered() {
        let check = |texts: &[&str], usual: &str, shown: &str| {
            let windows = Windows::parse(texts).unwrap();
            assert_eq!(windows.usual().as_str(), usual);
            assert_eq!(windows.to_string(), shown);
        };
        check(&[], "24h", "any");
        check(&["1h", "24h"], "24h", "1h or 24h");
        check(&["48h"], "48h", "48h");
        check(&["24h..7d"], "24h", "24h to 7d");
    }
}
