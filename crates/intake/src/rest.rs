//! Pull requests as GitHub's REST API and its webhooks write them.

use jiff::Timestamp;
use model::{Actor, Label, PullRequest, State};
use serde::{Deserialize, Deserializer};

/// Who GitHub says it was where an account was deleted.
const GHOST: &str = "ghost";

/// Reads one pull request object of GitHub's REST API: of a list, of its own, or of a webhook, which
/// differ in what they hold. What the object does not hold is not known in the record. Lists of other
/// things (commits, reviews, comments, files) are only counted there, so they are not known either.
///
/// Accounts are written as the GraphQL API writes them, so that records of both are the same: those of
/// apps without `[bot]`, those that were deleted not at all.
///
/// # Errors
/// When it is no JSON object with a number.
pub fn rest_pull_request(text: &str) -> Result<PullRequest, serde_json::Error> {
    Ok(record(serde_json::from_str(text)?))
}

/// What may be absent, null, or there.
type Maybe<T> = Option<Option<T>>;

#[derive(Deserialize)]
struct Object {
    number: u64,
    id: Option<u64>,
    node_id: Option<String>,
    title: Option<String>,
    #[serde(default, deserialize_with = "present")]
    body: Maybe<String>,
    state: Option<String>,
    draft: Option<bool>,
    user: Option<User>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    merged_at: Option<Timestamp>,
    merged_by: Option<User>,
    additions: Option<u64>,
    deletions: Option<u64>,
    changed_files: Option<u64>,
    labels: Option<Vec<Named>>,
    requested_reviewers: Option<Vec<User>>,
    requested_teams: Option<Vec<Team>>,
    #[serde(default, deserialize_with = "present")]
    auto_merge: Maybe<serde::de::IgnoredAny>,
    head: Option<Branch>,
    base: Option<Branch>,
}

#[derive(Deserialize)]
struct User {
    login: Option<String>,
    id: Option<u64>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Team {
    slug: String,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(rename = "ref")]
    name: Option<String>,
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: Option<String>,
    language: Option<String>,
}

fn present<'de, D, T>(deserializer: D) -> Result<Maybe<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

fn record(object: Object) -> PullRequest {
    let (base_ref, repository) = match object.base {
        Some(base) => (base.name, base.repo),
        None => (None, None),
    };
    let (repo, language) = match repository {
        Some(repository) => (
            repository.full_name.unwrap_or_default(),
            repository.language,
        ),
        None => (String::new(), None),
    };
    let owner = repo.split_once('/').map(|(owner, _)| owner.to_owned());
    PullRequest {
        id: object.node_id.or(object.id.map(|id| id.to_string())),
        number: object.number,
        language,
        title: object.title.unwrap_or_default(),
        // Null is how REST writes the empty description.
        body: object.body.map(Option::unwrap_or_default),
        state: match object.state.as_deref() {
            Some("closed") => State::Closed,
            _ => State::Open,
        },
        draft: object.draft,
        author: object.user.and_then(actor),
        created_at: object.created_at,
        updated_at: object.updated_at,
        closed_at: object.closed_at,
        merged_at: object.merged_at,
        merged_by: object.merged_by.and_then(actor),
        additions: object.additions,
        deletions: object.deletions,
        changed_files: object.changed_files,
        labels: object
            .labels
            .map(|labels| labels.into_iter().map(|label| Label(label.name)).collect()),
        requested_reviewers: requested(object.requested_reviewers, object.requested_teams, owner),
        auto_merge: object.auto_merge.map(|enabled| enabled.is_some()),
        head_ref: object.head.and_then(|head| head.name),
        base_ref,
        repo,
        ..PullRequest::default()
    }
}

/// People and teams, as `login` and `@owner/team`; known where both lists are there.
fn requested(
    people: Option<Vec<User>>,
    teams: Option<Vec<Team>>,
    owner: Option<String>,
) -> Option<Vec<String>> {
    let owner = owner?;
    let teams = teams?;
    let mut requested: Vec<String> = people?
        .into_iter()
        .filter_map(|user| actor(user)?.login)
        .collect();
    requested.extend(
        teams
            .into_iter()
            .map(|team| format!("@{owner}/{}", team.slug)),
    );
    Some(requested)
}

fn actor(user: User) -> Option<Actor> {
    let is_bot = user.kind.as_deref().map(|kind| kind == "Bot");
    let login = user.login.filter(|login| login != GHOST)?;
    Some(Actor {
        login: Some(login.strip_suffix("[bot]").unwrap_or(&login).to_owned()),
        id: user.id,
        is_bot,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_known() {
        let record = rest_pull_request(r#"{"number":7}"#).expect("a record");
        let nothing = PullRequest {
            number: 7,
            ..PullRequest::default()
        };
        assert_eq!(record, nothing);
        assert!(rest_pull_request("{}").is_err());
        assert!(rest_pull_request("[]").is_err());
    }

    #[test]
    fn what_is_there_is_as_graphql_has_it() {
        let record = rest_pull_request(
            r#"{"id":9,"node_id":"PR_x","number":7,"title":"Keep order","body":null,"state":"closed",
            "draft":false,"user":{"login":"helper[bot]","id":5,"type":"Bot"},
            "created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-03T03:04:05Z",
            "closed_at":"2026-01-03T03:04:05Z","merged_at":"2026-01-03T03:04:05Z",
            "merged_by":{"login":"ghost","id":10137,"type":"User"},"additions":3,"deletions":1,
            "changed_files":2,"commits":1,"labels":[{"name":"bug","color":"f00"}],"auto_merge":null,
            "requested_reviewers":[{"login":"ada","id":1}],"requested_teams":[{"slug":"core"}],
            "head":{"ref":"fix/order"},
            "base":{"ref":"main","repo":{"full_name":"acme/shop","language":"Rust"}}}"#,
        )
        .expect("a record");
        assert_eq!(record.key().to_string(), "acme/shop#7");
        assert_eq!(record.id.as_deref(), Some("PR_x"));
        assert_eq!(record.body.as_deref(), Some(""));
        assert_eq!(record.state, State::Closed);
        let author = record.author.clone().expect("known");
        assert_eq!(
            (author.login.as_deref(), author.id, author.is_bot),
            (Some("helper"), Some(5), Some(true))
        );
        assert_eq!(record.merged_by, None);
        assert!(record.merged_at.is_some());
        assert_eq!(record.auto_merge, Some(false));
        assert_eq!(
            record.requested_reviewers,
            Some(vec!["ada".to_owned(), "@acme/core".to_owned()])
        );
        assert_eq!(record.labels, Some(vec![Label("bug".to_owned())]));
        assert_eq!(
            (record.head_ref.as_deref(), record.base_ref.as_deref()),
            (Some("fix/order"), Some("main"))
        );
        assert_eq!(record.language.as_deref(), Some("Rust"));
        // How many commits there are is no list of them.
        assert_eq!((record.commits, record.expected), (None, None));
    }
}
