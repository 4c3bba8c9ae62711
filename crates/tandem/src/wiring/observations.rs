//! Observations of a selection, and how they are read.

use insights::effects::Reading;
use insights::{Scope, by_month_range};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use measures::{Calendar, Observations};
use store::{Selection, Store, StoreError};

use crate::app::App;
use crate::cli::{CalendarChoice, ClockOptions, PeriodOptions};
use crate::error::CliError;

/// Reads the observations of a selection, reverts linked to what they take back.
pub(crate) fn read(store: &dyn Store, selection: &Selection) -> Result<Observations, CliError> {
    let mut observations = store.all_observations(selection)?;
    observations.link_reverts();
    Ok(observations)
}

/// Reads the observations of a period; warns of those that are not measured yet.
pub(crate) fn of_period(
    app: &App,
    store: &dyn Store,
    period: &PeriodOptions,
) -> Result<Observations, CliError> {
    let selection = Selection {
        team: period.team.clone(),
        repo: None,
    };
    Ok(of_selection(app, store, &selection, period)?)
}

/// Reads the observations of a selection within the months of a period; warns of those that are not
/// measured yet.
pub(crate) fn of_selection(
    app: &App,
    store: &dyn Store,
    selection: &Selection,
    period: &PeriodOptions,
) -> Result<Observations, StoreError> {
    let mut observations = store.all_observations(selection)?;
    observations.link_reverts();
    let not_measured = observations.rows.iter().filter(|row| !row.measured).count();
    if not_measured > 0 {
        app.output.warning(&format!(
            "{not_measured} pull requests are not measured yet; tandem detect does"
        ));
    }
    by_month_range(
        &mut observations,
        period.from.as_ref().map(|month| month.index),
        period.to.as_ref().map(|month| month.index),
    );
    Ok(observations)
}

/// What the options select, for telling on.
pub(crate) fn scope_of(period: &PeriodOptions) -> Scope {
    Scope {
        team: period.team.clone(),
        from: period.from.as_ref().map(|month| month.name.clone()),
        to: period.to.as_ref().map(|month| month.name.clone()),
    }
}

/// How clocks are read, up to this moment: by the options, else by the configuration.
///
/// # Errors
/// Exit code 2 for a time zone of the command line that there is not, 3 for one of the configuration.
pub(crate) fn reading(app: &App, options: &ClockOptions) -> Result<Reading, CliError> {
    let configured = app.config()?.clocks;
    let calendar = options.calendar.or(configured.calendar).unwrap_or_default();
    let zone = || match (&options.time_zone, &configured.time_zone) {
        (Some(name), _) => time_zone(name).map_err(CliError::input),
        (None, Some(name)) => time_zone(name).map_err(CliError::configuration),
        (None, None) => Ok(TimeZone::UTC),
    };
    let mut holidays = configured.holidays;
    holidays.extend(&options.holiday);
    Ok(Reading {
        now: Timestamp::now().as_second(),
        calendar: match calendar {
            CalendarChoice::All => Calendar::Always,
            CalendarChoice::Weekdays => Calendar::weekdays(zone()?, &holidays),
            CalendarChoice::Business => Calendar::business_hours(zone()?, &holidays),
        },
    })
}

/// How clocks are read where the command line says nothing about it.
pub(crate) fn configured_reading(app: &App) -> Result<Reading, CliError> {
    let unsaid = ClockOptions {
        calendar: None,
        time_zone: None,
        holiday: Vec::new(),
    };
    reading(app, &unsaid)
}

fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name)
        .map_err(|error| format!("'{name}' is not a time zone, such as Europe/Berlin: {error}"))
}
