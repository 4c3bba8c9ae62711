//! Shares and their denominators.

use super::*;

fn cell(team: &str, month: &str, origin: Option<Origin>, count: u64) -> AdoptionCell {
    AdoptionCell {
        team: team.to_owned(),
        month: Some(month.to_owned()),
        origin,
        ai_reviewed: false,
        plain_bot: false,
        count,
    }
}

#[test]
fn unknown_stays_in_the_cautious_denominator_only() {
    let cells = [
        cell("a", "2026-01", Some(Origin::Agent), 3),
        cell("a", "2026-01", Some(Origin::Assisted), 1),
        cell("a", "2026-01", Some(Origin::NoneDetected), 4),
        cell("a", "2026-01", Some(Origin::Unknown), 1),
        cell("a", "2026-01", None, 1),
    ];
    let adoption = adoption(&cells, &[], None);
    let overall = &adoption.overall;
    assert_eq!(overall.of_all.and_then(|share| share.share), Some(0.4));
    assert_eq!(overall.of_known.and_then(|share| share.share), Some(0.5));
}

#[test]
fn plain_bots_leave_numerator_and_denominator() {
    let bots = AdoptionCell {
        plain_bot: true,
        ai_reviewed: true,
        ..cell("a", "2026-01", Some(Origin::NoneDetected), 90)
    };
    let adoption = adoption(
        &[bots, cell("a", "2026-01", Some(Origin::Agent), 10)],
        &[],
        None,
    );
    assert_eq!(adoption.overall.pull_requests, 10);
    assert_eq!(adoption.overall.plain_bots, 90);
    assert_eq!(adoption.overall.ai_reviewed, 0);
    assert_eq!(
        adoption.overall.of_all.and_then(|share| share.share),
        Some(1.0)
    );
}

#[test]
fn a_team_of_bots_only_has_no_share_rather_than_zero() {
    let bots = AdoptionCell {
        plain_bot: true,
        ..cell("a", "2026-01", None, 2)
    };
    let adoption = adoption(&[bots], &[], None);
    assert_eq!(adoption.overall.of_all.and_then(|share| share.share), None);
}

#[test]
fn months_are_in_order_and_the_current_one_is_marked() {
    let cells = [
        cell("b", "2026-02", Some(Origin::Agent), 1),
        cell("a", "2026-01", Some(Origin::Agent), 1),
    ];
    let result = adoption(&cells, &[], Some("2026-02"));
    let months: Vec<&str> = result
        .by_month
        .iter()
        .map(|month| month.name.as_str())
        .collect();
    assert_eq!(months, ["2026-01", "2026-02"]);
    assert_eq!(result.incomplete_month.as_deref(), Some("2026-02"));
    assert_eq!(
        adoption(&cells, &[], Some("2026-03")).incomplete_month,
        None
    );
}

#[test]
fn reviewers_are_never_counted_as_authors() {
    let tool = |tool: &str, role, count| ToolCell {
        team: "a".to_owned(),
        month: Some("2026-01".to_owned()),
        tool: tool.to_owned(),
        role,
        count,
    };
    let tools = [
        tool("copilot", Role::Authored, 2),
        tool("copilot", Role::Assisted, 1),
        tool("coderabbit", Role::Reviewed, 5),
    ];
    let cells = [cell("a", "2026-01", Some(Origin::Agent), 10)];
    let adoption = adoption(&cells, &tools, None);
    assert_eq!(adoption.author_tools.len(), 1);
    assert_eq!(adoption.author_tools[0].pull_requests, 3);
    assert_eq!(adoption.review_tools[0].tool, "coderabbit");
}

fn months(counts: &[(u64, u64)]) -> (Vec<AdoptionCell>, Vec<ToolCell>) {
    let mut cells = Vec::new();
    let mut tools = Vec::new();
    for (index, (with_ai, without)) in counts.iter().enumerate() {
        let month = format!("2026-{:02}", index + 1);
        cells.push(cell("a", &month, Some(Origin::Agent), *with_ai));
        cells.push(cell("a", &month, Some(Origin::NoneDetected), *without));
        if *with_ai > 0 {
            tools.push(ToolCell {
                team: "a".to_owned(),
                month: Some(month),
                tool: "cursor".to_owned(),
                role: Role::Authored,
                count: *with_ai,
            });
        }
    }
    (cells, tools)
}

#[test]
fn tools_come_and_go() {
    let (cells, tools) = months(&[(0, 9), (0, 8), (4, 5), (6, 4), (0, 9), (0, 9), (0, 2)]);
    let found = adoption(&cells, &tools, Some("2026-07")).tool_changes;
    let kinds: Vec<(&str, ToolChangeKind)> = found
        .iter()
        .map(|change| (change.month.as_str(), change.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("2026-03", ToolChangeKind::New),
            ("2026-05", ToolChangeKind::Stopped)
        ]
    );
    // One quiet month that is not over stops nothing, and a tool of always is not new.
    let (cells, tools) = months(&[(5, 9), (6, 8), (0, 9)]);
    assert_eq!(adoption(&cells, &tools, Some("2026-03")).tool_changes, []);
}

#[test]
fn a_trend_has_a_slope_and_steps() {
    let (cells, tools) = months(&[
        (2, 98),
        (3, 97),
        (2, 98),
        (41, 59),
        (39, 61),
        (40, 60),
        (90, 10),
    ]);
    let trends = adoption(&cells, &tools, Some("2026-07")).trends;
    let together = trends.first().expect("a trend");
    assert_eq!((together.team.as_deref(), together.months), (None, 6));
    assert!(together.slope_a_month > 0.05 && together.p < 0.05);
    let step = together.steps.first().expect("a step");
    assert_eq!(step.month, "2026-04");
    assert!(step.before < 0.05 && step.after > 0.35);
    assert_eq!(
        trends.get(1).and_then(|trend| trend.team.as_deref()),
        Some("a")
    );
}
