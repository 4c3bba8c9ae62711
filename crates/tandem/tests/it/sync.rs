//! `tandem sync` against the GitHub stand-in on a socket.

use serde_json::Value;
use standin::{Happening, Script, TOKEN};

use crate::github_host::{repository, serve, tandem};
use crate::support::Tandem;

fn run(tandem: &Tandem, arguments: &[&str]) -> (i32, String, String) {
    let output = tandem.command(arguments).output().expect("runs");
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn an_organisation_is_read_detected_and_followed() {
    let specs = [repository("acme/shop", 60), repository("acme/site", 12)];
    let server = serve(&specs, Script::default());
    let tandem = tandem(&server);
    let (code, out, err) = run(&tandem, &["sync", "--org", "acme", "--json"]);
    assert_eq!(code, 0, "{err}");
    let document: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(document["read"], 72);
    assert_eq!(document["stored"], 72);
    assert_eq!(document["problems"], serde_json::json!([]));

    // What came in is what the other verbs work on.
    let (code, out, err) = run(&tandem, &["detect", "--json"]);
    assert_eq!(code, 0, "{err}");
    let detected: Value = serde_json::from_str(&out).expect("JSON");
    assert!(detected.to_string().contains("72"), "{out}");

    // A repository that is renamed takes its pull requests with it.
    server
        .standin
        .happen(&Happening::Rename(0, "acme/store".to_owned()));
    server.standin.happen(&Happening::Touch(0, 3));
    let (code, _, err) = run(&tandem, &["sync", "--org", "acme"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("acme/shop is now acme/store"), "{err}");
    let (code, out, err) = run(&tandem, &["sync", "--status", "--json"]);
    assert_eq!(code, 0, "{err}");
    let status: Value = serde_json::from_str(&out).expect("JSON");
    let first = &status["repositories"][0];
    assert_eq!(first["repo"], "acme/shop".replace("shop", "site"));
    let store = &status["repositories"][1];
    assert_eq!(store["repo"], "acme/store");
    assert_eq!(
        store["pull_requests"],
        serde_json::json!({"expected": 60, "stored": 60})
    );
    for list in ["commits", "reviews", "comments", "files"] {
        assert_eq!(store[list]["expected"], store[list]["stored"], "{list}");
    }
    let (_, out, _) = run(&tandem, &["verdicts", "acme/store#3", "--json"]);
    let verdict: Value =
        serde_json::from_str(out.lines().next().unwrap_or_default()).expect("JSON");
    assert_eq!(verdict["repo"], "acme/store");
}

#[test]
fn gaps_are_shown_with_their_reason() {
    let script = Script {
        unreadable: vec!["PR_0_7".to_owned()],
        ..Script::default()
    };
    let server = serve(&[repository("acme/shop", 9)], script);
    let tandem = tandem(&server);
    let (code, _, err) = run(&tandem, &["sync", "--repo", "acme/shop"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("acme/shop#7 cannot be read"), "{err}");
    let (code, out, _) = run(&tandem, &["sync", "--status"]);
    assert_eq!(code, 0);
    assert!(out.contains("8 / 9"), "{out}");
    assert!(out.contains("acme/shop#7: status 502"), "{out}");
}

#[test]
fn each_refusal_is_one_error_with_a_fix() {
    let specs = [repository("acme/shop", 300)];
    let check =
        |script: Script, token: Option<&str>, arguments: &[&str], code: i32, words: &[&str]| {
            let server = serve(&specs, script);
            let mut tandem = tandem(&server);
            match token {
                Some(token) => tandem.set("GITHUB_TOKEN", token),
                None => tandem.set("GITHUB_TOKEN", ""),
            }
            tandem.set("PATH", "/nonexistent");
            let (found, out, err) = run(&tandem, arguments);
            assert_eq!((found, out.as_str()), (code, ""), "{err}");
            assert_eq!(err.matches("error:").count(), 1, "{err}");
            assert!(err.contains("hint:"), "{err}");
            for words in words {
                assert!(err.contains(words), "{words}: {err}");
            }
        };
    let org = ["sync", "--org", "acme"];
    check(
        Script::default(),
        None,
        &org,
        3,
        &["no token for GitHub", "export GITHUB_TOKEN"],
    );
    check(
        Script::default(),
        Some("wrong"),
        &org,
        3,
        &["Bad credentials", "new token"],
    );
    check(
        Script::default(),
        Some(TOKEN),
        &["sync", "--org", "nobody"],
        2,
        &["organisation nobody"],
    );
    check(
        Script::default(),
        Some(TOKEN),
        &["sync"],
        2,
        &["nothing was named"],
    );
    check(
        Script::default(),
        Some(TOKEN),
        &["sync", "--repo", "shop"],
        2,
        &["'shop' does not name a repository", "OWNER/NAME"],
    );
    let sso = Script {
        single_sign_on: true,
        ..Script::default()
    };
    check(
        sso,
        Some(TOKEN),
        &org,
        3,
        &["single sign-on", "/orgs/acme/sso"],
    );
    let scope = Script {
        lacks_scope: true,
        ..Script::default()
    };
    check(scope, Some(TOKEN), &org, 3, &["lacks a scope", "'repo'"]);
    let revoked = Script {
        revoked_after: Some(8),
        ..Script::default()
    };
    check(
        revoked,
        Some(TOKEN),
        &org,
        3,
        &["Bad credentials", "what was stored stays"],
    );
}

#[test]
fn what_was_stored_before_a_token_was_revoked_stays_and_the_next_goes_on() {
    let script = Script {
        revoked_after: Some(8),
        ..Script::default()
    };
    let server = serve(&[repository("acme/shop", 300)], script);
    let tandem = tandem(&server);
    let (code, out, err) = run(&tandem, &["sync", "--org", "acme"]);
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    let stored = |tandem: &Tandem| {
        let status = tandem.json(&["sync", "--status"]);
        status["repositories"][0]["pull_requests"]["stored"]
            .as_u64()
            .expect("a number")
    };
    let before = stored(&tandem);
    assert!((1..300).contains(&before), "{before}");
    server.standin.follow(Script::default());
    server.standin.reset_counts();
    let report = tandem.json(&["sync", "--org", "acme"]);
    assert_eq!(stored(&tandem), 300);
    // At most a page of the walk is read again.
    let read = report["read"].as_u64().expect("a number");
    assert!(read <= 300 - before + 100, "{before} before, {read} now");
}
