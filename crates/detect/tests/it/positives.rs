//! What must be found, in every shape it takes.

use model::{Confidence, Origin, Signal};
use serde_json::{Value, json};

use crate::fixture::{DETECTOR, message, pull_request, verdict};

fn check(fields: Value, origin: Origin, tool: &str) {
    let verdict = verdict(fields.clone());
    assert_eq!(verdict.origin, origin, "{fields}: {:?}", verdict.evidence);
    assert_eq!(
        verdict.author_tools,
        [tool],
        "{fields}: {:?}",
        verdict.evidence
    );
    assert_eq!(verdict.ai_authored, Some(true), "{fields}");
}

#[test]
fn trailers_are_found_wherever_their_line_stands() {
    let shapes = [
        "Sort\n\nCo-authored-by: Claude <noreply@anthropic.com>",
        "Sort\n\nCo-Authored-By: Claude Sonnet 5 <noreply@anthropic.com>\n",
        "Sort\n\nCo-Authored-By: Claude Opus 4.8 (1M context) <noreply@anthropic.com>\n",
        "Sort\nCo-authored-by: Claude <noreply@anthropic.com>",
        "Sort\r\n\r\nCo-authored-by: Claude <noreply@anthropic.com>\r\n",
        "Sort\n\nCo-authored-by: Claude <noreply@anthropic.com>\n\nAnd then some prose.",
        "Sort (#1)\n\n* one\n\nCo-authored-by: Claude <noreply@anthropic.com>\n\n* two\n\n---------\n\nCo-authored-by: Ada <ada@example.org>",
        "Sort\n\n  Co-authored-by:Claude <noreply@anthropic.com>",
        "Sort\n\nCO-AUTHORED-BY: CLAUDE <NOREPLY@ANTHROPIC.COM>",
        "Squashed commit of the following:\n\ncommit 0123\n\n    Sort\n\n    Co-authored-by: Claude <noreply@anthropic.com>",
        "Sort\n\n    From a log.\n\n    Co-authored-by: Claude <noreply@anthropic.com>",
        "Sort\n\n```\nnever closed\n\nCo-authored-by: Claude <noreply@anthropic.com>",
        "Sort\n\nSigned-off-by: Ada <ada@example.org>\nCo-authored-by: Claude <no-reply@anthropic.com>",
    ];
    for shape in shapes {
        check(message(shape), Origin::Assisted, "claude_code");
        let in_empty_body = json!({"body": "", "commits": [{"message": shape}]});
        check(in_empty_body, Origin::Assisted, "claude_code");
    }
    check(
        json!({"body": "Co-authored-by: Claude <noreply@anthropic.com>"}),
        Origin::Assisted,
        "claude_code",
    );
}

#[test]
fn branches_alone_are_enough() {
    let cases = [
        ("codex/validate-input", "codex"),
        ("claude/sort-the-list-ab4c44", "claude_code"),
        ("cursor/sort-the-list-1edb", "cursor"),
        ("jules-4486629921808545700-9ef0dd4e", "jules"),
        ("aider/sort", "aider"),
        ("copilot/fix-12", "copilot"),
        ("devin/1700000000-sort", "devin"),
        ("v0/ada-1", "v0"),
        ("cosine/sort", "cosine"),
        ("refs/heads/codex/sort", "codex"),
        ("ada:codex/sort", "codex"),
        ("CODEX/sort", "codex"),
    ];
    for (branch, tool) in cases {
        check(json!({"head_ref": branch}), Origin::Agent, tool);
        check(
            json!({"head_ref": branch, "author": null, "body": null, "commits": null, "created_at": null}),
            Origin::Agent,
            tool,
        );
    }
}

#[test]
fn the_name_beats_the_address() {
    let cases = [
        ("goose <noreply@anthropic.com>", "goose"),
        ("Cursor <noreply@anthropic.com>", "cursor"),
        ("Cursor Agent <noreply@anthropic.com>", "cursor"),
        ("OpenCode <noreply@anthropic.com>", "opencode"),
        ("Ada L (aider) <ada@example.org>", "aider"),
        ("Claude <noreply@anthropic.com>", "claude_code"),
        ("Some Tool <noreply@anthropic.com>", "claude_code"),
        ("Copilot <copilot@github.com>", "copilot"),
    ];
    for (signature, tool) in cases {
        check(
            message(&format!("Sort\n\nCo-authored-by: {signature}")),
            Origin::Assisted,
            tool,
        );
    }
    let other_name = verdict(message(
        "Sort\n\nCo-authored-by: Some Tool <noreply@anthropic.com>",
    ));
    assert_eq!(other_name.evidence[0].confidence, Confidence::Medium);
}

#[test]
fn assisted_by_a_tool_is_help() {
    let cases = [
        ("Claude:claude-3-opus coccinelle sparse", "claude_code"),
        ("Cursor:gpt-5", "cursor"),
        ("GitHub Copilot", "copilot"),
        ("Claude Code <noreply@anthropic.com>", "claude_code"),
        ("Unheard Agent:gpt-5-codex", "unspecified"),
    ];
    for (value, tool) in cases {
        check(
            message(&format!("Sort\n\nAssisted-by: {value}")),
            Origin::Assisted,
            tool,
        );
    }
}

#[test]
fn one_signal_of_any_kind_is_enough() {
    let cases = [
        (
            json!({"title": "[codex] Sort the list"}),
            Origin::Agent,
            "codex",
        ),
        (
            json!({"body": "https://chatgpt.com/codex/tasks/task_e_0123abcd"}),
            Origin::Agent,
            "codex",
        ),
        (
            json!({"body": "Sorts.\n\n🤖 Generated with [Claude Code](https://claude.com/claude-code)"}),
            Origin::Agent,
            "claude_code",
        ),
        (
            json!({"labels": ["claude-code-assisted"]}),
            Origin::Agent,
            "claude_code",
        ),
        (
            json!({"labels": [{"name": "codex"}]}),
            Origin::Agent,
            "codex",
        ),
        (
            json!({"commits": [{"message": "x", "author_email": "cursoragent@cursor.com"}]}),
            Origin::Agent,
            "cursor",
        ),
        (
            json!({"commits": [{"message": "x", "committer_email": "cursoragent@cursor.com"}]}),
            Origin::Agent,
            "cursor",
        ),
        (
            json!({"commits": [{"message": "x", "author_name": "Ada L (aider)"}]}),
            Origin::Agent,
            "aider",
        ),
        (
            json!({"commits": [{"message": "x", "author_name": "gpt-engineer-app[bot]"}]}),
            Origin::Agent,
            "lovable",
        ),
        (
            json!({"commits": [{"message": "aider: Sort"}]}),
            Origin::Agent,
            "aider",
        ),
        (
            json!({"events": [{"event": "copilot_work_started"}]}),
            Origin::Agent,
            "copilot",
        ),
        (
            json!({"events": [{"event": "assigned", "assignee": "Copilot"}]}),
            Origin::Agent,
            "copilot",
        ),
        (
            message("Sort\n\nMade-with: Cursor"),
            Origin::Agent,
            "cursor",
        ),
        (
            message("Sort\n\nAmp-Thread-ID: https://ampcode.com/threads/T-1"),
            Origin::Agent,
            "amp",
        ),
        (
            message("Sort\n\nReplit-Commit-Author: Agent"),
            Origin::Agent,
            "replit",
        ),
        (
            message("Sort\n\nReplit-Commit-Author: Assistant"),
            Origin::Assisted,
            "replit",
        ),
        (
            message("Sort\n\nSigned-off-by: Cursor Agent <cursoragent@cursor.com>"),
            Origin::Assisted,
            "cursor",
        ),
        (
            message("Sort\n\nClaude-Session: https://claude.ai/code/session_0123"),
            Origin::Agent,
            "claude_code",
        ),
    ];
    for (fields, origin, tool) in cases {
        check(fields, origin, tool);
    }
}

#[test]
fn a_tools_own_change_that_names_another_lists_one_tool() {
    check(
        json!({
            "author": {"login": "devin-ai-integration[bot]", "is_bot": true},
            "title": "Add the Claude provider",
            "body": "Adds Claude, Cursor and Copilot as providers.\n\nLink to Devin run: https://app.devin.ai/sessions/0123",
        }),
        Origin::Agent,
        "devin",
    );
    // A real trailer of another tool is another tool.
    let both = verdict(json!({
        "author": {"login": "devin-ai-integration[bot]", "is_bot": true},
        "commits": [{"message": "x\n\nCo-authored-by: Claude <noreply@anthropic.com>"}],
    }));
    assert_eq!(both.author_tools, ["claude_code", "devin"]);
    assert_eq!(both.origin, Origin::Agent);
}

#[test]
fn quotes_are_what_stands_in_the_field() {
    let record = pull_request(json!({
        "head_ref": "refs/heads/codex/sort",
        "body": "Überblick.\r\n\r\n🤖 Generated with [Claude Code](https://claude.ai/code)\r\nmore",
        "commits": [{"message": "é\n\nCo-authored-by: Claude <noreply@anthropic.com>\r\n"}],
    }));
    let evidence = DETECTOR.evidence(&record);
    assert_eq!(evidence.len(), 3, "{evidence:?}");
    for hit in &evidence {
        let field = match hit.field.as_str() {
            "head_ref" => record.head_ref.clone().unwrap_or_default(),
            "body" => record.body.clone().unwrap_or_default(),
            "commits[0].message" => record
                .commits
                .iter()
                .flatten()
                .map(|commit| commit.message.clone())
                .collect(),
            other => panic!("{other}"),
        };
        let start = usize::try_from(hit.offset_bytes).expect("small");
        assert!(field[start..].starts_with(&hit.quote), "{hit:?}");
        assert!(!hit.quote.is_empty());
    }
    assert_eq!(evidence[0].signal, Signal::Branch);
}

#[test]
fn quotes_are_short() {
    let long = format!(
        "Sort\n\nCo-authored-by: Claude {} <noreply@anthropic.com>",
        "é".repeat(5_000)
    );
    let verdict = verdict(message(&long));
    assert_eq!(verdict.evidence[0].quote.chars().count(), 200);
}
