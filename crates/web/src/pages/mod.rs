//! The pages: each a function from a [`View`] to markup, and the routes that lead to them.

mod detection;
mod insights;
mod log;
mod methods;
mod overview;
mod pull_requests;
mod runs;
mod scope;
mod teams;
mod tools;
mod writing;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::HeaderMap;
use maud::{Markup, html};

use crate::layout::{Frame, Tab, page};
use crate::site::Site;
use crate::view::{View, team_path, with_period};
use scope::ScopeQuery;

/// A page that is made from a report.
struct ReportPage {
    title: &'static str,
    tab: Tab,
    body: fn(&View<'_>) -> Markup,
}

const OVERVIEW: ReportPage = ReportPage {
    title: "Overview",
    tab: Tab::Overview,
    body: overview::body,
};

const TOOLS: ReportPage = ReportPage {
    title: "Tools",
    tab: Tab::Tools,
    body: tools::body,
};

const INSIGHTS: ReportPage = ReportPage {
    title: "Insights",
    tab: Tab::Insights,
    body: insights::body,
};

const DETECTION: ReportPage = ReportPage {
    title: "Coverage and detection",
    tab: Tab::Detection,
    body: detection::body,
};

const METHODS: ReportPage = ReportPage {
    title: "Methods",
    tab: Tab::Methods,
    body: methods::body,
};

const TEAMS: ReportPage = ReportPage {
    title: "Teams",
    tab: Tab::Teams,
    body: teams::list,
};

/// A page as a part of the report in one file.
pub(crate) struct Part {
    /// Its name in the file.
    pub(crate) id: &'static str,
    /// Its title.
    pub(crate) title: &'static str,
    /// What it holds.
    pub(crate) body: fn(&View<'_>) -> Markup,
}

impl ReportPage {
    const fn part(&self, id: &'static str) -> Part {
        Part {
            id,
            title: self.title,
            body: self.body,
        }
    }
}

/// The parts of the file that stand before the teams.
pub(crate) fn before_teams() -> [Part; 1] {
    [OVERVIEW.part("overview")]
}

/// The parts of the file that follow the teams.
pub(crate) fn after_teams() -> [Part; 4] {
    [
        TOOLS.part("tools"),
        INSIGHTS.part("insights"),
        DETECTION.part("detection"),
        METHODS.part("methods"),
    ]
}

/// All teams beside each other.
pub(crate) fn team_list(view: &View<'_>) -> Markup {
    teams::list(view)
}

/// The team that the report is about.
pub(crate) fn team(view: &View<'_>) -> Markup {
    teams::one(view)
}

/// The routes of all pages.
pub(crate) fn routes() -> Router<Site> {
    let report_page = |page: &'static ReportPage| {
        get(
            move |State(site): State<Site>, Query(query): Query<ScopeQuery>, request: HeaderMap| async move {
                show(&site, page, &request, &query, query.team()).await
            },
        )
    };
    Router::new()
        .route("/", report_page(&OVERVIEW))
        .route("/tools", report_page(&TOOLS))
        .route("/insights", report_page(&INSIGHTS))
        .route("/detection", report_page(&DETECTION))
        .route("/methods", report_page(&METHODS))
        .route("/teams", get(teams_page))
        .route("/teams/{team}", get(team_page))
        .merge(pull_requests::routes())
        .merge(runs::routes())
        .merge(log::routes())
}

/// The list of teams; a team that was chosen in the form has a page of its own.
async fn teams_page(
    State(site): State<Site>,
    Query(query): Query<ScopeQuery>,
    request: HeaderMap,
) -> Response {
    if let Some(team) = query.team() {
        let period = query.period();
        let path = team_path(team);
        if path.contains('?') {
            return show_team(&site, &request, &query, team).await;
        }
        return Redirect::to(&with_period(&path, &period)).into_response();
    }
    show(&site, &TEAMS, &request, &query, None).await
}

async fn team_page(
    State(site): State<Site>,
    Path(team): Path<String>,
    Query(query): Query<ScopeQuery>,
    request: HeaderMap,
) -> Response {
    show_team(&site, &request, &query, &team).await
}

async fn show_team(site: &Site, request: &HeaderMap, query: &ScopeQuery, team: &str) -> Response {
    let title = format!("Team {team}");
    scope::with_kept_view(site, request, query, Some(team), Tab::Teams, |view| {
        page(&Frame::of(view, &title, Tab::Teams), teams::one(view))
    })
    .await
}

async fn show(
    site: &Site,
    report_page: &ReportPage,
    request: &HeaderMap,
    query: &ScopeQuery,
    team: Option<&str>,
) -> Response {
    scope::with_kept_view(site, request, query, team, report_page.tab, |view| {
        page(
            &Frame::of(view, report_page.title, report_page.tab),
            (report_page.body)(view),
        )
    })
    .await
}

/// Leads to the parts of a long page.
fn contents(parts: &[(&str, &str)]) -> Markup {
    html! {
        nav.contents aria-label="On this page" {
            @for (id, name) in parts { a href={ "#" (id) } { (name) } }
        }
    }
}
