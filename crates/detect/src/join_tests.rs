//! The table of joining, row by row.

use model::{Evidence, Signal};

use super::*;

fn verdict(origin: Origin) -> Verdict {
    Verdict {
        origin,
        ai_authored: ai_authored(origin),
        ai_reviewed: false,
        author_tools: Vec::new(),
        review_tools: Vec::new(),
        plain_bot: false,
        confidence: 0.5,
        evidence: Vec::new(),
        notes: Vec::new(),
    }
}

fn decided(confidence: Confidence) -> Verdict {
    let mut decided = verdict(Origin::Agent);
    decided.author_tools = vec!["devin".to_owned()];
    decided.confidence = confidence.score();
    decided.evidence = vec![Evidence {
        tool: "devin".to_owned(),
        role: Role::Authored,
        signal: Signal::Branch,
        field: "head_ref".to_owned(),
        quote: "devin/x".to_owned(),
        rule: "devin.branch".to_owned(),
        confidence,
        offset_bytes: 0,
    }];
    decided
}

fn claim(role: ClaimedRole, tools: &[&str], confidence: f64) -> AiClaim {
    AiClaim {
        is_assisted: matches!(role, ClaimedRole::Authored | ClaimedRole::Assisted),
        role,
        tools: tools.iter().map(|&tool| tool.to_owned()).collect(),
        confidence,
        quote: None,
    }
}

/// What a join left: origin, author tools, review tools, whether reviewed, number of notes.
type Left = (Origin, Vec<String>, Vec<String>, bool, usize);

fn left(verdict: &Verdict) -> Left {
    (
        verdict.origin,
        verdict.author_tools.clone(),
        verdict.review_tools.clone(),
        verdict.ai_reviewed,
        verdict.notes.len(),
    )
}

fn slugs(list: &[&str]) -> Vec<String> {
    list.iter().map(|&slug| slug.to_owned()).collect()
}

#[test]
fn row_1_plain_bots_stay() {
    let mut bot = verdict(Origin::NoneDetected);
    bot.plain_bot = true;
    let yes = claim(ClaimedRole::Authored, &["codex"], 0.99);
    let joined = join(bot.clone(), &yes, QuoteSupport::Supported);
    assert_eq!(
        left(&joined),
        (Origin::NoneDetected, slugs(&[]), slugs(&[]), false, 1)
    );
    let no = claim(ClaimedRole::None, &[], 0.99);
    assert_eq!(join(bot.clone(), &no, QuoteSupport::NoQuote), bot);
}

#[test]
fn row_2_claims_that_contradict_themselves_are_set_aside() {
    let assisted_by_nobody = AiClaim {
        is_assisted: true,
        ..claim(ClaimedRole::None, &[], 0.9)
    };
    let written_but_not_assisted = AiClaim {
        is_assisted: false,
        ..claim(ClaimedRole::Authored, &["codex"], 0.9)
    };
    let cases = [
        assisted_by_nobody,
        written_but_not_assisted,
        claim(ClaimedRole::Authored, &["codex"], f64::NAN),
        claim(ClaimedRole::Authored, &["codex"], 1.5),
        claim(ClaimedRole::None, &[], -0.1),
    ];
    for case in cases {
        for before in [verdict(Origin::NoneDetected), decided(Confidence::High)] {
            let joined = join(before.clone(), &case, QuoteSupport::Supported);
            assert_eq!(joined.notes.len(), 1, "{case:?}");
            assert_eq!(
                Verdict {
                    notes: Vec::new(),
                    ..joined
                },
                before,
                "{case:?}"
            );
        }
    }
}

#[test]
fn row_3_evidence_outranks_an_agreeing_claim() {
    let same = claim(ClaimedRole::Authored, &["Devin"], 0.9);
    let joined = join(decided(Confidence::High), &same, QuoteSupport::Supported);
    assert_eq!(joined, decided(Confidence::High));

    let other = claim(ClaimedRole::Assisted, &["Devin", "Claude Code"], 0.9);
    let joined = join(decided(Confidence::Medium), &other, QuoteSupport::Supported);
    assert_eq!(
        left(&joined),
        (Origin::Agent, slugs(&["devin"]), slugs(&[]), false, 2)
    );
    assert!(
        joined.notes.iter().any(|note| note.contains("claude_code")),
        "{:?}",
        joined.notes
    );
}

#[test]
fn row_4_an_unsupported_claim_adds_nothing_to_evidence() {
    let yes = claim(ClaimedRole::Authored, &["codex"], 0.9);
    for quote in [QuoteSupport::NotFound, QuoteSupport::NoQuote] {
        let joined = join(decided(Confidence::High), &yes, quote);
        assert_eq!(
            left(&joined),
            (Origin::Agent, slugs(&["devin"]), slugs(&[]), false, 1)
        );
    }
}

#[test]
fn row_5_a_no_never_deletes_hard_evidence() {
    let no = claim(ClaimedRole::None, &[], 1.0);
    let joined = join(decided(Confidence::High), &no, QuoteSupport::NoQuote);
    assert_eq!(
        left(&joined),
        (Origin::Agent, slugs(&["devin"]), slugs(&[]), false, 1)
    );
    assert_eq!(joined.evidence.len(), 1);
    assert!((joined.confidence - Confidence::High.score()).abs() < 1e-12);
}

#[test]
fn row_6_a_no_lowers_the_confidence_of_medium_evidence() {
    let no = claim(ClaimedRole::None, &[], 1.0);
    let joined = join(decided(Confidence::Medium), &no, QuoteSupport::NoQuote);
    assert_eq!(
        left(&joined),
        (Origin::Agent, slugs(&["devin"]), slugs(&[]), false, 1)
    );
    assert_eq!(joined.ai_authored, Some(true));
    assert_eq!(joined.evidence.len(), 1);
    assert!((joined.confidence - 0.6).abs() < 1e-12);
}

#[test]
fn rows_7_and_8_weak_claims_decide_nothing() {
    for origin in [Origin::NoneDetected, Origin::Unknown] {
        for (confidence, quote) in [
            (0.99, QuoteSupport::NotFound),
            (0.99, QuoteSupport::NoQuote),
            (MIN_CLAIM_CONFIDENCE - 0.01, QuoteSupport::Supported),
        ] {
            let yes = claim(ClaimedRole::Assisted, &["cursor"], confidence);
            let joined = join(verdict(origin), &yes, quote);
            assert_eq!(left(&joined), (origin, slugs(&[]), slugs(&[]), false, 1));
        }
    }
}

#[test]
fn row_9_a_supported_claim_decides_what_evidence_left_open() {
    for origin in [Origin::NoneDetected, Origin::Unknown] {
        for (role, expected) in [
            (ClaimedRole::Authored, Origin::Agent),
            (ClaimedRole::Assisted, Origin::Assisted),
        ] {
            let yes = claim(role, &["ChatGPT", "cursor", "Cursor IDE"], 0.95);
            let joined = join(verdict(origin), &yes, QuoteSupport::Supported);
            assert_eq!(
                left(&joined),
                (
                    expected,
                    slugs(&["chatgpt", "cursor"]),
                    slugs(&[]),
                    false,
                    1
                )
            );
            assert_eq!(joined.ai_authored, Some(true));
            assert!((joined.confidence - Confidence::Medium.score()).abs() < 1e-12);
        }
    }
    let barely = claim(ClaimedRole::Assisted, &[], MIN_CLAIM_CONFIDENCE);
    let joined = join(verdict(Origin::Unknown), &barely, QuoteSupport::Supported);
    assert_eq!(joined.origin, Origin::Assisted);
    assert!((joined.confidence - MIN_CLAIM_CONFIDENCE).abs() < 1e-12);
}

#[test]
fn rows_10_and_11_a_no_leaves_the_undecided_as_they_are() {
    let no = claim(ClaimedRole::None, &[], 0.99);
    for origin in [Origin::NoneDetected, Origin::Unknown] {
        assert_eq!(
            join(verdict(origin), &no, QuoteSupport::NoQuote),
            verdict(origin)
        );
    }
}

#[test]
fn row_12_a_known_review_stays() {
    let mut reviewed = verdict(Origin::NoneDetected);
    reviewed.ai_reviewed = true;
    reviewed.review_tools = slugs(&["coderabbit"]);
    let same = claim(ClaimedRole::Reviewed, &["Code Rabbit"], 0.9);
    assert_eq!(
        join(reviewed.clone(), &same, QuoteSupport::Supported),
        reviewed
    );
    let other = claim(ClaimedRole::Reviewed, &["Copilot"], 0.9);
    let joined = join(reviewed, &other, QuoteSupport::Supported);
    assert_eq!(
        left(&joined),
        (
            Origin::NoneDetected,
            slugs(&[]),
            slugs(&["coderabbit"]),
            true,
            1
        )
    );
}

#[test]
fn row_13_a_supported_review_is_taken() {
    let review = claim(ClaimedRole::Reviewed, &["Copilot", "Cursor"], 0.9);
    let joined = join(
        verdict(Origin::NoneDetected),
        &review,
        QuoteSupport::Supported,
    );
    let tools = slugs(&["bugbot", "copilot_review"]);
    assert_eq!(
        left(&joined),
        (Origin::NoneDetected, slugs(&[]), tools, true, 1)
    );
    assert_eq!(joined.ai_authored, Some(false));
}

#[test]
fn row_14_a_weak_review_is_not() {
    for (confidence, quote) in [
        (0.9, QuoteSupport::NotFound),
        (0.9, QuoteSupport::NoQuote),
        (0.3, QuoteSupport::Supported),
    ] {
        let review = claim(ClaimedRole::Reviewed, &["greptile"], confidence);
        let joined = join(verdict(Origin::NoneDetected), &review, quote);
        assert_eq!(
            left(&joined),
            (Origin::NoneDetected, slugs(&[]), slugs(&[]), false, 1)
        );
    }
    // On evidence of authoring a review-only claim is also a "no".
    let review = claim(ClaimedRole::Reviewed, &["greptile"], 0.9);
    let joined = join(decided(Confidence::Medium), &review, QuoteSupport::NoQuote);
    assert_eq!(
        left(&joined),
        (Origin::Agent, slugs(&["devin"]), slugs(&[]), false, 2)
    );
}

#[test]
fn hallucinated_tools_are_dropped_with_a_note() {
    let yes = claim(
        ClaimedRole::Assisted,
        &["playwright", "rolldown-vite", "Claude"],
        0.9,
    );
    let joined = join(verdict(Origin::NoneDetected), &yes, QuoteSupport::Supported);
    assert_eq!(joined.author_tools, slugs(&["claude_code"]));
    assert!(
        joined.notes.iter().any(|note| note.contains("playwright")),
        "{:?}",
        joined.notes
    );
}

#[test]
fn quotes_are_looked_up() {
    let input = "I asked the\n  assistant to sort it.";
    assert_eq!(
        QuoteSupport::of(Some("the assistant to sort"), input),
        QuoteSupport::Supported
    );
    assert_eq!(
        QuoteSupport::of(Some("The assistant"), input),
        QuoteSupport::NotFound
    );
    assert_eq!(QuoteSupport::of(Some("  "), input), QuoteSupport::NoQuote);
    assert_eq!(QuoteSupport::of(None, input), QuoteSupport::NoQuote);
}

#[test]
fn disagreements_are_those_of_the_table() {
    let yes = claim(ClaimedRole::Assisted, &["codex"], 0.9);
    let no = claim(ClaimedRole::None, &[], 0.9);
    let review = claim(ClaimedRole::Reviewed, &["coderabbit"], 0.9);
    let muddled = AiClaim {
        is_assisted: true,
        ..no.clone()
    };
    let mut bot = decided(Confidence::High);
    bot.plain_bot = true;
    let check = |verdict: &Verdict, claim: &AiClaim, expect| {
        assert_eq!(
            disagreement(verdict, claim),
            expect,
            "{verdict:?} {claim:?}"
        );
    };
    for confidence in [Confidence::High, Confidence::Medium] {
        check(&decided(confidence), &no, Some(Disagreement::Denied));
        check(&decided(confidence), &review, Some(Disagreement::Denied));
        check(&decided(confidence), &yes, None);
        check(&decided(confidence), &muddled, None);
    }
    check(
        &verdict(Origin::NoneDetected),
        &yes,
        Some(Disagreement::Unseen),
    );
    check(&verdict(Origin::NoneDetected), &no, None);
    check(&verdict(Origin::Unknown), &yes, None);
    check(&verdict(Origin::Unknown), &no, None);
    check(&bot, &no, None);
}
