//! Every host that the emulator can stand for, under its own name.

use batch::provider::{Connection, Profile, connect};
use batch::{Catalogue, Providers, ResponseMode, TierSpec};

use serde_json::{Value, json};
use tower::ServiceExt;

use super::World;

/// The names, and where the emulator serves them.
const HOSTS: &[(&str, &str)] = &[
    ("groq", "http://emulator/openai/v1"),
    ("groq-sync", "http://emulator/openai/v1"),
    ("anthropic", "http://emulator/anthropic"),
    ("mistral", "http://emulator/mistral/v1"),
];

/// A tier with the schema itself in the request where the table of models says nothing: the emulator's
/// answers go by it.
pub(crate) fn suited(tier: TierSpec) -> TierSpec {
    if Catalogue::embedded().model(&tier.reference).is_some() {
        return tier;
    }
    TierSpec {
        response: ResponseMode::StrictSchema,
        ..tier
    }
}

/// Providers as a new process would set them up.
pub(crate) fn providers(world: &World) -> Providers {
    let mut providers = Providers::new();
    for (name, address) in HOSTS {
        let profile = Profile::named(name).expect("a host").at(address);
        let connection = Connection {
            key: Some("test-key".to_owned().into()),
            transport: world.transport.clone(),
            retry: world.settings.retry.clone(),
            spool: world.spool.path().join(name),
            clock: world.clock.clone(),
        };
        let provider = connect(profile, connection).expect("connects");
        providers.insert((*name).to_owned(), provider);
    }
    providers
}

impl World {
    /// Creates a message batch that no ledger of ours knows.
    pub(crate) async fn post_strangers_message_batch(&self, requests: u64) {
        let requests: Vec<Value> = (1..=requests)
            .map(|number| {
                json!({"custom_id": format!("stranger-{number}"), "params": {
                    "model": "openai/gpt-oss-20b", "max_tokens": 1000,
                    "messages": [{"role": "user", "content": "question of a stranger"}]}})
            })
            .collect();
        let request = http::Request::builder()
            .method("POST")
            .uri("http://emulator/anthropic/v1/messages/batches")
            .header("x-api-key", "test-key")
            .header("anthropic-version", "2023-06-01")
            .header("content-type", "application/json")
            .body(axum::body::Body::from(
                json!({"requests": requests}).to_string(),
            ))
            .expect("a request");
        let response = self.emulator.router().oneshot(request).await;
        assert!(response.expect("answers").status().is_success());
    }
}
