//! The examples of the catalogue's rows, run.

use std::fmt;

use model::{
    Actor, Comment, CommentKind, Commit, Event, Label, PullRequest, Review, ReviewState, State,
};

use crate::catalogue::rows::Place;
use crate::catalogue::{Catalogue, CatalogueError};
use crate::detector::Detector;

/// An example that its row does not find, or a counter-example that it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleFailure {
    /// The file of the row.
    pub file: String,
    /// The id of the row.
    pub rule: String,
    /// The example as it stands in the file.
    pub example: String,
    /// What went wrong, as a fragment.
    pub reason: String,
}

impl fmt::Display for ExampleFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ExampleFailure {
            file,
            rule,
            example,
            reason,
        } = self;
        write!(formatter, "{file}: row `{rule}`: {reason}: {example:?}")
    }
}

impl Catalogue {
    /// Runs the examples and counter-examples of every row; empty when all hold.
    ///
    /// Examples of text rows are the text itself, tried in each place of the row; those of credit
    /// rows the trailer's value; those of mentions a body. Examples of accounts, addresses and
    /// names say where they stand, as `author: login`; the README lists the places.
    pub fn check_examples(&self) -> Result<Vec<ExampleFailure>, CatalogueError> {
        let detector = Detector::new(self)?;
        let mut failures = Vec::new();
        for facts in self.row_facts() {
            let expected = facts.examples.iter().map(|example| (example, true));
            let unexpected = facts
                .counter_examples
                .iter()
                .map(|example| (example, false));
            for (example, must_hit) in expected.chain(unexpected) {
                let reason = match self.trials(facts.id, example) {
                    Err(reason) => Some(reason),
                    Ok(trials) => trials.into_iter().find_map(|trial| {
                        let hits = self.is_found(&detector, facts.id, &trial);
                        match (must_hit, hits) {
                            (true, false) => Some("the example is not found".to_owned()),
                            (false, true) => Some("the counter-example is found".to_owned()),
                            _ => None,
                        }
                    }),
                };
                if let Some(reason) = reason {
                    failures.push(ExampleFailure {
                        file: facts.file.to_owned(),
                        rule: facts.id.to_owned(),
                        example: example.clone(),
                        reason,
                    });
                }
            }
        }
        Ok(failures)
    }

    fn is_found(&self, detector: &Detector, id: &str, trial: &PullRequest) -> bool {
        let is_plain_bot_row = self.plain_bots.iter().any(|sourced| sourced.row.id == id);
        if is_plain_bot_row {
            return detector.verdict(trial).plain_bot;
        }
        // What a credit's value names has a row of its own.
        let is_credit_row = self.credits.iter().any(|sourced| sourced.row.id == id);
        (detector.evidence(trial).iter()).any(|hit| hit.rule == id || is_credit_row)
            || (detector.mentions(trial).iter()).any(|mention| mention.rule == id)
    }

    /// The pull requests in which an example of a row is tried.
    fn trials(&self, id: &str, example: &str) -> Result<Vec<PullRequest>, String> {
        if let Some(text) = self.texts.iter().find(|sourced| sourced.row.id == id) {
            let places = text.row.places.iter();
            return Ok(places.map(|&place| with_text(place, example)).collect());
        }
        if let Some(credit) = self.credits.iter().find(|sourced| sourced.row.id == id) {
            let line = format!("{}: {example}", credit.row.key);
            return Ok(vec![
                with_text(Place::Commit, &line),
                with_text(Place::Body, &line),
            ]);
        }
        if self.mentions.iter().any(|sourced| sourced.row.id == id) {
            return Ok(vec![with_text(Place::Body, example)]);
        }
        with_account(example).map(|trial| vec![trial])
    }
}

/// A person's change without any sign of a tool.
fn plain() -> PullRequest {
    PullRequest {
        repo: "example/project".to_owned(),
        number: 1,
        title: "Sort the list".to_owned(),
        body: Some(String::new()),
        author: Some(Actor {
            login: Some("ada".to_owned()),
            id: None,
            is_bot: Some(false),
        }),
        state: State::Open,
        head_ref: Some("sort".to_owned()),
        labels: Some(Vec::new()),
        commits: Some(vec![commit()]),
        reviews: Some(Vec::new()),
        comments: Some(Vec::new()),
        events: Some(Vec::new()),
        ..PullRequest::default()
    }
}

fn commit() -> Commit {
    Commit {
        sha: None,
        message: "Sort the list".to_owned(),
        author_login: None,
        committer_login: None,
        author_name: None,
        author_email: None,
        committer_name: None,
        committer_email: None,
        authored_at: None,
    }
}

fn with_text(place: Place, text: &str) -> PullRequest {
    let mut trial = plain();
    match place {
        Place::Branch => trial.head_ref = Some(text.to_owned()),
        Place::Title => text.clone_into(&mut trial.title),
        Place::Body => trial.body = Some(format!("Sorts the list.\n\n{text}\n")),
        Place::Label => trial.labels = Some(vec![Label(text.to_owned())]),
        Place::Commit => set_message(&mut trial, format!("Sort the list\n\n{text}\n")),
        Place::Subject => set_message(&mut trial, format!("{text}\n\nMore words.\n")),
        Place::Comment => {
            trial.comments = Some(vec![comment(None, None, None, text)]);
        }
        Place::Event => {
            trial.events = Some(vec![Event {
                event: text.to_owned(),
                actor: None,
                created_at: None,
                label: None,
                assignee: None,
            }]);
        }
    }
    trial
}

fn set_message(trial: &mut PullRequest, message: String) {
    trial.commits = Some(vec![Commit {
        message,
        ..commit()
    }]);
}

/// Reads `place: value`.
fn with_account(example: &str) -> Result<PullRequest, String> {
    let (place, value) = example
        .split_once(": ")
        .ok_or("an example of an account is written `place: value`")?;
    let login = Some(value.to_owned());
    let number = || {
        value
            .parse::<u64>()
            .map_err(|_| "an id is a number".to_owned())
    };
    let mut trial = plain();
    match place {
        "author" => trial.author = Some(actor(login, None, None)),
        "author bot" => trial.author = Some(actor(login, None, Some(true))),
        "author id" => trial.author = Some(actor(None, Some(number()?), None)),
        "commit by" => {
            trial.commits = Some(vec![Commit {
                author_login: login,
                ..commit()
            }]);
        }
        "commit name" => {
            trial.commits = Some(vec![Commit {
                author_name: login,
                author_email: Some("ada@example.org".to_owned()),
                ..commit()
            }]);
        }
        "commit email" => {
            trial.commits = Some(vec![Commit {
                author_email: login,
                ..commit()
            }]);
        }
        "co-author" => {
            set_message(
                &mut trial,
                format!("Sort the list\n\nCo-authored-by: {value}\n"),
            );
        }
        "review" => trial.reviews = Some(vec![review(login, None, None)]),
        "review bot" => trial.reviews = Some(vec![review(login, None, Some(true))]),
        "review id" => trial.reviews = Some(vec![review(None, Some(number()?), None)]),
        "comment" => trial.comments = Some(vec![comment(login, None, None, "")]),
        "comment bot" => trial.comments = Some(vec![comment(login, None, Some(true), "")]),
        "assigned" => {
            trial.events = Some(vec![Event {
                event: "assigned".to_owned(),
                actor: None,
                created_at: None,
                label: None,
                assignee: login,
            }]);
        }
        other => return Err(format!("`{other}` is not a place for an example")),
    }
    Ok(trial)
}

fn actor(login: Option<String>, id: Option<u64>, is_bot: Option<bool>) -> Actor {
    Actor { login, id, is_bot }
}

fn review(author: Option<String>, author_id: Option<u64>, is_bot: Option<bool>) -> Review {
    Review {
        author,
        author_id,
        is_bot,
        state: ReviewState::Commented,
        submitted_at: None,
        body: None,
    }
}

fn comment(
    author: Option<String>,
    author_id: Option<u64>,
    is_bot: Option<bool>,
    body: &str,
) -> Comment {
    Comment {
        author,
        author_id,
        is_bot,
        created_at: None,
        kind: CommentKind::Issue,
        path: None,
        body: body.to_owned(),
    }
}
