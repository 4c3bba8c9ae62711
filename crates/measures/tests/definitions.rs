//! Every definition, and every trap around it, as cases.

use measures::{Account, Calendar, Clock, Measures, measure};
use model::{ChangeType, PullRequest};
use serde_json::{Value, json};

/// A pull request by `ann`, opened at 10:00 on a Wednesday, with what a case adds.
fn record(extra: Value) -> PullRequest {
    let mut base = json!({
        "repo": "acme/stairs", "number": 7, "title": "feat: add a rail",
        "author": {"login": "ann", "is_bot": false}, "state": "closed", "draft": false,
        "created_at": "2026-06-03T10:00:00Z", "closed_at": "2026-06-03T20:00:00Z",
        "merged_at": "2026-06-03T20:00:00Z", "commits": [], "reviews": [], "comments": [],
        "events": []
    });
    if let (Value::Object(base), Value::Object(extra)) = (&mut base, extra) {
        base.extend(extra);
    }
    serde_json::from_value(base).expect("a record")
}

/// Accounts that the catalogue would know; `lens` is a tool without any mark.
fn known_bots(account: Account<'_>) -> bool {
    account.login == Some("lens")
}

fn measured(extra: Value) -> Measures {
    measure(&record(extra), &known_bots)
}

fn hours(measures: &Measures, clock: Clock) -> Option<f64> {
    measures
        .clock(clock, &Calendar::Always)
        .map(|seconds| seconds as f64 / 3600.0)
}

fn review(who: &str, state: &str, at: &str) -> Value {
    json!({"author": who, "is_bot": false, "state": state, "submitted_at": format!("2026-06-{at}:00Z"), "body": ""})
}

fn event(what: &str, who: &str, at: &str) -> Value {
    json!({"event": what, "actor": who, "created_at": format!("2026-06-{at}:00Z")})
}

#[test]
fn clocks() {
    use Clock::{
        ApproveToMerge, BotLatency, Coding, Cycle, Full, OpenToMerge, Pickup, PickupFromOpen,
        Review, ReviewByAnyone,
    };
    let commit = |at: &str| json!({"sha": "a", "message": "x", "authored_at": at});
    let cases: Vec<(&str, Value, Clock, Option<f64>)> = vec![
        ("plain", json!({}), Cycle, Some(10.0)),
        ("no pickup is not zero", json!({}), Pickup, None),
        ("no review time either", json!({}), Review, None),
        (
            "open",
            json!({"state": "open", "merged_at": null, "closed_at": null}),
            Cycle,
            None,
        ),
        ("closed unmerged", json!({"merged_at": null}), Cycle, None),
        (
            "opened as a draft starts when ready",
            json!({"events": [event("ready_for_review", "ann", "03T14:00")]}),
            Cycle,
            Some(6.0),
        ),
        (
            "the comparison clock starts at the opening",
            json!({"events": [event("ready_for_review", "ann", "03T14:00")]}),
            OpenToMerge,
            Some(10.0),
        ),
        (
            "converted to draft later: ready was the opening",
            json!({"events": [event("convert_to_draft", "ann", "03T11:00"), event("ready_for_review", "ann", "03T14:00")]}),
            Cycle,
            Some(10.0),
        ),
        (
            "the first ready counts, in whatever order events come",
            json!({"events": [event("ready_for_review", "ann", "03T18:00"), event("convert_to_draft", "ann", "03T16:00"), event("ready_for_review", "ann", "03T12:00")]}),
            Cycle,
            Some(8.0),
        ),
        (
            "merged as a draft was never ready",
            json!({"draft": true}),
            Cycle,
            None,
        ),
        (
            "a draft without known events",
            json!({"draft": true, "events": null}),
            Cycle,
            None,
        ),
        (
            "without events the opening is the start",
            json!({"events": null}),
            Cycle,
            Some(10.0),
        ),
        (
            "marked ready after the merge: unknown, never clamped",
            json!({"events": [event("ready_for_review", "ann", "03T21:00")]}),
            Cycle,
            None,
        ),
        (
            "person reviews",
            json!({"reviews": [review("bob", "COMMENTED", "03T13:00")]}),
            Pickup,
            Some(3.0),
        ),
        (
            "review runs from there",
            json!({"reviews": [review("bob", "COMMENTED", "03T13:00")]}),
            Review,
            Some(7.0),
        ),
        (
            "at the very second is zero, and known",
            json!({"reviews": [review("bob", "APPROVED", "03T10:00")]}),
            Pickup,
            Some(0.0),
        ),
        (
            "a comment picks up too",
            json!({"comments": [{"author": "bob", "is_bot": false, "created_at": "2026-06-03T12:00:00Z", "kind": "issue", "body": "hm"}]}),
            Pickup,
            Some(2.0),
        ),
        (
            "the author does not",
            json!({"reviews": [review("Ann", "COMMENTED", "03T11:00")]}),
            Pickup,
            None,
        ),
        (
            "a flagged bot does not",
            json!({"reviews": [{"author": "rev", "is_bot": true, "state": "COMMENTED", "submitted_at": "2026-06-03T10:01:00Z"}]}),
            Pickup,
            None,
        ),
        (
            "a marked bot does not",
            json!({"reviews": [review("rabbit[bot]", "APPROVED", "03T10:01")]}),
            Pickup,
            None,
        ),
        (
            "a bot that only the catalogue knows does not",
            json!({"reviews": [review("lens", "COMMENTED", "03T10:30")]}),
            Pickup,
            None,
        ),
        (
            "its latency stands apart",
            json!({"reviews": [review("lens", "COMMENTED", "03T10:30")]}),
            BotLatency,
            Some(0.5),
        ),
        (
            "the trap counts it",
            json!({"reviews": [review("lens", "COMMENTED", "03T10:30"), review("bob", "COMMENTED", "03T13:00")]}),
            ReviewByAnyone,
            Some(0.5),
        ),
        (
            "the definition does not",
            json!({"reviews": [review("lens", "COMMENTED", "03T10:30"), review("bob", "COMMENTED", "03T13:00")]}),
            Pickup,
            Some(3.0),
        ),
        (
            "pending is not submitted",
            json!({"reviews": [review("bob", "PENDING", "03T11:00"), review("bob", "COMMENTED", "03T15:00")]}),
            Pickup,
            Some(5.0),
        ),
        (
            "before ready is work on a draft",
            json!({"events": [event("ready_for_review", "ann", "03T14:00")], "reviews": [review("bob", "COMMENTED", "03T11:00"), review("bob", "COMMENTED", "03T15:00")]}),
            Pickup,
            Some(1.0),
        ),
        (
            "the comparison clock counts it",
            json!({"events": [event("ready_for_review", "ann", "03T14:00")], "reviews": [review("bob", "COMMENTED", "03T11:00")]}),
            PickupFromOpen,
            Some(1.0),
        ),
        (
            "after the end is no pickup",
            json!({"reviews": [review("bob", "COMMENTED", "03T23:00")]}),
            Pickup,
            None,
        ),
        (
            "a deleted account is a person",
            json!({"reviews": [{"author": null, "state": "COMMENTED", "submitted_at": "2026-06-03T12:00:00Z"}]}),
            Pickup,
            Some(2.0),
        ),
        (
            "approval to merge",
            json!({"reviews": [review("bob", "COMMENTED", "03T11:00"), review("bob", "APPROVED", "03T19:00")]}),
            ApproveToMerge,
            Some(1.0),
        ),
        (
            "a bot's approval is none",
            json!({"reviews": [review("lens", "APPROVED", "03T19:00")]}),
            ApproveToMerge,
            None,
        ),
        (
            "approved after the merge",
            json!({"reviews": [review("bob", "APPROVED", "03T21:00")]}),
            ApproveToMerge,
            None,
        ),
        (
            "coding from the earliest commit",
            json!({"commits": [commit("2026-06-03T09:00:00Z"), commit("2026-06-03T06:00:00Z")]}),
            Coding,
            Some(4.0),
        ),
        (
            "full as well",
            json!({"commits": [commit("2026-06-03T06:00:00Z")]}),
            Full,
            Some(14.0),
        ),
        (
            "a commit after the opening is capped there",
            json!({"commits": [commit("2026-06-03T12:00:00Z")]}),
            Coding,
            Some(0.0),
        ),
        (
            "no commit dates",
            json!({"commits": [{"sha": "a", "message": "x"}]}),
            Full,
            None,
        ),
        (
            "who asked an agent is no reviewer",
            json!({"author": {"login": "devin[bot]", "is_bot": true}, "body": "Requested by: Bob (@bob)", "reviews": [review("bob", "APPROVED", "03T11:00"), review("cyd", "APPROVED", "03T12:00")]}),
            Pickup,
            Some(2.0),
        ),
        (
            "nor whom it was assigned to",
            json!({"author": {"login": "Copilot", "is_bot": true}, "events": [{"event": "assigned", "actor": "bob", "assignee": "bob", "created_at": "2026-06-03T10:00:00Z"}], "reviews": [review("bob", "APPROVED", "03T11:00")]}),
            Pickup,
            None,
        ),
        (
            "the agent's other account is a bot too",
            json!({"author": {"login": "Copilot", "is_bot": true}, "reviews": [review("copilot-swe-agent[bot]", "COMMENTED", "03T11:00"), review("bob", "COMMENTED", "03T13:00")]}),
            Pickup,
            Some(3.0),
        ),
    ];
    for (what, extra, clock, expected) in cases {
        assert_eq!(
            hours(&measured(extra), clock),
            expected,
            "{what} ({clock:?})"
        );
    }
}

#[test]
fn draft_time_is_the_sum_of_its_intervals() {
    let ready = |at| event("ready_for_review", "ann", at);
    let draft = |at| event("convert_to_draft", "ann", at);
    let cases = [
        ("never a draft", json!([]), Some(0.0)),
        ("opened as one", json!([ready("03T12:00")]), Some(2.0)),
        (
            "twice",
            json!([ready("03T12:00"), draft("03T13:00"), ready("03T16:00")]),
            Some(5.0),
        ),
        ("to the end", json!([draft("03T19:00")]), Some(1.0)),
        (
            "told twice",
            json!([draft("03T11:00"), draft("03T12:00"), ready("03T14:00")]),
            Some(3.0),
        ),
    ];
    for (what, events, expected) in cases {
        let seconds = measured(json!({"events": events})).timeline.draft_seconds;
        assert_eq!(
            seconds.map(|seconds| seconds as f64 / 3600.0),
            expected,
            "{what}"
        );
    }
    assert_eq!(
        measured(json!({"events": null})).timeline.draft_seconds,
        None
    );
    let still = json!({"draft": true, "state": "open", "merged_at": null, "closed_at": null});
    assert_eq!(measured(still).timeline.draft_seconds, None, "not over yet");
}

#[test]
fn reviewers_are_other_people_each_once() {
    let reviews = json!([
        review("Cyd", "APPROVED", "03T15:00"),
        review("bob", "COMMENTED", "03T11:00"),
        review("cyd", "COMMENTED", "03T12:00"),
        review("ann", "COMMENTED", "03T12:00"),
        review("lens", "APPROVED", "03T11:00"),
        review("dan", "PENDING", "03T11:00"),
    ]);
    let found = measured(json!({"reviews": reviews}));
    assert_eq!(found.reviewers, ["bob", "cyd"], "not the author, not a bot");
    assert!(measured(json!({"reviews": null})).reviewers.is_empty());
}

#[test]
fn merged_without_a_human_look_is_a_rate_of_its_own() {
    let cases = [
        ("nobody", json!({}), Some(true)),
        (
            "a bot only",
            json!({"reviews": [review("lens", "APPROVED", "03T11:00")]}),
            Some(true),
        ),
        (
            "the author only",
            json!({"reviews": [review("ann", "COMMENTED", "03T11:00")]}),
            Some(true),
        ),
        (
            "after the merge only",
            json!({"reviews": [review("bob", "COMMENTED", "03T22:00")]}),
            Some(true),
        ),
        (
            "a person",
            json!({"reviews": [review("bob", "COMMENTED", "03T11:00")]}),
            Some(false),
        ),
        ("reviews not known", json!({"reviews": null}), None),
        ("not merged", json!({"merged_at": null}), None),
    ];
    for (what, extra, expected) in cases {
        assert_eq!(
            measured(extra).merged_without_human_review(),
            expected,
            "{what}"
        );
    }
}

#[test]
fn rounds_are_turns_of_reviews_and_commits() {
    let commits = |times: &[&str]| -> Value {
        times
            .iter()
            .map(|at| json!({"sha": "a", "message": "x", "authored_at": format!("2026-06-{at}:00Z")}))
            .collect()
    };
    let ask = |who, at| review(who, "CHANGES_REQUESTED", at);
    let cases = [
        ("none", json!([]), commits(&["03T09:00"]), Some(0)),
        (
            "one needs no commit dates",
            json!([ask("bob", "03T11:00")]),
            Value::Null,
            Some(1),
        ),
        (
            "two reviewers before one commit",
            json!([ask("bob", "03T11:00"), ask("cyd", "03T12:00")]),
            commits(&["03T09:00", "03T13:00"]),
            Some(1),
        ),
        (
            "and one more after it",
            json!([
                ask("bob", "03T11:00"),
                ask("cyd", "03T12:00"),
                review("bob", "APPROVED", "03T14:00")
            ]),
            commits(&["03T09:00", "03T13:00"]),
            Some(2),
        ),
        (
            "bots make no rounds",
            json!([
                review("lens", "COMMENTED", "03T11:00"),
                review("lens", "COMMENTED", "03T15:00")
            ]),
            commits(&["03T13:00"]),
            Some(0),
        ),
        (
            "dates are needed and missing",
            json!([ask("bob", "03T11:00"), ask("bob", "03T12:00")]),
            json!([{"sha": "a", "message": "x"}]),
            None,
        ),
    ];
    for (what, reviews, commits, expected) in cases {
        let measures = measured(json!({"reviews": reviews, "commits": commits}));
        assert_eq!(measures.reviews.rounds, expected, "{what}");
    }
    assert_eq!(measured(json!({"reviews": null})).reviews.rounds, None);
}

#[test]
fn size_leaves_out_what_tools_wrote() {
    let file = |path: &str, lines: u64| json!({"path": path, "additions": lines, "deletions": 1});
    let cases = [
        (
            "by files",
            json!({"additions": 500, "deletions": 3, "changed_files": 3, "files": [file("a.rs", 10), file("Cargo.lock", 480), file("vendor/x.c", 10)]}),
            Some(11),
        ),
        (
            "files not known",
            json!({"additions": 5, "deletions": 3}),
            Some(8),
        ),
        (
            "a list cut short",
            json!({"additions": 500, "deletions": 3, "changed_files": 300, "files": [file("a.rs", 10), file("Cargo.lock", 400)]}),
            Some(102),
        ),
        ("nothing known", json!({"additions": 5}), None),
        (
            "no file",
            json!({"additions": 0, "deletions": 0, "changed_files": 0, "files": []}),
            Some(0),
        ),
        (
            "lines of files not known",
            json!({"additions": 5, "deletions": 3, "files": [{"path": "a.rs"}]}),
            Some(8),
        ),
    ];
    for (what, extra, expected) in cases {
        assert_eq!(measured(extra).size_lines, expected, "{what}");
    }
}

#[test]
fn reverts_name_what_they_take_back() {
    let cases = [
        (
            "by branch",
            json!({"title": "Revert \"feat: x\"", "head_ref": "revert-41-main"}),
            Some((Some(41), Some("feat: x"))),
        ),
        (
            "by description",
            json!({"title": "Revert \"feat: x\"", "body": "Reverts acme/stairs#12"}),
            Some((Some(12), Some("feat: x"))),
        ),
        (
            "of another repository",
            json!({"title": "Revert \"feat: x\"", "body": "Reverts zoo/cage#12"}),
            Some((None, Some("feat: x"))),
        ),
        (
            "of a revert",
            json!({"title": "Revert \"Revert \"feat: x\"\""}),
            Some((None, Some("Revert \"feat: x\""))),
        ),
        (
            "by a commit only",
            json!({"body": "It broke.\n\nThis reverts commit 0123456789abcdef."}),
            Some((None, None)),
        ),
        (
            "merely speaks of it",
            json!({"title": "fix: make irreversible changes revertable", "body": "we may revert this"}),
            None,
        ),
        (
            "a branch of that name",
            json!({"head_ref": "revert-the-colours"}),
            None,
        ),
    ];
    for (what, extra, expected) in cases {
        let revert = measured(extra).revert;
        let found = revert
            .as_ref()
            .map(|revert| (revert.number, revert.title.as_deref()));
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn work_belongs_to_a_person() {
    let agent = json!({"login": "devin[bot]", "is_bot": true});
    let cases = [
        ("the author", json!({}), Some("ann")),
        (
            "who asked",
            json!({"author": agent, "body": "Requested by: @bob"}),
            Some("bob"),
        ),
        (
            "who started",
            json!({"author": agent, "body": "PR created automatically by Jules, started by @cyd"}),
            Some("cyd"),
        ),
        (
            "the assignee",
            json!({"author": agent, "events": [{"event": "assigned", "actor": "x", "assignee": "dee", "created_at": "2026-06-03T10:00:00Z"}]}),
            Some("dee"),
        ),
        (
            "the co-author",
            json!({"author": agent, "commits": [{"sha": "a", "message": "x\n\nCo-authored-by: Eve <12+eve@users.noreply.github.com>"}]}),
            Some("eve"),
        ),
        (
            "never a bot",
            json!({"author": agent, "commits": [{"sha": "a", "message": "x\n\nCo-authored-by: Lens <lens@users.noreply.github.com>"}]}),
            None,
        ),
        (
            "the merger as a last guess",
            json!({"author": agent, "events": [event("merged", "fay", "03T20:00")]}),
            Some("fay"),
        ),
        ("nobody", json!({"author": agent}), None),
        ("an unknown author", json!({"author": null}), None),
    ];
    for (what, extra, expected) in cases {
        assert_eq!(measured(extra).person.as_deref(), expected, "{what}");
    }
}

#[test]
fn flags() {
    let merged_by = |who: &str| json!({"events": [event("merged", who, "03T20:00")]});
    assert_eq!(measured(merged_by("ann")).self_merged, Some(true));
    assert_eq!(measured(merged_by("bob")).self_merged, Some(false));
    assert_eq!(measured(json!({})).self_merged, None);
    let auto = json!({"events": [event("auto_squash_enabled", "ann", "03T11:00")]});
    assert_eq!(measured(auto).auto_merged, Some(true));
    assert_eq!(measured(json!({"events": null})).auto_merged, None);
    assert_eq!(measured(json!({})).change_type, Some(ChangeType::Feature));
}
