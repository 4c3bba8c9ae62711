//! JSON lines.

use serde_json::{Map, Value as Json};

use super::{RowWriter, Sink};
use crate::cell::json_without_unsafe;
use crate::column::ColumnInfo;
use crate::error::ExportError;
use crate::manifest::WrittenFile;
use crate::value::Value;

/// A table as an object a line, with every column in each.
pub(super) struct Jsonl<'w> {
    sink: Sink<'w>,
    names: Vec<&'static str>,
    rows: u64,
}

impl<'w> Jsonl<'w> {
    pub(super) fn new(columns: &[ColumnInfo], sink: Sink<'w>) -> Self {
        Jsonl {
            sink,
            names: columns.iter().map(|column| column.name).collect(),
            rows: 0,
        }
    }
}

impl RowWriter for Jsonl<'_> {
    fn row(&mut self, values: Vec<Value>) -> Result<(), ExportError> {
        let object: Map<String, Json> = (self.names.iter())
            .map(|name| (*name).to_owned())
            .zip(values.into_iter().map(json))
            .collect();
        let line = Json::Object(object).to_string();
        self.sink.line(&json_without_unsafe(&line))?;
        self.rows += 1;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<WrittenFile>, ExportError> {
        self.sink.finish(self.rows)
    }
}

fn json(value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Text(text) => Json::from(text),
        Value::Integer(number) => Json::from(number),
        Value::Number(number) => Json::from(number),
        Value::Flag(flag) => Json::from(flag),
        Value::Moment(moment) => Json::from(moment.to_string()),
        Value::Texts(texts) => Json::from(texts),
    }
}
