//! The repository-month panel of the Cursor study (arXiv 2511.04427), `data/panel_event_monthly.csv` of
//! hehao98/CursorStudy, computed with pyfixest: effects of repositories and months, errors clustered by
//! repository, singletons dropped, logarithms of one more.

use std::io::Read;

use flate2::read::GzDecoder;
use stats::{EffectsCounted, FixedEffects, Regression, StandardErrors};

use crate::close_to::close_to;
use crate::shared_data::{Table, shared_file};

const CONTROLS: [&str; 5] = ["ncloc", "age", "contributors", "stars", "issues"];

fn panel() -> Option<Table> {
    let file = shared_file("stats/cursor_study_panel_event_monthly.csv.gz")?;
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(file).expect("readable"))
        .read_to_string(&mut text)
        .expect("gzip");
    Some(Table::parse(&text))
}

fn check(outcome: &str, controls: &[&str], rows: usize, estimate: f64, error: f64) {
    let Some(table) = panel() else { return };
    let log_of = |name: &str| -> Vec<Option<f64>> {
        let numbers = table.numbers(name).into_iter();
        numbers.map(|value| value.map(f64::ln_1p)).collect()
    };
    let outcome = log_of(outcome);
    let event = table.numbers("post_event");
    let controls: Vec<_> = controls.iter().map(|name| log_of(name)).collect();
    let complete: Vec<usize> = (0..outcome.len())
        .filter(|&row| outcome[row].is_some() && controls.iter().all(|it| it[row].is_some()))
        .collect();
    let pick = |column: &[Option<f64>]| -> Vec<f64> {
        complete
            .iter()
            .map(|&row| column[row].expect("complete"))
            .collect()
    };
    let codes = |name: &str| -> Vec<u32> {
        let codes = table.codes(name);
        complete.iter().map(|&row| codes[row]).collect()
    };
    let (repositories, months) = (codes("repo_name"), codes("time"));
    let effects = FixedEffects::new(&[&repositories, &months]).expect("valid");
    let regressors: Vec<Vec<f64>> = std::iter::once(pick(&event))
        .chain(controls.iter().map(|column| pick(column)))
        .collect();
    let regressors: Vec<&[f64]> = regressors.iter().map(Vec::as_slice).collect();
    let fit = Regression::absorbing(&pick(&outcome), &regressors, &effects)
        .and_then(|regression| {
            regression.fit(StandardErrors::Clustered {
                clusters: &repositories,
                counting: EffectsCounted::NotNested,
            })
        })
        .expect("valid");
    assert_eq!(fit.n, rows);
    if regressors.len() == 1 {
        assert_eq!(fit.clusters, Some(1784));
    }
    let event = fit.coefficients[0].expect("varies within repositories");
    close_to(event.estimate, estimate, 5.1e-9);
    // The printed errors carry pyfixest's tolerance: dummies for all months, solved exactly with numpy,
    // give 0.1272611034 where 0.12726111 is printed, as we do.
    close_to(event.standard_error, error, 1e-8);
}

#[test]
fn commits() {
    check("commits", &[], 21_776, 0.425_002_68, 0.057_204_42);
    check("commits", &CONTROLS, 18_564, 0.142_131_64, 0.036_258_40);
}

#[test]
fn lines_added() {
    check("lines_added", &[], 21_776, 1.181_239_82, 0.127_261_11);
    check("lines_added", &CONTROLS, 18_564, 0.510_018_78, 0.086_818_16);
}
