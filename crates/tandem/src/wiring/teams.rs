//! Bringing the teams in the database in line with the configuration.

use ::teams::TeamMapping;
use store::{OpenOptions, Store, StoreError};

use crate::app::App;
use crate::error::CliError;
use crate::output::count;
use crate::progress::count_bar;

/// How many pull requests get their team in one transaction.
const PULL_REQUESTS_PER_WRITE: usize = 5_000;

/// What bringing the teams in line did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mapped {
    /// Pull requests looked at; 0 when all was in line.
    pub(crate) looked_at: u64,
    /// Those that have another team now.
    pub(crate) moved: u64,
}

/// What there is to do before teams can be spoken of.
enum Due {
    /// Nothing.
    Nothing,
    /// To go on with the mapping in force.
    Rest,
    /// To put this mapping in force.
    Mapping(Box<TeamMapping>),
}

impl App {
    /// Brings the teams of a database that is open for writing in line with the configuration. One
    /// without `teams` says nothing about them: what is in force stays.
    pub(crate) fn follow_teams(&self, store: &dyn Store) -> Result<(), CliError> {
        let due = self.due(store)?;
        self.settle(store, due).map(|_| ())
    }

    /// The same for a database that is open for reading, which is opened for writing when there is
    /// something to do. Where that is not allowed, a warning says so.
    pub(crate) fn follow_teams_on_the_way(
        &self,
        verb: &str,
        store: &dyn Store,
    ) -> Result<(), CliError> {
        let due = self.due(store)?;
        if matches!(due, Due::Nothing) {
            return Ok(());
        }
        let path = self.database_path()?.display().to_string();
        match store::open(&path, &OpenOptions::write(verb)) {
            Ok(writable) => self.settle(writable.as_ref(), due).map(|_| ()),
            Err(StoreError::ReadOnly { .. } | StoreError::UnwritableFolder { .. }) => {
                self.output.warning(
                    "the database cannot be written, so its teams are not those of the configuration yet",
                );
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts exactly what the configuration says in force, also that there are no rules.
    pub(crate) fn apply_teams(&self, store: &dyn Store) -> Result<Mapped, CliError> {
        let rules = self.config()?.team_rules;
        let mapping = rules.map(|rules| rules.mapping).unwrap_or_default();
        self.settle(store, Due::Mapping(Box::new(mapping)))
    }

    fn due(&self, store: &dyn Store) -> Result<Due, CliError> {
        let in_force = store.teams_in_force()?;
        if let Some(rules) = self.config()?.team_rules
            && rules.mapping.rules() != in_force.mapping.rules()
        {
            return Ok(Due::Mapping(Box::new(rules.mapping)));
        }
        Ok(if in_force.is_applied {
            Due::Nothing
        } else {
            Due::Rest
        })
    }

    fn settle(&self, store: &dyn Store, due: Due) -> Result<Mapped, CliError> {
        match due {
            Due::Nothing => return Ok(Mapped::default()),
            Due::Rest => {}
            Due::Mapping(mapping) => {
                store.set_team_mapping(&mapping)?;
            }
        }
        let bar = count_bar(&self.output, store.statistics()?.pull_requests);
        bar.set_message("teams");
        let mut mapped = Mapped::default();
        loop {
            let page = store.map_teams(PULL_REQUESTS_PER_WRITE)?;
            mapped.looked_at += page.looked_at;
            mapped.moved += page.moved;
            bar.inc(page.looked_at);
            if page.is_last {
                break;
            }
        }
        bar.finish_and_clear();
        if mapped.moved > 0 {
            self.output.note(&format!(
                "the team rules changed: {} of {} pull requests have another team now",
                count(mapped.moved),
                count(mapped.looked_at)
            ));
        }
        Ok(mapped)
    }
}
