//! The values of cells.

use jiff::Timestamp;
use serde::Serialize;

/// The value of a cell, of the kind of its column, or nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Not known, or not to be told.
    Null,
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number; never without end, and never "not a number".
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A moment.
    Moment(Timestamp),
    /// Texts in order; known to be none where it is empty.
    Texts(Vec<String>),
}

impl Value {
    /// A text, if there is one.
    pub(crate) fn text(text: Option<impl Into<String>>) -> Value {
        text.map_or(Value::Null, |text| Value::Text(text.into()))
    }

    /// A count; what does not fit is the largest number that does.
    pub(crate) fn count(count: u64) -> Value {
        Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// A count, if it is known.
    pub(crate) fn known_count(count: Option<u64>) -> Value {
        count.map_or(Value::Null, Value::count)
    }

    /// A number, if it is known and is one.
    pub(crate) fn number(number: Option<f64>) -> Value {
        number
            .filter(|number| number.is_finite())
            .map_or(Value::Null, Value::Number)
    }

    /// Yes or no, if it is known.
    pub(crate) fn flag(flag: Option<bool>) -> Value {
        flag.map_or(Value::Null, Value::Flag)
    }

    /// A moment, if it is known.
    pub(crate) fn moment(moment: Option<Timestamp>) -> Value {
        moment.map_or(Value::Null, Value::Moment)
    }

    /// The word that JSON has for a value of an enumeration.
    pub(crate) fn word(value: &impl Serialize) -> Value {
        Value::text(word(value))
    }

    /// The same, if it is known.
    pub(crate) fn known_word(value: Option<&impl Serialize>) -> Value {
        value.map_or(Value::Null, Value::word)
    }
}

/// The word that JSON has for a value of an enumeration.
pub(crate) fn word(value: &impl Serialize) -> Option<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Some(word),
        _ => None,
    }
}
