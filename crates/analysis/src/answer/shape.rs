//! Holds a document against the strict schema, naming the field that breaks it.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::AnswerError;

/// Checks a document against a schema of the strict dialect.
pub(super) fn check(schema: &Value, document: &Value) -> Result<(), AnswerError> {
    check_node(schema, document, &mut String::new())
}

/// A text of unknown origin, short enough and plain enough for an error message.
pub(super) fn shown(text: &str) -> String {
    let plain = crate::text::one_line(text);
    match plain.char_indices().nth(160) {
        Some((end, _)) => format!("{}...", &plain[..end]),
        None => plain,
    }
}

fn check_node(schema: &Value, value: &Value, path: &mut String) -> Result<(), AnswerError> {
    let allowed_types = match schema.get("type") {
        Some(Value::Array(several)) => several.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let found = type_name(value);
    if !allowed_types.iter().any(|allowed| allowed == found) {
        let expected: Vec<&str> = allowed_types.iter().filter_map(Value::as_str).collect();
        return fail(
            path,
            format!("is {found}, expected {}", expected.join(" or ")),
        );
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.contains(value)
    {
        let choices: Vec<&str> = choices.iter().filter_map(Value::as_str).collect();
        let value = shown(&value.to_string());
        return fail(
            path,
            format!("is {value}, expected one of {}", choices.join(", ")),
        );
    }
    match value {
        Value::Object(object) => check_object(schema, object, path),
        Value::Array(items) => check_items(schema, items, path),
        _ => Ok(()),
    }
}

fn check_object(
    schema: &Value,
    object: &Map<String, Value>,
    path: &mut String,
) -> Result<(), AnswerError> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Ok(());
    };
    // The strict dialect requires every property.
    for (name, property) in properties {
        let length = path.len();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
        match object.get(name) {
            Some(value) => check_node(property, value, path)?,
            None => return fail(path, "is missing".to_owned()),
        }
        path.truncate(length);
    }
    match object.keys().find(|name| !properties.contains_key(*name)) {
        Some(unknown) => fail(path, format!("has the unknown field {}", shown(unknown))),
        None => Ok(()),
    }
}

fn check_items(schema: &Value, items: &[Value], path: &mut String) -> Result<(), AnswerError> {
    let Some(item_schema) = schema.get("items") else {
        return Ok(());
    };
    for (index, item) in items.iter().enumerate() {
        let length = path.len();
        let _ = write!(path, "[{index}]");
        check_node(item_schema, item, path)?;
        path.truncate(length);
    }
    Ok(())
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn fail(path: &str, reason: String) -> Result<(), AnswerError> {
    let path = if path.is_empty() { "." } else { path };
    Err(AnswerError::Schema {
        path: path.to_owned(),
        reason,
    })
}
