//! Textbook cases of linear regression.

use stats::{FixedEffects, LinearFit, Regression, StandardErrors};

use crate::close_to::{close_to, same_digits};
use crate::shared_data::Table;

/// NIST Longley (https://www.itl.nist.gov/div898/strd/lls/data/Longley.shtml, public domain):
/// employment, GNP deflator, GNP, unemployed, armed forces, population, year.
const LONGLEY: [[f64; 7]; 16] = [
    [60323.0, 83.0, 234_289.0, 2356.0, 1590.0, 107_608.0, 1947.0],
    [61122.0, 88.5, 259_426.0, 2325.0, 1456.0, 108_632.0, 1948.0],
    [60171.0, 88.2, 258_054.0, 3682.0, 1616.0, 109_773.0, 1949.0],
    [61187.0, 89.5, 284_599.0, 3351.0, 1650.0, 110_929.0, 1950.0],
    [63221.0, 96.2, 328_975.0, 2099.0, 3099.0, 112_075.0, 1951.0],
    [63639.0, 98.1, 346_999.0, 1932.0, 3594.0, 113_270.0, 1952.0],
    [64989.0, 99.0, 365_385.0, 1870.0, 3547.0, 115_094.0, 1953.0],
    [63761.0, 100.0, 363_112.0, 3578.0, 3350.0, 116_219.0, 1954.0],
    [66019.0, 101.2, 397_469.0, 2904.0, 3048.0, 117_388.0, 1955.0],
    [67857.0, 104.6, 419_180.0, 2822.0, 2857.0, 118_734.0, 1956.0],
    [68169.0, 108.4, 442_769.0, 2936.0, 2798.0, 120_445.0, 1957.0],
    [66513.0, 110.8, 444_546.0, 4681.0, 2637.0, 121_950.0, 1958.0],
    [68655.0, 112.6, 482_704.0, 3813.0, 2552.0, 123_366.0, 1959.0],
    [69564.0, 114.2, 502_601.0, 3931.0, 2514.0, 125_368.0, 1960.0],
    [69331.0, 115.7, 518_173.0, 4806.0, 2572.0, 127_852.0, 1961.0],
    [70551.0, 116.9, 554_894.0, 4007.0, 2827.0, 130_081.0, 1962.0],
];

fn estimate_and_error(fit: &LinearFit, index: usize) -> (f64, f64) {
    let coefficient = fit.coefficients[index].expect("not dropped");
    (coefficient.estimate, coefficient.standard_error)
}

/// The columns are so nearly dependent that normal equations lose most digits.
#[test]
fn longley() {
    let column = |index: usize| -> Vec<f64> { LONGLEY.iter().map(|row| row[index]).collect() };
    let regressors: Vec<Vec<f64>> = (1..7).map(column).collect();
    let regressors: Vec<&[f64]> = regressors.iter().map(Vec::as_slice).collect();
    let regression = Regression::new(&column(0), &regressors).expect("valid");
    let fit = regression.fit(StandardErrors::Classical).expect("valid");
    // Certified by NIST: coefficient and standard error.
    let certified = [
        (-3_482_258.634_595_82, 890_420.383_607_373),
        (15.061_872_271_373_3, 84.914_925_774_766_9),
        (-0.035_819_179_292_591_0, 0.033_491_007_772_243_2),
        (-2.020_229_803_816_83, 0.488_399_681_651_699),
        (-1.033_226_867_173_59, 0.214_274_163_161_675),
        (-0.051_104_105_653_580_7, 0.226_073_200_069_370),
        (1_829.151_464_613_55, 455.478_499_142_212),
    ];
    for (index, (coefficient, error)) in certified.into_iter().enumerate() {
        let (estimate, standard_error) = estimate_and_error(&fit, index);
        same_digits(estimate, coefficient, 11);
        same_digits(standard_error, error, 12);
    }
    same_digits(fit.r_squared, 0.995_479_004_577, 12);
    same_digits(estimate_and_error(&fit, 6).1, 455.478_499_142, 12);
    same_digits(estimate_and_error(&fit, 0).1, 890_420.383_61, 11);
}

/// Y. Grunfeld's investment data, 10 firms over 20 years (public domain; C. Kleiber and A. Zeileis, "The
/// Grunfeld data at 50", 2008): effects of firms absorbed. Computed with statsmodels 0.15.0.
#[test]
fn grunfeld() {
    let table = Table::parse(include_str!("data/grunfeld.csv"));
    let number = |name| -> Vec<f64> { table.numbers(name).into_iter().flatten().collect() };
    let firms = table.codes("firm");
    let effects = FixedEffects::new(&[&firms]).expect("valid");
    assert_eq!(effects.levels(), [10]);
    let (value, capital) = (number("value"), number("capital"));
    let regression = Regression::absorbing(&number("invest"), &[&value, &capital], &effects);
    let fit = regression
        .expect("valid")
        .fit(StandardErrors::Classical)
        .expect("valid");
    assert_eq!(fit.n, 200);
    let (estimate, error) = estimate_and_error(&fit, 0);
    same_digits(estimate, 0.110_123_804_120_718_51, 13);
    same_digits(error, 0.011_856_694_214_043_841, 13);
    let (estimate, error) = estimate_and_error(&fit, 1);
    same_digits(estimate, 0.310_065_341_300_139_13, 13);
    same_digits(error, 0.017_354_502_775_552_56, 13);
}

#[test]
fn combinations_of_other_columns_are_left_out() {
    let outcome = [1.0, 3.0, 2.0, 5.0, 4.0, 6.0];
    let slope = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let doubled = slope.map(|value| 2.0 * value + 1.0);
    let fit = Regression::new(&outcome, &[&slope, &doubled])
        .and_then(|regression| regression.fit(StandardErrors::Hc3))
        .expect("valid");
    assert!(fit.coefficients[1].is_some());
    assert_eq!(fit.coefficients[2], None);
    let groups = [1, 1, 2, 2, 3, 3];
    let effects = FixedEffects::new(&[&groups]).expect("valid");
    let of_groups = [5.0, 5.0, 7.0, 7.0, 8.0, 8.0];
    let regression =
        Regression::absorbing(&outcome, &[&of_groups, &slope], &effects).expect("valid");
    let fit = regression.fit(StandardErrors::Hc1).expect("valid");
    assert_eq!(fit.coefficients[0], None);
    close_to(estimate_and_error(&fit, 1).0, 7.0 / 3.0, 1e-12);
    assert!(regression.fit(StandardErrors::Hc3).is_err());
    assert!(Regression::absorbing(&outcome, &[&of_groups], &effects).is_err());
}
