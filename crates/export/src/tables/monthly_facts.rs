//! The columns of the facts of teams and months: `by_team_month` of `adoption --json`.

use insights::adoption::{Adoption, Group, TeamMonth};
use stats::Proportion;

use super::PARTITION;
use crate::column::{Column, Kind};
use crate::value::Value;

type Read = for<'a, 'd> fn(&'a Cell<'d>) -> Value;

/// A team in a month.
pub(super) struct Cell<'a> {
    clock: &'static str,
    team_month: &'a TeamMonth,
    is_complete: bool,
    is_suppressed: bool,
}

/// Why a number of a month can be null.
macro_rules! told {
    ($words:literal) => {
        concat!($words, " Null where the row is suppressed.")
    };
}

pub(super) static COLUMNS: &[Column<Read>] = &[
    Column::new(
        PARTITION,
        Kind::Text,
        "The month by the clock, `2026-05`, in UTC.",
        |it| Value::Text(it.team_month.month.clone()),
    ),
    Column::new("team", Kind::Text, "The team.", |it| {
        Value::Text(it.team_month.team.clone())
    }),
    Column::new(
        "clock",
        Kind::Text,
        "Which moment puts a pull request into a month: `created_at` or `merged_at`.",
        |it| Value::text(Some(it.clock)),
    ),
    Column::new(
        "is_complete",
        Kind::Flag,
        "Whether the month was over when the table was written.",
        |it| Value::Flag(it.is_complete),
    ),
    Column::new(
        "is_suppressed",
        Kind::Flag,
        "Whether the numbers are withheld, since the month has fewer than five pull requests and names of people are not shown.",
        |it| Value::Flag(it.is_suppressed),
    ),
    Column::nullable(
        "pull_requests",
        Kind::Integer,
        told!("Pull requests by people and agents (plain bots left out)."),
        |it| it.count(|group| group.pull_requests),
    ),
    Column::nullable("agent", Kind::Integer, told!("Made by an agent."), |it| {
        it.count(|group| group.agent)
    }),
    Column::nullable(
        "assisted",
        Kind::Integer,
        told!("Made by a person with a tool's help."),
        |it| it.count(|group| group.assisted),
    ),
    Column::nullable(
        "none_detected",
        Kind::Integer,
        told!("Nothing found in a record complete enough to look in (not: human)."),
        |it| it.count(|group| group.none_detected),
    ),
    Column::nullable(
        "unknown",
        Kind::Integer,
        told!("The record does not tell, or detection has not run."),
        |it| it.count(|group| group.unknown),
    ),
    Column::nullable(
        "ai_reviewed",
        Kind::Integer,
        told!("Reviewed by an AI tool."),
        |it| it.count(|group| group.ai_reviewed),
    ),
    Column::nullable(
        "plain_bots",
        Kind::Integer,
        told!("Opened by plain bots; in no share."),
        |it| it.count(|group| group.plain_bots),
    ),
    Column::nullable(
        "of_all_successes",
        Kind::Integer,
        told!("Agent and assisted."),
        |it| it.successes(|group| group.of_all),
    ),
    Column::nullable(
        "of_all_n",
        Kind::Integer,
        told!("Out of all pull requests of the row."),
        |it| it.n(|group| group.of_all),
    ),
    Column::nullable(
        "of_all_share",
        Kind::Number,
        told!("Their share, 0 to 1: at least; null where there are none."),
        |it| it.share(|group| group.of_all),
    ),
    Column::nullable(
        "of_all_interval_low",
        Kind::Number,
        told!("Lower end of its 95 % Wilson interval."),
        |it| it.low(|group| group.of_all),
    ),
    Column::nullable(
        "of_all_interval_high",
        Kind::Number,
        told!("Upper end of its 95 % Wilson interval."),
        |it| it.high(|group| group.of_all),
    ),
    Column::nullable(
        "of_known_successes",
        Kind::Integer,
        told!("Agent and assisted."),
        |it| it.successes(|group| group.of_known),
    ),
    Column::nullable(
        "of_known_n",
        Kind::Integer,
        told!("Out of those whose record tells."),
        |it| it.n(|group| group.of_known),
    ),
    Column::nullable(
        "of_known_share",
        Kind::Number,
        told!("Their share, 0 to 1: at least; null where there are none."),
        |it| it.share(|group| group.of_known),
    ),
    Column::nullable(
        "of_known_interval_low",
        Kind::Number,
        told!("Lower end of its 95 % Wilson interval."),
        |it| it.low(|group| group.of_known),
    ),
    Column::nullable(
        "of_known_interval_high",
        Kind::Number,
        told!("Upper end of its 95 % Wilson interval."),
        |it| it.high(|group| group.of_known),
    ),
    Column::nullable(
        "reviewed_of_all_successes",
        Kind::Integer,
        told!("Reviewed by an AI tool."),
        |it| it.successes(|group| group.reviewed_of_all),
    ),
    Column::nullable(
        "reviewed_of_all_n",
        Kind::Integer,
        told!("Out of all pull requests of the row."),
        |it| it.n(|group| group.reviewed_of_all),
    ),
    Column::nullable(
        "reviewed_of_all_share",
        Kind::Number,
        told!("Their share, 0 to 1; null where there are none."),
        |it| it.share(|group| group.reviewed_of_all),
    ),
    Column::nullable(
        "reviewed_of_all_interval_low",
        Kind::Number,
        told!("Lower end of its 95 % Wilson interval."),
        |it| it.low(|group| group.reviewed_of_all),
    ),
    Column::nullable(
        "reviewed_of_all_interval_high",
        Kind::Number,
        told!("Upper end of its 95 % Wilson interval."),
        |it| it.high(|group| group.reviewed_of_all),
    ),
];

/// The rows of all teams and months, month after month, each given away as it is read.
pub(crate) fn rows<E>(
    adoption: &Adoption,
    clock: &'static str,
    tells_names: bool,
    mut give: impl FnMut(Vec<Value>) -> Result<(), E>,
) -> Result<(), E> {
    let mut cells: Vec<&TeamMonth> = adoption.by_team_month.iter().collect();
    cells.sort_by(|a, b| (&a.month, &a.team).cmp(&(&b.month, &b.team)));
    for team_month in cells {
        let cell = Cell {
            clock,
            team_month,
            is_complete: adoption.incomplete_month.as_ref() != Some(&team_month.month),
            is_suppressed: !tells_names && !team_month.group.may_be_told(),
        };
        give(COLUMNS.iter().map(|column| (column.read)(&cell)).collect())?;
    }
    Ok(())
}

impl Cell<'_> {
    fn told(&self) -> Option<&Group> {
        (!self.is_suppressed).then_some(&self.team_month.group)
    }

    fn count(&self, read: fn(&Group) -> u64) -> Value {
        Value::known_count(self.told().map(read))
    }

    fn proportion(&self, read: fn(&Group) -> Option<Proportion>) -> Option<Proportion> {
        self.told().and_then(read)
    }

    fn successes(&self, read: fn(&Group) -> Option<Proportion>) -> Value {
        Value::known_count(self.proportion(read).map(|share| share.successes))
    }

    fn n(&self, read: fn(&Group) -> Option<Proportion>) -> Value {
        Value::known_count(self.proportion(read).map(|share| share.n))
    }

    fn share(&self, read: fn(&Group) -> Option<Proportion>) -> Value {
        Value::number(self.proportion(read).and_then(|share| share.share))
    }

    fn low(&self, read: fn(&Group) -> Option<Proportion>) -> Value {
        let interval = self.proportion(read).and_then(|share| share.interval);
        Value::number(interval.map(|interval| interval.low))
    }

    fn high(&self, read: fn(&Group) -> Option<Proportion>) -> Value {
        let interval = self.proportion(read).and_then(|share| share.interval);
        Value::number(interval.map(|interval| interval.high))
    }
}
