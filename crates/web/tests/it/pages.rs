//! Pages through the whole router: the empty state, and what is not sent twice.

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::header::{ETAG, HOST, IF_NONE_MATCH};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use insights::Report;
use tower::ServiceExt;
use web::{Settings, Site};

use crate::empty::{nothing, report_of, site};

async fn get(site: &Site, path: &str, tag: Option<&str>) -> Response<Body> {
    let mut request = Request::get(path).header(HOST, "127.0.0.1:8787");
    if let Some(tag) = tag {
        request = request.header(IF_NONE_MATCH, tag);
    }
    let mut request = request.body(Body::empty()).expect("a request");
    let peer: std::net::SocketAddr = "127.0.0.1:50000".parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(peer));
    site.router().oneshot(request).await.expect("an answer")
}

async fn text(response: Response<Body>) -> String {
    let bytes = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[tokio::test]
async fn an_empty_database_has_pages_that_say_what_to_do() {
    let site = site(Settings::default());
    for (path, words) in [
        ("/", "There are no pull requests yet"),
        (
            "/?from=2026-01",
            "No pull request was opened in these months",
        ),
        ("/teams", "No team has a complete month yet."),
        ("/tools", "No tool was found"),
        ("/insights", "Nothing to advise"),
        ("/detection", "No evidence is stored"),
        ("/methods", "Fifteen questions"),
    ] {
        let response = get(&site, path, None).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let page = text(response).await;
        assert!(page.contains(words), "{path} does not say \"{words}\"");
    }
}

#[tokio::test]
async fn a_page_that_the_reader_has_is_not_sent_again() {
    let site = site(Settings::default());
    let first = get(&site, "/methods", None).await;
    let tag = first.headers()[ETAG].to_str().expect("text").to_owned();
    let again = get(&site, "/methods", Some(&tag)).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(text(again).await.is_empty());
    let other = get(&site, "/insights", Some(&tag)).await;
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn months_that_are_none_are_refused_in_words() {
    let response = get(&site(Settings::default()), "/?from=yesterday", None).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(text(response).await.contains("write it as 2026-05"));
}

/// A report of two teams: six pull requests in a month, and three in the one after.
fn two_teams() -> Report {
    let mut all = measures::Observations::default();
    let day = 86_400;
    let opened = (0..6)
        .map(|index| (index, "apples"))
        .chain((0..3).map(|index| (31 + index, "pears")));
    for (number, (index, team)) in opened.enumerate() {
        let row = measures::Observation {
            team: all.teams.code(team),
            repo: all.repos.code("orchard/store"),
            number: number as u32 + 1,
            opened: measures::Moment::new(Some(1_690_848_000 + index * day)),
            origin: Some(model::Origin::NoneDetected),
            measured: true,
            ..measures::Observation::default()
        };
        all.rows.push(row);
    }
    report_of(&all)
}

#[test]
fn a_file_says_which_teams_have_no_chapter_and_which_months_are_left_out() {
    let report = two_teams();
    let mut of_apples = report.clone();
    of_apples.scope.team = Some("apples".to_owned());
    let basis = nothing();
    let file = |teams: &[Report]| {
        web::report_file(&web::FileReport {
            report: &report,
            teams,
            basis: &basis,
            settings: &Settings::default(),
            made_at: jiff::Timestamp::UNIX_EPOCH,
            charts: web::Charts::Left,
        })
    };
    let chapters = "teams with the most pull requests have a chapter each";
    let short = file(std::slice::from_ref(&of_apples));
    assert!(short.contains(&format!("The 1 {chapters}")));
    assert!(short.contains("1 month with fewer than 5 pull requests is left out"));
    assert!(short.contains("2023-08") && !short.contains("<td>2023-09"));
    let mut of_pears = report.clone();
    of_pears.scope.team = Some("pears".to_owned());
    assert!(!file(&[of_apples, of_pears]).contains(chapters));
}
