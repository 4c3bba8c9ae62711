//! Why a statistic cannot be computed.

use thiserror::Error;

/// Why the numbers given cannot carry the statistic asked for.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum StatsError {
    /// There are no observations.
    #[error("no observations in {what}")]
    Empty {
        /// Which argument.
        what: &'static str,
    },
    /// There are fewer observations, clusters or groups than the method needs.
    #[error("{what} has {got}, at least {need} are needed")]
    TooFew {
        /// Which argument.
        what: &'static str,
        /// The smallest number that the method accepts.
        need: usize,
        /// The number given.
        got: usize,
    },
    /// A value is not a number or not finite.
    #[error("{what} is not finite at index {index}")]
    NonFinite {
        /// Which argument.
        what: &'static str,
        /// Where it stands, from 0.
        index: usize,
    },
    /// All values are the same, so that nothing varies.
    #[error("{what} does not vary")]
    Constant {
        /// Which argument.
        what: &'static str,
    },
    /// Two columns that belong together differ in length.
    #[error("{what} has length {got} instead of {expected}")]
    LengthMismatch {
        /// Which argument.
        what: &'static str,
        /// The length of the other columns.
        expected: usize,
        /// Its own length.
        got: usize,
    },
    /// A number lies outside of the range that has a meaning.
    #[error("{what} is {value}, out of range")]
    OutOfRange {
        /// Which argument.
        what: &'static str,
        /// The number given.
        value: f64,
    },
    /// A regressor is a linear combination of the others.
    #[error("regressor {column} is a combination of the others")]
    Collinear {
        /// The column, from 0.
        column: usize,
    },
    /// The method does not hold for this combination of choices.
    #[error("{what} cannot be computed")]
    Unsupported {
        /// The combination.
        what: &'static str,
    },
    /// An iteration did not settle.
    #[error("{what} did not converge in {iterations} iterations")]
    NotConverged {
        /// Which iteration.
        what: &'static str,
        /// How many were tried.
        iterations: usize,
    },
}

/// Refuses a column that is empty or holds a value that is not finite.
pub(crate) fn require_finite(what: &'static str, values: &[f64]) -> Result<(), StatsError> {
    if values.is_empty() {
        return Err(StatsError::Empty { what });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(StatsError::NonFinite { what, index }),
        None => Ok(()),
    }
}

/// Refuses a column whose length differs from that of the others.
pub(crate) fn require_length(
    what: &'static str,
    expected: usize,
    got: usize,
) -> Result<(), StatsError> {
    if expected == got {
        Ok(())
    } else {
        Err(StatsError::LengthMismatch {
            what,
            expected,
            got,
        })
    }
}

/// Refuses fewer of something than a method needs.
pub(crate) fn require_at_least(
    what: &'static str,
    need: usize,
    got: usize,
) -> Result<(), StatsError> {
    if got >= need {
        Ok(())
    } else {
        Err(StatsError::TooFew { what, need, got })
    }
}

/// Refuses a probability that is not strictly between 0 and 1.
pub(crate) fn require_probability(what: &'static str, value: f64) -> Result<(), StatsError> {
    if value > 0.0 && value < 1.0 {
        Ok(())
    } else {
        Err(StatsError::OutOfRange { what, value })
    }
}
