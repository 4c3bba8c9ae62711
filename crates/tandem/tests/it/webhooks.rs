//! Webhooks from end to end: the stand-in tells the served Tandem, and the next sync reads what it told.

use std::time::Duration;

use github::webhook::sign;
use secrecy::SecretString;
use serde_json::Value;
use standin::{Happening, Post, Script, Told};

use crate::github_host::{repository, serve, tandem};
use crate::serve::Server;
use crate::support::{Tandem, wait_until};

const LIMIT: Duration = Duration::from_secs(90);
const OLD: &str = "the secret of last year";
const NEW: &str = "the secret of this year";

/// Delivers it; the status.
fn deliver(server: &Server, post: &Post, id: &str, secret: &str) -> u16 {
    let signature = sign(&SecretString::from(secret), post.body.as_bytes());
    let head = format!(
        "Content-Type: application/json\r\nX-GitHub-Event: {}\r\nX-GitHub-Delivery: {id}\r\n\
         X-Hub-Signature-256: {signature}\r\n",
        post.event
    );
    server
        .ask("POST", "/webhooks/github", &head, &post.body)
        .status
}

fn shop(tandem: &Tandem) -> Value {
    tandem.json(&["sync", "--status"])["repositories"][0].clone()
}

#[test]
fn what_github_tells_is_stored_at_once_and_read_by_the_next_sync() {
    let host = serve(&[repository("acme/shop", 60)], Script::default());
    let mut tandem = tandem(&host);
    tandem.ok(&["sync", "--org", "acme"]);
    tandem.set("TANDEM_GITHUB_WEBHOOK_SECRET", &format!("{OLD}, {NEW}"));
    let mut server = Server::start(&tandem);
    let post = |told: Told| {
        host.standin
            .with_world(|world| world.post(told))
            .expect("is there")
    };

    host.standin.happen(&Happening::Open(0));
    let opened = post(Told::PullRequest(0, 61));
    assert_eq!(
        deliver(&server, &opened, "d-1", "guessed guessed guessed"),
        401
    );
    assert_eq!(deliver(&server, &opened, "d-1", OLD), 202);
    // Taken again, it means nothing new.
    assert_eq!(deliver(&server, &opened, "d-1", NEW), 202);
    assert_eq!(
        deliver(&server, &post(Told::Comment(0, 3)), "d-2", NEW),
        202
    );
    wait_until("both are marked", LIMIT, || {
        shop(&tandem)["to_read_again"] == 2
    });
    // What the delivery said is there before any sync.
    assert_eq!(shop(&tandem)["pull_requests"]["stored"], 61);

    // A rename is told under the new name, and lost deliveries are made up for.
    host.standin
        .happen(&Happening::Rename(0, "acme/store".to_owned()));
    assert_eq!(deliver(&server, &post(Told::Renamed(0)), "d-3", NEW), 202);
    host.standin.happen(&Happening::Touch(0, 5));
    assert_eq!(
        deliver(&server, &post(Told::PullRequest(0, 6)), "d-4", NEW),
        202
    );
    wait_until("the one under the new name is marked", LIMIT, || {
        shop(&tandem)["to_read_again"] == 3
    });
    // What was taken is stored before the server is gone.
    assert_eq!(
        deliver(&server, &post(Told::Comment(0, 7)), "d-5", NEW),
        202
    );
    server.stop();
    assert_eq!(shop(&tandem)["to_read_again"], 4);

    let report = tandem.json(&["sync", "--org", "acme"]);
    let read = report["read"].as_u64().expect("a number");
    assert!((5..=7).contains(&read), "{report}");
    let status = shop(&tandem);
    assert_eq!(status["repo"], "acme/store");
    assert_eq!(status["to_read_again"], 0);
    assert_eq!(status["pull_requests"]["stored"], 61);
    assert_eq!(status["commits"]["stored"], status["commits"]["expected"]);
}

#[test]
fn without_a_secret_there_is_no_such_address() {
    let host = serve(&[repository("acme/shop", 3)], Script::default());
    let mut tandem = tandem(&host);
    tandem.ok(&["sync", "--org", "acme"]);
    let server = Server::start(&tandem);
    let post = host
        .standin
        .with_world(|world| world.post(Told::Push(0)))
        .expect("is there");
    let status = deliver(&server, &post, "d-1", NEW);
    assert!((400..500).contains(&status) && status != 401, "{status}");

    tandem.set("TANDEM_GITHUB_WEBHOOK_SECRET", "short");
    let refused = tandem.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("shorter than 16"),
        "{}",
        refused.stderr
    );
}
