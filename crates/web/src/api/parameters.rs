//! What requests may say: each kind of parameter checks its text and writes its schema.

use std::collections::BTreeMap;

use insights::months::month_of_name;
use serde_json::{Value, json};

use super::Problem;

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the path; always given.
    Path,
    /// In the query; may be left out.
    Query,
}

/// What a parameter may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A month, `2026-05`.
    Month,
    /// Text of at least one and at most so many characters, none of them a control character.
    Text(usize),
    /// A part of a repository's name: letters, digits, `.`, `_` and `-`.
    Name(usize),
    /// One of these words.
    Choice(fn() -> Vec<&'static str>),
    /// A whole number from one to another, both included.
    Integer(u64, u64),
    /// Yes or no.
    Flag,
    /// Where a page ended.
    Cursor,
}

/// One parameter of an operation.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) words: &'static str,
    pub(crate) kind: Kind,
}

/// The longest cursor.
const CURSOR_BYTES: usize = 64;

impl Kind {
    /// Why a text is not of this kind.
    fn check(self, text: &str) -> Result<(), String> {
        let is_fine = match self {
            // A number may be written with a sign, a month may not.
            Kind::Month => month_of_name(text).is_some() && !text.contains('+'),
            Kind::Text(longest) => {
                (1..=longest).contains(&text.chars().count()) && !text.chars().any(char::is_control)
            }
            Kind::Name(longest) => {
                let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
                (1..=longest).contains(&text.len())
                    && text.bytes().all(is_letter)
                    && text.bytes().any(|byte| byte != b'.')
            }
            Kind::Choice(words) => words().contains(&text),
            Kind::Integer(least, most) => {
                text.bytes().all(|byte| byte.is_ascii_digit())
                    && text
                        .parse()
                        .is_ok_and(|number: u64| (least..=most).contains(&number))
            }
            Kind::Flag => matches!(text, "true" | "false"),
            Kind::Cursor => {
                (1..=CURSOR_BYTES).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }
        };
        if is_fine {
            return Ok(());
        }
        Err(match self {
            Kind::Month => "write a month as 2026-05".to_owned(),
            Kind::Text(longest) | Kind::Name(longest) => {
                format!("give 1 to {longest} characters of text")
            }
            Kind::Choice(words) => format!("give one of {}", words().join(", ")),
            Kind::Integer(least, most) => format!("give a whole number from {least} to {most}"),
            Kind::Flag => "give true or false".to_owned(),
            Kind::Cursor => "give the value of next from the page before".to_owned(),
        })
    }

    /// The schema of what is fine.
    pub(crate) fn schema(self) -> Value {
        match self {
            Kind::Month => {
                json!({"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$", "examples": ["2026-05"]})
            }
            Kind::Text(longest) => {
                json!({"type": "string", "minLength": 1, "maxLength": longest, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$"})
            }
            Kind::Name(longest) => {
                json!({"type": "string", "minLength": 1, "maxLength": longest, "pattern": "^[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$"})
            }
            Kind::Choice(words) => json!({"type": "string", "enum": words()}),
            Kind::Integer(least, most) => {
                json!({"type": "integer", "minimum": least, "maximum": most})
            }
            Kind::Flag => json!({"type": "boolean"}),
            Kind::Cursor => {
                json!({"type": "string", "pattern": "^[A-Za-z0-9]+$", "minLength": 1, "maxLength": CURSOR_BYTES})
            }
        }
    }
}

/// What a request says, checked.
#[derive(Debug, Default)]
pub(crate) struct Given(BTreeMap<&'static str, String>);

impl Given {
    /// Reads and checks; refuses names that are not known and those given twice.
    pub(super) fn read(
        parameters: &'static [Parameter],
        path: impl IntoIterator<Item = (String, String)>,
        query: Vec<(String, String)>,
    ) -> Result<Self, Problem> {
        let mut given = Given::default();
        let path = path.into_iter().map(|pair| (Place::Path, pair));
        let query = query.into_iter().map(|pair| (Place::Query, pair));
        for (place, (name, text)) in path.chain(query) {
            let known = parameters
                .iter()
                .find(|one| one.place == place && one.name == name);
            let Some(parameter) = known else {
                let names: Vec<&str> = parameters
                    .iter()
                    .filter(|one| one.place == Place::Query)
                    .map(|one| one.name)
                    .collect();
                let problem = Problem::wrong(format!("there is no parameter '{}'", short(&name)));
                return Err(if names.is_empty() {
                    problem.hint("this path takes none")
                } else {
                    problem.hint(format!("known are {}", names.join(", ")))
                });
            };
            parameter.kind.check(&text).map_err(|hint| {
                Problem::wrong(format!("'{}' is not right for {name}", short(&text))).hint(hint)
            })?;
            if given.0.insert(parameter.name, text).is_some() {
                return Err(Problem::wrong(format!("{name} is given twice")));
            }
        }
        Ok(given)
    }

    /// The text of a parameter.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The number of a parameter.
    pub(super) fn integer(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// The answer of a parameter.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.text(name)?.parse().ok()
    }
}

/// What came from an address is told back in short.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_check_their_text() {
        let words = || vec!["a", "b"];
        for (kind, text, is_fine) in [
            (Kind::Month, "2026-05", true),
            (Kind::Month, "2026-13", false),
            (Kind::Month, "+026-05", false),
            (Kind::Text(4), "abcd", true),
            (Kind::Text(4), "", false),
            (Kind::Text(4), "ü€ü€", true),
            (Kind::Text(4), "abcde", false),
            (Kind::Text(4), "a\u{0}", false),
            (Kind::Name(9), "a/b", false),
            (Kind::Name(9), "..", false),
            (Kind::Name(9), ".github", true),
            (Kind::Choice(words), "a", true),
            (Kind::Choice(words), "c", false),
            (Kind::Integer(1, 200), "200", true),
            (Kind::Integer(1, 200), "0", false),
            (Kind::Integer(1, 200), "+5", false),
            (Kind::Integer(1, 200), "99999999999999999999", false),
            (Kind::Flag, "true", true),
            (Kind::Flag, "yes", false),
            (Kind::Cursor, "1ab", true),
            (Kind::Cursor, "a b", false),
        ] {
            assert_eq!(kind.check(text).is_ok(), is_fine, "{kind:?} {text}");
        }
    }

    #[test]
    fn unknown_and_repeated_names_are_refused() {
        static KNOWN: [Parameter; 1] = [Parameter {
            name: "team",
            place: Place::Query,
            words: "",
            kind: Kind::Text(9),
        }];
        let read = |pairs: &[(&str, &str)]| {
            let query = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            Given::read(&KNOWN, [], query)
        };
        assert_eq!(
            read(&[("team", "a")]).expect("fine").text("team"),
            Some("a")
        );
        for wrong in [
            &[("tema", "a")][..],
            &[("team", "a"), ("team", "b")],
            &[("team", "")],
        ] {
            assert_eq!(read(wrong).expect_err("refused").status, 400, "{wrong:?}");
        }
    }
}
