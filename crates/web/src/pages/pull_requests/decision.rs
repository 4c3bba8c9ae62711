//! What is posted from the card: a correction of a verdict, or its withdrawal.

use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use model::{Correction, PrKey};
use serde::Deserialize;
use store::Decision;

use super::correction::{ORIGINS, REASON};
use super::filter::given;
use super::text::line;
use crate::access::Visitor;
use crate::error::PageError;
use crate::pages::writing;
use crate::site::Site;
use crate::source::NamedTool;
use crate::view::escape_path;

/// What the form says. Empty values are left as they are.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Said {
    csrf: String,
    note: Option<String>,
    origin: Option<String>,
    tool: Option<String>,
    second_tool: Option<String>,
    reviewed: Option<String>,
    review_tool: Option<String>,
}

fn refuse<T>(words: impl Into<String>) -> Result<T, PageError> {
    Err(PageError::BadRequest(words.into()))
}

impl Said {
    /// The reason, which has to be given.
    fn reason(&self) -> Result<String, PageError> {
        match given(self.note.as_ref()) {
            None => refuse("Say why: the reason is kept with the decision."),
            Some(note) => Ok(line(note, REASON)),
        }
    }

    fn correction(&self, known: &[NamedTool]) -> Result<Correction, PageError> {
        let origin = match given(self.origin.as_ref()) {
            None => None,
            Some(word) => match ORIGINS.into_iter().find(|one| one.as_str() == word) {
                Some(origin) => Some(origin),
                None => return refuse(format!("'{}' is not an origin.", line(word, 40))),
            },
        };
        let ai_reviewed = match given(self.reviewed.as_ref()) {
            None => None,
            Some("yes") => Some(true),
            Some("no") => Some(false),
            Some(word) => return refuse(format!("'{}' is not yes or no.", line(word, 40))),
        };
        let correction = Correction {
            origin,
            author_tools: chosen(&[&self.tool, &self.second_tool], known)?,
            ai_reviewed,
            review_tools: chosen(&[&self.review_tool], known)?,
        };
        if correction.is_empty() {
            return refuse("Nothing is said to be wrong: say what is right.");
        }
        Ok(correction)
    }
}

/// The tools of some choices; `None` where nothing was chosen.
fn chosen(
    choices: &[&Option<String>],
    known: &[NamedTool],
) -> Result<Option<Vec<String>>, PageError> {
    let words: Vec<&str> = choices
        .iter()
        .filter_map(|choice| given(choice.as_ref()))
        .collect();
    if words.is_empty() {
        return Ok(None);
    }
    let mut tools: Vec<String> = Vec::new();
    for word in words {
        if word == "none" {
            continue;
        }
        if !known.iter().any(|tool| tool.slug == word) {
            return refuse(format!("No tool is called '{}'.", line(word, 40)));
        }
        tools.push(word.to_owned());
    }
    tools.sort_unstable();
    tools.dedup();
    Ok(Some(tools))
}

type PullRequestPath = Path<(String, String, u64)>;

/// `POST /pull-requests/{owner}/{name}/{number}/correct`.
pub(super) async fn correct(
    State(site): State<Site>,
    visitor: Visitor,
    Path((owner, name, number)): PullRequestPath,
    Form(said): Form<Said>,
) -> Result<Response, PageError> {
    if let Err(refused) = visitor.may_change(&said.csrf) {
        return Ok(*refused);
    }
    let correction = said.correction(site.source.tools())?;
    let key = PrKey {
        repo: format!("{owner}/{name}"),
        number,
    };
    decide(&site, &visitor, key, Some(correction), said.reason()?).await
}

/// `POST /pull-requests/{owner}/{name}/{number}/withdraw`.
pub(super) async fn withdraw(
    State(site): State<Site>,
    visitor: Visitor,
    Path((owner, name, number)): PullRequestPath,
    Form(said): Form<Said>,
) -> Result<Response, PageError> {
    if let Err(refused) = visitor.may_change(&said.csrf) {
        return Ok(*refused);
    }
    let key = PrKey {
        repo: format!("{owner}/{name}"),
        number,
    };
    decide(&site, &visitor, key, None, said.reason()?).await
}

/// Keeps a decision; the store writes it into the log in the same transaction.
async fn decide(
    site: &Site,
    visitor: &Visitor,
    key: PrKey,
    correction: Option<Correction>,
    note: String,
) -> Result<Response, PageError> {
    let address = format!(
        "/pull-requests/{}/{}#correction",
        escape_path(&key.repo),
        key.number
    );
    let decision = Decision {
        key,
        correction,
        by: visitor.name.clone(),
        note,
        at: Timestamp::now(),
    };
    let is_changed = writing::write(site, move |store| store.decide(&decision)).await?;
    if !is_changed {
        return refuse("No correction stands: somebody else withdrew it.");
    }
    Ok(Redirect::to(&address).into_response())
}

#[cfg(test)]
mod tests {
    use model::Origin;

    use super::super::correction::said;
    use super::*;

    fn known() -> Vec<NamedTool> {
        ["cursor", "devin", "bugbot"]
            .into_iter()
            .map(|slug| NamedTool {
                slug: slug.to_owned(),
                name: slug.to_owned(),
                is_reviewer: slug == "bugbot",
            })
            .collect()
    }

    fn said_by(pairs: &[(&str, &str)]) -> Said {
        let mut object: serde_json::Map<String, serde_json::Value> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        object.insert("csrf".to_owned(), "x".into());
        serde_json::from_value(object.into()).expect("a form")
    }

    #[test]
    fn a_form_becomes_a_correction() {
        let form = said_by(&[
            ("origin", "assisted"),
            ("tool", "devin"),
            ("second_tool", "cursor"),
            ("reviewed", ""),
            ("review_tool", "none"),
            ("note", " seen "),
        ]);
        let correction = form.correction(&known()).expect("sound");
        assert_eq!(
            correction,
            Correction {
                origin: Some(Origin::Assisted),
                author_tools: Some(vec!["cursor".into(), "devin".into()]),
                ai_reviewed: None,
                review_tools: Some(Vec::new()),
            }
        );
        assert_eq!(form.reason().expect("given"), "seen");
        assert_eq!(
            said(&correction),
            "made with AI's help; tools: cursor, devin; review tools: none"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for pairs in [
            &[][..],
            &[("origin", "human")],
            &[("tool", "nosuch")],
            &[("reviewed", "maybe")],
        ] {
            assert!(said_by(pairs).correction(&known()).is_err(), "{pairs:?}");
        }
        assert!(said_by(&[("note", "  ")]).reason().is_err());
    }
}
