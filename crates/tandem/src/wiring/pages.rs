//! What the pages are made of: the same functions that the verbs use.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use detect::{Catalogue, Detector, ToolKind};
use insights::advice::builtin_rules;
use insights::effects::{Reading, Sensitivity};
use insights::months::month_of_name;
use insights::{Report, ReportOptions, Scope, by_month_range, report};
use jiff::Timestamp;
use measures::{Account, Calendar, Observations};
use store::{OpenOptions, Selection, Store, StoreError};
use web::documents::CoverageDocument;
use web::{Basis, NamedTool, Period, Runs, Source, SourceError};

use super::observations;
use super::question::current_versions;
use super::runs::ChildRuns;
use super::upkeep::Upkeep;
use crate::error::{CliError, ErrorKind};
use crate::verbs::coverage::coverage_document;
use crate::verbs::evaluate::by_corrections;

/// How long a decision of a visitor waits for another writer. Verbs hold the lock for one transaction
/// at a time, so that a run or a sync is in the way for moments only; what takes longer is told.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the searched columns wait for another writer: they can be brought up to date later.
const UPKEEP_PATIENCE: Duration = Duration::from_millis(200);

/// The database, read as the verbs read it.
pub(crate) struct Pages {
    store: Arc<dyn Store>,
    database: PathBuf,
    tools: Vec<NamedTool>,
    upkeep: Upkeep,
    runs: Arc<ChildRuns>,
    detector: Detector,
    /// Which seconds count.
    calendar: Calendar,
}

impl Pages {
    /// Pages from an open database, where that is, and the runs on it.
    ///
    /// # Errors
    /// When the built-in catalogue of tools is broken.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        database: PathBuf,
        runs: ChildRuns,
        detector: Detector,
        calendar: Calendar,
    ) -> Result<Self, CliError> {
        Ok(Pages {
            store,
            database,
            tools: named_tools()?,
            upkeep: Upkeep::default(),
            runs: Arc::new(runs),
            detector,
            calendar,
        })
    }

    /// Opens the database to write, for as long as the value lives.
    fn open_to_write(&self, patience: Duration) -> Result<Arc<dyn Store>, StoreError> {
        // Opening to write makes what is not there: one that was taken away is not made anew.
        if !self.database.exists() {
            return Err(StoreError::NotFound {
                path: self.database.clone(),
            });
        }
        let options = OpenOptions {
            patience,
            ..OpenOptions::write("serve")
        };
        store::open(&self.database.display().to_string(), &options)
    }
}

/// The tools that `tandem correct` takes, in order of name.
fn named_tools() -> Result<Vec<NamedTool>, CliError> {
    let catalogue =
        Catalogue::builtin().map_err(|error| CliError::new(ErrorKind::Internal, error))?;
    let mut tools: Vec<NamedTool> = catalogue
        .tools()
        .map(|tool| NamedTool {
            slug: tool.slug.clone(),
            name: tool.name.clone(),
            is_reviewer: tool.kind == ToolKind::Reviewer,
        })
        .collect();
    tools.sort_by_key(|tool| tool.name.to_lowercase());
    Ok(tools)
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
        labels: by_corrections(store).map_err(told)?,
    })
}

impl Source for Pages {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    fn data_version(&self) -> Result<u64, SourceError> {
        Ok(self.store.changes()?)
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

    fn writer(&self) -> Result<Option<Arc<dyn Store>>, SourceError> {
        Ok(Some(self.open_to_write(PATIENCE)?))
    }

    fn tools(&self) -> &[NamedTool] {
        &self.tools
    }

    fn keep_up(&self, data_version: u64) {
        if !self.upkeep.is_due(data_version) {
            return;
        }
        let refreshed = self
            .open_to_write(UPKEEP_PATIENCE)
            .and_then(|store| store.refresh_search());
        match refreshed {
            // Somebody writes: at the next look again.
            Err(StoreError::Locked { .. }) => {}
            // A database that cannot be written to is searched as it is, which is right and slower.
            Ok(_) | Err(_) => self.upkeep.is_done(data_version),
        }
    }

    fn is_bot(&self, account: Account<'_>) -> bool {
        self.detector
            .is_automation(account.id, account.login, account.is_bot)
    }

    fn basis(&self) -> Result<Basis, SourceError> {
        basis_of(self.store.as_ref())
    }
}
