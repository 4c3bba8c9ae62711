//! Teams of one's own: from the configuration into every number.

use crate::support::{Tandem, record};
use serde_json::{Value, json};

fn filled() -> Tandem {
    let tandem = Tandem::new();
    let records: Vec<Value> = (1..=30).map(record).collect();
    let file = tandem.write_records("prs.jsonl", &records);
    tandem.ok(&["import", &file]);
    tandem.ok(&["detect"]);
    tandem
}

fn configure(tandem: &Tandem, teams: &str) {
    std::fs::write(tandem.path("tandem.toml"), teams).expect("written");
}

/// Team and pull requests, as `teams --json` has them.
fn teams(tandem: &Tandem) -> Vec<(String, u64)> {
    let document = tandem.json(&["teams"]);
    let teams = document["teams"].as_array().expect("teams").iter();
    teams
        .map(|team| {
            (
                team["team"].as_str().expect("a name").to_owned(),
                team["pull_requests"].as_u64().expect("a number"),
            )
        })
        .collect()
}

fn team(name: &str, pull_requests: u64) -> (String, u64) {
    (name.to_owned(), pull_requests)
}

const MAPPED: &str = "\
[[teams]]
name = \"quay\"
repositories = [\"Harbour/*\"]

[[teams]]
name = \"pickers\"
authors = [\"person-1\", \"persn-2\"]

[[teams]]
name = \"queue\"
paths = [\"no/such/folder/\"]
";

#[test]
fn every_verb_goes_by_the_teams_of_the_configuration() {
    let tandem = filled();
    assert_eq!(teams(&tandem), [team("harbour", 10), team("orchard", 20)]);
    assert_eq!(tandem.json(&["teams"])["source"], json!("owners"));

    configure(&tandem, MAPPED);
    // The next verb that only reads applies it, and says so once.
    let ran = tandem.ok(&["coverage", "--team", "pickers"]);
    assert!(
        ran.stderr
            .contains("14 of 30 pull requests have another team now"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stdout.contains("0 of 6 pull requests"),
        "{}",
        ran.stdout
    );
    let again = tandem.ok(&["coverage"]);
    assert!(!again.stderr.contains("another team"), "{}", again.stderr);
    let expect = [
        team("orchard", 16),
        team("pickers", 6),
        team("quay", 8),
        team("queue", 0),
    ];
    let mut found = teams(&tandem);
    found.retain(|(name, _)| name != "harbour");
    assert_eq!(found, expect);

    let adoption = tandem.json(&["adoption", "--team", "quay"]);
    assert_eq!(adoption["overall"]["pull_requests"], json!(8));
    let verdicts = tandem.ok(&["verdicts", "--team", "pickers", "--json"]);
    assert_eq!(verdicts.stdout.lines().count(), 6);

    // What comes later has its team at once.
    let file = tandem.write_records("later.jsonl", &[record(31)]);
    tandem.ok(&["import", &file]);
    assert!(teams(&tandem).contains(&team("pickers", 7)));
}

#[test]
fn rules_that_match_nothing_are_told_with_line_and_hint() {
    let tandem = filled();
    configure(&tandem, MAPPED);
    let document = tandem.json(&["teams"]);
    let unmatched = document["unmatched"].as_array().expect("rules");
    assert_eq!(unmatched.len(), 2, "{unmatched:?}");
    assert_eq!(unmatched[0]["line"], json!(7));
    assert!(
        unmatched[0]["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("did you mean person-2?"))
    );
    assert_eq!(unmatched[1]["by"], json!("path"));
    let ran = tandem.ok(&["teams"]);
    assert!(
        ran.stdout
            .contains("line 7: pickers, author persn-2: no stored pull request"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_configuration_without_teams_leaves_them_and_apply_drops_them() {
    let tandem = filled();
    configure(&tandem, MAPPED);
    tandem.ok(&["teams"]);
    configure(&tandem, "version = 1\n");
    let ran = tandem.ok(&["teams"]);
    assert!(
        ran.stderr.contains("teams --apply drops them"),
        "{}",
        ran.stderr
    );
    assert_eq!(tandem.json(&["teams"])["source"], json!("database"));
    let applied = tandem.json(&["teams", "--apply"]);
    assert_eq!(
        (&applied["moved"], &applied["source"]),
        (&json!(14), &json!("owners"))
    );
    assert_eq!(teams(&tandem), [team("harbour", 10), team("orchard", 20)]);

    configure(&tandem, MAPPED);
    tandem.ok(&["teams"]);
    configure(&tandem, "teams = []\n");
    assert_eq!(teams(&tandem), [team("harbour", 10), team("orchard", 20)]);
}

#[test]
fn a_mistake_in_the_mapping_stops_with_file_line_and_key() {
    let tandem = filled();
    configure(
        &tandem,
        "[[teams]]\nname = \"quay\"\nrepositories = [\"harbour\"]\n",
    );
    for verb in ["teams", "adoption", "coverage"] {
        let ran = tandem.run(&[verb]);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert!(
            ran.stderr
                .contains("tandem.toml is wrong at line 3, team 'quay': repositories: 'harbour'")
                && ran.stderr.contains("OWNER/*"),
            "{}",
            ran.stderr
        );
    }
    configure(&tandem, "[[teams]]\nname = \"quay\"\nauthor = [\"x\"]\n");
    let ran = tandem.run(&["teams"]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.stderr.contains("line 3") && ran.stderr.contains("author"),
        "{}",
        ran.stderr
    );
}
