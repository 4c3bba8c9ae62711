//! Months of teams: regression within team and month, and correlations within teams.

use stats::{
    EffectsCounted, FixedEffects, Regression, StandardErrors, cluster_jackknife,
    within_spearman_clustered,
};

use crate::chance::Chance;
use crate::tally::{FEWER_RUNS, Tally, report_all};

/// Teams, months, and how much of a month's noise the next keeps; the gate asks for 6 and 6.
const SITUATIONS: [(u32, u32, f64); 7] = [
    (6, 6, 0.0),
    (6, 6, 0.5),
    (6, 24, 0.5),
    (10, 12, 0.5),
    (20, 12, 0.5),
    (40, 12, 0.0),
    (40, 12, 0.5),
];

struct Columns {
    share: Vec<f64>,
    level: Vec<f64>,
    teams: Vec<u32>,
    months: Vec<u32>,
}

/// Shares that rise in each team at its own pace, levels of teams, months that all share.
fn draw(chance: &mut Chance, situation: (u32, u32, f64), shared: f64) -> Columns {
    let (teams, months, persistence) = situation;
    let mut columns = Columns {
        share: vec![],
        level: vec![],
        teams: vec![],
        months: vec![],
    };
    let common = chance.normals(months as usize);
    let keep = f64::sqrt(1.0 - persistence * persistence);
    for team in 0..teams {
        let (level, pace) = (chance.normal(), chance.uniform());
        let (mut of_share, mut of_level) = (chance.normal(), chance.normal());
        for (month, common) in (0..).zip(&common) {
            of_share = persistence * of_share + keep * chance.normal();
            of_level = persistence * of_level + keep * chance.normal();
            let trend = pace * f64::from(month) / f64::from(months);
            columns.share.push(0.2 + 0.3 * trend + 0.1 * of_share);
            columns.level.push(level + shared * common + 0.4 * of_level);
            columns.teams.push(team);
            columns.months.push(month);
        }
    }
    columns
}

impl Columns {
    fn slope(&self, rows: &[u32]) -> Result<f64, stats::StatsError> {
        let reals =
            |column: &[f64]| -> Vec<f64> { rows.iter().map(|row| column[*row as usize]).collect() };
        let codes =
            |column: &[u32]| -> Vec<u32> { rows.iter().map(|row| column[*row as usize]).collect() };
        let effects = FixedEffects::new(&[&codes(&self.teams), &codes(&self.months)])?;
        let share = reals(&self.share);
        let regression = Regression::absorbing(&reals(&self.level), &[&share], &effects)?;
        let fit = regression.fit(StandardErrors::Classical)?;
        Ok(fit.coefficients[0].map_or(0.0, |slope| slope.estimate))
    }
}

#[test]
#[ignore = "a simulation that prints figures"]
fn slopes_within_team_and_month() {
    let mut tallies = Vec::new();
    for situation in SITUATIONS {
        let (teams, months, persistence) = situation;
        let mut chance = Chance::new(31);
        let method = if teams < 40 { "jackknife" } else { "CR1" };
        let name = format!(
            "{method} within team and month, {teams} teams x {months} months, persistence {persistence}"
        );
        let mut coverage = Tally::coverage(name.clone());
        let mut test = Tally::rejection(name);
        for _ in 0..FEWER_RUNS {
            let made = draw(&mut chance, situation, 0.3);
            let judged = if teams < 40 {
                cluster_jackknife(&made.teams, |rows| made.slope(rows)).expect("valid")
            } else {
                let effects = FixedEffects::new(&[&made.teams, &made.months]).expect("valid");
                let regression = Regression::absorbing(&made.level, &[&made.share], &effects);
                let fit = regression.expect("valid").fit(StandardErrors::Clustered {
                    clusters: &made.teams,
                    counting: EffectsCounted::NotNested,
                });
                fit.expect("valid").coefficients[0].expect("varies")
            };
            coverage.covers(judged.interval, 0.0);
            test.rejects(judged.p);
        }
        tallies.extend([coverage, test]);
    }
    report_all(&tallies);
}

#[test]
#[ignore = "a simulation that prints figures"]
fn correlations_within_teams() {
    let mut tallies = Vec::new();
    for situation in SITUATIONS {
        let (teams, months, persistence) = situation;
        let mut chance = Chance::new(32);
        let name = format!(
            "Spearman within teams, {teams} teams x {months} months, persistence {persistence}"
        );
        let mut coverage = Tally::coverage(name.clone());
        let mut test = Tally::rejection(name);
        for _ in 0..FEWER_RUNS {
            // Months that all teams share, beside shares that rise in all, would be a correlation.
            let made = draw(&mut chance, situation, 0.0);
            let found = within_spearman_clustered(&made.share, &made.level, &made.teams);
            let found = found.expect("valid");
            coverage.covers(found.interval, 0.0);
            test.rejects(found.p);
        }
        tallies.extend([coverage, test]);
    }
    report_all(&tallies);
}
