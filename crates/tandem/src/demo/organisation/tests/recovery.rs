//! Insights recover what was planted, through the real store and the real detection.

use std::collections::HashMap;
use std::sync::LazyLock;

use detect::{Catalogue, Detector};
use insights::adoption::{AdoptionClock, adoption_of};
use insights::effects::{
    Comparison, Exposure, Finding, Groups, Question, Reading, Sensitivity, compare,
};
use measures::{Calendar, Metric, Observations};
use model::Origin;
use store::{Selection, VerdictWrite};

use super::super::plan::EffectKind;
use super::*;
use crate::wiring::detection::{measured, verdict};

/// What detection leaves behind in a store.
static DETECTED: LazyLock<Observations> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("demo.db");
    let options = store::OpenOptions::write("test");
    let store = store::open(path.to_str().expect("utf-8"), &options).expect("opens");
    let detector = Detector::new(&Catalogue::builtin().expect("a catalogue")).expect("compiles");
    let records: Vec<PullRequest> = RECORDS.iter().map(|(record, _)| record.clone()).collect();
    store.upsert_pull_requests(&records).expect("stores");
    let writes: Vec<VerdictWrite> = records
        .iter()
        .map(|record| {
            let content_hash = record.content_hash();
            VerdictWrite {
                key: record.key(),
                verdict: verdict(&detector, record, &content_hash, None),
                measures: measured(&detector, record),
                content_hash,
            }
        })
        .collect();
    store
        .put_verdicts(detector.version(), &writes)
        .expect("stores");
    crate::wiring::observations::read(store.as_ref(), &Selection::all()).expect("reads")
});

/// The same with the planted truth in place of the verdict.
static TOLD: LazyLock<Observations> = LazyLock::new(|| {
    let truths: HashMap<(&str, u32), &PlantedTruth> = RECORDS
        .iter()
        .map(|(record, truth)| ((record.repo.as_str(), record.number as u32), truth))
        .collect();
    let mut told = DETECTED.clone();
    for row in &mut told.rows {
        let repo = told.repos.name(row.repo).expect("a name");
        let truth = truths.get(&(repo, row.number)).expect("a truth");
        row.origin = Some(if truth.ai_authored {
            Origin::Agent
        } else {
            Origin::NoneDetected
        });
        row.plain_bot = truth.plain_bot;
    }
    told
});

fn compared(observations: &Observations, metric: Metric) -> Vec<Comparison> {
    let question = Question {
        exposure: Exposure::AiAuthored,
        metrics: vec![metric],
        groups: Groups::TogetherAndTeams,
        sensitivity: Sensitivity::Skip,
    };
    let now = super::super::calendar::midnight(TODAY);
    let reading = Reading {
        now,
        calendar: Calendar::Always,
    };
    let mut comparisons = compare(observations, &question, &reading);
    comparisons.retain(|comparison| comparison.team.is_some());
    comparisons
}

/// Each team's plan with the comparison of its cycle or pickup.
fn beside_the_plan(
    observations: &Observations,
    metric: Metric,
) -> Vec<(EffectKind, f64, Comparison)> {
    compared(observations, metric)
        .into_iter()
        .map(|comparison| {
            let effect = SUMMARY
                .effects
                .iter()
                .find(|effect| Some(effect.team.as_str()) == comparison.team.as_deref())
                .expect("a plan");
            let ratio = match metric {
                Metric::Cycle => effect.cycle_ratio,
                _ => effect.pickup_ratio,
            };
            (effect.kind, ratio, comparison)
        })
        .collect()
}

#[test]
fn planted_ratios_are_covered_when_the_truth_is_told() {
    let (mut intervals, mut covered) = (0, 0);
    for metric in [Metric::Cycle, Metric::Pickup] {
        for (kind, ratio, comparison) in beside_the_plan(&TOLD, metric) {
            let Some(adjusted) = comparison.adjusted.shown() else {
                assert_eq!(kind, EffectKind::TooFew, "{:?}", comparison.adjusted);
                continue;
            };
            intervals += 1;
            covered +=
                usize::from(adjusted.interval.low <= ratio && ratio <= adjusted.interval.high);
        }
    }
    assert_eq!(intervals, 10);
    // Of ten intervals at 95 % one may miss.
    assert!(covered >= 9, "{covered} of {intervals}");
}

#[test]
fn planted_effects_are_covered_and_nulls_are_not_called_effects() {
    for metric in [Metric::Cycle, Metric::Pickup] {
        for (kind, ratio, comparison) in beside_the_plan(&DETECTED, metric) {
            let is_called = matches!(comparison.finding, Finding::Higher | Finding::Lower);
            match kind {
                EffectKind::Effect => {
                    let adjusted = comparison.adjusted.shown().expect("enough to say");
                    let interval = adjusted.interval;
                    assert!(
                        interval.low <= ratio && ratio <= interval.high,
                        "{:?} {metric}: {ratio} in {interval:?}",
                        comparison.team
                    );
                }
                EffectKind::Null | EffectKind::TooFew => {
                    assert!(!is_called, "{}", comparison.sentence);
                }
                EffectKind::Simpson => {
                    assert_ne!(comparison.finding, Finding::Lower, "pooled is not told");
                }
            }
        }
    }
}

#[test]
fn the_simpson_case_is_flagged_and_no_other_for_certain() {
    for observations in [&*DETECTED, &*TOLD] {
        for (kind, _, comparison) in beside_the_plan(observations, Metric::Cycle) {
            let simpson = comparison.simpson;
            if kind == EffectKind::Simpson {
                let simpson = simpson.expect("flagged");
                assert!(simpson.pooled < 1.0 && simpson.within > 1.0);
            } else {
                assert!(simpson.is_none_or(|simpson| !simpson.both_certain));
            }
        }
    }
    let told = beside_the_plan(&TOLD, Metric::Cycle);
    let (_, ratio, comparison) = told
        .iter()
        .find(|(kind, ..)| *kind == EffectKind::Simpson)
        .expect("planted");
    let interval = comparison.adjusted.shown().expect("enough to say").interval;
    assert!(
        interval.low <= *ratio && *ratio <= interval.high,
        "{interval:?}"
    );
    assert_eq!(comparison.finding, Finding::Higher);
}

#[test]
fn adoption_lies_on_the_planted_curves() {
    let told = adoption_of(&TOLD, AdoptionClock::Created, None);
    let found = adoption_of(&DETECTED, AdoptionClock::Created, None);
    let (mut cells, mut within) = (0, 0);
    for planted in &SUMMARY.adoption {
        let of = |adoption: &insights::adoption::Adoption| {
            adoption
                .by_team_month
                .iter()
                .find(|cell| cell.team == planted.team && cell.month == planted.month)
                .map(|cell| cell.group.clone())
        };
        if planted.pull_requests == 0 {
            continue;
        }
        let group = of(&found).expect("a cell");
        assert_eq!(
            group.agent + group.assisted,
            planted.signed,
            "{} {}",
            planted.team,
            planted.month
        );
        let interval = of(&told).and_then(|group| group.of_all?.interval);
        let interval = interval.expect("a cell");
        cells += 1;
        within += usize::from(
            interval.low <= planted.expected_share && planted.expected_share <= interval.high,
        );
    }
    assert!(cells > 90);
    // At 95 % each.
    assert!(within * 100 >= cells * 90, "{within} of {cells}");
}
