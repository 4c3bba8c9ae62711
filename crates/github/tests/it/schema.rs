//! The queries are valid: against the stand-in's schema always, against GitHub's own where it is at
//! hand. `scripts/test` fetches it as the npm package @octokit/graphql-schema, which GitHub's SDK team
//! publishes from the public schema.

use std::path::PathBuf;

use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};

fn check_all(schema: &Valid<Schema>) {
    for query in github::queries::all() {
        let checked = ExecutableDocument::parse_and_validate(schema, &query.text, query.name);
        if let Err(errors) = checked {
            panic!("{} is not valid: {}", query.name, errors.errors);
        }
    }
}

fn standin_schema() -> Valid<Schema> {
    Schema::parse_and_validate(standin::SCHEMA, "stand-in").expect("a valid schema")
}

fn public_schema() -> Option<Valid<Schema>> {
    let path = std::env::var_os("TANDEM_GITHUB_SCHEMA").map_or_else(
        || {
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(
                "../../target/github-schema/node_modules/@octokit/graphql-schema/schema.graphql",
            )
        },
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!(
            "skipped: GitHub's public schema is not at hand (npm package @octokit/graphql-schema)"
        );
        return None;
    };
    match Schema::parse_and_validate(text, "GitHub") {
        Ok(schema) => Some(schema),
        // The schema is somebody else's: what the compiler finds in it is not ours to judge.
        Err(errors) => Some(Valid::assume_valid(errors.partial)),
    }
}

#[test]
fn queries_are_valid_for_the_stand_in() {
    check_all(&standin_schema());
}

#[test]
fn queries_are_valid_for_github() {
    let Some(schema) = public_schema() else {
        return;
    };
    check_all(&schema);
}

#[test]
fn the_stand_in_knows_nothing_that_github_does_not() {
    let Some(public) = public_schema() else {
        return;
    };
    let ours = standin_schema();
    let mut strays = Vec::new();
    for (name, kind) in &ours.types {
        if kind.is_built_in() {
            continue;
        }
        let Some(theirs) = public.types.get(name) else {
            strays.push(format!("type {name}"));
            continue;
        };
        let fields = |kind: &ExtendedType| match kind {
            ExtendedType::Object(object) => Some(object.fields.clone()),
            ExtendedType::Interface(interface) => Some(interface.fields.clone()),
            _ => None,
        };
        let Some(our_fields) = fields(kind) else {
            continue;
        };
        let their_fields = fields(theirs).unwrap_or_default();
        for (field_name, field) in our_fields {
            let Some(their_field) = their_fields.get(&field_name) else {
                strays.push(format!("{name}.{field_name}"));
                continue;
            };
            if field.ty != their_field.ty {
                strays.push(format!(
                    "{name}.{field_name}: {} is {}",
                    field.ty, their_field.ty
                ));
            }
            for argument in &field.arguments {
                if !their_field
                    .arguments
                    .iter()
                    .any(|their| their.name == argument.name)
                {
                    strays.push(format!("{name}.{field_name}({})", argument.name));
                }
            }
        }
    }
    assert_eq!(strays, Vec::<String>::new());
}
