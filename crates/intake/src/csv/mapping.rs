//! The mapping of a table: which column is which field, how times are written, what holds for all.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::tz::Offset;
use serde::Deserialize;
use toml::Spanned;

use super::fields::{Field, Reading};
use crate::parse::check_repo_and_number;

/// A mapping file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BadMapping {
    /// What is wrong, with the line and the key.
    pub reason: String,
}

/// What the columns of a table mean.
#[derive(Debug, Clone)]
pub struct CsvMapping {
    delimiter: u8,
    pub(super) columns: Vec<(String, Field)>,
    pub(super) constants: Vec<(Field, String)>,
    pub(super) reading: Reading,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Option<u32>,
    delimiter: Option<Spanned<String>>,
    list_separator: Option<String>,
    #[serde(default)]
    time_formats: Vec<Spanned<String>>,
    utc_offset: Option<Spanned<String>>,
    columns: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    constants: BTreeMap<Spanned<String>, Spanned<Constant>>,
    #[serde(default)]
    values: BTreeMap<Spanned<String>, BTreeMap<String, String>>,
}

/// What a constant may be written as.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a text, a number, or true or false")]
enum Constant {
    Text(String),
    Number(i64),
    Flag(bool),
}

impl CsvMapping {
    /// Reads the text of a mapping file.
    ///
    /// # Errors
    /// What is wrong, with line and key.
    pub fn parse(text: &str) -> Result<Self, BadMapping> {
        let file: File = toml::from_str(text).map_err(|error| BadMapping {
            reason: error.to_string().trim_end().to_owned(),
        })?;
        let wrong = |place: std::ops::Range<usize>, words: String| {
            let before = text.get(..place.start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            BadMapping {
                reason: format!("line {line}: {words}"),
            }
        };
        if let Some(version) = file.version.filter(|version| *version != 1) {
            return Err(BadMapping {
                reason: format!("it has version {version}; version 1 is known"),
            });
        }
        let delimiter = match &file.delimiter {
            None => b',',
            Some(text) => match text.get_ref().as_bytes() {
                [one] if one.is_ascii() && !matches!(one, b'"' | b'\n' | b'\r') => *one,
                _ => {
                    let words = "delimiter: one character, such as \",\", \";\" or \"\\t\"";
                    return Err(wrong(text.span(), words.to_owned()));
                }
            },
        };
        let offset = match &file.utc_offset {
            None => Offset::UTC,
            Some(text) => offset(text.get_ref()).ok_or_else(|| {
                let words = "utc_offset: written as \"+02:00\" or \"-05:30\"";
                wrong(text.span(), words.to_owned())
            })?,
        };
        let field = |key: &str, name: &Spanned<String>| {
            Field::from_str(name.get_ref())
                .map_err(|words| wrong(name.span(), format!("{key}: {words}")))
        };
        let mut reading = Reading {
            time_formats: Vec::new(),
            offset,
            list_separator: file.list_separator.unwrap_or_else(|| ";".to_owned()),
            values: BTreeMap::new(),
        };
        for format in &file.time_formats {
            reading
                .add_time_format(format.get_ref())
                .map_err(|words| wrong(format.span(), format!("time_formats: {words}")))?;
        }
        for (name, values) in &file.values {
            let field = field("values", name)?;
            reading.values.insert(field, values.clone());
        }
        let mut columns: Vec<(String, Field)> = Vec::new();
        for (column, name) in &file.columns {
            let field = field("columns", name)?;
            if columns.iter().any(|(_, known)| *known == field) {
                let words = format!("columns: two columns are {}", name.get_ref());
                return Err(wrong(name.span(), words));
            }
            columns.push((column.get_ref().clone(), field));
        }
        let mut constants = Vec::new();
        for (name, value) in &file.constants {
            let field = field("constants", name)?;
            if columns.iter().any(|(_, known)| *known == field) {
                let words = format!("constants: {} is a column already", name.get_ref());
                return Err(wrong(name.span(), words));
            }
            let text = match value.get_ref() {
                Constant::Text(text) => text.clone(),
                Constant::Number(number) => number.to_string(),
                Constant::Flag(flag) => flag.to_string(),
            };
            let mut record = model::PullRequest::default();
            field
                .set(&mut record, &text, &reading)
                .map_err(|words| wrong(value.span(), format!("constants: {words}")))?;
            if field == Field::Repo {
                check_repo_and_number(&record.repo, 1).map_err(|complaint| {
                    wrong(
                        value.span(),
                        format!("constants: repo: {}", complaint.reason),
                    )
                })?;
            }
            constants.push((field, text));
        }
        let mapping = Self {
            delimiter,
            columns,
            constants,
            reading,
        };
        mapping.check_key()?;
        Ok(mapping)
    }

    /// What stands between cells.
    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Without a key no row is a pull request.
    fn check_key(&self) -> Result<(), BadMapping> {
        let has = |field: Field| {
            self.columns.iter().any(|(_, known)| *known == field)
                || self.constants.iter().any(|(known, _)| *known == field)
        };
        let has_column = |field: Field| self.columns.iter().any(|(_, known)| *known == field);
        if has_column(Field::Url) || (has(Field::Repo) && has_column(Field::Number)) {
            return Ok(());
        }
        Err(BadMapping {
            reason: "columns: it takes a column for number, and repo as a column or a constant, or a column for url".to_owned(),
        })
    }
}

/// Reads `+02:00`.
fn offset(text: &str) -> Option<Offset> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let hours: i32 = hours
        .parse()
        .ok()
        .filter(|hours| (0..=25).contains(hours))?;
    let minutes: i32 = minutes
        .parse()
        .ok()
        .filter(|minutes| (0..60).contains(minutes))?;
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}
