//! How uncertain the estimates of an event study are.

use crate::distribution::student_97_5;
use crate::event_study::Panel;
use crate::regression::Coefficient;

/// Up to this many units the degrees of freedom are counted from what each outcome weighs; time grows with
/// the cube of it, and above it the two ways agree.
const MOST_UNITS_WEIGHED: usize = 30;

/// What is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Estimand {
    /// The difference in a period, by its place in the window.
    Point(usize),
    /// The mean from the start on.
    After,
    /// The slope before the start.
    TrendBefore,
}

/// Squares of steps of units that started, and of the others.
#[derive(Default, Clone, Copy)]
struct Role {
    squares: f64,
    units: f64,
}

impl Role {
    /// A unit that is left out moves a mean of n by 1 / (n - 1) of its own distance.
    fn scale(self) -> f64 {
        (self.units - 1.0).max(1.0) / self.units.max(1.0)
    }
}

/// Reads an estimate with the spread of those that leave out one unit each.
pub(crate) fn jackknife(
    panel: &Panel,
    estimand: Estimand,
    estimate: f64,
    without: impl Iterator<Item = Option<f64>>,
    started: &[bool],
) -> Option<Coefficient> {
    let mut roles = [Role::default(); 2];
    for (part, is_started) in without.zip(started) {
        // A period that hangs on one unit has no error that could be told.
        let step = part? - estimate;
        if step != 0.0 {
            let role = &mut roles[usize::from(*is_started)];
            role.squares += step * step;
            role.units += 1.0;
        }
    }
    if roles[0].units + roles[1].units < 2.0 {
        return None;
    }
    let of_roles = roles.map(|role| role.squares * role.scale());
    let variance = of_roles[0] + of_roles[1];
    let scales: Vec<f64> = (started.iter())
        .map(|is_started| roles[usize::from(*is_started)].scale())
        .collect();
    let (factor, df) = if started.len() > MOST_UNITS_WEIGHED {
        let share = |index: usize| of_roles[index].powi(2) / (roles[index].units - 1.0).max(1.0);
        (1.0, variance * variance / (share(0) + share(1)))
    } else {
        alike(panel, estimand, &scales)?
    };
    if student_97_5(df).is_nan() {
        return None;
    }
    Some(Coefficient::new(estimate, (factor * variance).sqrt(), df))
}

/// What the sum of squares must be taken times, and its degrees of freedom, if all units vary alike.
///
/// Each step is a weighted sum of outcomes, so that for independent outcomes of the same variance the sum of
/// squares has mean `tr M` and, for normal ones, variance `2 tr M^2`, M holding the products of the weights
/// of steps.
fn alike(panel: &Panel, estimand: Estimand, scales: &[f64]) -> Option<(f64, f64)> {
    let whole = panel.weights(estimand, None)?;
    let steps: Vec<Vec<f64>> = (0..scales.len())
        .map(|unit| {
            let part = panel.weights(estimand, Some(unit))?;
            let scale = scales[unit].sqrt();
            Some(
                whole
                    .iter()
                    .zip(part)
                    .map(|(all, part)| scale * (part - all))
                    .collect(),
            )
        })
        .collect::<Option<_>>()?;
    let product = |one: &[f64], other: &[f64]| -> f64 {
        one.iter().zip(other).map(|(one, other)| one * other).sum()
    };
    let (mut trace, mut squares) = (0.0, 0.0);
    for (index, one) in steps.iter().enumerate() {
        let own = product(one, one);
        trace += own;
        squares += own * own;
        for other in &steps[..index] {
            squares += 2.0 * product(one, other).powi(2);
        }
    }
    Some((product(&whole, &whole) / trace, trace * trace / squares))
}

impl Panel {
    /// What each outcome weighs in an estimate, unit by unit and period by period.
    fn weights(&self, estimand: Estimand, without: Option<usize>) -> Option<Vec<f64>> {
        let periods = self.periods();
        let mut weights = vec![0.0; self.unit_count() * periods];
        let mut add = |unit: usize, start: u32, index: usize, weight: f64| {
            let mut at = |period: i64, weight: f64| {
                if let Some(place) = self.place(period) {
                    weights[unit * periods + place] += weight;
                }
            };
            at(self.period(start, index), weight);
            for back in self.base_periods(start) {
                at(back, -weight / self.base_length());
            }
        };
        for (start, of_start) in self.weights_of_changes(estimand, without)? {
            for (index, changes) in of_start.iter().enumerate() {
                let all: f64 = changes.iter().map(|change| change.1).sum();
                if all == 0.0 {
                    continue;
                }
                for (unit, weight) in changes {
                    add(*unit, start, index, *weight);
                }
                let controls: Vec<usize> = (0..self.unit_count())
                    .filter(|unit| Some(*unit) != without && self.is_control(*unit, start, index))
                    .collect();
                for unit in &controls {
                    add(*unit, start, index, -all / controls.len() as f64);
                }
            }
        }
        Some(weights)
    }
}
