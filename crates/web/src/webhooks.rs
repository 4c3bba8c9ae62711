//! Webhooks of GitHub: believed by their signature, not by a session.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use github::webhook::{Head, Receiver, Refusal};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use tokio::sync::Semaphore;

/// Longer bodies are refused. GitHub's are a few dozen kilobytes; it would send 25 MB.
const BODY_BYTES_MAX: usize = 5 << 20;
/// Bodies read at once, at most.
const AT_ONCE: usize = 32;
/// How long a body may take; GitHub gives up after ten seconds itself.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Hooks {
    receiver: Arc<Receiver>,
    at_once: Arc<Semaphore>,
}

/// Takes webhooks at `POST /webhooks/github`. Must stand outside of what asks for a session: a delivery
/// is believed by its signature.
///
/// At most 32 bodies of 5 MiB are held at once, each for ten seconds at most. The answer is 202 when a
/// delivery was taken, 401 where it is not signed, 400 where it is not understood, 408, 413 and 415 where
/// its body cannot be had, and 503 where too many wait.
pub fn webhooks(receiver: Arc<Receiver>) -> Router {
    Router::new()
        .route("/webhooks/github", post(receive))
        .with_state(Hooks {
            receiver,
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
        })
}

async fn receive(State(hooks): State<Hooks>, headers: HeaderMap, body: Body) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let head = Head {
        signature: header("x-hub-signature-256"),
        id: header("x-github-delivery"),
        event: header("x-github-event"),
    };
    // Nothing is read of those who do not even claim to know the secret.
    if head.signature.is_none() {
        return refused(&Refusal::Signature);
    }
    let is_json = header(CONTENT_TYPE.as_str()).is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("application/json")
    });
    if !is_json {
        return said(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "set the content type of the webhook to application/json",
        );
    }
    let length = header(CONTENT_LENGTH.as_str()).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > BODY_BYTES_MAX) {
        return too_long();
    }
    let Ok(_place) = hooks.at_once.try_acquire() else {
        return refused(&Refusal::Busy);
    };
    let reading = axum::body::to_bytes(body, BODY_BYTES_MAX);
    let body = match tokio::time::timeout(PATIENCE, reading).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return too_long(),
        Err(_) => return said(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
    };
    match hooks.receiver.receive(head, &body) {
        Ok(()) => said(StatusCode::ACCEPTED, "taken"),
        Err(refusal) => refused(&refusal),
    }
}

fn too_long() -> Response {
    said(
        StatusCode::PAYLOAD_TOO_LARGE,
        "the body is longer than 5 MiB, or broke off",
    )
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::Signature => StatusCode::UNAUTHORIZED,
        Refusal::Header(_) | Refusal::Body { .. } => StatusCode::BAD_REQUEST,
        Refusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = said(status, &refusal.to_string());
    if *refusal == Refusal::Busy {
        response
            .headers_mut()
            .insert(RETRY_AFTER, http::HeaderValue::from_static("60"));
    }
    response
}

fn said(status: StatusCode, words: &str) -> Response {
    (status, format!("{words}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use github::Silent;
    use github::webhook::{Delivery, Inbox, Taken, sign};
    use http::Request;
    use secrecy::SecretString;
    use tower::ServiceExt;

    use super::*;

    /// Remembers what it took.
    #[derive(Default)]
    struct Remembering(Mutex<Vec<Delivery>>);

    impl Inbox for Remembering {
        fn take(&self, deliveries: &[Delivery]) -> Result<Vec<Taken>, github::ShelfError> {
            self.0
                .lock()
                .expect("not poisoned")
                .extend(deliveries.iter().cloned());
            Ok(vec![Taken::Marked; deliveries.len()])
        }
    }

    const PUSH: &str =
        r#"{"ref":"refs/heads/main","repository":{"id":1,"node_id":"R_1","full_name":"a/b"}}"#;

    fn secret() -> SecretString {
        SecretString::from("a secret of sixteen")
    }

    fn request(body: &str) -> http::request::Builder {
        Request::post("/webhooks/github")
            .header("content-type", "application/json")
            .header("x-hub-signature-256", sign(&secret(), body.as_bytes()))
            .header("x-github-delivery", "d-1")
            .header("x-github-event", "push")
    }

    #[tokio::test]
    async fn each_answer_has_its_status() {
        let inbox = Arc::new(Remembering::default());
        let receiver = Receiver::new(
            vec![secret()],
            |_| None,
            Arc::clone(&inbox) as Arc<dyn Inbox>,
            Arc::new(Silent),
        );
        let router = webhooks(Arc::new(receiver.expect("a thread")));
        let ask = |request: Request<Body>| {
            let router = router.clone();
            async move {
                let response = router.oneshot(request).await.expect("an answer");
                response.status().as_u16()
            }
        };
        let with = |builder: http::request::Builder, body: &str| {
            builder
                .body(Body::from(body.to_owned()))
                .expect("a request")
        };
        assert_eq!(ask(with(request(PUSH), PUSH)).await, 202);
        assert_eq!(
            ask(with(request("{}"), PUSH)).await,
            401,
            "signed for another body"
        );
        let unsigned = Request::post("/webhooks/github").header("content-type", "application/json");
        assert_eq!(ask(with(unsigned, PUSH)).await, 401);
        assert_eq!(ask(with(request("{"), "{")).await, 400);
        let form = Request::post("/webhooks/github")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-hub-signature-256", sign(&secret(), PUSH.as_bytes()));
        assert_eq!(ask(with(form, PUSH)).await, 415);
        let long = "x".repeat(BODY_BYTES_MAX + 1);
        assert_eq!(ask(with(request(&long), &long)).await, 413);
        let get = Request::get("/webhooks/github");
        assert_eq!(ask(with(get, "")).await, 405);
        // The receiver ends with the router, and stores what it took before.
        drop(router);
        let taken = inbox.0.lock().expect("not poisoned");
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].id, "d-1");
    }
}
