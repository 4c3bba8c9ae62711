//! A panel of twelve units over fourteen periods, made up; point estimates computed with csdid 0.4.3
//! (`control_group="notyettreated"`, `base_period="universal"`, dynamic aggregation), errors and longer
//! bases and degrees of freedom from the definition in Python, what outcomes weigh by trying each.

use stats::{
    EffectsCounted, EventStudy, EventStudyData, EventWindow, FixedEffects, Regression,
    StandardErrors, StatsError, event_study,
};

use crate::close_to::close_to;

const STARTS: [Option<u32>; 12] = [
    Some(5),
    Some(5),
    Some(6),
    Some(7),
    Some(7),
    Some(9),
    Some(9),
    None,
    None,
    None,
    Some(11),
    None,
];

const OUTCOME: [[f64; 14]; 12] = [
    [
        -0.377, 0.15, 0.148, -0.281, -0.2, -0.665, -0.61, -0.719, -0.778, -0.626, -0.373, -0.247,
        -0.728, -0.527,
    ],
    [
        -0.09, -0.051, -0.147, -0.153, 0.05, -0.467, -0.414, -0.806, -0.568, -0.565, -0.586,
        -0.933, -0.673, -0.682,
    ],
    [
        0.574, 0.451, 0.737, 0.882, 0.521, 0.55, 0.377, -0.024, 0.339, -0.047, 0.384, 0.433, 0.24,
        0.122,
    ],
    [
        1.12, 0.758, 0.968, 0.641, 0.623, 0.852, 1.39, 0.164, 0.438, 0.693, 0.452, 0.451, 0.257,
        0.296,
    ],
    [
        -0.211, -0.712, -0.925, -0.764, -0.573, -0.91, -0.441, -1.446, -0.714, -0.654, -1.212,
        -0.834, -0.907, -1.357,
    ],
    [
        -0.05, -0.066, -0.041, 0.16, 0.149, 0.2, 0.138, 0.192, 0.113, -0.069, -0.06, 0.233, 0.156,
        -0.371,
    ],
    [
        1.279, 1.21, 1.219, 1.111, 0.786, 1.028, 1.165, 0.682, 0.913, 0.891, 0.542, 0.414, 0.768,
        0.495,
    ],
    [
        0.651, 0.5, 0.449, 0.825, 0.462, 0.641, 0.761, 0.917, 0.793, 0.795, 0.473, 0.611, 1.241,
        0.638,
    ],
    [
        -0.417, -0.615, -1.215, -0.535, -0.737, -0.842, -0.704, -0.799, -0.739, -0.414, -0.382,
        -0.803, -0.507, -0.666,
    ],
    [
        0.553, 0.649, 0.658, 0.879, 1.064, 0.271, 1.203, 0.587, 0.408, 0.77, 1.269, 1.011, 1.235,
        0.739,
    ],
    [
        -0.534, -0.43, -0.43, -0.111, -0.236, -0.028, 0.316, 0.054, -0.247, 0.172, 0.183, -0.063,
        -0.33, -0.292,
    ],
    [
        -0.099, -0.331, -0.435, -0.062, -0.085, -0.151, -0.331, -0.368, -0.381, 0.064, -0.026,
        -0.012, -0.01, -0.036,
    ],
];

struct Columns {
    units: Vec<u32>,
    periods: Vec<u32>,
    outcome: Vec<f64>,
    starts: Vec<Option<u32>>,
}

impl Columns {
    fn study(&self, base: u32) -> Result<EventStudy, StatsError> {
        event_study(
            EventStudyData {
                units: &self.units,
                periods: &self.periods,
                outcome: &self.outcome,
                starts: &self.starts,
            },
            EventWindow {
                before: 6,
                after: 6,
                base,
            },
        )
    }
}

/// All rows but those left out.
fn columns(holes: &[(u32, u32)]) -> Columns {
    let mut columns = Columns {
        units: Vec::new(),
        periods: Vec::new(),
        outcome: Vec::new(),
        starts: Vec::new(),
    };
    for (unit, row) in (0..).zip(OUTCOME) {
        for (period, value) in (0..).zip(row) {
            if !holes.contains(&(unit, period)) {
                columns.units.push(unit);
                columns.periods.push(period);
                columns.outcome.push(value);
                columns.starts.push(STARTS[unit as usize]);
            }
        }
    }
    columns
}

fn difference(study: &EventStudy, relative: i32) -> f64 {
    let point = study.points.iter().find(|it| it.relative == relative);
    let point = point.expect("in the window").difference;
    point.map_or(0.0, |it| it.estimate)
}

#[test]
fn group_time_effects_are_those_of_csdid() {
    let study = columns(&[]).study(1).expect("valid");
    let expected = [
        (-6, -0.104_471_296),
        (-5, -0.116_304_067),
        (-4, -0.006_741_369),
        (-3, -0.051_942_56),
        (-2, -0.190_214_98),
        (-1, 0.0),
        (0, -0.519_618_155),
        (1, -0.569_030_456),
        (2, -0.441_077_679),
        (3, -0.685_122_449),
        (4, -0.624_257_143),
        (5, -0.736_32),
        (6, -0.756_9),
    ];
    assert_eq!(study.points.len(), expected.len());
    for (relative, want) in expected {
        close_to(difference(&study, relative), want, 1e-8);
    }
    assert_eq!((study.started, study.controls, study.units), (8, 10, 12));
}

#[test]
fn a_longer_base_and_the_jackknife_are_those_of_the_definition() {
    let study = columns(&[]).study(3).expect("valid");
    let after = study.after.expect("an estimate");
    close_to(after.estimate, -0.504_572_185_374_149_6, 1e-12);
    close_to(after.standard_error, 0.040_996_789_164_752_13, 1e-12);
    let trend = study.trend_before.expect("a slope");
    close_to(trend.estimate, 0.004_609_572_310_405_639, 1e-12);
    close_to(trend.standard_error, 0.021_355_804_892_938_44, 1e-12);
    let last = study
        .points
        .last()
        .and_then(|it| it.difference)
        .expect("known");
    close_to(last.estimate, -0.677_583_333_333_333_3, 1e-12);
    close_to(last.standard_error, 0.113_566_995_899_788_75, 1e-12);
    // Few units on either side: fewer degrees of freedom than units.
    close_to(after.df, 8.960_438_877_403_552, 1e-9);
    close_to(trend.df, 6.669_451_370_339_18, 1e-9);
    close_to(last.df, 6.538_213_584_085_146, 1e-9);
}

#[test]
fn what_is_not_known_is_left_out() {
    let study = columns(&[(3, 9), (8, 4), (0, 1)]).study(3).expect("valid");
    close_to(
        study.after.expect("an estimate").estimate,
        -0.506_100_962_301_587_3,
        1e-12,
    );
    close_to(difference(&study, 2), -0.360_432_539_682_539_7, 1e-12);
}

/// One start for all, complete rows: the textbook difference in differences.
#[test]
fn with_one_start_it_is_the_two_way_regression() {
    let mut rows = columns(&[]);
    for (row, unit) in rows.units.iter().enumerate() {
        rows.starts[row] = (*unit < 5).then_some(6);
    }
    let keep: Vec<usize> = (0..rows.units.len())
        .filter(|row| (3..13).contains(&rows.periods[*row]))
        .collect();
    let pick = |column: &[u32]| -> Vec<u32> { keep.iter().map(|row| column[*row]).collect() };
    let (units, periods) = (pick(&rows.units), pick(&rows.periods));
    let outcome: Vec<f64> = keep.iter().map(|row| rows.outcome[*row]).collect();
    let treated: Vec<f64> = (units.iter().zip(&periods))
        .map(|(unit, period)| f64::from(u8::from(*unit < 5 && *period >= 6)))
        .collect();
    let effects = FixedEffects::new(&[&units, &periods]).expect("valid");
    let regression = Regression::absorbing(&outcome, &[&treated], &effects).expect("valid");
    let fit = regression.fit(StandardErrors::Clustered {
        clusters: &units,
        counting: EffectsCounted::NotNested,
    });
    let slope = fit.expect("valid").coefficients[0].expect("varies");
    let study = rows.study(3).expect("valid");
    close_to(study.after.expect("known").estimate, slope.estimate, 1e-10);
}

#[test]
fn order_labels_and_scale_do_not_matter() {
    let plain = columns(&[]);
    let study = plain.study(3).expect("valid");
    let mut turned = columns(&[]);
    turned.units.reverse();
    turned.periods.reverse();
    turned.outcome.reverse();
    turned.starts.reverse();
    for unit in &mut turned.units {
        *unit = 1_000 - *unit;
    }
    for value in &mut turned.outcome {
        *value = 2.0 * *value + 7.0;
    }
    let other = turned.study(3).expect("valid");
    let (one, two) = (study.after.expect("known"), other.after.expect("known"));
    close_to(two.estimate, 2.0 * one.estimate, 1e-12);
    close_to(two.standard_error, 2.0 * one.standard_error, 1e-12);
    close_to(two.df, one.df, 1e-9);
}

#[test]
fn nothing_can_be_said_without_controls_or_a_base() {
    let mut rows = columns(&[]);
    rows.starts = vec![Some(5); rows.units.len()];
    assert!(rows.study(3).is_err(), "all start at once");
    rows.starts = vec![None; rows.units.len()];
    assert!(rows.study(3).is_err(), "nobody starts");
    let mut rows = columns(&[]);
    for start in &mut rows.starts {
        *start = start.map(|_| 2);
    }
    assert!(rows.study(3).is_err(), "no base of three periods");
    assert!(columns(&[]).study(0).is_err());
    assert!(columns(&[]).study(7).is_err());
}
