//! A GitHub App: signed requests, tokens of an hour, renewed in time or when refused.

use std::process::Command;
use std::sync::Arc;

use github::Scope;
use github::auth::{AppCredentials, Credentials};
use secrecy::SecretString;
use standin::{AppKey, Script, Sizes, StandIn, World};

use crate::common::{Bench, repository};

/// A fresh key; `None` where there is no openssl to make one.
fn private_key() -> Option<String> {
    let made = Command::new("openssl")
        .args(["genrsa", "-traditional", "2048"])
        .output();
    let made = match made {
        Ok(made) if made.status.success() => made,
        _ => {
            println!("skipped: openssl is missing, which makes the key of a GitHub App");
            return None;
        }
    };
    String::from_utf8(made.stdout).ok()
}

fn bench(script: Script, key: &str, installation_id: Option<u64>) -> Bench {
    let specs = [repository("acme/shop", 200)];
    let mut bench = Bench::new(41, Sizes::small(), &specs, Script::default());
    let app = AppKey::of("4711", 99, key).expect("a key");
    let world = World::new(41, Sizes::small(), &specs);
    bench.standin = Arc::new(StandIn::with_app(world, script, Some(app)));
    bench.credentials = Credentials::App(AppCredentials {
        app_id: "4711".to_owned(),
        private_key: SecretString::from(key.to_owned()),
        installation_id,
    });
    bench
}

#[tokio::test(start_paused = true)]
async fn an_app_asks_for_tokens_and_renews_them() {
    let Some(key) = private_key() else { return };
    let owner = Scope::Owner("acme".to_owned());
    for installation_id in [Some(99), None] {
        let bench = bench(Script::default(), &key, installation_id);
        bench.run(&owner).await.expect("a sync");
        assert_eq!(bench.differences(), Vec::<String>::new());
    }
    // Each token ends after three calls, long before its hour.
    let script = Script {
        installation_token_calls: Some(3),
        ..Script::default()
    };
    let mut short = bench(script, &key, Some(99));
    short.settings.concurrency = 1;
    short.run(&owner).await.expect("a sync");
    assert_eq!(short.differences(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_or_installation_is_said() {
    let Some(key) = private_key() else { return };
    let Some(other) = private_key() else { return };
    let owner = Scope::Owner("acme".to_owned());
    let mut wrong = bench(Script::default(), &key, Some(99));
    wrong.credentials = Credentials::App(AppCredentials {
        app_id: "4711".to_owned(),
        private_key: SecretString::from(other),
        installation_id: Some(99),
    });
    let error = wrong.run(&owner).await.expect_err("refused");
    assert!(
        error.to_string().contains("does not accept the token"),
        "{error}"
    );
    let error = bench(Script::default(), &key, Some(7))
        .run(&owner)
        .await
        .expect_err("no such installation");
    assert!(error.to_string().contains("installation 7"), "{error}");
}
