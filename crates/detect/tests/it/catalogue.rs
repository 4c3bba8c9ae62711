//! The catalogue's own examples, and what users may do to it.

use std::collections::HashSet;

use detect::{Catalogue, CatalogueError, Detector, ToolKind};
use serde_json::json;

use crate::fixture::pull_request;

fn builtin() -> Catalogue {
    Catalogue::builtin().expect("the built-in catalogue is valid")
}

#[test]
fn every_example_of_every_row_holds() {
    let failures = builtin().check_examples().expect("it compiles");
    let lines: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

#[test]
fn ids_are_unique_across_the_built_in_files() {
    let catalogue = builtin();
    let ids: Vec<&str> = catalogue.row_ids().collect();
    let unique: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len());
    // A row of one built-in file that replaced one of another would be missing here.
    assert!(
        catalogue.signature_count() >= 200,
        "{}",
        catalogue.signature_count()
    );
}

#[test]
fn the_slugs_of_the_contract_are_there() {
    let catalogue = builtin();
    let agents = [
        "claude_code",
        "copilot",
        "codex",
        "cursor",
        "devin",
        "jules",
        "gemini",
        "aider",
        "windsurf",
        "amazon_q",
        "kiro",
        "junie",
        "cline",
        "roo_code",
        "opencode",
        "amp",
        "goose",
        "augment",
        "warp",
        "factory_droid",
        "replit",
        "lovable",
        "v0",
        "bolt",
        "sweep",
        "openhands",
        "codegen",
        "mintlify",
    ];
    for slug in agents {
        let tool = catalogue.tool(slug);
        assert_eq!(tool.map(|tool| tool.kind), Some(ToolKind::Agent), "{slug}");
    }
    let reviewers = [
        "coderabbit",
        "greptile",
        "cubic",
        "graphite",
        "qodo",
        "ellipsis",
        "sourcery",
        "korbit",
        "bito",
        "copilot_review",
        "codex_review",
        "bugbot",
        "gemini_code_assist",
    ];
    for slug in reviewers {
        let tool = catalogue.tool(slug);
        assert_eq!(
            tool.map(|tool| tool.kind),
            Some(ToolKind::Reviewer),
            "{slug}"
        );
    }
    for tool in catalogue.tools() {
        let is_slug = |character: char| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_'
        };
        assert!(tool.slug.chars().all(is_slug), "{}", tool.slug);
    }
}

const USER_FILE: &str = r#"
[[tool]]
slug = "acme_bot"
name = "Acme Bot"
kind = "agent"

[[account]]
id = "acme.app"
author_tool = "acme_bot"
logins = ["acme-bot[bot]"]
source = "ours"
examples = ["author: acme-bot[bot]"]

[[text]]
id = "acme.footer"
tool = "acme_bot"
role = "authored"
places = ["body"]
pattern = '''^Made by Acme Bot'''
confidence = "high"
source = "ours"
examples = ["Made by Acme Bot"]
counter_examples = ["Not made by Acme Bot"]
"#;

#[test]
fn users_add_their_own_signatures() {
    let mut catalogue = builtin();
    let before = catalogue.version().to_owned();
    catalogue
        .extend_with_user_file(USER_FILE, "acme.toml")
        .expect("a valid file");
    assert_ne!(
        catalogue.version(),
        before,
        "verdicts of the old catalogue are stale"
    );
    assert_eq!(catalogue.check_examples().expect("it compiles"), []);
    let detector = Detector::new(&catalogue).expect("it compiles");
    assert_eq!(detector.version(), catalogue.version());
    let verdict = detector.verdict(&pull_request(json!({"body": "Made by Acme Bot"})));
    assert_eq!(verdict.author_tools, ["acme_bot"]);
}

#[test]
fn users_override_and_disable_rows() {
    let mut catalogue = builtin();
    let text = r#"
disable = ["claude_code.branch"]

[[address]]
id = "cursor.agent_address"
tool = "cursor"
addresses = ["cursoragent@acme.example"]
confidence = "high"
source = "ours"
examples = ["co-author: Cursor <cursoragent@acme.example>"]
"#;
    catalogue
        .extend_with_user_file(text, "acme.toml")
        .expect("a valid file");
    let detector = Detector::new(&catalogue).expect("it compiles");
    let tools = |fields| detector.verdict(&pull_request(fields)).author_tools;
    assert!(tools(json!({"head_ref": "claude/sort"})).is_empty());
    assert!(
        tools(json!({"commits": [{"message": "x", "author_email": "cursoragent@cursor.com"}]}))
            .is_empty()
    );
    assert_eq!(
        tools(json!({"commits": [{"message": "x", "author_email": "cursoragent@acme.example"}]})),
        ["cursor"]
    );
}

#[test]
fn the_version_is_a_function_of_the_rows() {
    assert_eq!(builtin().version(), builtin().version());
    assert!(
        builtin().version().starts_with("2026-"),
        "{}",
        builtin().version()
    );
}

/// What a bad file is told, without the file's text.
fn refusal(text: &str) -> CatalogueError {
    let mut catalogue = builtin();
    let before = catalogue.version().to_owned();
    let result = catalogue
        .extend_with_user_file(text, "acme.toml")
        .and_then(|()| Detector::new(&catalogue).map(|_| ()));
    let error = result.expect_err("the file is refused");
    if !matches!(
        error,
        CatalogueError::NoLiteral { .. }
            | CatalogueError::BadPattern { .. }
            | CatalogueError::BadAnchor { .. }
    ) {
        assert_eq!(
            catalogue.version(),
            before,
            "a refused file changes nothing"
        );
    }
    error
}

fn text_row(extra: &str) -> String {
    format!(
        "[[text]]\nid = \"acme.x\"\ntool = \"cursor\"\nrole = \"authored\"\nplaces = [\"body\"]\n\
         confidence = \"high\"\nsource = \"ours\"\nexamples = [\"x\"]\ncounter_examples = [\"y\"]\n{extra}\n"
    )
}

#[test]
fn bad_files_are_refused_with_the_row_and_the_reason() {
    let cases = [
        ("nonsense".to_owned(), "acme.toml: not a valid catalogue"),
        (
            text_row("pattern = 'made by acme'\nconfidense = 'low'"),
            "acme.toml: not a valid catalogue",
        ),
        (
            text_row(r"pattern = '\w+'"),
            "acme.toml: row `acme.x`: every match must contain a fixed text of at least 3 bytes",
        ),
        (
            text_row("pattern = '(?:acme|x)'"),
            "acme.toml: row `acme.x`: every match must contain",
        ),
        (
            text_row("pattern = 'acme(?=x)'"),
            "acme.toml: row `acme.x`: the pattern does not compile",
        ),
        (
            text_row("pattern = 'acme'\nanchor = 'other'"),
            "acme.toml: row `acme.x`: the anchor `other`",
        ),
        (
            text_row("pattern = 'acme'").replace("\"cursor\"", "\"nobody\""),
            "acme.toml: row `acme.x` names the tool `nobody`",
        ),
        (
            text_row("pattern = 'acme'").replace("[\"x\"]", "[]"),
            "acme.toml: row `acme.x` has no example",
        ),
        (
            text_row("pattern = 'acme'").replace("[\"y\"]", "[]"),
            "acme.toml: row `acme.x` has a pattern but no counter-example",
        ),
        (
            text_row("pattern = 'acme'").replace("[\"body\"]", "[]"),
            "acme.toml: row `acme.x`: it names nothing to look for",
        ),
        (
            format!(
                "{}{}",
                text_row("pattern = 'acme'"),
                text_row("pattern = 'acme'")
            ),
            "acme.toml: the id `acme.x` is used twice",
        ),
        (
            "disable = ['no.such']".to_owned(),
            "acme.toml: cannot disable `no.such`",
        ),
    ];
    for (text, expected) in cases {
        let error = refusal(&text);
        assert!(
            error.to_string().starts_with(expected),
            "{error}\nexpected {expected}"
        );
    }
}

#[test]
fn failing_examples_are_named() {
    let mut catalogue = builtin();
    let text = text_row("pattern = 'acme'");
    catalogue
        .extend_with_user_file(&text, "acme.toml")
        .expect("well-formed");
    let failures = catalogue.check_examples().expect("it compiles");
    assert_eq!(failures.len(), 1);
    assert_eq!(
        failures[0].to_string(),
        r#"acme.toml: row `acme.x`: the example is not found: "x""#
    );
}
