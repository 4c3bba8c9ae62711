//! The API and addresses: JSON says what was written.

use serde_json::{Value, json};

use super::corpus::{Filled, corpus, teams};
use crate::served::Served;

/// A text as one part of an address.
fn part(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// What a request for JSON answers, which is JSON.
fn json_of(served: &Served, path: &str) -> Value {
    let got = served.get(path);
    assert_eq!(got.status, 200, "{path}: {}", got.body);
    assert_eq!(got.headers["content-type"], "application/json", "{path}");
    assert_eq!(got.headers["x-content-type-options"], "nosniff", "{path}");
    got.json()
}

#[test]
fn the_api_says_what_was_written() {
    let filled = Filled::new();
    let served = Served::start(&filled.tandem, &[]);
    let names: Vec<Value> = json_of(&served, "/api/v1/teams")["teams"]
        .as_array()
        .expect("teams")
        .iter()
        .map(|team| team["name"].clone())
        .collect();
    for team in teams() {
        assert!(names.contains(&json!(team)), "{team:?} is not told");
        let report = json_of(&served, &format!("/api/v1/report?team={}", part(team)));
        assert_eq!(report["scope"]["team"], team);
        let list = json_of(
            &served,
            &format!("/api/v1/pull-requests?team={}", part(team)),
        );
        assert!(!list["items"].as_array().expect("items").is_empty());
    }
    for (index, one) in corpus().iter().enumerate() {
        let found = json_of(
            &served,
            &format!("/api/v1/pull-requests/hostile/r{index}/2"),
        );
        assert_eq!(found["title"], one.text.as_str(), "{}", one.name);
        let text = part(&one.text.chars().take(60).collect::<String>());
        let got = served.get(&format!("/api/v1/pull-requests?title={text}"));
        assert!(matches!(got.status, 200 | 400), "{}: {got:?}", one.name);
        // A search for it is a page, too, and gives nothing back as a header.
        let got = served.get(&format!(
            "/pull-requests?text={text}&tool={text}&repo={text}"
        ));
        assert_eq!(got.status, 200, "{}", one.name);
        assert!(
            !got.headers.contains_key("set-cookie"),
            "{}: {got:?}",
            one.name
        );
        for address in [
            format!("/teams/{text}"),
            format!("/pull-requests/{text}/x/1"),
            format!("/api/v1/coverage?team={text}"),
            format!("/login?next={text}"),
        ] {
            let got = served.get(&address);
            assert!(got.status < 500, "{address}: {got:?}");
            let location = got.headers.get("location");
            assert!(location.is_none_or(|to| to.starts_with('/') && !to.starts_with("//")));
        }
    }
}
