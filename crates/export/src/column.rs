//! What is said of a column.

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A number in double precision.
    Number,
    /// Yes or no.
    Flag,
    /// A moment in UTC, kept to the microsecond.
    Moment,
    /// Texts in order.
    Texts,
}

impl Kind {
    /// The word for documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Integer => "integer",
            Kind::Number => "number",
            Kind::Flag => "flag",
            Kind::Moment => "moment",
            Kind::Texts => "texts",
        }
    }
}

/// What is said of a column, whatever reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Its name, that of the JSON API where that has it; nested names are joined by `_`.
    pub name: &'static str,
    /// What its cells are.
    pub kind: Kind,
    /// Whether a cell can be null.
    pub is_nullable: bool,
    /// Whether it is null, or its text is changed, where names of people are not shown.
    pub people: People,
    /// What it means, with its unit.
    pub meaning: &'static str,
}

/// What a column has of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum People {
    /// Nothing.
    None,
    /// It names them: null where names are not shown.
    Named,
    /// They may stand in the text: called by their part where names are not shown.
    InText,
}

/// A column with how its cells are read from a row.
pub(crate) struct Column<F> {
    pub(crate) info: ColumnInfo,
    pub(crate) read: F,
}

impl<F> Column<F> {
    /// A column whose cells are never null.
    pub(crate) const fn new(
        name: &'static str,
        kind: Kind,
        meaning: &'static str,
        read: F,
    ) -> Self {
        Column::of(name, kind, (false, People::None), meaning, read)
    }

    /// A column whose cells may be null.
    pub(crate) const fn nullable(
        name: &'static str,
        kind: Kind,
        meaning: &'static str,
        read: F,
    ) -> Self {
        Column::of(name, kind, (true, People::None), meaning, read)
    }

    /// A column that names people.
    pub(crate) const fn named(
        name: &'static str,
        kind: Kind,
        meaning: &'static str,
        read: F,
    ) -> Self {
        Column::of(name, kind, (true, People::Named), meaning, read)
    }

    /// A column of texts in which people may stand.
    pub(crate) const fn in_text(
        name: &'static str,
        kind: Kind,
        is_nullable: bool,
        meaning: &'static str,
        read: F,
    ) -> Self {
        Column::of(name, kind, (is_nullable, People::InText), meaning, read)
    }

    const fn of(
        name: &'static str,
        kind: Kind,
        (is_nullable, people): (bool, People),
        meaning: &'static str,
        read: F,
    ) -> Self {
        Column {
            info: ColumnInfo {
                name,
                kind,
                is_nullable,
                people,
                meaning,
            },
            read,
        }
    }
}
