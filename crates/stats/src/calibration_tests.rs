use super::*;

/// Numbers that repeat (SplitMix64).
struct Chance(u64);

impl Chance {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, bound: usize) -> usize {
        ((self.unit() * bound as f64) as usize).min(bound - 1)
    }
}

const TARGET: CalibrationTarget = CalibrationTarget {
    accuracy: 0.95,
    delta: 0.05,
};

/// A made-up judge: the scores it gives, how often, and how often it is then right.
type Judge = &'static [(f64, f64, f64)];

/// Sure when it is right.
const HONEST: Judge = &[
    (0.95, 0.45, 0.995),
    (0.9, 0.25, 0.98),
    (0.8, 0.15, 0.93),
    (0.7, 0.08, 0.8),
    (0.5, 0.07, 0.6),
];
/// Just below the target wherever one looks: every threshold is a mistake.
const ALWAYS_JUST_BELOW: Judge = &[
    (0.95, 0.4, 0.9495),
    (0.8, 0.3, 0.9495),
    (0.6, 0.2, 0.9495),
    (0.4, 0.1, 0.9495),
];
/// Surest where it is worst.
const UPSIDE_DOWN: Judge = &[(0.95, 0.2, 0.9), (0.8, 0.4, 0.97), (0.6, 0.4, 0.99)];
/// Good at the top, just short of the target below it.
const ON_THE_EDGE: Judge = &[(0.95, 0.5, 0.99), (0.8, 0.25, 0.868), (0.6, 0.25, 0.868)];

/// A population with a known answer for each.
fn population(judge: Judge, size: usize, chance: &mut Chance) -> Vec<Label> {
    (0..size)
        .map(|_| {
            let mut draw = chance.unit();
            let (mut score, mut accuracy) = (judge[0].0, judge[0].2);
            for (each, share, right) in judge {
                (score, accuracy) = (*each, *right);
                if draw < *share {
                    break;
                }
                draw -= share;
            }
            Label {
                score,
                agrees: chance.unit() < accuracy,
            }
        })
        .collect()
}

fn counts(population: &[Label]) -> Vec<ScoreCount> {
    population
        .iter()
        .map(|answer| ScoreCount {
            score: answer.score,
            answers: 1,
        })
        .collect()
}

/// A uniform sample without replacement.
fn sample(population: &[Label], size: usize, chance: &mut Chance) -> Vec<Label> {
    let mut order: Vec<usize> = (0..population.len()).collect();
    for place in 0..size {
        let other = place + chance.below(order.len() - place);
        order.swap(place, other);
    }
    order[..size]
        .iter()
        .map(|place| population[*place])
        .collect()
}

fn accuracy_above(population: &[Label], threshold: f64) -> f64 {
    let kept = Kept::at(threshold, population);
    kept.agreeing as f64 / kept.labels as f64
}

/// The share that the lowest sound threshold would escalate, with the truth known.
fn ideal_escalation(population: &[Label]) -> f64 {
    let mut scores: Vec<f64> = population.iter().map(|answer| answer.score).collect();
    scores.sort_by(f64::total_cmp);
    scores.dedup();
    scores
        .into_iter()
        .find(|threshold| accuracy_above(population, *threshold) >= TARGET.accuracy)
        .map_or(1.0, |threshold| {
            let kept = Kept::at(threshold, population).labels;
            1.0 - kept as f64 / population.len() as f64
        })
}

/// What many calibrations of one judge came to.
struct Played {
    missed: f64,
    out_of_reach: f64,
    escalated: f64,
    ideal: f64,
}

fn play(judge: Judge, labels: usize, rounds: u64, seed: u64) -> Played {
    let mut played = Played {
        missed: 0.0,
        out_of_reach: 0.0,
        escalated: 0.0,
        ideal: 0.0,
    };
    for round in 0..rounds {
        let mut chance = Chance(seed.wrapping_mul(1_000_003) + round);
        let population = population(judge, 3_000, &mut chance);
        let labels = sample(&population, labels, &mut chance);
        let calibration = calibrate(&counts(&population), &labels, TARGET).expect("calibrates");
        played.ideal += ideal_escalation(&population);
        match calibration.result {
            CalibrationResult::Threshold {
                threshold,
                escalated_share,
                ..
            } => {
                played.escalated += escalated_share;
                if accuracy_above(&population, threshold) < TARGET.accuracy {
                    played.missed += 1.0;
                }
            }
            CalibrationResult::OutOfReach | CalibrationResult::TooFewLabels { .. } => {
                played.escalated += 1.0;
                played.out_of_reach += 1.0;
            }
        }
    }
    let rounds = rounds as f64;
    Played {
        missed: played.missed / rounds,
        out_of_reach: played.out_of_reach / rounds,
        escalated: played.escalated / rounds,
        ideal: played.ideal / rounds,
    }
}

/// Plays every judge and demands the guarantee, with three standard errors of room for the simulation.
fn guarantee_holds(rounds: u64) {
    let allowed = TARGET.delta + 3.0 * (TARGET.delta * (1.0 - TARGET.delta) / rounds as f64).sqrt();
    for (name, judge) in [
        ("honest", HONEST),
        ("always just below", ALWAYS_JUST_BELOW),
        ("upside down", UPSIDE_DOWN),
        ("on the edge", ON_THE_EDGE),
    ] {
        for labels in [100, 300, 1_000] {
            let played = play(judge, labels, rounds, 11);
            println!(
                "{name}, {labels} labels: missed {:.4} (at most {allowed:.4}), escalated {:.3}, ideal {:.3}, out of reach {:.3}",
                played.missed, played.escalated, played.ideal, played.out_of_reach
            );
            assert!(played.missed <= allowed, "{name}, {labels} labels");
        }
    }
}

#[test]
fn the_target_is_missed_no_more_often_than_allowed() {
    guarantee_holds(150);
}

/// The same at length; a minute or so in a release build.
#[test]
#[ignore = "a long simulation"]
fn the_target_is_missed_no_more_often_than_allowed_in_a_long_simulation() {
    guarantee_holds(10_000);
}

/// With labels enough, little more is escalated than had to be.
#[test]
fn labels_buy_a_lower_threshold() {
    let few = play(HONEST, 150, 100, 5);
    let many = play(HONEST, 1_000, 100, 5);
    assert!(many.escalated < few.escalated);
    assert!(many.out_of_reach < 0.05, "{}", many.out_of_reach);
    assert!(
        many.escalated < many.ideal + 0.12,
        "{} against {}",
        many.escalated,
        many.ideal
    );
}

fn labels(groups: &[(f64, u64, u64)]) -> Vec<Label> {
    let mut labels = Vec::new();
    for (score, agreeing, wrong) in groups {
        for place in 0..agreeing + wrong {
            labels.push(Label {
                score: *score,
                agrees: place < *agreeing,
            });
        }
    }
    labels
}

fn even_population(scores: &[f64]) -> Vec<ScoreCount> {
    scores
        .iter()
        .map(|score| ScoreCount {
            score: *score,
            answers: 1_000,
        })
        .collect()
}

#[test]
fn a_sound_top_is_kept_and_the_rest_escalated() {
    let population = even_population(&[0.9, 0.6, 0.3]);
    let labels = labels(&[(0.9, 149, 1), (0.6, 75, 25), (0.3, 25, 25)]);
    let calibration = calibrate(&population, &labels, TARGET).expect("calibrates");
    match calibration.result {
        CalibrationResult::Threshold {
            threshold,
            escalated_share,
            lower_bound,
            ..
        } => {
            assert_eq!(threshold, 0.9);
            assert!((escalated_share - 2.0 / 3.0).abs() < 1e-12);
            assert!(
                (0.96..149.0 / 150.0).contains(&lower_bound),
                "{lower_bound}"
            );
        }
        other => panic!("{other:?}"),
    }
    let passed: Vec<bool> = calibration.steps.iter().map(|step| step.passes).collect();
    assert_eq!(passed, [true, false, false]);
    assert_eq!((calibration.labels, calibration.agreeing), (300, 249));
}

#[test]
fn a_failed_step_does_not_end_the_search() {
    // 8 of 200 are too many for the first threshold; with the rest, all is sound.
    let population = even_population(&[0.9, 0.6]);
    let labels = labels(&[(0.9, 192, 8), (0.6, 400, 0)]);
    let calibration = calibrate(&population, &labels, TARGET).expect("calibrates");
    let passed: Vec<bool> = calibration.steps.iter().map(|step| step.passes).collect();
    assert_eq!(passed, [false, true]);
    match calibration.result {
        CalibrationResult::Threshold {
            threshold,
            escalated_share,
            ..
        } => assert_eq!((threshold, escalated_share), (0.6, 0.0)),
        other => panic!("{other:?}"),
    }
    // The second had its own weight only.
    assert_eq!(calibration.steps[1].level, 0.025);
}

#[test]
fn out_of_reach_and_too_few_labels_are_told_apart() {
    let population = even_population(&[0.9, 0.6]);
    let bad = labels(&[(0.9, 90, 60), (0.6, 90, 60)]);
    let calibration = calibrate(&population, &bad, TARGET).expect("calibrates");
    assert_eq!(calibration.result, CalibrationResult::OutOfReach);
    assert!(calibration.lower_bound_of_all < 0.6);
    // 0.95^58 is more than 0.05, 0.95^59 is not.
    let few = labels(&[(0.9, 58, 0)]);
    let calibration = calibrate(&population, &few, TARGET).expect("calibrates");
    assert_eq!(
        calibration.result,
        CalibrationResult::TooFewLabels { needed: 59 }
    );
    let none = calibrate(&[], &[], TARGET).expect("calibrates");
    assert_eq!(none.result, CalibrationResult::TooFewLabels { needed: 59 });
    // One score and just enough labels: the whole delta goes to the one threshold.
    let enough = labels(&[(0.9, 59, 0)]);
    let calibration = calibrate(&even_population(&[0.9]), &enough, TARGET).expect("calibrates");
    assert!(matches!(
        calibration.result,
        CalibrationResult::Threshold { threshold: 0.9, .. }
    ));
}

/// The choice of thresholds must not depend on what the oracle says.
#[test]
fn thresholds_are_chosen_without_a_look_at_the_answers() {
    let mut chance = Chance(3);
    let population = population(HONEST, 2_000, &mut chance);
    let mut labels = sample(&population, 300, &mut chance);
    let thresholds = |labels: &[Label]| -> Vec<f64> {
        calibrate(&counts(&population), labels, TARGET)
            .expect("calibrates")
            .steps
            .iter()
            .map(|step| step.threshold)
            .collect()
    };
    let before = thresholds(&labels);
    for label in &mut labels {
        label.agrees = !label.agrees;
    }
    assert_eq!(before, thresholds(&labels));
    assert!(before.is_sorted_by(|left, right| left > right));
}

#[test]
fn many_scores_make_few_tests() {
    let population: Vec<ScoreCount> = (0..1_000)
        .map(|place| ScoreCount {
            score: f64::from(place) / 1_000.0,
            answers: 5,
        })
        .collect();
    let labels: Vec<Label> = (0..500)
        .map(|place| Label {
            score: f64::from(place) / 500.0,
            agrees: true,
        })
        .collect();
    let calibration = calibrate(&population, &labels, TARGET).expect("calibrates");
    assert!(calibration.steps.len() <= MAX_CANDIDATES);
    assert!(calibration.steps.iter().all(|step| step.passes));
    // The levels never add up to more than delta.
    let last = calibration.steps.last().expect("a step");
    assert!((last.level - TARGET.delta).abs() < 1e-12);
    assert_eq!(last.kept_share, 1.0);
}

/// Tail probabilities against values computed with exact fractions.
#[test]
fn binomial_tails_are_exact() {
    let check = |successes, trials, share, expect: f64| {
        let got = at_most(successes, trials, share);
        assert!(
            (got - expect).abs() < 1e-12 * expect.max(1e-3),
            "{got} {expect}"
        );
    };
    check(0, 3, 0.5, 0.125);
    check(1, 3, 0.5, 0.5);
    check(3, 3, 0.5, 1.0);
    check(2, 10, 0.1, 0.929_809_173_6);
    check(0, 59, 0.05, 0.95_f64.powi(59));
    // No underflow: 0.95^20000 is 1e-446.
    assert!(at_most(950, 20_000, 0.05) > 0.05);
    assert!(at_most(100, 20_000, 0.05) < 1e-100);
}

/// Drawn without replacement, so few wrong labels are at most as likely as the binomial test believes:
/// `P(Hypergeometric <= wrong) <= P(Binomial <= wrong)` wherever the test passes.
#[test]
fn drawing_without_replacement_is_only_stricter() {
    let log_choose = |n: u64, k: u64| -> f64 {
        (0..k)
            .map(|place| ((n - place) as f64).ln() - ((place + 1) as f64).ln())
            .sum()
    };
    let mut compared = 0;
    for answers in [200_u64, 500, 2_000] {
        // The fewest wrong answers with which the target is missed.
        let wrong_answers = (0.05 * answers as f64).floor() as u64 + 1;
        for labels in [60, 100, 150] {
            for wrong in 0..6 {
                if at_most(wrong, labels, 0.05) > 0.05 {
                    continue;
                }
                let exact: f64 = (0..=wrong.min(wrong_answers))
                    .map(|each| {
                        (log_choose(wrong_answers, each)
                            + log_choose(answers - wrong_answers, labels - each)
                            - log_choose(answers, labels))
                        .exp()
                    })
                    .sum();
                assert!(exact <= 0.05, "{answers} {labels} {wrong}: {exact}");
                compared += 1;
            }
        }
    }
    assert!(compared > 10, "{compared}");
}

#[test]
fn nonsense_is_refused() {
    for accuracy in [0.0, 1.0, f64::NAN] {
        let target = CalibrationTarget { accuracy, ..TARGET };
        assert!(calibrate(&[], &[], target).is_err());
    }
    let nan = [Label {
        score: f64::NAN,
        agrees: true,
    }];
    assert!(calibrate(&[], &nan, TARGET).is_err());
}
