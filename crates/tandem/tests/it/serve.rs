//! `tandem serve` as a browser meets it: runs are begun, watched, stopped, resumed and cancelled over
//! HTTP, and what others wrote stays text.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::support::{Emulator, Tandem, record, wait_until};

/// Long enough for a loaded machine.
const LIMIT: Duration = Duration::from_secs(90);

/// A server on a database; it is asked to stop, and ends with the test at the latest.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

/// What it answered.
pub(crate) struct Page {
    pub(crate) status: u16,
    head: String,
    pub(crate) text: String,
}

impl Page {
    fn header(&self, name: &str) -> &str {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(one, _)| one.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }

    /// The value of a hidden field.
    pub(crate) fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let (_, rest) = self
            .text
            .split_once(&start)
            .unwrap_or_else(|| panic!("no field {name} in {}", self.text));
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

impl Server {
    pub(crate) fn start(tandem: &Tandem) -> Self {
        let mut child = tandem
            .command(&["serve", "--listen", "127.0.0.1:0", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut first = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout)
            .read_line(&mut first)
            .expect("a line");
        let ready: Value = serde_json::from_str(&first).expect("the start-up line");
        let address = ready["serving"].as_str().expect("an address").to_owned();
        Server { child, address }
    }

    fn connect(&self, method: &str, path: &str, more: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("connected");
        stream.set_read_timeout(Some(LIMIT)).expect("a time limit");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{more}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .expect("sent");
        stream
    }

    pub(crate) fn ask(&self, method: &str, path: &str, more: &str, body: &str) -> Page {
        let mut stream = self.connect(method, path, more, body);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("an answer");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, text) = text.split_once("\r\n\r\n").expect("a head");
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .expect("a status");
        Page {
            status,
            head: head.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Page {
        self.ask("GET", path, "", "")
    }

    pub(crate) fn post(&self, path: &str, form: &str) -> Page {
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.ask("POST", path, kind, form)
    }

    fn csrf(&self) -> String {
        self.get("/runs").field("csrf")
    }

    /// Asks for an estimate, says yes, and returns the number of the run and the page of the estimate.
    pub(crate) fn begin(&self, wish: &str) -> (u64, Page) {
        let csrf = self.csrf();
        let estimate = self.post("/runs/estimate", &format!("csrf={csrf}&{wish}"));
        assert_eq!(estimate.status, 200, "{}", estimate.text);
        let form = format!("csrf={csrf}&plan={}", estimate.field("plan"));
        let begun = self.post("/runs", &form);
        assert_eq!(begun.status, 303, "{}", begun.text);
        // On a loaded machine the list is shown before the run has a number.
        let mut address = begun.header("location").to_owned();
        wait_until("the run is planned", LIMIT, || {
            if address == "/runs" {
                let list = self.get("/runs").text;
                let mut runs = list
                    .split("href=\"")
                    .filter_map(|part| part.split('"').next());
                let is_run = |one: &&str| {
                    one.strip_prefix("/runs/")
                        .is_some_and(|id| id.parse::<u64>().is_ok())
                };
                runs.find(is_run)
                    .unwrap_or("/runs")
                    .clone_into(&mut address);
            }
            address != "/runs"
        });
        let run = address
            .rsplit('/')
            .next()
            .and_then(|id| id.parse().ok())
            .unwrap_or_else(|| panic!("leads to {address}"));
        let again = self.post("/runs", &form);
        assert_eq!(again.status, 400, "an estimate counts once");
        (run, estimate)
    }

    /// Stops it as a service manager does, and waits until it is gone.
    pub(crate) fn stop(&mut self) {
        let stopped = Command::new("kill")
            .arg(self.child.id().to_string())
            .status()
            .expect("a signal");
        assert!(stopped.success());
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run_of(tandem: &Tandem, run: u64) -> Value {
    tandem.json(&["runs", "show", &run.to_string()])
}

/// No request has two billed answers at the same model.
fn assert_billed_once(emulator: &Emulator) {
    let mut times: BTreeMap<(String, String), u32> = BTreeMap::new();
    for line in emulator.billed() {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        *times.entry((text("model"), text("custom_id"))).or_default() += 1;
    }
    let twice: Vec<_> = times.iter().filter(|(_, number)| **number > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

const SLOW: &str = "version = 1\n[timing]\nvalidating_ms = 500\nin_progress_ms = 4000\n";

#[test]
fn a_run_is_begun_from_the_page_and_its_page_moves_until_it_ends() {
    let emulator = Emulator::start(Some(SLOW));
    let tandem = Tandem::new()
        .with_emulator(&emulator)
        .with_pull_requests(40);
    let server = Server::start(&tandem);
    let (run, estimate) = server.begin("limit=25&team=&budget=&tiers=&fallback=yes");
    assert!(
        estimate.text.contains("25 of at most 25"),
        "{}",
        estimate.text
    );
    assert!(estimate.text.contains("up to $"), "{}", estimate.text);

    let stream = server.connect("GET", &format!("/runs/{run}/events"), "", "");
    let mut fragments = 0;
    let mut has_ended = false;
    let mut last = String::new();
    for line in BufReader::new(stream).lines() {
        let line = line.expect("a line of the stream");
        if line == "event: fragment" {
            fragments += 1;
        } else if let Some(data) = line.strip_prefix("data: ").filter(|data| *data != "end") {
            data.clone_into(&mut last);
        } else if line == "event: end" {
            has_ended = true;
        }
    }
    assert!(has_ended && fragments >= 2, "{fragments} fragments");
    assert!(last.contains("25 of 25 answered"), "{last}");

    let shown = run_of(&tandem, run);
    assert_eq!(shown["state"], "finished");
    assert_eq!(shown["totals"]["requests"], 25);
    let page = server.get(&format!("/runs/{run}"));
    assert!(page.text.contains("25 of 25 answered"));
    assert!(
        !page.text.contains("data-live"),
        "what is over is not watched"
    );
    assert_billed_once(&emulator);
}

#[test]
fn a_run_stops_with_the_server_and_is_resumed_by_the_next() {
    let emulator = Emulator::start(Some(SLOW));
    let tandem = Tandem::new()
        .with_emulator(&emulator)
        .with_pull_requests(30);
    let mut server = Server::start(&tandem);
    let (run, _) = server.begin("limit=30&fallback=yes");
    wait_until("a batch at the provider", LIMIT, || {
        let shards = &run_of(&tandem, run)["tiers"][0]["shards"];
        shards[0]["state"] == "created"
    });
    // Somebody watches meanwhile: the server stops all the same.
    let _watcher = server.connect("GET", &format!("/runs/{run}/events"), "", "");
    server.stop();
    assert_eq!(run_of(&tandem, run)["state"], "stopped");

    let server = Server::start(&tandem);
    let csrf = server.get(&format!("/runs/{run}/change")).field("csrf");
    let path = format!("/runs/{run}/resume");
    let form = format!("csrf={csrf}&budget=");
    assert_eq!(server.post(&path, &form).status, 303);
    assert_eq!(
        server.post(&path, &form).status,
        400,
        "one works on it already"
    );
    wait_until("the end of the run", LIMIT, || {
        run_of(&tandem, run)["state"] == "finished"
    });
    let totals = &run_of(&tandem, run)["totals"];
    assert_eq!(
        totals["answered"]
            .as_u64()
            .zip(totals["failed"].as_u64())
            .map(|(a, f)| a + f),
        Some(30)
    );
    assert_billed_once(&emulator);
}

#[test]
fn a_run_is_cancelled_from_the_page_while_this_server_works_on_it() {
    let emulator = Emulator::start(Some("version = 1\n[timing]\nin_progress_ms = 600000\n"));
    let tandem = Tandem::new()
        .with_emulator(&emulator)
        .with_pull_requests(12);
    let server = Server::start(&tandem);
    let (run, _) = server.begin("limit=12");
    wait_until("a batch at the provider", LIMIT, || {
        let shards = &run_of(&tandem, run)["tiers"][0]["shards"];
        shards[0]["state"] == "created"
    });
    let csrf = server.get(&format!("/runs/{run}/change")).field("csrf");
    let path = format!("/runs/{run}/cancel");
    let cancelled = server.post(&path, &format!("csrf={csrf}"));
    assert_eq!(cancelled.status, 303, "{}", cancelled.text);
    wait_until("the end of the run", LIMIT, || {
        run_of(&tandem, run)["state"] == "cancelled"
    });
    let again = server.post(&path, &format!("csrf={csrf}"));
    assert_eq!(again.status, 400, "what is over cannot be cancelled");
}

#[test]
fn nothing_is_begun_without_proof_or_from_another_site_or_with_words_that_are_options() {
    let tandem = Tandem::new().with_pull_requests(4);
    let server = Server::start(&tandem);
    let csrf = server.csrf();
    let wrong = "0".repeat(64);
    for (path, form, status) in [
        ("/runs/estimate", format!("csrf={wrong}&limit=1"), 403),
        ("/runs", format!("csrf={wrong}&plan=x"), 403),
        ("/runs", format!("csrf={csrf}&plan=x"), 400),
        ("/runs/1/resume", format!("csrf={wrong}"), 403),
        ("/runs/1/cancel", format!("csrf={wrong}"), 403),
        ("/runs/99/cancel", format!("csrf={csrf}"), 404),
        ("/runs/estimate", format!("csrf={csrf}&limit=0"), 400),
        (
            "/runs/estimate",
            format!("csrf={csrf}&limit=1&tiers=--db%3D%2Fx"),
            400,
        ),
        (
            "/runs/estimate",
            format!("csrf={csrf}&limit=1&tiers=nobody:model"),
            400,
        ),
        (
            "/runs/estimate",
            format!("csrf={csrf}&limit=1&team=no-such-team"),
            400,
        ),
    ] {
        let answer = server.post(path, &form);
        assert_eq!(answer.status, status, "{path} {form}: {}", answer.text);
    }
    let foreign =
        "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: cross-site\r\n";
    let answer = server.ask(
        "POST",
        "/runs/estimate",
        foreign,
        &format!("csrf={csrf}&limit=1"),
    );
    assert_eq!(answer.status, 403);
    assert_eq!(server.get("/runs/1").status, 404);
    assert_eq!(server.get("/runs/1/events").status, 404);
    assert_eq!(server.get("/runs/x").status, 404);
    assert_eq!(tandem.json(&["runs"]), json!([]));
}

#[test]
fn without_a_key_the_rules_answer_and_nothing_leaves() {
    let tandem = Tandem::new().with_pull_requests(6);
    let server = Server::start(&tandem);
    let csrf = server.csrf();
    let estimate = server.post("/runs/estimate", &format!("csrf={csrf}&limit=6"));
    assert!(
        estimate.text.contains("Nothing: rules answer"),
        "{}",
        estimate.text
    );
    let form = format!("csrf={csrf}&plan={}", estimate.field("plan"));
    assert_eq!(server.post("/runs", &form).header("location"), "/runs");
    assert_eq!(tandem.json(&["coverage"])["analyzed"], 6);
}

#[test]
fn what_others_wrote_stays_text_and_people_have_no_names() {
    let mut hostile = record(1);
    let title = format!(
        "<script>alert(1)</script>\u{202e}\u{1b}[31m\"'{}",
        "x".repeat(1_000_000)
    );
    let body = format!(
        "\"><img src=x onerror=alert(1)> @secret-person {}\n\nCo-authored-by: Jo Doe <jo@corp.example>\n\nGenerated with [Claude Code](https://claude.com/claude-code)",
        "word ".repeat(200_000)
    );
    hostile["title"] = json!(title);
    hostile["body"] = json!(body);
    hostile["head_ref"] = json!("\"><script>".repeat(100));
    hostile["labels"] = json!(["<b>bold</b>", "=cmd|' /C calc'!A0"]);
    hostile["comments"] = json!([{"author": "person-2", "created_at": "2026-02-02T10:00:00Z",
        "kind": "issue", "body": "<svg onload=alert(1)> Person 1 said so, person1@example.org"}]);
    let tandem = Tandem::new();
    let file = tandem.write_records("prs.jsonl", &[hostile]);
    tandem.ok(&["import", &file]);
    tandem.ok(&["detect"]);
    let server = Server::start(&tandem);
    let page = server.get("/pull-requests/orchard/store/1");
    assert_eq!(page.status, 200);
    let text = &page.text;
    assert!(text.len() < 60_000, "{} bytes", text.len());
    assert!(text.contains("<mark"), "evidence is marked beyond the cut");
    for harmful in [
        "<script>",
        "<img src=x",
        "<svg onload",
        "<b>bold",
        "\u{1b}",
        "\u{202e}",
    ] {
        assert!(!text.contains(harmful), "{harmful:?}");
    }
    let told = server.get("/api/v1/pull-requests/orchard/store/1").text;
    assert!(told.contains("Generated with [Claude Code]"), "{told}");
    let listed = server.get("/api/v1/pull-requests").text;
    for name in [
        "person-1",
        "person-2",
        "Person 1",
        "person1@example.org",
        "secret-person",
        "Jo Doe",
        "jo@corp",
        "reviewer-1",
    ] {
        assert!(!text.contains(name), "{name} in {text}");
        assert!(!told.contains(name), "{name} in {told}");
        assert!(!listed.contains(name), "{name} in {listed}");
    }
    assert!(text.contains("the author") && text.contains("reviewer 1"));
    assert_eq!(server.get("/pull-requests/orchard/store/2").status, 404);
    let list = server.get("/pull-requests?text=alert").text;
    assert!(
        list.len() < 30_000 && list.contains("orchard/store#1"),
        "{list}"
    );
    for harmful in ["<script>", "\u{1b}", "\u{202e}", "person-1"] {
        assert!(!list.contains(harmful), "{harmful:?}");
    }
}

/// Every pull request of a list, page by page, as `owner/name#number`.
fn walk(server: &Server, address: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = Some(address.to_owned());
    let mut before: Option<String> = None;
    while let Some(path) = next {
        let page = server.get(&path);
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        for part in page.text.split("href=\"/pull-requests/").skip(1) {
            let address = part.split('"').next().unwrap_or_default();
            let (repo, number) = address.rsplit_once('/').expect("a number");
            found.push(format!("{repo}#{number}"));
        }
        let link = |relation: &str| {
            let mark = format!("\" rel=\"{relation}\"");
            let (start, _) = page.text.split_once(&mark)?;
            let (_, address) = start.rsplit_once("href=\"")?;
            Some(address.replace("&amp;", "&"))
        };
        // The way back leads to the very page that was left.
        assert_eq!(link("prev"), before, "{path}");
        before = Some(path);
        next = link("next");
    }
    found
}

#[test]
fn every_order_shows_every_pull_request_once() {
    let tandem = Tandem::new().with_pull_requests(120);
    let server = Server::start(&tandem);
    let mut all: Vec<String> = tandem
        .ok(&["verdicts", "--json"])
        .lines()
        .iter()
        .map(|line| {
            format!(
                "{}#{}",
                line["repo"].as_str().unwrap_or_default(),
                line["number"]
            )
        })
        .collect();
    all.sort();
    assert_eq!(all.len(), 120);
    for sort in ["opened", "merged", "size", "cycle", "pickup"] {
        for order in ["up", "down"] {
            let mut found = walk(
                &server,
                &format!("/pull-requests?sort={sort}&order={order}"),
            );
            found.sort();
            assert_eq!(found, all, "{sort} {order}");
        }
    }
}

#[test]
fn filters_find_what_the_verdicts_say() {
    type Test = fn(&Value) -> bool;
    let tandem = Tandem::new().with_pull_requests(90);
    let server = Server::start(&tandem);
    let verdicts = tandem.ok(&["verdicts", "--json"]).lines();
    let has = |list: &Value, tool: &str| {
        list.as_array()
            .is_some_and(|list| list.iter().any(|one| one == tool))
    };
    assert!(
        verdicts
            .iter()
            .any(|line| has(&line["author_tools"], "claude_code"))
    );
    let cases: [(&str, Test); 8] = [
        ("origin=assisted", |line| line["origin"] == "assisted"),
        ("origin=none_detected", |line| {
            line["origin"] == "none_detected"
        }),
        ("origin=ai", |line| line["ai_authored"] == true),
        ("team=harbour", |line| line["team"] == "harbour"),
        ("tool=claude_code&place=author", |line| {
            line["author_tools"]
                .as_array()
                .is_some_and(|list| list.iter().any(|one| one == "claude_code"))
        }),
        ("evidence=co_author", |line| {
            line["evidence"]
                .as_array()
                .is_some_and(|hits| hits.iter().any(|hit| hit["signal"] == "co_author"))
        }),
        ("reviewed=no", |line| line["ai_reviewed"] == false),
        ("repo=orchard/store&origin=ai&outcome=merged", |line| {
            line["repo"] == "orchard/store" && line["ai_authored"] == true
        }),
    ];
    for (filter, test) in cases {
        let mut expected: Vec<String> = verdicts
            .iter()
            .filter(|line| test(line))
            .map(|line| {
                format!(
                    "{}#{}",
                    line["repo"].as_str().unwrap_or_default(),
                    line["number"]
                )
            })
            .collect();
        expected.sort();
        let mut found = walk(&server, &format!("/pull-requests?{filter}"));
        found.sort();
        assert!(
            !expected.is_empty() && expected.len() < 90 || filter == "reviewed=no",
            "{filter} tells nothing apart"
        );
        assert_eq!(found, expected, "{filter}");
    }
    for wrong in [
        "origin=human",
        "opened=may",
        "author=person-1",
        "after=x.y",
        "sort=luck",
    ] {
        let status = server.get(&format!("/pull-requests?{wrong}")).status;
        assert!(matches!(status, 400 | 403), "{wrong}: {status}");
    }
    let found = walk(&server, "/pull-requests?text=order+17+queue");
    assert_eq!(found, ["orchard/store#17"]);
}

#[test]
fn a_run_is_begun_and_moves_in_a_browser() {
    let Some(browser) = Browser::find(&["playwright-core"]) else {
        return;
    };
    let emulator = Emulator::start(Some(SLOW));
    let tandem = Tandem::new()
        .with_emulator(&emulator)
        .with_pull_requests(40);
    let server = Server::start(&tandem);
    browser.open("live.mjs", &server.address, &browser.screenshots, &[]);
}
