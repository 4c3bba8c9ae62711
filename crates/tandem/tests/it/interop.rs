//! The binary against servers that were not written here; `docs/interop.md` says what they are.

#[path = "../../../batch/tests/interop/servers.rs"]
#[expect(
    dead_code,
    reason = "the tests of the crate batch, to which the file belongs, use all of it"
)]
mod servers;

use std::time::Duration;

use serde_json::json;

use crate::support::Tandem;
use servers::Server;

fn configured(tandem: &mut Tandem, config: &str) {
    std::fs::write(tandem.path("tandem.toml"), config).expect("written");
    tandem.set("FOREIGN_KEY", "any");
}

/// OGX in front of a model that makes a document for any schema: it fits ours, so every pull request has
/// an analysis.
#[test]
fn pull_requests_are_analysed_through_ogx() {
    if !servers::install(&["ogx", "llmock"]) {
        return;
    }
    let llmock = Server::llmock();
    let ogx = Server::ogx("ogx-tandem-state", &llmock);
    let mut tandem = Tandem::new().with_pull_requests(6);
    configured(
        &mut tandem,
        &format!(
            "[analyze]\ntiers = [\"foreign:openai/gpt-oss-20b\", \"foreign:openai/gpt-oss-120b\"]\n\
             [providers.foreign]\ndialect = \"openai\"\nbase_url = \"{}/v1\"\nkey_env = \"FOREIGN_KEY\"\n\
             windows = [\"24h\"]\nresponse = \"strict_schema\"\nprice = \"free\"\n",
            ogx.origin()
        ),
    );
    let run = tandem.json(&["analyze"]);
    assert_eq!(run["end"], json!("finished"));
    assert_eq!(run["totals"]["answered"], json!(6), "{run:#}");
    assert_eq!(tandem.json(&["coverage"])["analyzed"], json!(6));
}

/// aimock lets every batch expire without a file, as the configured header asks: after three attempts each
/// pull request is kept with its reason, and the exit code says that some have no answer.
#[test]
fn batches_that_expire_leave_every_pull_request_accounted_for() {
    if !servers::install(&["aimock"]) {
        return;
    }
    let aimock = Server::aimock(Duration::ZERO);
    let mut tandem = Tandem::new().with_pull_requests(3);
    configured(
        &mut tandem,
        &format!(
            "[analyze]\ntiers = [\"foreign:openai/gpt-oss-20b\"]\n\
             [providers.foreign]\ndialect = \"openai\"\nbase_url = \"{}/openai/v1\"\nkey_env = \"FOREIGN_KEY\"\n\
             windows = [\"24h\"]\nmodel_list = \"partial\"\nprice = \"free\"\n\
             headers = {{ x-aimock-batch-outcome = \"expired\" }}\n",
            aimock.origin()
        ),
    );
    let ran = tandem.run(&["analyze", "--json"]);
    assert_eq!(ran.code, 4, "{}\n{}", ran.stdout, ran.stderr);
    assert!(
        ran.stderr.contains("3 requests have no answer"),
        "{}",
        ran.stderr
    );
    let run = ran.json();
    assert_eq!(run["end"], json!("finished"));
    assert_eq!(run["totals"]["failed"], json!(3));
    assert_eq!(run["totals"]["open"], json!(0));
    assert_eq!(run["tiers"][0]["failed"], json!({"expired": 3}));
    assert_eq!(run["tiers"][0]["attempts"], json!(9));
}
