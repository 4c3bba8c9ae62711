//! What cannot be read is told and left out; what can be read is kept as it is.

use serde_json::Value;

use super::corpus::{Filled, corpus, key};
use crate::support::Tandem;

#[test]
fn lines_that_are_no_records_are_told_with_their_place() {
    let tandem = Tandem::new();
    let lines: [(&[u8], bool); 9] = [
        (
            br#"{"repo":"a/b","number":1,"title":"\ud800 alone"}"#,
            false,
        ),
        (
            br#"{"repo":"a/b","number":2,"title":"\udc00\ud800 turned"}"#,
            false,
        ),
        (
            br#"{"repo":"a/b","number":3,"title":"\ud83d\ude00 whole"}"#,
            true,
        ),
        (
            b"{\"repo\":\"a/b\",\"number\":4,\"title\":\"\xff\xfe\"}",
            false,
        ),
        (
            b"{\"repo\":\"a/b\",\"number\":5,\"title\":\"\x1b raw\"}",
            false,
        ),
        (br#"{"repo":"a/b","number":6,"title":"\u0000\u001b"}"#, true),
        (br#"{"repo":"../..","number":7,"title":"x"}"#, false),
        (
            "{\"repo\":\"a/b\u{202e}\",\"number\":8,\"title\":\"x\"}".as_bytes(),
            false,
        ),
        (br#"{"repo":"a\u0000/b","number":9,"title":"x"}"#, false),
    ];
    let mut file: Vec<u8> = Vec::new();
    for (line, _) in &lines {
        file.extend_from_slice(line);
        file.push(b'\n');
    }
    std::fs::write(tandem.path("prs.jsonl"), file).expect("written");
    let path = tandem.path("prs.jsonl").display().to_string();
    let ran = tandem.run(&["import", &path, "--json"]);
    let good = lines.iter().filter(|(_, is_good)| *is_good).count();
    assert_eq!(ran.json()["inserted"], good, "{ran:?}");
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.chars().any(model::acts), "{text:?}");
    }
    let human = tandem.run(&["import", &path]);
    for text in [&human.stdout, &human.stderr] {
        assert!(!text.chars().any(model::acts), "{text:?}");
    }
}

#[test]
fn what_was_written_is_kept_as_it_was_written() {
    let filled = Filled::new();
    // A branch that goes on with a line end is no branch that a tool would make.
    let is_branch = |text: &str| !text.starts_with(['\r', '\n']);
    let texts = corpus().iter().enumerate();
    for (index, one) in texts.filter(|(_, one)| is_branch(&one.text)) {
        let verdict: Value = filled.tandem.json(&["verdicts", &key(index)]);
        let branch = verdict["evidence"]
            .as_array()
            .expect("evidence")
            .iter()
            .find(|hit| hit["field"] == "head_ref")
            .unwrap_or_else(|| panic!("{}: the branch is no evidence", one.name));
        let quote = branch["quote"].as_str().expect("a quote");
        let whole = format!("copilot/{}", one.text);
        let is_kept = [whole.as_str(), "copilot/long"]
            .iter()
            .any(|branch| branch.starts_with(quote.trim_end_matches('…')));
        assert!(is_kept, "{}: {quote:?}", one.name);
    }
}
