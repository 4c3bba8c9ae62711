//! `tandem insights --narrative` on the emulator: honest models are heard, lying ones are not.

use serde_json::Value;

use crate::support::{Emulator, Tandem, record};

const TIERS: &str = "groq:openai/gpt-oss-20b,groq:openai/gpt-oss-120b";

fn told(emulator: &Emulator) -> (Tandem, i32, Value) {
    let tandem = Tandem::new().with_pull_requests(60).with_emulator(emulator);
    let ran = tandem.run(&["insights", "--narrative", "--tiers", TIERS, "--json"]);
    let code = ran.code;
    (tandem, code, ran.json())
}

#[test]
fn an_honest_narrative_is_told_and_paid_once() {
    let emulator = Emulator::start(None);
    let (tandem, code, document) = told(&emulator);
    assert_eq!(code, 0);
    let narrative = &document["narrative"];
    assert_eq!(narrative["state"], "accepted", "{narrative}");
    assert_eq!(narrative["model"], "groq:openai/gpt-oss-20b");
    let sentences = narrative["sentences"].as_array().expect("sentences");
    assert!(!sentences.is_empty());
    assert_eq!(sentences[0]["fact"], "adoption");
    let billed = emulator.billed().len();
    assert_eq!(billed, 1);
    // The same numbers: nothing is asked again.
    let again = tandem.json(&["insights", "--narrative", "--tiers", TIERS]);
    assert_eq!(again["narrative"], *narrative);
    assert_eq!(emulator.billed().len(), billed);
    let text = tandem
        .ok(&["insights", "--narrative", "--only", "adoption"])
        .stdout;
    assert!(
        text.contains("In a model's words") && text.contains("at least"),
        "{text}"
    );
    // Other numbers: they are told anew.
    let file = tandem.write_records("more.jsonl", &(61..=80).map(record).collect::<Vec<_>>());
    tandem.ok(&["import", &file]);
    tandem.ok(&["detect"]);
    let later = tandem.json(&["insights", "--narrative", "--tiers", TIERS]);
    assert_ne!(later["narrative"]["sentences"], narrative["sentences"]);
    assert_eq!(emulator.billed().len(), billed + 1);
}

#[test]
fn a_lying_model_is_refused_and_the_next_one_asked() {
    let liar = "version = 1\n[models.\"openai/gpt-oss-20b\"]\nwrong_rate = 1.0\n";
    let emulator = Emulator::start(Some(liar));
    let (_tandem, code, document) = told(&emulator);
    assert_eq!(code, 0);
    assert_eq!(document["narrative"]["state"], "accepted");
    assert_eq!(document["narrative"]["model"], "groq:openai/gpt-oss-120b");
}

#[test]
fn when_all_lie_the_plain_text_stands() {
    let liars = "version = 1\n[models.\"openai/gpt-oss-20b\"]\nwrong_rate = 1.0\n[models.\"openai/gpt-oss-120b\"]\nwrong_rate = 1.0\n";
    let emulator = Emulator::start(Some(liars));
    let (tandem, code, document) = told(&emulator);
    assert_eq!(code, 4, "finished, and something has no answer");
    let narrative = &document["narrative"];
    assert_eq!(narrative["state"], "refused");
    let reason = narrative["reason"].as_str().expect("a reason");
    assert!(reason.contains("refused: sentence"), "{reason}");
    assert!(document["authorship"].is_array(), "the report is there");
    let ran = tandem.run(&[
        "insights",
        "--narrative",
        "--tiers",
        TIERS,
        "--only",
        "adoption",
    ]);
    assert!(
        ran.stdout.contains("the plain text stands"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("At least"));
}

#[test]
fn it_is_off_unless_asked_for() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(20)
        .with_emulator(&emulator);
    let document = tandem.json(&["insights"]);
    assert_eq!(document.get("narrative"), None);
    assert_eq!(emulator.billed(), Vec::<Value>::new());
    assert_eq!(tandem.run(&["insights", "--tiers", TIERS]).code, 2);
}
