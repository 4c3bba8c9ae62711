//! The pull requests of one comparison, as columns.

use std::borrow::Borrow;

use measures::{Metric, Observation};
use stats::Clustered;

use super::groups::ArmGroups;
use super::outcome::{Exposure, Outcome, Reading};
use super::{EffectUnit, Step};
use crate::months::month_index;

const DAY_SECONDS: i64 = 86_400;

/// Columns of equal length, one row a pull request: those with AI first, and in each arm, for ratios, by
/// value and person. Sorted once here, they need not be sorted by any of the methods.
pub(crate) struct Sample {
    pub(crate) metric: Metric,
    pub(crate) unit: EffectUnit,
    pub(crate) steps: Vec<Step>,
    /// How many of the rows are with AI.
    pub(crate) n_ai: usize,
    /// As it is read: seconds, lines, counts, or 1 for what is so of a share.
    pub(crate) value: Vec<u32>,
    /// As it is compared.
    pub(crate) scaled: Vec<f64>,
    pub(crate) person: Vec<u32>,
    pub(crate) repo: Vec<u32>,
    pub(crate) month: Vec<u32>,
    pub(crate) kind: Vec<u32>,
    pub(crate) weekday: Vec<u32>,
    /// Lines; `u32::MAX` where they are not known.
    pub(crate) size: Vec<u32>,
    /// Files, likewise.
    pub(crate) files: Vec<u32>,
    pub(crate) draft: Vec<bool>,
    /// The people of either arm.
    pub(crate) people: ArmGroups,
}

/// What is looked at, and how.
#[derive(Clone, Copy)]
pub(crate) struct Cut<'a> {
    pub(crate) exposure: Exposure,
    pub(crate) outcome: Outcome,
    pub(crate) reading: &'a Reading,
    /// Only these, for sensitivity.
    pub(crate) keep: fn(&Observation, bool) -> bool,
}

/// What a comparison keeps of a row, packed for sorting.
#[derive(Clone, Copy)]
struct Kept {
    value: u32,
    person: u32,
    repo: u32,
    size: u32,
    files: u32,
    month: u16,
    kind: u8,
    weekday: u8,
    without_ai: bool,
    draft: bool,
}

impl Sample {
    /// Why nothing can be compared where every pull request has the same value: the estimate would be "no
    /// difference" with an interval of no width, which is more than is known.
    pub(crate) fn all_alike(&self) -> Option<String> {
        let first = *self.scaled.first()?;
        let is_alike = self
            .scaled
            .iter()
            .all(|value| (value - first).abs() < f64::EPSILON);
        is_alike.then(|| match self.unit {
            EffectUnit::Points if first > 0.5 => {
                format!("it is so of all {} pull requests of both arms", self.len())
            }
            EffectUnit::Points => {
                format!(
                    "it is so of none of the {} pull requests of either arm",
                    self.len()
                )
            }
            EffectUnit::Ratio => format!(
                "all {} pull requests of both arms have the same value",
                self.len()
            ),
        })
    }

    /// Takes the rows of a comparison. Whose person is not known is a cluster with the repository.
    pub(crate) fn take(
        rows: impl Iterator<Item = impl Borrow<Observation>>,
        cut: Cut<'_>,
    ) -> Sample {
        let mut kept: Vec<Kept> = Vec::new();
        let (mut all, mut without_bots, mut measured, mut in_an_arm) = (0, 0, 0, 0);
        for row in rows {
            let row = row.borrow();
            all += 1;
            if row.plain_bot {
                continue;
            }
            without_bots += 1;
            if !row.measured {
                continue;
            }
            measured += 1;
            let Some(ai) = cut.exposure.arm(row) else {
                continue;
            };
            in_an_arm += 1;
            let Some(value) = cut.outcome.value(row, cut.reading) else {
                continue;
            };
            if (cut.keep)(row, ai) {
                kept.push(Kept::new(row, ai, value));
            }
        }
        let mut sample = Sample::of_kept(kept, cut.outcome);
        let n_ai = sample.n_ai as u64;
        let n = sample.len() as u64;
        let title = cut.outcome.metric.definition().title;
        let step = |what: &str, n: u64| Step {
            what: what.to_owned(),
            n,
        };
        sample.steps = vec![
            step("all pull requests of the selection", all),
            step("without plain bots", without_bots),
            step("measured (tandem detect)", measured),
            step("whose record tells whether AI took part", in_an_arm),
            step(&format!("whose {title} is known"), n),
            step("of these with AI", n_ai),
            step("of these without AI detected", n - n_ai),
        ];
        sample
    }

    fn of_kept(kept: Vec<Kept>, outcome: Outcome) -> Sample {
        let unit = outcome.unit();
        // In one jump for each row, not one for each column.
        let ordered: Vec<Kept> = order_of(&kept, unit)
            .into_iter()
            .map(|row| kept[row as usize])
            .collect();
        drop(kept);
        let n_ai = ordered.partition_point(|row| !row.without_ai);
        let person: Vec<u32> = ordered.iter().map(|row| row.person).collect();
        let scaled = |row: &Kept| outcome.scaled(row.value);
        Sample {
            metric: outcome.metric,
            unit,
            steps: Vec::new(),
            n_ai,
            value: ordered.iter().map(|row| row.value).collect(),
            scaled: ordered.iter().map(scaled).collect(),
            people: ArmGroups::of_arms(person.split_at(n_ai)),
            person,
            repo: ordered.iter().map(|row| row.repo).collect(),
            month: ordered.iter().map(|row| u32::from(row.month)).collect(),
            kind: ordered.iter().map(|row| u32::from(row.kind)).collect(),
            weekday: ordered.iter().map(|row| u32::from(row.weekday)).collect(),
            size: ordered.iter().map(|row| row.size).collect(),
            files: ordered.iter().map(|row| row.files).collect(),
            draft: ordered.iter().map(|row| row.draft).collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.value.len()
    }

    /// The rows of the smaller arm.
    pub(crate) fn fewest(&self) -> usize {
        self.n_ai.min(self.len() - self.n_ai)
    }

    /// The part of a column that belongs to an arm.
    pub(crate) fn arm<'c, T>(&self, column: &'c [T], with_ai: bool) -> &'c [T] {
        let (with, without) = column.split_at(self.n_ai);
        if with_ai { with } else { without }
    }

    /// Both arms as they are compared, by person: with AI, and without.
    pub(crate) fn arms(&self) -> (Clustered<'_>, Clustered<'_>) {
        let arm = |with_ai| Clustered {
            values: self.arm(&self.scaled, with_ai),
            clusters: self.arm(&self.person, with_ai),
        };
        (arm(true), arm(false))
    }

    /// Whether each row is with AI.
    pub(crate) fn ai(&self) -> Vec<bool> {
        let mut ai = vec![false; self.len()];
        ai[..self.n_ai].fill(true);
        ai
    }
}

impl Kept {
    fn new(row: &Observation, ai: bool, value: u32) -> Self {
        let repo = row.repo.index().unwrap_or(0) as u32;
        let opened = row.opened.seconds().unwrap_or(0);
        Kept {
            value,
            // Codes of people count up from 0; the repositories stand at the other end.
            person: match row.person.index() {
                Some(person) => person as u32,
                None => u32::MAX - repo,
            },
            repo,
            size: row.size_lines().unwrap_or(u32::MAX),
            files: row.changed_files().unwrap_or(u32::MAX),
            month: month_index(opened) as u16,
            kind: row.change_type.map_or(u8::MAX, |kind| kind as u8),
            weekday: weekday(opened),
            without_ai: !ai,
            draft: row.opened_as_draft,
        }
    }
}

/// The rows by arm, and for ratios by value and person.
fn order_of(kept: &[Kept], unit: EffectUnit) -> Vec<u32> {
    let rows = 0..kept.len() as u32;
    let of_arm = |without_ai| {
        let rows = rows.clone();
        rows.filter(move |row| kept[*row as usize].without_ai == without_ai)
    };
    if unit == EffectUnit::Points {
        return of_arm(false).chain(of_arm(true)).collect();
    }
    let mut order = Vec::with_capacity(kept.len());
    for without_ai in [false, true] {
        let mut keys: Vec<(u64, u32)> = of_arm(without_ai)
            .map(|row| {
                let Kept { value, person, .. } = kept[row as usize];
                (u64::from(value) << 32 | u64::from(person), row)
            })
            .collect();
        keys.sort_unstable_by_key(|it| it.0);
        order.extend(keys.into_iter().map(|it| it.1));
    }
    order
}

/// Monday is 0.
fn weekday(seconds: i64) -> u8 {
    (seconds.div_euclid(DAY_SECONDS) + 3).rem_euclid(7) as u8
}
