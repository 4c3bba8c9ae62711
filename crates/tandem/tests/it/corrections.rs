//! `tandem correct`: what a user says holds, whatever is detected or analysed afterwards.

use serde_json::json;

use crate::support::{Emulator, Tandem, record};

const PERSON: &str = "orchard/store#1";
const AGENT: &str = "orchard/store#4";

#[test]
fn a_correction_outranks_detection_and_analysis_until_it_is_withdrawn() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new().with_pull_requests(8).with_emulator(&emulator);
    let before = tandem.json(&["verdicts", AGENT]);
    assert_eq!(before["origin"], json!("assisted"));
    let corrected = tandem.json(&[
        "correct",
        AGENT,
        "--origin",
        "none_detected",
        "--note",
        "a template",
        "--by",
        "ada",
    ]);
    assert_eq!(corrected["verdict"]["ai_authored"], json!(false));
    assert_eq!(corrected["verdict"]["author_tools"], json!([]));
    assert_eq!(corrected["automatic"]["origin"], json!("assisted"));
    assert_eq!(corrected["decisions"][0]["by"], json!("ada"));

    // Neither judging all again, nor a change, nor a model's answer takes it away.
    tandem.ok(&["detect", "--all"]);
    let mut changed = record(4);
    changed["body"] = json!("Another text.");
    let file = tandem.write_records("changed.jsonl", &[changed]);
    tandem.ok(&["import", &file]);
    tandem.ok(&["detect"]);
    tandem.ok(&["analyze", "--with-fallback"]);
    let after = tandem.json(&["verdicts", AGENT]);
    assert_eq!(after["origin"], json!("none_detected"));
    assert_eq!(after["corrected"]["automatic"]["origin"], json!("assisted"));
    assert_eq!(after["corrected"]["note"], json!("a template"));
    assert_eq!(after["evidence"], before["evidence"]);
    let adoption = tandem.json(&["adoption"]);
    assert_eq!(adoption["overall"]["of_all"]["successes"], json!(1));

    let withdrawn = tandem.json(&["correct", AGENT, "--withdraw", "--note", "it was right"]);
    assert_eq!(withdrawn["verdict"]["origin"], json!("assisted"));
    assert_eq!(withdrawn["automatic"], json!(null));
    let history = tandem.json(&["correct", AGENT, "--history"]);
    assert_eq!(history["decisions"].as_array().map(Vec::len), Some(2));
    assert_eq!(history["decisions"][0]["correction"], json!(null));
    let again = tandem.run(&["correct", AGENT, "--withdraw", "--note", "twice"]);
    assert_eq!(again.code, 2, "{}", again.stderr);
}

#[test]
fn corrections_are_labels() {
    let tandem = Tandem::new().with_pull_requests(12);
    let none = tandem.ok(&["evaluate", "--corrections"]);
    assert!(
        none.stdout.contains("No correction stands"),
        "{}",
        none.stdout
    );
    // One missed, one found wrongly, one confirmed.
    for arguments in [
        [PERSON, "--origin=agent", "--tools=devin"],
        [AGENT, "--origin=none_detected", "--review-tools="],
        [
            "orchard/store#8",
            "--origin=assisted",
            "--tools=claude_code",
        ],
    ] {
        tandem.ok(&[
            "correct",
            arguments[0],
            arguments[1],
            arguments[2],
            "--note",
            "seen",
        ]);
    }
    let evaluation = tandem.json(&["evaluate", "--corrections"]);
    let authored = &evaluation["authored"];
    assert_eq!(
        (&authored["tp"], &authored["fp"], &authored["fn"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(authored["precision"], json!(0.5));
    assert!(authored["intervals"]["recall"]["high"].is_number());
    assert_eq!(evaluation["tools"]["devin"]["fn"], json!(1));
    assert_eq!(evaluation["labels"], json!("corrections"));
    assert!(
        evaluation["caution"]
            .as_str()
            .is_some_and(|text| text.contains("random sample"))
    );
    let text = tandem.ok(&["evaluate", "--corrections"]).stdout;
    assert!(text.contains("3 corrections as the truth"), "{text}");
    // A file of truth judges what was found, not what was corrected.
    let truth =
        json!({"repo": "orchard/store", "number": 4, "agent": "Claude_Code", "ai_authored": true});
    let file = tandem.write_records("truth.jsonl", &[truth]);
    let evaluation = tandem.json(&["evaluate", "--truth", &file]);
    assert_eq!(evaluation["authored"]["tp"], json!(1));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let tandem = Tandem::new().with_pull_requests(4);
    for (arguments, words) in [
        (
            vec!["correct", AGENT, "--note", "x"],
            "nothing is said to be wrong",
        ),
        (vec!["correct", AGENT, "--origin", "agent"], "--note"),
        (
            vec!["correct", AGENT, "--tools", "nosuch", "--note", "x"],
            "no tool is called 'nosuch'",
        ),
        (
            vec![
                "correct", AGENT, "--origin", "unknown", "--tools", "devin", "--note", "x",
            ],
            "the origin has none",
        ),
        (
            vec![
                "correct",
                "orchard/store#99",
                "--origin",
                "agent",
                "--note",
                "x",
            ],
            "not in the database",
        ),
        (
            vec!["correct", "orchard", "--origin", "agent", "--note", "x"],
            "does not name a pull request",
        ),
    ] {
        let ran = tandem.run(&arguments);
        assert_eq!(ran.code, 2, "{arguments:?}\n{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{arguments:?}\n{}", ran.stderr);
    }
    assert_eq!(tandem.json(&["verdicts", AGENT])["corrected"], json!(null));
}
