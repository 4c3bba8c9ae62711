//! Words that stand in many rows, and repositories, by their small ids.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{OptionalExtension, Transaction};

use super::fault::Fault;
use super::team_of::Deciding;

/// Looks ids up and makes new ones. Lives as long as one write transaction, since ids made in it
/// are gone when it is rolled back.
pub(super) struct Ids<'t> {
    transaction: &'t Transaction<'t>,
    words: HashMap<String, i64>,
    repos: HashMap<String, i64>,
}

impl<'t> Ids<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>) -> Self {
        Self {
            transaction,
            words: HashMap::new(),
            repos: HashMap::new(),
        }
    }

    /// The id of a word.
    pub(super) fn word(&mut self, text: &str) -> Result<i64, Fault> {
        if let Some(id) = self.words.get(text) {
            return Ok(*id);
        }
        let known = known_word(self.transaction, text)?;
        let id = match known {
            Some(id) => id,
            None => self
                .transaction
                .prepare_cached("INSERT INTO word (text) VALUES (?1)")?
                .insert([text])?,
        };
        self.words.insert(text.to_owned(), id);
        Ok(id)
    }

    /// The id of a repository, which is made known where it is new.
    pub(super) fn repo(&mut self, name: &str, teams: &mut Deciding<'_>) -> Result<i64, Fault> {
        if let Some(id) = self.known_repo(name)? {
            return Ok(id);
        }
        let id = teams.new_repository(name)?;
        self.repos.insert(name.to_owned(), id);
        Ok(id)
    }

    /// The id of a repository, if it is known.
    pub(super) fn known_repo(&mut self, name: &str) -> Result<Option<i64>, Fault> {
        if let Some(id) = self.repos.get(name) {
            return Ok(Some(*id));
        }
        let known: Option<i64> = self
            .transaction
            .prepare_cached("SELECT id FROM repo WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        if let Some(id) = known {
            self.repos.insert(name.to_owned(), id);
        }
        Ok(known)
    }
}

/// The id of a word, if it is known.
pub(super) fn known_word(transaction: &Transaction<'_>, text: &str) -> Result<Option<i64>, Fault> {
    Ok(transaction
        .prepare_cached("SELECT id FROM word WHERE text = ?1")?
        .query_row([text], |row| row.get(0))
        .optional()?)
}

/// Gives the words of ids, each text once in memory.
pub(super) struct Texts<'t> {
    transaction: &'t Transaction<'t>,
    words: HashMap<i64, Arc<str>>,
}

impl<'t> Texts<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>) -> Self {
        Self {
            transaction,
            words: HashMap::new(),
        }
    }

    /// The word of an id.
    pub(super) fn get(&mut self, id: Option<i64>) -> Result<Option<Arc<str>>, Fault> {
        let Some(id) = id else {
            return Ok(None);
        };
        if let Some(text) = self.words.get(&id) {
            return Ok(Some(Arc::clone(text)));
        }
        let text: String = self
            .transaction
            .prepare_cached("SELECT text FROM word WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?;
        let text: Arc<str> = Arc::from(text);
        self.words.insert(id, Arc::clone(&text));
        Ok(Some(text))
    }
}
