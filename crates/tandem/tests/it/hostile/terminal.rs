//! The command line: nothing drives the terminal, JSON says what was written, and tables keep their width.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::corpus::{Filled, corpus, key, teams};
use crate::support::Ran;

/// The widest line that a verb may print: the widest table with its cells at their widest.
const WIDEST: usize = 700;

/// What of a text acts on a terminal.
fn acting(text: &str) -> Vec<char> {
    text.chars().filter(|one| model::acts(*one)).collect()
}

/// What is wrong with what verbs printed.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn tell(&mut self, arguments: &[&str], what: impl std::fmt::Display) {
        self.0.push(format!("{arguments:?}: {what}"));
    }

    fn check_text(&mut self, arguments: &[&str], text: &str) {
        let acting = acting(text);
        if let Some(first) = acting.first() {
            let line = text.lines().find(|line| line.contains(*first));
            let line: String = line.unwrap_or_default().chars().take(200).collect();
            let number = acting.len();
            self.tell(arguments, format!("{number} characters that act: {line:?}"));
        }
    }

    fn check_human(&mut self, arguments: &[&str], ran: &Ran) {
        for text in [&ran.stdout, &ran.stderr] {
            self.check_text(arguments, text);
            for line in text.lines() {
                // What would be sent is shown as it would be sent.
                if line.width() > WIDEST && !line.starts_with('{') {
                    let start: String = line.chars().take(200).collect();
                    self.tell(arguments, format!("{} columns: {start}", line.width()));
                }
                // A name with a line end in it does not look like a message.
                if line.starts_with("error: all is lost") || line.starts_with("hint: curl") {
                    self.tell(arguments, line);
                }
            }
        }
        if ran.code == 1 || ran.stderr.contains("panicked") {
            self.tell(arguments, &ran.stderr);
        }
    }

    /// Every JSON document or line on stdout; what acts is written as escapes.
    fn check_json(&mut self, arguments: &[&str], ran: &Ran) -> Vec<Value> {
        self.check_text(arguments, &ran.stdout);
        self.check_text(arguments, &ran.stderr);
        if ran.code == 1 || ran.stderr.contains("panicked") {
            self.tell(arguments, &ran.stderr);
        }
        let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&ran.stdout)
            .into_iter()
            .collect();
        values.unwrap_or_else(|error| {
            self.tell(arguments, error);
            Vec::new()
        })
    }
}

#[test]
fn nothing_drives_the_terminal_and_json_says_what_was_written() {
    let filled = Filled::analysed();
    let tandem = &filled.tandem;
    tandem.ok(&[
        "correct",
        &key(0),
        "--origin",
        "agent",
        "--note",
        "\u{1b}[31mseen\u{202e}",
        "--by",
        "<b>\u{202e}",
    ]);
    let truth = tandem.write_records(
        "truth.jsonl",
        &[serde_json::json!({"repo": "hostile/r1", "number": 2, "authored": false})],
    );
    let verbs: Vec<Vec<&str>> = vec![
        vec!["teams"],
        vec!["coverage"],
        vec!["adoption"],
        vec!["adoption", "--by", "merged"],
        vec!["insights"],
        vec!["effects"],
        vec!["effects", "--metric", "cycle", "--sensitivity"],
        vec!["verdicts"],
        vec!["runs"],
        vec!["runs", "show", "1"],
        vec!["runs", "show", "1", "--failed"],
        vec!["costs"],
        vec!["costs", "--by", "team"],
        vec!["costs", "--by", "request"],
        vec!["quarantine"],
        vec!["quarantine", "list"],
        vec!["sync", "--status"],
        vec!["evaluate", "--corrections"],
        vec!["evaluate", "--truth", &truth],
        vec!["digest", "--week", "2026-W10"],
        vec!["report", "--format", "markdown"],
        vec!["analyze", "--limit", "5", "--dry-run"],
        vec!["analyze", "--limit", "5", "--dry-run", "--show"],
        vec!["doctor"],
    ];
    let mut problems = Problems::default();
    for arguments in &verbs {
        problems.check_human(arguments, &tandem.run(arguments));
        let mut with_json = arguments.clone();
        with_json.push("--json");
        let ran = tandem.run(&with_json);
        let said = problems.check_json(&with_json, &ran);
        if said.is_empty() {
            problems.tell(arguments, format!("says nothing: {ran:?}"));
        }
    }
    // With colours on, what is left of control is ours.
    for verb in ["adoption", "insights", "coverage"] {
        let ran = tandem.ok(&[verb, "--color", "always"]);
        let plain = anstream::adapter::strip_str(&ran.stdout).to_string();
        assert!(ran.stdout.contains("\u{1b}["), "{verb} has no colour");
        assert!(acting(&plain).is_empty(), "{verb}: {:?}", acting(&plain));
        assert!(!ran.stdout.contains("\u{1b}[8m"), "{verb} hides text");
    }
    let told = tandem.json(&["teams"])["teams"].to_string();
    for team in teams() {
        assert!(
            told.contains(&serde_json::to_string(team).expect("written")),
            "the name of {team:?} is not told as it is"
        );
        for verb in ["insights", "coverage", "adoption"] {
            let team = format!("--team={team}");
            let arguments = [verb, team.as_str()];
            problems.check_human(&arguments, &tandem.run(&arguments));
        }
    }
    for (index, one) in corpus().iter().enumerate() {
        let key = key(index);
        let arguments = ["verdicts", &key];
        problems.check_human(&arguments, &tandem.run(&arguments));
        let ran = tandem.run(&["verdicts", &key, "--json"]);
        let said = problems.check_json(&arguments, &ran);
        if said
            .first()
            .is_none_or(|verdict| verdict["ai_authored"] != true)
        {
            problems.tell(&arguments, format!("{}: {said:?}", one.name));
        }
        let arguments = ["correct", &key, "--history"];
        problems.check_human(&arguments, &tandem.run(&arguments));
    }
    assert!(problems.0.is_empty(), "{}", problems.0.join("\n"));
}
