//! The real transport over the loopback interface.

mod common;

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use batch::provider::{OpenAiShaped, Profile, Provider, ProviderErrorKind};
use batch::transport::HttpTransport;
use batch::{
    CancellationToken, Catalogue, Engine, EngineParts, MemoryLedger, PollSettings, RetrySettings,
    RunEnd, Settings, Silent, SystemClock,
};
use common::{Check, LARGE, SMALL, lock, request, spec};
use emulator::{EmulatorConfig, EmulatorHandle, LogTarget, Scenario, SchemaAnswerer, SharedLog};

fn transport() -> Arc<HttpTransport> {
    // Another test of this process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Arc::new(HttpTransport::new().expect("a transport"))
}

fn quick() -> RetrySettings {
    RetrySettings {
        base: Duration::from_millis(1),
        max: Duration::from_millis(5),
        max_tries: 3,
        adoption_grace: Duration::from_millis(5),
        ..Settings::production().retry
    }
}

fn provider(base_url: &str) -> OpenAiShaped {
    let profile = Profile::groq().at(base_url);
    OpenAiShaped::new(
        profile,
        Some("secret-key".to_owned().into()),
        transport(),
        quick(),
    )
}

#[tokio::test]
async fn a_run_over_real_sockets() {
    let log = SharedLog::default();
    let scenario =
        Scenario::parse_with("", &["tokens=\"estimate\"".to_owned()]).expect("a scenario");
    let emulator = EmulatorHandle::start(
        EmulatorConfig {
            log: Some(LogTarget::Shared(log.clone())),
            ..EmulatorConfig::new(scenario)
        },
        Arc::new(SchemaAnswerer),
    )
    .await
    .expect("starts");
    let answers = Arc::new(common::Answers::default());
    let engine = Engine::new(EngineParts {
        ledger: Arc::new(MemoryLedger::new()),
        providers: [(
            "groq".to_owned(),
            Arc::new(provider(&emulator.base_url())) as Arc<dyn Provider>,
        )]
        .into(),
        catalogue: Arc::new(Catalogue::embedded()),
        sink: answers.clone(),
        check: Arc::new(Check),
        observer: Arc::new(Silent),
        clock: Arc::new(SystemClock),
        interrupt: CancellationToken::new(),
        settings: Settings {
            retry: quick(),
            poll: PollSettings {
                initial: Duration::from_millis(20),
                max: Duration::from_millis(100),
                factor: 1.5,
            },
            ..Settings::production()
        },
    });
    let plan = engine
        .plan(spec(&[SMALL, LARGE], None), (1..=50).map(request))
        .expect("plans");
    let report = engine.run(plan.run).await.expect("runs");
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.totals.answered, 50);
    assert_eq!(lock(&answers.stored).len(), 50);
    // One answer each, and the failures of tier 1 besides.
    assert!(log.records().len() >= 50);
}

#[tokio::test]
async fn an_unreachable_host_is_said_to_be_so() {
    // A port that was just free is taken by nobody.
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let error = provider(&format!("http://{address}/v1"))
        .models()
        .await
        .expect_err("cannot be reached");
    assert_eq!(error.kind, ProviderErrorKind::Unreachable, "{error}");
    assert!(!error.to_string().contains("secret-key"));
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("binds");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/v1")
}

#[tokio::test]
async fn keys_do_not_follow_redirects_or_leave_in_errors() {
    let followed = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&followed);
    let thief = serve(Router::new().fallback(move || {
        seen.store(true, Ordering::SeqCst);
        std::future::ready(StatusCode::OK)
    }))
    .await;
    let host = serve(
        Router::new()
            .route(
                "/v1/models",
                get(|State(thief): State<String>| async move {
                    Redirect::temporary(&format!("{thief}/models"))
                }),
            )
            .route(
                "/v1/batches/{id}",
                get(|headers: HeaderMap| async move {
                    let key = headers[header::AUTHORIZATION]
                        .to_str()
                        .expect("text")
                        .to_owned();
                    let body = serde_json::json!({"error": {"message": format!("bad key {key}")}});
                    (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response()
                }),
            )
            .with_state(thief),
    )
    .await;
    let provider = provider(&host);
    // A host that sends us elsewhere has no list of models.
    assert_eq!(provider.models().await.expect("no list"), None);
    assert!(!followed.load(Ordering::SeqCst));
    let error = provider
        .poll(&["batch_1".to_owned()])
        .await
        .expect_err("is refused");
    assert_eq!(error.kind, ProviderErrorKind::Auth);
    assert!(error.message.contains("[key]") && !format!("{error:?}").contains("secret-key"));
    assert!(!format!("{provider:?}").contains("secret-key"));
}
