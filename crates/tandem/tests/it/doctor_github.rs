//! What `tandem doctor` says of GitHub, against the stand-in on a socket.

use std::process::Command;

use serde_json::Value;
use standin::{AppKey, Script, TOKEN};

use crate::github_host::{repository, serve, serve_with, tandem};
use crate::support::Tandem;

/// The check of this name, as `state: says (fix)`.
fn check(report: &Value, name: &str) -> String {
    let checks = report["github"]["checks"].as_array().expect("a list");
    let found = checks.iter().find(|check| check["name"] == name);
    let Some(found) = found else {
        return format!("no check {name} in {checks:?}");
    };
    let fix = match found["fix"].as_str() {
        Some(fix) => format!(" ({fix})"),
        None => String::new(),
    };
    format!(
        "{}: {}{fix}",
        found["state"].as_str().expect("a state"),
        found["says"].as_str().expect("words")
    )
}

fn holds(found: &str, words: &[&str]) {
    for word in words {
        assert!(found.contains(word), "{word}: {found}");
    }
}

#[test]
fn without_github_there_is_nothing_to_say() {
    let mut tandem = Tandem::new();
    tandem.set("PATH", "/nonexistent");
    let report = tandem.json(&["doctor"]);
    assert_eq!(report["github"]["base_url"], "https://github.com");
    assert_eq!(report["github"]["source"], Value::Null);
    assert_eq!(report["github"]["checks"], serde_json::json!([]));
    let report = tandem.json(&["doctor", "--org", "acme"]);
    holds(
        &check(&report, "token"),
        &["problem: there is none", "export GITHUB_TOKEN"],
    );
    tandem.set("TANDEM_GITHUB_BASE_URL", "http://git.example.org");
    let report = tandem.json(&["doctor", "--offline"]);
    holds(
        &check(&report, "address"),
        &["problem", "unencrypted", "github.base_url"],
    );
}

#[test]
fn a_token_that_is_enough_is_said_to_be() {
    let script = Script {
        scopes: Some("repo"),
        ..Script::default()
    };
    let server = serve(&[repository("acme/shop", 30)], script);
    let tandem = tandem(&server);
    tandem.ok(&["sync", "--org", "acme"]);
    let report = tandem.json(&["doctor"]);
    assert_eq!(report["github"]["base_url"], server.address.as_str());
    assert_eq!(report["github"]["source"], "the environment (GITHUB_TOKEN)");
    holds(&check(&report, "kind"), &["ok: a token of a form"]);
    holds(&check(&report, "token"), &["ok: accepted, of reader"]);
    holds(
        &check(&report, "scopes"),
        &["ok: repo: private repositories, too"],
    );
    holds(
        &check(&report, "limit"),
        &["ok: 4,", "of 5,000 points are left"],
    );
    holds(&check(&report, "acme"), &["ok: 1 repositories are visible"]);
    holds(
        &check(&report, "acme/shop"),
        &["ok: everything that a sync reads"],
    );
    assert!(check(&report, "clock").starts_with("no check"));
    let shown = tandem.ok(&["doctor"]).stdout;
    assert!(shown.contains("token: accepted, of reader"), "{shown}");

    // Offline, nobody is asked.
    server.standin.reset_counts();
    let report = tandem.json(&["doctor", "--offline", "--org", "acme"]);
    holds(&check(&report, "GitHub"), &["not_asked"]);
    assert_eq!(server.standin.counts().total(), 0);
}

#[test]
fn each_thing_in_the_way_is_one_sentence_with_its_fix() {
    let specs = [repository("acme/shop", 30)];
    let problem = |script: Script, name: &str, words: &[&str]| {
        let server = serve(&specs, Script::default());
        let tandem = tandem(&server);
        tandem.ok(&["sync", "--org", "acme"]);
        server.standin.follow(script);
        let report = tandem.json(&["doctor"]);
        holds(&check(&report, name), words);
        let is_problem = words[0] == "problem";
        let next = report["next"].to_string();
        assert_eq!(next.contains("GitHub, "), is_problem, "{next}");
    };
    let with = Script::default;
    problem(
        Script {
            revoked_after: Some(0),
            ..with()
        },
        "token",
        &[
            "problem",
            "does not accept the token: Bad credentials",
            "make a new token",
        ],
    );
    problem(
        Script {
            single_sign_on: true,
            ..with()
        },
        "acme",
        &[
            "problem",
            "single sign-on",
            "authorise the token here: https://github.com/orgs/acme/sso",
        ],
    );
    problem(
        Script {
            lacks_scope: true,
            ..with()
        },
        "acme",
        &["problem", "lacks a scope", "give the token the scope"],
    );
    problem(
        Script {
            refused_fields: vec!["files", "statusCheckRollup"],
            ..with()
        },
        "acme/shop",
        &[
            "problem",
            "may not read files, statusCheckRollup",
            "give it read access to Commit statuses and Checks, Contents",
        ],
    );
    problem(
        Script {
            scopes: Some("repo, admin:org, delete_repo"),
            ..with()
        },
        "scopes",
        &["warning", "more than a sync needs (admin:org, delete_repo)"],
    );
    problem(
        Script {
            points_per_hour: Some(20),
            ..with()
        },
        "limit",
        &["warning", "of 20 points are left", "waits until then"],
    );
    for (ahead, side) in [(7_200, "behind"), (-7_200, "ahead of")] {
        problem(
            Script {
                clock_ahead_seconds: ahead,
                ..with()
            },
            "clock",
            &["warning", side, "set the clock"],
        );
    }
}

#[test]
fn an_organisation_that_is_not_there_is_named() {
    let server = serve(&[repository("acme/shop", 3)], Script::default());
    let tandem = tandem(&server);
    let report = tandem.json(&["doctor", "--org", "nobody", "--org", "acme"]);
    holds(
        &check(&report, "nobody"),
        &[
            "problem: there is no organisation nobody, or the token cannot see it",
            "check the name",
        ],
    );
    holds(&check(&report, "acme"), &["ok"]);
}

#[cfg(unix)]
#[test]
fn the_token_of_gh_is_used_where_gh_is_logged_in() {
    use std::os::unix::fs::PermissionsExt;
    let server = serve(&[repository("acme/shop", 3)], Script::default());
    let mut tandem = tandem(&server);
    tandem.set("GITHUB_TOKEN", "");
    let gh = tandem.path("gh");
    std::fs::write(
        &gh,
        format!("#!/bin/sh\n[ \"$1 $2\" = 'auth token' ] && echo {TOKEN}\n"),
    )
    .expect("written");
    std::fs::set_permissions(&gh, std::fs::Permissions::from_mode(0o755)).expect("set");
    let folder = gh.parent().expect("a folder").display().to_string();
    tandem.set("PATH", &folder);
    let report = tandem.json(&["doctor", "--org", "acme"]);
    assert_eq!(report["github"]["source"], "gh auth token");
    holds(&check(&report, "token"), &["ok: accepted"]);
    assert_eq!(tandem.json(&["sync", "--org", "acme"])["read"], 3);
    // The environment comes before gh.
    tandem.set("GITHUB_TOKEN", "ghr_refresh");
    let report = tandem.json(&["doctor", "--org", "acme"]);
    assert_eq!(report["github"]["source"], "the environment (GITHUB_TOKEN)");
    holds(
        &check(&report, "kind"),
        &["problem: a refresh token", "use the access token"],
    );
}

/// A fresh key; `None` where there is no openssl to make one.
fn private_key() -> Option<String> {
    let made = Command::new("openssl")
        .args(["genrsa", "-traditional", "2048"])
        .output();
    match made {
        Ok(made) if made.status.success() => String::from_utf8(made.stdout).ok(),
        _ => {
            println!("skipped: openssl is missing, which makes the key of a GitHub App");
            None
        }
    }
}

#[cfg(unix)]
#[test]
fn the_installation_of_an_app_is_looked_at() {
    use std::os::unix::fs::PermissionsExt;
    let Some(key) = private_key() else { return };
    let reading = || {
        vec![
            ("metadata", "read"),
            ("pull_requests", "read"),
            ("contents", "read"),
            ("issues", "read"),
        ]
    };
    let script = Script {
        permissions: reading(),
        ..Script::default()
    };
    let app = AppKey::of("4711", 99, &key);
    let server = serve_with(&[repository("acme/shop", 3)], script, app);
    let tandem = tandem(&server);
    let file = tandem.path("app.pem");
    std::fs::write(&file, &key).expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("set");
    let config = "[github]\napp_id = \"4711\"\napp_key_file = \"app.pem\"\n";
    std::fs::write(tandem.path("tandem.toml"), config).expect("written");
    let report = tandem.json(&["doctor", "--org", "acme"]);
    assert_eq!(report["github"]["source"], "the GitHub App 4711");
    holds(
        &check(&report, "installation"),
        &["ok: 99 at acme, for all repositories"],
    );
    holds(
        &check(&report, "permissions"),
        &["ok: what a sync reads, and no more"],
    );
    holds(&check(&report, "acme"), &["ok"]);

    server.standin.follow(Script {
        permissions: reading().into_iter().skip(2).collect(),
        ..Script::default()
    });
    let report = tandem.json(&["doctor", "--org", "acme"]);
    holds(
        &check(&report, "permissions"),
        &[
            "problem: the app may not read metadata, pull_requests",
            "accept them",
        ],
    );
    server.standin.follow(Script {
        permissions: reading()
            .into_iter()
            .chain([("workflows", "write")])
            .collect(),
        ..Script::default()
    });
    let report = tandem.json(&["doctor", "--org", "acme"]);
    holds(
        &check(&report, "permissions"),
        &["warning: the app may change workflows"],
    );
    server.standin.follow(Script {
        suspended: true,
        ..Script::default()
    });
    let report = tandem.json(&["doctor", "--org", "acme"]);
    holds(
        &check(&report, "installation"),
        &["problem", "is suspended since", "lift the suspension"],
    );
}
