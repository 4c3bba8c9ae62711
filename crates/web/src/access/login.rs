//! Logging in and out.

use axum::extract::{Form, Query, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{RequestExt, Router};
use http::StatusCode;
use http::header::{RETRY_AFTER, SET_COOKIE};
use maud::{Markup, html};
use serde::Deserialize;

use super::sessions::SESSION_COOKIE;
use super::tokens::{Refused, verify};
use super::{Access, Role, Visitor, cookie, peer_of};
use crate::layout::{Frame, Tab, page};
use crate::site::Site;
use crate::view::is_local_path;

/// The routes of logging in and out.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/login", get(form).post(log_in))
        .route("/logout", post(log_out))
        .route("/account", get(account))
}

#[derive(Debug, Default, Deserialize)]
struct Target {
    to: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Given {
    token: String,
    to: Option<String>,
}

/// Where to go afterwards: never to another site.
fn target(to: Option<&str>) -> &str {
    to.filter(|to| is_local_path(to)).unwrap_or("/")
}

fn login_page(to: &str, trouble: Option<&str>) -> Markup {
    page(
        &Frame::plain("Log in", Tab::Outside),
        html! {
            section.card.message {
                @if let Some(trouble) = trouble { p.warning role="alert" { (trouble) } }
                form.login method="post" action="/login" {
                    input type="hidden" name="to" value=(to);
                    label { span { "Token" }
                        input type="password" name="token" autocomplete="current-password" required autofocus; }
                    button type="submit" { "Log in" }
                }
                p.note { "Whoever runs this server makes tokens with " code { "tandem serve --make-token viewer" } "." }
            }
        },
    )
}

async fn form(State(site): State<Site>, Query(query): Query<Target>) -> Response {
    let to = target(query.to.as_deref());
    if matches!(site.guard.access, Access::ThisMachine) {
        return Redirect::to(to).into_response();
    }
    login_page(to, None).into_response()
}

async fn log_in(State(site): State<Site>, request: Request) -> Response {
    let peer = peer_of(&request);
    let given = match request.extract::<Form<Given>, _>().await {
        Ok(Form(given)) => given,
        Err(rejection) => return rejection.into_response(),
    };
    let to = target(given.to.as_deref());
    let Access::LogIn {
        tokens, is_https, ..
    } = &site.guard.access
    else {
        return Redirect::to(to).into_response();
    };
    match verify(&site.guard, tokens.clone(), given.token, peer).await {
        Ok(found) => {
            let value = site.guard.sessions.open(&found.name, found.role);
            let secure = if *is_https { "; Secure" } else { "" };
            (
                [(
                    SET_COOKIE,
                    format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}"),
                )],
                Redirect::to(to),
            )
                .into_response()
        }
        Err(Refused::Wrong) => (
            StatusCode::UNAUTHORIZED,
            login_page(to, Some("This token is not known.")),
        )
            .into_response(),
        Err(Refused::Wait(seconds)) => (
            StatusCode::TOO_MANY_REQUESTS,
            [(RETRY_AFTER, seconds.to_string())],
            login_page(
                to,
                Some(&format!("Too many tries. Try again in {seconds} seconds.")),
            ),
        )
            .into_response(),
    }
}

#[derive(Debug, Deserialize)]
struct Proof {
    csrf: String,
}

async fn log_out(State(site): State<Site>, visitor: Visitor, request: Request) -> Response {
    let session = cookie(request.headers(), SESSION_COOKIE).map(ToOwned::to_owned);
    let proof = match request.extract::<Form<Proof>, _>().await {
        Ok(Form(proof)) => proof,
        Err(rejection) => return rejection.into_response(),
    };
    if !super::sessions::is_same(&proof.csrf, &visitor.csrf) {
        return StatusCode::FORBIDDEN.into_response();
    }
    if let Some(session) = session {
        site.guard.sessions.close(&session);
    }
    (
        [(
            SET_COOKIE,
            format!("{SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"),
        )],
        Redirect::to("/login"),
    )
        .into_response()
}

async fn account(visitor: Visitor) -> Markup {
    page(
        &Frame::plain("Access", Tab::Other),
        html! {
            section.card {
                dl.facts {
                    dt { "You are" } dd { (visitor.name) }
                    dt { "Role" } dd { (visitor.role.as_str()) }
                    dt { "You may" } dd { @if visitor.role >= Role::Admin { "look, start and end runs, correct verdicts, and see the log of changes" } @else { "look" } }
                }
                @if visitor.role >= Role::Admin { p { a href="/account/log" { "Log of changes" } } }
                @if visitor.has_session {
                    form method="post" action="/logout" {
                        input type="hidden" name="csrf" value=(visitor.csrf);
                        p { button.quiet type="submit" { "Log out" } }
                    }
                } @else {
                    p.note { "There is nothing to log out of: this server listens to this machine only, or a proxy in front says who you are." }
                }
            }
        },
    )
}
