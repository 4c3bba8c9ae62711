//! What is written is read back the same by readers that were not written here.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::Field;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::cell::tests::original;
use crate::column::{Kind, People};

const KINDS: [Kind; 6] = [
    Kind::Text,
    Kind::Integer,
    Kind::Number,
    Kind::Flag,
    Kind::Moment,
    Kind::Texts,
];
const NULLABLE: [&str; 6] = ["text", "integer", "number", "flag", "moment", "texts"];
const NEVER_NULL: [&str; 6] = [
    "a_text",
    "an_integer",
    "a_number",
    "a_flag",
    "a_moment",
    "some_texts",
];

/// The month, then a column of each kind that can be null and one that cannot.
fn columns() -> Vec<ColumnInfo> {
    let column = |name, kind, is_nullable| ColumnInfo {
        name,
        kind,
        is_nullable,
        people: People::None,
        meaning: "",
    };
    let mut columns = vec![column("month", Kind::Text, true)];
    for (names, is_nullable) in [(NULLABLE, true), (NEVER_NULL, false)] {
        columns.extend(
            names
                .into_iter()
                .zip(KINDS)
                .map(|(name, kind)| column(name, kind, is_nullable)),
        );
    }
    columns
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "(\\PC|[=+@',;\\\\u\t\r\n\u{1b}\u{0}\"-]){0,12}",
        any::<String>(),
        Just(String::new()),
    ]
}

fn value(kind: Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Text => text().prop_map(Value::Text).boxed(),
        Kind::Integer => any::<i64>().prop_map(Value::Integer).boxed(),
        Kind::Number => (any::<f64>().prop_filter("a number", |number| number.is_finite()))
            .prop_map(Value::Number)
            .boxed(),
        Kind::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
        Kind::Moment => (-60_000_000_000_000_000..200_000_000_000_000_000_i64)
            .prop_map(|micros| {
                Value::Moment(Timestamp::from_microsecond(micros).expect("a moment"))
            })
            .boxed(),
        Kind::Texts => prop::collection::vec(text(), 0..4)
            .prop_map(Value::Texts)
            .boxed(),
    }
}

fn row() -> impl Strategy<Value = Vec<Value>> {
    let known: Vec<BoxedStrategy<Value>> = KINDS.into_iter().map(value).collect();
    let nullable: Vec<BoxedStrategy<Value>> = KINDS
        .into_iter()
        .map(|kind| prop_oneof![1 => Just(Value::Null), 3 => value(kind)].boxed())
        .collect();
    (0..4_u32, nullable, known).prop_map(|(month, nullable, known)| {
        let month = match month {
            0 => Value::Null,
            month => Value::Text(format!("2026-0{month}")),
        };
        [vec![month], nullable, known].concat()
    })
}

/// Rows in the order of their months.
fn rows() -> impl Strategy<Value = Vec<Vec<Value>>> {
    prop::collection::vec(row(), 0..12).prop_map(|mut rows| {
        rows.sort_by_key(|row| match &row[0] {
            Value::Text(month) => month.clone(),
            _ => String::new(),
        });
        rows
    })
}

fn read_file(path: &Path) -> String {
    let mut text = String::new();
    File::open(path)
        .and_then(|mut file| file.read_to_string(&mut text))
        .expect("read");
    text
}

fn moment(text: &str) -> Value {
    Value::Moment(text.parse().expect("a moment"))
}

fn written(format: Format, folder: &Path, rows: &[Vec<Value>]) -> WrittenFile {
    let mut writer =
        into_file(format, columns(), &folder.join("t"), "t".to_owned()).expect("begins");
    for row in rows {
        writer.row(row.clone()).expect("written");
    }
    let files = writer.finish().expect("finished");
    let [file] = files.as_slice() else {
        panic!("{files:?}")
    };
    file.clone()
}

fn from_csv(path: &Path) -> Vec<Vec<Value>> {
    let mut reader = ::csv::Reader::from_path(path).expect("opened");
    let names: Vec<String> = reader
        .headers()
        .expect("names")
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(
        names,
        columns()
            .iter()
            .map(|column| column.name)
            .collect::<Vec<_>>()
    );
    reader
        .records()
        .map(|record| {
            let record = record.expect("a record");
            record
                .iter()
                .zip(columns())
                .map(|(cell, column)| match column.kind {
                    _ if cell.is_empty() => Value::Null,
                    Kind::Text => Value::Text(original(cell)),
                    Kind::Integer => Value::Integer(cell.parse().expect("a number")),
                    Kind::Number => Value::Number(cell.parse().expect("a number")),
                    Kind::Flag => Value::Flag(cell.parse().expect("a flag")),
                    Kind::Moment => moment(cell),
                    Kind::Texts => {
                        Value::Texts(serde_json::from_str(&original(cell)).expect("a list"))
                    }
                })
                .collect()
        })
        .collect()
}

fn from_jsonl(path: &Path) -> Vec<Vec<Value>> {
    let of_line = |line: &str| -> Vec<Value> {
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(line).expect("an object");
        assert_eq!(object.len(), columns().len());
        let written: HashMap<&str, &RawValue> = serde_json::from_str(line).expect("an object");
        (columns().iter().zip(object))
            .map(|(column, (name, value))| {
                assert_eq!(name, column.name);
                if value.is_null() {
                    return Value::Null;
                }
                match column.kind {
                    Kind::Text => Value::Text(value.as_str().expect("a text").to_owned()),
                    Kind::Integer => Value::Integer(value.as_i64().expect("a number")),
                    // serde_json reads to the last digit but one unless it is asked for more.
                    Kind::Number => {
                        Value::Number(written[name.as_str()].get().parse().expect("a number"))
                    }
                    Kind::Flag => Value::Flag(value.as_bool().expect("a flag")),
                    Kind::Moment => moment(value.as_str().expect("a moment")),
                    Kind::Texts => Value::Texts(serde_json::from_value(value).expect("a list")),
                }
            })
            .collect()
    };
    read_file(path).lines().map(of_line).collect()
}

fn from_field(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Str(text) => Value::Text(text.clone()),
        Field::Long(number) => Value::Integer(*number),
        Field::Double(number) => Value::Number(*number),
        Field::Bool(flag) => Value::Flag(*flag),
        Field::TimestampMicros(micros) => {
            Value::Moment(Timestamp::from_microsecond(*micros).expect("a moment"))
        }
        Field::ListInternal(list) => Value::Texts(
            list.elements()
                .iter()
                .map(|element| match element {
                    Field::Str(text) => text.clone(),
                    other => panic!("{other:?}"),
                })
                .collect(),
        ),
        other => panic!("{other:?}"),
    }
}

fn from_parquet(folder: &Path, files: &[WrittenFile]) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for written in files {
        let file = File::open(folder.join(&written.path)).expect("opened");
        let size = file.metadata().expect("a size").len();
        assert_eq!(size, written.size_bytes, "{}", written.path);
        let reader = SerializedFileReader::new(file).expect("a Parquet file");
        let before = rows.len();
        for row in reader.get_row_iter(None).expect("rows") {
            let row = row.expect("a row");
            let mut values = vec![Value::text(written.month.clone())];
            values.extend(row.get_column_iter().map(|(_, field)| from_field(field)));
            rows.push(values);
        }
        assert_eq!((rows.len() - before) as u64, written.rows);
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_rows_come_back_from_every_format(rows in rows()) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t");
        for format in [Format::Csv, Format::Jsonl] {
            let file = written(format, folder.path(), &rows);
            prop_assert_eq!(file.rows, rows.len() as u64);
            let text = read_file(&path);
            prop_assert_eq!(file.size_bytes, text.len() as u64);
            let read = match format {
                Format::Csv => from_csv(&path),
                _ => from_jsonl(&path),
            };
            prop_assert_eq!(&read, &rows);
            // A line a row, and nothing that acts on a terminal.
            let lines = rows.len() + usize::from(format == Format::Csv);
            prop_assert_eq!(text.lines().count(), lines);
            let acts = |letter: char| letter.is_control() && letter != '\n' && letter != '\r';
            prop_assert!(!text.chars().any(acts));
            std::fs::remove_file(&path).expect("removed");
        }
        let mut writer = Box::new(
            parquet::Partitions::new(columns(), folder.path(), "p").expect("begins"),
        );
        for row in &rows {
            writer.row(row.clone()).expect("written");
        }
        let files = writer.finish().expect("finished");
        prop_assert_eq!(from_parquet(folder.path(), &files), rows);
    }
}

/// Two columns are enough: a row group is full by its rows, or by the bytes of its values.
#[test]
fn row_groups_are_bounded_by_rows_and_by_bytes() {
    let columns: Vec<ColumnInfo> = columns().into_iter().take(2).collect();
    let check = |count: usize, text: &str, groups: &[i64]| {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = Box::new(
            parquet::Partitions::new(columns.clone(), folder.path(), "p").expect("begins"),
        );
        for _ in 0..count {
            let row = vec![Value::Null, Value::Text(text.to_owned())];
            writer.row(row).expect("written");
        }
        let files = writer.finish().expect("finished");
        let file = File::open(folder.path().join(&files[0].path)).expect("opened");
        let reader = SerializedFileReader::new(file).expect("a Parquet file");
        let found: Vec<i64> = reader
            .metadata()
            .row_groups()
            .iter()
            .map(::parquet::file::metadata::RowGroupMetaData::num_rows)
            .collect();
        assert_eq!(found, groups);
    };
    check(50_001, "x", &[50_000, 1]);
    check(40, &"x".repeat(1 << 20), &[16, 16, 8]);
}

#[test]
fn a_month_that_comes_back_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let columns: Vec<ColumnInfo> = columns().into_iter().take(2).collect();
    let mut writer = parquet::Partitions::new(columns, folder.path(), "p").expect("begins");
    let mut row = |month: &str| writer.row(vec![Value::Text(month.to_owned()), Value::Null]);
    row("2026-01").expect("written");
    row("2026-02").expect("written");
    let error = row("2026-01").expect_err("refused");
    assert!(error.to_string().contains("month=2026-01"), "{error}");
}

#[test]
fn a_table_without_rows_still_tells_its_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let writer = Box::new(parquet::Partitions::new(columns(), folder.path(), "p").expect("begins"));
    let files = writer.finish().expect("finished");
    assert_eq!(
        files[0].path,
        "p/month=__HIVE_DEFAULT_PARTITION__/part-0.parquet"
    );
    let file = File::open(folder.path().join(&files[0].path)).expect("opened");
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let schema = reader.metadata().file_metadata().schema();
    assert_eq!(schema.get_fields().len(), columns().len() - 1);
    let csv = written(Format::Csv, folder.path(), &[]);
    assert_eq!(csv.rows, 0);
    assert!(read_file(&folder.path().join("t")).starts_with("month,text,"));
}
