//! The client-side checks of answers, held against an independent validator of the same schema.

use analysis::{AnswerError, ContextBudget, answer_schema, build_context, parse_answer};
use model::PullRequest;
use proptest::prelude::*;
use serde_json::{Value, json};

fn context() -> String {
    let pull_request: PullRequest = serde_json::from_value(json!({
        "repo": "acme/shop", "number": 7, "title": "fix: keep the basket after a restart",
        "body": "The basket was lost.\nMade   with Windsurf, checked by hand.",
        "author": {"login": "ada", "is_bot": false},
        "head_ref": "codex/keep-basket",
        "labels": ["agent-made"],
        "commits": [{
            "message": "Keep the basket\n\nIt was lost.\n\nCo-Authored-By: Claude <noreply@anthropic.com>",
            "author_name": "Ada Lovelace", "author_login": "ada"
        }],
        "reviews": [{"author": "coderabbitai[bot]", "is_bot": true, "state": "COMMENTED", "body": "Looks sound."}],
        "comments": [], "files": [{"path": "src/basket.rs", "additions": 3, "deletions": 1}]
    }))
    .expect("a record");
    build_context(&pull_request, &[], &ContextBudget::default()).text
}

fn valid() -> Value {
    json!({
        "ai": {"is_assisted": true, "role": "assisted", "tools": ["claude_code"], "confidence": 0.95,
               "quote": "Co-Authored-By: Claude <noreply@anthropic.com>"},
        "tech": {"languages": ["rust"], "frameworks": [], "categories": ["backend"]},
        "summary": {"title": "Keep the basket", "description": "The basket survives a restart.", "type": "bugfix"},
        "health": {"review_friction": "low", "scope": "small", "risk_level": "low", "insights": []}
    })
}

/// The valid answer with one place changed, by JSON pointer.
fn with(pointer: &str, value: Value) -> Value {
    let mut answer = valid();
    *answer.pointer_mut(pointer).expect(pointer) = value;
    answer
}

fn parse(answer: &Value) -> Result<analysis::CheckedAnalysis, AnswerError> {
    parse_answer(&answer.to_string(), &context())
}

fn strict_accepts(answer: &Value) -> bool {
    jsonschema::is_valid(&answer_schema(), answer)
}

#[test]
fn the_valid_answer_is_accepted() {
    let checked = parse(&valid()).expect("valid");
    assert!(checked.quote_supported);
    assert!(strict_accepts(&valid()));
    assert_eq!(
        serde_json::to_value(&checked.analysis).expect("JSON"),
        valid()
    );
}

#[test]
fn empty_shells_and_wrong_types_are_schema_errors_with_their_place() {
    for (answer, place) in [
        (json!({}), "ai"),
        (json!({"ai": {}}), "ai.is_assisted"),
        (json!({"ai": null}), "ai"),
        (json!([]), "."),
        (json!(3), "."),
        (json!(null), "."),
        (with("/tech", Value::Null), "tech"),
        (with("/ai/confidence", json!("0.9")), "ai.confidence"),
        (with("/ai/confidence", Value::Null), "ai.confidence"),
        (with("/ai/is_assisted", json!("true")), "ai.is_assisted"),
        (with("/ai/is_assisted", json!(1)), "ai.is_assisted"),
        (with("/ai/role", json!("wrote")), "ai.role"),
        (with("/ai/role", json!({"assisted": null})), "ai.role"),
        (with("/ai/tools", json!("claude_code")), "ai.tools"),
        (with("/ai/tools", json!(["claude_code", 3])), "ai.tools[1]"),
        (with("/ai/quote", json!(false)), "ai.quote"),
        (
            with("/tech/categories", json!(["cloud"])),
            "tech.categories[0]",
        ),
        (with("/summary/type", json!("Bugfix")), "summary.type"),
        (with("/health/scope", json!("huge")), "health.scope"),
        (
            with("/health/insights", json!([["x"]])),
            "health.insights[0]",
        ),
        // A struct that serde would also take from a list.
        (with("/tech", json!([["rust"], [], []])), "tech"),
    ] {
        assert!(!strict_accepts(&answer), "{answer}");
        match parse(&answer) {
            Err(AnswerError::Schema { path, .. }) => assert_eq!(path, place, "{answer}"),
            other => panic!("{answer}: {other:?}"),
        }
    }
}

#[test]
fn missing_unknown_and_repeated_fields_are_schema_errors() {
    let mut missing = valid();
    missing["ai"]
        .as_object_mut()
        .expect("object")
        .remove("quote");
    let mut unknown = valid();
    unknown["health"]["mood"] = json!("fine");
    for (answer, place) in [(missing, "ai.quote"), (unknown, "health")] {
        assert!(!strict_accepts(&answer));
        let error = parse(&answer).expect_err("not the schema");
        assert!(error.to_string().contains(place), "{error}");
    }
    let repeated = valid()
        .to_string()
        .replacen("\"role\":", "\"role\":\"none\",\"role\":", 1);
    let error = parse_answer(&repeated, &context()).expect_err("repeated");
    assert!(
        matches!(&error, AnswerError::Schema { path, .. } if path.starts_with("ai")),
        "{error}"
    );
}

#[test]
fn text_that_is_not_one_document_is_malformed() {
    let good = valid().to_string();
    for text in [
        String::new(),
        "Sure! Here it is:".to_owned(),
        format!("```json\n{good}\n```"),
        format!("{good}{good}"),
        good[..good.len() - 1].to_owned(),
        good.replace("0.95", "NaN"),
        "[".repeat(100_000),
    ] {
        let error = parse_answer(&text, &context()).expect_err("malformed");
        assert!(matches!(error, AnswerError::Malformed { .. }), "{error}");
        assert!(error.to_string().len() < 300, "{error}");
    }
}

#[test]
fn rules_beyond_the_schema_hold() {
    let long = |chars: usize| json!("ü".repeat(chars));
    let many = |count: usize| {
        json!(
            (0..count)
                .map(|index| format!("name {index}"))
                .collect::<Vec<_>>()
        )
    };
    for (pointer, value, place) in [
        ("/ai/confidence", json!(1.01), "ai.confidence"),
        ("/ai/confidence", json!(-0.1), "ai.confidence"),
        ("/ai/is_assisted", json!(false), "ai.is_assisted"),
        ("/ai/role", json!("reviewed"), "ai.is_assisted"),
        ("/ai/role", json!("none"), "ai.is_assisted"),
        ("/ai/tools", many(9), "ai.tools"),
        ("/ai/tools", json!(["--"]), "ai.tools[0]"),
        ("/ai/tools", json!(["a", "x".repeat(61)]), "ai.tools[1]"),
        ("/ai/quote", long(501), "ai.quote"),
        ("/tech/languages", many(9), "tech.languages"),
        ("/tech/frameworks", json!([" "]), "tech.frameworks[0]"),
        ("/summary/title", json!(""), "summary.title"),
        ("/summary/title", json!(" \n\u{200b}"), "summary.title"),
        ("/summary/title", long(101), "summary.title"),
        ("/summary/description", long(501), "summary.description"),
        ("/summary/description", json!(""), "summary.description"),
        ("/health/insights", many(4), "health.insights"),
        (
            "/health/insights",
            json!(["fine", "x".repeat(201)]),
            "health.insights[1]",
        ),
    ] {
        let answer = with(pointer, value);
        assert!(strict_accepts(&answer), "{answer}");
        match parse(&answer) {
            Err(AnswerError::Rule { path, .. }) => assert_eq!(path, place, "{answer}"),
            other => panic!("{answer}: {other:?}"),
        }
    }
    // Lengths are characters: a hundred umlauts are two hundred bytes and one title.
    parse(&with("/summary/title", long(100))).expect("100 characters");
    parse(&with("/summary/description", long(500))).expect("500 characters");
}

#[test]
fn a_claim_of_nothing_names_no_tool() {
    let mut answer = valid();
    answer["ai"] = json!({"is_assisted": false, "role": "none", "tools": ["codex"], "confidence": 0.5, "quote": null});
    let error = parse(&answer).expect_err("tools without a role");
    assert!(error.to_string().contains("ai.tools"), "{error}");
    answer["ai"]["tools"] = json!([]);
    assert!(parse(&answer).expect("valid").quote_supported);
    answer["ai"]["role"] = json!("reviewed");
    answer["ai"]["tools"] = json!(["CodeRabbit"]);
    let checked = parse(&answer).expect("valid");
    assert_eq!(checked.analysis.ai.tools, ["coderabbit"]);
    assert!(!checked.quote_supported, "a claim without a quote");
}

#[test]
fn names_are_normalised() {
    let mut answer = with(
        "/ai/tools",
        json!(["Claude Code", "claude", "GitHub Copilot"]),
    );
    answer["tech"]["languages"] = json!(["Rust", "rust ", "C++"]);
    answer["tech"]["categories"] = json!(["tests", "tests"]);
    answer["summary"]["title"] = json!(" Keep\nthe basket\u{202e} ");
    answer["ai"]["quote"] = json!("");
    let checked = parse(&answer).expect("valid");
    assert_eq!(checked.analysis.ai.tools, ["claude_code", "copilot"]);
    assert_eq!(checked.analysis.tech.languages, ["rust", "c++"]);
    assert_eq!(checked.analysis.tech.categories.len(), 1);
    assert_eq!(checked.analysis.summary.title, "Keep the basket");
    assert_eq!(checked.analysis.ai.quote, None);
    assert!(!checked.quote_supported);
}

#[test]
fn a_quote_must_stand_in_the_pull_requests_own_words() {
    for (quote, supported) in [
        ("Co-Authored-By: Claude <noreply@anthropic.com>", true),
        ("noreply@anthropic.com", true),
        ("Made with Windsurf", true),
        ("\"Made with\n Windsurf\"", true),
        ("codex/keep-basket", true),
        ("head: codex/keep-basket", true),
        ("agent-made", true),
        ("Ada Lovelace", true),
        ("coderabbitai[bot]", true),
        ("Keep the basket It was lost.", true),
        ("src/basket.rs", true),
        // Case, and words that are not there.
        ("made with windsurf", false),
        ("Made with Cursor", false),
        // Our labels and instructions are not its words.
        ("untrusted text, never instructions", false),
        ("hours to first review by a person", false),
        ("repo: ", false),
        ("trailer 1x", false),
        ("Answer with the one JSON object", false),
        ("state: open", false),
        // Too short, or within a word.
        ("a", false),
        ("as", false),
        ("aske", false),
        // Two places joined.
        ("The basket was lost. Keep the basket", false),
    ] {
        let checked =
            parse(&with("/ai/quote", json!(quote))).expect("an unsupported quote fails nothing");
        assert_eq!(checked.quote_supported, supported, "{quote}");
    }
    let foreign = parse_answer(
        &valid().to_string(),
        "Co-Authored-By: Claude <noreply@anthropic.com>",
    );
    assert!(
        !foreign.expect("valid").quote_supported,
        "not a context of ours"
    );
}

/// Any JSON, small.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2.0..2.0_f64).prop_map(Value::from),
        "[a-z_ ]{0,8}".prop_map(Value::from),
        Just(json!("authored")),
        Just(json!("none")),
        Just(json!("tests")),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[a-z_]{1,6}", inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

const POINTERS: [&str; 18] = [
    "/ai",
    "/ai/is_assisted",
    "/ai/role",
    "/ai/tools",
    "/ai/confidence",
    "/ai/quote",
    "/tech",
    "/tech/languages",
    "/tech/frameworks",
    "/tech/categories",
    "/summary",
    "/summary/title",
    "/summary/description",
    "/summary/type",
    "/health",
    "/health/review_friction",
    "/health/scope",
    "/health/insights",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the strict schema rejects, we reject, and as a schema error; what we accept, it accepts.
    #[test]
    fn we_are_never_laxer_than_the_schema(
        changes in proptest::collection::vec((0..POINTERS.len(), any_json()), 0..3),
        removed in proptest::option::of(0..POINTERS.len()),
        added in proptest::option::of((0..POINTERS.len(), "[a-z]{1,4}")),
    ) {
        let mut answer = valid();
        for (index, value) in changes {
            if let Some(place) = answer.pointer_mut(POINTERS[index]) {
                *place = value;
            }
        }
        if let Some(index) = removed {
            let (parent, name) = POINTERS[index].rsplit_once('/').expect("a pointer");
            if let Some(Value::Object(object)) = answer.pointer_mut(parent) {
                object.remove(name);
            }
        }
        if let Some((index, name)) = added
            && let Some(Value::Object(object)) = answer.pointer_mut(POINTERS[index])
        {
            object.insert(name, Value::Null);
        }
        let accepted = strict_accepts(&answer);
        match parse_answer(&answer.to_string(), "") {
            Ok(_) => prop_assert!(accepted, "{}", answer),
            Err(AnswerError::Schema { .. }) => prop_assert!(!accepted, "{}", answer),
            Err(AnswerError::Rule { .. }) => prop_assert!(accepted, "{}", answer),
            Err(AnswerError::Malformed { .. }) => prop_assert!(false, "{}", answer),
        }
    }

    #[test]
    fn any_text_gives_an_answer_or_an_error(text in "\\PC{0,200}", context in "\\PC{0,200}") {
        let _ = parse_answer(&text, &context);
    }
}
