//! Providers other than Groq's batches, by the binary: the emulator stands for each.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Emulator, Ran, Tandem, wait_until};

/// The emulator's address without the part that is Groq's.
fn origin(emulator: &Emulator) -> String {
    emulator.base_url.trim_end_matches("/openai/v1").to_owned()
}

fn says(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{}\n{}", ran.stdout, ran.stderr);
    for words in words {
        assert!(ran.stderr.contains(words), "{words:?}: {}", ran.stderr);
    }
}

#[test]
fn the_same_host_by_plain_calls_costs_the_plain_price() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(20)
        .with_emulator(&emulator);
    let sync = [
        "analyze",
        "--tiers",
        "groq-sync:openai/gpt-oss-20b,groq-sync:openai/gpt-oss-120b",
    ];
    let estimate = tandem.json(&[&sync[..], &["--dry-run"]].concat());
    assert_eq!(estimate["cost"]["likely"], estimate["sync_cost_usd"]);
    let run = tandem.json(&sync);
    assert_eq!(run["totals"]["answered"], json!(20));
    let cost = run["totals"]["cost_usd"].as_f64().expect("a number");
    assert!(cost > 0.0);
    assert_eq!(run["totals"]["sync_cost_usd"], run["totals"]["cost_usd"]);
    // What the emulator would bill at the synchronous prices; errors tell no usage.
    let billed: f64 = emulator
        .billed()
        .iter()
        .filter(|answer| {
            !answer["outcome"]
                .as_str()
                .is_some_and(|outcome| outcome.starts_with("json_"))
        })
        .map(|answer| {
            let strong = answer["model"] == json!("openai/gpt-oss-120b");
            let (input, output) = if strong { (0.15, 0.60) } else { (0.075, 0.30) };
            let tokens = |name: &str| answer[name].as_f64().expect("a number");
            (tokens("prompt_tokens") * input + tokens("completion_tokens") * output) / 1e6
        })
        .sum();
    assert!((cost - billed).abs() < 1e-9, "{cost} {billed}");
    assert_eq!(tandem.json(&["coverage"])["analyzed"], json!(20));
    let left = std::fs::read_dir(tandem.path("tandem.db-spool/groq-sync"))
        .expect("the spool")
        .count();
    assert_eq!(left, 0);
}

#[test]
fn a_local_server_needs_no_price_and_keeps_a_budget() {
    let emulator = Emulator::start(None);
    let mut tandem = Tandem::new().with_pull_requests(8);
    tandem.set("TANDEM_OLLAMA_BASE_URL", &emulator.base_url);
    // The emulator wants some key; the server it stands for does not.
    tandem.set("OLLAMA_API_KEY", "any");
    let run = tandem.json(&[
        "analyze",
        "--tiers",
        "ollama:openai/gpt-oss-120b",
        "--budget",
        "0.01",
    ]);
    assert_eq!(run["totals"]["answered"], json!(8));
    assert_eq!(run["totals"]["cost_usd"].as_f64(), Some(0.0));
}

#[test]
fn other_dialects_answer_as_well() {
    let emulator = Emulator::start(None);
    let mut tandem = Tandem::new().with_pull_requests(12);
    let origin = origin(&emulator);
    tandem.set("TANDEM_MISTRAL_BASE_URL", &format!("{origin}/mistral/v1"));
    tandem.set("MISTRAL_API_KEY", "any");
    tandem.set("TANDEM_ANTHROPIC_BASE_URL", &format!("{origin}/anthropic"));
    tandem.set("ANTHROPIC_API_KEY", "any");
    let run = tandem.json(&[
        "analyze",
        "--tiers",
        "mistral:openai/gpt-oss-20b,anthropic:openai/gpt-oss-120b",
    ]);
    assert_eq!(run["totals"]["answered"], json!(12));
    // No price is established for them, so none is made up.
    assert_eq!(
        run["estimate"]["unpriced"].as_array().map(Vec::len),
        Some(2)
    );
    says(
        &tandem.run(&[
            "analyze",
            "--stale",
            "--tiers",
            "mistral:openai/gpt-oss-20b",
            "--budget",
            "1",
        ]),
        3,
        &["price of mistral:openai/gpt-oss-20b", "models_file"],
    );
}

#[test]
fn a_host_of_ones_own_is_a_section_of_the_configuration() {
    let emulator = Emulator::start(None);
    let mut tandem = Tandem::new().with_pull_requests(4);
    tandem.set("HOUSE_KEY", "any");
    let config = format!(
        "[analyze]\ntiers = [\"house:openai/gpt-oss-120b\"]\n[providers.house]\nbase_url = \"{}\"\n\
         key_env = \"HOUSE_KEY\"\nlisting = \"cursor\"\nwindows = [\"48h\"]\nresponse = \"strict_schema\"\n\
         headers = {{ x-team = \"orchard\" }}\n",
        emulator.base_url
    );
    std::fs::write(tandem.path("tandem.toml"), config).expect("written");
    let run = tandem.json(&["analyze"]);
    assert_eq!(run["totals"]["answered"], json!(4));
    let doctor = tandem.json(&["doctor"]);
    let house = &doctor["providers"][0];
    assert_eq!(house["name"], json!("house"));
    assert_eq!(house["windows"], json!("48h"));
    assert_eq!(house["state"], json!("reachable, the key is accepted"));
    assert_eq!(house["models"][0]["state"], json!("served"));
}

#[test]
fn doctor_speaks_of_every_provider_somebody_configured() {
    let mut tandem = Tandem::new();
    tandem.set("MISTRAL_API_KEY", "any");
    std::fs::write(
        tandem.path("tandem.toml"),
        "[providers.ollama]\nconcurrency = 4\n[providers.azure]\nendpoint = \"/chat/completions\"\n",
    )
    .expect("written");
    let doctor = tandem.json(&["doctor", "--offline"]);
    let rows: Vec<(&str, &str, &str)> = doctor["providers"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().expect("text");
            (text("name"), text("asked_by"), text("key"))
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("groq", "batches", "missing"),
            ("azure", "batches", "missing"),
            ("ollama", "plain calls", "not needed"),
            ("mistral", "batches", "there"),
        ]
    );
    // Only what the tiers ask for is missed.
    let next: Vec<&Value> = doctor["next"].as_array().expect("a list").iter().collect();
    assert!(next.iter().any(|step| step.to_string().contains("GROQ")));
    assert!(!next.iter().any(|step| step.to_string().contains("AZURE")));
}

#[test]
fn what_cannot_be_asked_is_said_before_anything_is_sent() {
    let mut tandem = Tandem::new().with_pull_requests(4);
    let analyze = |tier: &str| tandem.run(&["analyze", "--tiers", tier]);
    says(
        &analyze("nobody:model"),
        3,
        &[
            "'nobody' is not known",
            "anthropic",
            "providers.nobody.base_url",
        ],
    );
    says(&analyze("anthropic-sync:model"), 3, &["only batches"]);
    says(
        &analyze("anthropic:model"),
        3,
        &["ANTHROPIC_API_KEY is not set"],
    );
    says(
        &analyze("mistral-sync:model"),
        3,
        &["MISTRAL_API_KEY is not set"],
    );
    says(
        &tandem.run(&["analyze", "--tiers", "openai:model", "--window", "7d"]),
        2,
        &[
            "openai does not offer the completion window 7d",
            "it offers 24h",
        ],
    );
    tandem.set("AZURE_API_KEY", "any");
    says(
        &tandem.run(&["analyze", "--tiers", "azure:deployment"]),
        3,
        &["address of azure is not set", "TANDEM_AZURE_BASE_URL"],
    );
    assert_eq!(tandem.json(&["runs"]), json!([]));
}

/// Killed without warning in the midst of plain calls: what had its line is not asked again, and no
/// more than what was in flight is paid for twice.
#[test]
fn a_killed_run_by_plain_calls_is_taken_up() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(24)
        .with_emulator(&emulator);
    let mut child = tandem
        .command(&[
            "analyze",
            "--tiers",
            "groq-sync:openai/gpt-oss-120b",
            "--yes",
        ])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("starts");
    wait_until("a second round of calls", Duration::from_mins(1), || {
        emulator.billed().len() > 8
    });
    child.kill().expect("is killed");
    child.wait().expect("is gone");
    let resumed = tandem.json(&["runs", "resume", "1"]);
    assert_eq!(resumed["totals"]["answered"], json!(24));
    let billed = emulator.billed().len();
    assert!((24..=24 + 8).contains(&billed), "{billed}");
    assert_eq!(tandem.json(&["coverage"])["analyzed"], json!(24));
}
