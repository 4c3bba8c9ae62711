//! Ranks of a column, ties sharing their mean.

/// The ranks of a column.
pub(crate) struct Ranks {
    /// The rank of each row, from 1.
    pub(crate) ranks: Vec<f64>,
    /// The sum of `t^3 - t` over the runs of ties.
    pub(crate) tie_term: f64,
}

/// Ranks finite values; tied ones share the mean of their ranks.
pub(crate) fn midranks(values: &[f64]) -> Ranks {
    let mut order: Vec<(f64, u32)> = values.iter().copied().zip(0..).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = vec![0.0; values.len()];
    let mut tie_term = 0.0;
    let mut start = 0;
    // Not the total order: -0 and 0 are the same observation.
    for run in order.chunk_by(|a, b| a.0 == b.0) {
        let tied = run.len() as f64;
        let shared = start as f64 + f64::midpoint(tied, 1.0);
        for &(_, row) in run {
            ranks[row as usize] = shared;
        }
        tie_term += tied * tied * tied - tied;
        start += run.len();
    }
    Ranks { ranks, tie_term }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_mean_rank() {
        let ranked = midranks(&[3.0, 1.0, 3.0, -0.0, 0.0, 3.0]);
        assert_eq!(ranked.ranks, [5.0, 3.0, 5.0, 1.5, 1.5, 5.0]);
        assert_eq!(ranked.tie_term, 24.0 + 6.0);
    }
}
