//! The answer's JSON Schema in the dialect that strict modes accept, derived from the Rust type.

use std::sync::LazyLock;

use model::Analysis;
use serde_json::{Map, Value, json};

/// The version of the answer's shape. A change of [`answer_schema`] needs a new one.
pub const SCHEMA_VERSION: u32 = 1;

/// The name under which the schema is sent.
pub const SCHEMA_NAME: &str = "pull_request_analysis";

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| strict(schemars::schema_for!(Analysis).as_value()));

static SCHEMA_TEXT: LazyLock<String> = LazyLock::new(|| SCHEMA.to_string());

/// The strict schema of an answer, with properties in the order of the Rust type: a model under
/// constrained decoding writes its fields in this order.
///
/// Valid for `strict: true` at Groq and OpenAI: the root is an object, every object closes with
/// `additionalProperties: false` and requires every property, an optional value is a union with
/// null, nothing is referenced, and the only keywords are `type`, `properties`, `required`,
/// `additionalProperties`, `items`, `enum` and `description`. Ranges and lengths cannot be said in
/// this dialect; [`parse_answer`](crate::parse_answer) holds them.
pub fn answer_schema() -> Value {
    SCHEMA.clone()
}

/// The same schema as compact JSON.
pub fn answer_schema_text() -> &'static str {
    &SCHEMA_TEXT
}

/// The compiled schema, for the checks of this crate.
pub(crate) fn shared() -> &'static Value {
    &SCHEMA
}

/// Rewrites a schema as schemars gives it into the strict dialect.
fn strict(root: &Value) -> Value {
    let definitions = root.get("$defs").and_then(Value::as_object);
    strict_node(root, definitions)
}

fn strict_node(node: &Value, definitions: Option<&Map<String, Value>>) -> Value {
    let Some(object) = node.as_object() else {
        return node.clone();
    };
    if let Some(target) = referenced(object, definitions) {
        let mut inlined = target.clone();
        // The field's own words say more than those of its type.
        if let (Some(own), Some(inlined)) = (object.get("description"), inlined.as_object_mut()) {
            inlined.insert("description".to_owned(), own.clone());
        }
        return strict_node(&inlined, definitions);
    }
    if let Some(choices) = object.get("oneOf").and_then(Value::as_array) {
        return one_enum(choices, object.get("description"));
    }
    let mut out = Map::new();
    for keyword in ["description", "type", "enum"] {
        if let Some(value) = object.get(keyword) {
            out.insert(keyword.to_owned(), value.clone());
        }
    }
    if let Some(items) = object.get("items") {
        out.insert("items".to_owned(), strict_node(items, definitions));
    }
    if let Some(properties) = object.get("properties").and_then(Value::as_object) {
        let required: Vec<&String> = properties.keys().collect();
        let strict_properties: Map<String, Value> = properties
            .iter()
            .map(|(name, property)| (name.clone(), strict_node(property, definitions)))
            .collect();
        out.insert("properties".to_owned(), Value::Object(strict_properties));
        out.insert("required".to_owned(), json!(required));
        out.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    Value::Object(out)
}

/// The schema that a `$ref` points to.
fn referenced<'a>(
    object: &Map<String, Value>,
    definitions: Option<&'a Map<String, Value>>,
) -> Option<&'a Value> {
    let name = object.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
    definitions?.get(name)
}

/// Turns a `oneOf` of documented constants into one `enum` whose description tells them apart.
fn one_enum(choices: &[Value], description: Option<&Value>) -> Value {
    let mut values = Vec::new();
    let mut text = description
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    for choice in choices {
        let mut named = Vec::new();
        if let Some(value) = choice.get("const") {
            named.push(value.clone());
        }
        if let Some(several) = choice.get("enum").and_then(Value::as_array) {
            named.extend(several.iter().cloned());
        }
        if let (Some(own), [Value::String(name)]) = (
            choice.get("description").and_then(Value::as_str),
            named.as_slice(),
        ) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(name);
            text.push_str(": ");
            text.push_str(own);
        }
        values.extend(named);
    }
    json!({ "description": text, "type": "string", "enum": values })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: [&str; 7] = [
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "description",
    ];

    /// Walks every schema node, with its depth of nested objects and arrays.
    fn walk(node: &Value, depth: usize, visit: &mut impl FnMut(&Map<String, Value>, usize)) {
        let object = node.as_object().expect("a schema is an object");
        visit(object, depth);
        if let Some(items) = object.get("items") {
            walk(items, depth + 1, visit);
        }
        if let Some(properties) = object.get("properties") {
            for property in properties.as_object().expect("an object").values() {
                walk(property, depth + 1, visit);
            }
        }
    }

    #[test]
    fn it_keeps_to_the_strict_dialect() {
        let schema = answer_schema();
        assert_eq!(schema["type"], "object", "the root is an object");
        let (mut deepest, mut properties, mut enum_values, mut name_chars) = (0, 0, 0, 0);
        walk(&schema, 1, &mut |node, depth| {
            deepest = deepest.max(depth);
            for keyword in node.keys() {
                assert!(ALLOWED.contains(&keyword.as_str()), "keyword {keyword}");
            }
            assert!(node.contains_key("type"), "{node:?}");
            if let Some(values) = node.get("enum").and_then(Value::as_array) {
                enum_values += values.len();
                name_chars += values
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::len)
                    .sum::<usize>();
            }
            if node["type"] == "object" {
                let fields = node["properties"].as_object().expect("properties");
                properties += fields.len();
                name_chars += fields.keys().map(String::len).sum::<usize>();
                assert_eq!(node["additionalProperties"], Value::Bool(false));
                let required: Vec<&str> = node["required"]
                    .as_array()
                    .expect("required")
                    .iter()
                    .filter_map(Value::as_str)
                    .collect();
                assert_eq!(
                    required,
                    fields.keys().map(String::as_str).collect::<Vec<_>>()
                );
            } else {
                assert!(!node.contains_key("properties"));
            }
        });
        // The limits OpenAI states; Groq states none.
        assert!(deepest <= 10, "{deepest} levels");
        assert!(properties <= 5_000);
        assert!(enum_values <= 1_000);
        assert!(name_chars <= 120_000);
    }

    #[test]
    fn an_optional_value_is_a_union_with_null() {
        let quote = &answer_schema()["properties"]["ai"]["properties"]["quote"];
        assert_eq!(quote["type"], json!(["string", "null"]));
    }

    #[test]
    fn the_text_is_the_same_schema_in_declared_order() {
        let text = answer_schema_text();
        let parsed: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(parsed, answer_schema());
        let position = |name: &str| text.find(&format!("\"{name}\":{{")).expect(name);
        assert!(position("ai") < position("tech"));
        assert!(position("tech") < position("summary"));
        assert!(position("summary") < position("health"));
        assert!(position("is_assisted") < position("confidence"));
    }

    #[test]
    fn the_schema() {
        insta::assert_json_snapshot!(answer_schema());
    }
}
