//! The place decides the role.

use model::{Role, Signal};
use serde_json::{Value, json};

use crate::fixture::verdict;

/// What is expected of a pull request: author tools, review tools.
fn check(fields: Value, author_tools: &[&str], review_tools: &[&str]) {
    let verdict = verdict(fields.clone());
    assert_eq!(
        verdict.author_tools, author_tools,
        "author tools of {fields}: {:?}",
        verdict.evidence
    );
    assert_eq!(
        verdict.review_tools, review_tools,
        "review tools of {fields}: {:?}",
        verdict.evidence
    );
    assert_eq!(verdict.ai_reviewed, !review_tools.is_empty(), "{fields}");
}

/// Login, slug as author, slug as reviewer of another's change.
const BOTH: [(&str, &str, &str); 8] = [
    ("Copilot", "copilot", "copilot_review"),
    ("copilot-swe-agent[bot]", "copilot", "copilot_review"),
    ("cursor[bot]", "cursor", "bugbot"),
    ("claude[bot]", "claude_code", "claude_review"),
    ("chatgpt-codex-connector[bot]", "codex", "codex_review"),
    ("devin-ai-integration[bot]", "devin", "devin_review"),
    ("ellipsis-dev[bot]", "ellipsis", "ellipsis"),
    ("amazon-q-developer[bot]", "amazon_q", "amazon_q_review"),
];

#[test]
fn the_same_account_is_author_or_reviewer_by_its_place() {
    for (login, author, reviewer) in BOTH {
        check(
            json!({"author": {"login": login, "is_bot": true}}),
            &[author],
            &[],
        );
        check(
            json!({"reviews": [{"author": login, "state": "COMMENTED"}]}),
            &[],
            &[reviewer],
        );
        check(
            json!({"comments": [{"author": login, "is_bot": true, "body": "x"}]}),
            &[],
            &[reviewer],
        );
        // On its own change it is the author and nothing else.
        check(
            json!({
                "author": {"login": login, "is_bot": true},
                "reviews": [{"author": login, "state": "COMMENTED"}],
                "comments": [{"author": login, "body": "x"}],
            }),
            &[author],
            &[],
        );
    }
}

#[test]
fn every_form_of_a_login_gives_the_same_role() {
    for (login, author, reviewer) in BOTH {
        let bare = login.trim_end_matches("[bot]");
        for form in [
            bare.to_owned(),
            format!("app/{bare}"),
            login.to_uppercase(),
            format!(" {login} "),
        ] {
            check(
                json!({"author": {"login": form, "is_bot": true}}),
                &[author],
                &[],
            );
            check(
                json!({"reviews": [{"author": form, "is_bot": true, "state": "COMMENTED"}]}),
                &[],
                &[reviewer],
            );
        }
    }
}

#[test]
fn the_number_decides_before_the_login() {
    check(
        json!({"author": {"id": 158_243_242, "login": "renamed-agent"}}),
        &["devin"],
        &[],
    );
    check(
        json!({"author": {"id": 158_243_242, "login": null}}),
        &["devin"],
        &[],
    );
    check(
        json!({"reviews": [{"author_id": 136_622_811, "author": null}]}),
        &[],
        &["coderabbit"],
    );
    check(
        json!({"comments": [{"author_id": 206_951_365, "author": "cursor", "body": ""}]}),
        &[],
        &["bugbot"],
    );
    // The three accounts that call themselves Copilot.
    check(
        json!({"reviews": [{"author_id": 175_728_472, "author": "Copilot"}]}),
        &[],
        &["copilot_review"],
    );
    check(
        json!({
            "author": {"login": "Copilot", "id": 198_982_749},
            "reviews": [{"author_id": 175_728_472, "author": "Copilot"}],
        }),
        &["copilot"],
        &["copilot_review"],
    );
    // A person of another number who bears a common name.
    check(
        json!({"author": {"id": 7, "login": "claude", "is_bot": false}}),
        &[],
        &[],
    );
    for address in [
        "198982749+Copilot@users.noreply.github.com",
        "198982749+renamed@users.noreply.github.com",
        "copilot-swe-agent[bot]@users.noreply.github.com",
    ] {
        check(
            json!({"commits": [{"message": "x", "author_email": address}]}),
            &["copilot"],
            &[],
        );
    }
}

#[test]
fn the_copilot_agent_reviews_its_own_change_under_another_login() {
    check(
        json!({
            "author": {"login": "Copilot", "is_bot": true},
            "reviews": [{"author": "copilot-swe-agent[bot]", "state": "COMMENTED"}],
            "comments": [{"author": "Copilot", "body": "Done."}],
        }),
        &["copilot"],
        &[],
    );
    check(
        json!({
            "author": {"login": "Copilot", "is_bot": true},
            "reviews": [
                {"author": "copilot-swe-agent[bot]", "state": "COMMENTED"},
                {"author": "copilot-pull-request-reviewer[bot]", "state": "COMMENTED"},
            ],
        }),
        &["copilot"],
        &["copilot_review"],
    );
    // Opened by a person, made by the agent: its comments are the author's too.
    check(
        json!({
            "author": {"login": null},
            "commits": [{"message": "x", "author_login": "Copilot"}],
            "comments": [{"author": "Copilot", "is_bot": true, "body": "Done."}],
        }),
        &["copilot"],
        &[],
    );
    check(
        json!({
            "head_ref": "devin/1700000000-sort",
            "comments": [{"author": "devin-ai-integration[bot]", "body": "Done."}],
        }),
        &["devin"],
        &[],
    );
}

#[test]
fn a_review_product_reviews_the_changes_of_its_vendors_agent() {
    check(
        json!({
            "commits": [{"message": "x", "author_login": "cursoragent"}],
            "reviews": [{"author": "cursor[bot]", "state": "COMMENTED"}],
        }),
        &["cursor"],
        &["bugbot"],
    );
    check(
        json!({
            "head_ref": "codex/sort",
            "reviews": [{"author": "chatgpt-codex-connector[bot]", "state": "COMMENTED"}],
        }),
        &["codex"],
        &["codex_review"],
    );
}

#[test]
fn without_an_author_an_agent_that_comments_may_be_the_author() {
    let unknown_author =
        verdict(json!({"author": null, "comments": [{"author": "Copilot", "body": "x"}]}));
    assert!(!unknown_author.ai_reviewed);
    assert_eq!(
        unknown_author.evidence.len(),
        1,
        "shown with low confidence"
    );
    // A pure reviewer is one whoever the author was.
    check(
        json!({"author": null, "comments": [{"author": "coderabbitai", "body": "x"}]}),
        &[],
        &["coderabbit"],
    );
}

#[test]
fn a_reviewer_is_never_an_author() {
    for login in [
        "greptile-apps[bot]",
        "graphite-app[bot]",
        "copilot-pull-request-reviewer[bot]",
        "gemini-code-assist[bot]",
    ] {
        let verdict = verdict(json!({"author": {"login": login, "is_bot": true}}));
        assert!(verdict.author_tools.is_empty(), "{login}");
        assert_eq!(verdict.ai_authored, None, "{login}");
    }
}

#[test]
fn summaries_in_the_body_are_reviews() {
    let cases = [
        ("## Summary by CodeRabbit\n\n- words", "coderabbit"),
        (
            "<!-- This is an auto-generated comment: release notes by coderabbit.ai -->\nx\n<!-- end of auto-generated comment: release notes by coderabbit.ai -->",
            "coderabbit",
        ),
        (
            "<!-- CURSOR_SUMMARY -->\n---\n\n> [!NOTE]\n> words\n<!-- /CURSOR_SUMMARY -->",
            "bugbot",
        ),
        ("## Summary by cubic\nwords", "cubic"),
        (
            "words\n\n<sup>Written for commit 0123abcdef.</sup>",
            "cubic",
        ),
        ("## Summary by Sourcery", "sourcery"),
        ("<!-- start pr-codex -->\n## PR-Codex overview", "pr_codex"),
        (
            "> <sup>This description was created by </sup>[<img alt=\"Ellipsis\" src=\"x\">](x)",
            "ellipsis",
        ),
    ];
    for (body, tool) in cases {
        check(json!({"body": body}), &[], &[tool]);
        check(json!({"body": body.replace('\n', "\r\n")}), &[], &[tool]);
        let quoted_lines: Vec<String> = body.lines().map(|line| format!("`{line}`")).collect();
        check(json!({"body": quoted_lines.join("\n")}), &[], &[]);
    }
}

#[test]
fn accepted_suggestions_are_help_and_review() {
    let suggestion = |identity: &str| json!({"commits": [{"message": format!("Apply\n\nCo-authored-by: {identity}")}]});
    check(
        suggestion("Copilot <175728472+Copilot@users.noreply.github.com>"),
        &["copilot_review"],
        &["copilot_review"],
    );
    check(
        suggestion(
            "gemini-code-assist[bot] <176961590+gemini-code-assist[bot]@users.noreply.github.com>",
        ),
        &["gemini_code_assist"],
        &["gemini_code_assist"],
    );
    check(
        suggestion("Copilot Autofix powered by AI <autofix@example.org>"),
        &["copilot_autofix"],
        &[],
    );
    // Beside an agent's own work it does not say who made the change.
    check(
        json!({
            "head_ref": "codex/sort",
            "commits": [{"message": "Apply\n\nCo-authored-by: Copilot <175728472+Copilot@users.noreply.github.com>"}],
        }),
        &["codex"],
        &["copilot_review"],
    );
}

#[test]
fn a_squash_counts_each_tool_once() {
    let trailers = "Co-authored-by: Claude <noreply@anthropic.com>\n".repeat(30);
    let verdict = verdict(json!({
        "body": trailers,
        "commits": [
            {"message": format!("Sort (#1)\n\n* one\n\n{trailers}\n---------\n\n{trailers}")},
            {"message": format!("Sort\n\n{trailers}")},
        ],
    }));
    assert_eq!(verdict.author_tools, ["claude_code"]);
    assert_eq!(verdict.evidence.len(), 1, "{:?}", verdict.evidence);
    assert_eq!(verdict.evidence[0].role, Role::Assisted);
    assert_eq!(verdict.evidence[0].signal, Signal::CoAuthor);
}

#[test]
fn mixed_accounts_are_shown_but_decide_nothing() {
    for login in [
        "codacy-production[bot]",
        "codescene-delta-analysis[bot]",
        "qltysh[bot]",
        "gitstream-cm[bot]",
        "linearb[bot]",
        "github-advanced-security[bot]",
    ] {
        let verdict = verdict(json!({"reviews": [{"author": login, "state": "COMMENTED"}]}));
        assert!(!verdict.ai_reviewed, "{login}");
        assert_eq!(verdict.evidence.len(), 1, "{login}");
    }
}

#[test]
fn reviewers_are_known_by_their_comments_too() {
    let cases = [
        (
            "### ✅ BugBot reviewed your changes and found no bugs!",
            "bugbot",
        ),
        (
            "## Pull Request Overview\n\nCopilot reviewed 2 out of 3 changed files.",
            "copilot_review",
        ),
        ("**Actionable comments posted: 3**", "coderabbit"),
        ("mrge reviewed 4 files and found no issues.", "cubic"),
    ];
    for (body, tool) in cases {
        for author in [json!(null), json!("renamed-account")] {
            check(
                json!({"reviews": [{"author": author, "body": body}]}),
                &[],
                &[tool],
            );
            check(
                json!({"comments": [{"author": author, "body": body}]}),
                &[],
                &[tool],
            );
        }
        let quoted = format!("> {}", body.replace('\n', "\n> "));
        check(
            json!({"comments": [{"author": "grace", "body": quoted}]}),
            &[],
            &[],
        );
    }
}
