//! The one pass against the plain way: running every pattern on every text.

use std::cell::Cell;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use flate2::read::GzDecoder;
use model::PullRequest;
use proptest::prelude::*;
use proptest::sample::select;

use crate::{Catalogue, Detector};

/// Pieces of what patterns look for, whole and broken, and what may stand between them.
const FRAGMENTS: [&str; 44] = [
    "Co-authored-by: ",
    "Claude <noreply@anthropic.com>",
    "\n",
    "\r\n",
    "\n\n",
    " ",
    "    ",
    "> ",
    "```\n",
    "`",
    "<!-- ",
    " -->",
    "- [ ] ",
    "## ",
    "🤖 ",
    "é",
    "word",
    "_",
    "Generated with [Claude Code](https://claude.ai/code)",
    "Generated with ",
    "Claude Code",
    "claude/",
    "codex/x",
    "codex",
    "[codex] ",
    "cursor/fix-1edb",
    "https://cursor.com/agents?id=bc-1",
    "https://chatgpt.com/codex/tasks/task_e_1",
    "https://app.devin.ai/sessions/1",
    "Link to Devin run",
    "aider: ",
    "Made-with: Cursor",
    "Assisted-by: ",
    "Cursor:gpt-5",
    "Signed-off-by: ",
    "cursoragent@cursor.com",
    "Summary by CodeRabbit",
    "CURSOR_SUMMARY",
    "auto-generated description by cubic",
    "PR-Codex overview",
    "Copilot coding agent",
    "copilot_work_started",
    "Amp-Thread-ID: https://ampcode.com/threads/T-1",
    "Written for commit 0123abcdef",
];

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(select(&FRAGMENTS[..]), 0..24).prop_map(|pieces| pieces.concat())
}

fn record(title: &str, body: &str, message: &str, branch: &str, comment: &str) -> PullRequest {
    let record = serde_json::json!({
        "repo": "example/project", "number": 1, "title": title, "body": body, "head_ref": branch,
        "author": {"login": "ada"}, "labels": [title], "commits": [{"message": message}],
        "comments": [{"author": "ada", "body": comment}], "events": [{"event": branch}],
    });
    serde_json::from_value(record).expect("a record")
}

fn detector() -> Detector {
    let catalogue = Catalogue::builtin().expect("the built-in catalogue is valid");
    Detector::new(&catalogue).expect("it compiles")
}

#[test]
fn one_pass_finds_what_the_plain_way_finds() {
    let detector = detector();
    let found = Cell::new(0);
    let config = ProptestConfig::with_cases(600);
    proptest!(config, |(title in text(), body in text(), message in text(), branch in text(), comment in text())| {
        let record = record(&title, &body, &message, &branch, &comment);
        let evidence = detector.evidence(&record);
        found.set(found.get() + evidence.len());
        prop_assert_eq!(&evidence, &detector.evidence_one_by_one(&record));
    });
    assert!(
        found.get() > 300,
        "the fragments must hit something: {found:?}"
    );
}

#[test]
fn one_pass_finds_what_the_plain_way_finds_in_arbitrary_text() {
    let detector = detector();
    proptest!(ProptestConfig::with_cases(200), |(body in "\\PC{0,400}", message in "(?s).{0,400}")| {
        let record = record("", &body, &message, "", "");
        prop_assert_eq!(detector.evidence(&record), detector.evidence_one_by_one(&record));
    });
}

#[test]
fn one_pass_finds_what_the_plain_way_finds_in_the_development_data() {
    let folder = std::env::var_os("TANDEM_DATA_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let Ok(file) = std::fs::File::open(folder.join("prs.jsonl.gz")) else {
        eprintln!("skipped: there is no development data beside the workspace");
        return;
    };
    let detector = detector();
    // Every pattern on every text is slow; every fourth record is enough to notice a difference.
    for line in BufReader::new(GzDecoder::new(file)).lines().step_by(4) {
        let line = line.expect("a line of UTF-8");
        let record: PullRequest = serde_json::from_str(&line).expect("a record");
        assert_eq!(
            detector.evidence(&record),
            detector.evidence_one_by_one(&record),
            "{}",
            record.key()
        );
    }
}
