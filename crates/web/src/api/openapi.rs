//! The OpenAPI 3.1 document, made of the table of operations and the schemas of the answers.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::operations::{OPERATIONS, Operation};
use super::parameters::{Parameter, Place};
use super::{Asked, PREFIX, Problem};
use crate::access::Access;

const PROBLEM: &str = "application/problem+json";

pub(super) fn answer(asked: &Asked) -> Result<Answer, Problem> {
    Answer::of(&document(&asked.site.settings.access))
}

/// The whole document. Where a log-in is asked for, it says so.
pub(super) fn document(access: &Access) -> Value {
    let needs_token = matches!(access, Access::LogIn { .. });
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths = Map::new();
    for operation in OPERATIONS {
        paths.insert(
            format!("{PREFIX}{}", operation.path),
            json!({"get": described(operation, &problem, needs_token, &mut generator)}),
        );
    }
    let mut components = Map::new();
    components.insert(
        "schemas".to_owned(),
        Value::Object(generator.take_definitions(true)),
    );
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tandem",
            "version": "1",
            "description": "How much of the work is made with AI, what that goes along with, and what to do about it. \
                The values are those of the pages and of the command line's --json. Adoption is a lower bound; \
                effects are associations, not causes. Within a version fields are only added."
        },
        "servers": [{"url": "/"}],
        "paths": paths,
    });
    if needs_token {
        components.insert(
            "securitySchemes".to_owned(),
            json!({"token": {"type": "http", "scheme": "bearer"}}),
        );
        document["security"] = json!([{"token": []}]);
    }
    document["components"] = Value::Object(components);
    document
}

fn described(
    operation: &Operation,
    problem: &schemars::Schema,
    needs_token: bool,
    generator: &mut SchemaGenerator,
) -> Value {
    let refusal =
        |words: &str| json!({"description": words, "content": {PROBLEM: {"schema": problem}}});
    let tag = json!({"ETag": {"description": "Stands for the document's content.", "required": true, "schema": {"type": "string"}}});
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({
            "description": operation.summary,
            "headers": tag,
            "content": {"application/json": {"schema": (operation.schema)(generator)}}
        }),
    );
    responses.insert(
        "304".to_owned(),
        json!({"description": "The document of the tag in If-None-Match is still the one.", "headers": tag}),
    );
    responses.insert("400".to_owned(), refusal("A parameter is not right."));
    if needs_token {
        responses.insert(
            "401".to_owned(),
            refusal("No token, or none that is known."),
        );
    }
    if operation.parameters.iter().any(|one| one.name == "author") {
        responses.insert(
            "403".to_owned(),
            refusal("Names of people are not shown here."),
        );
    }
    let can_be_missing = operation
        .parameters
        .iter()
        .any(|one| one.place == Place::Path || one.name == "team");
    if can_be_missing {
        responses.insert("404".to_owned(), refusal("There is no such thing."));
    }
    responses.insert("405".to_owned(), refusal("The API is read with GET."));
    responses.insert("500".to_owned(), refusal("The data could not be read."));
    if operation.is_of_report {
        let mut working = refusal("The report of these months is being worked out.");
        working["headers"] = json!({"Retry-After": {"description": "Seconds.", "required": true, "schema": {"type": "integer"}}});
        responses.insert("503".to_owned(), working);
    }
    json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": format!("The same values: {}.", operation.same_as),
        "parameters": operation.parameters.iter().map(parameter).collect::<Vec<Value>>(),
        "responses": responses,
    })
}

fn parameter(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name,
        "in": if parameter.place == Place::Path { "path" } else { "query" },
        "required": parameter.place == Place::Path,
        "description": parameter.words,
        "schema": parameter.kind.schema(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_described_and_every_reference_leads_somewhere() {
        let document = document(&Access::ThisMachine);
        assert_eq!(
            document["paths"].as_object().map(Map::len),
            Some(OPERATIONS.len())
        );
        let text = document.to_string();
        for (index, _) in text.match_indices("\"$ref\":\"#/components/schemas/") {
            let rest = &text[index + "\"$ref\":\"#/components/schemas/".len()..];
            let name = &rest[..rest.find('"').expect("an end")];
            assert!(
                document["components"]["schemas"][name].is_object(),
                "{name} is not described"
            );
        }
        assert!(document.get("security").is_none());
    }

    #[test]
    fn parameters_of_the_path_are_in_the_path_and_no_name_is_taken_twice() {
        let mut ids: Vec<&str> = OPERATIONS.iter().map(|one| one.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), OPERATIONS.len());
        for operation in OPERATIONS {
            let in_path = operation.path.matches('{').count();
            let described = operation
                .parameters
                .iter()
                .filter(|one| one.place == Place::Path)
                .inspect(|one| assert!(operation.path.contains(&format!("{{{}}}", one.name))))
                .count();
            assert_eq!(in_path, described, "{}", operation.path);
        }
    }

    #[test]
    fn a_server_with_a_log_in_says_so() {
        let access = Access::LogIn {
            tokens: Vec::new(),
            proxy: None,
            is_https: true,
            hosts: Vec::new(),
        };
        let document = document(&access);
        assert_eq!(document["security"][0]["token"], json!([]));
        assert!(document["paths"]["/api/v1/report"]["get"]["responses"]["401"].is_object());
    }
}
