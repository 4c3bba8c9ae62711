//! Every format that is read, as its makers write it. All data is made up.

use std::io::Cursor;

use intake::{
    Content, CsvMapping, FileError, FileOptions, FileReader, Format, IntakeError, LineError,
    LineErrorKind, Options,
};
use model::{CommentKind, PullRequest, ReviewState, State};
use proptest::prelude::*;
use serde_json::{Value, json};

#[derive(Debug, Default)]
struct Found {
    format: Option<Format>,
    records: Vec<(u64, PullRequest)>,
    sightings: Vec<intake::Sighting>,
    others: u64,
    bad: Vec<LineError>,
    fatal: Option<FileError>,
}

impl Found {
    fn only(mut self) -> PullRequest {
        assert!(self.bad.is_empty() && self.fatal.is_none(), "{self:?}");
        assert_eq!(self.records.len(), 1, "{self:?}");
        self.records.remove(0).1
    }
}

fn read_with(bytes: &[u8], options: &FileOptions) -> Found {
    let mut found = Found::default();
    let input = Box::new(Cursor::new(bytes.to_vec()));
    let reader = match FileReader::from_read("memory", input, options) {
        Ok(reader) => reader,
        Err(fatal) => {
            found.fatal = Some(fatal);
            return found;
        }
    };
    found.format = Some(reader.format());
    for item in reader {
        assert!(found.fatal.is_none(), "nothing comes after the end");
        match item {
            Ok(item) => match item.content {
                Content::PullRequest(record) => found.records.push((item.line_number, *record)),
                Content::Sighting(sighting) => found.sightings.push(sighting),
                Content::Other => found.others += 1,
            },
            Err(IntakeError::Line(bad)) => found.bad.push(bad),
            Err(IntakeError::File(fatal)) => found.fatal = Some(fatal),
        }
    }
    found
}

fn read(text: &str) -> Found {
    read_with(text.as_bytes(), &FileOptions::default())
}

fn at(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok()
}

/// A pull request as `GET /repos/OWNER/NAME/pulls/N` gives it.
fn pull_request(number: u64) -> Value {
    json!({
        "url": format!("https://api.github.com/repos/acme/shop/pulls/{number}"),
        "id": 900 + number,
        "node_id": format!("PR_{number}"),
        "html_url": format!("https://github.com/acme/shop/pull/{number}"),
        "number": number,
        "state": "closed",
        "locked": false,
        "title": format!("Keep order {number}"),
        "user": {"login": "devin-ai-integration[bot]", "id": 158_243_242, "type": "Bot"},
        "body": null,
        "created_at": "2026-03-01T10:00:00Z",
        "updated_at": "2026-03-02T10:00:00Z",
        "closed_at": "2026-03-02T09:00:00Z",
        "merged_at": "2026-03-02T09:00:00Z",
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [{"id": 1, "name": "bug", "color": "f00"}],
        "draft": false,
        "head": {"label": "acme:devin/order", "ref": "devin/order", "sha": "ab"},
        "base": {"ref": "main", "sha": "cd", "repo": {"full_name": "acme/shop", "language": "Go"}},
        "auto_merge": null,
        "merged": true,
        "merged_by": {"login": "ada", "id": 7, "type": "User"},
        "comments": 1,
        "review_comments": 1,
        "commits": 1,
        "additions": 12,
        "deletions": 3,
        "changed_files": 2
    })
}

fn with_lists(number: u64) -> Value {
    let mut object = pull_request(number);
    object["comment_regular_data"] = json!([
        {"user": {"login": "ada", "id": 7, "type": "User"}, "created_at": "2026-03-01T11:00:00Z", "body": "Which order?"}
    ]);
    object["comment_data"] = json!([
        {"user": null, "created_at": "2026-03-01T12:00:00Z", "path": "src/queue.go", "body": "Here?"}
    ]);
    object["review_data"] = json!([
        {"user": {"login": "ada", "id": 7}, "state": "APPROVED", "submitted_at": "2026-03-02T08:00:00Z", "body": ""}
    ]);
    object["commit_data"] = json!([{
        "sha": "ef",
        "commit": {
            "message": "Keep order\n\nCo-authored-by: Ada <ada@example.org>",
            "author": {"name": "Devin", "email": "d@example.org", "date": "2026-03-01T09:00:00Z"},
            "committer": {"name": "GitHub", "email": "noreply@github.com", "date": "2026-03-01T09:00:00Z"}
        },
        "author": {"login": "devin-ai-integration[bot]"},
        "committer": {"login": "web-flow"}
    }]);
    object
}

#[test]
fn a_pull_request_of_the_api() {
    let record = read(&pull_request(7).to_string()).only();
    assert_eq!(record.key().to_string(), "acme/shop#7");
    let author = record.author.expect("known");
    assert_eq!(
        (author.login.as_deref(), author.is_bot),
        (Some("devin-ai-integration"), Some(true))
    );
    assert_eq!(record.language.as_deref(), Some("Go"));
    assert_eq!(record.merged_at, at("2026-03-02T09:00:00Z"));
    assert_eq!(
        (record.additions, record.changed_files, record.auto_merge),
        (Some(12), Some(2), Some(false))
    );
    // How many there are is not what they are.
    assert_eq!(
        (
            record.commits,
            record.comments,
            record.reviews,
            record.files
        ),
        (None, None, None, None)
    );
}

#[test]
fn lines_lists_pages_and_one_object_over_many_lines() {
    let objects: Vec<Value> = (1..=3).map(pull_request).collect();
    let numbers = |text: &str| {
        let found = read(text);
        assert_eq!(found.format, Some(Format::Github), "{text}");
        assert!(found.bad.is_empty() && found.fatal.is_none(), "{found:?}");
        let numbers: Vec<u64> = found.records.iter().map(|(_, one)| one.number).collect();
        numbers
    };
    let lines: String = objects.iter().map(|one| format!("{one}\n")).collect();
    assert_eq!(numbers(&lines), [1, 2, 3]);
    let list = serde_json::to_string(&objects).expect("JSON");
    assert_eq!(numbers(&list), [1, 2, 3]);
    let pretty = serde_json::to_string_pretty(&objects).expect("JSON");
    assert_eq!(numbers(&pretty), [1, 2, 3]);
    assert_eq!(numbers(&format!("{list}{pretty}\n[]")), [1, 2, 3, 1, 2, 3]);
    let one = serde_json::to_string_pretty(&objects[1]).expect("JSON");
    assert_eq!(numbers(&format!("\u{feff}{one}")), [2]);
}

#[test]
fn a_backup_with_its_lists() {
    let pretty = serde_json::to_string_pretty(&with_lists(7)).expect("JSON");
    let record = read(&pretty).only();
    let commits = record.commits.expect("known");
    assert_eq!(commits[0].sha.as_deref(), Some("ef"));
    assert!(
        commits[0]
            .message
            .ends_with("Co-authored-by: Ada <ada@example.org>")
    );
    assert_eq!(commits[0].committer_login.as_deref(), Some("web-flow"));
    assert_eq!(commits[0].authored_at, at("2026-03-01T09:00:00Z"));
    let comments = record.comments.expect("known");
    assert_eq!(
        (comments[0].kind, comments[0].author.as_deref()),
        (CommentKind::Issue, Some("ada"))
    );
    assert_eq!(
        (
            comments[1].kind,
            comments[1].path.as_deref(),
            comments[1].author.as_deref()
        ),
        (CommentKind::Review, Some("src/queue.go"), None)
    );
    let reviews = record.reviews.expect("known");
    assert_eq!(reviews[0].state, ReviewState::Approved);
    assert_eq!((record.files, record.events), (None, None));
}

fn timeline() -> Value {
    json!([
        {"event": "committed", "sha": "ef", "message": "Keep order", "author": {"name": "Ada", "email": "a@example.org", "date": "2026-03-01T09:00:00Z"}, "committer": {"name": "Ada"}},
        {"event": "labeled", "actor": {"login": "ada"}, "created_at": "2026-03-01T10:00:00Z", "label": {"name": "bug"}, "url": "https://api.github.com/repos/acme/shop/issues/events/1"},
        {"event": "ready_for_review", "actor": {"login": "ada"}, "created_at": "2026-03-01T10:30:00Z"},
        {"event": "commented", "actor": {"login": "helper[bot]", "type": "Bot"}, "created_at": "2026-03-01T11:00:00Z", "body": "Looks fine.", "issue_url": "https://api.github.com/repos/acme/shop/issues/7"},
        {"event": "reviewed", "user": {"login": "bob"}, "state": "changes_requested", "submitted_at": "2026-03-01T12:00:00Z", "body": "Hm.", "pull_request_url": "https://api.github.com/repos/acme/shop/pulls/7"},
        {"event": "line-commented", "comments": [{"user": {"login": "bob"}, "path": "a.go", "created_at": "2026-03-01T12:00:00Z", "body": "Why?"}]},
        {"event": "cross-referenced", "created_at": "2026-03-01T13:00:00Z", "source": {}},
        {"event": "assigned", "actor": {"login": "ada"}, "assignee": {"login": "bob"}, "created_at": "2026-03-01T14:00:00Z"},
        {"event": "merged", "actor": {"login": "ada"}, "created_at": "2026-03-02T09:00:00Z"},
        {"event": "closed", "actor": {"login": "ada"}, "created_at": "2026-03-02T09:00:00Z"}
    ])
}

#[test]
fn a_timeline_alone_and_one_that_is_wrapped() {
    let alone = read(&serde_json::to_string_pretty(&timeline()).expect("JSON")).only();
    let wrapped =
        read(&json!({"repo": "acme/shop", "number": 7, "timeline": timeline()}).to_string());
    assert_eq!(alone, wrapped.only());
    assert_eq!(alone.key().to_string(), "acme/shop#7");
    assert_eq!(
        (alone.state, alone.merged_at, alone.draft),
        (State::Closed, at("2026-03-02T09:00:00Z"), Some(false))
    );
    assert_eq!(
        alone.merged_by.and_then(|by| by.login).as_deref(),
        Some("ada")
    );
    let comments = alone.comments.expect("known");
    assert_eq!(
        (comments[0].author.as_deref(), comments[0].is_bot),
        (Some("helper"), Some(true))
    );
    assert_eq!(comments[1].kind, CommentKind::Review);
    let reviews = alone.reviews.expect("known");
    assert_eq!(reviews[0].state, ReviewState::ChangesRequested);
    let events: Vec<String> = alone
        .events
        .into_iter()
        .flatten()
        .map(|one| one.event)
        .collect();
    assert_eq!(
        events,
        [
            "labeled",
            "ready_for_review",
            "assigned",
            "merged",
            "closed"
        ]
    );
    // A page of a timeline does not say that there is nothing else.
    assert_eq!(
        (alone.created_at, alone.files, alone.labels),
        (None, None, None)
    );
    let page = json!({"repo": "acme/shop", "number": 7, "timeline": [timeline()[2]]});
    let page = read(&page.to_string()).only();
    assert_eq!(
        (page.commits, page.reviews, page.comments),
        (None, None, None)
    );
}

#[test]
fn issues_are_passed_over_unless_they_are_pull_requests() {
    let issue = |number: u64, is_pull_request: bool| {
        let mut issue = json!({
            "url": format!("https://api.github.com/repos/acme/shop/issues/{number}"),
            "repository_url": "https://api.github.com/repos/acme/shop",
            "number": number,
            "title": "It stops",
            "user": {"login": "ada"},
            "state": "open",
            "comments": 1,
            "comment_data": [{"user": {"login": "bob"}, "created_at": "2026-03-01T11:00:00Z", "body": "Yes."}]
        });
        if is_pull_request {
            issue["pull_request"] = json!({
                "url": format!("https://api.github.com/repos/acme/shop/pulls/{number}"),
                "merged_at": "2026-03-02T09:00:00Z"
            });
        }
        issue
    };
    let found = read(&json!([issue(1, false), issue(2, true)]).to_string());
    assert_eq!(found.others, 1);
    let record = found.only();
    assert_eq!(record.key().to_string(), "acme/shop#2");
    assert_eq!(record.merged_at, at("2026-03-02T09:00:00Z"));
    let comments = record.comments.expect("known");
    assert_eq!(comments[0].kind, CommentKind::Issue);
    let talk = read(r#"[{"event":"labeled","created_at":"2026-03-01T11:00:00Z"}]"#);
    assert_eq!((talk.others, talk.records.len()), (1, 0));
}

#[test]
fn what_is_wrong_is_told_with_line_and_field() {
    let check = |text: &str, line: u64, kind: LineErrorKind, field: &str, words: &str| {
        let found = read_with(
            text.as_bytes(),
            &FileOptions {
                format: Some(Format::Github),
                ..FileOptions::default()
            },
        );
        assert_eq!(found.bad.len(), 1, "{text}: {found:?}");
        let bad = &found.bad[0];
        assert_eq!((bad.line, bad.kind), (line, kind), "{bad:?}");
        assert_eq!(bad.field.as_deref().unwrap_or(""), field, "{bad:?}");
        assert!(bad.reason.contains(words), "{bad:?}");
    };
    let with = |key: &str, value: Value| {
        let mut object = pull_request(1);
        object[key] = value;
        object.to_string()
    };
    check(
        &format!("[\n{},\n{}\n]", pull_request(2), with("number", json!("x"))),
        3,
        LineErrorKind::BadField,
        "number",
        "",
    );
    check(
        &with("commit_data", json!([{"sha": 5}])),
        1,
        LineErrorKind::BadField,
        "commit_data[0].sha",
        "5",
    );
    check(
        &with("created_at", json!("yesterday")),
        1,
        LineErrorKind::BadField,
        "created_at",
        "",
    );
    check(
        "{\"number\": 1, \"base\": {}}",
        1,
        LineErrorKind::MissingKey,
        "base.repo.full_name",
        "number 1",
    );
    check("[{\"number\": 1,", 1, LineErrorKind::BadJson, "", "EOF");
    check("[7]", 1, LineErrorKind::BadJson, "", "not a JSON object");
    check(
        r#"[{"event":"merged","created_at":"2026-03-01T11:00:00Z"}]"#,
        1,
        LineErrorKind::MissingKey,
        "repo",
        "wrap it",
    );
}

fn event(kind: &str, payload: Value) -> String {
    let event = json!({
        "id": "1",
        "type": kind,
        "actor": {"id": 1, "login": "ada"},
        "repo": {"id": 2, "name": "acme/shop", "url": "https://api.github.com/repos/acme/shop"},
        "payload": payload,
        "public": true,
        "created_at": "2026-03-01T12:00:05Z"
    });
    format!("{event}\n")
}

#[test]
fn an_hour_of_the_archive_gives_sightings_only() {
    let text = [
        event("PushEvent", json!({"ref": "refs/heads/main"})),
        event("PullRequestEvent", json!({"action": "opened", "number": 7, "pull_request": {"url": "x", "id": 3, "number": 7, "title": "Ignored"}})),
        event("PullRequestEvent", json!({"action": "closed", "number": 8, "pull_request": {"number": 8, "user": {"login": "copilot-swe-agent[bot]"}}})),
        event("PullRequestReviewEvent", json!({"action": "created", "pull_request": {"number": 9}})),
        event("IssueCommentEvent", json!({"action": "created", "issue": {"number": 10, "user": {"login": "bob"}, "pull_request": {}}})),
        event("IssueCommentEvent", json!({"action": "created", "issue": {"number": 11}})),
        event("PullRequestEvent", json!({"action": "opened"})),
        "{broken\n".to_owned(),
    ]
    .concat();
    let found = read(&text);
    assert_eq!(found.format, Some(Format::Gharchive));
    let seen: Vec<(u64, Option<&str>, Option<&str>)> = found
        .sightings
        .iter()
        .map(|one| (one.number, one.author.as_deref(), one.actor.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            (7, Some("ada"), Some("ada")),
            (8, Some("copilot-swe-agent"), Some("ada")),
            (9, None, Some("ada")),
            (10, Some("bob"), Some("ada")),
        ]
    );
    assert!(found.records.is_empty());
    assert_eq!(found.others, 2);
    let bad: Vec<(u64, Option<&str>)> = found
        .bad
        .iter()
        .map(|bad| (bad.line, bad.field.as_deref()))
        .collect();
    assert_eq!(bad, [(7, Some("payload.number")), (8, None)]);
}

const MAPPING: &str = "\
version = 1
delimiter = \";\"
list_separator = \"|\"
time_formats = [\"%d.%m.%Y %H:%M\", \"%Y-%m-%dT%H:%M:%S%:z\", \"%d.%m.%Y\", \"unix\"]
utc_offset = \"+02:00\"

[columns]
\"PR\" = \"number\"
\"Title\" = \"title\"
\"By\" = \"author\"
\"Opened\" = \"created_at\"
\"Merged\" = \"merged_at\"
\"Status\" = \"state\"
\"Tags\" = \"labels\"
\"Added\" = \"additions\"

[constants]
repo = \"acme/shop\"
author_is_bot = false

[values.state]
\"Fertig\" = \"merged\"
";

fn table(rows: &str, mapping: &str) -> Found {
    let mapping = CsvMapping::parse(mapping).expect("a mapping");
    read_with(
        rows.as_bytes(),
        &FileOptions {
            mapping: Some(mapping),
            ..FileOptions::default()
        },
    )
}

const HEADER: &str = "PR;Title;By;Opened;Merged;Status;Tags;Added;Other\r\n";

#[test]
fn a_table_with_a_mapping() {
    let found = table(
        &format!(
            "\u{feff}{HEADER}#7;\"Keep \"\"order\"\";\nalways\";ada;01.03.2026 10:00;2026-03-02T09:00:00+00:00;Fertig;bug| queue;12;x\r\n\
             8;;;02.03.2026;1772442000;open;;;\r\n"
        ),
        MAPPING,
    );
    assert!(found.bad.is_empty(), "{found:?}");
    let [(2, first), (4, second)] = found.records.as_slice() else {
        panic!("two records: {found:?}");
    };
    assert_eq!(first.key().to_string(), "acme/shop#7");
    assert_eq!(first.title, "Keep \"order\";\nalways");
    assert_eq!(first.created_at, at("2026-03-01T08:00:00Z"));
    assert_eq!(first.merged_at, at("2026-03-02T09:00:00Z"));
    assert_eq!(first.state, State::Closed);
    let labels: Vec<&str> = first
        .labels
        .iter()
        .flatten()
        .map(|label| label.0.as_str())
        .collect();
    assert_eq!(labels, ["bug", "queue"]);
    assert_eq!(
        first.author.as_ref().and_then(|one| one.is_bot),
        Some(false)
    );
    assert_eq!(second.created_at, at("2026-03-01T22:00:00Z"));
    assert_eq!(second.merged_at, at("2026-03-02T09:00:00Z"));
    // An empty cell says nothing.
    assert_eq!(
        (
            second.additions,
            second.labels.clone(),
            second.title.as_str()
        ),
        (None, None, "")
    );
}

#[test]
fn bad_rows_are_told_with_line_and_column() {
    let found = table(
        &format!(
            "{HEADER}seven;;;;;;;;\n8;;;1 March;;;;;\n9;;;;;ajar;;;\n10;;\n;;;;;;;;x\n11;;;;;;;many;\n12;\"open;;;;;;;\n"
        ),
        MAPPING,
    );
    let bad: Vec<(u64, &str, &str)> = found
        .bad
        .iter()
        .map(|bad| {
            (
                bad.line,
                bad.field.as_deref().unwrap_or(""),
                bad.reason.as_str(),
            )
        })
        .collect();
    let expect = [
        (2, "PR", "'seven' is not a whole number"),
        (
            3,
            "Opened",
            "'1 March' is not a time by any of the time formats",
        ),
        (4, "Status", "'ajar' is neither open"),
        (5, "", "it has 3 cells, the header has 9"),
        (6, "number", "empty"),
        (7, "Added", "'many' is not a whole number"),
        (8, "", "ends within quotation marks"),
    ];
    assert_eq!(bad.len(), expect.len(), "{bad:?}");
    for ((line, field, reason), (at_line, at_field, words)) in bad.iter().zip(expect) {
        assert_eq!((*line, *field), (at_line, at_field), "{reason}");
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn a_table_without_mapping_or_column_is_refused() {
    let found = read("number,title\n1,x\n");
    assert!(
        matches!(found.fatal, Some(FileError::NoMapping { .. })),
        "{found:?}"
    );
    let found = table("PR;Title\n1;x\n", MAPPING);
    let message = found.fatal.expect("refused").to_string();
    assert!(
        message.contains("no column '") && message.contains("PR, Title"),
        "{message}"
    );
    let found = table("", MAPPING);
    assert!(
        matches!(found.fatal, Some(FileError::NoHeader { .. })),
        "{found:?}"
    );
}

#[test]
fn mistakes_in_a_mapping_are_told_with_line_and_key() {
    for (text, line, words) in [
        ("[columns]\nA = \"number\"\n", "", "columns: it takes"),
        (
            "[columns]\nA = \"nummer\"\n",
            "line 2",
            "columns: 'nummer' is not a field",
        ),
        (
            "[columns]\nA = \"url\"\nB = \"url\"\n",
            "line",
            "two columns are url",
        ),
        (
            "[columns]\nA = \"url\"\n[constants]\nstate = \"ajar\"\n",
            "line 4",
            "constants: 'ajar'",
        ),
        (
            "[columns]\nA = \"url\"\n[constants]\nurl = \"x\"\n",
            "line 4",
            "a column already",
        ),
        (
            "[columns]\nA = \"number\"\n[constants]\nrepo = \"acme\"\n",
            "line 4",
            "owner/name",
        ),
        (
            "delimiter = \"tab\"\n[columns]\nA = \"url\"\n",
            "line 1",
            "one character",
        ),
        (
            "utc_offset = \"CET\"\n[columns]\nA = \"url\"\n",
            "line 1",
            "+02:00",
        ),
        (
            "time_formats = [\"iso\"]\n[columns]\nA = \"url\"\n",
            "line 1",
            "'iso'",
        ),
        (
            "separator = \";\"\n[columns]\nA = \"url\"\n",
            "line 1",
            "separator",
        ),
        ("version = 2\n[columns]\nA = \"url\"\n", "", "version 2"),
        ("", "", "columns"),
    ] {
        let error = CsvMapping::parse(text).expect_err(text).to_string();
        assert!(
            error.contains(line) && error.contains(words),
            "{text}: {error}"
        );
    }
}

#[test]
fn addresses_in_a_table_are_keys_enough() {
    let found = table(
        "Link\nhttps://github.com/acme/shop/pull/7\nhttps://github.com/acme\n",
        "[columns]\nLink = \"url\"\n",
    );
    assert_eq!(found.records[0].1.key().to_string(), "acme/shop#7");
    assert_eq!(
        (found.bad.len(), found.bad[0].field.as_deref()),
        (1, Some("Link"))
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the bytes, reading ends, without a panic, in whatever format.
    #[test]
    fn no_bytes_make_it_panic(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            "[\\[\\]{}\",:0-9a-z\\\\ \n]{0,200}".prop_map(String::into_bytes),
            "(\\{\"(number|base|event|type|payload|timeline|repo)\":[^\u{0}]{0,9}\\}?,?\n?){0,9}"
                .prop_map(String::into_bytes),
        ],
        format in prop::sample::select(vec![
            None,
            Some(Format::Tandem),
            Some(Format::Github),
            Some(Format::Gharchive),
            Some(Format::Csv),
        ]),
        line_bytes_max in 1_usize..60,
    ) {
        let options = FileOptions {
            options: Options { line_bytes_max },
            format,
            mapping: (format == Some(Format::Csv))
                .then(|| CsvMapping::parse("[columns]\na = \"url\"\n").expect("a mapping")),
        };
        let _ = read_with(&bytes, &options);
        // As a table, the bytes are rows below a header that fits.
        let rows = [b"a,b\n".as_slice(), &bytes].concat();
        if format == Some(Format::Csv) {
            let _ = read_with(&rows, &options);
        }
    }

    /// A list, pages of a list and lines hold the same records, however they are spaced.
    #[test]
    fn lists_and_lines_give_the_same(
        records in prop::collection::vec((1_u64..99, ".{0,20}", any::<bool>()), 1..6),
        cut in 0_usize..6,
    ) {
        let objects: Vec<Value> = records
            .iter()
            .map(|(number, title, lists)| {
                let mut object = if *lists { with_lists(*number) } else { pull_request(*number) };
                object["title"] = json!(title);
                object
            })
            .collect();
        let lines: String = objects.iter().map(|one| format!("{one}\n")).collect();
        let (one, other) = objects.split_at(cut.min(objects.len()));
        let text = |part: &[Value]| serde_json::to_string_pretty(part).expect("JSON");
        let of = |text: &str| -> Vec<PullRequest> {
            read_with(text.as_bytes(), &FileOptions { format: Some(Format::Github), ..FileOptions::default() })
                .records
                .into_iter()
                .map(|(_, record)| record)
                .collect()
        };
        let expect = of(&lines);
        prop_assert_eq!(expect.len(), objects.len());
        prop_assert_eq!(&of(&text(&objects)), &expect);
        prop_assert_eq!(&of(&format!("{}\n{}", text(one), text(other))), &expect);
    }
}
