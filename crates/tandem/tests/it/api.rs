//! The JSON API on the demo: the values of the command line, and what the document says of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::served::{Got, Served};
use crate::support::Tandem;

/// The demo's database, with a run of the cascade in it.
fn demo() -> Tandem {
    let tandem = Tandem::new();
    let database = tandem.database().display().to_string();
    tandem.ok(&["demo", "--keep", &database, "--json"]);
    tandem
}

/// Durations that are censored at the present second differ from second to second.
fn without_survival(mut value: Value, side: &str) -> Value {
    for one in value[side].as_array_mut().into_iter().flatten() {
        one["survival"] = Value::Null;
        one["sensitivity"] = Value::Null;
    }
    value
}

/// Adoption without the months, and months of teams, in which there are too few pull requests to be told.
fn without_small_cells(mut adoption: Value) -> Value {
    for (part, size) in [
        ("by_month", "/pull_requests"),
        ("by_team_month", "/pull_requests"),
        ("tool_months", "/share/n"),
    ] {
        let cells = adoption[part].as_array_mut().expect("cells");
        cells.retain(|cell| cell.pointer(size).and_then(Value::as_u64).expect("a size") >= 5);
    }
    adoption
}

/// A verdict without what people wrote, in which the API hides them.
fn without_texts(mut verdict: Value) -> Value {
    for hit in verdict["evidence"].as_array_mut().into_iter().flatten() {
        hit["quote"] = Value::Null;
    }
    verdict
}

/// Holds an answer against the document's schema for it.
fn conforms(document: &Value, path: &str, got: &Got) {
    let response = &document["paths"][path]["get"]["responses"][got.status.to_string()];
    let content = response["content"].as_object().expect("content");
    let (kind, described) = content.iter().next().expect("one kind");
    assert_eq!(got.headers["content-type"], *kind, "{path}");
    let mut schema = described["schema"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let value = got.json();
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .take(5)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{path}: {errors:#?}");
}

#[test]
fn the_api_says_what_the_command_line_says() {
    let tandem = demo();
    let served = Served::start(&tandem, &[]);
    let document = served.get("/api/v1/openapi.json").json();
    let get = |path: &str, template: &str| {
        let got = served.get(path);
        assert_eq!(got.status, 200, "{path}: {got:?}");
        conforms(&document, template, &got);
        got.json()
    };
    let plain = |name: &str| {
        let path = format!("/api/v1/{name}");
        get(&path, &path)
    };

    let report = plain("report");
    let insights = tandem.json(&["insights"]);
    for part in ["adoption_by_created", "adoption_by_merged"] {
        let expected = without_small_cells(insights[part].clone());
        assert_eq!(report[part], expected, "{part}");
    }
    for part in ["answers", "advice", "pull_requests", "scope"] {
        assert_eq!(report[part], insights[part], "{part}");
    }
    assert_eq!(
        without_survival(report.clone(), "authorship")["authorship"],
        without_survival(insights.clone(), "authorship")["authorship"]
    );
    assert_eq!(
        plain("adoption"),
        without_small_cells(tandem.json(&["adoption"]))
    );
    assert_eq!(
        get("/api/v1/adoption?by=merged", "/api/v1/adoption"),
        without_small_cells(tandem.json(&["adoption", "--by", "merged"]))
    );
    let team = report["adoption_by_created"]["by_team"][0]["name"]
        .as_str()
        .expect("a team")
        .to_owned();
    assert_eq!(
        get(
            &format!("/api/v1/adoption?team={team}&from=2026-01"),
            "/api/v1/adoption"
        ),
        without_small_cells(tandem.json(&["adoption", "--team", &team, "--from", "2026-01"]))
    );
    assert_eq!(plain("coverage"), tandem.json(&["coverage"]));
    assert_eq!(
        get(&format!("/api/v1/coverage?team={team}"), "/api/v1/coverage"),
        tandem.json(&["coverage", "--team", &team])
    );
    // The report may have been made anew in between.
    assert_eq!(
        without_survival(plain("effects"), "comparisons")["comparisons"],
        without_survival(report.clone(), "authorship")["authorship"]
    );
    let cycle = get(
        "/api/v1/effects?metric=cycle&of=reviewed",
        "/api/v1/effects",
    );
    assert!(
        cycle["comparisons"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    );
    assert!(
        cycle["comparisons"]
            .as_array()
            .into_iter()
            .flatten()
            .all(|one| one["metric"] == "cycle")
    );
    assert_eq!(plain("insights"), insights["advice"]);
    assert_eq!(
        plain("teams")["teams"],
        report["adoption_by_created"]["by_team"]
    );
    assert_eq!(
        plain("tools")["author_tools"],
        report["adoption_by_created"]["author_tools"]
    );
    assert!(
        plain("definitions")["definitions"]
            .as_array()
            .is_some_and(|all| all.len() > 10)
    );

    let runs = tandem.json(&["runs"]);
    assert_eq!(plain("runs")["items"], runs);
    let id = runs[0]["id"].as_i64().expect("a run");
    assert_eq!(
        get(&format!("/api/v1/runs/{id}"), "/api/v1/runs/{id}"),
        tandem.json(&["runs", "show", &id.to_string()])
    );
    let verdicts = tandem.ok(&["verdicts", "--json"]).lines();
    for verdict in verdicts.iter().step_by(verdicts.len() / 20 + 1) {
        let path = format!(
            "/api/v1/pull-requests/{}/{}",
            verdict["repo"].as_str().expect("a repository"),
            verdict["number"]
        );
        let one = get(&path, "/api/v1/pull-requests/{owner}/{name}/{number}");
        assert_eq!(
            without_texts(one["verdict"].clone()),
            without_texts(verdict.clone())
        );
        assert_eq!(one["author"], Value::Null, "names of people are not shown");
    }
    pages_follow_each_other(&served, &document, &verdicts);
    what_is_unchanged_is_not_sent_again(&served);
    what_is_wrong_is_told_in_one_shape(&served, &document);
}

fn pages_follow_each_other(served: &Served, document: &Value, verdicts: &[Value]) {
    let mut agents: Vec<(String, u64)> = verdicts
        .iter()
        .filter(|one| one["origin"] == "agent")
        .map(|one| {
            (
                one["repo"].as_str().unwrap_or_default().to_owned(),
                one["number"].as_u64().unwrap_or(0),
            )
        })
        .collect();
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let got = served.get(&format!(
            "/api/v1/pull-requests?origin=agent&limit=100{after}"
        ));
        assert_eq!(got.status, 200, "{got:?}");
        conforms(document, "/api/v1/pull-requests", &got);
        let page = got.json();
        for item in page["items"].as_array().expect("items") {
            assert_eq!(
                (&item["origin"], &item["author"]),
                (&Value::from("agent"), &Value::Null)
            );
            found.push((
                item["repo"].as_str().unwrap_or_default().to_owned(),
                item["number"].as_u64().unwrap_or(0),
            ));
        }
        let Some(next) = page["next"].as_str() else {
            break;
        };
        after = format!("&after={next}");
    }
    agents.sort();
    found.sort();
    assert_eq!(found, agents, "each once");
    for (wrong, status) in [
        ("after=1", 400),
        ("origin=human", 400),
        ("limit=1000", 400),
        ("size=huge", 400),
        ("author=ann", 403),
    ] {
        let got = served.ask("GET", &format!("/api/v1/pull-requests?{wrong}"), &[]);
        assert_eq!(got.status, status, "{wrong}: {got:?}");
        conforms(document, "/api/v1/pull-requests", &got);
    }
}

fn what_is_unchanged_is_not_sent_again(served: &Served) {
    for path in [
        "/api/v1/report",
        "/api/v1/coverage",
        "/api/v1/runs",
        "/api/v1/openapi.json",
    ] {
        let tag = served.get(path).headers["etag"].clone();
        assert!(tag.starts_with('"'), "{path}: {tag} is not a strong tag");
        let again = served.ask("GET", path, &[("if-none-match", &tag)]);
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
        let other = served.ask("GET", path, &[("if-none-match", "\"other\"")]);
        assert_eq!(other.status, 200, "{path}");
    }
}

fn what_is_wrong_is_told_in_one_shape(served: &Served, document: &Value) {
    for (method, path, template, status) in [
        ("GET", "/api/v1/report?from=2026-13", "/api/v1/report", 400),
        ("GET", "/api/v1/report?tema=a", "/api/v1/report", 400),
        ("GET", "/api/v1/report?team=nobody", "/api/v1/report", 404),
        (
            "GET",
            "/api/v1/coverage?team=nobody",
            "/api/v1/coverage",
            404,
        ),
        ("GET", "/api/v1/runs?limit=0", "/api/v1/runs", 400),
        ("GET", "/api/v1/runs?limit=201", "/api/v1/runs", 400),
        ("GET", "/api/v1/runs/999999", "/api/v1/runs/{id}", 404),
        ("GET", "/api/v1/runs/x", "/api/v1/runs/{id}", 400),
        ("POST", "/api/v1/report", "/api/v1/report", 405),
        (
            "GET",
            "/api/v1/pull-requests/no/such/1",
            "/api/v1/pull-requests/{owner}/{name}/{number}",
            404,
        ),
    ] {
        let got = served.ask(method, path, &[]);
        assert_eq!(got.status, status, "{method} {path}: {got:?}");
        assert_eq!(
            got.headers["content-type"], "application/problem+json",
            "{path}"
        );
        conforms(document, template, &got);
    }
    let missing = served.ask("GET", "/api/v1/nothing", &[]);
    assert_eq!(
        (missing.status, missing.json()["status"].clone()),
        (404, Value::from(404))
    );
}

#[test]
fn what_is_too_small_and_who_corrected_are_left_out() {
    let tandem = Tandem::new().with_pull_requests(28);
    tandem.ok(&[
        "correct",
        "orchard/store#4",
        "--origin=none_detected",
        "--note=seen",
        "--by=grace",
    ]);
    let cells = |adoption: &Value| {
        let cells = adoption["by_team_month"].as_array().expect("cells");
        let small = |cell: &&Value| cell["pull_requests"].as_u64() < Some(5);
        (cells.iter().filter(small).count(), cells.len())
    };
    let (small, all) = cells(&tandem.json(&["adoption"]));
    assert!(
        0 < small && small < all,
        "{small} of {all}: the test tells nothing"
    );
    let served = Served::start(&tandem, &[]);
    for path in [
        "/api/v1/adoption",
        "/api/v1/adoption?by=merged",
        "/api/v1/adoption?team=harbour",
    ] {
        assert_eq!(cells(&served.get(path).json()).0, 0, "{path}");
    }
    let report = served.get("/api/v1/report").json();
    assert_eq!(cells(&report["adoption_by_created"]), (0, all - small));
    assert_eq!(cells(&report["adoption_by_merged"]).0, 0);

    let path = "/api/v1/pull-requests/orchard/store/4";
    let hidden = served.get(path);
    let corrected = &hidden.json()["verdict"]["corrected"];
    assert_eq!(corrected["by"], Value::Null, "{corrected}");
    assert_eq!(corrected["note"], "seen");
    assert!(!hidden.body.contains("grace"), "{}", hidden.body);
    std::fs::write(tandem.path("tandem.toml"), "[privacy]\npeople = true\n").expect("written");
    let open = Served::start(&tandem, &[]);
    assert_eq!(open.get(path).json()["verdict"]["corrected"]["by"], "grace");

    // How sure: a number of hundredths.
    let found = |query: &str| {
        let got = open.get(&format!("/api/v1/pull-requests?limit=200&{query}"));
        got.json()["items"].as_array().map_or(0, Vec::len)
    };
    let (sure, rest) = (found("least_confidence=95"), found("most_confidence=94"));
    assert_eq!(sure + rest, 28);
    assert!(
        sure > 0 && rest > 0,
        "{sure} {rest}: the test tells nothing"
    );
    assert_eq!(found("least_confidence=90&most_confidence=10"), 0);
}

/// The fuzzer and its version; another version may find more.
const FUZZER: &str = "schemathesis==4.32.5";

/// How long the fuzzer may take, installing left out.
const FUZZING: Duration = Duration::from_mins(8);

#[test]
fn a_fuzzer_finds_nothing_that_the_document_does_not_say() {
    let program = match fuzzer() {
        Ok(program) => program,
        Err(why) => {
            println!("skipped: the API is not fuzzed, {FUZZER} cannot be had: {why}");
            return;
        }
    };
    let tandem = demo();
    let served = Served::start(&tandem, &[]);
    // Worked out before, so that the time goes into questions.
    assert_eq!(served.get("/api/v1/report").status, 200);
    let settings = tandem.path("schemathesis.toml");
    std::fs::write(
        &settings,
        // Months nobody asked for before have to be worked out, which the document says.
        "[checks.not_a_server_error]\nexpected-statuses = [\"2xx\", \"4xx\", 503]\n\
         [checks.positive_data_acceptance]\nexpected-statuses = [\"2xx\", 404, 503]\n\
         [checks.negative_data_rejection]\nexpected-statuses = [400, 403, 404, 405]\n\
         # A place in a list is what a page before gave: no other text is one, whatever it looks like.\n\
         [[operations]]\ninclude-path = \"/api/v1/pull-requests\"\n\
         [operations.checks.positive_data_acceptance]\nexpected-statuses = [\"2xx\", 400, 403]\n",
    )
    .expect("written");
    let ran = Command::new("timeout")
        .arg(FUZZING.as_secs().to_string())
        .arg(program)
        .arg("--config-file")
        .arg(&settings)
        .args([
            "run",
            "--checks",
            "all",
            "--max-examples",
            "25",
            "--seed",
            "7",
            "--no-color",
        ])
        .args([
            "--workers",
            "1",
            "--request-timeout",
            "60",
            "--continue-on-failure",
        ])
        .arg(format!("http://{}/api/v1/openapi.json", served.address))
        .current_dir(tandem.path("."))
        .output()
        .expect("the fuzzer starts");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

/// The fuzzer in a Python environment of its own, or why there is none.
fn fuzzer() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzzer-venv");
    let program = home.join("bin/schemathesis");
    let stamp = home.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == FUZZER) {
        return Ok(program);
    }
    let step = |name: &str, command: &mut Command| {
        let ran = command
            .output()
            .map_err(|error| format!("{name}: {error}"))?;
        if ran.status.success() {
            return Ok(());
        }
        Err(format!(
            "{name}: {}",
            String::from_utf8_lossy(&ran.stderr).trim()
        ))
    };
    step(
        "python3 -m venv",
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&home),
    )?;
    step(
        "pip install",
        Command::new("timeout")
            .arg("300")
            .arg(home.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                FUZZER,
            ]),
    )?;
    std::fs::write(&stamp, FUZZER).map_err(|error| error.to_string())?;
    Ok(program)
}
