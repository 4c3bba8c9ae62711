//! The evaluation: what counts how, and its shape.

use detect::Catalogue;
use detect::evaluation::{Evaluator, TruthRecord};
use model::{Origin, Verdict};
use serde_json::{Value, json};

use crate::fixture::verdict as verdict_of;

fn truth(value: Value) -> TruthRecord {
    let mut record = json!({"repo": "example/project", "number": 1});
    let (Value::Object(fields), Value::Object(more)) = (&mut record, value) else {
        panic!("fields are an object");
    };
    fields.extend(more);
    serde_json::from_value(record).expect("a truth record")
}

fn verdict(origin: Origin, author_tools: &[&str], review_tools: &[&str]) -> Verdict {
    let mut verdict = verdict_of(json!({}));
    verdict.origin = origin;
    verdict.ai_authored = match origin {
        Origin::Agent | Origin::Assisted => Some(true),
        Origin::NoneDetected => Some(false),
        Origin::Unknown => None,
    };
    verdict.author_tools = author_tools.iter().map(|&tool| tool.to_owned()).collect();
    verdict.review_tools = review_tools.iter().map(|&tool| tool.to_owned()).collect();
    verdict
}

fn evaluator() -> Evaluator {
    Evaluator::new(&Catalogue::builtin().expect("the built-in catalogue is valid"))
}

#[test]
fn each_case_counts_once_and_where_it_belongs() {
    let mut evaluator = evaluator();
    let none = verdict(Origin::NoneDetected, &[], &[]);
    let mut push = |number: u64, value: Value, verdict: Option<&Verdict>| {
        let mut record = truth(value);
        record.number = number;
        evaluator.push(&record, verdict);
    };
    let devin = json!({"agent": "Devin", "ai_authored": true, "visible": ["author"], "review_ai": ["claude"]});
    // Found with the right tool, with another besides, with the wrong one, not found, no verdict.
    push(
        1,
        devin.clone(),
        Some(&verdict(Origin::Agent, &["devin"], &["claude_review"])),
    );
    push(
        2,
        devin.clone(),
        Some(&verdict(Origin::Agent, &["claude_code", "devin"], &[])),
    );
    push(
        3,
        devin.clone(),
        Some(&verdict(Origin::Assisted, &["cursor"], &["cubic"])),
    );
    push(4, devin.clone(), Some(&none));
    push(5, devin, None);
    // Nothing visible: a miss, but not one of the visible.
    push(
        6,
        json!({"agent": "OpenAI_Codex", "ai_authored": true, "visible": []}),
        Some(&none),
    );
    // People.
    let person = json!({"agent": "none", "ai_authored": false, "review_ai": []});
    push(7, person.clone(), Some(&none));
    push(8, person.clone(), Some(&verdict(Origin::Unknown, &[], &[])));
    push(
        9,
        person.clone(),
        Some(&verdict(Origin::Agent, &["cursor"], &[])),
    );
    push(10, person.clone(), None);
    let mut plain = none.clone();
    plain.plain_bot = true;
    push(11, person, Some(&plain));
    // Left out.
    push(
        12,
        json!({"agent": "unknown", "ai_authored": null}),
        Some(&none),
    );
    push(
        13,
        json!({"agent": "none", "ai_authored": false, "weak": true}),
        Some(&verdict(Origin::Agent, &["devin"], &[])),
    );
    push(
        14,
        json!({"agent": "Unheard_Agent", "ai_authored": true}),
        Some(&verdict(Origin::Agent, &["amp"], &[])),
    );

    let evaluation = evaluator.finish();
    let authored = &evaluation.authored;
    assert_eq!(
        (authored.tp, authored.fp, authored.fn_, authored.tn),
        (4, 1, 3, 2)
    );
    assert_eq!(authored.precision, Some(0.8));
    assert_eq!(authored.recall, Some(4.0 / 7.0));
    assert_eq!(evaluation.unknown_on_negatives, 1);
    let devin = &evaluation.tools["devin"].tally;
    assert_eq!((devin.tp, devin.fp, devin.fn_), (2, 0, 3));
    assert_eq!(evaluation.tools["claude_code"].cross_hits, 1);
    assert_eq!(
        evaluation.tools["claude_code"].tally.precision, None,
        "the truth never names it"
    );
    let cursor = &evaluation.tools["cursor"];
    assert_eq!((cursor.tally.fp, cursor.cross_hits), (2, 1));
    let claude_review = &evaluation.review_tools["claude_review"].tally;
    assert_eq!(
        (claude_review.tp, claude_review.fp, claude_review.fn_),
        (1, 0, 4)
    );
    assert_eq!(evaluation.review_tools["cubic"].tally.fp, 1);
    assert_eq!(
        evaluation.review_overall.fp, 0,
        "only tools that the truth names"
    );
    let visible = &evaluation.visible;
    assert_eq!((visible.n, visible.found, visible.right_tool), (5, 3, 2));
    let excluded = evaluation.excluded;
    assert_eq!(
        (
            excluded.unknown,
            excluded.weak,
            excluded.no_verdict,
            excluded.plain_bot
        ),
        (1, 1, 1, 1)
    );
    assert_eq!(evaluation.unmapped_names["Unheard_Agent"], 1);
    let numbers = |keys: &[model::PrKey]| keys.iter().map(|key| key.number).collect::<Vec<_>>();
    assert_eq!(numbers(&evaluation.false_positives), [9]);
    assert_eq!(numbers(&evaluation.misses), [4, 5, 6]);
}

#[test]
fn the_truth_names_tools_in_its_own_way() {
    let catalogue = Catalogue::builtin().expect("the built-in catalogue is valid");
    let authors = [
        ("OpenAI_Codex", "codex"),
        ("Devin", "devin"),
        ("Copilot", "copilot"),
        ("Cursor", "cursor"),
        ("Claude_Code", "claude_code"),
        ("claude code", "claude_code"),
        ("GitHub Copilot", "copilot"),
    ];
    for (name, slug) in authors {
        assert_eq!(
            catalogue.slug_of(name, detect::Position::Author).as_deref(),
            Some(slug),
            "{name}"
        );
    }
    let reviewers = [
        ("copilot_review", "copilot_review"),
        ("cubic", "cubic"),
        ("coderabbit", "coderabbit"),
        ("sourcery", "sourcery"),
        ("ellipsis", "ellipsis"),
        ("pr_codex", "pr_codex"),
        ("greptile", "greptile"),
        ("cursor_bugbot", "bugbot"),
        ("entelligence", "entelligence"),
        ("gemini_code_assist", "gemini_code_assist"),
        ("graphite", "graphite"),
        ("windsurf", "windsurf_review"),
        ("propel", "propel"),
        ("claude", "claude_review"),
        ("copilot", "copilot_review"),
        ("codex", "codex_review"),
    ];
    for (name, slug) in reviewers {
        assert_eq!(
            catalogue
                .slug_of(name, detect::Position::Reviewer)
                .as_deref(),
            Some(slug),
            "{name}"
        );
    }
    assert_eq!(
        catalogue.slug_of("playwright", detect::Position::Author),
        None
    );
}

#[test]
fn the_shape_is_stable() {
    let mut evaluator = evaluator();
    let record = truth(
        json!({"agent": "Devin", "ai_authored": true, "visible": ["author"], "review_ai": ["cubic"]}),
    );
    evaluator.push(
        &record,
        Some(&verdict(Origin::Agent, &["devin"], &["cubic"])),
    );
    let person = truth(json!({"agent": "none", "ai_authored": false}));
    evaluator.push(&person, Some(&verdict(Origin::Agent, &["cursor"], &[])));
    insta::assert_json_snapshot!(evaluator.finish(), {".catalogue_version" => "[version]"});
}

#[test]
fn a_scaled_truth_file_needs_four_fields_only() {
    let record: TruthRecord =
        serde_json::from_str(r#"{"repo":"a/b","number":7,"agent":"Copilot","ai_authored":true}"#)
            .expect("a truth record");
    assert_eq!(record.visible, None);
    assert!(!record.weak);
}
