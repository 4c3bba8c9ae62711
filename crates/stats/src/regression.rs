//! Linear regression, with group effects absorbed and standard errors that suit the data.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use crate::covariance::{StandardErrors, covariance};
use crate::distribution::{student_97_5, student_two_sided};
use crate::error::{StatsError, require_at_least, require_finite, require_length};
use crate::fixed_effects::FixedEffects;
use crate::least_squares::{LeastSquares, norm};
use crate::proportion::Interval;

/// A column is a combination of others when this share of it is left.
const COLLINEAR_SHARE: f64 = 1e-10;

/// A column is absorbed by the group effects when this share of it is left.
const ABSORBED_SHARE: f64 = 1e-7;

/// A regression that is solved; ask it for standard errors of any kind.
#[derive(Debug, Clone)]
pub struct Regression<'a> {
    /// The columns as they enter: the constant and the regressors less their means, or the regressors
    /// less the group effects.
    pub(crate) columns: Vec<Vec<f64>>,
    /// What was taken off each column; the constant is reported for the columns as they were given.
    means: Vec<f64>,
    pub(crate) outcome: Vec<f64>,
    pub(crate) solved: LeastSquares,
    pub(crate) effects: Option<&'a FixedEffects>,
    rows_given: usize,
    total_squares: f64,
}

/// The coefficients of a regression with their uncertainty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LinearFit {
    /// One for each regressor, the constant first when there is one; `None` for a regressor that is a
    /// combination of earlier ones or of the group effects.
    pub coefficients: Vec<Option<Coefficient>>,
    /// The share of the variance that the regressors explain; within groups when effects are absorbed.
    pub r_squared: f64,
    /// How many rows entered.
    pub n: usize,
    /// How many clusters, when the standard errors count them.
    pub clusters: Option<usize>,
}

/// One coefficient with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Coefficient {
    /// The change of the outcome for one more unit of the regressor.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The degrees of freedom of Student's t: clusters less 1, or rows less coefficients.
    pub df: f64,
    /// Two-sided p-value of "no change".
    pub p: f64,
    /// The 95 % interval.
    pub interval: Interval,
}

impl Coefficient {
    /// Reads a coefficient from its estimate and standard error by Student's t.
    pub(crate) fn new(estimate: f64, standard_error: f64, df: f64) -> Self {
        let half_width = student_97_5(df) * standard_error;
        Coefficient {
            estimate,
            standard_error,
            df,
            p: student_two_sided(estimate / standard_error, df),
            interval: Interval {
                low: estimate - half_width,
                high: estimate + half_width,
            },
        }
    }
}

impl<'a> Regression<'a> {
    /// Fits `outcome` to a constant, which is the first coefficient, and to `regressors`.
    pub fn new(outcome: &[f64], regressors: &[&[f64]]) -> Result<Self, StatsError> {
        check_columns(outcome, regressors)?;
        let rows = outcome.len() as f64;
        let mut columns = vec![vec![1.0; outcome.len()]];
        let mut means = vec![0.0];
        let mut norms = vec![rows.sqrt()];
        for regressor in regressors {
            let mean = regressor.iter().sum::<f64>() / rows;
            // Columns far from zero would nearly be the constant and lose digits.
            columns.push(regressor.iter().map(|value| value - mean).collect());
            means.push(mean);
            norms.push(norm(regressor));
        }
        let solved = LeastSquares::new(&columns, outcome, &norms, COLLINEAR_SHARE)?;
        require_at_least("outcome", solved.used.len() + 1, outcome.len())?;
        let mean = outcome.iter().sum::<f64>() / rows;
        Ok(Regression {
            columns,
            means,
            total_squares: outcome.iter().map(|value| (value - mean).powi(2)).sum(),
            outcome: outcome.to_vec(),
            solved,
            effects: None,
            rows_given: outcome.len(),
        })
    }

    /// Fits `outcome` to `regressors` after `effects` are removed from all of them.
    ///
    /// The coefficients are those of a regression with a dummy for every group (R. Frisch and F. V.
    /// Waugh, Econometrica 1 (1933) 387-401). Columns have all rows; singletons are dropped here.
    pub fn absorbing(
        outcome: &[f64],
        regressors: &[&[f64]],
        effects: &'a FixedEffects,
    ) -> Result<Self, StatsError> {
        let regressors = regressors.iter().map(|column| column.to_vec()).collect();
        Regression::absorbing_columns(outcome.to_vec(), regressors, effects)
    }

    /// As [`Regression::absorbing`], for columns that are not needed any more: with a million rows each
    /// copy counts.
    pub fn absorbing_columns(
        outcome: Vec<f64>,
        regressors: Vec<Vec<f64>>,
        effects: &'a FixedEffects,
    ) -> Result<Self, StatsError> {
        let given: Vec<&[f64]> = regressors.iter().map(Vec::as_slice).collect();
        check_columns(&outcome, &given)?;
        let rows_given = outcome.len();
        require_length("outcome", effects.rows_given(), rows_given)?;
        let mut norms = Vec::with_capacity(regressors.len());
        let mut columns = Vec::with_capacity(regressors.len() + 1);
        for regressor in regressors {
            let column = effects.keep(regressor);
            let mean = column.iter().sum::<f64>() / column.len() as f64;
            let squares = column.iter().map(|value| (value - mean).powi(2));
            norms.push(squares.sum::<f64>().sqrt());
            columns.push(column);
        }
        columns.push(effects.keep(outcome));
        effects.absorb(&mut columns)?;
        let within = columns.pop().unwrap_or_default();
        let solved = LeastSquares::new(&columns, &within, &norms, ABSORBED_SHARE)?;
        Ok(Regression {
            means: vec![0.0; columns.len()],
            columns,
            total_squares: within.iter().map(|value| value * value).sum(),
            outcome: within,
            solved,
            effects: Some(effects),
            rows_given,
        })
    }

    /// Returns the coefficients with standard errors of the kind asked for.
    pub fn fit(&self, errors: StandardErrors) -> Result<LinearFit, StatsError> {
        let spread = covariance(self, errors)?;
        let used = &self.solved.used;
        let mut to_given = DMatrix::<f64>::identity(used.len(), used.len());
        for (index, &column) in used.iter().enumerate() {
            to_given[(0, index)] -= self.means[column];
        }
        let estimates = &to_given * DVector::from_column_slice(&self.solved.coefficients);
        let matrix = &to_given * spread.matrix * to_given.transpose();
        let mut coefficients = vec![None; self.columns.len()];
        for (index, &column) in used.iter().enumerate() {
            let standard_error = matrix[(index, index)].max(0.0).sqrt();
            let coefficient = Coefficient::new(estimates[index], standard_error, spread.df);
            coefficients[column] = Some(coefficient);
        }
        Ok(LinearFit {
            coefficients,
            r_squared: 1.0 - self.residual_squares() / self.total_squares,
            n: self.n(),
            clusters: spread.clusters,
        })
    }

    /// Returns how many rows entered.
    pub fn n(&self) -> usize {
        self.outcome.len()
    }

    /// Returns the outcome less its fit, in the order of the rows that entered.
    pub fn residuals(&self) -> &[f64] {
        &self.solved.residuals
    }

    pub(crate) fn residual_squares(&self) -> f64 {
        self.solved.residuals.iter().map(|it| it * it).sum()
    }

    /// Picks the rows that entered out of a full column of cluster codes.
    pub(crate) fn pick_clusters(&self, clusters: &[u32]) -> Result<Vec<u32>, StatsError> {
        require_length("clusters", self.rows_given, clusters.len())?;
        Ok(match self.effects {
            Some(effects) => effects.pick(clusters),
            None => clusters.to_vec(),
        })
    }
}

fn check_columns(outcome: &[f64], regressors: &[&[f64]]) -> Result<(), StatsError> {
    require_finite("outcome", outcome)?;
    for regressor in regressors {
        require_length("regressor", outcome.len(), regressor.len())?;
        require_finite("regressor", regressor)?;
    }
    Ok(())
}
