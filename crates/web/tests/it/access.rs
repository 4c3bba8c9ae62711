//! Who is let in, and what is refused, through the whole router.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::header::{
    AUTHORIZATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, LOCATION, RETRY_AFTER,
    SET_COOKIE,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;
use web::{Access, Role, Settings, Site, TokenHash, TrustedProxy, new_token};

use crate::empty;

fn site(access: Access) -> Site {
    empty::site(Settings {
        access,
        ..Settings::default()
    })
}

/// A request as it comes from a connection.
struct Ask(http::request::Builder, String);

fn get(path: &str) -> Ask {
    Ask(
        Request::builder().uri(path).header(HOST, "localhost"),
        String::new(),
    )
}

fn post(path: &str, form: &str) -> Ask {
    let builder = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(HOST, "localhost")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    Ask(builder, form.to_owned())
}

impl Ask {
    fn with(self, name: impl AsRef<str>, value: &str) -> Self {
        Ask(self.0.header(name.as_ref(), value), self.1)
    }

    fn from(self, address: &str) -> Self {
        let peer: SocketAddr = format!("{address}:4000").parse().expect("an address");
        Ask(self.0.extension(ConnectInfo(peer)), self.1)
    }

    async fn of(self, site: &Site) -> Answer {
        let request = self.0.body(Body::from(self.1)).expect("a request");
        let response = site
            .router()
            .oneshot(request)
            .await
            .expect("the router does not fail");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        Answer(Response::from_parts(
            parts,
            String::from_utf8_lossy(&bytes).into_owned(),
        ))
    }
}

struct Answer(Response<String>);

impl Answer {
    fn status(&self) -> StatusCode {
        self.0.status()
    }

    fn header(&self, name: impl AsRef<str>) -> &str {
        self.0
            .headers()
            .get(name.as_ref())
            .map_or("", |value| value.to_str().expect("text"))
    }

    fn text(&self) -> &str {
        self.0.body()
    }

    /// The cookie of a session, as it is sent back.
    fn session(&self) -> &str {
        self.header(SET_COOKIE)
            .split(';')
            .next()
            .unwrap_or_default()
    }
}

/// The value of the hidden field that proves a form to be ours.
fn proof_in(page: &str) -> String {
    let (_, rest) = page
        .split_once("name=\"csrf\" value=\"")
        .expect("a form with a proof");
    rest.split('"').next().expect("a value").to_owned()
}

fn log_in(tokens: Vec<TokenHash>, proxy: Option<TrustedProxy>) -> Access {
    Access::LogIn {
        tokens,
        proxy,
        is_https: true,
        hosts: vec!["localhost".to_owned()],
    }
}

#[tokio::test]
async fn this_machine_is_let_in_under_its_own_name_only() {
    let site = site(Access::ThisMachine);
    let page = get("/").of(&site).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().contains("There are no pull requests yet"));
    for name in ["evil.example", "10.0.0.1:8787"] {
        let ask = Ask(
            Request::builder().uri("/").header(HOST, name),
            String::new(),
        );
        let refused = ask.of(&site).await;
        assert_eq!(refused.status(), StatusCode::MISDIRECTED_REQUEST, "{name}");
    }
}

#[tokio::test]
async fn every_response_carries_the_policy() {
    let site = site(Access::ThisMachine);
    for path in [
        "/",
        "/teams",
        "/nothing-here",
        "/assets/tandem.css",
        "/methods",
    ] {
        let answer = get(path).of(&site).await;
        let policy = answer.header(CONTENT_SECURITY_POLICY);
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("script-src 'self';"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert!(
            !answer.text().contains("<script>") && !answer.text().contains("style=\""),
            "{path} has something inline"
        );
    }
}

#[tokio::test]
async fn what_changes_something_and_comes_from_another_site_is_refused() {
    let site = site(Access::ThisMachine);
    let form = format!("csrf={}", "0".repeat(64));
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ] {
        let refused = post("/logout", &form).with(name, value).of(&site).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{name}");
    }
}

#[tokio::test]
async fn without_a_token_pages_lead_to_the_log_in_and_the_api_says_so() {
    let site = site(log_in(Vec::new(), None));
    let page = get("/teams?from=2026-01").of(&site).await;
    assert_eq!(page.status(), StatusCode::SEE_OTHER);
    assert_eq!(page.header(LOCATION), "/login?to=%2Fteams%3Ffrom%3D2026-01");
    let api = get("/api/v1/report").of(&site).await;
    assert_eq!(api.status(), StatusCode::UNAUTHORIZED);
    assert!(api.text().contains("Bearer"), "{}", api.text());
    let health = get("/healthz").of(&site).await;
    assert_eq!(health.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_token_opens_a_session_that_a_log_out_ends() {
    let token = new_token().expect("made");
    let hash = TokenHash::new("ann", Role::Viewer, &token.hash).expect("a hash");
    let site = site(log_in(vec![hash], None));
    let form = format!("token={}&to=/teams", token.token);
    let let_in = post("/login", &form).of(&site).await;
    assert_eq!(let_in.status(), StatusCode::SEE_OTHER);
    assert_eq!(let_in.header(LOCATION), "/teams");
    let cookie = let_in.header(SET_COOKIE);
    for part in ["HttpOnly", "SameSite=Strict", "Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let session = let_in.session().to_owned();

    let account = get("/account").with(COOKIE, &session).of(&site).await;
    assert_eq!(account.status(), StatusCode::OK);
    assert!(account.text().contains("ann") && account.text().contains("viewer"));

    let guessed = post("/logout", "csrf=00")
        .with(COOKIE, &session)
        .of(&site)
        .await;
    assert_eq!(guessed.status(), StatusCode::FORBIDDEN);
    let still = get("/account").with(COOKIE, &session).of(&site).await;
    assert_eq!(still.status(), StatusCode::OK);

    let form = format!("csrf={}", proof_in(account.text()));
    let out = post("/logout", &form)
        .with(COOKIE, &session)
        .of(&site)
        .await;
    assert_eq!(out.status(), StatusCode::SEE_OTHER);
    let gone = get("/account").with(COOKIE, &session).of(&site).await;
    assert_eq!(gone.status(), StatusCode::SEE_OTHER);

    let by_header = get("/account")
        .with(AUTHORIZATION, &format!("Bearer {}", token.token))
        .of(&site)
        .await;
    assert_eq!(by_header.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_log_in_never_leads_to_another_site() {
    let token = new_token().expect("made");
    let hash = TokenHash::new("ann", Role::Viewer, &token.hash).expect("a hash");
    let site = site(log_in(vec![hash], None));
    for to in [
        "//evil.example",
        "https://evil.example",
        "/%5Cevil.example",
        "javascript:alert(1)",
    ] {
        let form = format!("token={}&to={to}", token.token);
        let let_in = post("/login", &form).of(&site).await;
        assert_eq!(let_in.header(LOCATION), "/", "{to}");
    }
}

#[tokio::test]
async fn guessing_tokens_is_slowed_down() {
    let site = site(log_in(Vec::new(), None));
    for _ in 0..5 {
        let wrong = post("/login", "token=guess")
            .from("10.0.0.9")
            .of(&site)
            .await;
        assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    }
    let slowed = post("/login", "token=guess")
        .from("10.0.0.9")
        .of(&site)
        .await;
    assert_eq!(slowed.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = slowed.header(RETRY_AFTER).parse().expect("seconds");
    assert!((1..=61).contains(&seconds), "{seconds}");
    let other = post("/login", "token=guess")
        .from("10.0.0.8")
        .of(&site)
        .await;
    assert_eq!(other.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_proxy_is_believed_from_its_own_address_only() {
    let proxy = TrustedProxy {
        addresses: vec!["10.0.0.2".parse().expect("an address")],
        user_header: "x-forwarded-user".to_owned(),
        admins: vec!["ann".to_owned()],
    };
    let site = site(log_in(Vec::new(), Some(proxy)));
    for (from, user, status, role) in [
        ("10.0.0.2", "ann", StatusCode::OK, "admin"),
        ("10.0.0.2", "bob", StatusCode::OK, "viewer"),
        ("10.0.0.3", "ann", StatusCode::SEE_OTHER, ""),
        ("10.0.0.2", "", StatusCode::SEE_OTHER, ""),
    ] {
        let answer = get("/account")
            .from(from)
            .with("x-forwarded-user", user)
            .of(&site)
            .await;
        assert_eq!(answer.status(), status, "{user} from {from}");
        assert!(answer.text().contains(role), "{user} from {from}");
    }
}

#[tokio::test]
async fn a_viewer_changes_nothing() {
    let token = new_token().expect("made");
    let hash = TokenHash::new("ann", Role::Viewer, &token.hash).expect("a hash");
    let site = site(log_in(vec![hash], None));
    let bearer = format!("Bearer {}", token.token);
    for (path, form) in [
        ("/runs/estimate", "csrf=x&limit=1"),
        ("/runs", "csrf=x&plan=y"),
        ("/runs/1/resume", "csrf=x"),
        ("/runs/1/cancel", "csrf=x"),
        ("/pull-requests/a/b/1/correct", "csrf=x&origin=agent&note=y"),
        ("/pull-requests/a/b/1/withdraw", "csrf=x&note=y"),
    ] {
        let refused = post(path, form)
            .with(AUTHORIZATION, &bearer)
            .of(&site)
            .await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(refused.text().contains("you are a viewer"), "{path}");
    }
    let shown = get("/runs").with(AUTHORIZATION, &bearer).of(&site).await;
    assert_eq!(shown.status(), StatusCode::OK);
    assert!(!shown.text().contains("Show the estimate"));
    let log = get("/account/log")
        .with(AUTHORIZATION, &bearer)
        .of(&site)
        .await;
    assert_eq!(log.status(), StatusCode::FORBIDDEN);
    let account = get("/account").with(AUTHORIZATION, &bearer).of(&site).await;
    assert!(!account.text().contains("/account/log"));
}
