//! What the tests of the binary share: a database in a temporary folder, the emulator as a process,
//! and small records written for the purpose.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The binary on a database of its own, with an environment of its own.
pub(crate) struct Tandem {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Tandem {
    pub(crate) fn new() -> Self {
        Tandem {
            folder: tempfile::tempdir().expect("a temporary folder"),
            environment: Vec::new(),
        }
    }

    /// Points the model tiers at an emulator.
    pub(crate) fn with_emulator(mut self, emulator: &Emulator) -> Self {
        self.set("TANDEM_GROQ_BASE_URL", &emulator.base_url);
        self.set("GROQ_API_KEY", "test-key-of-nobody");
        self
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path("tandem.db")
    }

    /// The command, ready to run: no inherited keys, no terminal, the test's own database.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tandem"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            // What a killed process leaves goes with the test.
            .env("TMPDIR", self.folder.path())
            .env("TANDEM_DATABASE_URL", self.database())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .current_dir(self.folder.path());
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().expect("the binary starts"))
    }

    /// Runs, and insists on exit code 0.
    pub(crate) fn ok(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}\n{}\n{}", ran.stdout, ran.stderr);
        ran
    }

    /// Runs with `--json`, insists on exit code 0, and reads the document.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        self.ok(&all).json()
    }

    /// Writes records as a JSONL file and gives its path.
    pub(crate) fn write_records(&self, name: &str, records: &[Value]) -> String {
        let text: String = records.iter().map(|record| format!("{record}\n")).collect();
        let path = self.path(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    }

    /// Imports this many made-up pull requests, of which every fourth is by an agent, and detects.
    pub(crate) fn with_pull_requests(self, count: u64) -> Self {
        let records: Vec<Value> = (1..=count).map(record).collect();
        let file = self.write_records("prs.jsonl", &records);
        self.ok(&["import", &file]);
        self.ok(&["detect"]);
        self
    }
}

/// What a finished command left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.stdout, self.stderr))
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect("a JSON line"))
            .collect()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// `tandem emulate` as a process of its own; it ends with the test.
pub(crate) struct Emulator {
    child: Child,
    pub(crate) base_url: String,
    pub(crate) log: PathBuf,
    _folder: TempDir,
}

impl Emulator {
    pub(crate) fn start(scenario: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("billed.jsonl");
        let mut command = Command::new(env!("CARGO_BIN_EXE_tandem"));
        command
            .args(["emulate", "--listen", "127.0.0.1:0", "--json", "--log"])
            .arg(&log)
            .env_clear()
            .env("HOME", folder.path())
            // It is killed at the end: what it leaves goes with the test.
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(scenario) = scenario {
            let path = folder.path().join("scenario.toml");
            std::fs::write(&path, scenario).expect("written");
            command.arg("--scenario").arg(path);
        }
        let mut child = command.spawn().expect("the emulator starts");
        let mut first = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout)
            .read_line(&mut first)
            .expect("a line");
        let ready: Value = serde_json::from_str(&first).expect("the start-up line");
        Emulator {
            child,
            base_url: ready["base_url"]
                .as_str()
                .expect("a base address")
                .to_owned(),
            log,
            _folder: folder,
        }
    }

    /// The billed answers so far.
    pub(crate) fn billed(&self) -> Vec<Value> {
        read_json_lines(&self.log)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn read_json_lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect()
}

/// Waits for a condition, bounded in time, without a fixed sleep.
pub(crate) fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < limit,
            "{what} did not happen within {limit:?}"
        );
        std::thread::yield_now();
    }
}

/// A made-up pull request; every fourth carries an agent's trailer.
pub(crate) fn record(number: u64) -> Value {
    let by_agent = number.is_multiple_of(4);
    let trailer = if by_agent {
        "\n\nCo-Authored-By: Claude <noreply@anthropic.com>"
    } else {
        ""
    };
    let owner = if number.is_multiple_of(3) {
        "harbour"
    } else {
        "orchard"
    };
    json!({
        "id": 1000 + number,
        "repo": format!("{owner}/store"),
        "language": "Rust",
        "number": number,
        "title": format!("fix: keep order {number} when the queue is full"),
        "body": if number.is_multiple_of(7) { Value::Null } else {
            json!(format!("The queue dropped order {number}. It now waits for a free slot."))
        },
        "author": {"login": format!("person-{}", number % 5), "is_bot": false},
        "state": "closed",
        "draft": false,
        "created_at": format!("2026-0{}-{:02}T09:00:00Z", 1 + number % 6, 1 + number % 27),
        "merged_at": format!("2026-0{}-{:02}T15:30:00Z", 1 + number % 6, 1 + number % 27),
        "closed_at": format!("2026-0{}-{:02}T15:30:00Z", 1 + number % 6, 1 + number % 27),
        "additions": 10 + number % 90,
        "deletions": number % 30,
        "changed_files": 2,
        "head_ref": format!("orders/keep-{number}"),
        "base_ref": "main",
        "labels": ["bug"],
        "commits": [{
            "sha": format!("{number:040x}"),
            "message": format!("fix: keep order {number} when the queue is full{trailer}"),
            "author_login": format!("person-{}", number % 5),
            "committer_login": "web-flow",
            "author_name": format!("Person {}", number % 5),
            "author_email": format!("person{}@example.org", number % 5),
            "authored_at": "2026-01-05T08:00:00Z"
        }],
        "reviews": [{"author": "reviewer-1", "is_bot": false, "state": "APPROVED",
            "submitted_at": format!("2026-0{}-{:02}T12:00:00Z", 1 + number % 6, 1 + number % 27), "body": ""}],
        "comments": [],
        "files": [{"path": "src/queue.rs", "additions": 8, "deletions": 2}],
        "events": []
    })
}

/// The folder with real pull requests, or `None` with a message when it is not there.
pub(crate) fn real_data(file: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TANDEM_DATA_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!(
        "skipped: {} is not here (TANDEM_DATA_DIR names the folder)",
        path.display()
    );
    None
}
