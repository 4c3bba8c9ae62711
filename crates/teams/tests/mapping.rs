//! Which team a pull request has.

use jiff::Timestamp;
use proptest::prelude::*;
use teams::{By, Subject, TeamMapping, TeamRule};

fn rule(team: &str, by: By, pattern: &str) -> TeamRule {
    TeamRule {
        team: team.to_owned(),
        by,
        pattern: pattern.to_owned(),
        from: None,
        to: None,
    }
}

fn dated(team: &str, by: By, pattern: &str, from: &str, to: &str) -> TeamRule {
    let day = |text: &str| (!text.is_empty()).then(|| text.parse().expect("a day"));
    TeamRule {
        from: day(from),
        to: day(to),
        ..rule(team, by, pattern)
    }
}

fn mapping(rules: Vec<TeamRule>) -> TeamMapping {
    TeamMapping::new(rules).expect("rules")
}

/// What is asked: repository, author, day, files.
fn team(mapping: &TeamMapping, repo: &str, author: &str, day: &str, files: &[&str]) -> String {
    let opened: Option<Timestamp> =
        (!day.is_empty()).then(|| format!("{day}T12:00:00Z").parse().expect("a time"));
    let subject = Subject {
        repo,
        author: (!author.is_empty()).then_some(author),
        person: None,
        opened,
    };
    let files = files.iter().map(|file| (*file).to_owned()).collect();
    let decided = mapping
        .decide(&subject, || Ok::<_, ()>(files))
        .expect("files");
    decided
        .and_then(|index| mapping.rule(index))
        .map_or("-", |rule| &rule.team)
        .to_owned()
}

#[test]
fn author_before_path_before_repository() {
    let all = mapping(vec![
        rule("by-repository", By::Repository, "acme/web"),
        rule("by-path", By::Path, "pay/"),
        rule("by-author", By::Author, "ada"),
    ]);
    assert_eq!(
        team(&all, "acme/web", "ada", "", &["pay/a.rs"]),
        "by-author"
    );
    assert_eq!(team(&all, "acme/web", "bob", "", &["pay/a.rs"]), "by-path");
    assert_eq!(
        team(&all, "acme/web", "bob", "", &["x.rs"]),
        "by-repository"
    );
    assert_eq!(team(&all, "acme/other", "bob", "", &["x.rs"]), "-");
    assert_eq!(
        team(&TeamMapping::default(), "acme/web", "ada", "", &[]),
        "-"
    );
}

#[test]
fn a_change_of_teams_is_one_more_line() {
    let all = mapping(vec![
        rule("web", By::Author, "ada"),
        dated("pay", By::Author, "ada", "2025-07-01", ""),
        dated("data", By::Author, "ada", "2026-01-01", "2026-01-31"),
    ]);
    for (day, expect) in [
        ("2025-06-30", "web"),
        ("2025-07-01", "pay"),
        ("2025-12-31", "pay"),
        ("2026-01-01", "data"),
        ("2026-01-31", "data"),
        ("2026-02-01", "pay"),
        ("", "web"),
    ] {
        assert_eq!(team(&all, "acme/web", "ada", day, &[]), expect, "{day}");
    }
}

#[test]
fn a_name_counts_before_a_pattern_and_the_first_of_two() {
    let all = mapping(vec![
        rule("all", By::Repository, "acme/*"),
        rule("web", By::Repository, "acme/web"),
        rule("later", By::Repository, "acme/web"),
        rule("pay", By::Repository, "acme/pay-*"),
        rule("contractors", By::Author, "*_ext"),
    ]);
    assert_eq!(team(&all, "Acme/Web", "", "", &[]), "web");
    assert_eq!(team(&all, "acme/pay-api", "", "", &[]), "all");
    assert_eq!(team(&all, "zoo/cage", "Bob_ext", "", &[]), "contractors");
    assert_eq!(team(&all, "zoo/acme", "", "", &[]), "-");
    assert_eq!(all.team_of_repository("acme/web"), Some("web"));
    assert_eq!(all.team_of_repository("zoo/cage"), None);
}

#[test]
fn the_team_with_most_files_has_it() {
    let all = mapping(vec![
        rule("docs", By::Path, "*.md"),
        rule("pay", By::Path, "services/pay/**"),
        rule("mono-web", By::Path, "acme/mono:web"),
    ]);
    let of = |repo: &str, files: &[&str]| team(&all, repo, "", "", files);
    assert_eq!(
        of("a/b", &["README.md", "services/pay/a", "services/pay/b"]),
        "pay"
    );
    assert_eq!(of("a/b", &["services/pay/a", "docs/x.md"]), "docs");
    assert_eq!(of("a/b", &["x", "y", "z", "services/pay/a"]), "pay");
    assert_eq!(of("a/b", &["web/a"]), "-");
    assert_eq!(of("acme/mono", &["web/a"]), "mono-web");
    assert_eq!(of("acme/mono", &[]), "-");
}

#[test]
fn paths_are_as_in_a_gitignore() {
    for (pattern, file, expect) in [
        ("docs", "docs/a/b.md", true),
        ("docs", "x/docs/b.md", true),
        ("docs/", "docs", false),
        ("docs/", "x/docs/b.md", true),
        ("/docs", "x/docs/b.md", false),
        ("a/b", "a/b", true),
        ("a/b", "a/b/c", true),
        ("a/b", "x/a/b", false),
        ("a/b", "a/bc", false),
        ("*.sql", "x/y/z.sql", true),
        ("*.sql", "z.sqlx", false),
        ("a/*/c", "a/b/c", true),
        ("a/*/c", "a/b/b/c", false),
        ("a/**/c", "a/c", true),
        ("a/**/c", "a/b/b/c", true),
        ("a/**", "a/b", true),
        ("a/**", "ab", false),
        ("**/x", "x", true),
        ("**/x", "a/b/x", true),
        ("**", "any/thing", true),
        ("app/[slug]/", "app/[slug]/page.tsx", true),
        ("app/[slug]/", "app/s/page.tsx", false),
        ("a.b", "axb", false),
        ("?.c", "x.c", true),
        ("?.c", "xy.c", false),
        ("ü/é", "ü/é/a", true),
    ] {
        let one = mapping(vec![rule("t", By::Path, pattern)]);
        let found = team(&one, "a/b", "", "", &[file]) == "t";
        assert_eq!(found, expect, "{pattern} against {file}");
    }
}

#[test]
fn an_agents_work_is_its_requesters_and_an_account_may_be_named_itself() {
    let all = mapping(vec![
        rule("web", By::Author, "@Ada"),
        rule("robots", By::Author, "copilot-swe-agent[bot]"),
    ]);
    let of = |author, person| {
        let subject = Subject {
            repo: "a/b",
            author,
            person,
            opened: None,
        };
        all.by_author(&subject)
            .and_then(|index| all.rule(index))
            .map(|rule| rule.team.as_str())
    };
    assert_eq!(of(Some("app/copilot-swe-agent"), Some("ada")), Some("web"));
    assert_eq!(of(Some("app/copilot-swe-agent"), None), Some("robots"));
    assert_eq!(of(Some("copilot-swe-agent"), Some("bob")), Some("robots"));
    assert_eq!(of(None, None), None);
}

#[test]
fn what_cannot_be_a_rule_is_told() {
    for (bad, words) in [
        (rule("", By::Author, "ada"), "name"),
        (rule(" web", By::Author, "ada"), "spaces"),
        (rule("web", By::Author, "ada@acme.example"), "not a login"),
        (rule("web", By::Author, ""), "not a login"),
        (rule("web", By::Repository, "acme"), "OWNER/*"),
        (rule("web", By::Repository, "a/b/c"), "OWNER/NAME"),
        (rule("web", By::Path, "/"), "no path"),
        (rule("web", By::Path, "a\\b"), "with /"),
        (rule("web", By::Path, "../a"), "root"),
        (rule("web", By::Path, "a**b"), "whole folders"),
        (rule("web", By::Path, "acme/:a"), "not a repository"),
        (
            dated("web", By::Author, "ada", "2025-02-01", "2025-01-01"),
            "before it begins",
        ),
    ] {
        let good = rule("web", By::Author, "bob");
        let error = TeamMapping::new(vec![good, bad.clone()]).expect_err("refused");
        assert_eq!(error.index, 1, "{bad:?}");
        assert!(error.reason.contains(words), "{bad:?}: {error}");
    }
}

#[test]
fn a_kept_mapping_comes_back_and_a_newer_one_is_refused() {
    let all = mapping(vec![
        dated("web", By::Author, "ada", "2025-07-01", "2025-08-01"),
        rule("pay", By::Path, "pay/"),
    ]);
    let json = all.to_json().expect("JSON");
    let back = TeamMapping::from_json(&json).expect("reads");
    assert_eq!(back.rules(), all.rules());
    let newer = json.replace("\"version\":1", "\"version\":2");
    let error = TeamMapping::from_json(&newer).expect_err("refused");
    assert!(error.to_string().contains("version 2"), "{error}");
    assert!(TeamMapping::from_json("[]").is_err());
    assert!(
        TeamMapping::from_json(
            r#"{"version":1,"rules":[{"team":"","by":"author","pattern":"x"}]}"#
        )
        .is_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in a rule, it is taken or refused, and what is taken decides without a panic.
    #[test]
    fn any_rule_is_taken_or_refused(pattern in "\\PC{0,12}|[a*?/:.\\[\\]]{0,12}", by in 0..3_usize, file in "[a*/.]{0,8}") {
        let by = [By::Author, By::Path, By::Repository][by];
        if let Ok(mapping) = TeamMapping::new(vec![rule("t", by, &pattern)]) {
            let _ = team(&mapping, &file, &file, "2025-01-01", &[&file]);
            let json = mapping.to_json().expect("JSON");
            prop_assert!(TeamMapping::from_json(&json).is_ok());
        }
    }

    /// A pattern that is a file's own name matches it.
    #[test]
    fn a_path_matches_itself(file in "[a-z\\[\\]().+^$]{1,4}(/[a-z\\[\\]().+^$]{1,4}){0,3}") {
        prop_assume!(!file.split('/').any(|part| part == "." || part == ".."));
        let one = mapping(vec![rule("t", By::Path, &file)]);
        prop_assert_eq!(team(&one, "a/b", "", "", &[&file]), "t");
    }
}
