//! Event studies with few units.

use stats::{EventStudyData, EventWindow, event_study};

use crate::chance::Chance;
use crate::tally::{FEWER_RUNS, Tally, report_all};

const PERIODS: u32 = 21;
const EFFECT: f64 = 0.3;

/// How many units there are, and how many of them start.
const SITUATIONS: [(u32, u32, f64); 7] = [
    (8, 4, 0.0),
    (8, 4, 0.5),
    (8, 6, 0.5),
    (12, 8, 0.5),
    (12, 4, 0.5),
    (20, 8, 0.5),
    (40, 20, 0.5),
];

#[test]
#[ignore = "a simulation that prints figures"]
fn units_that_start_one_after_the_other() {
    let mut tallies = Vec::new();
    for (units, starting, persistence) in SITUATIONS {
        let mut chance = Chance::new(23);
        let situation =
            format!("{units} units, {starting} of which start, persistence {persistence}");
        let mut after = Tally::coverage(format!("event study, {situation}"));
        let mut first = Tally::coverage(format!("event study, month of the start, {situation}"));
        let mut trend = Tally::rejection(format!("trend before, {situation}"));
        for _ in 0..FEWER_RUNS {
            let columns = draw(&mut chance, units, starting, persistence);
            let data = EventStudyData {
                units: &columns.0,
                periods: &columns.1,
                outcome: &columns.2,
                starts: &columns.3,
            };
            let window = EventWindow {
                before: 6,
                after: 6,
                base: 3,
            };
            let Ok(study) = event_study(data, window) else {
                continue;
            };
            if let Some(found) = study.after {
                after.covers(found.interval, EFFECT);
            }
            if let Some(found) = study.points[6].difference {
                first.covers(found.interval, EFFECT);
            }
            if let Some(found) = study.trend_before {
                trend.rejects(found.p);
            }
        }
        tallies.extend([after, first, trend]);
    }
    report_all(&tallies);
}

type Columns = (Vec<u32>, Vec<u32>, Vec<f64>, Vec<Option<u32>>);

/// Levels of units, common months, and noise that carries over from month to month.
fn draw(chance: &mut Chance, units: u32, starting: u32, persistence: f64) -> Columns {
    let mut columns: Columns = (vec![], vec![], vec![], vec![]);
    let common = chance.normals(PERIODS as usize);
    for unit in 0..units {
        let start = (unit < starting).then(|| 7 + unit % 4);
        let level = chance.normal();
        let mut noise = chance.normal();
        for (period, month) in (0..).zip(&common) {
            noise =
                persistence * noise + (1.0 - persistence * persistence).sqrt() * chance.normal();
            let effect = if start.is_some_and(|start| period >= start) {
                EFFECT
            } else {
                0.0
            };
            columns.0.push(unit);
            columns.1.push(period);
            columns.2.push(level + 0.3 * month + effect + 0.3 * noise);
            columns.3.push(start);
        }
    }
    columns
}
