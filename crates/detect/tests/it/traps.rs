//! What must stay negative.

use model::{Confidence, Origin, Verdict};
use serde_json::{Value, json};

use crate::fixture::{DETECTOR, message, pull_request, verdict};

/// Neither authored, assisted nor reviewed, and no evidence at all.
fn is_clean(verdict: &Verdict) -> bool {
    verdict.origin == Origin::NoneDetected && !verdict.ai_reviewed && verdict.evidence.is_empty()
}

fn check_clean(cases: &[Value]) {
    for case in cases {
        let verdict = verdict(case.clone());
        assert!(is_clean(&verdict), "{case}: {:?}", verdict.evidence);
    }
}

#[test]
fn products_in_prose_are_no_evidence() {
    let texts = [
        "Use conn.cursor() with cursor",
        "Add cursor for pagination",
        "Bump opus 1.3 codec",
        "Add GitHub Copilot provider",
        "integrate with OpenAI",
        "Did not use Claude Code",
        "warp the image; ai here",
        "AI-generated content labels feature",
        "Adding .codex/config.toml and .cursor/mcp.json",
        "Docs: how to set up Codex and Claude Code here",
        "Changelog: support for WindSurf and Kiro",
        "Fix raider: boss spawn timing",
        "OpenHands: Default onboarding LLM for new users",
        "Expand ANTHROPIC_MODELS list with new entries",
        "pwm: rzg2l-gpt: Add support for output enable",
        "doc: cmd: gpt: Fix formatting",
        "Cubic splines: a summary by degree",
        "Seer tests, sentry SDK, graphite metrics and goose migrations",
    ];
    for text in texts {
        check_clean(&[
            json!({"title": text}),
            json!({"body": text}),
            json!({"commits": [{"message": text}]}),
            json!({"commits": [{"message": format!("Sort\n\n{text}")}]}),
            json!({"comments": [{"author": "grace", "body": text}]}),
        ]);
    }
}

#[test]
fn negations_and_disclosures_are_no_evidence() {
    let texts = [
        "AI Disclosure: None",
        "AI disclosure: N/A",
        "No AI was used",
        "This was not generated with Claude Code",
        "Not made with [Cursor](https://cursor.com)",
        "- [ ] 🤖 Generated with [Claude Code](https://claude.ai/code)",
        "- [ ] Co-Authored-By: Claude <noreply@anthropic.com>",
        "- [ ] I used AI assistance",
        "<!-- If you used a tool, leave its line:\n🤖 Generated with [Claude Code](https://claude.ai/code)\nCo-Authored-By: Claude <noreply@anthropic.com>\n-->",
        "> 🤖 Generated with [Claude Code](https://claude.ai/code)\n> Co-Authored-By: Claude <noreply@anthropic.com>",
        "```\nCo-Authored-By: Claude <noreply@anthropic.com>\nMade-with: Cursor\n```",
        "~~~text\n🤖 Generated with [Claude Code](https://claude.ai/code)\n~~~",
        "The footer:\n\n    🤖 Generated with [Claude Code](https://claude.ai/code)\n    Co-Authored-By: Claude <noreply@anthropic.com>\n\nis gone.",
        "The line `Co-Authored-By: Claude <noreply@anthropic.com>` is parsed now",
        "We strip \"Co-Authored-By: Claude <noreply@anthropic.com>\" from messages",
        "Link to the issue. Requested by: Ada",
    ];
    for text in texts {
        check_clean(&[json!({"body": text})]);
        check_clean(&[message(&format!("Sort the list\n\n{text}"))]);
        check_clean(&[json!({"body": text.replace('\n', "\r\n")})]);
    }
}

#[test]
fn people_are_not_tools() {
    let signatures = [
        "Claude Durand <claude@durand.example>",
        "Claude <claude@anthropic.com>",
        "Claude Durand <claude.durand@anthropic.com>",
        "Charlie <charlie@openai.com>",
        "Jules <jules@openai.com>",
        "AI <ai@openai.com>",
        "Jules Verne <jules.verne@google.com>",
        "Devin <devin@example.org>",
        "Sam <sam@cursor.com>",
        "Pat <pat@aider.chat>",
        "Kai <kai@charm.land>",
        "Kim <kim@replit.com>",
        "Quinn <quinn@sourcegraph.com>",
        "Gem <gem@google.com>",
        "Debug Agent <debug@example.com>",
        "Abbott <abbott@example.org>",
        "claude <12345+claude@users.noreply.github.com>",
        "cursor <12345+cursor@users.noreply.github.com>",
        "talbot-dev <99+talbot-dev@users.noreply.github.com>",
        "Mother Goose <mother@example.org>",
        "Devin",
        "Claude",
    ];
    for signature in signatures {
        check_clean(&[message(&format!(
            "Sort the list\n\nCo-authored-by: {signature}"
        ))]);
        check_clean(&[json!({"body": format!("Sorts.\n\nCo-authored-by: {signature}")})]);
        let (name, rest) = signature.split_once(" <").unwrap_or((signature, ""));
        let email = rest.trim_end_matches('>');
        check_clean(&[json!({"commits": [{
            "message": "Sort", "author_name": name, "author_email": email,
            "committer_name": name, "committer_email": email,
        }]})]);
    }
    let logins = [
        "claude",
        "devin",
        "jules",
        "codex",
        "cursor",
        "cody",
        "charlie",
        "amp",
        "oz",
        "continue",
        "pi",
        "bob",
        "grok",
        "v0",
        "cline",
        "sentry",
        "goose",
        "abbott",
        "robothon",
        "talbot-dev",
    ];
    for login in logins {
        check_clean(&[
            json!({"author": {"login": login, "is_bot": false}}),
            json!({"author": {"login": login}}),
            json!({"commits": [{"message": "Sort", "author_login": login, "committer_login": login}]}),
            json!({"reviews": [{"author": login, "state": "APPROVED"}]}),
            json!({"comments": [{"author": login, "body": "Nice."}]}),
        ]);
    }
}

#[test]
fn assisted_by_a_person_is_nothing() {
    for value in [
        "Ada Lovelace",
        "Claude Durand <claude@durand.example>",
        "Devin",
        "the whole team",
        "Jules: thanks",
    ] {
        check_clean(&[message(&format!("Sort the list\n\nAssisted-by: {value}"))]);
    }
}

#[test]
fn the_subject_line_is_no_trailer() {
    check_clean(&[
        message("Co-authored-by: Claude <noreply@anthropic.com>"),
        message("Co-authored-by: Claude <noreply@anthropic.com>\n\nWords."),
        message("Made-with: Cursor"),
        message("🤖 Generated with [Claude Code](https://claude.ai/code)"),
        json!({"title": "Co-authored-by: Claude <noreply@anthropic.com>"}),
        message("[codex] Sort the list"),
    ]);
}

#[test]
fn tool_repositories_speak_of_their_product() {
    check_clean(&[
        json!({"repo": "openai/codex", "title": "[codex] Sort the list", "labels": ["codex"]}),
        json!({"repo": "OpenAI/Codex", "title": "[codex] Sort the list"}),
        json!({"repo": "Aider-AI/aider", "commits": [{"message": "aider: sort"}], "head_ref": "aider/sort"}),
    ]);
    let elsewhere = verdict(json!({"title": "[codex] Sort the list"}));
    assert_eq!(elsewhere.author_tools, ["codex"]);
}

#[test]
fn branches_that_only_contain_a_name_are_nothing() {
    for branch in [
        "docs/codex-mcp",
        "dependabot/npm_and_yarn/openai/codex-0.1.2",
        "feature/cursor/pagination",
        "fix-claude/x",
        "cursor-pagination",
        "raider/boss",
        "jules-patch-1",
        "ada:docs/copilot",
    ] {
        check_clean(&[json!({"head_ref": branch})]);
    }
    // No public AI coding tool existed: the words are a person's.
    for branch in ["cursor/blink", "codex/parser", "claude/fix"] {
        check_clean(&[json!({"head_ref": branch, "created_at": "2020-05-01T00:00:00Z"})]);
    }
}

#[test]
fn plain_bots_leave_the_figures() {
    for login in [
        "dependabot[bot]",
        "dependabot",
        "app/dependabot",
        "renovate[bot]",
        "renovate",
        "github-actions[bot]",
        "github-actions",
        "pre-commit-ci[bot]",
        "snyk-bot",
        "Dependabot[bot]",
    ] {
        let verdict = verdict(json!({
            "author": {"login": login, "is_bot": true},
            "title": "Bump @openai/codex from 0.1 to 0.2",
            "head_ref": "dependabot/npm_and_yarn/openai/codex-0.2",
            "body": "Release notes\n\n🤖 Generated with [Claude Code](https://claude.ai/code)",
            "commits": [{"message": "Bump\n\nCo-authored-by: Claude <noreply@anthropic.com>", "author_login": login}],
            "reviews": [{"author": "coderabbitai[bot]", "state": "COMMENTED"}],
        }));
        assert!(verdict.plain_bot, "{login}");
        assert_eq!(verdict.origin, Origin::NoneDetected, "{login}");
        assert_eq!(verdict.ai_authored, Some(false), "{login}");
        assert!(verdict.author_tools.is_empty(), "{login}");
        assert_eq!(verdict.review_tools, ["coderabbit"], "{login}");
    }
    let by_id = verdict(json!({"author": {"id": 49_699_333}}));
    assert!(by_id.plain_bot);
    for human in ["dependabot-fan", "stale", "linear", "vercel"] {
        let verdict = verdict(json!({"author": {"login": human, "is_bot": false}}));
        assert!(!verdict.plain_bot, "{human}");
    }
    // Their comments and commits on a person's change say nothing.
    check_clean(&[json!({
        "commits": [{"message": "Format", "author_login": "autofix-ci[bot]", "committer_login": "web-flow"}],
        "comments": [{"author": "vercel[bot]", "is_bot": true, "body": "Preview"}],
        "reviews": [{"author": "codecov", "is_bot": true, "state": "COMMENTED"}],
    })]);
}

#[test]
fn an_unlisted_bot_is_neither_ai_nor_a_person() {
    let verdict = verdict(json!({"author": {"login": "acme-release[bot]"}}));
    assert_eq!(verdict.origin, Origin::Unknown);
    assert_eq!(verdict.ai_authored, None);
    assert!(!verdict.plain_bot);
    assert_eq!(verdict.notes.len(), 1);
}

/// 4.1: editors wrote the trailer without any use of the tool.
#[test]
fn the_false_co_author_window_is_doubted() {
    let trailer = "Sort\n\nCo-authored-by: Copilot <copilot@github.com>";
    let on = |date: &str| {
        verdict(
            json!({"commits": [{"message": trailer, "authored_at": date}], "created_at": "2026-03-01T00:00:00Z"}),
        )
    };
    for date in [
        "2026-04-22T00:00:00Z",
        "2026-05-01T12:00:00Z",
        "2026-05-06T23:59:59Z",
    ] {
        let verdict = on(date);
        assert_eq!(verdict.origin, Origin::NoneDetected, "{date}");
        assert_eq!(verdict.evidence.len(), 1, "{date}");
        assert_eq!(verdict.evidence[0].confidence, Confidence::Low, "{date}");
        assert!(verdict.author_tools.is_empty(), "{date}");
    }
    for date in [
        "2026-04-21T23:59:59Z",
        "2026-05-07T00:00:00Z",
        "2025-11-01T00:00:00Z",
    ] {
        let verdict = on(date);
        assert_eq!(verdict.origin, Origin::Assisted, "{date}");
        assert_eq!(verdict.author_tools, ["copilot"], "{date}");
    }
    // Other evidence of the same tool supports it.
    let supported = verdict(json!({"head_ref": "copilot/fix-1", "commits": [
        {"message": trailer, "authored_at": "2026-05-01T00:00:00Z"},
    ]}));
    assert!(
        supported
            .evidence
            .iter()
            .all(|hit| hit.confidence > Confidence::Low),
        "{:?}",
        supported.evidence
    );
    // The date of the pull request stands in for one that is not known.
    let dated_by_opening =
        verdict(json!({"commits": [{"message": trailer}], "created_at": "2026-05-01T00:00:00Z"}));
    assert_eq!(dated_by_opening.origin, Origin::NoneDetected);
    // The other address of the same tool is not doubted.
    let other = verdict(json!({"commits": [{
        "message": "Sort\n\nCo-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>",
        "authored_at": "2026-05-01T00:00:00Z",
    }]}));
    assert_eq!(other.origin, Origin::Assisted);
}

/// Nothing may be concluded from a field that merely happens to be absent.
#[test]
fn what_is_absent_is_evidence_of_nothing() {
    let sparse = DETECTOR.verdict(&pull_request(json!({
        "author": null, "head_ref": null, "body": null, "commits": null, "labels": null,
        "reviews": null, "comments": null, "events": null, "created_at": null,
    })));
    assert_eq!(sparse.origin, Origin::Unknown);
    assert_eq!(sparse.ai_authored, None);
    assert!(!sparse.ai_reviewed);
    assert!(sparse.evidence.is_empty());

    let cases = [
        (
            json!({"head_ref": null, "author": null}),
            Origin::NoneDetected,
        ),
        (json!({"body": ""}), Origin::NoneDetected),
        (json!({"body": null}), Origin::NoneDetected),
        (json!({"body": null, "head_ref": null}), Origin::Unknown),
        (json!({"body": null, "author": null}), Origin::Unknown),
        (json!({"commits": null}), Origin::Unknown),
        (json!({"commits": []}), Origin::NoneDetected),
        (
            json!({"reviews": null, "comments": null, "events": null, "labels": null}),
            Origin::NoneDetected,
        ),
    ];
    for (fields, expected) in cases {
        assert_eq!(verdict(fields.clone()).origin, expected, "{fields}");
    }
}

#[test]
fn prose_that_names_a_tool_marks_the_request_for_a_model() {
    let named = |body: &str| {
        let mentions = DETECTOR.mentions(&pull_request(json!({"body": body})));
        mentions
            .into_iter()
            .map(|mention| mention.rule)
            .collect::<Vec<_>>()
    };
    assert_eq!(named("I asked Claude for the tests."), ["mention.claude"]);
    assert_eq!(named("Did not use Claude Code"), ["mention.claude"]);
    assert_eq!(named("AI Disclosure: None"), ["mention.ai_disclosure"]);
    assert_eq!(named("Sorts the list."), Vec::<String>::new());
    assert_eq!(named("<!-- Did you use Copilot? -->"), Vec::<String>::new());
    assert_eq!(named("```\ncopilot\n```"), Vec::<String>::new());
}
