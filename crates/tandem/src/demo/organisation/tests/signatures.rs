//! What is planted as visible really is one of the catalogue's signatures, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use super::super::tools::Reviewer;
use super::super::truth::Trace;
use super::*;

/// Known signatures: tool, place, and shapes of which one must match. A star stands for anything.
const SIGNATURES: &[(&str, &str, &[&str])] = &[
    ("aider", "branch", &["aider/*"]),
    ("aider", "commit_login", &["* (aider)"]),
    (
        "aider",
        "trailer",
        &["co-authored-by: aider (*) <noreply@aider.chat>"],
    ),
    (
        "claude_code",
        "body",
        &["🤖 generated with [claude code](https://claude.*"],
    ),
    ("claude_code", "branch", &["claude/*"]),
    (
        "claude_code",
        "trailer",
        &[
            "co-authored-by: claude* <noreply@anthropic.com>",
            "claude-session: https://claude.ai/code/session_*",
        ],
    ),
    (
        "codex",
        "body",
        &["[codex task](https://chatgpt.com/codex/tasks/task_*"],
    ),
    ("codex", "branch", &["codex/*"]),
    (
        "codex",
        "trailer",
        &["co-authored-by: codex <noreply@openai.com>"],
    ),
    ("copilot", "author", &["copilot", "copilot-swe-agent"]),
    (
        "copilot",
        "body",
        &["*https://gh.io/copilot-coding-agent-tips"],
    ),
    ("copilot", "branch", &["copilot/*"]),
    (
        "copilot",
        "commit_login",
        &["198982749+copilot@users.noreply.github.com"],
    ),
    (
        "copilot",
        "trailer",
        &[
            "co-authored-by: copilot <223556219+copilot@users.noreply.github.com>",
            "agent-logs-url: https://github.com/*",
        ],
    ),
    (
        "cursor",
        "body",
        &["made with [cursor](https://cursor.com)"],
    ),
    ("cursor", "branch", &["cursor/*"]),
    ("cursor", "commit_login", &["cursoragent@cursor.com"]),
    (
        "cursor",
        "trailer",
        &[
            "co-authored-by: cursor <cursoragent@cursor.com>",
            "made-with: cursor",
        ],
    ),
    ("devin", "author", &["devin-ai-integration"]),
    (
        "devin",
        "body",
        &["link to devin run: https://app.devin.ai/sessions/*"],
    ),
    (
        "devin",
        "commit_login",
        &["158243242+devin-ai-integration[bot]@users.noreply.github.com"],
    ),
    ("jules", "author", &["google-labs-jules"]),
    (
        "jules",
        "body",
        &["*pr created automatically by jules for task [*"],
    ),
    ("jules", "branch", &["jules-1*"]),
    (
        "jules",
        "commit_login",
        &["161369871+google-labs-jules[bot]@users.noreply.github.com"],
    ),
    (
        "opencode",
        "body",
        &["🤖 generated with [opencode](https://opencode.ai)"],
    ),
    (
        "opencode",
        "trailer",
        &["co-authored-by: opencode <noreply@opencode.ai>"],
    ),
    (
        "windsurf",
        "trailer",
        &["co-authored-by: cascade <cascade@windsurf.ai>"],
    ),
];

/// Whether the lower-cased line has the shape.
fn has_shape(line: &str, shape: &str) -> bool {
    let line = line.to_lowercase();
    let mut parts = shape.split('*');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut open_end = false;
    for part in parts {
        open_end = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    open_end || rest.is_empty()
}

/// The lines of a record that stand at a place.
fn lines_at(record: &PullRequest, place: &str) -> Vec<String> {
    let commits = record.commits.iter().flatten();
    match place {
        "author" => record
            .author
            .iter()
            .filter_map(|author| author.login.as_deref())
            .map(|login| login.trim_end_matches("[bot]").to_owned())
            .collect(),
        "branch" => record.head_ref.iter().cloned().collect(),
        "body" => record
            .body
            .iter()
            .flat_map(|body| body.lines())
            .map(str::to_owned)
            .collect(),
        "trailer" => commits
            .flat_map(|commit| commit.message.lines().skip(1))
            .map(str::to_owned)
            .collect(),
        "commit_login" => commits
            .flat_map(|commit| [commit.author_name.clone(), commit.author_email.clone()])
            .flatten()
            .collect(),
        other => panic!("unknown place {other}"),
    }
}

/// The tools that show at a place.
fn tools_at(record: &PullRequest, place: &str) -> BTreeSet<&'static str> {
    let lines = lines_at(record, place);
    SIGNATURES
        .iter()
        .filter(|(_, signature_place, shapes)| {
            *signature_place == place
                && shapes
                    .iter()
                    .any(|shape| lines.iter().any(|line| has_shape(line, shape)))
        })
        .map(|(tool, _, _)| *tool)
        .collect()
}

const PLACES: [&str; 5] = ["author", "body", "branch", "commit_login", "trailer"];

#[test]
fn shapes_match_whole_lines() {
    for (line, shape, expected) in [
        ("codex/fix", "codex/*", true),
        ("docs/codex-mcp", "codex/*", false),
        ("Rae (aider)", "* (aider)", true),
        ("Rae (aider) x", "* (aider)", false),
        ("copilot", "copilot", true),
        ("copilots", "copilot", false),
    ] {
        assert_eq!(has_shape(line, shape), expected, "{line} {shape}");
    }
}

#[test]
fn what_is_planted_as_visible_can_be_seen() {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (record, truth) in RECORDS.iter() {
        let tool = truth.tool.as_deref().unwrap_or_default();
        for place in truth.visible.iter().flatten() {
            assert!(
                tools_at(record, place).contains(tool),
                "{} does not show {tool} in its {place}",
                record.key()
            );
            for (known, signature_place, _) in SIGNATURES {
                if *known == tool && signature_place == place {
                    *seen.entry((known, signature_place)).or_default() += 1;
                }
            }
        }
    }
    // A signature that is never planted is not tested by what comes after.
    let planted = seen.len();
    assert!(
        planted + 2 >= SIGNATURES.len(),
        "{planted} of {} occur",
        SIGNATURES.len()
    );
}

#[test]
fn nothing_shows_that_was_not_planted() {
    for (record, truth) in RECORDS.iter() {
        for place in PLACES {
            let mut shown = tools_at(record, place);
            let planted = truth
                .visible
                .iter()
                .flatten()
                .any(|visible| visible == place);
            if planted {
                shown.remove(truth.tool.as_deref().unwrap_or_default());
            }
            assert!(
                shown.is_empty(),
                "{} shows {shown:?} in its {place}",
                record.key()
            );
        }
    }
}

#[test]
fn prose_names_the_tool_and_silence_does_not() {
    for (record, truth) in RECORDS.iter().filter(|(_, truth)| truth.ai_authored) {
        let name = match truth.tool.as_deref() {
            Some("claude_code") => "Claude Code".to_owned(),
            Some("opencode") => "OpenCode".to_owned(),
            Some(slug) => slug[..1].to_uppercase() + &slug[1..],
            None => panic!("{} has no tool", record.key()),
        };
        let body = record.body.as_deref().unwrap_or_default();
        match truth.trace {
            Some(Trace::Prose) => assert!(body.contains(&name), "{}", record.key()),
            Some(Trace::Silent) => assert!(!body.contains(&name), "{}", record.key()),
            _ => {}
        }
    }
}

#[test]
fn review_tools_are_those_that_spoke() {
    let tools = [
        Reviewer::CodeRabbit,
        Reviewer::CodexReview,
        Reviewer::CopilotReview,
        Reviewer::Cubic,
        Reviewer::GeminiCodeAssist,
        Reviewer::Greptile,
    ];
    let mut logins: BTreeSet<&str> = BTreeSet::new();
    for (record, truth) in RECORDS.iter() {
        let reviews = record
            .reviews
            .iter()
            .flatten()
            .filter_map(|review| review.author.as_deref());
        let comments = record
            .comments
            .iter()
            .flatten()
            .filter_map(|comment| comment.author.as_deref());
        let spoke: BTreeSet<&str> = reviews.chain(comments).collect();
        let expected: BTreeSet<&str> = truth.review_ai.iter().map(String::as_str).collect();
        let found: BTreeSet<&str> = tools
            .iter()
            .filter(|tool| {
                spoke
                    .iter()
                    .any(|login| login.trim_end_matches("[bot]") == tool.account().0)
            })
            .map(|tool| tool.slug())
            .collect();
        assert_eq!(found, expected, "{}", record.key());
        logins.extend(spoke);
    }
    for login in [
        "coderabbitai",
        "copilot-pull-request-reviewer",
        "gemini-code-assist",
    ] {
        let suffixed = format!("{login}[bot]");
        assert!(
            logins.contains(login) && logins.contains(suffixed.as_str()),
            "{login}: one form only"
        );
    }
}

#[test]
fn plain_bots_appear_in_both_login_forms() {
    let logins: BTreeSet<&str> = RECORDS
        .iter()
        .filter(|(_, truth)| truth.plain_bot)
        .filter_map(|(record, _)| record.author.as_ref()?.login.as_deref())
        .collect();
    let expected = BTreeSet::from(["dependabot", "dependabot[bot]", "renovate", "renovate[bot]"]);
    assert_eq!(logins, expected);
}

#[test]
fn traps_stand_where_they_belong() {
    for (record, truth) in RECORDS.iter() {
        let messages: String = record
            .commits
            .iter()
            .flatten()
            .map(|commit| commit.message.as_str())
            .collect();
        let body = record.body.as_deref().unwrap_or_default();
        let holds = match truth.trap.as_deref() {
            Some("code_block") => body.contains("```\nfix: typo"),
            Some("template") => body.contains("<!-- If a tool helped"),
            Some("editor_stamp") => {
                let dates = record
                    .commits
                    .iter()
                    .flatten()
                    .filter_map(|commit| commit.authored_at);
                let first = dates.min().map(|at| at.to_string()).unwrap_or_default();
                messages.contains("Co-authored-by: Copilot <copilot@github.com>")
                    && ("2026-04-22".."2026-05-06").contains(&&first[..10])
            }
            Some("placeholder") => messages.contains("Debug Agent <debug@example.com>"),
            Some("assisted_by_person") => messages.contains("Assisted-by: "),
            Some("vendor_employee") => messages.contains("Co-authored-by: "),
            Some("docs_branch") => record
                .head_ref
                .as_deref()
                .is_some_and(|branch| branch.starts_with("docs/")),
            Some("tool_package") => truth.plain_bot && record.title.contains('@'),
            Some(_) | None => true,
        };
        assert!(holds, "{} lacks its {:?}", record.key(), truth.trap);
    }
}
