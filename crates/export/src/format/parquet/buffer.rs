//! The columns of a row group: their types, and their values until they are written.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedColumnWriter;
use parquet::schema::types::{Type, TypePtr};

use crate::column::{ColumnInfo, Kind};
use crate::value::Value;

/// The type of a column.
pub(super) fn field(column: &ColumnInfo) -> Result<TypePtr, ParquetError> {
    let repetition = if column.is_nullable {
        Repetition::OPTIONAL
    } else {
        Repetition::REQUIRED
    };
    let primitive = |physical: Physical, logical: Option<LogicalType>| {
        Type::primitive_type_builder(column.name, physical)
            .with_repetition(repetition)
            .with_logical_type(logical)
            .build()
    };
    let field = match column.kind {
        Kind::Text => primitive(Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Integer => primitive(Physical::INT64, None),
        Kind::Number => primitive(Physical::DOUBLE, None),
        Kind::Flag => primitive(Physical::BOOLEAN, None),
        Kind::Moment => primitive(
            Physical::INT64,
            Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
        ),
        Kind::Texts => list(column.name, repetition),
    };
    field.map(Arc::new)
}

/// A list in the three levels of the format's documentation.
fn list(name: &str, repetition: Repetition) -> Result<Type, ParquetError> {
    let element = Type::primitive_type_builder("element", Physical::BYTE_ARRAY)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::String))
        .build()?;
    let items = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element)])
        .build()?;
    Type::group_type_builder(name)
        .with_repetition(repetition)
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(items)])
        .build()
}

/// The values of a column.
pub(super) enum Buffer {
    Text(Cells<ByteArray>),
    Integer(Cells<i64>),
    Number(Cells<f64>),
    Flag(Cells<bool>),
    Texts(Lists),
}

/// One value a row, or none.
pub(super) struct Cells<T> {
    values: Vec<T>,
    /// 1 where there is a value, 0 where it is null.
    definitions: Vec<i16>,
    is_nullable: bool,
}

/// A list a row, or none.
pub(super) struct Lists {
    values: Vec<ByteArray>,
    definitions: Vec<i16>,
    /// 0 where a row begins.
    repetitions: Vec<i16>,
    is_nullable: bool,
}

impl Buffer {
    pub(super) fn of(column: &ColumnInfo) -> Self {
        let is_nullable = column.is_nullable;
        match column.kind {
            Kind::Text => Buffer::Text(Cells::new(is_nullable)),
            Kind::Integer | Kind::Moment => Buffer::Integer(Cells::new(is_nullable)),
            Kind::Number => Buffer::Number(Cells::new(is_nullable)),
            Kind::Flag => Buffer::Flag(Cells::new(is_nullable)),
            Kind::Texts => Buffer::Texts(Lists {
                values: Vec::new(),
                definitions: Vec::new(),
                repetitions: Vec::new(),
                is_nullable,
            }),
        }
    }

    /// Takes the value of a row, and says about how many bytes it takes.
    pub(super) fn push(&mut self, value: Value) -> Result<usize, ParquetError> {
        match (self, value) {
            (Buffer::Text(cells), Value::Text(text)) => {
                let bytes = text.len() + size_of::<ByteArray>();
                cells.push(ByteArray::from(text.into_bytes()));
                Ok(bytes)
            }
            (Buffer::Integer(cells), Value::Integer(number)) => Ok(cells.push(number)),
            (Buffer::Integer(cells), Value::Moment(moment)) => {
                Ok(cells.push(moment.as_microsecond()))
            }
            (Buffer::Number(cells), Value::Number(number)) => Ok(cells.push(number)),
            (Buffer::Flag(cells), Value::Flag(flag)) => Ok(cells.push(flag)),
            (Buffer::Texts(lists), Value::Texts(texts)) => Ok(lists.push(texts)),
            (Buffer::Text(cells), Value::Null) => cells.push_null(),
            (Buffer::Integer(cells), Value::Null) => cells.push_null(),
            (Buffer::Number(cells), Value::Null) => cells.push_null(),
            (Buffer::Flag(cells), Value::Null) => cells.push_null(),
            (Buffer::Texts(lists), Value::Null) => lists.push_null(),
            (_, other) => Err(ParquetError::General(format!(
                "{other:?} is not of the kind of its column"
            ))),
        }
    }

    /// Writes what has gathered, and begins anew.
    pub(super) fn write_into(
        &mut self,
        column: &mut SerializedColumnWriter<'_>,
    ) -> Result<(), ParquetError> {
        match self {
            Buffer::Text(cells) => cells.write_into::<ByteArrayType>(column),
            Buffer::Integer(cells) => cells.write_into::<Int64Type>(column),
            Buffer::Number(cells) => cells.write_into::<DoubleType>(column),
            Buffer::Flag(cells) => cells.write_into::<BoolType>(column),
            Buffer::Texts(lists) => lists.write_into(column),
        }
    }
}

fn no_null() -> ParquetError {
    ParquetError::General("a column that is never null has a null".to_owned())
}

impl<T> Cells<T> {
    fn new(is_nullable: bool) -> Self {
        Cells {
            values: Vec::new(),
            definitions: Vec::new(),
            is_nullable,
        }
    }

    fn push(&mut self, value: T) -> usize {
        self.values.push(value);
        self.definitions.push(1);
        size_of::<T>()
    }

    fn push_null(&mut self) -> Result<usize, ParquetError> {
        if !self.is_nullable {
            return Err(no_null());
        }
        self.definitions.push(0);
        Ok(size_of::<i16>())
    }

    fn write_into<D: DataType<T = T>>(
        &mut self,
        column: &mut SerializedColumnWriter<'_>,
    ) -> Result<(), ParquetError> {
        let definitions = self.is_nullable.then_some(self.definitions.as_slice());
        column
            .typed::<D>()
            .write_batch(&self.values, definitions, None)?;
        self.values.clear();
        self.definitions.clear();
        Ok(())
    }
}

impl Lists {
    /// The level of a row whose list is there but empty.
    fn empty_level(&self) -> i16 {
        i16::from(self.is_nullable)
    }

    fn push(&mut self, texts: Vec<String>) -> usize {
        if texts.is_empty() {
            self.definitions.push(self.empty_level());
            self.repetitions.push(0);
        }
        let mut bytes = 2 * size_of::<i16>();
        for (place, text) in texts.into_iter().enumerate() {
            self.definitions.push(self.empty_level() + 1);
            self.repetitions.push(i16::from(place > 0));
            bytes += text.len() + size_of::<ByteArray>();
            self.values.push(ByteArray::from(text.into_bytes()));
        }
        bytes
    }

    fn push_null(&mut self) -> Result<usize, ParquetError> {
        if !self.is_nullable {
            return Err(no_null());
        }
        self.definitions.push(0);
        self.repetitions.push(0);
        Ok(2 * size_of::<i16>())
    }

    fn write_into(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        column.typed::<ByteArrayType>().write_batch(
            &self.values,
            Some(&self.definitions),
            Some(&self.repetitions),
        )?;
        self.values.clear();
        self.definitions.clear();
        self.repetitions.clear();
        Ok(())
    }
}
