//! Least squares by orthogonal factors, a block of rows at a time.

use nalgebra::{DMatrix, DVector};

use crate::error::StatsError;

/// Rows that are factored together; small enough for the cache.
const BLOCK_ROWS: usize = 1_024;

/// The least-squares fit of an outcome to columns.
#[derive(Debug, Clone)]
pub(crate) struct LeastSquares {
    /// The columns that are not combinations of earlier ones.
    pub(crate) used: Vec<usize>,
    /// The coefficient of each used column.
    pub(crate) coefficients: Vec<f64>,
    /// The inverse of the triangular factor of the used columns: `(X'X)^-1 = S S'`.
    pub(crate) inverse_factor: DMatrix<f64>,
    /// The outcome less its fit.
    pub(crate) residuals: Vec<f64>,
}

impl LeastSquares {
    /// Fits `outcome` to `columns`, leaving out those that are combinations of earlier ones.
    ///
    /// Householder factors of `[X y]`, never the normal equations, so that ill-conditioned columns keep
    /// their digits. Column `j` is left out when what the earlier ones leave of it is below
    /// `tolerance` times `norms[j]`.
    pub(crate) fn new(
        columns: &[Vec<f64>],
        outcome: &[f64],
        norms: &[f64],
        tolerance: f64,
    ) -> Result<Self, StatsError> {
        let width = columns.len();
        let factor = triangular_factor(columns, outcome);
        let mut used: Vec<usize> = (0..width).collect();
        let (triangle, right) = loop {
            let mut picked = factor.select_columns(&used);
            picked = picked.insert_column(used.len(), 0.0);
            picked.set_column(used.len(), &factor.column(width));
            let triangle = picked.qr().unpack_r();
            let empty = (0..used.len())
                .find(|&index| triangle[(index, index)].abs() <= tolerance * norms[used[index]]);
            if let Some(index) = empty {
                used.remove(index);
                continue;
            }
            let size = used.len();
            let right: DVector<f64> = triangle.column(size).rows(0, size).into_owned();
            break (triangle.view((0, 0), (size, size)).into_owned(), right);
        };
        if used.is_empty() {
            return Err(StatsError::Constant {
                what: "every regressor",
            });
        }
        let identity = DMatrix::identity(used.len(), used.len());
        let collinear = || StatsError::Collinear { column: used[0] };
        let inverse_factor = triangle
            .solve_upper_triangular(&identity)
            .ok_or_else(collinear)?;
        let solution = triangle
            .solve_upper_triangular(&right)
            .ok_or_else(collinear)?;
        let mut solved = LeastSquares {
            coefficients: solution.iter().copied().collect(),
            residuals: outcome.to_vec(),
            used,
            inverse_factor,
        };
        for (&column, &coefficient) in solved.used.iter().zip(&solved.coefficients) {
            for (residual, value) in solved.residuals.iter_mut().zip(&columns[column]) {
                *residual -= coefficient * value;
            }
        }
        Ok(solved)
    }

    /// Returns the coefficients of `vector` on the used columns.
    fn project(&self, columns: &[Vec<f64>], vector: &[f64]) -> DVector<f64> {
        let product =
            |&column: &usize| columns[column].iter().zip(vector).map(|(x, v)| x * v).sum();
        let products = DVector::from_iterator(self.used.len(), self.used.iter().map(product));
        &self.inverse_factor * (self.inverse_factor.transpose() * products)
    }

    /// Removes from `vector` its projection on the used columns.
    pub(crate) fn remove_projection(&self, columns: &[Vec<f64>], vector: &mut [f64]) {
        let weights = self.project(columns, vector);
        for (&column, &weight) in self.used.iter().zip(weights.iter()) {
            for (value, regressor) in vector.iter_mut().zip(&columns[column]) {
                *value -= weight * regressor;
            }
        }
    }
}

/// Returns the triangular factor of `[X y]`.
fn triangular_factor(columns: &[Vec<f64>], outcome: &[f64]) -> DMatrix<f64> {
    let width = columns.len() + 1;
    let mut factor = DMatrix::<f64>::zeros(0, width);
    let mut start = 0;
    while start < outcome.len() {
        let rows = BLOCK_ROWS.min(outcome.len() - start);
        let above = factor.nrows();
        let mut stacked = DMatrix::zeros(above + rows, width);
        stacked.rows_mut(0, above).copy_from(&factor);
        for (index, column) in columns
            .iter()
            .map(Vec::as_slice)
            .chain([outcome])
            .enumerate()
        {
            let mut target = stacked.column_mut(index);
            target.as_mut_slice()[above..].copy_from_slice(&column[start..start + rows]);
        }
        factor = stacked.qr().unpack_r();
        start += rows;
    }
    if factor.nrows() < width {
        factor = factor.resize_vertically(width, 0.0);
    }
    factor
}

/// Returns the Euclidean norm.
pub(crate) fn norm(column: &[f64]) -> f64 {
    column.iter().map(|value| value * value).sum::<f64>().sqrt()
}
