//! What holds whatever the rows are.

use proptest::prelude::*;
use stats::{
    Clustered, ClusteredSample, CoxData, CumulativeIncidence, EffectsCounted, Ending, FixedEffects,
    KaplanMeier, Regression, Resampling, StandardErrors, Stratified, benjamini_hochberg,
    change_points_of_counts, concordance, cox, gini, hodges_lehmann, hodges_lehmann_clustered,
    kendall, kruskal_wallis, log_rank, log_rank_clustered, mann_kendall, mann_whitney,
    mann_whitney_clustered, mantel_haenszel_clustered, median, spearman, van_elteren,
    van_elteren_clustered, wilcoxon_signed_rank, wild_cluster_bootstrap, within_spearman,
};

const RESAMPLING: Resampling = Resampling {
    replicates: 99,
    seed: 1,
};

/// One row: a value, another, two flags and three small codes.
type Row = (f64, f64, bool, bool, u32, u32, u32);

/// Columns of rows.
struct Columns {
    value: Vec<f64>,
    other: Vec<f64>,
    first: Vec<bool>,
    event: Vec<bool>,
    author: Vec<u32>,
    stratum: Vec<u32>,
    month: Vec<u32>,
}

fn columns(rows: &[Row]) -> Columns {
    Columns {
        value: rows.iter().map(|row| row.0).collect(),
        other: rows.iter().map(|row| row.1).collect(),
        first: rows.iter().map(|row| row.2).collect(),
        event: rows.iter().map(|row| row.3).collect(),
        author: rows.iter().map(|row| row.4).collect(),
        stratum: rows.iter().map(|row| row.5).collect(),
        month: rows.iter().map(|row| row.6).collect(),
    }
}

/// Values on a grid, so that there are ties.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let value = (0..60_u8).prop_map(|it| f64::from(it) / 4.0);
    let other = (0..20_u8).prop_map(f64::from);
    let row = (
        value,
        other,
        any::<bool>(),
        any::<bool>(),
        0..8_u32,
        0..3_u32,
        0..4_u32,
    );
    proptest::collection::vec(row, 1..80)
}

/// Any numbers at all, as they may come from broken input.
fn hostile_rows() -> impl Strategy<Value = Vec<Row>> {
    let number = || {
        prop_oneof![
            any::<f64>(),
            Just(0.0),
            Just(-0.0),
            Just(1.0),
            Just(f64::MAX)
        ]
    };
    let row = (
        number(),
        number(),
        any::<bool>(),
        any::<bool>(),
        any::<u32>(),
        0..2_u32,
        0..2_u32,
    );
    proptest::collection::vec(row, 0..20)
}

/// All estimates and p-values of the crate, in one list; what cannot be computed is `None`.
fn everything(it: &Columns) -> Vec<Option<f64>> {
    let arm = |wanted: bool, column: &[f64]| -> Vec<f64> {
        let rows = column.iter().zip(&it.first);
        rows.filter(|row| *row.1 == wanted)
            .map(|row| *row.0)
            .collect()
    };
    let authors = |wanted: bool| -> Vec<u32> {
        let rows = it.author.iter().zip(&it.first);
        rows.filter(|row| *row.1 == wanted)
            .map(|row| *row.0)
            .collect()
    };
    let (one, two) = (arm(true, &it.value), arm(false, &it.value));
    let (of_one, of_two) = (authors(true), authors(false));
    let pair = || {
        let first = Clustered {
            values: &one,
            clusters: &of_one,
        };
        (
            first,
            Clustered {
                values: &two,
                clusters: &of_two,
            },
        )
    };
    let strata = Stratified {
        values: &it.value,
        first: &it.first,
        strata: &it.stratum,
    };
    let group: Vec<u32> = it.first.iter().map(|first| u32::from(*first)).collect();
    let in_first: Vec<f64> = group.iter().map(|group| f64::from(*group)).collect();
    let ending = |event: &bool| {
        if *event {
            Ending::Event
        } else {
            Ending::Competing
        }
    };
    let endings: Vec<Ending> = it.event.iter().map(ending).collect();
    let mut all = vec![
        median(&it.value).ok(),
        gini(&it.value).ok(),
        mann_whitney(&one, &two).ok().map(|it| it.p),
        hodges_lehmann(&one, &two).ok().map(|it| it.estimate),
        mann_whitney_clustered(pair().0, pair().1)
            .ok()
            .map(|it| it.p),
        hodges_lehmann_clustered(pair().0, pair().1)
            .ok()
            .map(|it| it.interval.low),
        kruskal_wallis(&[&one, &two]).ok().map(|it| it.p),
        wilcoxon_signed_rank(&it.value, &it.other)
            .ok()
            .map(|it| it.p),
        spearman(&it.value, &it.other).ok().map(|it| it.rho),
        kendall(&it.value, &it.other).ok().map(|it| it.tau),
        within_spearman(&it.value, &it.other, &it.author)
            .ok()
            .map(|it| it.rho),
        mann_kendall(&it.other, &it.value).ok().map(|it| it.slope),
        van_elteren(strata).ok().map(|it| it.shift),
        van_elteren_clustered(strata, &it.author)
            .ok()
            .map(|it| it.p),
        mantel_haenszel_clustered(&it.first, &it.event, &it.stratum, &it.author)
            .ok()
            .map(|it| it.odds_ratio),
        log_rank(&it.value, &it.event, &group, Some(&it.stratum))
            .ok()
            .map(|it| it.p),
        log_rank_clustered(&it.value, &it.event, &group, None, &it.author)
            .ok()
            .map(|it| it.p),
        concordance(&it.value, &it.event, &it.other).ok(),
        KaplanMeier::clustered(&it.value, &it.event, &it.author)
            .ok()
            .map(|it| it.survival_at(7.0).share),
        KaplanMeier::new(&it.value, &it.event)
            .ok()
            .and_then(|it| it.median().estimate),
        CumulativeIncidence::new(&it.value, &endings)
            .ok()
            .map(|it| it.incidence_at(7.0).share),
    ];
    if let Ok(sample) = ClusteredSample::new(&it.value, &it.author) {
        all.push(sample.quantile(0.5).ok().map(|it| it.estimate));
        all.push(
            sample
                .quantile(0.75)
                .ok()
                .and_then(|it| it.interval)
                .map(|it| it.high),
        );
        let drawn = sample.bootstrap_quantiles(&[0.5], RESAMPLING);
        all.push(drawn.ok().and_then(|it| it[0].interval).map(|it| it.low));
    }
    let data = CoxData {
        times: &it.value,
        events: &it.event,
        regressors: &[&in_first, &it.other],
        strata: Some(&it.stratum),
        clusters: Some(&it.author),
    };
    all.push(cox(&data).ok().map(|it| it.coefficients[0].estimate));
    if let Ok(effects) = FixedEffects::new(&[&it.stratum, &it.month])
        && let Ok(regression) = Regression::absorbing(&it.value, &[&in_first, &it.other], &effects)
    {
        let clustered = StandardErrors::Clustered {
            clusters: &it.author,
            counting: EffectsCounted::NotNested,
        };
        let fit = regression.fit(clustered).ok();
        all.push(fit.and_then(|it| it.coefficients[0]).map(|it| it.estimate));
        // Run for its panics alone: resamples depend on the last digits of sums.
        let _ = wild_cluster_bootstrap(&regression, 0, &it.author, RESAMPLING);
    }
    all
}

/// Those of `everything` that are point estimates of a population, and so do not change when every row is
/// there twice.
fn point_estimates(it: &Columns) -> Vec<Option<f64>> {
    let all = everything(it);
    [1, 3, 8, 9, 14, 18, 19, 20]
        .map(|index| all[index])
        .to_vec()
}

fn agree(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            one == other || (one - other).abs() <= 1e-6 * (1.0 + one.abs().max(other.abs()))
        }
        (one, other) => one.is_none() == other.is_none(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_rows_does_not_matter((rows, shuffled) in rows().prop_flat_map(|rows| {
        (Just(rows.clone()), Just(rows).prop_shuffle())
    })) {
        let (one, other) = (everything(&columns(&rows)), everything(&columns(&shuffled)));
        prop_assert_eq!(one.len(), other.len());
        for (index, (one, other)) in one.into_iter().zip(other).enumerate() {
            prop_assert!(agree(one, other), "{} {:?} {:?}", index, one, other);
        }
    }

    #[test]
    fn a_dataset_twice_has_the_same_point_estimates(rows in rows()) {
        let twice = [rows.clone(), rows.clone()].concat();
        let (once, twice) = (point_estimates(&columns(&rows)), point_estimates(&columns(&twice)));
        for (index, (once, twice)) in once.into_iter().zip(twice).enumerate() {
            // A small dataset may refuse what a larger one allows.
            if once.is_some() {
                prop_assert!(agree(once, twice), "{} {:?} {:?}", index, once, twice);
            }
        }
    }

    #[test]
    fn nothing_panics(rows in hostile_rows()) {
        let columns = columns(&rows);
        let _ = everything(&columns);
        let _ = benjamini_hochberg(&columns.value);
        let counts: Vec<u64> = columns.author.iter().map(|it| u64::from(*it)).collect();
        let _ = change_points_of_counts(&counts);
    }
}
