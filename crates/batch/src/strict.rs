//! What strict mode takes of a JSON Schema.
//!
//! Constrained decoding knows only a part of JSON Schema: every property must be required, every
//! object closed, and keywords that narrow values (`minimum`, `pattern`, ...) are not promised. Such
//! keywords need not cost a schema strict mode: on the wire they become words of the description,
//! which the model reads, and the caller's [`AnswerCheck`](crate::AnswerCheck) holds every answer
//! against the whole schema.

use serde_json::{Map, Value, json};

/// A schema in the form that strict mode takes.
#[derive(Debug, Clone, PartialEq)]
pub struct StrictForm {
    /// The schema for the wire; every answer that fits the whole schema and has no further
    /// properties fits it too.
    pub schema: Value,
    /// What the wire form does not say and the caller has to check, as places in the schema, for
    /// instance `/properties/age/minimum`.
    pub left_out: Vec<String>,
}

/// Why a schema cannot be had in strict mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct Misfit {
    /// The place in the schema, for instance `/properties/age`; `/` for the root.
    pub path: String,
    /// What is wrong there, in words.
    pub reason: String,
}

/// Keywords that strict mode takes as they are.
const TAKEN: &[&str] = &[
    "$comment",
    "$defs",
    "$ref",
    "$schema",
    "additionalProperties",
    "anyOf",
    "description",
    "enum",
    "items",
    "properties",
    "required",
    "title",
    "type",
];

/// Keywords that only narrow what the others allow, or only annotate: without them the schema
/// allows more, never less.
const LEFT_OUT: &[&str] = &[
    "contentEncoding",
    "contentMediaType",
    "default",
    "deprecated",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "readOnly",
    "uniqueItems",
    "writeOnly",
];

/// Of [`LEFT_OUT`], those that say nothing about what is valid.
const ANNOTATIONS: &[&str] = &[
    "default",
    "deprecated",
    "examples",
    "readOnly",
    "writeOnly",
    "contentEncoding",
    "contentMediaType",
];

/// Deepest nesting that is looked at, as protection of the stack.
const DEEPEST: usize = 64;

/// Gives the form of a schema that strict mode takes.
///
/// # Errors
/// The first place that strict mode cannot express: a property that is not required, an object that
/// is left open, a keyword such as `oneOf`, a value of any type.
pub fn strict_form(schema: &Value) -> Result<StrictForm, Misfit> {
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err(misfit("", "the root is not of type object"));
    }
    if schema.get("anyOf").is_some() {
        return Err(misfit("", "anyOf at the root is not supported"));
    }
    let mut left_out = Vec::new();
    let schema = node(schema, schema, "", 0, &mut left_out)?;
    Ok(StrictForm { schema, left_out })
}

fn misfit(path: &str, reason: impl Into<String>) -> Misfit {
    Misfit {
        path: if path.is_empty() { "/" } else { path }.to_owned(),
        reason: reason.into(),
    }
}

fn node(
    schema: &Value,
    root: &Value,
    path: &str,
    depth: usize,
    left_out: &mut Vec<String>,
) -> Result<Value, Misfit> {
    let Value::Object(keys) = schema else {
        return Err(misfit(path, "true and false are not supported as schemas"));
    };
    if depth > DEEPEST {
        return Err(misfit(
            path,
            format!("nested more than {DEEPEST} levels deep"),
        ));
    }
    let mut taken = Map::new();
    let mut in_words = Vec::new();
    for (key, value) in keys {
        match key.as_str() {
            // One value is an enumeration of one.
            "const" => {
                taken.insert("enum".to_owned(), json!([value]));
            }
            "properties" | "$defs" => {
                taken.insert(key.clone(), each(value, root, path, key, depth, left_out)?);
            }
            "items" => {
                let path = format!("{path}/items");
                taken.insert(key.clone(), node(value, root, &path, depth + 1, left_out)?);
            }
            "anyOf" => {
                taken.insert(key.clone(), choices(value, root, path, depth, left_out)?);
            }
            "$ref" => {
                is_resolved(value, root)
                    .then(|| taken.insert(key.clone(), value.clone()))
                    .ok_or_else(|| misfit(path, "$ref is neither # nor an entry of #/$defs"))?;
            }
            key if LEFT_OUT.contains(&key) => {
                if !ANNOTATIONS.contains(&key) {
                    left_out.push(format!("{path}/{key}"));
                    in_words.push(format!("{key}: {value}"));
                }
            }
            key if TAKEN.contains(&key) => {
                taken.insert(key.to_owned(), value.clone());
            }
            other => return Err(misfit(path, format!("{other} is not supported"))),
        }
    }
    if !in_words.is_empty() {
        let words = in_words.join(", ");
        let described = taken.get("description").and_then(Value::as_str);
        let words = described.map_or(words.clone(), |text| format!("{text} ({words})"));
        taken.insert("description".to_owned(), Value::from(words));
    }
    let says_something = ["type", "enum", "anyOf", "$ref"];
    if !says_something.iter().any(|key| taken.contains_key(*key)) {
        return Err(misfit(path, "a value of any type is not supported"));
    }
    if names_type(&taken, "array") && !taken.contains_key("items") {
        return Err(misfit(path, "an array without items is not supported"));
    }
    if names_type(&taken, "object") || taken.contains_key("properties") {
        close(&mut taken, path)?;
    }
    Ok(Value::Object(taken))
}

/// Each schema under `properties` or `$defs`.
fn each(
    schemas: &Value,
    root: &Value,
    path: &str,
    key: &str,
    depth: usize,
    left_out: &mut Vec<String>,
) -> Result<Value, Misfit> {
    let Value::Object(schemas) = schemas else {
        return Err(misfit(path, format!("{key} is not an object")));
    };
    let mut taken = Map::new();
    for (name, schema) in schemas {
        let path = format!("{path}/{key}/{name}");
        taken.insert(
            name.clone(),
            node(schema, root, &path, depth + 1, left_out)?,
        );
    }
    Ok(Value::Object(taken))
}

/// Each schema under `anyOf`.
fn choices(
    schemas: &Value,
    root: &Value,
    path: &str,
    depth: usize,
    left_out: &mut Vec<String>,
) -> Result<Value, Misfit> {
    let schemas = schemas.as_array().filter(|schemas| !schemas.is_empty());
    let schemas = schemas.ok_or_else(|| misfit(path, "anyOf is not a list of schemas"))?;
    let mut taken = Vec::with_capacity(schemas.len());
    for (place, schema) in schemas.iter().enumerate() {
        let path = format!("{path}/anyOf/{place}");
        taken.push(node(schema, root, &path, depth + 1, left_out)?);
    }
    Ok(Value::Array(taken))
}

/// Whether a schema's type is, or may be, the one named.
fn names_type(keys: &Map<String, Value>, name: &str) -> bool {
    match keys.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    }
}

/// Insists that every property is required, and closes an object that says nothing of others.
fn close(keys: &mut Map<String, Value>, path: &str) -> Result<(), Misfit> {
    let no_properties = Map::new();
    let properties = keys.get("properties").and_then(Value::as_object);
    let properties = properties.unwrap_or(&no_properties);
    let empty = Vec::new();
    let required = keys.get("required").and_then(Value::as_array);
    let required = required.unwrap_or(&empty);
    let is_required = |name: &str| required.iter().any(|entry| entry == name);
    if let Some(name) = properties.keys().find(|name| !is_required(name)) {
        return Err(misfit(
            path,
            format!("{name} is not required; make it so and allow null"),
        ));
    }
    let is_known = |entry: &&Value| {
        entry
            .as_str()
            .is_some_and(|name| properties.contains_key(name))
    };
    if let Some(entry) = required.iter().find(|entry| !is_known(entry)) {
        return Err(misfit(path, format!("{entry} is required but no property")));
    }
    match keys.get("additionalProperties") {
        Some(Value::Bool(false)) => Ok(()),
        None if !properties.is_empty() => {
            keys.insert("additionalProperties".to_owned(), Value::Bool(false));
            Ok(())
        }
        _ => Err(misfit(
            path,
            "the object is open; strict mode wants additionalProperties false",
        )),
    }
}

/// Whether a reference is one that strict mode can follow.
fn is_resolved(reference: &Value, root: &Value) -> bool {
    let Some(reference) = reference.as_str() else {
        return false;
    };
    if reference == "#" {
        return true;
    }
    let name = reference.strip_prefix("#/$defs/");
    name.is_some_and(|name| {
        root.get("$defs")
            .is_some_and(|defs| defs.get(name).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(properties: Value) -> Value {
        let required: Vec<String> = properties.as_object().unwrap().keys().cloned().collect();
        json!({"type": "object", "properties": properties, "required": required,
            "additionalProperties": false})
    }

    #[test]
    fn what_fits_is_left_as_it_is_in_its_order() {
        let schema = object(json!({
            "z": {"type": ["string", "null"], "description": "last letter first"},
            "a": {"type": "array", "items": {"$ref": "#/$defs/b"}},
            "m": {"anyOf": [{"type": "integer"}, {"enum": ["x"]}]},
        }));
        let mut schema = schema;
        schema["$defs"] = json!({"b": object(json!({"n": {"type": "number"}}))});
        let form = strict_form(&schema).unwrap();
        assert_eq!(form.schema.to_string(), schema.to_string());
        assert!(form.left_out.is_empty());
    }

    #[test]
    fn what_only_narrows_is_told_in_words_and_named() {
        let schema = object(json!({
            "age": {"type": "integer", "minimum": 0, "maximum": 150, "default": 1},
            "kind": {"const": "person"},
            "code": {"type": "string", "pattern": "^[a-z]+$", "description": "The code"},
        }));
        let form = strict_form(&schema).unwrap();
        let expected = object(json!({
            "age": {"type": "integer", "description": "minimum: 0, maximum: 150"},
            "kind": {"enum": ["person"]},
            "code": {"type": "string", "description": "The code (pattern: \"^[a-z]+$\")"},
        }));
        assert_eq!(form.schema, expected);
        assert_eq!(
            form.left_out,
            [
                "/properties/age/minimum",
                "/properties/age/maximum",
                "/properties/code/pattern"
            ]
        );
    }

    #[test]
    fn an_object_that_says_nothing_of_others_is_closed() {
        let mut schema = object(json!({"a": {"type": "string"}}));
        schema
            .as_object_mut()
            .unwrap()
            .remove("additionalProperties");
        let form = strict_form(&schema).unwrap();
        assert_eq!(form.schema["additionalProperties"], json!(false));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let mut optional = object(json!({"a": {"type": "string"}, "b": {"type": "string"}}));
        optional["required"] = json!(["a"]);
        let mut open = object(json!({"a": {"type": "string"}}));
        open["additionalProperties"] = json!(true);
        let mut unknown = object(json!({"a": {"type": "string"}}));
        unknown["required"] = json!(["a", "b"]);
        for (schema, expected) in [
            (
                json!({"type": "string"}),
                "/: the root is not of type object",
            ),
            (json!(true), "/: the root is not of type object"),
            (
                json!({"type": "object", "anyOf": []}),
                "/: anyOf at the root is not supported",
            ),
            (optional, "/: b is not required; make it so and allow null"),
            (
                open.clone(),
                "/: the object is open; strict mode wants additionalProperties false",
            ),
            (
                json!({"type": "object"}),
                "/: the object is open; strict mode wants additionalProperties false",
            ),
            (unknown, "/: \"b\" is required but no property"),
            (
                object(json!({"x": {"oneOf": [{"type": "string"}]}})),
                "/properties/x: oneOf is not supported",
            ),
            (
                object(json!({"x": {}})),
                "/properties/x: a value of any type is not supported",
            ),
            (
                object(json!({"x": true})),
                "/properties/x: true and false are not supported as schemas",
            ),
            (
                object(json!({"x": {"type": "array"}})),
                "/properties/x: an array without items is not supported",
            ),
            (
                object(json!({"x": {"type": "array", "items": open}})),
                "/properties/x/items: the object is open; strict mode wants additionalProperties false",
            ),
            (
                object(json!({"x": {"$ref": "https://example.org/x"}})),
                "/properties/x: $ref is neither # nor an entry of #/$defs",
            ),
            (
                object(json!({"x": {"$ref": "#/$defs/none"}})),
                "/properties/x: $ref is neither # nor an entry of #/$defs",
            ),
        ] {
            let found = strict_form(&schema).map(|form| form.schema);
            assert_eq!(
                found.map_err(|misfit| misfit.to_string()),
                Err(expected.to_owned())
            );
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let mut schema = json!({"type": "string"});
        for _ in 0..200 {
            schema = json!({"type": "array", "items": schema});
        }
        let found = strict_form(&object(json!({"deep": schema})));
        assert!(found.unwrap_err().reason.contains("64 levels"));
    }
}
