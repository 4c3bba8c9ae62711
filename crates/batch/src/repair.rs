//! The narrow repair: takes away what stands around or behind a JSON object, never adds a byte.
//!
//! Three things are taken away, and each is recorded: a code fence, prose before and after one object,
//! and commas before a closing bracket. A text that needs more is not repaired.

use serde_json::Value;

/// A repaired text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// One JSON object. Its bytes are a subsequence of the input's.
    pub json: String,
    /// What was taken away, for instance `stripped fences, removed trailing commas`.
    pub note: String,
}

/// Repairs a text that is not JSON; `None` when it is beyond the narrow repair.
pub fn repair(text: &str) -> Option<Repaired> {
    let mut notes = Vec::new();
    let start = text.find('{')?;
    let (before, from_start) = text.split_at(start);
    let length = object_length(from_start)?;
    let (object, after) = from_start.split_at(length);
    if !is_harmless(before) || !is_harmless(after) || opens_a_value(before) || closes_one(after) {
        return None;
    }
    let (fences_before, prose_before) = surroundings(before);
    let (fences_after, prose_after) = surroundings(after);
    if fences_before || fences_after {
        notes.push("stripped fences");
    }
    if prose_before || prose_after {
        notes.push("stripped prose");
    }
    let json = without_trailing_commas(object);
    if json.len() != object.len() {
        notes.push("removed trailing commas");
    }
    if notes.is_empty() {
        // Nothing stood around it but white space or a byte order mark.
        notes.push("stripped white space");
    }
    match serde_json::from_str::<Value>(&json) {
        Ok(Value::Object(_)) => Some(Repaired {
            json,
            note: notes.join(", "),
        }),
        _ => None,
    }
}

/// Length of the balanced object at the start of a text, strings respected.
fn object_length(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' => depth += 1,
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(place + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Text around the object may not hold another one: which of two is meant nobody can know.
fn is_harmless(text: &str) -> bool {
    !text.contains(['{', '}'])
}

/// Whether the text before the object shows that it is only a part of a larger value.
fn opens_a_value(before: &str) -> bool {
    let before = before.trim_end();
    before.ends_with(['[', ',', '"'])
        || before
            .strip_suffix(':')
            .is_some_and(|key| key.trim_end().ends_with('"'))
}

/// Whether the text after the object shows that it is only a part of a larger value.
fn closes_one(after: &str) -> bool {
    after.trim_start().starts_with([']', ',', ':', '"'])
}

/// Whether there is a fence, and whether there is prose, in the text around the object.
fn surroundings(text: &str) -> (bool, bool) {
    let mut fence = false;
    let mut prose = false;
    for line in text.lines() {
        let line = line
            .trim_matches(|character: char| character.is_whitespace() || character == '\u{feff}');
        if line.is_empty() {
            continue;
        }
        match line.find("```") {
            Some(place) => {
                fence = true;
                let (words, info) = line.split_at(place);
                let info = info.trim_start_matches('`').trim();
                let is_language = info
                    .chars()
                    .all(|character| character.is_ascii_alphanumeric());
                prose |= !words.is_empty() || !is_language;
            }
            None => prose = true,
        }
    }
    (fence, prose)
}

/// The text without commas that only white space parts from a closing bracket.
fn without_trailing_commas(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut in_string = false;
    let mut escaped = false;
    for (place, character) in text.char_indices() {
        if in_string {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = false,
                _ => {}
            }
        } else if character == '"' {
            in_string = true;
        } else if character == ',' {
            let rest = text.get(place + 1..).unwrap_or_default();
            if rest.trim_start().starts_with(['}', ']']) {
                continue;
            }
        }
        kept.push(character);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn saves_what_is_whole_and_refuses_the_rest() {
        let check = |text: &str, expect: Option<(&str, &str)>| {
            let repaired = repair(text);
            let got = repaired
                .as_ref()
                .map(|repaired| (repaired.json.as_str(), repaired.note.as_str()));
            assert_eq!(got, expect, "{text}");
        };
        check(
            "```json\n{\"a\": 1}\n```",
            Some(("{\"a\": 1}", "stripped fences")),
        );
        check("```{\"a\": 1}```", Some(("{\"a\": 1}", "stripped fences")));
        check(
            "Sure! Here it is:\n{\"a\": 1}",
            Some(("{\"a\": 1}", "stripped prose")),
        );
        check(
            "Here:\n```json\n{\"a\": [1, 2,], }\n```\nHope it helps.",
            Some((
                "{\"a\": [1, 2] }",
                "stripped fences, stripped prose, removed trailing commas",
            )),
        );
        check(
            "\u{feff}{\"a\": 1}",
            Some(("{\"a\": 1}", "stripped white space")),
        );
        check(
            "{\"a\": \",}\"}",
            Some(("{\"a\": \",}\"}", "stripped white space")),
        );
        check(
            "{\"a\": \"}\\\"{\",}",
            Some(("{\"a\": \"}\\\"{\"}", "removed trailing commas")),
        );
        // Cut, several, parts of something larger, or not there at all.
        check("{\"a\": 1", None);
        check("Sure! ```json\n{\"is_ai\": true", None);
        check("{\"a\": 1} {\"b\": 2}", None);
        check("[{\"a\": 1}]", None);
        check("[{\"a\": 1},", None);
        check("\"outer\": {\"a\": 1}", None);
        check("{\"a\": 1}, \"b\": 2", None);
        check("{\"a\": 'x'}", None);
        check("{\"a\": }", None);
        check("{a: 1}", None);
        check("no object here", None);
        check("", None);
        check("}{", None);
    }

    fn is_subsequence(part: &str, whole: &str) -> bool {
        let mut rest = whole.chars();
        part.chars().all(|wanted| rest.any(|found| found == wanted))
    }

    proptest! {
        #[test]
        fn never_invents_and_always_parses(text in "[\\{\\}\\[\\],:\"a1\\\\ \n`]{0,40}") {
            if let Some(repaired) = repair(&text) {
                prop_assert!(is_subsequence(&repaired.json, &text));
                let value: Value = serde_json::from_str(&repaired.json).unwrap();
                prop_assert!(value.is_object());
                let again = repair(&repaired.json).unwrap();
                prop_assert_eq!(again.json, repaired.json);
            }
        }

        #[test]
        fn finds_the_object_in_fences_and_prose(
            values in proptest::collection::btree_map("[a-z]{1,5}", "[^\\\\]{0,12}", 0..5),
            before in "[A-Za-z .!\n]{0,30}",
            fence in any::<bool>(),
        ) {
            let object = serde_json::to_string(&values).unwrap();
            let text = if fence {
                format!("{before}\n```json\n{object}\n```")
            } else {
                format!("{before}{object}\n{before}")
            };
            let repaired = repair(&text).unwrap();
            let value: Value = serde_json::from_str(&repaired.json).unwrap();
            prop_assert_eq!(value, serde_json::to_value(&values).unwrap());
        }

        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            let _ = repair(&text);
        }
    }
}
