//! The fields of a pull request that a cell can hold, and how their texts are read.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::Offset;
use model::{Actor, Label, PullRequest, State};

use crate::github::place_in;

macro_rules! fields {
    ($($field:ident $name:literal),* $(,)?) => {
        /// A field that a column can be.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Field {
            $(
                #[doc = $name]
                $field,
            )*
        }

        impl Field {
            /// All, as they are written in a mapping.
            const NAMES: &[(Field, &str)] = &[$((Field::$field, $name)),*];
        }
    };
}

fields! {
    Url "url",
    Repo "repo",
    Number "number",
    Id "id",
    Title "title",
    Body "body",
    Author "author",
    AuthorId "author_id",
    AuthorIsBot "author_is_bot",
    State "state",
    Draft "draft",
    CreatedAt "created_at",
    UpdatedAt "updated_at",
    ClosedAt "closed_at",
    MergedAt "merged_at",
    MergedBy "merged_by",
    Additions "additions",
    Deletions "deletions",
    ChangedFiles "changed_files",
    HeadRef "head_ref",
    BaseRef "base_ref",
    Labels "labels",
    Language "language",
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Field::NAMES.iter().find(|(_, name)| *name == text);
        known.map(|(field, _)| *field).ok_or_else(|| {
            let names: Vec<&str> = Field::NAMES.iter().map(|(_, name)| *name).collect();
            format!("'{text}' is not a field; there are {}", names.join(", "))
        })
    }
}

/// How texts are read.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// Tried in this order; RFC 3339 where there is none.
    pub(super) time_formats: Vec<TimeFormat>,
    /// Where a time does not say its own.
    pub(super) offset: Offset,
    pub(super) list_separator: String,
    /// By field: what the file writes, and what it means.
    pub(super) values: BTreeMap<Field, BTreeMap<String, String>>,
}

/// A way to write a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    Rfc3339,
    Seconds,
    Milliseconds,
    Pattern(String),
}

impl Reading {
    /// Adds a way to write times.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn add_time_format(&mut self, text: &str) -> Result<(), String> {
        let format = match text {
            "rfc3339" => TimeFormat::Rfc3339,
            "unix" => TimeFormat::Seconds,
            "unix_ms" => TimeFormat::Milliseconds,
            pattern => {
                // A pattern that cannot write a time cannot read one either.
                if !pattern.contains('%')
                    || strtime::format(pattern, Timestamp::UNIX_EPOCH).is_err()
                {
                    return Err(format!(
                        "'{pattern}' is neither rfc3339, unix, unix_ms nor a pattern such as %Y-%m-%d %H:%M"
                    ));
                }
                TimeFormat::Pattern(pattern.to_owned())
            }
        };
        self.time_formats.push(format);
        Ok(())
    }

    fn time(&self, text: &str) -> Result<Timestamp, String> {
        let found = if self.time_formats.is_empty() {
            text.parse().ok()
        } else {
            self.time_formats
                .iter()
                .find_map(|format| self.time_as(format, text))
        };
        found.ok_or_else(|| match self.time_formats.len() {
            0 => format!(
                "'{text}' is not a time by RFC 3339; time_formats in the mapping says others"
            ),
            1 => format!("'{text}' is not a time by the time format of the mapping"),
            _ => format!("'{text}' is not a time by any of the time formats of the mapping"),
        })
    }

    fn time_as(&self, format: &TimeFormat, text: &str) -> Option<Timestamp> {
        match format {
            TimeFormat::Rfc3339 => text.parse().ok(),
            TimeFormat::Seconds => Timestamp::from_second(text.parse().ok()?).ok(),
            TimeFormat::Milliseconds => Timestamp::from_millisecond(text.parse().ok()?).ok(),
            TimeFormat::Pattern(pattern) => {
                let parts = BrokenDownTime::parse(pattern, text).ok()?;
                if parts.offset().is_some() {
                    return parts.to_timestamp().ok();
                }
                let moment = match parts.to_datetime() {
                    Ok(moment) => moment,
                    Err(_) => parts.to_date().ok()?.to_datetime(Time::midnight()),
                };
                self.offset.to_timestamp(moment).ok()
            }
        }
    }
}

impl Field {
    /// Writes a text that is not empty into a record.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub(super) fn set(
        self,
        record: &mut PullRequest,
        text: &str,
        reading: &Reading,
    ) -> Result<(), String> {
        let meant = reading
            .values
            .get(&self)
            .and_then(|values| values.get(text));
        let text = meant.map_or(text, String::as_str);
        match self {
            Field::Url => {
                let (repo, number) = place_in(text)
                    .ok_or_else(|| format!("'{text}' is no address of a pull request"))?;
                record.repo = repo;
                record.number =
                    number.ok_or_else(|| format!("'{text}' is no address of a pull request"))?;
            }
            Field::Repo => text.clone_into(&mut record.repo),
            Field::Number => record.number = number(text.trim_start_matches('#'))?,
            Field::Id => record.id = Some(text.to_owned()),
            Field::Title => text.clone_into(&mut record.title),
            Field::Body => record.body = Some(text.to_owned()),
            Field::Author => author(record).login = Some(text.to_owned()),
            Field::AuthorId => author(record).id = Some(number(text)?),
            Field::AuthorIsBot => author(record).is_bot = Some(flag(text)?),
            Field::State => record.state = state(text)?,
            Field::Draft => record.draft = Some(flag(text)?),
            Field::CreatedAt => record.created_at = Some(reading.time(text)?),
            Field::UpdatedAt => record.updated_at = Some(reading.time(text)?),
            Field::ClosedAt => record.closed_at = Some(reading.time(text)?),
            Field::MergedAt => record.merged_at = Some(reading.time(text)?),
            Field::MergedBy => {
                record.merged_by = Some(Actor {
                    login: Some(text.to_owned()),
                    id: None,
                    is_bot: None,
                });
            }
            Field::Additions => record.additions = Some(number(text)?),
            Field::Deletions => record.deletions = Some(number(text)?),
            Field::ChangedFiles => record.changed_files = Some(number(text)?),
            Field::HeadRef => record.head_ref = Some(text.to_owned()),
            Field::BaseRef => record.base_ref = Some(text.to_owned()),
            Field::Labels => {
                let names = text.split(reading.list_separator.as_str()).map(str::trim);
                let names = names.filter(|name| !name.is_empty());
                record.labels = Some(names.map(|name| Label(name.to_owned())).collect());
            }
            Field::Language => record.language = Some(text.to_owned()),
        }
        Ok(())
    }
}

fn author(record: &mut PullRequest) -> &mut Actor {
    record.author.get_or_insert(Actor {
        login: None,
        id: None,
        is_bot: None,
    })
}

fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("'{text}' is not a whole number"))
}

fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!("'{text}' is neither true nor false")),
    }
}

fn state(text: &str) -> Result<State, String> {
    match text.to_ascii_lowercase().as_str() {
        "open" => Ok(State::Open),
        "closed" | "merged" => Ok(State::Closed),
        _ => Err(format!(
            "'{text}' is neither open, closed nor merged; [values.state] in the mapping says what it means"
        )),
    }
}
