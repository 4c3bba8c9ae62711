//! Comparison to a printed number.

/// Checks that two numbers agree within `tolerance`, absolutely.
#[track_caller]
pub(crate) fn close_to(got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance,
        "{got:?} instead of {want:?}, off by {:e}",
        (got - want).abs()
    );
}

/// Checks that two numbers agree in `digits` significant digits.
#[track_caller]
pub(crate) fn same_digits(got: f64, want: f64, digits: i32) {
    let unit = 10_f64.powi(want.abs().log10().floor() as i32 + 1 - digits);
    close_to(got, want, 0.51 * unit);
}
