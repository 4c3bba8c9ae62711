//! The command line itself: its reference, its streams, its colours.

use std::path::Path;

use crate::support::Tandem;

const VERBS: &[&[&str]] = &[
    &[],
    &["demo"],
    &["import"],
    &["sync"],
    &["teams"],
    &["detect"],
    &["analyze"],
    &["calibrate"],
    &["runs"],
    &["runs", "list"],
    &["runs", "show"],
    &["runs", "resume"],
    &["runs", "cancel"],
    &["costs"],
    &["quarantine"],
    &["quarantine", "list"],
    &["quarantine", "retry"],
    &["quarantine", "drop"],
    &["coverage"],
    &["adoption"],
    &["insights"],
    &["effects"],
    &["export"],
    &["verdicts"],
    &["correct"],
    &["compare"],
    &["evaluate"],
    &["report"],
    &["digest"],
    &["serve"],
    &["batch"],
    &["batch", "run"],
    &["batch", "resume"],
    &["batch", "cancel"],
    &["emulate"],
    &["doctor"],
    &["completions"],
];

/// `docs/cli.md` is what `--help` says. To renew it: `TANDEM_UPDATE_DOCS=1 ./scripts/test -p tandem`.
#[test]
fn the_reference_is_what_help_says() {
    let tandem = Tandem::new();
    let mut text = String::from(
        "# The command line\n\nWritten from the built-in help by a test, which also checks it. \
         What stands here is a contract: scripts may rely on it.\n",
    );
    for verb in VERBS {
        let mut arguments = verb.to_vec();
        arguments.push(if verb.is_empty() { "--help" } else { "-h" });
        let help = tandem.ok(&arguments).stdout;
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        let name: Vec<&str> = ["tandem"].iter().chain(*verb).copied().collect();
        text.push_str(&format!("\n## `{}`\n\n```text\n", name.join(" ")));
        text.push_str(help.join("\n").trim_end());
        text.push_str("\n```\n");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    if std::env::var_os("TANDEM_UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, &text).expect("written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/cli.md is not what --help says; TANDEM_UPDATE_DOCS=1 renews it"
    );
}

#[test]
fn stdout_is_data_and_stderr_the_rest() {
    let tandem = Tandem::new().with_pull_requests(5);
    let ran = tandem.ok(&["verdicts", "--json"]);
    assert_eq!(ran.lines().len(), 5);
    let quiet = tandem.ok(&["import", "prs.jsonl", "--quiet", "--json"]);
    assert_eq!(quiet.stderr, "");
    quiet.json();
    let plain = tandem.ok(&["coverage"]);
    assert!(!plain.stdout.contains('\u{1b}'), "no colour in a pipe");
    let coloured = tandem.ok(&["coverage", "--color", "always"]);
    assert!(coloured.stdout.contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let tandem = Tandem::new().with_pull_requests(900);
    let mut child = tandem
        .command(&["verdicts", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut line = String::new();
    let mut reader = BufReader::with_capacity(64, child.stdout.take().expect("piped"));
    reader.read_line(&mut line).expect("a line");
    drop(reader);
    let output = child.wait_with_output().expect("finished");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn wrong_use_is_exit_code_2() {
    let tandem = Tandem::new();
    for arguments in [
        &["novel"][..],
        &["import"],
        &["analyze", "--budget", "five"],
        &["runs", "show", "x"],
    ] {
        let ran = tandem.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn completions_name_every_verb() {
    let tandem = Tandem::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = tandem.ok(&["completions", shell]).stdout;
        for verb in ["import", "analyze", "coverage", "emulate"] {
            assert!(script.contains(verb), "{shell}: {verb}");
        }
    }
}

#[test]
fn doctor_says_what_to_do_next() {
    let mut tandem = Tandem::new();
    let report = tandem.json(&["doctor"]);
    assert_eq!(report["database"]["state"], "not there yet");
    assert_eq!(report["providers"][0]["key"], "missing");
    assert!(
        report["next"][0]
            .as_str()
            .expect("a step")
            .starts_with("tandem import")
    );
    tandem = tandem.with_pull_requests(3);
    let emulator = crate::support::Emulator::start(None);
    tandem = tandem.with_emulator(&emulator);
    let report = tandem.json(&["doctor"]);
    assert_eq!(report["database"]["statistics"]["pull_requests"], 3);
    assert_eq!(
        report["providers"][0]["state"],
        "reachable, the key is accepted"
    );
    assert_eq!(report["providers"][0]["models"][0]["state"], "served");
    assert!(
        report["providers"][0]["models"][1]["state"]
            .as_str()
            .expect("words")
            .contains("retired")
    );
    let printed = tandem.ok(&["doctor", "--print-config"]).stdout;
    std::fs::write(tandem.path("tandem.toml"), printed).expect("written");
    tandem.ok(&["doctor", "--offline"]);
}
