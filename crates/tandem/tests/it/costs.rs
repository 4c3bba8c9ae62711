//! What was paid: the same exact sum from every side, and whether the cascade was worth it.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::json_contract::settled;
use crate::support::{Emulator, Tandem};

/// Two runs over two tiers with every kind of cost: failures with and without usage, and answers
/// that came twice.
fn two_runs() -> (Tandem, Emulator) {
    let scenario = r#"
version = 1
[[faults]]
kind = "schema_mismatch"
rate = 0.1
[[faults]]
kind = "json_empty"
rate = 0.1
[[faults]]
kind = "conflicting"
rate = 0.1
"#;
    let emulator = Emulator::start(Some(scenario));
    let tandem = Tandem::new()
        .with_pull_requests(60)
        .with_emulator(&emulator);
    for _ in 0..2 {
        let ran = tandem.run(&["analyze", "--limit", "30", "--with-fallback"]);
        assert!([0, 4].contains(&ran.code), "{}", ran.stderr);
    }
    (tandem, emulator)
}

/// Dollars of a document in whole pico-dollars: exact for all amounts below nine thousand dollars.
fn pico(value: &Value) -> i64 {
    (value.as_f64().expect("dollars") * 1e12).round() as i64
}

const MONEY: [&str; 4] = [
    "cost_usd",
    "possible_cost_usd",
    "sync_cost_usd",
    "strong_only_cost_usd",
];

fn sums<'a>(lines: impl Iterator<Item = &'a Value>) -> [i64; 4] {
    lines.fold([0; 4], |sums, line| {
        let mut sums = sums;
        for (sum, member) in sums.iter_mut().zip(MONEY) {
            *sum += pico(&line[member]);
        }
        sums
    })
}

#[test]
fn every_side_has_the_same_total() {
    let (tandem, emulator) = two_runs();
    let requests = tandem.ok(&["costs", "--by", "request", "--json"]).lines();
    let expected = sums(requests.iter());
    assert!(expected.iter().all(|sum| *sum > 0), "{expected:?}");
    for side in ["run", "tier", "shard", "team", "month", "model"] {
        let document = tandem.json(&["costs", "--by", side]);
        let lines = document["lines"].as_array().expect("lines");
        assert_eq!(sums(lines.iter()), expected, "{side}");
        assert_eq!(sums(std::iter::once(&document["totals"])), expected);
    }
    // Answers that came twice belong to no request and no team, and are not lost.
    let twice = requests.iter().filter(|line| line["custom_id"].is_null());
    assert!(sums(twice)[0] > 0);
    let teams = tandem.json(&["costs", "--by", "team"]);
    assert!(teams["lines"][0]["team"].is_null(), "{teams}");

    // The runs say the same of themselves.
    let runs = tandem.json(&["runs"]);
    let of_runs: i64 = runs
        .as_array()
        .expect("runs")
        .iter()
        .map(|run| pico(&run["cost_usd"]))
        .sum();
    assert_eq!(of_runs, expected[0]);
    let shown = [1, 2].map(|run| tandem.json(&["runs", "show", &run.to_string()]));
    let totals = shown.iter().map(|run| &run["totals"]);
    assert_eq!(sums(totals), expected);
    // And the emulator would bill for every token that the ledger knows of.
    let billed: u64 = emulator
        .billed()
        .iter()
        .filter(|line| !is_without_usage(line))
        .filter_map(|line| line["prompt_tokens"].as_u64())
        .sum();
    let by_run = tandem.json(&["costs"]);
    assert_eq!(by_run["totals"]["tokens"]["input"], json!(billed));

    // A team and a span narrow it down, and the parts add up to the whole.
    let part = |arguments: &[&str]| {
        let document = tandem.json(&[&["costs"], arguments].concat());
        sums(std::iter::once(&document["totals"]))[0]
    };
    let month = by_run_month(&tandem);
    assert_eq!(part(&["--from", &month, "--to", &month]), expected[0]);
    assert_eq!(part(&["--to", "2025-12"]), 0);
    let teams_alone = part(&["--team", "orchard"]) + part(&["--team", "harbour"]);
    let twice = pico(&teams["lines"][0]["cost_usd"]);
    assert_eq!(teams_alone + twice, expected[0]);
}

/// Lines of errors carry no usage, so the ledger can count them as possible cost alone.
fn is_without_usage(line: &Value) -> bool {
    let outcome = line["outcome"].as_str().expect("an outcome");
    outcome.starts_with("json_") || outcome == "max_tokens_message"
}

/// The month in which everything was recorded; a test that runs over midnight of its last day is
/// given both.
fn by_run_month(tandem: &Tandem) -> String {
    let document = tandem.json(&["costs", "--by", "month"]);
    document["lines"][0]["month"]
        .as_str()
        .expect("a month")
        .to_owned()
}

#[test]
fn documents_and_tables() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(50)
        .with_emulator(&emulator);
    let nothing = tandem.ok(&["costs"]).stdout;
    assert_eq!(nothing, "Nothing was asked of a model in this span.\n");
    tandem.ok(&["analyze", "--with-fallback"]);
    let document = tandem.json(&["costs", "--by", "tier"]);
    assert_json_snapshot!("costs_by_tier", settled(document, &["prices_as_of"]));
    let human = |side: &str| tandem.ok(&["costs", "--by", side]).stdout;
    assert_snapshot!("costs_by_tier_human", human("tier"));
    assert_snapshot!("costs_by_team_human", human("team"));
    let line = tandem.ok(&["costs", "--by", "request", "--json"]).lines();
    assert_eq!(line.len(), 50);
    assert_json_snapshot!("costs_by_request", line[0]);
}

#[test]
fn a_cascade_that_is_not_worth_it_is_told() {
    // Six in ten fail at the first tier; the break-even of these two models is at five.
    let scenario = "version = 1\n[[faults]]\nkind = \"schema_mismatch\"\nrate = 0.6\n\
                    model = \"openai/gpt-oss-20b\"\n";
    let emulator = Emulator::start(Some(scenario));
    let tandem = Tandem::new()
        .with_pull_requests(60)
        .with_emulator(&emulator);
    let ran = tandem.ok(&["analyze", "--with-fallback"]);
    let warning = "more requests went on to the next tier than the cascade is worth";
    assert!(ran.stderr.contains(warning), "{}", ran.stderr);
    let shown = tandem.ok(&["runs", "show", "1"]);
    assert!(shown.stderr.contains(warning), "{}", shown.stderr);
    let told = tandem.ok(&["costs"]);
    assert!(told.stderr.contains(warning), "{}", told.stderr);
    let cascade = &tandem.json(&["costs"])["cascade"];
    assert_eq!(cascade["dearer_than_strong_alone"], json!(true));
    assert_eq!(cascade["break_even_share"], json!(0.5));
}

#[test]
fn prices_have_dates_and_can_be_overridden() {
    let tandem = Tandem::new().with_pull_requests(1);
    let document = tandem.json(&["costs", "--prices"]);
    let small = document["models"]
        .as_array()
        .expect("models")
        .iter()
        .find(|model| model["model"] == json!("openai/gpt-oss-20b"))
        .expect("the small model");
    assert_json_snapshot!("costs_prices", small);
    std::fs::write(
        tandem.path("my-models.toml"),
        "version = 1\nas_of = 2026-11-01\n[[model]]\nprovider = \"groq\"\nid = \"openai/gpt-oss-20b\"\n\
         context_tokens = 131072\nmax_output_tokens = 65536\n\
         price = [{ from = 2026-10-01, input = 0.08, output = 0.40 }]\n",
    )
    .expect("written");
    std::fs::write(
        tandem.path("tandem.toml"),
        "models_file = \"my-models.toml\"\n",
    )
    .expect("written");
    let table = tandem.ok(&["costs", "--prices"]).stdout;
    let line = table
        .lines()
        .find(|line| line.contains("gpt-oss-20b "))
        .expect("a line");
    for word in ["0.08 / 0.4", "2026-10-01", "2026-11-01", "my-models.toml"] {
        assert!(line.contains(word), "{line}");
    }
    let doctor = tandem.ok(&["doctor", "--offline"]).stdout;
    assert!(doctor.contains("2026-11-01"), "{doctor}");
}
