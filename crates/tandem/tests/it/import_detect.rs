//! Import, detect and what can be read of them afterwards, as a new user would do it.

use std::io::Write;

use crate::support::{Tandem, record};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

#[test]
fn importing_twice_changes_nothing() {
    let tandem = Tandem::new();
    let records: Vec<Value> = (1..=40).map(record).collect();
    let file = tandem.write_records("prs.jsonl", &records);
    let first = tandem.json(&["import", &file]);
    assert_eq!(
        (first["inserted"].as_u64(), first["rejected"].as_u64()),
        (Some(40), Some(0))
    );
    let second = tandem.json(&["import", &file]);
    assert_eq!(
        (second["inserted"].as_u64(), second["unchanged"].as_u64()),
        (Some(0), Some(40))
    );
    assert_eq!(second["rejects_file"], Value::Null);
}

#[test]
fn compressed_files_and_stdin_are_read() {
    let tandem = Tandem::new();
    let text: String = (1..=10)
        .map(|number| format!("{}\n", record(number)))
        .collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("compressed");
    std::fs::write(tandem.path("prs.gz"), encoder.finish().expect("finished")).expect("written");
    assert_eq!(tandem.json(&["import", "prs.gz"])["inserted"], json!(10));

    let mut child = tandem
        .command(&["import", "-", "--json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(text.as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("finished");
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(document["unchanged"], json!(10));
}

#[test]
fn a_bad_line_is_set_aside_with_file_line_and_field() {
    let tandem = Tandem::new();
    let mut text = format!("{}\n", record(1));
    text.push_str("{\"repo\": \"a/b\", \"number\": 2, \"additions\": \"many\"}\n{broken\n");
    text.push_str(&format!("{}\n", record(3)));
    std::fs::write(tandem.path("prs.jsonl"), text).expect("written");

    let ran = tandem.ok(&["import", "prs.jsonl"]);
    assert!(
        ran.stdout.contains("2 pull requests: 2 new") && ran.stdout.contains("2 set aside"),
        "{}",
        ran.stdout
    );
    let rejects = crate::support::read_json_lines(&tandem.path("tandem.rejects.jsonl"));
    assert_eq!(rejects.len(), 2);
    assert_eq!(rejects[0]["line"], json!(2));
    assert_eq!(rejects[0]["field"], json!("additions"));
    assert_eq!(rejects[1]["line"], json!(3));

    let strict = tandem.run(&["import", "--strict", "prs.jsonl"]);
    assert_eq!(strict.code, 2);
    assert!(
        strict.stderr.contains("prs.jsonl")
            && strict.stderr.contains('2')
            && strict.stderr.contains("additions"),
        "{}",
        strict.stderr
    );
}

#[test]
fn verdicts_stream_one_object_per_pull_request_with_evidence() {
    let tandem = Tandem::new().with_pull_requests(20);
    let lines = tandem.ok(&["verdicts", "--json"]).lines();
    assert_eq!(lines.len(), 20);
    for line in &lines {
        let by_agent = line["number"].as_u64().expect("a number").is_multiple_of(4);
        assert_eq!(line["ai_authored"], json!(by_agent), "{line}");
        assert_eq!(line["plain_bot"], json!(false));
        assert_eq!(
            line["author_tools"],
            if by_agent {
                json!(["claude_code"])
            } else {
                json!([])
            }
        );
    }
    let found = lines
        .iter()
        .find(|line| line["ai_authored"] == json!(true))
        .expect("one is by an agent");
    let evidence = &found["evidence"][0];
    for key in ["tool", "role", "signal", "field", "quote", "rule"] {
        assert!(evidence[key].is_string(), "{key}: {evidence}");
    }
    assert!(
        evidence["quote"]
            .as_str()
            .expect("a quote")
            .contains("noreply@anthropic.com")
    );
}

#[test]
fn one_pull_request_is_shown_with_its_evidence() {
    let tandem = Tandem::new().with_pull_requests(8);
    let ran = tandem.ok(&["verdicts", "orchard/store#4"]);
    assert!(
        ran.stdout.contains("claude_code") && ran.stdout.contains("commits[0].message"),
        "{}",
        ran.stdout
    );
    let missing = tandem.run(&["verdicts", "orchard/store#999"]);
    assert_eq!(missing.code, 2);
    assert!(
        missing
            .stderr
            .contains("orchard/store#999 is not in the database"),
        "{}",
        missing.stderr
    );
}

#[test]
fn detection_repeats_only_what_changed() {
    let tandem = Tandem::new().with_pull_requests(10);
    assert_eq!(tandem.json(&["detect"])["detected"]["total"], json!(0));
    let mut changed = record(1);
    changed["title"] = json!("fix: another title");
    let file = tandem.write_records("changed.jsonl", &[changed]);
    assert_eq!(tandem.json(&["import", &file])["updated"], json!(1));
    assert_eq!(tandem.json(&["detect"])["detected"]["total"], json!(1));
    assert_eq!(
        tandem.json(&["detect", "--all"])["detected"]["total"],
        json!(10)
    );
}

/// A signature of a user's own, in the shape of the built-in ones.
const OWN_SIGNATURE: &str = r#"
[[tool]]
slug = "inhouse_robot"
name = "In-house robot"
kind = "agent"

[[text]]
id = "inhouse.helped_by"
tool = "inhouse_robot"
role = "assisted"
places = ["commit"]
pattern = '''^Helped-By: inhouse-robot \d+'''
confidence = "high"
source = "ours"
examples = ["Helped-By: inhouse-robot 7"]
counter_examples = ["Helped-By: a colleague"]
"#;

#[test]
fn users_add_signatures_of_their_own() {
    let tandem = Tandem::new();
    let mut own = record(1);
    own["commits"][0]["message"] = json!("fix: a thing\n\nHelped-By: inhouse-robot 7");
    let file = tandem.write_records("prs.jsonl", &[own]);
    tandem.ok(&["import", &file]);
    tandem.ok(&["detect"]);
    assert_eq!(
        tandem.ok(&["verdicts", "--json"]).lines()[0]["author_tools"],
        json!([])
    );

    // The configuration's file counts for every verb; what was judged without it is judged again.
    std::fs::write(tandem.path("own.toml"), OWN_SIGNATURE).expect("written");
    let config = "[detect]\nsignatures = [\"own.toml\"]\n";
    std::fs::write(tandem.path("tandem.toml"), config).expect("written");
    assert_eq!(tandem.json(&["detect"])["detected"]["assisted"], json!(1));
    let verdict = &tandem.ok(&["verdicts", "--json"]).lines()[0];
    assert_eq!(verdict["author_tools"], json!(["inhouse_robot"]));
    assert_eq!(verdict["evidence"][0]["rule"], json!("inhouse.helped_by"));

    let broken = "[[text]]\nid = \"x\"\nnovel_key = 1\n";
    std::fs::write(tandem.path("broken.toml"), broken).expect("written");
    let ran = tandem.run(&["detect", "--signatures", "broken.toml"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("broken.toml"), "{}", ran.stderr);
}

#[test]
fn adoption_and_evaluation_add_up() {
    let tandem = Tandem::new().with_pull_requests(40);
    let adoption = tandem.json(&["adoption"]);
    assert_eq!(adoption["overall"]["pull_requests"], json!(40));
    assert_eq!(adoption["overall"]["of_all"]["successes"], json!(10));
    let truth: Vec<Value> = (1..=40_u64)
        .map(|number| {
            let by_agent = number.is_multiple_of(4);
            let repo = record(number)["repo"].clone();
            json!({"repo": repo, "number": number, "agent": if by_agent {"Claude_Code"} else {"none"},
                "ai_authored": by_agent, "review_ai": [], "visible": if by_agent {json!(["trailer"])} else {json!(null)},
                "weak": false})
        })
        .collect();
    let file = tandem.write_records("truth.jsonl", &truth);
    let evaluation = tandem.json(&["evaluate", "--truth", &file]);
    assert_eq!(evaluation["authored"]["tp"], json!(10));
    assert_eq!(evaluation["authored"]["fp"], json!(0));
    assert_eq!(evaluation["authored"]["fn"], json!(0));
    assert_eq!(evaluation["authored"]["tn"], json!(30));
    assert_eq!(evaluation["tools"]["claude_code"]["recall"], json!(1.0));
    assert!(
        evaluation["authored"]["intervals"]["recall"]["low"]
            .as_f64()
            .expect("a bound")
            > 0.7
    );
    assert_eq!(evaluation["false_positives"], json!([]));
}

#[test]
fn real_pull_requests_meet_the_promises() {
    let (Some(prs), Some(truth)) = (
        crate::support::real_data("prs.jsonl.gz"),
        crate::support::real_data("truth.jsonl"),
    ) else {
        return;
    };
    let tandem = Tandem::new();
    let imported = tandem.json(&["import", &prs.display().to_string()]);
    assert_eq!(
        (imported["inserted"].as_u64(), imported["rejected"].as_u64()),
        (Some(3817), Some(0))
    );
    tandem.ok(&["detect"]);
    let evaluation = tandem.json(&["evaluate", "--truth", &truth.display().to_string()]);
    assert_eq!(
        evaluation["authored"]["fp"],
        json!(0),
        "certain humans called AI"
    );
    let share = |value: &Value| value.as_f64().expect("a share");
    assert!(
        share(&evaluation["visible"]["recall"]) >= 0.99,
        "{}",
        evaluation["visible"]
    );
    assert!(
        share(&evaluation["review_overall"]["recall"]) >= 0.97,
        "{}",
        evaluation["review_overall"]
    );
}
