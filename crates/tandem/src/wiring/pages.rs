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
use web::documents::CoverageDocument;
use web::{Basis, Period, Runs, Source, SourceError};

use super::observations;
use super::question::current_versions;
use super::runs::ChildRuns;
use crate::error::CliError;
use crate::verbs::coverage::coverage_document;

/// The database, read as the verbs read it.
pub(crate) struct Pages {
    store: Arc<dyn Store>,
    runs: Arc<ChildRuns>,
    detector: Detector,
    /// Which seconds count.
    calendar: Calendar,
}

impl Pages {
    /// Pages from a database, and the runs on it.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        runs: ChildRuns,
        detector: Detector,
        calendar: Calendar,
    ) -> Self {
        Pages {
            store,
            runs: Arc::new(runs),
            detector,
            calendar,
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

/// The report of a scope, then, where that is everything, those of the teams; each is given away as soon as
/// it is there. Stops early when `give` returns false.
pub(crate) fn reports_of(
    store: &dyn Store,
    scope: &Scope,
    calendar: &Calendar,
    give: &mut dyn FnMut(Report) -> bool,
) -> Result<(), SourceError> {
    let (from, to) = (month(scope.from.as_ref())?, month(scope.to.as_ref())?);
    let selection = Selection {
        team: scope.team.clone(),
        repo: None,
    };
    let mut all = observations::read(store, &selection).map_err(told)?;
    by_month_range(&mut all, from, to);
    let reading = Reading {
        now: Timestamp::now().as_second(),
        calendar: calendar.clone(),
    };
    let rules = builtin_rules().map_err(|error| SourceError::Other(error.to_string()))?;
    let of = |observations: &Observations, team: Option<&str>| {
        let options = ReportOptions {
            reading: reading.clone(),
            scope: Scope {
                team: team.map(ToOwned::to_owned),
                ..scope.clone()
            },
            metrics: Vec::new(),
            rules: rules.clone(),
            sensitivity: Sensitivity::Together,
        };
        report(observations, &options)
    };
    if !give(of(&all, scope.team.as_deref())) || scope.team.is_some() {
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

/// Coverage and evidence of a whole database.
pub(crate) fn basis_of(store: &dyn Store) -> Result<Basis, SourceError> {
    Ok(Basis {
        coverage: store.coverage(&current_versions(), &Selection::all())?,
        evidence: store.evidence_counts(&Selection::all())?,
    })
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
        let scope = Scope {
            team: None,
            from: period.from.clone(),
            to: period.to.clone(),
        };
        reports_of(self.store.as_ref(), &scope, &self.calendar, give)
    }

    fn coverage_document(&self, team: Option<&str>) -> Result<CoverageDocument, SourceError> {
        let selection = Selection {
            team: team.map(ToOwned::to_owned),
            repo: None,
        };
        let versions = current_versions();
        let coverage = self.store.coverage(&versions, &selection)?;
        let evidence = self.store.evidence_counts(&selection)?;
        Ok(coverage_document(coverage, evidence, versions))
    }

    fn runs(&self) -> Option<Arc<dyn Runs>> {
        Some(Arc::clone(&self.runs) as Arc<dyn Runs>)
    }

    fn is_bot(&self, account: Account<'_>) -> bool {
        self.detector
            .is_automation(account.id, account.login, account.is_bot)
    }

    fn basis(&self) -> Result<Basis, SourceError> {
        basis_of(self.store.as_ref())
    }
}
