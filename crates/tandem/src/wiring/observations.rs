//! Observations of a selection, and how they are read.

use insights::effects::Reading;
use insights::{Scope, by_month_range};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use measures::{Calendar, Observations};
use store::{Selection, Store};

use crate::app::App;
use crate::cli::{CalendarChoice, ClockOptions, PeriodOptions};
use crate::error::CliError;

/// How many pull requests are read in one go.
const OBSERVATIONS_PAGE: usize = 50_000;

/// Reads the observations of a selection, reverts linked to what they take back.
pub(crate) fn read(store: &dyn Store, selection: &Selection) -> Result<Observations, CliError> {
    let mut observations = Observations::default();
    let mut after = None;
    loop {
        after = store.observations(selection, after, OBSERVATIONS_PAGE, &mut observations)?;
        if after.is_none() {
            break;
        }
    }
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
    let mut observations = read(store, &selection)?;
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

/// How clocks are read, up to this moment.
pub(crate) fn reading(options: &ClockOptions) -> Result<Reading, CliError> {
    let zone = || {
        TimeZone::get(&options.time_zone).map_err(|error| {
            CliError::input(format!(
                "'{}' is not a time zone: {error}",
                options.time_zone
            ))
            .hint("give a name such as Europe/Berlin")
        })
    };
    Ok(Reading {
        now: Timestamp::now().as_second(),
        calendar: match options.calendar {
            CalendarChoice::All => Calendar::Always,
            CalendarChoice::Weekdays => Calendar::without_weekends(zone()?),
            CalendarChoice::Business => Calendar::business_hours(zone()?, &[]),
        },
    })
}
