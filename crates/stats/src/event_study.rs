//! What changes when units take something up at different times.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codes::DenseCodes;
use crate::error::{StatsError, require_at_least, require_finite, require_length};
use crate::event_spread::{Estimand, jackknife};
use crate::regression::Coefficient;

/// A panel: a row for each unit and period that is known; periods are counted one by one.
#[derive(Debug, Clone, Copy)]
pub struct EventStudyData<'a> {
    /// The unit of each row.
    pub units: &'a [u32],
    /// Its period.
    pub periods: &'a [u32],
    /// Its outcome.
    pub outcome: &'a [f64],
    /// The first period of the row's unit with what was taken up; `None` if it never took it up.
    pub starts: &'a [Option<u32>],
}

/// Which periods around the start are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventWindow {
    /// Periods before the start.
    pub before: u32,
    /// Periods after the period of the start.
    pub after: u32,
    /// Periods right before the start whose mean the others are compared with; at most `before`.
    pub base: u32,
}

/// The outcome around the start, against units that have not started yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EventStudy {
    /// One for each period from `-before` to `after`, in order.
    pub points: Vec<EventPoint>,
    /// The mean of a unit's periods from the start on, averaged over the units that started.
    pub after: Option<Coefficient>,
    /// The slope over the periods before the start, a period: what a trend of its own would be.
    pub trend_before: Option<Coefficient>,
    /// Units that started and have all periods of the base.
    pub started: usize,
    /// Units that serve as controls at some time.
    pub controls: usize,
    /// Units that do either.
    pub units: usize,
}

/// A period relative to the start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EventPoint {
    /// Periods since the start; negative before it.
    pub relative: i32,
    /// The difference with its uncertainty; `None` where nothing can be compared.
    pub difference: Option<Coefficient>,
    /// Units that started and are known in this period.
    pub started: usize,
}

/// Compares units that started with those that have not yet, period by period.
///
/// For a unit i that started in g and a period t, `(Y_it - base_i) - mean over controls j of (Y_jt -
/// base_j)`, the bases being means over the last `base` periods before g, the controls those known in all
/// these periods that start after `max(t, g)` or never. With a base of one period and complete rows the
/// means over units are the group-time effects of B. Callaway and P. H. C. Sant'Anna,
/// "Difference-in-differences with multiple time periods", Journal of Econometrics 225 (2021) 200-230,
/// with not-yet-treated controls and no covariates, averaged by periods since the start with each unit
/// counted once. No unit that has started is ever a control, which is what goes wrong in two-way
/// regressions (A. Goodman-Bacon, Journal of Econometrics 225 (2021) 254-277).
///
/// Errors are those of the jackknife that leaves out one unit at a time, around the estimate: `sum (n - 1) / n
/// (estimate without k - estimate)^2`, n being the units that started, or the others, whichever k is of; units
/// may depend on themselves over time in any way. Up to 30 units the variance is taken times what makes it
/// unbiased if all outcomes vary alike and independently, and Student's t has the degrees of freedom that it
/// has then, `(tr M)^2 / tr M^2` with M the products of what outcomes weigh in the steps; above, Satterthwaite's
/// for two samples of unequal variance. Either way few units make wide intervals. Sources: J. G. MacKinnon, M.
/// O. Nielsen and M. D. Webb, "Fast and reliable jackknife and bootstrap methods for cluster-robust inference",
/// Journal of Applied Econometrics 38 (2023) 671-694; R. M. Bell and D. F. McCaffrey, "Bias reduction in
/// standard errors for linear regression with multi-stage samples", Survey Methodology 28 (2002) 169-181; G. W.
/// Imbens and M. Kolesar, Review of Economics and Statistics 98 (2016) 701-712; B. L. Welch, Biometrika 34
/// (1947) 28-35. Time is O(units x (units that started x periods)).
pub fn event_study(
    data: EventStudyData<'_>,
    window: EventWindow,
) -> Result<EventStudy, StatsError> {
    let panel = Panel::new(data, window)?;
    let whole = panel.estimates(None);
    require_at_least("units that started and have controls", 1, whole.adopters)?;
    let parts: Vec<Estimates> = (0..panel.units.len())
        .map(|unit| panel.estimates(Some(unit)))
        .collect();
    let (started, controls) = panel.roles();
    let judge = |estimand: Estimand| {
        let estimate = whole.of(estimand)?;
        let parts = parts.iter().map(|part| part.of(estimand));
        jackknife(&panel, estimand, estimate, parts, &started)
    };
    let first = -window.before.cast_signed();
    let points = (first..)
        .zip(0..panel.width())
        .map(|(relative, index)| EventPoint {
            relative,
            difference: judge(Estimand::Point(index)),
            started: whole.counts.get(index).copied().unwrap_or(0),
        })
        .collect();
    let count = |roles: &[bool]| roles.iter().filter(|it| **it).count();
    Ok(EventStudy {
        points,
        after: judge(Estimand::After),
        trend_before: judge(Estimand::TrendBefore),
        started: count(&started),
        controls: count(&controls),
        units: (started.iter().zip(&controls))
            .filter(|(one, other)| **one || **other)
            .count(),
    })
}

/// Outcomes on a grid of units and periods.
pub(crate) struct Panel {
    window: EventWindow,
    first_period: u32,
    /// One row of outcomes for each unit; NaN where it is not known.
    units: Vec<Vec<f64>>,
    starts: Vec<Option<u32>>,
    /// Units that started and have a base.
    adopters: Vec<usize>,
    /// For each start, and each period relative to it: the sum over controls, and how many.
    controls: BTreeMap<u32, Vec<(f64, usize)>>,
}

/// Everything that is estimated, with one unit left out or none.
struct Estimates {
    points: Vec<Option<f64>>,
    counts: Vec<usize>,
    after: Option<f64>,
    trend_before: Option<f64>,
    adopters: usize,
}

/// For each start and each place in the window: the units whose change counts, and what it weighs.
type WeightsOfChanges = BTreeMap<u32, Vec<Vec<(usize, f64)>>>;

impl Estimates {
    fn of(&self, estimand: Estimand) -> Option<f64> {
        match estimand {
            Estimand::Point(index) => self.points.get(index).copied().flatten(),
            Estimand::After => self.after,
            Estimand::TrendBefore => self.trend_before,
        }
    }
}

impl Panel {
    fn new(data: EventStudyData<'_>, window: EventWindow) -> Result<Self, StatsError> {
        require_finite("outcome", data.outcome)?;
        require_length("units", data.outcome.len(), data.units.len())?;
        require_length("periods", data.outcome.len(), data.periods.len())?;
        require_length("starts", data.outcome.len(), data.starts.len())?;
        if window.base == 0 || window.base > window.before {
            return Err(StatsError::OutOfRange {
                what: "base",
                value: f64::from(window.base),
            });
        }
        let codes = DenseCodes::new(data.units);
        let first_period = data.periods.iter().copied().min().unwrap_or(0);
        let last_period = data.periods.iter().copied().max().unwrap_or(0);
        let width = (last_period - first_period) as usize + 1;
        let mut panel = Panel {
            window,
            first_period,
            units: vec![vec![f64::NAN; width]; codes.groups],
            starts: vec![None; codes.groups],
            adopters: Vec::new(),
            controls: BTreeMap::new(),
        };
        for (row, &unit) in codes.codes.iter().enumerate() {
            let period = (data.periods[row] - first_period) as usize;
            panel.units[unit as usize][period] = data.outcome[row];
            panel.starts[unit as usize] = data.starts[row];
        }
        panel.find_adopters_and_controls();
        Ok(panel)
    }

    fn find_adopters_and_controls(&mut self) {
        for unit in 0..self.units.len() {
            if let Some(start) = self.starts[unit]
                && self.base(unit, start).is_some()
            {
                self.adopters.push(unit);
                self.controls.entry(start).or_default();
            }
        }
        let starts: Vec<u32> = self.controls.keys().copied().collect();
        for start in starts {
            let sums = (0..self.width())
                .map(|index| {
                    let known = (0..self.units.len())
                        .filter_map(|unit| self.control_change(unit, start, index));
                    known.fold((0.0, 0), |(sum, n), change| (sum + change, n + 1))
                })
                .collect();
            self.controls.insert(start, sums);
        }
    }

    fn width(&self) -> usize {
        (self.window.before + self.window.after) as usize + 1
    }

    pub(crate) fn unit_count(&self) -> usize {
        self.units.len()
    }

    /// How many periods the grid has.
    pub(crate) fn periods(&self) -> usize {
        self.units.first().map_or(0, Vec::len)
    }

    /// The place of a period on the grid.
    pub(crate) fn place(&self, period: i64) -> Option<usize> {
        let place = usize::try_from(period - i64::from(self.first_period)).ok()?;
        (place < self.periods()).then_some(place)
    }

    pub(crate) fn base_periods(&self, start: u32) -> impl Iterator<Item = i64> {
        let start = i64::from(start);
        start - i64::from(self.window.base)..start
    }

    pub(crate) fn base_length(&self) -> f64 {
        f64::from(self.window.base)
    }

    fn value(&self, unit: usize, period: i64) -> Option<f64> {
        let value = *self.units.get(unit)?.get(self.place(period)?)?;
        (!value.is_nan()).then_some(value)
    }

    /// The mean over the periods right before a start, all of which must be known.
    fn base(&self, unit: usize, start: u32) -> Option<f64> {
        let mut sum = 0.0;
        for period in self.base_periods(start) {
            sum += self.value(unit, period)?;
        }
        Some(sum / self.base_length())
    }

    /// The change of a unit from its base to a period relative to a start.
    fn change(&self, unit: usize, start: u32, index: usize) -> Option<f64> {
        let period = self.period(start, index);
        Some(self.value(unit, period)? - self.base(unit, start)?)
    }

    pub(crate) fn period(&self, start: u32, index: usize) -> i64 {
        // A window holds few periods.
        i64::from(start) + i64::from(index as u32) - i64::from(self.window.before)
    }

    /// The same for a unit that has not started by then; `None` for one that has.
    fn control_change(&self, unit: usize, start: u32, index: usize) -> Option<f64> {
        let until = self.period(start, index).max(i64::from(start));
        let is_free = self.starts[unit].is_none_or(|own| i64::from(own) > until);
        if is_free {
            self.change(unit, start, index)
        } else {
            None
        }
    }

    pub(crate) fn is_control(&self, unit: usize, start: u32, index: usize) -> bool {
        self.control_change(unit, start, index).is_some()
    }

    /// What the change of each unit that started weighs in an estimate; that of its controls is as much the
    /// other way.
    pub(crate) fn weights_of_changes(
        &self,
        estimand: Estimand,
        without: Option<usize>,
    ) -> Option<WeightsOfChanges> {
        let start_index = self.window.before as usize;
        let mut known: Vec<(usize, u32, Vec<usize>)> = Vec::new();
        let mut counts = vec![0_usize; self.width()];
        for &unit in self.adopters.iter().filter(|unit| Some(**unit) != without) {
            let start = self.starts[unit]?;
            let places: Vec<usize> = (0..self.width())
                .filter(|index| {
                    self.change(unit, start, *index).is_some()
                        && self.mean_of_controls(start, *index, without).is_some()
                })
                .collect();
            for index in &places {
                counts[*index] += 1;
            }
            known.push((unit, start, places));
        }
        let after = |places: &[usize]| places.iter().filter(|it| **it >= start_index).count();
        let units_after = known.iter().filter(|it| after(&it.2) > 0).count() as f64;
        let slopes = slope_weights(&counts[..start_index]);
        let mut weights = WeightsOfChanges::new();
        for (unit, start, places) in &known {
            let of_start = weights
                .entry(*start)
                .or_insert_with(|| vec![Vec::new(); self.width()]);
            for &index in places {
                let weight = match estimand {
                    Estimand::Point(wanted) if wanted == index => 1.0 / counts[index] as f64,
                    Estimand::After if index >= start_index => {
                        1.0 / (after(places) as f64 * units_after)
                    }
                    Estimand::TrendBefore if index < start_index => {
                        slopes.get(index)? / counts[index] as f64
                    }
                    _ => continue,
                };
                of_start[index].push((*unit, weight));
            }
        }
        Some(weights)
    }

    /// The mean change of the controls, without one of them.
    fn mean_of_controls(&self, start: u32, index: usize, without: Option<usize>) -> Option<f64> {
        let (mut sum, mut n) = *self.controls.get(&start)?.get(index)?;
        if let Some(change) = without.and_then(|unit| self.control_change(unit, start, index)) {
            sum -= change;
            n -= 1;
        }
        (n > 0).then(|| sum / n as f64)
    }

    fn estimates(&self, without: Option<usize>) -> Estimates {
        let start_index = self.window.before as usize;
        let mut sums = vec![(0.0, 0_usize); self.width()];
        let (mut sum_after, mut n_after) = (0.0, 0_usize);
        let means: BTreeMap<u32, Vec<Option<f64>>> = self
            .controls
            .keys()
            .map(|start| {
                let of_start = (0..self.width())
                    .map(|index| self.mean_of_controls(*start, index, without))
                    .collect();
                (*start, of_start)
            })
            .collect();
        for &unit in self.adopters.iter().filter(|unit| Some(**unit) != without) {
            let Some(start) = self.starts[unit] else {
                continue;
            };
            let (mut own_sum, mut own_n) = (0.0, 0_usize);
            for (index, sum) in sums.iter_mut().enumerate() {
                let control = means.get(&start).and_then(|means| means[index]);
                let (Some(change), Some(control)) = (self.change(unit, start, index), control)
                else {
                    continue;
                };
                sum.0 += change - control;
                sum.1 += 1;
                if index >= start_index {
                    own_sum += change - control;
                    own_n += 1;
                }
            }
            if own_n > 0 {
                sum_after += own_sum / own_n as f64;
                n_after += 1;
            }
        }
        let mean = |(sum, n): (f64, usize)| (n > 0).then(|| sum / n as f64);
        let points: Vec<Option<f64>> = sums.iter().copied().map(mean).collect();
        Estimates {
            trend_before: slope(&points[..start_index]),
            counts: sums.iter().map(|sum| sum.1).collect(),
            points,
            after: mean((sum_after, n_after)),
            adopters: n_after,
        }
    }

    /// Which units started with a base, and which serve as controls.
    fn roles(&self) -> (Vec<bool>, Vec<bool>) {
        let mut started = vec![false; self.units.len()];
        for unit in &self.adopters {
            started[*unit] = true;
        }
        let is_control = |unit: usize| {
            (self.controls.keys()).any(|start| {
                (self.window.before as usize..self.width())
                    .any(|index| self.control_change(unit, *start, index).is_some())
            })
        };
        let controls = (0..self.units.len()).map(is_control).collect();
        (started, controls)
    }
}

/// The least-squares slope of points over their places; needs three of them.
fn slope(points: &[Option<f64>]) -> Option<f64> {
    let known: Vec<(f64, f64)> = points
        .iter()
        .enumerate()
        .filter_map(|(place, value)| Some((place as f64, (*value)?)))
        .collect();
    if known.len() < 3 {
        return None;
    }
    let n = known.len() as f64;
    let mean_place = known.iter().map(|it| it.0).sum::<f64>() / n;
    let mean_value = known.iter().map(|it| it.1).sum::<f64>() / n;
    let (mut mixed, mut squares) = (0.0, 0.0);
    for (place, value) in known {
        mixed += (place - mean_place) * (value - mean_value);
        squares += (place - mean_place).powi(2);
    }
    Some(mixed / squares)
}

/// What each place weighs in [`slope`], by how many units are known there; empty where there is none.
fn slope_weights(counts: &[usize]) -> Vec<f64> {
    let known: Vec<f64> = (counts.iter().enumerate())
        .filter(|(_, count)| **count > 0)
        .map(|(place, _)| place as f64)
        .collect();
    if known.len() < 3 {
        return Vec::new();
    }
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let squares: f64 = known.iter().map(|place| (place - mean).powi(2)).sum();
    (0..counts.len())
        .map(|place| (place as f64 - mean) / squares)
        .collect()
}
