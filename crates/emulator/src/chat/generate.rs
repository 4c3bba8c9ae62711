//! Documents made from a schema alone: small, valid, and the same for the same seed.

use serde_json::{Map, Number, Value};

use super::strict::resolve;

/// Depth from which on every choice takes the shortest way out of a recursion.
const HURRY: usize = 5;

/// Depth at which a schema without any finite document is given up.
const DEEPEST: usize = 64;

/// Makes a document for a schema that strict mode takes. For other schemas it honours the usual
/// bounds, but does not promise validity.
pub(crate) fn document(schema: &Value, seed: u64) -> Value {
    Generator {
        root: schema,
        state: seed,
    }
    .value(schema, 0)
}

struct Generator<'a> {
    root: &'a Value,
    state: u64,
}

impl<'a> Generator<'a> {
    fn next(&mut self, bound: usize) -> usize {
        // A step of SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.state;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value ^= value >> 27;
        (value >> 8) as usize % bound.max(1)
    }

    fn value(&mut self, node: &'a Value, depth: usize) -> Value {
        if depth > DEEPEST {
            return Value::Null;
        }
        if let Some(target) = node
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|to| resolve(self.root, to))
        {
            return self.value(target, depth + 1);
        }
        if let Some(fixed) = node.get("const") {
            return fixed.clone();
        }
        if let Some(values) = node.get("enum").and_then(Value::as_array) {
            let chosen = self.next(values.len());
            return values.get(chosen).cloned().unwrap_or(Value::Null);
        }
        let options = ["anyOf", "oneOf"]
            .iter()
            .find_map(|key| node.get(*key).and_then(Value::as_array));
        if let Some(options) = options {
            let chosen = self.choose(options, depth);
            return options
                .get(chosen)
                .map_or(Value::Null, |option| self.value(option, depth + 1));
        }
        match self.kind(node, depth) {
            "object" => self.object(node, depth),
            "array" => self.array(node, depth),
            "string" => Value::String(self.text(node)),
            "integer" => Value::from(self.integer(node)),
            "number" => self.number(node),
            "boolean" => Value::Bool(self.next(2) == 1),
            _ => Value::Null,
        }
    }

    fn kind(&mut self, node: &'a Value, depth: usize) -> &'a str {
        match node.get("type") {
            Some(Value::String(one)) => one,
            Some(Value::Array(list)) => {
                let names: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
                if depth > HURRY && names.contains(&"null") {
                    return "null";
                }
                let chosen = self.next(names.len());
                names.get(chosen).copied().unwrap_or("null")
            }
            _ if node.get("properties").is_some() => "object",
            _ => "null",
        }
    }

    fn choose(&mut self, options: &'a [Value], depth: usize) -> usize {
        if depth <= HURRY {
            return self.next(options.len());
        }
        let heights = options
            .iter()
            .map(|option| height(option, self.root, &mut Vec::new()));
        let shortest = heights
            .enumerate()
            .filter_map(|(place, height)| Some((height?, place)))
            .min();
        shortest.map_or(0, |(_, place)| place)
    }

    fn object(&mut self, node: &'a Value, depth: usize) -> Value {
        let mut object = Map::new();
        if let Some(properties) = node.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                object.insert(name.clone(), self.value(property, depth + 1));
            }
        }
        Value::Object(object)
    }

    fn array(&mut self, node: &'a Value, depth: usize) -> Value {
        let least = bound(node, "minItems").unwrap_or(0);
        let most = bound(node, "maxItems").unwrap_or(usize::MAX);
        let wanted = if depth > HURRY { 0 } else { self.next(3) };
        let length = wanted.max(least).min(most);
        let Some(items) = node.get("items") else {
            return Value::Array(Vec::new());
        };
        Value::Array((0..length).map(|_| self.value(items, depth + 1)).collect())
    }

    fn text(&mut self, node: &Value) -> String {
        const WORDS: &[&str] = &[
            "emulated", "answer", "made", "from", "schema", "without", "model",
        ];
        let least = bound(node, "minLength").unwrap_or(0);
        let most = bound(node, "maxLength").unwrap_or(usize::MAX);
        let words = 1 + self.next(4);
        let mut text = String::new();
        while text.len() < least || (text.is_empty() && words > 0) {
            for _ in 0..words {
                if !text.is_empty() {
                    text.push(' ');
                }
                let chosen = self.next(WORDS.len());
                text.push_str(WORDS.get(chosen).copied().unwrap_or("answer"));
            }
        }
        text.truncate(most);
        text
    }

    fn integer(&mut self, node: &Value) -> i64 {
        let least = node.get("minimum").and_then(Value::as_i64);
        let most = node.get("maximum").and_then(Value::as_i64);
        let start = least.unwrap_or_else(|| most.map_or(0, |most| most.min(0)));
        let room = most.unwrap_or(i64::MAX).saturating_sub(start).clamp(0, 9) as usize;
        start.saturating_add_unsigned(self.next(room + 1) as u64)
    }

    fn number(&mut self, node: &Value) -> Value {
        let least = node.get("minimum").and_then(Value::as_f64).unwrap_or(0.0);
        let most = node
            .get("maximum")
            .and_then(Value::as_f64)
            .unwrap_or(least + 1.0);
        let share = self.next(101) as f64 / 100.0;
        Number::from_f64(least + (most - least) * share).map_or(Value::from(0), Value::Number)
    }
}

fn bound(node: &Value, key: &str) -> Option<usize> {
    node.get(key)
        .and_then(Value::as_u64)
        .and_then(|bound| usize::try_from(bound).ok())
}

/// Height of the lowest document of a schema; `None` where there is no finite one.
fn height<'a>(node: &'a Value, root: &'a Value, open: &mut Vec<&'a str>) -> Option<usize> {
    if let Some(reference) = node.get("$ref").and_then(Value::as_str) {
        if open.contains(&reference) || open.len() > DEEPEST {
            return None;
        }
        open.push(reference);
        let found = resolve(root, reference).and_then(|target| height(target, root, open));
        open.pop();
        return found;
    }
    if let Some(options) = node.get("anyOf").and_then(Value::as_array) {
        return options
            .iter()
            .filter_map(|option| height(option, root, open))
            .min();
    }
    let mut highest = 0;
    if let Some(properties) = node.get("properties").and_then(Value::as_object) {
        for property in properties.values() {
            highest = highest.max(height(property, root, open)? + 1);
        }
    }
    Some(highest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_valid_for_every_seed() {
        let schemas = [
            json!({"type": "object", "additionalProperties": false, "required": ["a", "b", "c", "d"], "properties": {
                "a": {"type": "boolean"}, "b": {"type": ["string", "null"]},
                "c": {"enum": ["x", "y", 3, null]},
                "d": {"type": "array", "items": {"type": "number"}}}}),
            // A tree, and a list through two definitions that refer to each other.
            json!({"type": "object", "additionalProperties": false, "required": ["left", "right"], "properties": {
                "left": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
                "right": {"anyOf": [{"$ref": "#"}, {"type": "integer"}]}}}),
            json!({"type": "object", "additionalProperties": false, "required": ["all"], "properties": {
                "all": {"type": "array", "items": {"$ref": "#/$defs/a"}}},
                "$defs": {
                    "a": {"type": "object", "additionalProperties": false, "required": ["b"], "properties": {"b": {"$ref": "#/$defs/b"}}},
                    "b": {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "object", "additionalProperties": false, "properties": {}}]}}}),
            json!({"type": "object", "required": ["n", "s", "l"], "properties": {
                "n": {"type": "number", "minimum": 5, "maximum": 6},
                "s": {"type": "string", "minLength": 30, "maxLength": 31},
                "l": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer", "maximum": -3}}}}),
        ];
        for schema in &schemas {
            let validator = jsonschema::validator_for(schema).expect("a schema");
            for seed in 0..300 {
                let made = document(schema, seed);
                assert!(
                    validator.is_valid(&made),
                    "seed {seed}: {made} for {schema}"
                );
                assert_eq!(made, document(schema, seed));
            }
        }
    }

    #[test]
    fn a_schema_without_a_finite_document_ends() {
        let schema =
            json!({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}});
        assert!(document(&schema, 0).is_object());
    }
}
