//! How well a score tells who comes first.

use crate::error::{StatsError, require_finite, require_length};
use crate::kaplan_meier::check_times;

/// Returns Harrell's concordance: the share of comparable pairs in which the higher risk had the event
/// first, equal risks counting one half.
///
/// A pair is comparable when the earlier time ended with the event; at equal times, when one did and the
/// other was cut off. Source: F. E. Harrell et al., "Evaluating the yield of medical tests", JAMA 247 (1982)
/// 2543-2546. O(n log n), by counting in a tree of ranks.
pub fn concordance(times: &[f64], events: &[bool], risks: &[f64]) -> Result<f64, StatsError> {
    check_times(times, events.len())?;
    require_length("risks", times.len(), risks.len())?;
    require_finite("risks", risks)?;
    let mut distinct = risks.to_vec();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    let level = |risk: f64| distinct.partition_point(|it| *it < risk);
    let mut order: Vec<u32> = (0..times.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| times[b as usize].total_cmp(&times[a as usize]));
    let mut later = RankTree::new(distinct.len());
    let (mut comparable, mut concordant) = (0.0, 0.0);
    for tied in order.chunk_by(|&a, &b| times[a as usize] == times[b as usize]) {
        let (dying, cut_off): (Vec<u32>, Vec<u32>) =
            tied.iter().partition(|row| events[**row as usize]);
        for row in cut_off {
            later.add(level(risks[row as usize]));
        }
        for &row in &dying {
            let own = level(risks[row as usize]);
            let (below, up_to) = (later.below(own), later.below(own + 1));
            comparable += later.count as f64;
            concordant += 0.5 * (below + up_to) as f64;
        }
        for row in dying {
            later.add(level(risks[row as usize]));
        }
    }
    if comparable == 0.0 {
        return Err(StatsError::Empty {
            what: "comparable pairs",
        });
    }
    Ok(concordant / comparable)
}

/// Counts of levels, with running sums in O(log n).
struct RankTree {
    nodes: Vec<u64>,
    count: u64,
}

impl RankTree {
    fn new(levels: usize) -> Self {
        RankTree {
            nodes: vec![0; levels + 1],
            count: 0,
        }
    }

    fn add(&mut self, level: usize) {
        self.count += 1;
        let mut node = level + 1;
        while node < self.nodes.len() {
            self.nodes[node] += 1;
            node += node & node.wrapping_neg();
        }
    }

    /// Counts what was added below `level`.
    fn below(&self, level: usize) -> u64 {
        let mut node = level;
        let mut sum = 0;
        while node > 0 {
            sum += self.nodes[node];
            node &= node - 1;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_those_of_all_rows() {
        let times: Vec<f64> = (0..60).map(|row| f64::from(row * 7 % 19)).collect();
        let events: Vec<bool> = (0..60).map(|row| row % 3 != 0).collect();
        let risks: Vec<f64> = (0..60).map(|row| f64::from(row * 11 % 13)).collect();
        let (mut comparable, mut concordant) = (0.0, 0.0);
        for one in 0..60 {
            for other in 0..60 {
                let earlier = times[one] < times[other];
                let cut_off = times[one] == times[other] && !events[other];
                if !events[one] || !(earlier || cut_off) {
                    continue;
                }
                comparable += 1.0;
                if risks[one] > risks[other] {
                    concordant += 1.0;
                } else if risks[one] == risks[other] {
                    concordant += 0.5;
                }
            }
        }
        assert_eq!(
            concordance(&times, &events, &risks),
            Ok(concordant / comparable)
        );
        assert!(concordance(&[1.0, 2.0], &[false; 2], &[1.0, 2.0]).is_err());
    }
}
