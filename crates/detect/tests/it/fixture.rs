//! Pull requests for tests, written as JSON in the import shape.

use std::sync::LazyLock;

use detect::{Catalogue, Detector};
use model::{PullRequest, Verdict};
use serde_json::{Value, json};

/// The built-in catalogue, compiled once.
pub(crate) static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    let catalogue = Catalogue::builtin().expect("the built-in catalogue is valid");
    Detector::new(&catalogue).expect("it compiles")
});

/// A person's complete pull request with these fields set over.
pub(crate) fn pull_request(fields: Value) -> PullRequest {
    let mut record = json!({
        "repo": "example/project", "number": 1, "title": "Sort the list",
        "body": "Sorts the list by name.", "author": {"login": "ada", "is_bot": false},
        "head_ref": "sort", "created_at": "2026-08-01T00:00:00Z", "labels": [],
        "commits": [{"message": "Sort the list", "author_login": "ada", "committer_login": "web-flow"}],
        "reviews": [], "comments": [], "events": [],
    });
    let (Value::Object(record_fields), Value::Object(fields)) = (&mut record, fields) else {
        panic!("fields are an object");
    };
    record_fields.extend(fields);
    serde_json::from_value(record).expect("a record")
}

/// The verdict on such a pull request.
pub(crate) fn verdict(fields: Value) -> Verdict {
    DETECTOR.verdict(&pull_request(fields))
}

/// With one commit of this message.
pub(crate) fn message(text: &str) -> Value {
    json!({"commits": [{"message": text}]})
}
