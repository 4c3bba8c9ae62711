//! Answers with their tags: what has not changed is not sent again.

use std::sync::OnceLock;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use super::Problem;

type Make = Box<dyn FnOnce() -> Result<Vec<u8>, serde_json::Error> + Send>;

/// A document, not yet written where its tag is known before.
pub(crate) struct Answer {
    tag: Option<String>,
    make: Make,
}

impl Answer {
    /// A document made of a kept report: it changes when the report's serial does.
    pub(crate) fn of_report(
        serial: u64,
        make: impl FnOnce() -> Result<Vec<u8>, serde_json::Error> + Send + 'static,
    ) -> Self {
        Answer {
            tag: Some(format!("\"{}-{serial}\"", process_name())),
            make: Box::new(make),
        }
    }

    /// A document that is tagged by its content.
    pub(crate) fn of(document: &impl Serialize) -> Result<Self, Problem> {
        let bytes = serde_json::to_vec(document)?;
        Ok(Answer {
            tag: None,
            make: Box::new(move || Ok(bytes)),
        })
    }

    /// The response: the document, or that it has not changed.
    pub(super) fn respond(self, headers: &HeaderMap) -> Response {
        if let Some(tag) = self.tag.as_deref().filter(|tag| is_known(headers, tag)) {
            return unchanged(tag);
        }
        let bytes = match (self.make)() {
            Ok(bytes) => bytes,
            Err(error) => return Problem::from(error).into_response(),
        };
        let tag = self.tag.unwrap_or_else(|| {
            let hash = blake3::hash(&bytes).to_hex();
            format!("\"{}\"", hash.get(..32).unwrap_or_default())
        });
        if is_known(headers, &tag) {
            return unchanged(&tag);
        }
        let mut response = bytes.into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(ETAG, tag);
        }
        response
    }
}

fn unchanged(tag: &str) -> Response {
    (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response()
}

/// Whether the one who asks has the document of this tag. `GET` compares weakly, as RFC 9110 says.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

/// Serials begin anew in each process, so its tags carry a name of its own.
fn process_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| format!("{:016x}", rand::random::<u64>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly_and_in_lists() {
        for (given, known) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, given.parse().expect("a value"));
            assert_eq!(is_known(&headers, "\"a\""), known, "{given}");
        }
        assert!(!is_known(&HeaderMap::new(), "\"a\""));
    }

    #[test]
    fn the_same_document_has_the_same_tag_and_is_sent_once() {
        let tag = || {
            Answer::of(&[1, 2])
                .expect("made")
                .respond(&HeaderMap::new())
                .headers()
                .get(ETAG)
                .cloned()
                .expect("a tag")
        };
        assert_eq!(tag(), tag());
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, tag());
        let again = Answer::of(&[1, 2]).expect("made").respond(&headers);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other = Answer::of(&[1, 3]).expect("made").respond(&headers);
        assert_eq!(other.status(), StatusCode::OK);
    }
}
