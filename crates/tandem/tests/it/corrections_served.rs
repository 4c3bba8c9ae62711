//! Corrections that are made on the pages: by whom, what shows at once, and what the log keeps.

use std::time::Duration;

use serde_json::json;
use store::OpenOptions;

use crate::browser::Browser;
use crate::serve::Server;
use crate::support::{Emulator, Tandem, record, wait_until};

/// How long anything is waited for.
const LIMIT: Duration = Duration::from_secs(90);

const AGENT: &str = "orchard/store#4";
const PAGE: &str = "/pull-requests/orchard/store/4";

/// A configuration that lets an admin and a viewer in, and their tokens.
fn with_tokens(tandem: &Tandem) -> (String, String) {
    let make = |role: &str, name: &str| {
        let made = tandem.json(&["serve", "--make-token", role]);
        let text = |field: &str| made[field].as_str().expect("text").to_owned();
        let section = format!(
            "[[serve.tokens]]\nname = \"{name}\"\nrole = \"{role}\"\nhash = \"{}\"\n",
            text("hash")
        );
        (text("token"), section)
    };
    let (admin, first) = make("admin", "boss");
    let (viewer, second) = make("viewer", "wall");
    std::fs::write(tandem.path("tandem.toml"), first + &second).expect("written");
    (admin, viewer)
}

fn correct(server: &Server, csrf: &str, fields: &str) -> u16 {
    let form = format!("csrf={csrf}&{fields}");
    server.post(&format!("{PAGE}/correct"), &form).status
}

#[test]
fn a_correction_is_made_and_withdrawn_in_a_browser_and_survives_a_restart() {
    let Some(browser) = Browser::find(&["playwright-core"]) else {
        return;
    };
    let tandem = Tandem::new().with_pull_requests(12);
    let (admin, viewer) = with_tokens(&tandem);
    for phase in ["make", "after"] {
        let server = Server::start(&tandem);
        let more = [phase, PAGE, &admin, &viewer];
        browser.open("correct.mjs", &server.address, &browser.screenshots, &more);
    }
    let history = tandem.json(&["correct", AGENT, "--history"]);
    assert_eq!(history["decisions"][0]["correction"], json!(null));
    assert_eq!(
        history["decisions"][1]["correction"],
        json!({"origin": "none_detected", "ai_reviewed": false})
    );
    assert_eq!(history["decisions"][1]["by"], json!("boss"));
}

#[test]
fn a_correction_shows_at_once_and_is_a_label() {
    let tandem = Tandem::new().with_pull_requests(12);
    let server = Server::start(&tandem);
    let csrf = server.get(PAGE).field("csrf");
    let wrong = "origin=none_detected&note=a+template";
    for (csrf, fields, status) in [
        ("0", wrong, 403),
        (csrf.as_str(), "origin=none_detected&note=", 400),
        (&csrf, "note=seen", 400),
        (&csrf, "tool=nosuch&note=seen", 400),
        (&csrf, "origin=none_detected&tool=devin&note=seen", 400),
    ] {
        assert_eq!(correct(&server, csrf, fields), status, "{fields}");
    }
    let missing = server.post(
        "/pull-requests/orchard/store/99/correct",
        &format!("csrf={csrf}&{wrong}"),
    );
    assert_eq!(missing.status, 400);
    let nothing = format!("csrf={csrf}&note=x");
    assert_eq!(
        server.post(&format!("{PAGE}/withdraw"), &nothing).status,
        400
    );
    assert_eq!(tandem.json(&["verdicts", AGENT])["corrected"], json!(null));

    let agents = |server: &Server| {
        let report = server.get("/api/v1/adoption").text;
        let report: serde_json::Value = serde_json::from_str(&report).unwrap_or_default();
        report["overall"]["of_all"]["successes"].as_u64()
    };
    wait_until("the report is worked out", LIMIT, || {
        agents(&server) == Some(3)
    });
    assert_eq!(correct(&server, &csrf, wrong), 303);
    let page = server.get(PAGE).text;
    assert!(page.contains("data-origin=\"none_detected\""), "{page}");
    assert!(page.contains("this machine"), "{page}");
    let list = server
        .get("/pull-requests?corrected=yes&origin=none_detected")
        .text;
    assert!(list.contains("<strong>1</strong>"), "{list}");
    wait_until("the report follows", LIMIT, || agents(&server) == Some(2));
    let evaluation = tandem.json(&["evaluate", "--corrections"]);
    assert_eq!(evaluation["authored"]["fp"], json!(1));
    // Where names are not shown, a name that the command line gave is not shown either.
    tandem.ok(&[
        "correct", AGENT, "--origin", "agent", "--note", "seen", "--by", "grace",
    ]);
    let page = server.get(PAGE).text;
    assert!(
        page.contains("by somebody") && !page.contains("grace"),
        "{page}"
    );
    let log = server.get("/account/log").text;
    assert!(
        log.contains("grace") && log.contains("this machine"),
        "{log}"
    );
}

#[test]
fn who_writes_at_the_moment_is_named_and_nothing_is_changed() {
    let tandem = Tandem::new().with_pull_requests(8);
    let server = Server::start(&tandem);
    let csrf = server.get(PAGE).field("csrf");
    let lock = tandem.path("tandem.db.writer.lock");
    let held = std::fs::File::options()
        .read(true)
        .write(true)
        .open(&lock)
        .expect("the lock file of an earlier writer");
    held.lock().expect("held");
    std::fs::write(
        &lock,
        "{\"pid\":4242,\"verb\":\"import\",\"since\":\"2026-01-01T00:00:00Z\"}",
    )
    .expect("written");
    let form = format!("csrf={csrf}&origin=agent&note=seen");
    let busy = server.post(&format!("{PAGE}/correct"), &form);
    assert_eq!(busy.status, 503, "{}", busy.text);
    assert!(
        busy.text.contains("`tandem import` (process 4242")
            && busy.text.contains("Nothing was changed"),
        "{}",
        busy.text
    );
    drop(held);
    assert_eq!(correct(&server, &csrf, "origin=agent&note=seen"), 303);
}

#[test]
fn runs_that_are_begun_and_cancelled_stand_in_the_log() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new().with_emulator(&emulator).with_pull_requests(8);
    let server = Server::start(&tandem);
    let (run, _) = server.begin("limit=4&budget=1.50");
    wait_until("the run ends", LIMIT, || {
        tandem.json(&["runs", "show", &run.to_string()])["state"] == json!("finished")
    });
    let log = server.get("/account/log").text;
    for words in [
        "start run",
        "run started",
        &format!("href=\"/runs/{run}\""),
        "budget usd: 1.5",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let csrf = server.get(PAGE).field("csrf");
    let over = server.post(&format!("/runs/{run}/cancel"), &format!("csrf={csrf}"));
    assert_eq!(over.status, 400);
    assert!(!server.get("/account/log").text.contains("cancel run"));
}

#[test]
fn what_an_import_left_for_searches_is_done_while_pages_are_served() {
    let tandem = Tandem::new();
    let records: Vec<_> = (1..=9).map(record).collect();
    let file = tandem.write_records("prs.jsonl", &records);
    tandem.ok(&["import", &file]);
    let server = Server::start(&tandem);
    // The columns are seen to before the report is worked out.
    wait_until("the report is worked out", LIMIT, || {
        server.get("/").status == 200
    });
    let store = store::open(
        &tandem.database().display().to_string(),
        &OpenOptions::write("test"),
    )
    .expect("opens");
    assert_eq!(store.refresh_search().expect("writes"), 0);
    assert_eq!(
        server
            .get("/pull-requests")
            .text
            .matches("<strong>9</strong>")
            .count(),
        1
    );
}
