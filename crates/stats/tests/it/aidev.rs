//! AIDev-pop (arXiv 2507.15003): SAILResearch/AI_Teammates_in_SE3, 7,122 pull requests of 5 agents,
//! merged hours. The data is not here; what was printed of it is checked as arithmetic.

use stats::{Magnitude, benjamini_hochberg, chi_square_of_table, cliffs_delta};

use crate::close_to::{close_to, same_digits};

struct Pair {
    sizes: (usize, usize),
    u: f64,
    p: f64,
    q: f64,
    delta: f64,
}

const fn pair(sizes: (usize, usize), u: f64, p: f64, q: f64, delta: f64) -> Pair {
    Pair {
        sizes,
        u,
        p,
        q,
        delta,
    }
}

/// Pairs of Codex, Devin, Copilot, Cursor and Claude Code, computed with scipy 1.17.1.
const PAIRS: [Pair; 10] = [
    pair(
        (1754, 1335),
        776_751.0,
        5.97665e-58,
        2.98833e-57,
        -0.336_561,
    ),
    pair((1754, 559), 211_859.5, 3.88222e-91, 3.88222e-90, -0.567_848),
    pair(
        (1754, 74),
        48_651.5,
        0.000_259_615,
        0.000_432_692,
        -0.250_339,
    ),
    pair((1754, 53), 30_888.0, 3.09526e-05, 6.19051e-05, -0.335_470),
    pair((1335, 559), 250_368.5, 1.18976e-29, 3.96586e-29, -0.329_009),
    pair((1335, 74), 52_097.5, 0.427_739, 0.475_265, 0.054_712),
    pair((1335, 53), 34_448.0, 0.745_468, 0.745_468, -0.026_274),
    pair((559, 74), 28_394.0, 1.83193e-07, 4.57983e-07, 0.372_818),
    pair((559, 53), 18_885.0, 0.000_935_766, 0.001_336_81, 0.274_851),
    pair((74, 53), 1_776.0, 0.367_033, 0.458_791, -0.094_340),
];

#[test]
fn deltas_follow_from_u() {
    for pair in &PAIRS {
        close_to(
            cliffs_delta(pair.u, pair.sizes.0, pair.sizes.1),
            pair.delta,
            5e-7,
        );
    }
}

#[test]
fn q_values_follow_from_p() {
    let q_values = benjamini_hochberg(&PAIRS.map(|pair| pair.p)).expect("valid");
    for (q, pair) in q_values.into_iter().zip(&PAIRS) {
        // The p-values stand there with 6 digits, so that the sixth of q may be off by 5.
        assert!((q / pair.q - 1.0).abs() < 5e-6, "{q} instead of {}", pair.q);
    }
}

/// Printed in the paper's notebook for human pull requests (n = 5,081) against each agent.
#[test]
fn printed_human_contrasts() {
    let printed = [
        (169_196.0, 74, -0.100_007, Magnitude::Negligible),
        (133_801.5, 53, -0.006_276, Magnitude::Negligible),
        (2_971_082.5, 1754, -0.333_246, Magnitude::Medium),
        (1_782_055.0, 559, 0.254_845, Magnitude::Small),
        (3_247_112.5, 1335, -0.042_592, Magnitude::Negligible),
    ];
    for (u, m, want, magnitude) in printed {
        let delta = cliffs_delta(u, 5081, m);
        same_digits(delta, want, 4);
        close_to(delta, want, 5.1e-7);
        assert_eq!(Magnitude::of(delta), magnitude);
    }
}

/// Merged and not merged by agent, without correction.
#[test]
fn merged_share_differs_by_agent() {
    let merged = [
        (1754, 2686),
        (1335, 2729),
        (559, 1462),
        (74, 144),
        (53, 101),
    ];
    let rows = merged.map(|(merged, all)| [merged, all - merged]);
    let rows: Vec<&[u64]> = rows.iter().map(<[u64; 2]>::as_slice).collect();
    let test = chi_square_of_table(&rows).expect("valid");
    assert_eq!((test.df, test.n), (4, 7122));
    same_digits(test.statistic, 309.530_070_350_388_77, 14);
    same_digits(test.p, 9.525_092_663_827_082e-66, 12);
}
