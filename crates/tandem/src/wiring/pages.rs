//! What the pages are made of: the same functions that the verbs use.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use detect::Detector;
use insights::advice::builtin_rules;
use insights::effects::{Reading, Sensitivity};
use insights::months::month_of_name;
use insights::{Report, ReportOptions, Scope, by_month_range, report};
use jiff::Timestamp;
use measures::{Account, Calendar, Observations};
use store::{Selection, Store};
use web::{Basis, Period, Runs, Source, SourceError};

use super::observations;
use super::question::current_versions;
use super::runs::ChildRuns;
use crate::error::CliError;

/// The database, read as the verbs read it.
pub(crate) struct Pages {
    store: Arc<dyn Store>,
    runs: Arc<ChildRuns>,
    detector: Detector,
}

impl Pages {
    /// Pages from a database, and the runs on it.
    pub(crate) fn new(store: Arc<dyn Store>, runs: ChildRuns, detector: Detector) -> Self {
        Pages {
            store,
            runs: Arc::new(runs),
            detector,
        }
    }
}

fn told(error: CliError) -> SourceError {
    SourceError::Other(error.words())
}

fn month(name: Option<&String>) -> Result<Option<u32>, SourceError> {
    name.map(|name| {
        month_of_name(name).ok_or_else(|| {
            SourceError::Other(format!("'{name}' is not a month; write it as 2026-05"))
        })
    })
    .transpose()
}

impl Source for Pages {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    fn data_version(&self) -> Result<u64, SourceError> {
        let statistics = self.store.statistics()?;
        let mut hasher = DefaultHasher::new();
        (
            statistics.pull_requests,
            statistics.verdicts,
            statistics.analyses,
            statistics.size_bytes,
        )
            .hash(&mut hasher);
        Ok(hasher.finish())
    }

    fn reports(
        &self,
        period: &Period,
        give: &mut dyn FnMut(Report) -> bool,
    ) -> Result<(), SourceError> {
        let (from, to) = (month(period.from.as_ref())?, month(period.to.as_ref())?);
        let mut all = observations::read(self.store.as_ref(), &Selection::all()).map_err(told)?;
        by_month_range(&mut all, from, to);
        let reading = Reading {
            now: Timestamp::now().as_second(),
            calendar: Calendar::Always,
        };
        let rules = builtin_rules().map_err(|error| SourceError::Other(error.to_string()))?;
        let of = |observations: &Observations, team: Option<&str>| {
            let options = ReportOptions {
                reading: reading.clone(),
                scope: Scope {
                    team: team.map(ToOwned::to_owned),
                    from: period.from.clone(),
                    to: period.to.clone(),
                },
                metrics: Vec::new(),
                rules: rules.clone(),
                sensitivity: Sensitivity::Together,
            };
            report(observations, &options)
        };
        if !give(of(&all, None)) {
            return Ok(());
        }
        let mut teams: Vec<String> = all.teams.names().iter().map(ToString::to_string).collect();
        teams.sort();
        for team in teams {
            let of_team = all.of_team(&team);
            if !of_team.rows.is_empty() && !give(of(&of_team, Some(&team))) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn runs(&self) -> Option<Arc<dyn Runs>> {
        Some(Arc::clone(&self.runs) as Arc<dyn Runs>)
    }

    fn is_bot(&self, account: Account<'_>) -> bool {
        self.detector
            .is_automation(account.id, account.login, account.is_bot)
    }

    fn basis(&self) -> Result<Basis, SourceError> {
        Ok(Basis {
            coverage: self
                .store
                .coverage(&current_versions(), &Selection::all())?,
            evidence: self.store.evidence_counts(&Selection::all())?,
        })
    }
}
