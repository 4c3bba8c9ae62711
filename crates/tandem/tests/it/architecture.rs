//! The invariants of ARCHITECTURE.md that can be read off the sources.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each crate may use of ours.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("stats", &[]),
    ("batch", &[]),
    ("emulator", &[]),
    ("detect", &["model", "stats"]),
    ("measures", &["model"]),
    ("names", &["measures", "model"]),
    ("analysis", &["measures", "model"]),
    ("insights", &["measures", "model", "stats"]),
    ("intake", &["model"]),
    ("github", &["model"]),
    ("standin", &["model"]),
    ("teams", &[]),
    ("store", &["batch", "github", "measures", "model", "teams"]),
    (
        "export",
        &["insights", "measures", "model", "names", "stats", "store"],
    ),
    (
        "web",
        &[
            "batch", "detect", "github", "insights", "measures", "model", "names", "stats", "store",
        ],
    ),
];

/// Crates that do no I/O, read no environment and never print.
const PURE: &[&str] = &[
    "model", "stats", "measures", "detect", "analysis", "insights", "teams", "names",
];

fn crates_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The production sources of a crate: `src/` without its test modules.
fn sources(name: &str) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![crates_folder().join(name).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a source folder") {
            let path = entry.expect("an entry").path();
            let name = path
                .file_stem()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let for_tests = name == "tests" || name == "testing" || name.ends_with("_tests");
            if for_tests {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                let code = text
                    .split("#[cfg(test)]")
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                found.insert(path, code);
            }
        }
    }
    assert!(!found.is_empty(), "{name} has no sources");
    found
}

/// The lines of code (not comments) that contain one of the needles, as `file: line`.
fn offenders(name: &str, needles: &[&str]) -> Vec<String> {
    let mut hits = Vec::new();
    for (path, code) in sources(name) {
        for line in code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            if needles.iter().any(|needle| line.contains(needle)) {
                hits.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    }
    hits
}

#[test]
fn dependencies_point_down_only() {
    for (name, allowed) in ALLOWED {
        let manifest = std::fs::read_to_string(crates_folder().join(name).join("Cargo.toml"))
            .expect("a manifest");
        let manifest: toml::Table = manifest.parse().expect("valid TOML");
        let dependencies = manifest
            .get("dependencies")
            .and_then(toml::Value::as_table)
            .cloned()
            .unwrap_or_default();
        for dependency in dependencies.keys() {
            let ours =
                ALLOWED.iter().any(|(other, _)| other == dependency) || dependency == "tandem";
            assert!(
                !ours || allowed.contains(&dependency.as_str()),
                "{name} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn every_crate_is_in_the_table() {
    for entry in std::fs::read_dir(crates_folder()).expect("the crates") {
        let name = entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("utf-8");
        assert!(
            name == "tandem" || ALLOWED.iter().any(|(known, _)| *known == name),
            "the crate {name} is not in the table of this test and of ARCHITECTURE.md"
        );
    }
}

#[test]
fn pure_crates_do_no_input_or_output() {
    for name in PURE {
        let hits = offenders(
            name,
            &[
                "std::fs",
                "std::net",
                "std::process",
                "std::env",
                "env::var",
                "tokio",
                "SystemTime::now",
                "Timestamp::now",
                "Instant::now",
            ],
        );
        assert!(hits.is_empty(), "{hits:#?}");
    }
}

#[test]
fn libraries_never_print_and_read_no_environment() {
    for (name, _) in ALLOWED {
        let hits = offenders(
            name,
            &[
                "println!",
                "print!",
                "eprint!",
                "dbg!(",
                "std::env::var",
                "env::var(",
            ],
        );
        assert!(hits.is_empty(), "{hits:#?}");
    }
}

#[test]
fn only_the_store_knows_sql() {
    for (name, _) in ALLOWED.iter().filter(|(name, _)| *name != "store") {
        let hits = offenders(
            name,
            &[
                "rusqlite",
                "SELECT ",
                "INSERT INTO",
                "UPDATE ",
                "DELETE FROM",
            ],
        );
        assert!(hits.is_empty(), "{hits:#?}");
    }
    let hits = offenders("tandem", &["rusqlite", "INSERT INTO", "DELETE FROM"]);
    assert!(hits.is_empty(), "{hits:#?}");
}

#[test]
fn files_stay_readable() {
    let names = ALLOWED.iter().map(|(name, _)| *name).chain(["tandem"]);
    for name in names {
        for (path, code) in sources(name) {
            let lines = code.lines().count();
            assert!(
                lines <= 500,
                "{} has {lines} lines: split it",
                path.display()
            );
        }
    }
}
