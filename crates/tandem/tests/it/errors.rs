//! Each of these gives one clear error, the exit code of the contract, and loses nothing.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::{Emulator, Ran, Tandem, record};

/// One error line that says all of this, at least one hint, and the exit code.
fn check(ran: &Ran, code: i32, says: &[&str]) {
    assert_eq!(ran.code, code, "{}\n{}", ran.stdout, ran.stderr);
    let errors: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{}", ran.stderr);
    for words in says {
        assert!(
            errors[0].contains(words),
            "{words:?} is not in: {}",
            errors[0]
        );
    }
    assert!(
        ran.stderr.lines().any(|line| line.starts_with("hint: ")),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[test]
fn a_model_tier_without_a_key() {
    let tandem = Tandem::new().with_pull_requests(4);
    check(
        &tandem.run(&["analyze", "--with-fallback"]),
        3,
        &["GROQ_API_KEY is not set"],
    );
    check(
        &tandem.run(&["analyze", "--tiers", "openai:gpt-5-mini"]),
        3,
        &["OPENAI_API_KEY is not set"],
    );
    assert_eq!(tandem.json(&["runs"]), json!([]));
}

#[test]
fn a_wrong_key_is_never_printed() {
    let emulator = Emulator::start(Some("version = 1\n[server]\napi_key = \"the-right-one\"\n"));
    let mut tandem = Tandem::new().with_pull_requests(4).with_emulator(&emulator);
    tandem.set("GROQ_API_KEY", "a-wrong-one-5551212");
    let ran = tandem.run(&["analyze", "--with-fallback"]);
    check(&ran, 3, &["groq", "401"]);
    assert!(!ran.stderr.contains("5551212") && !ran.stdout.contains("5551212"));
    tandem.set("GROQ_API_KEY", "the-right-one");
    tandem.ok(&["analyze", "--with-fallback"]);
    assert_eq!(tandem.json(&["coverage"])["analyzed"], json!(4));
}

#[test]
fn an_unreachable_host() {
    let mut tandem = Tandem::new().with_pull_requests(4);
    tandem.set("GROQ_API_KEY", "any");
    // A port that was free a moment ago, with nobody behind it.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("an address")
        .port();
    tandem.set(
        "TANDEM_GROQ_BASE_URL",
        &format!("http://127.0.0.1:{port}/openai/v1"),
    );
    check(
        &tandem.run(&["analyze", "--with-fallback"]),
        3,
        &["127.0.0.1"],
    );
    assert_eq!(tandem.json(&["coverage"])["waiting"], json!(4));
}

#[test]
fn a_key_does_not_travel_unencrypted() {
    let mut tandem = Tandem::new().with_pull_requests(4);
    tandem.set("GROQ_API_KEY", "any");
    tandem.set("TANDEM_GROQ_BASE_URL", "http://example.org/openai/v1");
    check(
        &tandem.run(&["analyze", "--with-fallback"]),
        3,
        &["unencrypted"],
    );
}

#[test]
fn a_retired_model_without_successor_and_a_model_nobody_serves() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new().with_pull_requests(4).with_emulator(&emulator);
    let ran = tandem.run(&["analyze", "--tiers", "groq:no/such-model"]);
    check(&ran, 3, &["no/such-model"]);
    assert_eq!(tandem.json(&["runs"]), json!([]));
}

#[test]
fn a_truncated_gzip_keeps_what_came_before() {
    let tandem = Tandem::new();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for number in 1..=500 {
        writeln!(encoder, "{}", record(number)).expect("compressed");
    }
    let whole = encoder.finish().expect("finished");
    std::fs::write(tandem.path("cut.jsonl.gz"), &whole[..whole.len() / 2]).expect("written");
    let ran = tandem.run(&["import", "cut.jsonl.gz"]);
    check(&ran, 2, &["cut.jsonl.gz", "cut off"]);
    let kept = tandem.json(&["coverage"])["total"]
        .as_u64()
        .expect("a number");
    assert!(kept > 100 && kept < 500, "{kept}");
    assert!(
        ran.stderr
            .contains(&format!("are in the database: {kept};")),
        "{}",
        ran.stderr
    );
    std::fs::write(tandem.path("whole.jsonl.gz"), &whole).expect("written");
    assert_eq!(
        tandem.json(&["import", "whole.jsonl.gz"])["unchanged"].as_u64(),
        Some(kept)
    );
    assert_eq!(tandem.json(&["coverage"])["total"], json!(500));
}

#[test]
fn a_line_of_200_megabytes_is_one_rejected_line() {
    let tandem = Tandem::new();
    let path = tandem.path("long.jsonl");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).expect("made"));
    writeln!(file, "{}", record(1)).expect("written");
    file.write_all(b"{\"repo\": \"a/b\", \"number\": 2, \"body\": \"")
        .expect("written");
    let megabyte = vec![b'x'; 1 << 20];
    for _ in 0..200 {
        file.write_all(&megabyte).expect("written");
    }
    writeln!(file, "\"}}\n{}", record(3)).expect("written");
    file.flush().expect("written");
    let document = tandem.json(&["import", "long.jsonl"]);
    assert_eq!(
        (document["inserted"].as_u64(), document["rejected"].as_u64()),
        (Some(2), Some(1))
    );
    let rejects = crate::support::read_json_lines(&tandem.path("tandem.rejects.jsonl"));
    assert_eq!(rejects[0]["line"], json!(2));
    assert!(
        rejects[0].to_string().len() < 4_000,
        "the reject holds an excerpt only"
    );
    check(
        &tandem.run(&["import", "--strict", "long.jsonl"]),
        2,
        &["long.jsonl", "bytes long"],
    );
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let tandem = Tandem::new().with_pull_requests(2);
    let connection = Command::new("python3")
        .args(["-c", "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA user_version = 9999'); c.commit()"])
        .arg(tandem.database())
        .status();
    if !connection.is_ok_and(|status| status.success()) {
        eprintln!(
            "skipped: python3 with sqlite3 is not here to make a database of a newer version"
        );
        return;
    }
    let before = std::fs::read(tandem.database()).expect("read");
    check(
        &tandem.run(&["import", "prs.jsonl"]),
        3,
        &["tandem.db", "schema version 9999"],
    );
    check(&tandem.run(&["coverage"]), 3, &["schema version 9999"]);
    assert_eq!(std::fs::read(tandem.database()).expect("read"), before);
}

#[test]
fn a_missing_file_a_missing_database_and_a_misspelt_team() {
    let tandem = Tandem::new();
    check(&tandem.run(&["coverage"]), 2, &["no database at"]);
    check(&tandem.run(&["detect"]), 2, &["no database at"]);
    assert!(!tandem.database().exists(), "asking makes no database");
    let ran = tandem.run(&["import", "nowhere.jsonl"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("nowhere.jsonl"), "{}", ran.stderr);
    let tandem = tandem.with_pull_requests(6);
    check(
        &tandem.run(&["coverage", "--team", "orchid"]),
        2,
        &["no team is called 'orchid'"],
    );
    check(
        &tandem.run(&["runs", "show", "77"]),
        2,
        &["there is no run 77"],
    );
}

#[test]
fn something_else_in_the_place_of_the_database() {
    let tandem = Tandem::new();
    std::fs::write(tandem.database(), "name,number\nnot,sqlite\n".repeat(300)).expect("written");
    check(&tandem.run(&["coverage"]), 2, &["is not a Tandem database"]);
}

/// A file system of its own, so that it can be full or read-only even for root.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// Mounts one, or says why not.
    fn mount(path: &'a Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(path).expect("made");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(path)
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("skipped: a small disk cannot be mounted here (not root?)");
            return None;
        }
        Some(SmallDisk(path))
    }

    fn make_read_only(&self) {
        let status = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(self.0)
            .status();
        assert!(status.expect("mount runs").success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_keeps_what_was_committed() {
    let tandem = Tandem::new();
    let place = tandem.path("disk");
    let Some(_disk) = SmallDisk::mount(&place, "3m") else {
        return;
    };
    let database = place.join("tandem.db").display().to_string();
    let few: Vec<Value> = (1..=50).map(record).collect();
    let few = tandem.write_records("few.jsonl", &few);
    tandem.ok(&["--db", &database, "import", &few]);
    let many: Vec<Value> = (1..=6_000)
        .map(|number| {
            let mut record = record(number);
            // Text that does not compress away.
            record["body"] = json!(
                (0..40_u64)
                    .map(|word| format!(
                        "{:x} ",
                        (number * 7_919 + word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
                    ))
                    .collect::<String>()
            );
            record
        })
        .collect();
    let many = tandem.write_records("many.jsonl", &many);
    check(
        &tandem.run(&["--db", &database, "import", &many]),
        1,
        &["no space left"],
    );
    let kept = tandem.json(&["--db", &database, "coverage"])["total"]
        .as_u64()
        .expect("a number");
    assert!(kept >= 50, "{kept}");
}

#[test]
fn a_read_only_database_can_be_read_and_says_so_on_writing() {
    let tandem = Tandem::new();
    let place = tandem.path("disk");
    let Some(disk) = SmallDisk::mount(&place, "20m") else {
        return;
    };
    let database = place.join("tandem.db").display().to_string();
    let records: Vec<Value> = (1..=5).map(record).collect();
    let file = tandem.write_records("prs.jsonl", &records);
    tandem.ok(&["--db", &database, "import", &file]);
    disk.make_read_only();
    let ran = tandem.run(&["--db", &database, "import", &file]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    check(&ran, 3, &["disk"]);
    assert_eq!(
        tandem.json(&["--db", &database, "coverage"])["total"],
        json!(5)
    );
}
