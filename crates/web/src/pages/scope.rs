//! From a request to the report it is about.

use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, StatusCode};
use maud::Markup;
use serde::Deserialize;

use crate::error::PageError;
use crate::layout::{Frame, Tab, working};
use crate::rendered::Key;
use crate::site::Site;
use crate::snapshot::{Found, Kept};
use crate::source::{Period, SourceError};
use crate::view::{Medium, View};

/// What a request may say of the scope. Empty values count as absent: forms send them.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ScopeQuery {
    team: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

fn given(value: Option<&String>) -> Option<&str> {
    value
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
}

/// Whether a text is a month such as `2026-05`.
pub(crate) fn is_month(text: &str) -> bool {
    let Some((year, month)) = text.split_once('-') else {
        return false;
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    year.len() == 4
        && month.len() == 2
        && digits(year)
        && digits(month)
        && ("01"..="12").contains(&month)
}

impl ScopeQuery {
    /// The team that was asked for.
    pub(crate) fn team(&self) -> Option<&str> {
        given(self.team.as_ref())
    }

    /// The months that were asked for.
    pub(crate) fn period(&self) -> Period {
        Period {
            from: given(self.from.as_ref()).map(ToOwned::to_owned),
            to: given(self.to.as_ref()).map(ToOwned::to_owned),
        }
    }

    /// The months, checked.
    pub(crate) fn checked_period(&self) -> Result<Period, PageError> {
        let period = self.period();
        for month in [&period.from, &period.to].into_iter().flatten() {
            if !is_month(month) {
                return Err(PageError::BadRequest(format!(
                    "'{month}' is not a month; write it as 2026-05."
                )));
            }
        }
        Ok(period)
    }
}

/// The report that a request is about, or the response that says why there is none yet.
pub(crate) async fn find(
    site: &Site,
    query: &ScopeQuery,
    team: Option<&str>,
) -> Result<Result<(Kept, Period), Period>, PageError> {
    let period = query.checked_period()?;
    match site.keeper.report(&period, team).await {
        Found::Ready(kept) => Ok(Ok((kept, period))),
        Found::Working => Ok(Err(period)),
        Found::NoSuchTeam => Err(PageError::NotFound(format!(
            "There is no team '{}' with pull requests in these months.",
            team.unwrap_or_default()
        ))),
        Found::Failed(why) => Err(PageError::Source(SourceError::Other(why))),
    }
}

/// Makes a page from the report that a request is about. It depends on nothing but the scope: it is kept as
/// long as its report.
pub(crate) async fn with_kept_view(
    site: &Site,
    request: &HeaderMap,
    query: &ScopeQuery,
    team: Option<&str>,
    tab: Tab,
    make: impl FnOnce(&View<'_>) -> Markup,
) -> Response {
    match find(site, query, team).await {
        Ok(Ok((kept, period))) => {
            let key = Key {
                page: format!("{tab:?} {team:?} {period:?}"),
                serial: kept.serial,
                has_basis: kept.basis.is_some(),
            };
            let page = site
                .rendered
                .page(key, || make(&view_of(site, &kept, &period)).into_string());
            page.respond(request)
        }
        Ok(Err(period)) => not_yet(&period, tab),
        Err(error) => error.into_response(),
    }
}

fn view_of<'v>(site: &'v Site, kept: &'v Kept, period: &'v Period) -> View<'v> {
    View {
        report: &kept.report,
        teams: &kept.teams,
        period,
        made_at: kept.made_at,
        basis: kept.basis.as_deref(),
        settings: &site.settings,
        medium: Medium::Served,
    }
}

/// Says that the numbers are being worked out.
fn not_yet(period: &Period, tab: Tab) -> Response {
    let frame = Frame {
        period: Some(period),
        ..Frame::plain("One moment", tab)
    };
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, working(&frame)).into_response();
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("2"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_told_from_other_text() {
        for (text, expected) in [
            ("2026-05", true),
            ("2026-12", true),
            ("2026-13", false),
            ("2026-00", false),
            ("2026-5", false),
            ("26-05", false),
            ("2026-05-01", false),
            ("été-05", false),
            ("", false),
        ] {
            assert_eq!(is_month(text), expected, "{text}");
        }
    }
}
