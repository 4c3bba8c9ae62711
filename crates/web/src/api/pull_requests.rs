//! Operations on pull requests.

use jiff::Timestamp;
use model::{PrKey, PullRequest};
use names::Names;
use schemars::JsonSchema;
use serde::Serialize;
use store::{AnalysisRecord, StoredPullRequest, VerdictRecord};

use super::answer::Answer;
use super::{Asked, Problem};
use crate::documents::VerdictDocument;
use crate::settings::Settings;
use crate::view::escape_path;

/// A pull request with what is said of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PullRequestDocument")]
pub(super) struct PullRequestDocument<'a> {
    /// The repository, `owner/name`.
    repo: &'a str,
    /// The number within the repository.
    number: u64,
    /// The team of the repository.
    team: &'a str,
    /// Where it is at the host.
    url: String,
    /// Its title.
    title: String,
    /// The login of the author; null where names of people are not shown, and for deleted accounts.
    author: Option<&'a str>,
    /// Whether it is a draft; null where that is not known.
    draft: Option<bool>,
    /// When it was opened.
    #[schemars(with = "Option<String>")]
    created_at: Option<Timestamp>,
    /// When it was merged.
    #[schemars(with = "Option<String>")]
    merged_at: Option<Timestamp>,
    /// When it was closed, merged or not.
    #[schemars(with = "Option<String>")]
    closed_at: Option<Timestamp>,
    /// Lines added.
    additions: Option<u64>,
    /// Lines deleted.
    deletions: Option<u64>,
    /// Files changed.
    changed_files: Option<u64>,
    /// The verdict with its evidence; null before detection.
    verdict: Option<VerdictDocument<'a>>,
    /// The analysis of a model or of the rules, current or not; null where there is none.
    analysis: Option<AnalysisRecord>,
}

/// What the database has of a pull request.
struct Found {
    stored: StoredPullRequest,
    verdict: Option<VerdictRecord>,
    analysis: Option<AnalysisRecord>,
    /// What people in it are called.
    names: Names,
}

pub(super) async fn one(asked: Asked) -> Result<Answer, Problem> {
    let text = |name: &str| asked.given.text(name).unwrap_or_default();
    let key = PrKey {
        repo: format!("{}/{}", text("owner"), text("name")),
        number: asked.given.integer("number").unwrap_or_default(),
    };
    let wanted = key.clone();
    let people = asked.site.settings.people;
    let found = asked
        .site
        .ask(move |source| {
            let store = source.store();
            let Some(stored) = store.pull_request(&wanted)? else {
                return Ok(None);
            };
            let is_bot = |account: measures::Account<'_>| source.is_bot(account);
            Ok(Some(Found {
                names: Names::of(&stored.pull_request, &is_bot, people),
                stored,
                verdict: store.verdict(&wanted)?,
                analysis: store.analysis(&wanted)?,
            }))
        })
        .await?;
    let Some(found) = found else {
        return Err(Problem::missing(format!("there is no pull request {key}")));
    };
    Answer::of(&document(&found, &asked.site.settings))
}

/// An analysis with the people in its texts hidden, unless they are shown.
fn without_people(record: &AnalysisRecord, names: &Names) -> AnalysisRecord {
    let mut record = record.clone();
    let answer = &mut record.answer;
    let texts = [&mut answer.summary.title, &mut answer.summary.description].into_iter();
    let texts = texts
        .chain(&mut answer.health.insights)
        .chain(&mut answer.ai.quote);
    for text in texts {
        *text = names.without_people(text);
    }
    record
}

/// What the API tells; where people are not shown, they are hidden in texts as they are on pages.
fn document<'a>(found: &'a Found, settings: &Settings) -> PullRequestDocument<'a> {
    let pull_request: &PullRequest = &found.stored.pull_request;
    PullRequestDocument {
        repo: &pull_request.repo,
        number: pull_request.number,
        team: &found.stored.team,
        url: format!(
            "{}/{}/pull/{}",
            settings.host,
            escape_path(&pull_request.repo),
            pull_request.number
        ),
        title: found.names.without_people(&pull_request.title),
        author: pull_request
            .author
            .as_ref()
            .filter(|_| settings.people)
            .and_then(|author| author.login.as_deref()),
        draft: pull_request.draft,
        created_at: pull_request.created_at,
        merged_at: pull_request.merged_at,
        closed_at: pull_request.closed_at,
        additions: pull_request.additions,
        deletions: pull_request.deletions,
        changed_files: pull_request.changed_files,
        verdict: (found.verdict.as_ref())
            .map(|record| VerdictDocument::from(record).without_people(&found.names)),
        analysis: (found.analysis.as_ref()).map(|record| without_people(record, &found.names)),
    }
}
