//! Pull requests with their documents.

use model::{PrKey, PullRequest, State};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::codes::{self, count, seconds};
use super::discovered::Discovered;
use super::fault::Fault;
use super::meta;
use super::pages::{PageQuery, page};
use super::search;
use super::team_of::{Assigned, Deciding};
use super::words::{Ids, Texts, known_word};
use crate::document::{self, Packer, Unpacker, document_hash};
use crate::error::StoreError;
use crate::facts::{Outcome, StoredPullRequest, UpsertCounts};
use crate::merge::merge;
use crate::selection::Selection;

/// What [`read_stored`] wants to find in the first columns of a row.
pub(super) const STORED_COLUMNS: &str =
    "document.format, document.data, pr.content_hash, team.name, repo.name, pr.number";
/// The join that goes with it.
pub(super) const STORED_JOIN: &str = "JOIN document ON document.id = pr.document_id \
     JOIN team ON team.id = pr.team_id";

/// Inserts or merges the records of one transaction.
pub(super) fn upsert(
    transaction: &Transaction<'_>,
    pull_requests: &[PullRequest],
) -> Result<UpsertCounts, Fault> {
    let mut ids = Ids::new(transaction);
    let mut teams = Deciding::new(transaction)?;
    let discovered = Discovered::new(transaction)?;
    let mut packer = Packer::new().map_err(packing)?;
    let mut unpacker = Unpacker::new().map_err(packing)?;
    let mut texts = Texts::new(transaction);
    let mut counts = UpsertCounts::default();
    for pull_request in pull_requests {
        let number = codes::number(&pull_request.repo, pull_request.number)?;
        let repo_id = ids.repo(&pull_request.repo, &mut teams)?;
        let json = to_json(pull_request)?;
        let hash = document_hash(&json);
        let Some(known) = Known::find(transaction, repo_id, number)? else {
            let data = packer.pack(&json).map_err(packing)?;
            let document_id = transaction
                .prepare_cached(
                    "INSERT INTO document (repo_id, number, format, data) VALUES (?1, ?2, ?3, ?4)",
                )?
                .insert(params![repo_id, number, document::FORMAT, data])?;
            let team = teams.assign(pull_request, None)?;
            teams.note_pair(team.team_id, repo_id)?;
            FactRow::of(pull_request, team, &mut ids)?.insert(
                transaction,
                repo_id,
                number,
                document_id,
                hash,
            )?;
            discovered.forget(&pull_request.repo, number)?;
            search::insert_title(
                transaction,
                document_id,
                repo_id,
                number,
                &pull_request.title,
            )?;
            counts.inserted += 1;
            continue;
        };
        if known.hash == hash {
            counts.unchanged += 1;
            continue;
        }
        let stored = load(transaction, known.document_id, &mut unpacker)?;
        let title_before = stored.title.clone();
        let merged = merge(stored, pull_request.clone());
        let json = to_json(&merged)?;
        let hash = document_hash(&json);
        if known.hash == hash {
            counts.unchanged += 1;
            continue;
        }
        let person = texts.get(known.person_id)?;
        let team = teams.assign(&merged, person.as_deref())?;
        teams.note_pair(team.team_id, repo_id)?;
        teams.moved(&merged.repo, number, known.team_id, team.team_id)?;
        FactRow::of(&merged, team, &mut ids)?.update(transaction, repo_id, number, hash)?;
        let data = packer.pack(&json).map_err(packing)?;
        transaction
            .prepare_cached("UPDATE document SET format = ?2, data = ?3 WHERE id = ?1")?
            .execute(params![known.document_id, document::FORMAT, data])?;
        search::update_title(transaction, known.document_id, &title_before, &merged.title)?;
        counts.updated += 1;
    }
    if counts.inserted + counts.updated > 0 {
        meta::count_change(transaction)?;
    }
    Ok(counts)
}

/// Merges the pull requests that the repository `from` shares with `taker` into those of `taker`.
pub(super) fn merge_shared(
    transaction: &Transaction<'_>,
    from: i64,
    taker: i64,
) -> Result<(), Fault> {
    let name: String = transaction
        .prepare_cached("SELECT name FROM repo WHERE id = ?1")?
        .query_row([taker], |row| row.get(0))?;
    let mut unpacker = Unpacker::new().map_err(packing)?;
    let mut prepared = transaction.prepare_cached(
        "SELECT theirs.document_id FROM pr theirs JOIN pr ours \
         ON ours.repo_id = ?2 AND ours.number = theirs.number WHERE theirs.repo_id = ?1",
    )?;
    // Eight bytes each; what is read must not change while it is read.
    let mut shared: Vec<i64> = Vec::new();
    for id in prepared.query_map([from, taker], |row| row.get(0))? {
        shared.push(id?);
    }
    for document_id in shared {
        let theirs = load(transaction, document_id, &mut unpacker)?;
        let theirs = PullRequest {
            repo: name.clone(),
            ..theirs
        };
        upsert(transaction, &[theirs])?;
    }
    Ok(())
}

/// The pull request of one key.
pub(super) fn get(
    transaction: &Transaction<'_>,
    key: &PrKey,
) -> Result<Option<StoredPullRequest>, Fault> {
    let sql = format!(
        "SELECT {STORED_COLUMNS} FROM repo JOIN pr ON pr.repo_id = repo.id {STORED_JOIN} \
         WHERE repo.name = ?1 AND pr.number = ?2"
    );
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut rows = prepared.query(params![key.repo, count(key.number)])?;
    let mut unpacker = Unpacker::new().map_err(packing)?;
    match rows.next()? {
        Some(row) => Ok(Some(read_stored(row, &mut unpacker)?)),
        None => Ok(None),
    }
}

/// A page of pull requests.
pub(super) fn list(
    transaction: &Transaction<'_>,
    selection: &Selection,
    after: Option<&PrKey>,
    limit: usize,
) -> Result<Vec<StoredPullRequest>, Fault> {
    let query = PageQuery {
        columns: STORED_COLUMNS,
        joins: STORED_JOIN,
        condition: "TRUE",
        parameters: &[],
    };
    let mut unpacker = Unpacker::new().map_err(packing)?;
    page(transaction, &query, selection, after, limit, |row| {
        read_stored(row, &mut unpacker)
    })
}

/// A page of pull requests without a verdict by this catalogue on their present content, or without
/// measures by the present definitions.
pub(super) fn undetected(
    transaction: &Transaction<'_>,
    catalogue_version: &str,
    selection: &Selection,
    after: Option<&PrKey>,
    limit: usize,
) -> Result<Vec<StoredPullRequest>, Fault> {
    // An unknown catalogue has given no verdict: no row has the id -1.
    let catalogue_id = known_word(transaction, catalogue_version)?.unwrap_or(-1);
    let query = PageQuery {
        columns: STORED_COLUMNS,
        joins: STORED_JOIN,
        condition: "pr.catalogue_id IS NOT :catalogue OR pr.detected_hash IS NOT pr.content_hash \
             OR pr.measures_version IS NOT :measures",
        parameters: &[
            (":catalogue", &catalogue_id),
            (":measures", &measures::VERSION),
        ],
    };
    let mut unpacker = Unpacker::new().map_err(packing)?;
    page(transaction, &query, selection, after, limit, |row| {
        read_stored(row, &mut unpacker)
    })
}

/// Reads a row that begins with [`STORED_COLUMNS`].
pub(super) fn read_stored(
    row: &Row<'_>,
    unpacker: &mut Unpacker,
) -> Result<StoredPullRequest, Fault> {
    let format: i64 = row.get(0)?;
    let data = blob(row, 1)?;
    let mut pull_request: PullRequest = unpacker.unpack(format, data).map_err(|error| {
        let repo = row.get::<_, String>(4).unwrap_or_default();
        let number = row.get::<_, i64>(5).unwrap_or_default();
        Fault::Damaged(format!("the document of {repo}#{number}: {error}"))
    })?;
    // A repository that was renamed since takes its pull requests with it.
    pull_request.repo = row.get(4)?;
    Ok(StoredPullRequest {
        pull_request,
        content_hash: codes::hash_hex(blob(row, 2)?)?,
        team: row.get(3)?,
    })
}

/// A blob without a copy.
pub(super) fn blob<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r [u8], Fault> {
    row.get_ref(column)?
        .as_blob()
        .map_err(|error| Fault::Damaged(error.to_string()))
}

/// Wraps an error of the compressor, which only memory can cause.
pub(super) fn packing(error: std::io::Error) -> Fault {
    Fault::Store(StoreError::Invalid {
        what: format!("a document cannot be packed: {error}"),
    })
}

fn to_json(pull_request: &PullRequest) -> Result<Vec<u8>, Fault> {
    document::to_json(pull_request).map_err(|error| {
        Fault::Store(StoreError::Invalid {
            what: format!("{} cannot be written as JSON: {error}", pull_request.key()),
        })
    })
}

/// What a merge wants to know of the stored row.
struct Known {
    document_id: i64,
    hash: [u8; 16],
    person_id: Option<i64>,
    team_id: i64,
}

impl Known {
    fn find(
        transaction: &Transaction<'_>,
        repo_id: i64,
        number: i64,
    ) -> Result<Option<Self>, Fault> {
        Ok(transaction
            .prepare_cached(
                "SELECT document_id, document_hash, person_id, team_id FROM pr \
                 WHERE repo_id = ?1 AND number = ?2",
            )?
            .query_row([repo_id, number], |row| {
                Ok(Self {
                    document_id: row.get(0)?,
                    hash: row.get(1)?,
                    person_id: row.get(2)?,
                    team_id: row.get(3)?,
                })
            })
            .optional()?)
    }
}

/// The document of a pull request.
pub(super) fn load(
    transaction: &Transaction<'_>,
    document_id: i64,
    unpacker: &mut Unpacker,
) -> Result<PullRequest, Fault> {
    let mut prepared =
        transaction.prepare_cached("SELECT format, data FROM document WHERE id = ?1")?;
    let mut rows = prepared.query([document_id])?;
    let Some(row) = rows.next()? else {
        return Err(Fault::Damaged(format!("document {document_id} is missing")));
    };
    unpacker
        .unpack(row.get(0)?, blob(row, 1)?)
        .map_err(|error| Fault::Damaged(format!("document {document_id}: {error}")))
}

/// The columns of `pr` that come from the document.
struct FactRow<'p> {
    pull_request: &'p PullRequest,
    team: Assigned,
    author_id: Option<i64>,
    language_id: Option<i64>,
    outcome: i64,
    content_hash: [u8; 32],
}

impl<'p> FactRow<'p> {
    fn of(pull_request: &'p PullRequest, team: Assigned, ids: &mut Ids<'_>) -> Result<Self, Fault> {
        let login = pull_request
            .author
            .as_ref()
            .and_then(|author| author.login.as_deref());
        let outcome = match (pull_request.merged_at, pull_request.state) {
            (Some(_), _) => Outcome::Merged,
            (None, State::Closed) => Outcome::Closed,
            (None, State::Open) => Outcome::Open,
        };
        Ok(Self {
            pull_request,
            team,
            author_id: login.map(|login| ids.word(login)).transpose()?,
            language_id: pull_request
                .language
                .as_deref()
                .map(|language| ids.word(language))
                .transpose()?,
            outcome: codes::outcome_code(outcome),
            content_hash: codes::hash_bytes(&pull_request.content_hash())?,
        })
    }

    fn insert(
        &self,
        transaction: &Transaction<'_>,
        repo_id: i64,
        number: i64,
        document_id: i64,
        document_hash: [u8; 16],
    ) -> Result<(), Fault> {
        let pull_request = self.pull_request;
        transaction
            .prepare_cached(
                "INSERT INTO pr (repo_id, number, author_id, language_id, outcome, draft, \
                 created_at, updated_at, closed_at, merged_at, additions, deletions, \
                 changed_files, commit_count, review_count, comment_count, empty_body, \
                 content_hash, document_hash, document_id, team_id, team_rule) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, \
                 ?17, ?18, ?19, ?20, ?21, ?22)",
            )?
            .execute(params![
                repo_id,
                number,
                self.author_id,
                self.language_id,
                self.outcome,
                pull_request.draft,
                seconds(pull_request.created_at),
                seconds(pull_request.updated_at),
                seconds(pull_request.closed_at),
                seconds(pull_request.merged_at),
                pull_request.additions.map(count),
                pull_request.deletions.map(count),
                pull_request.changed_files.map(count),
                length(pull_request.commits.as_deref()),
                length(pull_request.reviews.as_deref()),
                length(pull_request.comments.as_deref()),
                pull_request.has_empty_body(),
                self.content_hash,
                document_hash,
                document_id,
                self.team.team_id,
                self.team.rule,
            ])?;
        Ok(())
    }

    fn update(
        &self,
        transaction: &Transaction<'_>,
        repo_id: i64,
        number: i64,
        document_hash: [u8; 16],
    ) -> Result<(), Fault> {
        let pull_request = self.pull_request;
        transaction
            .prepare_cached(
                "UPDATE pr SET author_id = ?3, language_id = ?4, outcome = ?5, draft = ?6, \
                 created_at = ?7, updated_at = ?8, closed_at = ?9, merged_at = ?10, \
                 additions = ?11, deletions = ?12, changed_files = ?13, commit_count = ?14, \
                 review_count = ?15, comment_count = ?16, empty_body = ?17, content_hash = ?18, \
                 document_hash = ?19, team_id = ?20, team_rule = ?21 \
                 WHERE repo_id = ?1 AND number = ?2",
            )?
            .execute(params![
                repo_id,
                number,
                self.author_id,
                self.language_id,
                self.outcome,
                pull_request.draft,
                seconds(pull_request.created_at),
                seconds(pull_request.updated_at),
                seconds(pull_request.closed_at),
                seconds(pull_request.merged_at),
                pull_request.additions.map(count),
                pull_request.deletions.map(count),
                pull_request.changed_files.map(count),
                length(pull_request.commits.as_deref()),
                length(pull_request.reviews.as_deref()),
                length(pull_request.comments.as_deref()),
                pull_request.has_empty_body(),
                self.content_hash,
                document_hash,
                self.team.team_id,
                self.team.rule,
            ])?;
        Ok(())
    }
}

/// The length of a list that is known.
fn length<T>(list: Option<&[T]>) -> Option<i64> {
    list.map(|list| count(list.len() as u64))
}
