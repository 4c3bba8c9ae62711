//! What a file holds, found by looking at its beginning.

use serde_json::Value as Json;

use crate::values::Arrays;

/// How much of a file is looked at.
pub(crate) const LOOKED_AT_BYTES: usize = 64 << 10;
/// The deepest nesting that is looked into.
const DEPTH_MAX: usize = 64;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Records in Tandem's own shape.
    Tandem,
    /// Objects of GitHub's REST API: pull requests, issues that are pull requests, with or without the
    /// lists that backup tools put beside them, and issue timelines.
    Github,
    /// Hourly files of GH Archive.
    Gharchive,
    /// A table, read by a mapping of its columns.
    Csv,
}

impl Format {
    /// The word for options and messages.
    pub fn name(self) -> &'static str {
        match self {
            Format::Tandem => "tandem",
            Format::Github => "github",
            Format::Gharchive => "gharchive",
            Format::Csv => "csv",
        }
    }
}

/// How values stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One a line, so that the next line is sound whatever one holds.
    Lines,
    /// Cut by brackets.
    Values(Arrays),
}

/// What a file was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) format: Format,
    pub(crate) layout: Layout,
}

/// Looks at the beginning of a file, without a byte order mark. What cannot be told is taken for lines of Tandem's own records,
/// whose parser says what is wrong.
pub(crate) fn look(head: &[u8], format: Option<Format>) -> Found {
    let text = head.trim_ascii_start();
    let first_line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_spread = text.starts_with(b"[") || first_line.trim_ascii() == b"{";
    let object = text
        .strip_prefix(b"[")
        .map_or(text, <[u8]>::trim_ascii_start);
    let keys = keys(object);
    let has = |key: &str| keys.iter().any(|known| known == key);
    let is_timeline = text.starts_with(b"[") && has("event") && !has("base") && !has("number");
    let found = if has("type") && has("payload") {
        Format::Gharchive
    } else if is_timeline || is_github(&has) {
        Format::Github
    } else if text.starts_with(b"[") || text.starts_with(b"{") || text.is_empty() {
        Format::Tandem
    } else if first_line.contains(&b',')
        || first_line.contains(&b';')
        || first_line.contains(&b'\t')
    {
        Format::Csv
    } else {
        Format::Tandem
    };
    Found {
        format: format.unwrap_or(found),
        layout: if is_timeline {
            Layout::Values(Arrays::AreValues)
        } else if is_spread {
            Layout::Values(Arrays::AreLists)
        } else {
            Layout::Lines
        },
    }
}

/// Whether an object is one of GitHub's, rather than a record of ours.
fn is_github(has: &impl Fn(&str) -> bool) -> bool {
    const LISTS: &[&str] = &[
        "comment_data",
        "comment_regular_data",
        "commit_data",
        "review_data",
        "timeline",
        "timeline_data",
        "event_data",
    ];
    const OWN: &[&str] = &["base", "head", "html_url", "node_id", "user", "url"];
    LISTS.iter().any(|key| has(key)) || (!has("repo") && OWN.iter().any(|key| has(key)))
}

/// The keys of the object at the beginning, as far as they can be seen.
fn keys(text: &[u8]) -> Vec<String> {
    let mut keys = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    let mut wants_key = false;
    while let Some(byte) = text.get(at) {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                wants_key = depth == 1 && *byte == b'{';
                if depth > DEPTH_MAX {
                    return keys;
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return keys;
                }
            }
            b',' if depth == 1 => wants_key = true,
            b'"' => {
                let Some(end) = end_of_string(text, at) else {
                    return keys;
                };
                if wants_key && depth == 1 {
                    let literal = text.get(at..=end).unwrap_or_default();
                    if let Ok(Json::String(key)) = serde_json::from_slice(literal) {
                        keys.push(key);
                    }
                    wants_key = false;
                }
                at = end;
            }
            _ if depth == 0 && !byte.is_ascii_whitespace() => return keys,
            _ => {}
        }
        at += 1;
    }
    keys
}

/// Where the string that begins at a quotation mark ends.
fn end_of_string(text: &[u8], start: usize) -> Option<usize> {
    let mut is_escaped = false;
    for (offset, byte) in text.get(start + 1..)?.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(start + 1 + offset),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_looking() {
        let lists = Layout::Values(Arrays::AreLists);
        let timeline = Layout::Values(Arrays::AreValues);
        for (text, format, layout) in [
            ("", Format::Tandem, Layout::Lines),
            (
                r#"{"repo":"a/b","number":1}"#,
                Format::Tandem,
                Layout::Lines,
            ),
            (r#"[{"repo":"a/b","number":1}]"#, Format::Tandem, lists),
            ("{\n  \"repo\": \"a/b\"\n}", Format::Tandem, lists),
            (
                r#"{"number":1,"base":{"user":{}}}"#,
                Format::Github,
                Layout::Lines,
            ),
            ("[\n{\"url\":\"x\",\"number\":1}", Format::Github, lists),
            ("{\n\"comment_data\": [", Format::Github, lists),
            (
                r#"{"repo":"a/b","number":1,"timeline":[]}"#,
                Format::Github,
                Layout::Lines,
            ),
            (
                r#"[{"id":1,"event":"labeled","actor":{}}]"#,
                Format::Github,
                timeline,
            ),
            (
                r#"{"id":"1","type":"PushEvent","actor":{},"repo":{"name":"a/b"},"payload":{}}"#,
                Format::Gharchive,
                Layout::Lines,
            ),
            ("number,title\n1,x", Format::Csv, Layout::Lines),
            ("number;title\n1;x", Format::Csv, Layout::Lines),
            ("nonsense", Format::Tandem, Layout::Lines),
            ("[1, 2]", Format::Tandem, lists),
        ] {
            assert_eq!(
                look(text.as_bytes(), None),
                Found { format, layout },
                "{text}"
            );
        }
        let told = look(b"a,b", Some(Format::Tandem));
        assert_eq!(told.format, Format::Tandem);
    }

    #[test]
    fn keys_are_those_of_the_outer_object() {
        assert_eq!(
            keys(br#" {"a":{"b":1},"c\"":[{"d":2}],"e":"f","g"#),
            ["a", "c\"", "e"]
        );
        assert_eq!(keys(b"[[[["), Vec::<String>::new());
        assert_eq!(keys(b"x{\"a\":1}"), Vec::<String>::new());
    }
}
