//! How clocks are read.

use jiff::civil::Date;
use serde::Deserialize;

use crate::cli::CalendarChoice;

/// `[clocks]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClocksConfig {
    /// Which seconds count.
    pub(crate) calendar: Option<CalendarChoice>,
    /// The time zone of weekdays and business hours.
    pub(crate) time_zone: Option<String>,
    /// Days that do not count with weekdays and business hours.
    pub(crate) holidays: Vec<Date>,
}
