//! The pull requests of one comparison, as columns.

use measures::{Metric, Observation};

use super::outcome::{Exposure, Outcome, Reading};
use super::{EffectUnit, Step};
use crate::months::month_index;

const DAY_SECONDS: i64 = 86_400;

/// Columns of equal length, one row a pull request.
pub(crate) struct Sample {
    pub(crate) metric: Metric,
    pub(crate) unit: EffectUnit,
    pub(crate) steps: Vec<Step>,
    /// As it is read.
    pub(crate) value: Vec<f64>,
    /// As it is compared.
    pub(crate) scaled: Vec<f64>,
    pub(crate) ai: Vec<bool>,
    pub(crate) person: Vec<u32>,
    pub(crate) repo: Vec<u32>,
    pub(crate) month: Vec<u32>,
    pub(crate) kind: Vec<u32>,
    pub(crate) weekday: Vec<u32>,
    pub(crate) log_size: Vec<f64>,
    pub(crate) log_files: Vec<f64>,
    pub(crate) draft: Vec<f64>,
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
    pub(crate) fn take<'r>(rows: impl Iterator<Item = &'r Observation>, cut: Cut<'_>) -> Sample {
        let mut sample = Sample {
            metric: cut.outcome.metric,
            unit: cut.outcome.unit(),
            steps: Vec::new(),
            value: Vec::new(),
            scaled: Vec::new(),
            ai: Vec::new(),
            person: Vec::new(),
            repo: Vec::new(),
            month: Vec::new(),
            kind: Vec::new(),
            weekday: Vec::new(),
            log_size: Vec::new(),
            log_files: Vec::new(),
            draft: Vec::new(),
        };
        let (mut all, mut without_bots, mut measured, mut in_an_arm) = (0, 0, 0, 0);
        for row in rows {
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
                sample.push(row, ai, value, cut.outcome);
            }
        }
        let n_ai = sample.ai.iter().filter(|ai| **ai).count() as u64;
        let n = sample.value.len() as u64;
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

    fn push(&mut self, row: &Observation, ai: bool, value: f64, outcome: Outcome) {
        let repo = row.repo.index().unwrap_or(0) as u32;
        // Codes of people count up from 0; the repositories stand above them.
        let person = match row.person.index() {
            Some(person) => person as u32,
            None => u32::MAX - repo,
        };
        let opened = row.opened.seconds().unwrap_or(0);
        self.value.push(value);
        self.scaled.push(outcome.scaled(value));
        self.ai.push(ai);
        self.person.push(person);
        self.repo.push(repo);
        self.month.push(month_index(opened));
        self.kind
            .push(row.change_type.map_or(u32::MAX, |kind| kind as u32));
        self.weekday.push(weekday(opened));
        self.log_size.push(log_known(row.size_lines()));
        self.log_files.push(log_known(row.changed_files()));
        self.draft.push(f64::from(u8::from(row.opened_as_draft)));
    }

    pub(crate) fn len(&self) -> usize {
        self.value.len()
    }

    /// Rows of an arm.
    pub(crate) fn of_arm(&self, with_ai: bool) -> (Vec<f64>, Vec<u32>) {
        let rows = || (self.ai.iter().enumerate()).filter(move |(_, ai)| **ai == with_ai);
        (
            rows().map(|(index, _)| self.value[index]).collect(),
            rows().map(|(index, _)| self.person[index]).collect(),
        )
    }

    /// Groups that hold both arms.
    pub(crate) fn switching(&self, groups: &[u32]) -> usize {
        let mut seen: std::collections::HashMap<u32, u8> = std::collections::HashMap::new();
        for (group, ai) in groups.iter().zip(&self.ai) {
            *seen.entry(*group).or_default() |= if *ai { 1 } else { 2 };
        }
        seen.values().filter(|arms| **arms == 3).count()
    }

    /// How many groups there are.
    pub(crate) fn distinct(groups: &[u32]) -> usize {
        let mut groups = groups.to_vec();
        groups.sort_unstable();
        groups.dedup();
        groups.len()
    }
}

/// `ln(1 + count)`; NaN where it is not known.
fn log_known(count: Option<u32>) -> f64 {
    count.map_or(f64::NAN, |count| f64::from(count).ln_1p())
}

/// Monday is 0.
fn weekday(seconds: i64) -> u32 {
    (seconds.div_euclid(DAY_SECONDS) + 3).rem_euclid(7) as u32
}
