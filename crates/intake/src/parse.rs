//! One line becomes one pull request, or says why not.

use model::PullRequest;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::error::LineErrorKind;

/// The longest name of a repository: hosts allow some 140 characters.
const REPO_BYTES_MAX: usize = 256;

/// What is wrong with a line, without its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) field: Option<String>,
    pub(crate) kind: LineErrorKind,
    pub(crate) reason: String,
}

impl Complaint {
    pub(crate) fn new(kind: LineErrorKind, field: Option<&str>, reason: impl Into<String>) -> Self {
        Self {
            field: field.map(str::to_owned),
            kind,
            reason: reason.into(),
        }
    }

    /// The same of a part of the record.
    pub(crate) fn within(mut self, part: &str) -> Self {
        self.field = Some(match self.field {
            None => part.to_owned(),
            Some(field) if field.starts_with('[') => format!("{part}{field}"),
            Some(field) => format!("{part}.{field}"),
        });
        self
    }
}

/// Reads one line that is not blank, and checks its value.
pub(crate) fn parse<T: DeserializeOwned>(
    line: &[u8],
    check: fn(&T) -> Result<(), Complaint>,
) -> Result<T, Complaint> {
    let text = utf8(line)?;
    // An array would pass as an object without names.
    if !text.trim_start().starts_with('{') {
        return Err(Complaint::new(
            LineErrorKind::BadJson,
            None,
            "not a JSON object",
        ));
    }
    let value: T = serde_json::from_str(text).map_err(|error| explain::<T>(text, &error))?;
    check(&value)?;
    Ok(value)
}

/// The text of a line.
pub(crate) fn utf8(line: &[u8]) -> Result<&str, Complaint> {
    std::str::from_utf8(line).map_err(|error| {
        Complaint::new(
            LineErrorKind::InvalidUtf8,
            None,
            format!("not UTF-8 at byte {}", error.valid_up_to() + 1),
        )
    })
}

/// Reads JSON of any shape; a complaint names the field.
pub(crate) fn json<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, Complaint> {
    serde_json::from_str(text).map_err(|error| explain::<T>(text, &error))
}

/// Turns serde's error into a complaint. To name the field the line is read again, with a slower
/// reader that keeps track of where it is.
fn explain<'t, T: Deserialize<'t>>(text: &'t str, error: &serde_json::Error) -> Complaint {
    if error.classify() != Category::Data {
        return Complaint::new(
            LineErrorKind::BadJson,
            None,
            format!("not valid JSON: {}", in_line(error)),
        );
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let tracked = serde_path_to_error::deserialize::<_, T>(&mut deserializer);
    let path = match &tracked {
        Err(tracked) => tracked.path().to_string(),
        Ok(_) => String::new(),
    };
    let path = if path == "." { "" } else { path.as_str() };
    let reason = without_place(error);
    let quoted = |prefix: &str| reason.strip_prefix(prefix)?.strip_suffix('`');
    let missing = quoted("missing field `");
    let field = match missing.or_else(|| quoted("duplicate field `")) {
        Some(name) if path.is_empty() => name.to_owned(),
        Some(name) => format!("{path}.{name}"),
        None => path.to_owned(),
    };
    let is_key = field == "repo" || field == "number";
    if is_key && missing.is_some() {
        return Complaint::new(LineErrorKind::MissingKey, Some(&field), "missing");
    }
    if is_key && reason.starts_with("invalid type: null") {
        return Complaint::new(LineErrorKind::MissingKey, Some(&field), "null");
    }
    let field = (!field.is_empty()).then_some(field.as_str());
    Complaint::new(LineErrorKind::BadField, field, reason)
}

/// The message of an error, with the column but without the line, which is always 1.
fn in_line(error: &serde_json::Error) -> String {
    format!("{} at column {}", without_place(error), error.column())
}

fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match message.strip_suffix(&place) {
        Some(message) => message.to_owned(),
        None => message,
    }
}

/// A key must be one that a host can have.
pub(crate) fn check_key(pull_request: &PullRequest) -> Result<(), Complaint> {
    check_repo_and_number(&pull_request.repo, pull_request.number)
}

/// The same of its two parts.
pub(crate) fn check_repo_and_number(repo: &str, number: u64) -> Result<(), Complaint> {
    let is_name = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part
                .chars()
                .all(|character| !character.is_whitespace() && !model::acts(character))
    };
    let looks_right = repo.len() <= REPO_BYTES_MAX
        && repo
            .split_once('/')
            .is_some_and(|(owner, name)| is_name(owner) && is_name(name) && !name.contains('/'));
    if !looks_right {
        return Err(Complaint::new(
            LineErrorKind::BadField,
            Some("repo"),
            "not of the form owner/name",
        ));
    }
    if number == 0 || i64::try_from(number).is_err() {
        return Err(Complaint::new(
            LineErrorKind::BadField,
            Some("number"),
            format!("{number} is not the number of a pull request"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use LineErrorKind::{BadField, BadJson, InvalidUtf8, MissingKey};

    fn read(line: &[u8]) -> Result<model::PullRequest, Complaint> {
        parse(line, check_key)
    }

    fn check(line: &str, kind: LineErrorKind, field: Option<&str>, reason: &str) {
        let complaint = read(line.as_bytes()).expect_err(line);
        assert_eq!(
            (complaint.kind, complaint.field.as_deref()),
            (kind, field),
            "{line}: {complaint:?}"
        );
        assert!(complaint.reason.contains(reason), "{line}: {complaint:?}");
        assert!(!complaint.reason.contains("at line"), "{complaint:?}");
    }

    #[test]
    fn complaints_name_the_field() {
        check("nonsense", BadJson, None, "not a JSON object");
        check("[]", BadJson, None, "not a JSON object");
        check(r#"["a","b/c",1]"#, BadJson, None, "not a JSON object");
        check("3", BadJson, None, "not a JSON object");
        check("{", BadJson, None, "at column 1");
        check(r#"{"repo":"a/b","number":1"#, BadJson, None, "EOF");
        check(r#"{"repo":"a/b","number":1}}"#, BadJson, None, "trailing");
        check(
            r#"{"repo":"a/b","number":1,"title":"\ud800"}"#,
            BadJson,
            None,
            "",
        );
        check(r"{}", MissingKey, Some("repo"), "missing");
        check(r#"{"repo":"a/b"}"#, MissingKey, Some("number"), "missing");
        check(
            r#"{"repo":null,"number":1}"#,
            MissingKey,
            Some("repo"),
            "null",
        );
        check(
            r#"{"repo":"a/b","number":null}"#,
            MissingKey,
            Some("number"),
            "null",
        );
        check(
            r#"{"repo":"a/b","number":"1"}"#,
            BadField,
            Some("number"),
            "string",
        );
        check(
            r#"{"repo":"a/b","number":-1}"#,
            BadField,
            Some("number"),
            "-1",
        );
        check(
            r#"{"repo":"a/b","number":1.5}"#,
            BadField,
            Some("number"),
            "1.5",
        );
        check(
            r#"{"repo":"a/b","number":0}"#,
            BadField,
            Some("number"),
            "0 is not",
        );
        check(
            r#"{"repo":"a/b","number":9223372036854775808}"#,
            BadField,
            Some("number"),
            "9223372036854775808",
        );
        for repo in [
            "",
            "a",
            "/",
            "a/",
            "/b",
            "a/b/c",
            "a b/c",
            "a/b\\n",
            "a\\u0000/b",
        ] {
            let line = format!(r#"{{"repo":"{repo}","number":1}}"#);
            check(&line, BadField, Some("repo"), "owner/name");
        }
        let long = format!(r#"{{"repo":"a/{}","number":1}}"#, "b".repeat(300));
        check(&long, BadField, Some("repo"), "owner/name");
        check(
            r#"{"repo":"a/b","number":1,"created_at":"yesterday"}"#,
            BadField,
            Some("created_at"),
            "",
        );
        check(
            r#"{"repo":"a/b","number":1,"commits":[{},{"message":7}]}"#,
            BadField,
            Some("commits[1].message"),
            "7",
        );
        check(
            r#"{"repo":"a/b","number":1,"files":[{"additions":1}]}"#,
            BadField,
            Some("files[0].path"),
            "missing",
        );
        check(
            r#"{"repo":"a/b","number":1,"number":2}"#,
            BadField,
            Some("number"),
            "duplicate",
        );
        check(
            r#"{"repo":"a/b","number":1,"state":"ajar"}"#,
            BadField,
            Some("state"),
            "ajar",
        );
    }

    #[test]
    fn nesting_without_end_does_not_exhaust_the_stack() {
        let deep = format!(r#"{{"repo":"a/b","number":1,"x":{}"#, "[".repeat(1_000_000));
        assert_eq!(
            read(deep.as_bytes()).map_err(|complaint| complaint.kind),
            Err(BadJson)
        );
        let deep = format!(
            r#"{{"repo":"a/b","number":1,"labels":{}"#,
            "[".repeat(1_000_000)
        );
        assert!(read(deep.as_bytes()).is_err());
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_told_where() {
        let complaint = read(b"{\"repo\":\"a/\xff\"}").expect_err("not UTF-8");
        assert_eq!(complaint.kind, InvalidUtf8);
        assert_eq!(complaint.reason, "not UTF-8 at byte 12");
    }

    #[test]
    fn unknown_fields_and_spaces_are_let_pass() {
        let parsed =
            read(b" { \"novel\": [1e999, {\"a\": null}], \"repo\": \"a/b\", \"number\": 1 } ");
        assert_eq!(parsed.map(|record| record.number), Ok(1));
    }
}
