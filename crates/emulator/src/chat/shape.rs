//! What faults make of a good answer's text.

use serde_json::{Map, Value, json};

use super::strict::Compiled;

/// The first half of a text, at least one sign of it.
pub(crate) fn cut(text: &str) -> String {
    let half = (text.len() / 2).max(1);
    let end = (half..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len());
    text[..end].to_owned()
}

/// The text with sentences around it.
pub(crate) fn prose(text: &str) -> String {
    format!("Sure, this is what I found:\n\n{text}\n\nTell me if you want more detail.")
}

/// The text in a fenced block.
pub(crate) fn fenced(text: &str) -> String {
    format!("```json\n{text}\n```")
}

/// The document with a comma before its last bracket.
pub(crate) fn trailing_comma(text: &str) -> String {
    let end = text.trim_end();
    match end.char_indices().next_back() {
        Some((at, bracket @ ('}' | ']'))) => format!("{},{bracket}", &end[..at]),
        _ => format!("{end},"),
    }
}

/// The document with every value null.
pub(crate) fn null_values(document: Option<&Value>) -> String {
    let mut object = Map::new();
    if let Some(Value::Object(fields)) = document {
        for name in fields.keys() {
            object.insert(name.clone(), Value::Null);
        }
    }
    Value::Object(object).to_string()
}

/// The document with one value of another type, such that the schema does not take it. Where every
/// such change would be valid (or there is no schema), a document of another kind.
pub(crate) fn mismatch(document: Option<&Value>, schema: Option<&Compiled>) -> String {
    if let (Some(Value::Object(fields)), Some(schema)) = (document, schema) {
        for name in fields.keys() {
            for other in [json!("not this"), json!({"not": "this"}), json!([0])] {
                let mut changed = fields.clone();
                changed.insert(name.clone(), other);
                let changed = Value::Object(changed);
                if !schema.is_valid(&changed) {
                    return changed.to_string();
                }
            }
        }
    }
    json!(["not this"]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::strict::SchemaCache;

    #[test]
    fn shapes_are_what_they_are_called() {
        let text = r#"{"a":{"b":"é"}}"#;
        let parses = |text: &str| serde_json::from_str::<Value>(text).is_ok();
        assert!(!parses(&cut(text)) && !parses(&cut("{}")));
        assert_eq!(cut("é"), "é");
        assert!(!parses(&prose(text)) && prose(text).contains(text));
        assert!(!parses(&fenced(text)));
        assert_eq!(trailing_comma(text), r#"{"a":{"b":"é"},}"#);
        assert_eq!(
            null_values(Some(&json!({"a": 1, "b": {}}))),
            r#"{"a":null,"b":null}"#
        );
    }

    #[test]
    fn a_mismatch_is_json_that_the_schema_does_not_take() {
        let cache = SchemaCache::default();
        let schema = cache.get(&json!({"type": "object", "properties": {
            "a": {}, "b": {"type": "string"}}, "required": ["a", "b"]}));
        let document = json!({"a": 1, "b": "x"});
        assert!(schema.is_valid(&document));
        let changed: Value =
            serde_json::from_str(&mismatch(Some(&document), Some(&schema))).expect("JSON");
        assert!(changed.is_object() && !schema.is_valid(&changed));
        let other: Value = serde_json::from_str(&mismatch(None, None)).expect("JSON");
        assert!(other.is_array());
    }
}
