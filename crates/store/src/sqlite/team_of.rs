//! Which team has a pull request.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use model::PullRequest;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use teams::{By, Subject, TeamMapping};

use super::codes::{count, time};
use super::fault::Fault;
use super::meta;
use super::pull_requests::{load, packing};
use crate::document::Unpacker;

/// Where the mapping is kept.
pub(super) const MAPPING: &str = "team_mapping";

/// A team, and the place of the rule by which a pull request is its; `None` by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Assigned {
    pub(super) team_id: i64,
    pub(super) rule: Option<i64>,
}

/// Decides within one write transaction, since the ids it makes are gone when that is rolled back.
pub(super) struct Deciding<'t> {
    transaction: &'t Transaction<'t>,
    mapping: TeamMapping,
    ids: HashMap<String, i64>,
    /// Pairs known to stand in `team_repo`.
    pairs: HashSet<(i64, i64)>,
    unpacker: Option<Unpacker>,
}

impl<'t> Deciding<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>) -> Result<Self, Fault> {
        Ok(Self {
            transaction,
            mapping: mapping(transaction)?,
            ids: HashMap::new(),
            pairs: HashSet::new(),
            unpacker: None,
        })
    }

    /// The transaction in which it decides.
    pub(super) fn transaction(&self) -> &'t Transaction<'t> {
        self.transaction
    }

    /// Whether who asked for a pull request can change its team.
    pub(super) fn looks_at_people(&self) -> bool {
        self.mapping.has_authors()
    }

    /// The team of a pull request whose document is at hand.
    pub(super) fn assign(
        &mut self,
        pull_request: &PullRequest,
        person: Option<&str>,
    ) -> Result<Assigned, Fault> {
        let author = pull_request.author.as_ref();
        let subject = Subject {
            repo: &pull_request.repo,
            author: author.and_then(|author| author.login.as_deref()),
            person,
            opened: pull_request.created_at,
        };
        let rule = self
            .mapping
            .decide(&subject, || Ok::<_, Fault>(paths(pull_request)))?;
        self.assigned(rule, &pull_request.repo)
    }

    /// Makes a repository known, in the team to which it belongs.
    pub(super) fn new_repository(&mut self, name: &str) -> Result<i64, Fault> {
        let team_id = self.team_of_repository(name)?;
        Ok(self
            .transaction
            .prepare_cached("INSERT INTO repo (name, team_id) VALUES (?1, ?2)")?
            .insert(params![name, team_id])?)
    }

    /// Writes that a team has pull requests in a repository.
    pub(super) fn note_pair(&mut self, team_id: i64, repo_id: i64) -> Result<(), Fault> {
        if self.pairs.insert((team_id, repo_id)) {
            self.transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO team_repo (team_id, repo_id) VALUES (?1, ?2)",
                )?
                .execute([team_id, repo_id])?;
        }
        Ok(())
    }

    /// Gives one stored pull request its team again, after it was found out who asked for it.
    pub(super) fn person_found(&mut self, repo_id: i64, number: i64) -> Result<(), Fault> {
        let sql = format!("{STORED} WHERE pr.repo_id = ?1 AND pr.number = ?2");
        let mut prepared = self.transaction.prepare_cached(&sql)?;
        let mut rows = prepared.query([repo_id, number])?;
        let Some(row) = rows.next()? else {
            return Ok(());
        };
        let stored = Stored::read(row)?;
        let by_author = self.mapping.by_author(&stored.subject());
        let was_by_author = stored
            .assigned
            .rule
            .and_then(|rule| self.mapping.rule(usize::try_from(rule).ok()?))
            .is_some_and(|rule| rule.by == By::Author);
        // Files and repository are what they were.
        if by_author.is_some() || was_by_author {
            self.map(&stored)?;
        }
        Ok(())
    }

    /// Gives a stored pull request its team; whether it is another one now.
    pub(super) fn map(&mut self, stored: &Stored) -> Result<bool, Fault> {
        let transaction = self.transaction;
        let unpacker = &mut self.unpacker;
        let rule = self.mapping.decide(&stored.subject(), || {
            let unpacker = match unpacker {
                Some(unpacker) => unpacker,
                empty => empty.insert(Unpacker::new().map_err(packing)?),
            };
            load(transaction, stored.document_id, unpacker).map(|document| paths(&document))
        })?;
        let assigned = self.assigned(rule, &stored.repo)?;
        if assigned == stored.assigned {
            return Ok(false);
        }
        self.transaction
            .prepare_cached(
                "UPDATE pr SET team_id = ?3, team_rule = ?4 WHERE repo_id = ?1 AND number = ?2",
            )?
            .execute(params![
                stored.repo_id,
                stored.number,
                assigned.team_id,
                assigned.rule
            ])?;
        self.note_pair(assigned.team_id, stored.repo_id)?;
        let from = stored.assigned.team_id;
        self.moved(&stored.repo, stored.number, from, assigned.team_id)
    }

    /// Lets what was paid for a pull request go with it to another team; whether it is another.
    pub(super) fn moved(
        &mut self,
        repo: &str,
        number: i64,
        from: i64,
        to: i64,
    ) -> Result<bool, Fault> {
        if from == to {
            return Ok(false);
        }
        self.transaction
            .prepare_cached(
                "UPDATE batch_request \
                 SET belongs_to = (SELECT name FROM team WHERE id = ?3) \
                 WHERE task_id IN (SELECT id FROM batch_task) AND subject = ?1 \
                 AND belongs_to = (SELECT name FROM team WHERE id = ?2)",
            )?
            .execute(params![format!("{repo}#{number}"), from, to])?;
        Ok(true)
    }

    fn assigned(&mut self, rule: Option<usize>, repo: &str) -> Result<Assigned, Fault> {
        let named = rule.and_then(|index| Some((index, self.mapping.rule(index)?.team.clone())));
        Ok(match named {
            Some((index, team)) => Assigned {
                team_id: self.team(&team)?,
                rule: Some(count(index as u64)),
            },
            None => Assigned {
                team_id: self.team(owner(repo))?,
                rule: None,
            },
        })
    }

    /// The team to which a repository itself belongs.
    pub(super) fn team_of_repository(&mut self, name: &str) -> Result<i64, Fault> {
        let ruled = self.mapping.team_of_repository(name).map(str::to_owned);
        self.team(ruled.as_deref().unwrap_or_else(|| owner(name)))
    }

    fn team(&mut self, name: &str) -> Result<i64, Fault> {
        if let Some(id) = self.ids.get(name) {
            return Ok(*id);
        }
        let known = self
            .transaction
            .prepare_cached("SELECT id FROM team WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => self
                .transaction
                .prepare_cached("INSERT INTO team (name) VALUES (?1)")?
                .insert([name])?,
        };
        self.ids.insert(name.to_owned(), id);
        Ok(id)
    }
}

/// What the team of a stored pull request is decided by.
pub(super) const STORED: &str = "SELECT pr.repo_id, pr.number, repo.name, author.text, person.text, \
     pr.created_at, pr.document_id, pr.team_id, pr.team_rule \
     FROM pr JOIN repo ON repo.id = pr.repo_id \
     LEFT JOIN word AS author ON author.id = pr.author_id \
     LEFT JOIN word AS person ON person.id = pr.person_id";

/// A row of [`STORED`].
pub(super) struct Stored {
    pub(super) repo_id: i64,
    pub(super) number: i64,
    repo: String,
    author: Option<String>,
    person: Option<String>,
    opened: Option<Timestamp>,
    document_id: i64,
    assigned: Assigned,
}

impl Stored {
    /// Reads a row of [`STORED`].
    pub(super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        Ok(Self {
            repo_id: row.get(0)?,
            number: row.get(1)?,
            repo: row.get(2)?,
            author: row.get(3)?,
            person: row.get(4)?,
            opened: time(row.get(5)?)?,
            document_id: row.get(6)?,
            assigned: Assigned {
                team_id: row.get(7)?,
                rule: row.get(8)?,
            },
        })
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            repo: &self.repo,
            author: self.author.as_deref(),
            person: self.person.as_deref(),
            opened: self.opened,
        }
    }
}

/// The mapping in force.
pub(super) fn mapping(transaction: &Transaction<'_>) -> Result<TeamMapping, Fault> {
    let Some(json) = meta::get(transaction, MAPPING)? else {
        return Ok(TeamMapping::default());
    };
    TeamMapping::from_json(&json).map_err(|error| Fault::Damaged(error.to_string()))
}

fn paths(pull_request: &PullRequest) -> Vec<String> {
    let files = pull_request.files.iter().flatten();
    files.map(|file| file.path.clone()).collect()
}

fn owner(repo: &str) -> &str {
    repo.split_once('/').map_or(repo, |(owner, _)| owner)
}

/// Gives the names of teams, each text once in memory.
pub(super) struct TeamNames<'t> {
    transaction: &'t Transaction<'t>,
    names: HashMap<i64, Arc<str>>,
}

impl<'t> TeamNames<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>) -> Self {
        Self {
            transaction,
            names: HashMap::new(),
        }
    }

    /// The name of a team.
    pub(super) fn get(&mut self, id: i64) -> Result<Arc<str>, Fault> {
        if let Some(name) = self.names.get(&id) {
            return Ok(Arc::clone(name));
        }
        let name: String = self
            .transaction
            .prepare_cached("SELECT name FROM team WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?;
        let name: Arc<str> = Arc::from(name);
        self.names.insert(id, Arc::clone(&name));
        Ok(name)
    }
}
