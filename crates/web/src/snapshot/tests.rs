use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use detect::Catalogue;
use detect::evaluation::Evaluator;
use insights::effects::{Reading, Sensitivity};
use insights::{Report, ReportOptions, Scope, report};
use measures::{Calendar, Moment, Observation, Observations};
use store::{Coverage, Store};

use super::desk::MOST_OTHERS;
use super::{Found, Keeper, Kept};
use crate::documents::CoverageDocument;
use crate::source::{Basis, Labels, Period, Source, SourceError, Wanted};

/// How long anything here may take.
const LIMIT: Duration = Duration::from_mins(1);

/// Teams with numbers of pull requests; what was asked for is written down.
#[derive(Default)]
struct Teams {
    rows: Mutex<BTreeMap<String, usize>>,
    version: AtomicU64,
    asked: Mutex<Vec<String>>,
    is_broken: bool,
}

impl Teams {
    fn of(names: &[(&str, usize)]) -> Arc<Self> {
        let rows = names.iter().map(|(name, rows)| ((*name).to_owned(), *rows));
        Arc::new(Teams {
            rows: Mutex::new(rows.collect()),
            version: AtomicU64::new(1),
            ..Teams::default()
        })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("not poisoned").clone()
    }

    fn make(&self, team: Option<&str>) -> Report {
        let mut observations = Observations::default();
        for (name, rows) in self.rows.lock().expect("not poisoned").iter() {
            if team.is_none_or(|team| team == name) {
                let row = Observation {
                    team: observations.teams.code(name),
                    opened: Moment::new(Some(1_690_000_000)),
                    ..Observation::default()
                };
                observations.rows.extend(std::iter::repeat_n(row, *rows));
            }
        }
        report(
            &observations,
            &ReportOptions {
                reading: Reading {
                    now: 1_700_000_000,
                    calendar: Calendar::Always,
                },
                scope: Scope {
                    team: team.map(ToOwned::to_owned),
                    ..Scope::default()
                },
                metrics: Vec::new(),
                rules: Vec::new(),
                sensitivity: Sensitivity::Skip,
            },
        )
    }
}

impl Source for Teams {
    fn store(&self) -> Arc<dyn Store> {
        unreachable!("reports do not ask for it")
    }

    fn data_version(&self) -> Result<u64, SourceError> {
        Ok(self.version.load(Ordering::SeqCst))
    }

    fn reports(
        &self,
        period: &Period,
        wanted: Wanted<'_>,
        give: &mut dyn FnMut(Report) -> bool,
    ) -> Result<(), SourceError> {
        assert!(!self.is_broken, "a fault, as the test wants it");
        let from = period.from.as_deref().unwrap_or("ever");
        let asked = match wanted {
            Wanted::Everything { teams } => format!("{from} everything and {teams}"),
            Wanted::Team(team) => format!("{from} {team}"),
        };
        self.asked.lock().expect("not poisoned").push(asked);
        match wanted {
            Wanted::Team(team) => {
                if self.rows.lock().expect("not poisoned").contains_key(team) {
                    give(self.make(Some(team)));
                }
            }
            Wanted::Everything { teams } => {
                give(self.make(None));
                let rows = self.rows.lock().expect("not poisoned").clone();
                // Those with one pull request are small.
                let large = rows.into_iter().filter(|(_, rows)| *rows > 1).take(teams);
                for (team, _) in large {
                    give(self.make(Some(&team)));
                }
            }
        }
        Ok(())
    }

    fn basis(&self) -> Result<Basis, SourceError> {
        Ok(Basis {
            coverage: Coverage::default(),
            evidence: Vec::new(),
            labels: Labels {
                corrections: 0,
                evaluation: Evaluator::new(&Catalogue::builtin().expect("a catalogue")).finish(),
            },
        })
    }

    fn coverage_document(&self, _: Option<&str>) -> Result<CoverageDocument, SourceError> {
        unreachable!("reports do not ask for it")
    }
}

fn since(month: &str) -> Period {
    Period {
        from: Some(month.to_owned()),
        to: None,
    }
}

/// What is found once it is worked out.
async fn found(keeper: &Keeper, period: &Period, team: Option<&str>) -> Found {
    let begin = Instant::now();
    loop {
        match keeper.report(period, team).await {
            Found::Working => assert!(begin.elapsed() < LIMIT, "it is never there"),
            found => return found,
        }
    }
}

async fn ready(keeper: &Keeper, period: &Period, team: Option<&str>) -> Kept {
    match found(keeper, period, team).await {
        Found::Ready(kept) => kept,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn large_teams_come_with_everything_and_others_when_they_are_asked_for() {
    let teams = Teams::of(&[("large", 3), ("small", 1)]);
    let keeper = Keeper::start(teams.clone());
    let large = ready(&keeper, &Period::default(), Some("large")).await;
    assert_eq!(large.report.pull_requests, 3);
    assert_eq!(*large.teams, ["large".to_owned(), "small".to_owned()]);
    assert_eq!(teams.asked(), ["ever everything and 64"]);
    let small = ready(&keeper, &Period::default(), Some("small")).await;
    assert_eq!(small.report.pull_requests, 1);
    assert_eq!(teams.asked().last().map(String::as_str), Some("ever small"));
    // A name that there is not makes no work.
    let none = found(&keeper, &since("2023-01"), Some("nobody")).await;
    assert!(matches!(none, Found::NoSuchTeam), "{none:?}");
    assert_eq!(teams.asked().len(), 2);
}

#[tokio::test]
async fn of_a_period_only_what_is_asked_for_is_worked_out_and_little_is_kept() {
    let teams = Teams::of(&[("large", 3)]);
    let keeper = Keeper::start(teams.clone());
    ready(&keeper, &Period::default(), None).await;
    for year in 0..MOST_OTHERS + 10 {
        let period = since(&format!("{}-01", 1990 + year));
        ready(&keeper, &period, Some("large")).await;
    }
    assert_eq!(
        teams.asked()[1..3],
        ["1990-01 large".to_owned(), "1991-01 large".to_owned()]
    );
    let kept = keeper.shared.desk().kept();
    assert!(kept <= MOST_OTHERS + 2, "{kept} reports are kept");
    ready(&keeper, &since("2024-01"), None).await;
    let asked = teams.asked();
    assert_eq!(asked.last().expect("asked"), "2024-01 everything and 0");
}

#[tokio::test]
async fn the_old_report_stands_until_the_new_one_is_there() {
    let teams = Teams::of(&[("large", 3), ("small", 1)]);
    let keeper = Keeper::start(teams.clone());
    let first = ready(&keeper, &Period::default(), None).await;
    ready(&keeper, &Period::default(), Some("small")).await;
    {
        let mut rows = teams.rows.lock().expect("not poisoned");
        rows.remove("small");
        rows.insert("new".to_owned(), 2);
    }
    teams.version.store(2, Ordering::SeqCst);
    let begin = Instant::now();
    let second = loop {
        let kept = ready(&keeper, &Period::default(), None).await;
        if kept.serial != first.serial {
            break kept;
        }
        assert!(begin.elapsed() < LIMIT, "it is never renewed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(second.report.pull_requests, 5);
    assert!(second.made_at >= first.made_at);
    assert_eq!(*second.teams, ["large".to_owned(), "new".to_owned()]);
    ready(&keeper, &Period::default(), Some("new")).await;
    let gone = found(&keeper, &Period::default(), Some("small")).await;
    assert!(matches!(gone, Found::NoSuchTeam), "{gone:?}");
}

#[tokio::test]
async fn a_fault_is_told_and_not_waited_for() {
    let keeper = Keeper::start(Arc::new(Teams {
        is_broken: true,
        ..Teams::default()
    }));
    for team in [None, Some("large")] {
        let failed = found(&keeper, &Period::default(), team).await;
        assert!(
            matches!(&failed, Found::Failed(words) if words.contains("could not be worked out")),
            "{failed:?}"
        );
    }
}
