//! Which of two ends comes first, at given times, for rows that come in clusters.

use crate::codes::DenseCodes;
use crate::cumulative_incidence::Ending;
use crate::distribution::student_97_5;
use crate::error::{StatsError, require_at_least, require_length};
use crate::kaplan_meier::{CurvePoint, check_times, log_log_interval};
use crate::proportion::{Interval, wilson};

/// Returns the share that has had the event by each of `at`, with intervals valid for rows in clusters.
///
/// The share is that of [`crate::CumulativeIncidence`] (without competing endings: one less Kaplan and
/// Meier's). Its variance sums the squares of what each cluster adds. With `S(u-)` without any ending just
/// before u, `d1` events and `d` endings of the `Y` at risk, a row adds `S(u-) / Y` at its event and `-(I(t) -
/// I(u)) / (Y - d)` at its ending, less `S(u-) d1 / Y^2 - (I(t) - I(u)) d / (Y (Y - d))` at each u at which it
/// is at risk; times `G / (G - 1)`. The interval is taken on `ln(-ln(1 - I))`, Student's t having G - 1 degrees
/// of freedom; where it happened to none or to all, it is Wilson's for that many clusters. Sources: O. O.
/// Aalen and S. Johansen, Scandinavian Journal of Statistics 5 (1978) 141-150; Z. Ying and L. J. Wei, J.
/// Multivariate Analysis 50 (1994) 17-29; B. Zhou, J. Fine, A. Latouche and M. Labopin, "Competing risks
/// regression for clustered data", Biostatistics 13 (2012) 371-383. Needs 2 clusters. O(n log n), O(n) for
/// rows in order of time.
pub fn incidence_clustered(
    times: &[f64],
    endings: &[Ending],
    clusters: &[u32],
    at: &[f64],
) -> Result<Vec<CurvePoint>, StatsError> {
    check_times(times, endings.len())?;
    require_length("clusters", times.len(), clusters.len())?;
    let clusters = DenseCodes::new(clusters);
    require_at_least("clusters", 2, clusters.groups)?;
    let rows = sorted(times, endings, &clusters.codes);
    let steps = Step::all(&rows);
    let point = |time: &f64| {
        let totals = totals(&rows, &steps, *time, clusters.groups);
        let incidence = (steps.iter().rev())
            .find(|step| step.time <= *time)
            .map_or(0.0, |step| step.incidence);
        CurvePoint {
            time: *time,
            share: incidence,
            interval: interval(incidence, &totals),
            at_risk: rows.len() - rows.partition_point(|row| row.time < *time),
        }
    };
    Ok(at.iter().map(point).collect())
}

struct Row {
    time: f64,
    cluster: u32,
    ending: Ending,
}

fn sorted(times: &[f64], endings: &[Ending], clusters: &[u32]) -> Vec<Row> {
    let mut rows: Vec<Row> = (times.iter().zip(endings).zip(clusters))
        .map(|((time, ending), cluster)| Row {
            time: *time,
            cluster: *cluster,
            ending: *ending,
        })
        .collect();
    let in_order = |a: &Row, b: &Row| a.time.total_cmp(&b.time).then(a.cluster.cmp(&b.cluster));
    rows.sort_unstable_by(in_order);
    rows
}

/// A time at which something ended.
struct Step {
    time: f64,
    at_risk: f64,
    events: f64,
    ended: f64,
    /// The share without any ending just before.
    survival: f64,
    /// The share with the event right after.
    incidence: f64,
}

impl Step {
    fn all(rows: &[Row]) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at_risk = rows.len() as f64;
        let (mut survival, mut incidence) = (1.0, 0.0);
        for tied in rows.chunk_by(|a, b| a.time == b.time) {
            let (mut events, mut ended) = (0.0, 0.0);
            for row in tied {
                events += f64::from(u8::from(row.ending == Ending::Event));
                ended += f64::from(u8::from(row.ending != Ending::Censored));
            }
            if ended > 0.0 {
                incidence += survival * events / at_risk;
                steps.push(Step {
                    time: tied[0].time,
                    at_risk,
                    events,
                    ended,
                    survival,
                    incidence,
                });
                survival *= 1.0 - ended / at_risk;
            }
            at_risk -= tied.len() as f64;
        }
        steps
    }
}

/// What each cluster adds to the incidence at `time`.
fn totals(rows: &[Row], steps: &[Step], time: f64, clusters: usize) -> Vec<f64> {
    let passed = steps.partition_point(|step| step.time <= time);
    let last = passed
        .checked_sub(1)
        .map_or(0.0, |last| steps[last].incidence);
    let mut totals = vec![0.0; clusters];
    let mut borne = 0.0;
    let mut next = 0;
    for row in rows {
        while next < passed && steps[next].time <= row.time {
            borne += steps[next].borne(last);
            next += 1;
        }
        // Something ended where this row did, unless it was cut off.
        let own = match next.checked_sub(1).map(|index| &steps[index]) {
            Some(step) if step.time == row.time => step.own(row.ending, last),
            _ => 0.0,
        };
        totals[row.cluster as usize] += own - borne;
    }
    totals
}

impl Step {
    /// What each row at risk bears.
    fn borne(&self, last: f64) -> f64 {
        let event = self.survival * self.events / (self.at_risk * self.at_risk);
        // When nobody is left the curve stays.
        if self.at_risk <= self.ended {
            return event;
        }
        let rest = last - self.incidence;
        event - rest * self.ended / (self.at_risk * (self.at_risk - self.ended))
    }

    /// What a row that ends here adds besides.
    fn own(&self, ending: Ending, last: f64) -> f64 {
        if ending == Ending::Censored {
            return 0.0;
        }
        let event = if ending == Ending::Event {
            self.survival / self.at_risk
        } else {
            0.0
        };
        if self.at_risk <= self.ended {
            return event;
        }
        event - (last - self.incidence) / (self.at_risk - self.ended)
    }
}

fn interval(incidence: f64, totals: &[f64]) -> Interval {
    let groups = totals.len() as f64;
    let squares: f64 = totals.iter().map(|total| total * total).sum();
    let without = 1.0 - incidence;
    let variance = squares * groups / (groups - 1.0);
    if !(incidence > 0.0 && without > 1e-12 && variance > 0.0) {
        let happened = if incidence > 0.5 { totals.len() } else { 0 };
        return wilson(happened as u64, totals.len() as u64).unwrap_or(Interval {
            low: 0.0,
            high: 1.0,
        });
    }
    let critical = student_97_5(groups - 1.0);
    let of_rest = log_log_interval(without, variance / (without * without), critical);
    Interval {
        low: 1.0 - of_rest.high,
        high: 1.0 - of_rest.low,
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::CumulativeIncidence;

    /// With a cluster for each row it is the usual curve, and nearly its interval.
    #[test]
    fn clusters_of_one_are_independent_rows() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let times: Vec<f64> = (0..1_500)
            .map(|_| (rng.random::<f64>() * 400.0).ceil())
            .collect();
        let endings: Vec<Ending> = (0..1_500)
            .map(|_| match rng.random_range(0..4) {
                0 => Ending::Censored,
                1 => Ending::Competing,
                _ => Ending::Event,
            })
            .collect();
        let rows: Vec<u32> = (0..1_500).collect();
        let at = [50.0, 200.0, 390.0];
        let found = incidence_clustered(&times, &endings, &rows, &at).expect("valid");
        let plain = CumulativeIncidence::new(&times, &endings).expect("valid");
        for one in found {
            let other = plain.incidence_at(one.time);
            assert!((one.share - other.share).abs() < 1e-12);
            assert_eq!(one.at_risk, other.at_risk);
            let width = |it: Interval| it.high - it.low;
            let ratio = width(one.interval) / width(other.interval);
            assert!((ratio - 1.0).abs() < 0.03, "{one:?} {other:?}");
        }
    }

    /// Repeating every row within its cluster adds no information.
    #[test]
    fn repeating_rows_within_clusters_changes_nothing() {
        let times = [3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0, 6.0];
        let endings = [
            Ending::Event,
            Ending::Competing,
            Ending::Event,
            Ending::Censored,
            Ending::Event,
            Ending::Event,
            Ending::Competing,
            Ending::Censored,
        ];
        let clusters = [1, 2, 3, 4, 5, 6, 7, 8];
        let once = incidence_clustered(&times, &endings, &clusters, &[4.5]).expect("valid");
        let thrice = incidence_clustered(
            &times.repeat(3),
            &endings.repeat(3),
            &clusters.repeat(3),
            &[4.5],
        )
        .expect("valid");
        assert!((once[0].share - thrice[0].share).abs() < 1e-12);
        assert!((once[0].interval.low - thrice[0].interval.low).abs() < 0.01);
        // Nobody yet is not nobody ever.
        let none = incidence_clustered(&times, &endings, &clusters, &[0.5]).expect("valid");
        assert_eq!(none[0].share, 0.0);
        assert!(none[0].interval.high > 0.2);
        assert!(incidence_clustered(&times, &endings, &[1; 8], &[1.0]).is_err());
        assert!(incidence_clustered(&times, &endings, &[1], &[1.0]).is_err());
    }
}
