//! The JSON Schema of the answers: read once, held against every answer.

use std::path::Path;

use batch::{AnswerCheck, AnswerSchema, Candidate};
use jsonschema::Validator;
use serde_json::Value;

use crate::error::CliError;

/// The name of the schema on the wire.
const NAME: &str = "answer";

/// A schema with its validator.
pub(super) struct Schema {
    value: Value,
    validator: Validator,
}

impl Schema {
    /// Reads a schema from a file.
    ///
    /// # Errors
    /// Exit code 2, with the file and the place, when it is no JSON Schema or its answers cannot be
    /// objects.
    pub(super) fn read(path: &Path) -> Result<Self, CliError> {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| CliError::input(format!("cannot read the schema {name}: {error}")))?;
        let value: Value = serde_json::from_str(&text).map_err(|error| {
            CliError::input(format!("the schema {name} is not valid JSON: {error}"))
        })?;
        Self::new(value).map_err(|error| error.context(format!("the schema {name} cannot be used")))
    }

    /// A schema that is there already, for instance in the ledger.
    pub(super) fn new(value: Value) -> Result<Self, CliError> {
        if !value.is_object() {
            return Err(CliError::input("it is not an object"));
        }
        let validator = jsonschema::validator_for(&value).map_err(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() {
                "/".to_owned()
            } else {
                place
            };
            CliError::input(format!("it is no JSON Schema: {place}: {error}")).hint(
                "references to other files or addresses are not followed: put them under $defs",
            )
        })?;
        let types = value.get("type");
        let allows_objects = match types {
            Some(Value::String(one)) => one == "object",
            Some(Value::Array(several)) => several.iter().any(|one| one == "object"),
            _ => true,
        };
        if !allows_objects {
            return Err(CliError::input("its answers are no objects")
                .hint("models answer with one JSON object: put the value into a property of it"));
        }
        Ok(Schema { value, validator })
    }

    /// The schema as the cascade knows it.
    pub(super) fn answer_schema(&self) -> AnswerSchema {
        AnswerSchema {
            name: NAME.to_owned(),
            schema: self.value.clone(),
        }
    }

    /// The schema's text.
    pub(super) fn text(&self) -> String {
        self.value.to_string()
    }
}

impl AnswerCheck for Schema {
    fn check(&self, candidate: Candidate<'_>) -> Result<(), String> {
        let answer: Value =
            serde_json::from_str(candidate.json).map_err(|error| error.to_string())?;
        let Some(error) = self.validator.iter_errors(&answer).next() else {
            return Ok(());
        };
        // The value itself stays out of the reason: it is the model's text.
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { "/" } else { &place };
        Err(format!("{place}: {}", error.masked_with("the value")))
    }
}

#[cfg(test)]
mod tests {
    use batch::Payload;
    use serde_json::json;

    use super::*;

    fn check(schema: Value, answer: Value) -> Result<(), String> {
        let payload = Payload::user("?");
        let json = answer.to_string();
        Schema::new(schema).expect("a schema").check(Candidate {
            custom_id: "a",
            subject: "a",
            payload: &payload,
            json: &json,
        })
    }

    #[test]
    fn answers_are_held_against_the_whole_schema() {
        let schema = json!({
            "type": "object",
            "properties": {"age": {"type": "integer", "minimum": 0}, "id": {"pattern": "^[a-z]+$"}},
            "required": ["age"],
        });
        assert_eq!(check(schema.clone(), json!({"age": 3, "id": "x"})), Ok(()));
        for (answer, place) in [
            (json!({"age": -1}), "/age: "),
            (json!({"age": "3"}), "/age: "),
            (json!({"age": 3, "id": "X"}), "/id: "),
            (json!({}), "/: "),
        ] {
            let reason = check(schema.clone(), answer).expect_err("refused");
            assert!(reason.starts_with(place), "{reason}");
        }
    }

    #[test]
    fn reasons_do_not_repeat_the_answer() {
        let reason = check(
            json!({"type": "object", "properties": {"a": {"type": "integer"}}}),
            json!({"a": "a long secret"}),
        );
        let reason = reason.expect_err("refused");
        assert!(!reason.contains("secret"), "{reason}");
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for (schema, words) in [
            (json!([]), "not an object"),
            (json!({"type": "nonsense"}), "no JSON Schema"),
            (json!({"type": "array", "items": {}}), "no objects"),
            (
                json!({"$ref": "https://example.org/schema.json"}),
                "no JSON Schema",
            ),
        ] {
            let error = Schema::new(schema).err().expect("refused").text();
            assert!(error.contains(words), "{error}");
        }
    }
}
