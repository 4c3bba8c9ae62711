//! Money, from whichever side it is looked at.

use super::{again, answered, ended_shard, failed, open_run, outcome};
use crate::ledger::{CostCell, CostFilter, Ledger, LedgerError, Next, RunId, ShardTally, Verdict};
use crate::money::Money;
use crate::outcome::{FailureKind, Usage};
use crate::testing::{SECOND, START, request, time};

/// A run over two tiers whose second shard ends 40 days after the first, with a line that answered a
/// request a second time.
fn two_months(ledger: &dyn Ledger) -> RunId {
    let run = open_run(ledger, 1..=4);
    let first = ended_shard(ledger, run, START, &[1, 2, 3]);
    let outcomes = [
        answered(1),
        failed(2, FailureKind::Parse, again(SECOND)),
        failed(3, FailureKind::Budget, again(SECOND)),
    ];
    ledger.record(first, &outcomes, time(14)).expect("records");
    let tally = ShardTally {
        duplicates: 1,
        extra_usage: Usage {
            input_tokens: 7,
            output_tokens: 2,
        },
        extra_cost: Money::from_picodollars(20),
        ..ShardTally::default()
    };
    ledger.close_shard(first, &tally, time(15)).expect("closes");
    let second = ended_shard(ledger, run, SECOND, &[2, 3]);
    let outcomes = [
        answered(2),
        failed(3, FailureKind::Refusal, Next::Quarantined),
    ];
    ledger
        .record(second, &outcomes, time(MONTH))
        .expect("records");
    ledger
        .close_shard(second, &ShardTally::default(), time(MONTH + 1))
        .expect("closes");
    run
}

const MONTH: i64 = 40 * 86_400;

fn sum(cells: &[CostCell]) -> (Money, Money, u64) {
    (
        cells.iter().map(|cell| cell.cost).sum(),
        cells.iter().map(|cell| cell.possible_cost).sum(),
        cells.iter().map(|cell| cell.usage.input_tokens).sum(),
    )
}

pub(super) fn adds_up(ledger: &dyn Ledger) {
    let run = two_months(ledger);
    let all = CostFilter::default();
    let cells = ledger.cost_cells(run, &all).expect("sums up");
    let totals = ledger.totals(run).expect("counts");
    assert_eq!(
        sum(&cells),
        (totals.cost, totals.possible_cost, 5 * 100 + 7)
    );
    assert_eq!(totals.cost.picodollars(), 5 * 230 + 20);
    let summary = ledger.summary(run).expect("sums up");
    assert_eq!(summary.totals.cost_usd, totals.cost);
    assert_eq!(summary.totals.tokens.input, 507);
    let names: Vec<(Option<&str>, u64, u64)> = cells
        .iter()
        .map(|cell| (cell.group.as_deref(), cell.answered, cell.failed))
        .collect();
    assert_eq!(
        names,
        [
            (None, 0, 0),
            (Some("group 0"), 0, 1),
            (Some("group 1"), 1, 1),
            (Some("group 0"), 1, 0),
            (Some("group 1"), 0, 1),
        ]
    );
    assert!(cells[0].month < cells[4].month, "{cells:?}");
    assert_eq!(cells[2].answered_usage.input_tokens, 100);

    let requests = ledger.request_costs(run, &all, None, 9).expect("lists");
    let of_requests: Money = requests.iter().map(|request| request.cost).sum();
    assert_eq!(of_requests + cells[0].cost, totals.cost);
    // Request 4 was never asked.
    let told: Vec<(u64, u64, Option<u32>)> = requests
        .iter()
        .map(|request| (request.seq, request.attempts, request.answered_by))
        .collect();
    assert_eq!(told, [(1, 1, Some(1)), (2, 2, Some(2)), (3, 2, None)]);
    assert_eq!(requests[1].subject, request(2).subject);
    assert_eq!(requests[1].sync_cost.picodollars(), 2 * (100 * 4 + 10 * 6));
    let page = ledger.request_costs(run, &all, Some(1), 1).expect("lists");
    assert_eq!((page.len(), page[0].seq), (1, 2));

    let early = CostFilter {
        before: Some(time(MONTH)),
        ..CostFilter::default()
    };
    let late = CostFilter {
        from: Some(time(MONTH)),
        ..CostFilter::default()
    };
    let parts = [&early, &late].map(|filter| {
        let cells = ledger.cost_cells(run, filter).expect("sums up");
        sum(&cells).0
    });
    assert_eq!(parts.map(Money::picodollars), [3 * 230 + 20, 2 * 230]);
    assert_eq!(
        ledger
            .request_costs(run, &late, None, 9)
            .expect("lists")
            .len(),
        2
    );
    let of_group = CostFilter {
        group: Some("group 1".to_owned()),
        ..CostFilter::default()
    };
    let cells = ledger.cost_cells(run, &of_group).expect("sums up");
    assert_eq!(sum(&cells).0.picodollars(), 3 * 230);
    let nothing = RunId(4711);
    assert!(matches!(
        ledger.cost_cells(nothing, &all),
        Err(LedgerError::NoSuchRun(_))
    ));
    assert!(matches!(
        ledger.request_costs(nothing, &all, None, 1),
        Err(LedgerError::NoSuchRun(_))
    ));
}

pub(super) fn tells_attempts(ledger: &dyn Ledger) {
    let run = open_run(ledger, 1..=2);
    let first = ended_shard(ledger, run, START, &[1, 2]);
    let repaired = outcome(
        2,
        Verdict::Answered {
            repair: Some("stripped fences".to_owned()),
        },
        Next::Done,
    );
    let outcomes = [failed(1, FailureKind::Parse, again(SECOND)), repaired];
    ledger.record(first, &outcomes, time(14)).expect("records");
    let second = ended_shard(ledger, run, SECOND, &[1]);
    ledger
        .record(
            second,
            &[failed(1, FailureKind::Schema, Next::Quarantined)],
            time(16),
        )
        .expect("records");
    let told = ledger.attempts(run, &[2, 1, 9]).expect("reads");
    let lines: Vec<(u64, u32, u32, Option<FailureKind>)> = told
        .iter()
        .map(|attempt| (attempt.seq, attempt.attempt, attempt.tier, attempt.kind))
        .collect();
    assert_eq!(
        lines,
        [
            (2, 1, 1, None),
            (1, 1, 1, Some(FailureKind::Parse)),
            (1, 2, 2, Some(FailureKind::Schema)),
        ]
    );
    assert_eq!(told[0].repair.as_deref(), Some("stripped fences"));
    assert_eq!(told[1].detail.as_deref(), Some("why"));
    assert_eq!(
        (told[1].model.model.as_str(), told[2].model.model.as_str()),
        ("small", "large")
    );
    assert_eq!(
        (
            told[2].shard,
            told[2].recorded_at,
            told[2].cost.picodollars()
        ),
        (second, time(16), 230)
    );
    assert!(matches!(
        ledger.attempts(RunId(4711), &[1]),
        Err(LedgerError::NoSuchRun(_))
    ));
}
