//! What an answer has to look like: `response_format` and its schema.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::request::{ResponseFormat, present};
use super::strict::{self, SchemaCache};
use crate::http::ApiError;
use crate::scenario::{ModelRules, Structured};

/// Reads a request's `response_format` and checks what the model can do; returns the compiled schema
/// where there is one.
pub(super) fn parse(
    fields: &Map<String, Value>,
    rules: &ModelRules,
    model: &str,
    schemas: &SchemaCache,
) -> Result<(ResponseFormat, Option<Arc<strict::Compiled>>), ApiError> {
    let param = Some("response_format");
    let Some(format) = present(fields, "response_format") else {
        return Ok((ResponseFormat::Text, None));
    };
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok((ResponseFormat::Text, None)),
        Some("json_object") => Ok((ResponseFormat::JsonObject, None)),
        Some("json_schema") => {
            let unsupported = |what: &str| {
                let message = format!(
                    "This model does not support response format `{what}`. See https://console.groq.com/docs/structured-outputs#supported-models (model `{model}`)"
                );
                ApiError::invalid(&message, param)
            };
            if rules.structured == Structured::JsonObject {
                return Err(unsupported("json_schema"));
            }
            let used_tools = present(fields, "tools").and_then(Value::as_array);
            if used_tools.is_some_and(|tools| !tools.is_empty()) {
                return Err(ApiError::invalid(
                    "response format `json_schema` cannot be combined with tools",
                    param,
                ));
            }
            let Some(Value::Object(wanted)) = format.get("json_schema") else {
                return Err(ApiError::invalid(
                    "'response_format.json_schema' : property is missing",
                    param,
                ));
            };
            let name = wanted
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if !strict::is_schema_name(name) {
                return Err(ApiError::invalid(
                    "'response_format.json_schema.name' : must be 1 to 64 letters, digits, underscores or dashes",
                    param,
                ));
            }
            let strict = match wanted.get("strict") {
                None | Some(Value::Null) => false,
                Some(Value::Bool(strict)) => *strict,
                Some(_) => {
                    return Err(ApiError::invalid(
                        "'response_format.json_schema.strict' : must be a boolean",
                        param,
                    ));
                }
            };
            for key in wanted.keys() {
                if !["name", "strict", "schema", "description"].contains(&key.as_str()) {
                    let message =
                        format!("property 'response_format.json_schema.{key}' is unsupported");
                    return Err(ApiError::invalid(&message, param));
                }
            }
            let Some(schema) = wanted.get("schema").filter(|schema| schema.is_object()) else {
                return Err(ApiError::invalid(
                    "'response_format.json_schema.schema' : must be an object",
                    param,
                ));
            };
            if strict && rules.structured != Structured::Strict {
                return Err(unsupported("json_schema` with `strict: true"));
            }
            let compiled = schemas.get(schema);
            let problem = if strict {
                compiled.strict_problem()
            } else {
                compiled.schema_problem()
            };
            if let Some(problem) = problem {
                let message =
                    format!("invalid JSON schema for response_format: '{name}': {problem}");
                return Err(ApiError::invalid(&message, param));
            }
            let format = ResponseFormat::JsonSchema {
                name: name.to_owned(),
                strict,
                schema: compiled.schema(),
            };
            Ok((format, Some(compiled)))
        }
        _ => Err(ApiError::invalid(
            "'response_format.type' : must be one of text, json_object, json_schema",
            param,
        )),
    }
}
