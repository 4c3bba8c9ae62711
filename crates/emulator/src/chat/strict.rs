//! Schemas: which ones strict mode takes, and validators compiled once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

/// Schemas kept compiled; a batch rarely has more than one.
const CACHED_SCHEMAS: usize = 32;

/// Deepest nesting of a schema that is looked at, as protection of our own stack.
const DEEPEST: usize = 64;

/// A schema with its validator and what speaks against it.
#[derive(Debug)]
pub(crate) struct Compiled {
    schema: Arc<Value>,
    strict_problem: Option<String>,
    validator: Result<jsonschema::Validator, String>,
}

impl Compiled {
    fn new(schema: &Value) -> Self {
        let strict_problem = check_root(schema).err();
        let validator = jsonschema::validator_for(schema).map_err(|error| error.to_string());
        Self {
            schema: Arc::new(schema.clone()),
            strict_problem,
            validator,
        }
    }

    pub(crate) fn schema(&self) -> Arc<Value> {
        Arc::clone(&self.schema)
    }

    /// Says why strict mode refuses the schema.
    pub(crate) fn strict_problem(&self) -> Option<&str> {
        self.strict_problem
            .as_deref()
            .or_else(|| self.schema_problem())
    }

    /// Says why the schema is none at all.
    pub(crate) fn schema_problem(&self) -> Option<&str> {
        self.validator.as_ref().err().map(String::as_str)
    }

    /// Says whether a document is valid.
    pub(crate) fn is_valid(&self, document: &Value) -> bool {
        self.validator
            .as_ref()
            .is_ok_and(|validator| validator.is_valid(document))
    }
}

/// Compiled schemas, the last used first.
#[derive(Debug, Default)]
pub(crate) struct SchemaCache(Mutex<VecDeque<Arc<Compiled>>>);

impl SchemaCache {
    /// Returns the compiled form of a schema.
    pub(crate) fn get(&self, schema: &Value) -> Arc<Compiled> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = known
            .iter()
            .position(|compiled| *compiled.schema == *schema)
            && let Some(found) = known.remove(at)
        {
            known.push_front(Arc::clone(&found));
            return found;
        }
        let compiled = Arc::new(Compiled::new(schema));
        known.push_front(Arc::clone(&compiled));
        known.truncate(CACHED_SCHEMAS);
        compiled
    }
}

/// Says whether a schema's name has the form that the provider takes.
pub(crate) fn is_schema_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Keywords that strict mode supports, and annotations that it skips.
const SUPPORTED: &[&str] = &[
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

const TYPES: &[&str] = &[
    "array", "boolean", "integer", "null", "number", "object", "string",
];

fn check_root(schema: &Value) -> Result<(), String> {
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err("/: the root must be of `type` object".to_owned());
    }
    if schema.get("anyOf").is_some() {
        return Err("/: `anyOf` is not supported at the root".to_owned());
    }
    check(schema, schema, "", 0)
}

fn check(node: &Value, root: &Value, path: &str, depth: usize) -> Result<(), String> {
    let here = if path.is_empty() { "/" } else { path };
    let Value::Object(keys) = node else {
        return Err(format!("{here}: a schema must be an object"));
    };
    if depth > DEEPEST {
        return Err(format!("{here}: nested more than {DEEPEST} levels deep"));
    }
    for key in keys.keys() {
        if !SUPPORTED.contains(&key.as_str()) {
            return Err(format!(
                "{here}: keyword `{key}` is not supported with `strict: true`"
            ));
        }
    }
    if !["type", "enum", "anyOf", "$ref"]
        .iter()
        .any(|key| keys.contains_key(*key))
    {
        return Err(format!(
            "{here}: one of `type`, `enum`, `anyOf`, `$ref` is required"
        ));
    }
    let types = types_of(keys, here)?;
    if types.contains(&"object") || keys.contains_key("properties") {
        check_object(keys, root, path, depth)?;
    }
    if types.contains(&"array") {
        let items = keys
            .get("items")
            .ok_or_else(|| format!("{here}: `items` is required for arrays"))?;
        check(items, root, &format!("{path}/items"), depth + 1)?;
    }
    if let Some(values) = keys.get("enum")
        && values.as_array().is_none_or(Vec::is_empty)
    {
        return Err(format!(
            "{here}: `enum` must be a list of at least one value"
        ));
    }
    if let Some(options) = keys.get("anyOf") {
        let options = options.as_array().filter(|options| !options.is_empty());
        let options = options
            .ok_or_else(|| format!("{here}: `anyOf` must be a list of at least one schema"))?;
        for (place, option) in options.iter().enumerate() {
            check(option, root, &format!("{path}/anyOf/{place}"), depth + 1)?;
        }
    }
    if let Some(reference) = keys.get("$ref") {
        let target = reference
            .as_str()
            .and_then(|reference| resolve(root, reference));
        if target.is_none() {
            return Err(format!(
                "{here}: `$ref` must be `#` or name an entry of `#/$defs`"
            ));
        }
    }
    if let Some(definitions) = keys.get("$defs") {
        let Value::Object(definitions) = definitions else {
            return Err(format!("{here}: `$defs` must be an object"));
        };
        for (name, definition) in definitions {
            check(definition, root, &format!("{path}/$defs/{name}"), depth + 1)?;
        }
    }
    Ok(())
}

fn types_of<'a>(keys: &'a Map<String, Value>, here: &str) -> Result<Vec<&'a str>, String> {
    let types: Option<Vec<&str>> = match keys.get("type") {
        None => Some(Vec::new()),
        Some(Value::String(one)) => Some(vec![one.as_str()]),
        Some(Value::Array(list)) if !list.is_empty() => list.iter().map(Value::as_str).collect(),
        Some(_) => None,
    };
    types
        .filter(|types| types.iter().all(|name| TYPES.contains(name)))
        .ok_or_else(|| {
            format!(
                "{here}: `type` must be one of {} or a list of them",
                TYPES.join(", ")
            )
        })
}

fn check_object(
    keys: &Map<String, Value>,
    root: &Value,
    path: &str,
    depth: usize,
) -> Result<(), String> {
    let here = if path.is_empty() { "/" } else { path };
    if keys.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err(format!(
            "{here}: `additionalProperties:false` must be set on every object"
        ));
    }
    let none = Map::new();
    let properties = match keys.get("properties") {
        None => &none,
        Some(Value::Object(properties)) => properties,
        Some(_) => return Err(format!("{here}: `properties` must be an object")),
    };
    let required: Vec<&str> = match keys.get("required") {
        None => Vec::new(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(_) => return Err(format!("{here}: `required` must be a list")),
    };
    if let Some(name) = properties
        .keys()
        .find(|name| !required.contains(&name.as_str()))
    {
        return Err(format!(
            "{here}: `required` must name every property, and `{name}` is missing"
        ));
    }
    if let Some(name) = required
        .iter()
        .find(|name| !properties.contains_key(**name))
    {
        return Err(format!(
            "{here}: `required` names `{name}`, which is no property"
        ));
    }
    for (name, property) in properties {
        check(
            property,
            root,
            &format!("{path}/properties/{name}"),
            depth + 1,
        )?;
    }
    Ok(())
}

/// Finds what a reference inside of a schema points to.
pub(crate) fn resolve<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = reference.strip_prefix('#')?;
    if pointer.is_empty() || pointer.starts_with("/$defs/") {
        root.pointer(pointer)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_strict(schema: Value, expect: Option<&str>) {
        let compiled = Compiled::new(&schema);
        match (compiled.strict_problem(), expect) {
            (None, None) => {}
            (Some(problem), Some(part)) if problem.contains(part) => {}
            (problem, expect) => panic!("{schema}: got {problem:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn strict_mode_takes_what_is_documented() {
        check_strict(
            json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": "Node", "type": "object", "description": "a tree",
                "properties": {
                    "name": {"type": "string"},
                    "note": {"type": ["string", "null"]},
                    "kind": {"enum": ["a", "b"]},
                    "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
                    "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}}
                },
                "required": ["name", "note", "kind", "next", "parts"],
                "additionalProperties": false,
                "$defs": {"part": {"type": "object", "properties": {}, "additionalProperties": false}}
            }),
            None,
        );
    }

    #[test]
    fn strict_mode_refuses_the_rest() {
        let object = |properties: Value, required: Value| json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
        check_strict(
            json!({"type": "string"}),
            Some("root must be of `type` object"),
        );
        check_strict(
            object(json!({"a": {"type": "string"}}), json!([])),
            Some("`a` is missing"),
        );
        check_strict(
            object(json!({}), json!(["a"])),
            Some("`a`, which is no property"),
        );
        check_strict(
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
            Some("additionalProperties:false"),
        );
        check_strict(
            object(
                json!({"a": {"type": "object", "properties": {}}}),
                json!(["a"]),
            ),
            Some("/properties/a: `additionalProperties:false`"),
        );
        for keyword in [
            "minimum",
            "maximum",
            "pattern",
            "minLength",
            "maxItems",
            "format",
            "const",
            "default",
        ] {
            check_strict(
                object(json!({"a": {"type": "number", keyword: 1}}), json!(["a"])),
                Some(&format!("keyword `{keyword}` is not supported")),
            );
        }
        check_strict(
            object(json!({"a": {"type": "array"}}), json!(["a"])),
            Some("`items` is required"),
        );
        check_strict(
            object(json!({"a": {}}), json!(["a"])),
            Some("one of `type`"),
        );
        check_strict(
            object(json!({"a": {"type": "text"}}), json!(["a"])),
            Some("`type` must be one of"),
        );
        check_strict(
            object(json!({"a": {"$ref": "#/nowhere"}}), json!(["a"])),
            Some("`$ref` must be"),
        );
        check_strict(
            object(json!({"a": {"$ref": "#/$defs/x"}}), json!(["a"])),
            Some("`$ref` must be"),
        );
        check_strict(
            object(json!({"a": {"enum": []}}), json!(["a"])),
            Some("`enum` must be"),
        );
    }

    #[test]
    fn the_cache_returns_the_same_and_forgets_the_oldest() {
        let cache = SchemaCache::default();
        let first = cache.get(&json!({"title": "0"}));
        assert!(Arc::ptr_eq(&first, &cache.get(&json!({"title": "0"}))));
        for number in 1..=CACHED_SCHEMAS {
            cache.get(&json!({"title": number.to_string()}));
        }
        assert!(!Arc::ptr_eq(&first, &cache.get(&json!({"title": "0"}))));
    }
}
