//! Fewer points of a curve, for drawing it.

use crate::kaplan_meier::CurvePoint;

/// Returns at most `most` points of a monotone curve, first and last among them.
///
/// A curve that has more is thinned by its height: a point is kept when the curve has moved by one step of
/// `range / (most - 2)` since the last kept one, so that what is left out between two kept points is less
/// than that. Kept points are points of the curve, not means. `most` below 2 counts as 2.
pub fn thin_curve(curve: impl Iterator<Item = CurvePoint>, most: usize) -> Vec<CurvePoint> {
    let points: Vec<CurvePoint> = curve.collect();
    let (Some(first), Some(last)) = (points.first().copied(), points.last().copied()) else {
        return points;
    };
    if points.len() <= most.max(2) {
        return points;
    }
    let step = (last.share - first.share).abs() / (most.max(3) - 2) as f64;
    let mut kept = vec![first];
    let mut height = first.share;
    for point in &points[1..points.len() - 1] {
        // Room is kept for the last point, whatever rounding does.
        if (point.share - height).abs() >= step && kept.len() + 1 < most && step > 0.0 {
            kept.push(*point);
            height = point.share;
        }
    }
    kept.push(last);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proportion::Interval;

    fn curve(n: usize) -> impl Iterator<Item = CurvePoint> {
        (0..n).map(move |index| {
            let share = (-(index as f64) / 300.0).exp();
            CurvePoint {
                time: index as f64,
                share,
                interval: Interval {
                    low: share,
                    high: share,
                },
                at_risk: n - index,
            }
        })
    }

    #[test]
    fn a_thinned_curve_keeps_its_ends_and_its_shape() {
        for (n, most) in [(1_000, 50), (1_000, 3), (1_000, 2), (70, 200), (1, 5)] {
            let thin = thin_curve(curve(n), most);
            let all: Vec<CurvePoint> = curve(n).collect();
            assert!(thin.len() <= most.max(2), "{n} {most}: {}", thin.len());
            assert_eq!(thin.first(), all.first());
            assert_eq!(thin.last(), all.last());
            assert!(thin.iter().all(|point| all.contains(point)));
        }
        assert_eq!(thin_curve(curve(70), 200).len(), 70);
        assert!(thin_curve(curve(0), 10).is_empty());
        let thin = thin_curve(curve(1_000), 52);
        let step = (1.0 - thin.last().expect("points").share) / 50.0;
        let jump = |pair: &[CurvePoint]| (pair[0].share - pair[1].share).abs();
        let largest = thin.windows(2).map(jump).fold(0.0, f64::max);
        // A step, and at most one move of the curve itself beyond it.
        assert!(largest <= step + 1.0 / 300.0, "{largest} {step}");
    }
}
