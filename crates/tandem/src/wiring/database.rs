//! Opening the database, and saying what went wrong with it.

use std::sync::Arc;

use store::{OpenOptions, Store, StoreError};

use crate::app::App;
use crate::cli::SelectionOptions;
use crate::error::{CliError, ErrorKind};

/// How many pull requests one page holds: the unit of every long path.
pub(crate) const PAGE: usize = 1_000;

impl App {
    /// Opens the database for reading, with its teams in line with the configuration.
    ///
    /// # Errors
    /// Exit code 2 when there is none yet, 3 when the configuration is wrong.
    pub(crate) fn open_to_read(&self, verb: &str) -> Result<Arc<dyn Store>, CliError> {
        let store = self.open_as_it_is(&OpenOptions::read(verb))?;
        self.follow_teams_on_the_way(verb, store.as_ref())?;
        Ok(store)
    }

    /// Opens the database for writing, making it when it is not there, with its teams in line with
    /// the configuration.
    ///
    /// # Errors
    /// Exit code 3 when the configuration is wrong.
    pub(crate) fn open_to_write(&self, verb: &str) -> Result<Arc<dyn Store>, CliError> {
        let store = self.open_as_it_is(&OpenOptions::write(verb))?;
        self.follow_teams(store.as_ref())?;
        Ok(store)
    }

    /// Opens the database and looks at nothing else.
    pub(crate) fn open_as_it_is(&self, options: &OpenOptions) -> Result<Arc<dyn Store>, CliError> {
        let path = self.database_path()?;
        Ok(store::open(&path.display().to_string(), options)?)
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let (kind, hint) = match &error {
            StoreError::NotFound { .. } => (
                ErrorKind::Input,
                Some("tandem import FILE makes it; --db names another one; tandem demo needs none"),
            ),
            StoreError::NotADatabase { .. } => (
                ErrorKind::Input,
                Some("name the database with --db; give files of pull requests to tandem import"),
            ),
            StoreError::NewerVersion { .. } => (
                ErrorKind::Configuration,
                Some("update tandem, or use another database with --db; nothing was changed"),
            ),
            StoreError::OlderVersion { .. } => (
                ErrorKind::Configuration,
                Some("make the file writable once, so that it can be brought up to date"),
            ),
            StoreError::ReadOnly { .. } | StoreError::UnwritableFolder { .. } => (
                ErrorKind::Configuration,
                Some("make the file and its folder writable, or name another place with --db"),
            ),
            StoreError::DiskFull { .. } => (
                ErrorKind::Internal,
                Some("free some space and repeat the command; what was committed is safe"),
            ),
            StoreError::Locked { .. } => (
                ErrorKind::Input,
                Some("wait until it is done, or stop it; nothing was changed"),
            ),
            StoreError::Corrupt { .. } => (
                ErrorKind::Internal,
                Some("restore a backup, or import into a new database"),
            ),
            StoreError::UnsupportedUrl { .. } => (
                ErrorKind::Configuration,
                Some("give a file, such as --db tandem.db"),
            ),
            _ => (ErrorKind::Internal, None),
        };
        let error = CliError::new(kind, error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

impl SelectionOptions {
    /// The selection in the store's words.
    pub(crate) fn to_selection(&self) -> store::Selection {
        store::Selection {
            team: self.team.clone(),
            repo: self.repo.clone(),
        }
    }
}

/// Refuses a repository that is not there, as [`require_team`] does.
pub(crate) fn require_repo(store: &dyn Store, repo: Option<&str>) -> Result<(), CliError> {
    let Some(repo) = repo else { return Ok(()) };
    if !store
        .facts(&store::Selection::repo(repo), None, 1)?
        .is_empty()
    {
        return Ok(());
    }
    Err(
        CliError::input(format!("there is no pull request of a repository '{repo}'"))
            .hint("write it as OWNER/NAME, as tandem import and tandem sync have it"),
    )
}

/// Refuses a team that is not there, so that a typing error does not read as "nothing found".
pub(crate) fn require_team(store: &dyn Store, team: Option<&str>) -> Result<(), CliError> {
    let Some(team) = team else { return Ok(()) };
    let teams = store.team_names()?;
    if teams.iter().any(|known| known == team) {
        return Ok(());
    }
    let known: Vec<&str> = teams.iter().take(12).map(String::as_str).collect();
    let error = CliError::input(format!("no team is called '{team}'"));
    Err(if known.is_empty() {
        error.hint("there are no pull requests yet: tandem import FILE")
    } else {
        error.hint(format!("teams: {}", known.join(", ")))
    })
}
