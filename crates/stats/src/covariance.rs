//! How uncertain coefficients are, under several ideas of what varies.

use nalgebra::{DMatrix, DVector};

use crate::codes::DenseCodes;
use crate::error::{StatsError, require_at_least};
use crate::regression::Regression;

/// What the standard errors of a regression allow for.
#[derive(Debug, Clone, Copy)]
pub enum StandardErrors<'a> {
    /// Rows are independent and equally noisy: `s^2 (X'X)^-1`.
    Classical,
    /// Rows are independent, of any noise: `sum x x' e^2` in the middle (H. White, Econometrica 48
    /// (1980) 817-838).
    Hc0,
    /// As `Hc0`, times `N / (N - k)`.
    Hc1,
    /// As `Hc0`, with `e / (1 - h)` for `e`, h the leverage (J. G. MacKinnon and H. White, J.
    /// Econometrics 29 (1985) 305-325). Not with absorbed effects, whose leverages are not known.
    Hc3,
    /// Rows of a cluster depend on each other in any way, clusters do not.
    Clustered {
        /// The cluster of each row that was given to the regression.
        clusters: &'a [u32],
        /// How absorbed effects count in the small-sample factor.
        counting: EffectsCounted,
    },
}

/// How absorbed effects count towards k in the factor `G/(G-1) (N-1)/(N-k)` of clustered errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectsCounted {
    /// All of them, as if each had a dummy: `sum of levels - (factors - 1)`.
    All,
    /// Those whose groups are not nested in clusters; one level of each nested factor stays. This is
    /// the default of fixest and pyfixest.
    NotNested,
    /// None: k counts the regressors alone.
    None,
}

/// The covariance matrix of the used coefficients.
pub(crate) struct Covariance {
    pub(crate) matrix: DMatrix<f64>,
    pub(crate) df: f64,
    pub(crate) clusters: Option<usize>,
}

/// Computes the covariance of the coefficients as `S middle S'`, with `(X'X)^-1 = S S'`.
pub(crate) fn covariance(
    regression: &Regression,
    errors: StandardErrors,
) -> Result<Covariance, StatsError> {
    let n = regression.n() as f64;
    let visible = regression.solved.used.len();
    let all_counted = visible + absorbed_levels(regression);
    let spare = n - all_counted as f64;
    let independent = |middle: DMatrix<f64>, factor: f64| {
        require_at_least("outcome", all_counted + 1, regression.n())?;
        let scaled = &regression.solved.inverse_factor * factor.sqrt();
        Ok(Covariance {
            matrix: &scaled * middle * scaled.transpose(),
            df: spare,
            clusters: None,
        })
    };
    match errors {
        StandardErrors::Classical => {
            let variance = regression.residual_squares() / spare;
            independent(DMatrix::identity(visible, visible), variance)
        }
        StandardErrors::Hc0 => independent(robust_middle(regression, |_| 1.0), 1.0),
        StandardErrors::Hc1 => independent(robust_middle(regression, |_| 1.0), n / spare),
        StandardErrors::Hc3 => {
            if regression.effects.is_some() {
                return Err(StatsError::Unsupported {
                    what: "HC3 errors with absorbed effects",
                });
            }
            // A row that is fitted exactly has no residual to inflate.
            let inflate = |leverage: f64| 1.0 / (1.0 - leverage).max(f64::EPSILON);
            independent(robust_middle(regression, inflate), 1.0)
        }
        StandardErrors::Clustered { clusters, counting } => {
            let clusters = DenseCodes::of_column(regression.pick_clusters(clusters)?);
            require_at_least("clusters", 2, clusters.groups)?;
            let k = visible + levels_counted(regression, &clusters, counting);
            require_at_least("outcome", k + 1, regression.n())?;
            let groups = clusters.groups as f64;
            let factor = groups / (groups - 1.0) * (n - 1.0) / (n - k as f64);
            let scores = cluster_scores(regression, &clusters) * &regression.solved.inverse_factor;
            let middle = scores.transpose() * scores * factor;
            let factor = &regression.solved.inverse_factor;
            Ok(Covariance {
                matrix: factor * middle * factor.transpose(),
                df: groups - 1.0,
                clusters: Some(clusters.groups),
            })
        }
    }
}

/// Adds up `z z' e^2 inflate(h)^2`, z being the rows of the orthogonal factor and h their squares.
fn robust_middle(regression: &Regression, inflate: impl Fn(f64) -> f64) -> DMatrix<f64> {
    let solved = &regression.solved;
    let width = solved.used.len();
    let mut middle = DMatrix::<f64>::zeros(width, width);
    let mut row = DVector::<f64>::zeros(width);
    let transposed = solved.inverse_factor.transpose();
    for (index, residual) in solved.residuals.iter().enumerate() {
        for (slot, &column) in solved.used.iter().enumerate() {
            row[slot] = regression.columns[column][index];
        }
        let orthogonal = &transposed * &row;
        let weight = residual * inflate(orthogonal.norm_squared());
        middle.syger(weight * weight, &orthogonal, &orthogonal, 1.0);
    }
    middle.fill_upper_triangle_with_lower_triangle();
    middle
}

/// Adds up `x e` within each cluster; one row for each cluster.
fn cluster_scores(regression: &Regression, clusters: &DenseCodes) -> DMatrix<f64> {
    let solved = &regression.solved;
    let mut scores = DMatrix::<f64>::zeros(clusters.groups, solved.used.len());
    for (slot, &column) in solved.used.iter().enumerate() {
        let mut sums = scores.column_mut(slot);
        let rows = regression.columns[column].iter().zip(&solved.residuals);
        for ((value, residual), &code) in rows.zip(&clusters.codes) {
            sums[code as usize] += value * residual;
        }
    }
    scores
}

/// Counts the absorbed levels that a dummy regression would estimate.
fn absorbed_levels(regression: &Regression) -> usize {
    regression.effects.map_or(0, |effects| {
        let levels = effects.levels();
        levels.iter().sum::<usize>() - (levels.len() - 1)
    })
}

fn levels_counted(
    regression: &Regression,
    clusters: &DenseCodes,
    counting: EffectsCounted,
) -> usize {
    let Some(effects) = regression.effects else {
        return 0;
    };
    let all = absorbed_levels(regression);
    match counting {
        EffectsCounted::All => all,
        EffectsCounted::None => 0,
        EffectsCounted::NotNested => {
            let nested = effects.nested_in(clusters);
            let levels = effects.levels().into_iter().zip(nested);
            all - levels.filter(|it| it.1).map(|it| it.0 - 1).sum::<usize>()
        }
    }
}
