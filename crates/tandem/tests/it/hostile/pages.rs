//! Pages and the API: in a real browser nothing executes, and JSON says what was written.

use serde_json::{Value, json};

use super::corpus::{Filled, corpus, teams};
use crate::browser::Browser;
use crate::served::Served;

/// A text as one part of an address.
fn part(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The pages that show hostile text.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> = [
        "/",
        "/teams",
        "/tools",
        "/insights",
        "/detection",
        "/methods",
        "/pull-requests",
        "/pull-requests?sort=size",
        "/runs",
        "/runs/1",
        "/runs/1/failures",
        "/runs/quarantine",
        "/account",
    ]
    .map(ToOwned::to_owned)
    .into();
    for (index, one) in corpus().iter().enumerate() {
        pages.push(format!("/pull-requests/hostile/r{index}/2"));
        // What was searched for is shown again.
        if one.text.len() <= 300 && index % 4 == 0 {
            let text = part(&one.text);
            pages.push(format!("/pull-requests?text={text}&repo=hostile/r{index}"));
        }
    }
    // Every name is in the tables and charts of all teams; pages of their own are alike.
    for (index, team) in teams().into_iter().enumerate() {
        if index % 6 == 0 || team.starts_with('.') {
            pages.push(match team {
                "." | ".." => format!("/teams?team={}", part(team)),
                _ => format!("/teams/{}", part(team)),
            });
        }
        if index % 2 == 0 {
            pages.push(format!("/pull-requests?team={}", part(team)));
        }
    }
    pages
}

#[test]
fn nothing_executes_in_a_browser() {
    let Some(browser) = Browser::find(&["playwright-core"]) else {
        return;
    };
    let filled = Filled::analysed();
    let tandem = &filled.tandem;
    let report = tandem.path("report.html").display().to_string();
    tandem.ok(&["report", "-o", &report]);
    let letter = tandem.path("digest.html").display().to_string();
    tandem.ok(&["digest", "--week", "2026-W10", "-o", &letter]);
    let served = Served::start(tandem, &[]);
    let list = tandem.path("list.json");
    let wanted = json!({"pages": pages(), "files": [report, letter]});
    std::fs::write(&list, wanted.to_string()).expect("written");
    let address = served.address.to_string();
    println!("{}", browser.open("hostile.mjs", &address, &list, &[]));
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
