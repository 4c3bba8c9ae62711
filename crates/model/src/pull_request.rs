//! The pull request and its documents, in the import shape.
//!
//! `None` means "not known", an empty list means "known to be empty". Nothing may be concluded from
//! a field that merely happens to be absent.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

/// One pull request with its documents, as imported or synced.
///
/// Times are UTC. Unknown fields in the input are ignored. The default is a record that knows nothing,
/// not even which pull request it is: a start for those who build one field by field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PullRequest {
    /// The host's id of the pull request: a number or a node id, kept as text.
    #[serde(default, deserialize_with = "id_as_text")]
    pub id: Option<String>,
    /// `owner/name`.
    pub repo: String,
    /// The number within the repository.
    pub number: u64,
    /// The repository's main language.
    #[serde(default)]
    pub language: Option<String>,
    /// The title; empty where the host gave none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub title: String,
    /// The description; `None` and blank both count as an empty body.
    #[serde(default)]
    pub body: Option<String>,
    /// Who opened it; `None` for deleted accounts.
    #[serde(default)]
    pub author: Option<Actor>,
    /// Open or closed; merged when `merged_at` is set.
    #[serde(default)]
    pub state: State,
    /// Whether it is a draft now.
    #[serde(default)]
    pub draft: Option<bool>,
    /// When it was opened.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When the host last changed it.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
    /// When it was closed, merged or not.
    #[serde(default)]
    pub closed_at: Option<Timestamp>,
    /// When it was merged.
    #[serde(default)]
    pub merged_at: Option<Timestamp>,
    /// Lines added.
    #[serde(default)]
    pub additions: Option<u64>,
    /// Lines deleted.
    #[serde(default)]
    pub deletions: Option<u64>,
    /// Number of files changed.
    #[serde(default)]
    pub changed_files: Option<u64>,
    /// The branch it comes from.
    #[serde(default)]
    pub head_ref: Option<String>,
    /// The branch it goes to.
    #[serde(default)]
    pub base_ref: Option<String>,
    /// Labels.
    #[serde(default)]
    pub labels: Option<Vec<Label>>,
    /// Commits, oldest first.
    #[serde(default)]
    pub commits: Option<Vec<Commit>>,
    /// Submitted reviews.
    #[serde(default)]
    pub reviews: Option<Vec<Review>>,
    /// Issue comments and review comments.
    #[serde(default)]
    pub comments: Option<Vec<Comment>>,
    /// Changed files.
    #[serde(default)]
    pub files: Option<Vec<FileChange>>,
    /// Timeline events.
    #[serde(default)]
    pub events: Option<Vec<Event>>,
    /// Who merged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_by: Option<Actor>,
    /// Whether it merges, or merged, by itself once its checks passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_merge: Option<bool>,
    /// Accounts and teams (`@owner/team`) whose review is asked for now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_reviewers: Option<Vec<String>>,
    /// Issues that it closes, as `owner/name#12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked_issues: Option<Vec<String>>,
    /// The state of the checks on its last commit, in the host's lower-case word: `success`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checks: Option<String>,
    /// How much the host says there is, against which the lists can be held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<ExpectedCounts>,
}

/// How many items of each list the host says there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedCounts {
    /// Commits.
    pub commits: u64,
    /// Submitted and pending reviews.
    pub reviews: u64,
    /// Comments in the conversation and on the diff.
    pub comments: u64,
    /// Changed files.
    pub files: u64,
}

/// A list of a record that holds fewer items than the host says there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Which list: `commits`, `reviews`, `comments` or `files`.
    pub list: &'static str,
    /// How many the host says there are.
    pub expected: u64,
    /// How many the record holds; `None` when the list is not known at all.
    pub stored: Option<u64>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The login, with or without the `[bot]` suffix; `None` for deleted accounts.
    #[serde(default)]
    pub login: Option<String>,
    /// The host's numeric id, which survives renames.
    #[serde(default)]
    pub id: Option<u64>,
    /// Whether the host calls it a bot.
    #[serde(default)]
    pub is_bot: Option<bool>,
}

/// Open or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Still open.
    #[default]
    #[serde(alias = "OPEN")]
    Open,
    /// Closed; merged when `merged_at` is set.
    #[serde(alias = "CLOSED", alias = "MERGED", alias = "merged")]
    Closed,
}

/// A label: a bare name, or an object with a `name`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Label(pub String);

/// A commit of the pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The hash, 40 hex digits.
    #[serde(default)]
    pub sha: Option<String>,
    /// Subject, body and trailers.
    #[serde(default, deserialize_with = "null_as_default")]
    pub message: String,
    /// Login of the author's account.
    #[serde(default)]
    pub author_login: Option<String>,
    /// Login of the committer's account.
    #[serde(default)]
    pub committer_login: Option<String>,
    /// Name in the commit's author line.
    #[serde(default)]
    pub author_name: Option<String>,
    /// Address in the commit's author line.
    #[serde(default)]
    pub author_email: Option<String>,
    /// Name in the commit's committer line.
    #[serde(default)]
    pub committer_name: Option<String>,
    /// Address in the commit's committer line.
    #[serde(default)]
    pub committer_email: Option<String>,
    /// When the author made it.
    #[serde(default)]
    pub authored_at: Option<Timestamp>,
}

/// A submitted review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Login of the reviewer.
    #[serde(default)]
    pub author: Option<String>,
    /// Numeric id of the reviewer.
    #[serde(default)]
    pub author_id: Option<u64>,
    /// Whether the host calls the reviewer a bot.
    #[serde(default)]
    pub is_bot: Option<bool>,
    /// What the review said.
    #[serde(default)]
    pub state: ReviewState,
    /// When it was submitted.
    #[serde(default)]
    pub submitted_at: Option<Timestamp>,
    /// The text of the review.
    #[serde(default)]
    pub body: Option<String>,
}

/// The state of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReviewState {
    /// Approved.
    #[serde(alias = "approved")]
    Approved,
    /// Changes requested.
    #[serde(alias = "changes_requested")]
    ChangesRequested,
    /// A comment without a decision.
    #[serde(alias = "commented")]
    Commented,
    /// Dismissed later.
    #[serde(alias = "dismissed")]
    Dismissed,
    /// Not yet submitted.
    #[serde(alias = "pending")]
    Pending,
    /// A state this version does not know.
    #[default]
    #[serde(other)]
    Other,
}

/// A comment in the conversation or on the diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Login of the commenter.
    #[serde(default)]
    pub author: Option<String>,
    /// Numeric id of the commenter.
    #[serde(default)]
    pub author_id: Option<u64>,
    /// Whether the host calls the commenter a bot.
    #[serde(default)]
    pub is_bot: Option<bool>,
    /// When it was written.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// In the conversation or on the diff.
    #[serde(default)]
    pub kind: CommentKind,
    /// The file a review comment is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The text.
    #[serde(default, deserialize_with = "null_as_default")]
    pub body: String,
}

/// Where a comment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CommentKind {
    /// In the conversation.
    #[default]
    Issue,
    /// On the diff.
    Review,
}

/// A changed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    /// Path within the repository.
    pub path: String,
    /// Lines added.
    #[serde(default)]
    pub additions: Option<u64>,
    /// Lines deleted.
    #[serde(default)]
    pub deletions: Option<u64>,
}

/// A timeline event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happened: `labeled`, `ready_for_review`, `convert_to_draft`, ...
    pub event: String,
    /// Who did it.
    #[serde(default)]
    pub actor: Option<String>,
    /// When.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// The label, for label events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The assignee, for assignment events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
}

/// The natural key of a pull request. Orders by repository, then number.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct PrKey {
    /// `owner/name`.
    pub repo: String,
    /// The number within the repository.
    pub number: u64,
}

impl fmt::Display for PrKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{}", self.repo, self.number)
    }
}

/// A text that does not name a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAKey(pub String);

impl fmt::Display for NotAKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "'{}' does not name a pull request", self.0)
    }
}

impl std::error::Error for NotAKey {}

impl FromStr for PrKey {
    type Err = NotAKey;

    /// Reads what [`PrKey`] writes: `owner/name#12`.
    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let parsed = text.rsplit_once('#').and_then(|(repo, number)| {
            let number = number.parse::<u64>().ok()?;
            (!repo.is_empty()).then(|| PrKey {
                repo: repo.to_owned(),
                number,
            })
        });
        parsed.ok_or_else(|| NotAKey(text.to_owned()))
    }
}

impl PullRequest {
    /// The natural key.
    pub fn key(&self) -> PrKey {
        PrKey {
            repo: self.repo.clone(),
            number: self.number,
        }
    }

    /// The part of the repository's name before the slash: the default team.
    pub fn owner(&self) -> &str {
        self.repo
            .split_once('/')
            .map_or(self.repo.as_str(), |(owner, _)| owner)
    }

    /// Whether there is no description, or only white space.
    pub fn has_empty_body(&self) -> bool {
        self.body
            .as_deref()
            .is_none_or(|body| body.trim().is_empty())
    }

    /// Lines added and deleted together; `None` unless both are known.
    pub fn size_lines(&self) -> Option<u64> {
        Some(self.additions?.saturating_add(self.deletions?))
    }

    /// The lists that hold fewer items than the host says there are; `None` when the host's counts
    /// are not known, so that nothing can be said.
    pub fn gaps(&self) -> Option<Vec<Gap>> {
        fn length<T>(list: Option<&Vec<T>>) -> Option<u64> {
            list.map(|list| list.len() as u64)
        }
        let expected = self.expected?;
        let lists = [
            ("commits", expected.commits, length(self.commits.as_ref())),
            ("reviews", expected.reviews, length(self.reviews.as_ref())),
            (
                "comments",
                expected.comments,
                length(self.comments.as_ref()),
            ),
            ("files", expected.files, length(self.files.as_ref())),
        ];
        let gaps = lists
            .into_iter()
            .filter(|(_, expected, stored)| stored.is_none_or(|stored| stored < *expected))
            .map(|(list, expected, stored)| Gap {
                list,
                expected,
                stored,
            });
        Some(gaps.collect())
    }

    /// A hash (64 hex digits) of what an analysis or a verdict can depend on.
    ///
    /// Bookkeeping that says nothing of the change itself (`id`, `updated_at`, check states, the
    /// host's counts) is left out, so that a new label event elsewhere does not make every analysis
    /// stale. Fields that came later are not written where they are not known: the hashes of older
    /// records stay as they were.
    pub fn content_hash(&self) -> String {
        let content = PullRequest {
            id: None,
            updated_at: None,
            auto_merge: None,
            requested_reviewers: None,
            checks: None,
            expected: None,
            ..self.clone()
        };
        let mut hasher = blake3::Hasher::new();
        // Writing to a hasher cannot fail, and every field has string keys.
        if serde_json::to_writer(&mut hasher, &content).is_err() {
            hasher.update(b"unserialisable");
        }
        hasher.finalize().to_hex().to_string()
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a label name or an object with a name")]
        enum Shape {
            Name(String),
            Object { name: String },
        }
        Ok(match Shape::deserialize(deserializer)? {
            Shape::Name(name) | Shape::Object { name } => Label(name),
        })
    }
}

/// Reads `null` as the type's default.
fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a numeric or textual id as text.
fn id_as_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a number or a string")]
    enum Shape {
        Number(u64),
        Text(String),
    }
    Ok(
        Option::<Shape>::deserialize(deserializer)?.map(|shape| match shape {
            Shape::Number(number) => number.to_string(),
            Shape::Text(text) => text,
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> PullRequest {
        serde_json::from_str(json).expect("a valid record")
    }

    #[test]
    fn absent_is_not_empty() {
        let absent = parse(r#"{"repo":"a/b","number":1}"#);
        let empty = parse(r#"{"repo":"a/b","number":1,"commits":[],"comments":[]}"#);
        assert_eq!(absent.commits, None);
        assert_eq!(empty.commits, Some(vec![]));
        assert_ne!(absent.content_hash(), empty.content_hash());
    }

    #[test]
    fn ids_labels_and_unknown_fields_are_tolerated() {
        let record = parse(
            r#"{"id":7,"repo":"a/b","number":1,"title":null,"labels":["x",{"name":"y"}],"novel":{}}"#,
        );
        assert_eq!(record.id.as_deref(), Some("7"));
        assert_eq!(
            record.labels,
            Some(vec![Label("x".into()), Label("y".into())])
        );
        assert_eq!(record.title, "");
    }

    #[test]
    fn the_content_hash_ignores_bookkeeping_only() {
        let before = parse(r#"{"id":1,"repo":"a/b","number":1,"title":"t"}"#);
        let mut after = before.clone();
        after.id = None;
        after.updated_at = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(before.content_hash(), after.content_hash());
        after.title = "u".into();
        assert_ne!(before.content_hash(), after.content_hash());
    }

    #[test]
    fn a_record_knows_what_it_lacks() {
        let without_counts = parse(r#"{"repo":"a/b","number":1,"commits":[]}"#);
        assert_eq!(without_counts.gaps(), None);
        let record = parse(
            r#"{"repo":"a/b","number":1,"commits":[{"message":"x"}],"reviews":[],"comments":[],
                "expected":{"commits":1,"reviews":0,"comments":2,"files":3}}"#,
        );
        let gap = |list, expected, stored| Gap {
            list,
            expected,
            stored,
        };
        assert_eq!(
            record.gaps(),
            Some(vec![gap("comments", 2, Some(0)), gap("files", 3, None)])
        );
    }

    #[test]
    fn a_record_survives_a_round_trip() {
        let record = parse(
            r#"{"repo":"a/b","number":1,"state":"closed","created_at":"2025-05-11T13:34:36+02:00",
                "reviews":[{"author":null,"state":"APPROVED"}],"comments":[{"kind":"review","path":"x","body":"y"}]}"#,
        );
        let text = serde_json::to_string(&record).expect("serialises");
        assert_eq!(parse(&text), record);
    }

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let key: PrKey = "acme/shop#12".parse().expect("a key");
        assert_eq!((key.repo.as_str(), key.number), ("acme/shop", 12));
        assert_eq!(key.to_string().parse(), Ok(key));
        for wrong in ["acme/shop", "acme/shop#", "#12", "acme/shop#x"] {
            assert!(wrong.parse::<PrKey>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_owner_is_the_default_team() {
        assert_eq!(parse(r#"{"repo":"a/b","number":1}"#).owner(), "a");
        assert_eq!(parse(r#"{"repo":"solo","number":1}"#).owner(), "solo");
    }
}
