//! The pull requests of one comparison, as columns.

use measures::{Metric, Observation};
use stats::Clustered;

use super::groups::ArmGroups;
use super::ordered::Entry;
use super::outcome::{Exposure, Outcome};
use super::packed::{Packed, Stratum};
use super::table::Table;
use super::{EffectUnit, Step};
use crate::gates::ArmSize;

/// Columns of equal length, one row a pull request: those with AI first, and in each arm, for ratios, by
/// value and person. Sorted once for all comparisons, they need not be sorted by any of the methods.
pub(crate) struct Sample<'t> {
    table: &'t Table<'t>,
    pub(crate) metric: Metric,
    pub(crate) unit: EffectUnit,
    /// How many of the rows are with AI.
    pub(crate) n_ai: usize,
    /// Where the rest of a row stands.
    rows: Vec<u32>,
    /// As it is read: seconds, lines, counts, or 1 for what is so of a share.
    pub(crate) value: Vec<u32>,
    /// As it is compared.
    pub(crate) scaled: Vec<f64>,
    pub(crate) person: Vec<u32>,
    pub(crate) stratum: Vec<Stratum>,
    /// The people of either arm.
    pub(crate) people: ArmGroups,
}

/// What is looked at, and how.
#[derive(Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) exposure: Exposure,
    pub(crate) outcome: Outcome,
    /// Only these, for sensitivity.
    pub(crate) keep: Option<fn(&Observation, bool) -> bool>,
}

impl Cut {
    /// All rows in a metric's own definition.
    pub(crate) fn whole(exposure: Exposure, metric: Metric) -> Self {
        Cut {
            exposure,
            outcome: Outcome::of(metric),
            keep: None,
        }
    }
}

impl<'t> Sample<'t> {
    /// Takes the rows of a comparison out of entries in the order of [`super::ordered::ordered`].
    pub(crate) fn new(table: &'t Table<'t>, entries: &[Entry], cut: Cut) -> Self {
        let outcome = cut.outcome;
        let arm_of = |entry: &Entry| {
            let ai = entry.flags.arm(cut.exposure)?;
            let is_kept = |keep: fn(&Observation, bool) -> bool| {
                let row = table.observations.rows.get(entry.row as usize);
                row.is_some_and(|row| keep(row, ai))
            };
            (entry.flags.counts() && cut.keep.is_none_or(is_kept)).then_some(ai)
        };
        let (mut n_ai, mut n) = (0, 0);
        for entry in entries {
            if let Some(ai) = arm_of(entry) {
                n += 1;
                n_ai += usize::from(ai);
            }
        }
        let mut sample = Sample {
            table,
            metric: outcome.metric,
            unit: outcome.unit(),
            n_ai,
            rows: vec![0; n],
            value: vec![0; n],
            scaled: Vec::new(),
            person: vec![0; n],
            stratum: vec![Stratum::default(); n],
            people: ArmGroups::default(),
        };
        let mut places = [n_ai, 0];
        for entry in entries {
            if let Some(ai) = arm_of(entry) {
                let place = &mut places[usize::from(ai)];
                sample.rows[*place] = entry.row;
                sample.value[*place] = entry.value;
                sample.person[*place] = entry.person;
                sample.stratum[*place] = entry.stratum;
                *place += 1;
            }
        }
        sample.scaled = scaled(outcome, &sample.value);
        let (with_ai, without_ai) = sample.person.split_at(n_ai);
        sample.people = ArmGroups::of_arms(
            with_ai.iter().copied(),
            without_ai.iter().copied(),
            table.people(),
        );
        sample
    }

    /// Why nothing can be compared where every pull request has the same value: the estimate would be "no
    /// difference" with an interval of no width, which is more than is known.
    pub(crate) fn all_alike(&self) -> Option<String> {
        let first = *self.value.first()?;
        let is_alike = self.value.iter().all(|value| *value == first);
        is_alike.then(|| match self.unit {
            EffectUnit::Points if first == 1 => {
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

    /// The steps from all pull requests of a team, or of all, to these.
    pub(crate) fn steps(&self, exposure: Exposure, team: Option<usize>) -> Vec<Step> {
        let funnel = self.table.funnel(team);
        let (n, n_ai) = (self.len() as u64, self.n_ai as u64);
        let title = self.metric.definition().title;
        let step = |what: &str, n: u64| Step {
            what: what.to_owned(),
            n,
        };
        vec![
            step("all pull requests of the selection", funnel.all),
            step("without plain bots", funnel.without_bots),
            step("measured (tandem detect)", funnel.measured),
            step(
                "whose record tells whether AI took part",
                funnel.in_an_arm[exposure as usize],
            ),
            step(&format!("whose {title} is known"), n),
            step("of these with AI", n_ai),
            step("of these without AI detected", n - n_ai),
        ]
    }

    pub(crate) fn len(&self) -> usize {
        self.value.len()
    }

    /// The rows of the smaller arm.
    pub(crate) fn fewest(&self) -> usize {
        self.n_ai.min(self.len() - self.n_ai)
    }

    /// What the table keeps of the rows.
    pub(crate) fn packed(&self) -> impl ExactSizeIterator<Item = &Packed> + Clone {
        self.rows.iter().map(|row| self.table.row(*row))
    }

    /// Of how many it is so, for shares.
    pub(crate) fn events(&self) -> usize {
        self.value.iter().filter(|value| **value == 1).count()
    }

    /// How large either arm is.
    pub(crate) fn sizes(&self) -> [ArmSize; 2] {
        [true, false].map(|with_ai| ArmSize {
            n: if with_ai {
                self.n_ai
            } else {
                self.len() - self.n_ai
            },
            people: self.people.in_arm(with_ai),
        })
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

    /// The name of a team.
    pub(crate) fn team_name(&self, team: usize) -> Option<String> {
        let name = self.table.observations.teams.names().get(team);
        name.map(ToString::to_string)
    }

    /// How many repositories have rows in both arms.
    pub(crate) fn switching_repos(&self) -> usize {
        let (with, without) = self.stratum.split_at(self.n_ai);
        let repo = |stratum: &Stratum| stratum.repo();
        let repos = self.table.observations.repos.names().len().max(1);
        ArmGroups::of_arms(with.iter().map(repo), without.iter().map(repo), repos).switching()
    }
}

/// The values on the scale of the comparison. Equal values stand together: most need no logarithm.
fn scaled(outcome: Outcome, values: &[u32]) -> Vec<f64> {
    let mut last = (0, outcome.scaled(0));
    let of = |value: &u32| {
        if *value != last.0 {
            last = (*value, outcome.scaled(*value));
        }
        last.1
    };
    values.iter().map(of).collect()
}
