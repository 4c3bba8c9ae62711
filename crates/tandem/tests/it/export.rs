//! `tandem export`: what is written, read by other software; what is not told; what goes wrong.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Ran, Tandem, record, wait_until};

/// Titles that spreadsheets, terminals and readers of lines could stumble over.
const TITLES: [&str; 12] = [
    "=cmd|' /C calc'!A0",
    "  +1",
    "-2",
    "@SUM(A1)",
    "＝1+1",
    "a;=1+1",
    "'quoted', \"twice\"",
    "\u{1b}[31mred\u{7}",
    "two\r\nlines\u{2028}and\u{0} nothing",
    "C:\\users\\u0041",
    "\u{202e}txt.exe",
    "",
];

/// Pull requests with hostile titles, some without a date, some analysed, one corrected.
fn filled() -> Tandem {
    let tandem = Tandem::new();
    let mut records: Vec<Value> = (1..=60).map(record).collect();
    for (record, title) in records.iter_mut().zip(TITLES) {
        record["title"] = json!(title);
    }
    for number in [20, 21] {
        records[number]["created_at"] = Value::Null;
    }
    records.push(json!({"repo": "orchard/bare", "number": 1}));
    let file = tandem.write_records("prs.jsonl", &records);
    tandem.ok(&["import", &file]);
    tandem.ok(&["detect"]);
    tandem.ok(&["analyze", "--limit", "30"]);
    tandem.ok(&[
        "correct",
        "orchard/store#4",
        "--origin",
        "none_detected",
        "--note",
        "=a template",
        "--by",
        "ada",
    ]);
    tandem
}

fn tell_names(tandem: &Tandem) {
    std::fs::write(tandem.path("tandem.toml"), "[privacy]\npeople = true\n").expect("written");
}

fn table_of<'m>(manifest: &'m Value, name: &str) -> &'m Value {
    (manifest["tables"].as_array().expect("tables").iter())
        .find(|table| table["name"] == json!(name))
        .expect("the table")
}

fn lines_of(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("read");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect()
}

/// Names of what is in a folder, hidden or not.
fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("listed")
        .map(|entry| entry.expect("an entry").file_name().display().to_string())
        .collect();
    names.sort();
    names
}

/// A Python with the readers, or nothing, with a message, where it cannot be had.
fn python_with_readers() -> Option<PathBuf> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/export-test");
    let wanted = std::fs::read_to_string(scripts.join("requirements.txt")).expect("requirements");
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("export-venv");
    let python = home.join("bin/python");
    let stamp = home.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Some(python);
    }
    let mut steps = [Command::new("python3"), Command::new(&python)];
    steps[0].args(["-m", "venv", "--clear"]).arg(&home);
    steps[1]
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ])
        .arg(scripts.join("requirements.txt"));
    for mut step in steps {
        let done = step.stdin(Stdio::null()).output();
        if !done.as_ref().is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: pyarrow and DuckDB cannot be installed ({done:?})");
            return None;
        }
    }
    std::fs::write(&stamp, wanted).expect("written");
    Some(python)
}

#[test]
fn pyarrow_and_duckdb_read_the_same_from_every_format_as_the_verbs_say() {
    let Some(python) = python_with_readers() else {
        return;
    };
    let tandem = filled();
    tell_names(&tandem);
    for format in ["csv", "jsonl", "parquet"] {
        let manifest = tandem.json(&["export", "--format", format, "-o", format]);
        assert_eq!(manifest["database_changed_meanwhile"], json!(false));
        let written = std::fs::read_to_string(tandem.path(format).join("manifest.json"));
        let written: Value = serde_json::from_str(&written.expect("read")).expect("JSON");
        assert_eq!(written, manifest);
    }
    let verdicts = tandem.ok(&["verdicts", "--json"]).stdout;
    std::fs::write(tandem.path("verdicts.jsonl"), verdicts).expect("written");
    let adoption = tandem.ok(&["adoption", "--json"]).stdout;
    std::fs::write(tandem.path("adoption.json"), adoption).expect("written");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let checked = Command::new(python)
        .arg(root.join("scripts/export-test/check.py"))
        .args([tandem.path(""), root.join("docs/export.md")])
        .stdin(Stdio::null())
        .output()
        .expect("Python starts");
    let checked = Ran::from(checked);
    assert_eq!(checked.code, 0, "{}\n{}", checked.stdout, checked.stderr);
    let rows = checked.json();
    assert_eq!(rows["pull_requests"], json!(61));
    assert_eq!(rows["verdicts"], json!(61));
    assert_eq!(rows["analyses"], json!(30));
    assert!(rows["evidence"].as_u64() > Some(10), "{rows}");
    assert_eq!(rows["monthly_facts"], json!(6));
}

#[test]
fn months_are_apart_in_parquet_and_the_unknown_one_is_documented() {
    let tandem = filled();
    let manifest = tandem.json(&[
        "export",
        "--format",
        "parquet",
        "-o",
        "out",
        "--table",
        "pull_requests",
    ]);
    let table = table_of(&manifest, "pull_requests");
    let files: Vec<(&str, &Value)> = (table["files"].as_array().expect("files").iter())
        .map(|file| (file["path"].as_str().expect("a path"), &file["rows"]))
        .collect();
    assert_eq!(
        files[0],
        (
            "pull_requests/month=__HIVE_DEFAULT_PARTITION__/part-0.parquet",
            &json!(3)
        )
    );
    let months: Vec<&str> = files[1..].iter().map(|(path, _)| *path).collect();
    let expected: Vec<String> = (1..=6)
        .map(|month| format!("pull_requests/month=2026-0{month}/part-0.parquet"))
        .collect();
    assert_eq!(months, expected);
    for (path, _) in &files {
        assert!(tandem.path("out").join(path).is_file(), "{path}");
    }
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/export.md"));
    assert!(
        page.expect("the page")
            .contains("month=__HIVE_DEFAULT_PARTITION__")
    );
    assert_eq!(
        names_in(&tandem.path("out")),
        ["manifest.json", "pull_requests"]
    );
}

#[test]
fn nobody_is_named_without_leave() {
    let tandem = filled();
    // Two months of one team with few pull requests.
    let few = tandem.write_records(
        "few.jsonl",
        &(1..=3)
            .map(|number| {
                let mut few = record(number);
                few["repo"] = json!("lonely/store");
                few["title"] = json!(format!(
                    "Thanks @person-2, says Person {number}, person{number}@example.org"
                ));
                few
            })
            .collect::<Vec<_>>(),
    );
    tandem.ok(&["import", &few]);
    tandem.ok(&["detect"]);
    let people = ["person-", "Person ", "@example.org", "reviewer-1", "ada"];
    let export = |folder: &str| -> (String, Vec<Value>) {
        tandem.ok(&["export", "--format", "jsonl", "-o", folder]);
        let texts = ["pull_requests", "verdicts", "evidence", "analyses"]
            .map(|table| {
                let path = tandem.path(folder).join(format!("{table}.jsonl"));
                std::fs::read_to_string(path).expect("read")
            })
            .concat();
        let months = lines_of(&tandem.path(folder).join("monthly_facts.jsonl"));
        (texts, months)
    };

    let (texts, months) = export("hidden");
    for name in people {
        assert!(!texts.contains(name), "{name}");
    }
    assert!(texts.contains("says the author"), "called by their part");
    assert!(texts.contains("Claude"), "tools keep their names");
    let lonely = |months: &[Value]| -> Vec<Value> {
        months
            .iter()
            .filter(|month| month["team"] == json!("lonely"))
            .cloned()
            .collect()
    };
    assert_eq!(lonely(&months).len(), 3);
    for month in lonely(&months) {
        assert_eq!(month["is_suppressed"], json!(true));
        let numbers = month
            .as_object()
            .expect("an object")
            .iter()
            .filter(|(name, _)| {
                !["month", "team", "clock", "is_complete", "is_suppressed"].contains(&name.as_str())
            });
        for (name, value) in numbers {
            assert_eq!(*value, Value::Null, "{name}");
        }
    }
    assert!(
        months
            .iter()
            .any(|month| month["is_suppressed"] == json!(false))
    );

    tell_names(&tandem);
    let (texts, months) = export("told");
    for name in people {
        assert!(texts.contains(name), "{name}");
    }
    for month in lonely(&months) {
        assert_eq!(month["is_suppressed"], json!(false));
        assert_eq!(month["pull_requests"], json!(1));
    }
}

#[test]
fn filters_are_those_of_the_other_verbs() {
    let tandem = filled();
    let rows = |arguments: &[&str]| -> Vec<Value> {
        let mut all = vec!["export", "--table", "pull_requests", "--format", "jsonl"];
        all.extend_from_slice(arguments);
        tandem.ok(&all).lines()
    };
    let all = rows(&[]);
    assert_eq!(all.len(), 61);
    let check = |arguments: &[&str], keep: &dyn Fn(&Value) -> bool| {
        let expected: Vec<&Value> = all.iter().filter(|row| keep(row)).collect();
        assert!(!expected.is_empty());
        assert_eq!(
            rows(arguments).iter().collect::<Vec<_>>(),
            expected,
            "{arguments:?}"
        );
    };
    check(&["--team", "harbour"], &|row| {
        row["team"] == json!("harbour")
    });
    check(&["--repo", "orchard/bare"], &|row| {
        row["repo"] == json!("orchard/bare")
    });
    let month = |row: &Value| row["month"].as_str().map(str::to_owned);
    check(&["--from", "2026-03", "--to", "2026-04"], &|row| {
        matches!(month(row).as_deref(), Some("2026-03" | "2026-04"))
    });
    check(&["--to", "2026-02", "--team", "orchard"], &|row| {
        matches!(month(row).as_deref(), Some("2026-01" | "2026-02"))
            && row["team"] == json!("orchard")
    });

    tell_names(&tandem);
    let months = tandem
        .ok(&[
            "export",
            "--table",
            "monthly_facts",
            "--format",
            "jsonl",
            "--by",
            "merged",
            "--from",
            "2026-02",
        ])
        .lines();
    let adoption = tandem.json(&["adoption", "--by", "merged", "--from", "2026-02"]);
    assert_eq!(
        months.len(),
        adoption["by_team_month"].as_array().map_or(0, Vec::len)
    );
    assert!(months.iter().all(|row| row["clock"] == json!("merged_at")));
}

#[test]
fn one_table_goes_into_a_file_or_to_stdout() {
    let tandem = filled();
    let csv = tandem.ok(&["export", "--table", "evidence", "--format", "csv"]);
    assert!(csv.stdout.starts_with("month,repo,number,team,place,tool,"));
    assert!(csv.stderr.contains("rows"), "{}", csv.stderr);
    let told = tandem.json(&["export", "--table", "evidence", "-o", "evidence.csv"]);
    let written = std::fs::read_to_string(tandem.path("evidence.csv")).expect("read");
    assert_eq!(written, csv.stdout);
    assert_eq!(told["tables"][0]["files"][0]["path"], json!("evidence.csv"));
    let lines = tandem
        .ok(&["export", "--table", "evidence", "--json"])
        .lines();
    assert_eq!(table_of(&told, "evidence")["rows"], json!(lines.len()));

    // What a terminal or a spreadsheet could take for more than text is not there.
    let titles = tandem
        .ok(&["export", "--table", "pull_requests", "--format", "csv"])
        .stdout;
    assert_eq!(titles.lines().count(), 62);
    assert!(!titles.contains('\u{1b}') && !titles.contains('\u{202e}'));
    assert!(!titles.contains(",="), "a formula");

    let table = tandem.ok(&["export", "--format", "csv", "-o", "out"]);
    for name in ["pull_requests", "monthly_facts"] {
        assert!(table.stdout.contains(name), "{}", table.stdout);
    }
    assert!(table.stderr.contains("wrote out"), "{}", table.stderr);
}

#[test]
fn each_error_says_what_is_wrong_and_what_to_do() {
    let tandem = Tandem::new();
    let check = |arguments: &[&str], code: i32, told: &str, hint: &str| {
        let mut all = vec!["export"];
        all.extend_from_slice(arguments);
        let ran = tandem.run(&all);
        let Ran { stdout, stderr, .. } = &ran;
        assert_eq!(ran.code, code, "{arguments:?}: {stderr}");
        assert!(stderr.contains(told), "{arguments:?}: {stderr}");
        assert!(stderr.contains(hint), "{arguments:?}: {stderr}");
        assert_eq!(stderr.matches("error:").count(), 1, "{stderr}");
        assert_eq!(stdout, "");
    };
    let csv = ["--format", "csv", "-o", "out"];
    check(&csv, 2, "no database at", "tandem import FILE");
    let file = tandem.write_records("prs.jsonl", &(1..=9).map(record).collect::<Vec<_>>());
    tandem.ok(&["import", &file]);
    tandem.ok(&["detect"]);
    check(
        &["--table", "pulls"],
        2,
        "invalid value 'pulls'",
        "pull_requests",
    );
    check(&["--format", "xlsx"], 2, "invalid value 'xlsx'", "parquet");
    check(
        &["-o", "out"],
        2,
        "in which format",
        "--format csv, jsonl or parquet",
    );
    check(
        &["--format", "parquet"],
        2,
        "where the tables go",
        "-o tandem-data",
    );
    check(
        &["--format", "csv", "--from", "May"],
        2,
        "2026-05",
        "--help",
    );
    check(
        &["--format", "csv", "-o", "out", "--team", "nobody"],
        2,
        "no team is called 'nobody'",
        "harbour",
    );
    check(
        &["--format", "csv", "-o", "out", "--repo", "no/where"],
        2,
        "no/where",
        "OWNER/NAME",
    );
    check(
        &["--format", "csv", "-o", "missing/out"],
        2,
        "cannot write missing/out",
        "name another place",
    );
    check(
        &["--format", "csv", "-o", "prs.jsonl/out"],
        2,
        "cannot write prs.jsonl/out",
        "name another place",
    );
    check(
        &["--format", "csv", "-o", ".."],
        2,
        "'..' is no name",
        "-o tandem-data",
    );

    tandem.ok(&["export", "--format", "csv", "-o", "out"]);
    check(&csv, 2, "out is there already", "--force");
    tandem.ok(&["export", "--format", "jsonl", "-o", "out", "--force"]);
    assert!(names_in(&tandem.path("out")).contains(&"verdicts.jsonl".to_owned()));
    let data = ["--format", "csv", "-o", "data"];
    std::fs::create_dir(tandem.path("data")).expect("made");
    std::fs::write(tandem.path("data/precious.txt"), "mine").expect("written");
    check(&data, 2, "data is there already", "--force");
    check(
        &[&data[..], &["--force"]].concat(),
        2,
        "data is not an export",
        "remove it yourself",
    );
    assert_eq!(names_in(&tandem.path("data")), ["precious.txt"]);
    assert!(
        !names_in(&tandem.path(""))
            .iter()
            .any(|name| name.contains("tandem-export"))
    );
}

/// The file size a process may write stands in for a disk that is full.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_what_was_there() {
    let tandem = Tandem::new();
    // Titles that cannot be compressed well, all in one month.
    let mut state = 7_u64;
    let mut letter = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'0' + ((state >> 33) % 75) as u8)
    };
    let records: Vec<Value> = (1..=600)
        .map(|number| {
            let mut record = record(number);
            record["title"] = json!((0..480).map(|_| letter()).collect::<String>());
            record["created_at"] = json!("2026-01-05T09:00:00Z");
            record
        })
        .collect();
    let file = tandem.write_records("prs.jsonl", &records);
    tandem.ok(&["import", &file]);
    tandem.ok(&["export", "--format", "csv", "-o", "out"]);
    let before = std::fs::read_to_string(tandem.path("out/manifest.json")).expect("read");
    for format in ["csv", "parquet"] {
        let binary = env!("CARGO_BIN_EXE_tandem");
        // Blocks of 512 or 1,024 bytes, as the shell has it; a signal that is ignored makes the write fail instead.
        let script = format!(
            "trap '' XFSZ; ulimit -f 128; exec '{binary}' export --format {format} -o out --force"
        );
        let mut limited = tandem.command(&[]);
        let environment: Vec<_> = limited
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        let folder = limited.get_current_dir().expect("a folder").to_owned();
        limited = Command::new("sh");
        limited
            .args(["-c", &script])
            .env_clear()
            .envs(environment)
            .current_dir(folder);
        let ran = Ran::from(limited.output().expect("starts"));
        assert_eq!(ran.code, 1, "{format}: {}", ran.stderr);
        assert!(ran.stderr.contains("cannot write"), "{}", ran.stderr);
        assert!(ran.stderr.contains("free some space"), "{}", ran.stderr);
        let after = std::fs::read_to_string(tandem.path("out/manifest.json")).expect("read");
        assert_eq!(after, before);
        assert!(!tandem.path(".out.tandem-export").exists(), "{format}");
    }
}

#[test]
fn a_killed_export_leaves_nothing_that_the_next_one_does_not_remove() {
    let tandem = Tandem::new().with_pull_requests(600);
    let mut child = tandem
        .command(&["export", "--format", "parquet", "-o", "out"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let new = tandem.path(".out.tandem-export/new/pull_requests");
    wait_until("a table is begun", Duration::from_mins(1), || new.exists());
    // Only this child.
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert!(
        !tandem.path("out").exists(),
        "nothing half-written has the name"
    );
    assert!(tandem.path(".out.tandem-export").exists());
    let manifest = tandem.json(&["export", "--format", "parquet", "-o", "out"]);
    assert_eq!(table_of(&manifest, "pull_requests")["rows"], json!(600));
    assert!(tandem.path("out/manifest.json").is_file());
    assert!(!tandem.path(".out.tandem-export").exists());
}
