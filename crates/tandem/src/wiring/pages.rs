//! What the pages are made of: the same functions that the verbs use.

use std::num::NonZero;
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
use rayon::{ThreadPool, ThreadPoolBuilder};
use store::{OpenOptions, Selection, Store, StoreError};
use web::documents::CoverageDocument;
use web::{Basis, NamedTool, Period, Runs, Source, SourceError, Wanted};

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
    /// Who works reports out.
    pool: Option<ThreadPool>,
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
            pool: half_of_the_processors(),
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

/// How reports are made.
pub(crate) struct Making<'m> {
    /// Which seconds count.
    pub(crate) calendar: &'m Calendar,
    /// Beside the report of everything, how many teams have one of their own.
    pub(crate) most_teams: usize,
    /// Who computes; `None` for all processors.
    pub(crate) pool: Option<&'m ThreadPool>,
}

/// Half of the processors: the others have pages to make meanwhile, and each that computes needs memory of its
/// own for the pull requests it looks at.
fn half_of_the_processors() -> Option<ThreadPool> {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    // Where no pool can be made, the usual one serves.
    ThreadPoolBuilder::new()
        .num_threads((processors / 2).max(1))
        .build()
        .ok()
}

/// The report of a scope, then, where that is everything, those of its largest teams in order of name, at
/// most so many; each is given away as soon as it is there. Stops early when `give` returns false.
pub(crate) fn reports_of(
    store: &dyn Store,
    scope: &Scope,
    making: &Making<'_>,
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
        calendar: making.calendar.clone(),
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
        match making.pool {
            Some(pool) => pool.install(|| report(observations, &options)),
            None => report(observations, &options),
        }
    };
    if !give(of(&all, scope.team.as_deref())) || scope.team.is_some() {
        return Ok(());
    }
    for team in largest_teams(&all, making.most_teams) {
        if !give(of(&all.of_team(&team), Some(&team))) {
            return Ok(());
        }
    }
    Ok(())
}

/// The teams with the most pull requests, at most so many, in order of name.
fn largest_teams(observations: &Observations, most: usize) -> Vec<String> {
    let mut rows = vec![0_u64; observations.teams.names().len()];
    for place in observations.rows.iter().filter_map(|row| row.team.index()) {
        if let Some(rows) = rows.get_mut(place) {
            *rows += 1;
        }
    }
    let mut teams: Vec<(u64, String)> = rows
        .into_iter()
        .zip(observations.teams.names())
        .filter(|(rows, _)| *rows > 0)
        .map(|(rows, name)| (rows, name.to_string()))
        .collect();
    teams.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    teams.truncate(most);
    let mut names: Vec<String> = teams.into_iter().map(|(_, name)| name).collect();
    names.sort();
    names
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
        wanted: Wanted<'_>,
        give: &mut dyn FnMut(Report) -> bool,
    ) -> Result<(), SourceError> {
        let (team, most_teams) = match wanted {
            Wanted::Everything { teams } => (None, teams),
            Wanted::Team(team) => (Some(team.to_owned()), 0),
        };
        let scope = Scope {
            team,
            from: period.from.clone(),
            to: period.to.clone(),
        };
        let is_of_team = scope.team.is_some();
        let store = self.store.as_ref();
        let making = Making {
            calendar: &self.calendar,
            most_teams,
            pool: self.pool.as_ref(),
        };
        reports_of(store, &scope, &making, &mut |report| {
            // A team that has nothing there has no report.
            (is_of_team && report.pull_requests == 0) || give(report)
        })
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
