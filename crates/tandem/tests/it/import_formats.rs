//! Import of other people's formats, as a new user would do it. All data is made up.

use std::io::Write;

use crate::support::Tandem;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

fn pull_request(number: u64) -> Value {
    json!({
        "number": number,
        "node_id": format!("PR_{number}"),
        "title": format!("Keep order {number}"),
        "user": {"login": "ada", "id": 7, "type": "User"},
        "state": "closed",
        "created_at": "2026-03-01T10:00:00Z",
        "updated_at": "2026-03-02T10:00:00Z",
        "merged_at": "2026-03-02T09:00:00Z",
        "commit_data": [{"sha": "ab", "commit": {"message": "x\n\nCo-Authored-By: Claude <noreply@anthropic.com>"}}],
        "base": {"ref": "main", "repo": {"full_name": "acme/shop"}}
    })
}

fn write(tandem: &Tandem, name: &str, text: &str) {
    std::fs::write(tandem.path(name), text).expect("written");
}

#[test]
fn backups_of_github_are_read_and_judged() {
    let tandem = Tandem::new();
    let pretty = serde_json::to_string_pretty(&pull_request(7)).expect("JSON");
    write(&tandem, "7.json", &pretty);
    let list = json!([pull_request(8), {"number": 9, "title": "An issue", "url": "https://api.github.com/repos/acme/shop/issues/9"}]);
    write(&tandem, "pulls.json", &list.to_string());
    let document = tandem.json(&["import", "7.json", "pulls.json"]);
    assert_eq!(
        (
            &document["inserted"],
            &document["passed_over"],
            &document["rejected"]
        ),
        (&json!(2), &json!(1), &json!(0))
    );
    assert_eq!(document["files"][0]["format"], json!("github"));
    let again = tandem.json(&["import", "7.json", "pulls.json"]);
    assert_eq!(
        (&again["unchanged"], &again["updated"]),
        (&json!(2), &json!(0))
    );
    tandem.ok(&["detect"]);
    let verdicts = tandem.ok(&["verdicts", "--json", "acme/shop#8"]);
    assert!(
        verdicts.stdout.contains("claude_code"),
        "{}",
        verdicts.stdout
    );
    let only = tandem.json(&["import", "--only", "Other", "pulls.json"]);
    assert_eq!(
        (&only["read"], &only["passed_over"]),
        (&json!(2), &json!(2))
    );
}

#[test]
fn an_hour_of_the_archive_is_discovery_and_counts_nowhere() {
    let tandem = Tandem::new();
    let event = |kind: &str, repo: &str, number: u64| {
        json!({
            "type": kind, "actor": {"login": "ada"}, "repo": {"name": repo},
            "payload": {"action": "opened", "number": number, "pull_request": {"number": number}},
            "created_at": "2026-03-01T12:00:05Z"
        })
    };
    let text = [
        event("PullRequestEvent", "acme/shop", 7),
        event("PullRequestReviewEvent", "acme/shop", 7),
        event("PushEvent", "acme/shop", 7),
        event("PullRequestEvent", "zoo/cage", 1),
    ]
    .map(|event| format!("{event}\n"))
    .concat();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("compressed");
    std::fs::write(
        tandem.path("2026-03-01-12.json.gz"),
        encoder.finish().expect("finished"),
    )
    .expect("written");
    let ran = tandem.ok(&["import", "--only", "acme", "2026-03-01-12.json.gz"]);
    assert!(
        ran.stdout
            .contains("2 events on pull requests: 1 discovered, 1 known from other events")
            && ran.stderr.contains("read as gharchive")
            && ran.stderr.contains("tandem sync --discovered"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    assert_eq!(tandem.json(&["coverage"])["total"], json!(0));
    assert_eq!(tandem.json(&["teams"])["teams"], json!([]));
    // A second reading knows it all, and what is imported is read.
    let again = tandem.json(&["import", "--only", "acme/shop", "2026-03-01-12.json.gz"]);
    assert_eq!(
        (&again["discovered"], &again["seen_again"]),
        (&json!(0), &json!(2))
    );
    write(&tandem, "7.json", &pull_request(7).to_string());
    tandem.ok(&["import", "7.json"]);
    let read = tandem.json(&["import", "--only", "acme/shop", "2026-03-01-12.json.gz"]);
    assert_eq!(read["already_read"], json!(2));
    let none = tandem.run(&["sync", "--discovered"]);
    assert_eq!(none.code, 2);
    assert!(
        none.stderr.contains("nothing was discovered"),
        "{}",
        none.stderr
    );
}

#[test]
fn a_table_is_read_by_its_mapping() {
    let tandem = Tandem::new();
    write(
        &tandem,
        "prs.csv",
        "PR,Opened,By\n7,2026-03-01,ada\n8,March,bob\n",
    );
    let ran = tandem.run(&["import", "prs.csv"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("prs.csv looks like a table") && ran.stderr.contains("--mapping FILE"),
        "{}",
        ran.stderr
    );
    let mapping = "time_formats = [\"%Y-%m-%d\"]\n[columns]\nPR = \"number\"\nOpened = \"created_at\"\nBy = \"author\"\n[constants]\nrepo = \"acme/shop\"\n";
    write(&tandem, "map.toml", mapping);
    let document = tandem.json(&["import", "--mapping", "map.toml", "prs.csv"]);
    assert_eq!(
        (&document["inserted"], &document["rejected"]),
        (&json!(1), &json!(1))
    );
    let rejects = crate::support::read_json_lines(&tandem.path("tandem.rejects.jsonl"));
    assert_eq!(
        (&rejects[0]["line"], &rejects[0]["field"]),
        (&json!(3), &json!("Opened"))
    );

    write(&tandem, "map.toml", &mapping.replace("By =", "Who ="));
    let ran = tandem.run(&["import", "--mapping", "map.toml", "prs.csv"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr
            .contains("prs.csv has no column 'Who'; its columns are PR, Opened, By"),
        "{}",
        ran.stderr
    );
    write(
        &tandem,
        "map.toml",
        &mapping.replace("\"author\"", "\"writer\""),
    );
    let ran = tandem.run(&["import", "--mapping", "map.toml", "prs.csv"]);
    assert!(
        ran.code == 2
            && ran
                .stderr
                .contains("map.toml is wrong: line 5: columns: 'writer'"),
        "{}",
        ran.stderr
    );
}
