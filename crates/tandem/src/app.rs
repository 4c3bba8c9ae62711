//! What every verb starts from: the options, where things are, how to say things.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy, choose_base_strategy};

use crate::cli::GlobalOptions;
use crate::config::{Config, Explicit};
use crate::error::CliError;
use crate::output::Output;

/// The application as one invocation sees it.
#[derive(Debug)]
pub(crate) struct App {
    /// How to say things.
    pub(crate) output: Output,
    /// Where events for machines go; `-` is stderr.
    pub(crate) events: Option<PathBuf>,
    /// Whether a run stops when stdin ends.
    pub(crate) stop_with_stdin: bool,
    database: Option<String>,
    /// Whether the database was named on the command line rather than by the environment.
    is_named: bool,
    config_path: Option<PathBuf>,
}

impl App {
    /// Takes over the global options.
    pub(crate) fn new(options: &GlobalOptions) -> Self {
        // Who reads events on stderr wants neither bars nor remarks between them.
        let is_stderr_taken = options.events.as_deref() == Some(Path::new("-"));
        let quiet = options.quiet || is_stderr_taken;
        App {
            output: Output {
                json: options.json,
                quiet,
                progress: !options.no_progress && !quiet && std::io::stderr().is_terminal(),
            },
            events: options.events.clone(),
            stop_with_stdin: options.stop_with_stdin,
            is_named: options.db.is_some()
                && options.db != std::env::var("TANDEM_DATABASE_URL").ok(),
            database: options.db.clone().filter(|text| !text.trim().is_empty()),
            config_path: options.config.clone(),
        }
    }

    /// The same application on another database, for `demo`.
    pub(crate) fn with_database(&self, path: &Path) -> Self {
        App {
            output: self.output,
            events: self.events.clone(),
            stop_with_stdin: self.stop_with_stdin,
            database: Some(path.display().to_string()),
            is_named: true,
            config_path: self.config_path.clone(),
        }
    }

    /// The same application on the database that `--db` names, or on this one where it names none.
    /// For work that does not belong to the database of the environment.
    pub(crate) fn with_default_database(&self, path: &Path) -> Self {
        if self.is_named {
            return App {
                output: self.output,
                database: self.database.clone(),
                is_named: true,
                events: self.events.clone(),
                stop_with_stdin: self.stop_with_stdin,
                config_path: self.config_path.clone(),
            };
        }
        self.with_database(path)
    }

    /// The global options with which another process of this program works on the same database by the
    /// same configuration.
    ///
    /// # Errors
    /// As [`App::database_path`].
    pub(crate) fn arguments_for_child(&self) -> Result<Vec<OsString>, CliError> {
        let mut arguments = vec![OsString::from("--db"), self.database_path()?.into()];
        if let Some(path) = &self.config_path {
            arguments.extend([OsString::from("--config"), path.into()]);
        }
        Ok(arguments)
    }

    /// Where the database is.
    ///
    /// # Errors
    /// Exit code 3 for a URL of a database that this version cannot use, or without a home folder.
    pub(crate) fn database_path(&self) -> Result<PathBuf, CliError> {
        match &self.database {
            Some(text) => path_of(text),
            None => Ok(data_folder()?.join("tandem.db")),
        }
    }

    /// The configuration.
    pub(crate) fn config(&self) -> Result<Config, CliError> {
        match &self.config_path {
            Some(path) => Config::load(path, Explicit::Yes),
            None => Config::load(&self.default_config_path()?, Explicit::No),
        }
    }

    /// Where the configuration is when nobody says otherwise.
    pub(crate) fn default_config_path(&self) -> Result<PathBuf, CliError> {
        Ok(self.database_path()?.with_file_name("tandem.toml"))
    }

    /// Where the configuration was asked to be, or is by default.
    pub(crate) fn config_path(&self) -> Result<PathBuf, CliError> {
        self.config_path
            .clone()
            .map_or_else(|| self.default_config_path(), Ok)
    }
}

/// Reads `--db`: a path, or a `sqlite:` URL.
fn path_of(text: &str) -> Result<PathBuf, CliError> {
    if let Some(path) = text
        .strip_prefix("sqlite://")
        .or_else(|| text.strip_prefix("sqlite:"))
    {
        return Ok(PathBuf::from(path));
    }
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(CliError::configuration(format!(
            "this version has no database driver for {scheme}:// URLs"
        ))
        .hint("give a file, such as --db tandem.db"));
    }
    Ok(PathBuf::from(text))
}

/// Tandem's data folder by the conventions of the system.
fn data_folder() -> Result<PathBuf, CliError> {
    let strategy = choose_base_strategy().map_err(|error| {
        CliError::configuration(format!("cannot find the data folder: {error}"))
            .hint("name the database with --db FILE or TANDEM_DATABASE_URL")
    })?;
    Ok(strategy.data_dir().join("tandem"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_a_path_or_a_url_we_can_open() {
        assert_eq!(path_of("x.db").ok(), Some(PathBuf::from("x.db")));
        assert_eq!(
            path_of("sqlite:///a/x.db").ok(),
            Some(PathBuf::from("/a/x.db"))
        );
        assert_eq!(path_of("sqlite:x.db").ok(), Some(PathBuf::from("x.db")));
        let error = path_of("mongodb://h/db").expect_err("refused").text();
        assert!(error.contains("mongodb://"), "{error}");
    }
}
